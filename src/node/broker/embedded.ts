// SPDX-License-Identifier: Apache-2.0
/**
 * The embedded MQTT 3.1.1 broker: aedes over TCP or TLS with the area's access rules and limits around it.
 *
 * A publish that the rules deny is acknowledged, dropped and counted (MQTT-3.3.5-2 allows this or
 * closing the connection). Closing would make a node with a QoS 1 message in its session reconnect
 * and repeat it for ever; it comes only after `deniedMax` of them. A denied subscription gets 0x80,
 * and a client whose last will is denied is refused at once, with return code 5.
 */
import { Aedes, type AedesPublishPacket, type AuthenticateError } from "aedes";
import type { Bus } from "#gateway/ports";
import { isTopic } from "../mqtt/topic-filter.ts";
import { BrokerClients } from "./clients.ts";
import { guardConnection } from "./conn-guard.ts";
import { Listener } from "./listener.ts";
import { guardMemory, type MemoryDrops, type Persistence } from "./memory-guard.ts";
import { BROKER_LIMITS, type BrokerOptions, type Log } from "./options.ts";

/** How often what happened since the start, by code. */
export interface BrokerCounts extends MemoryDrops {
  connections: number;
  publishDenied: Readonly<Record<string, number>>;
  subscribeDenied: Readonly<Record<string, number>>;
  connectRefused: Readonly<Record<string, number>>;
  /** Clients dropped for PACKET_TOO_LARGE, SLOW_CLIENT or another error. */
  dropped: Readonly<Record<string, number>>;
}

export interface Broker extends Bus {
  /** The TCP port that it listens on. */
  readonly port: number;
  /** End of its certificate's time, ms since 1970; undefined without TLS. */
  readonly tlsExpiresMs: number | undefined;
  readonly counts: BrokerCounts;
  /** Called with the client id after a client's CONNACK. */
  onConnect(handler: (clientId: string) => void): void;
  /** Called once for every onConnect, also when another connection takes the id over. */
  onDisconnect(handler: (clientId: string) => void): void;
  /** Whose connections are counted with this client's; undefined where it is not connected. */
  addressOf(clientId: string): string | undefined;
  /** Ends this client's connection; it may come back as what it is then. */
  drop(clientId: string): void;
  /** Ends the connections of all nodes. */
  dropNodes(): void;
  /** Takes the certificate anew where its files have changed; keeps the old one where they are bad. */
  lookForCertificate(): void;
}

/** Starts the broker; throws with a cure where the port cannot be had or the certificate is bad. */
export async function startBroker(options: BrokerOptions): Promise<Broker> {
  const limits = { ...BROKER_LIMITS, ...options.limits };
  const log = options.log ?? (() => {});
  const clients = new BrokerClients(options, limits, log);
  const aedes = new Aedes({
    connectTimeout: limits.connectTimeoutMs,
    maxClientsIdLength: 128,
    // No limit on messages under way: mqemitter works off those above it in one recursion, and some thousand
    // end the process. They would wait in its queue instead, in the same memory.
    concurrency: 0,
    preConnect: (client, packet, done) => done(null, clients.preConnect(client, packet)),
    authenticate: (client, username, password, done) => {
      clients.authenticate(client, username, password).then(
        (refusal) => done(refusal as AuthenticateError | null, refusal === null),
        (error) => {
          log("error", "broker-authenticate", { client: client.id, error: String(error) });
          done(Object.assign(new Error("try again"), { returnCode: 3 as const }), false);
        },
      );
    },
    authorizeForward: (client, packet) => clients.authorizeForward(client, packet),
    authorizePublish: (client, packet, done) => done(clients.authorizePublish(client, packet)),
    authorizeSubscribe: (client, subscription, done) =>
      done(null, clients.authorizeSubscribe(client, subscription.topic) ? subscription : null),
  });
  await aedes.listen();
  const persistence = (aedes as unknown as { persistence: Persistence }).persistence;
  const memory = guardMemory(persistence, limits);
  clients.maySave = memory.maySave;
  clients.listenTo(aedes);
  const { host, port, tls } = options;
  let listener: Listener;
  try {
    listener = new Listener({
      ...{ host, port, limits, tls, log },
      uptimeMs: options.uptimeMs ?? (() => performance.now()),
      nowMs: options.nowMs ?? Date.now,
      accept(socket) {
        guardConnection(socket, limits);
        aedes.handle(socket);
      },
      refuse: (code) => clients.refuse(code),
    });
    await listener.listen();
  } catch (error) {
    await new Promise<void>((resolve) => aedes.close(resolve));
    throw error;
  }
  log("info", "broker-listening", { host, port: listener.port, tls: tls ? "yes" : "no" });
  const bus = inProcessBus(aedes, persistence, log);
  let closing: Promise<void> | undefined;
  return {
    port: listener.port,
    get tlsExpiresMs() {
      return listener.expiresMs;
    },
    addressOf: (clientId) => clients.addressOf(clientId),
    drop: (clientId) => clients.drop(clientId),
    dropNodes: () => clients.dropNodes(),
    lookForCertificate: () => listener.lookForCertificate(),
    ...bus,
    onConnect: (handler) => void clients.connectHandlers.push(handler),
    onDisconnect: (handler) => void clients.disconnectHandlers.push(handler),
    get counts() {
      return { ...clients.counts(), connections: listener.connections, ...memory.drops };
    },
    close: () => (closing ??= closeAll(aedes, listener)),
  };
}

/** The gateway's own side: no socket, no access rules. */
function inProcessBus(
  aedes: Aedes,
  persistence: Persistence,
  log: Log,
): Pick<Broker, "publish" | "subscribe"> {
  return {
    publish(topic, payload, { retain, qos = 1 }) {
      if (!isTopic(topic)) return log("error", "broker-topic", { topic });
      // A copy: aedes keeps it for retained topics and absent clients, the caller may reuse his.
      const packet = { cmd: "publish", topic, payload: Buffer.from(payload), qos, retain } as const;
      aedes.publish({ ...packet, dup: false }, (error) => {
        if (error) log("warn", "broker-publish", { topic, error: error.message });
      });
    },
    subscribe(filter, handler) {
      // What came alive meanwhile is newer than the retained message of its topic.
      let live: Set<string> | undefined = new Set();
      const deliver = (packet: AedesPublishPacket, done: () => void) => {
        // [MQTT-4.7.2-1]: a leading wildcard does not match the broker's own $SYS topics.
        if (!packet.topic.startsWith("$") || filter.startsWith("$")) {
          live?.add(packet.topic);
          handler(packet.topic, packet.payload as Buffer);
        }
        done();
      };
      aedes.subscribe(filter, deliver, async () => {
        for await (const { topic, payload } of persistence.createRetainedStream(filter)) {
          if (!live?.has(topic)) handler(topic, payload);
        }
        live = undefined;
      });
    },
  };
}

async function closeAll(aedes: Aedes, listener: Listener): Promise<void> {
  // No further connection, then good-bye to those that there are, then the sockets.
  await listener.close(() => new Promise<void>((resolve) => aedes.close(resolve)));
}
