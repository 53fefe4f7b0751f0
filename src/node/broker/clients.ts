// SPDX-License-Identifier: Apache-2.0
/** The embedded broker's decisions about its clients, and what it counts about them. */
import type { Socket } from "node:net";
import type { Aedes, Client, ConnectPacket, PublishPacket } from "aedes";
import { GATEWAYS_MAX } from "#core/consensus/limits";
import { PacedLog } from "../process/paced-log.ts";
import { type Identity, isStanding } from "./acl.ts";
import { type Authenticate, byClaims } from "./authenticate.ts";
import { ConnError } from "./conn-guard.ts";
import { addressOf } from "./listener.ts";
import type { BrokerLimits, BrokerOptions, Log } from "./options.ts";
import { Buckets } from "./rate.ts";

/** Return codes of CONNACK (MQTT 3.1.1 section 3.2.2.3). */
const IDENTIFIER_REJECTED = 2;
const UNAVAILABLE = 3;
const BAD_CREDENTIALS = 4;
const NOT_AUTHORIZED = 5;
/** Of faults that are not the token's. */
const CONNACK: Readonly<Record<string, number>> = {
  TOKEN_STORE_FULL: UNAVAILABLE,
  NOT_OPERATOR: NOT_AUTHORIZED,
  GATEWAY_APART: UNAVAILABLE,
};

/** Where denied publishes go: nobody can subscribe there, so they are acknowledged and gone. */
const DENIED_TOPIC = "$SYS/denied";

/** What is known of a connection. */
interface Connection {
  packet: ConnectPacket;
  /** Once it is settled who it is; with the key that was proven. */
  who?: Identity & { readonly key: string };
  filters: Set<string>;
  denied: number;
  limited: number;
}

/**
 * In place of aedes' memory of the last message number that a client got. It takes a message that
 * was overtaken for a repeated one and drops it, and messages do overtake: a retained one takes a
 * step more through the persistence than a QoS 1 one, and that one more than a QoS 0 one. Without
 * it a client with overlapping subscriptions gets a message once for each, as MQTT 3.1.1 section
 * 3.3.5 allows.
 */
const NO_DUPLICATES: object = new Proxy({}, { get: () => 0, set: () => true });

type Refusal = Error & { returnCode: number };

export class BrokerClients {
  readonly connectHandlers: ((clientId: string) => void)[] = [];
  readonly disconnectHandlers: ((clientId: string) => void)[] = [];
  /** Set once the persistence exists. */
  maySave: (clientId: string) => boolean = () => false;
  readonly #options: BrokerOptions;
  readonly #limits: BrokerLimits;
  readonly #log: Log;
  readonly #authenticate: Authenticate;
  readonly #connections = new WeakMap<Client, Connection>();
  readonly #announced = new WeakSet<Client>();
  /** Who is connected, by client id. */
  readonly #present = new Map<string, Client>();
  readonly #publishes: Buckets;
  readonly #publishBytes: Buckets;
  readonly #gatewayPublishes: Buckets;
  readonly #gatewayBytes: Buckets;
  readonly #connects: Buckets;
  readonly #paced: PacedLog;
  readonly #uptimeMs: () => number;
  readonly #publishDenied = new Map<string, number>();
  readonly #subscribeDenied = new Map<string, number>();
  readonly #connectRefused = new Map<string, number>();
  readonly #dropped = new Map<string, number>();

  constructor(options: BrokerOptions, limits: BrokerLimits, log: Log) {
    this.#options = options;
    this.#limits = limits;
    this.#log = log;
    this.#authenticate = options.authenticate ?? byClaims(options.credentials);
    this.#uptimeMs = options.uptimeMs ?? (() => performance.now());
    this.#paced = new PacedLog(log, this.#uptimeMs);
    this.#publishes = new Buckets(limits.publishes, limits.ratesMax);
    this.#publishBytes = new Buckets(limits.publishBytes, limits.ratesMax);
    this.#gatewayPublishes = new Buckets(limits.gatewayPublishes, GATEWAYS_MAX);
    this.#gatewayBytes = new Buckets(limits.gatewayPublishBytes, GATEWAYS_MAX);
    this.#connects = new Buckets(limits.connectsPerClient, limits.ratesMax);
  }

  /** Where a connected client speaks from; undefined where there is none of this id. */
  addressOf(clientId: string): string | undefined {
    const client = this.#present.get(clientId);
    return client && addressOf(client.conn as Socket);
  }

  /** Ends this client's connection; it may come back as what it is then. */
  drop(clientId: string): void {
    this.#present.get(clientId)?.close();
  }

  /** Ends the connections of all nodes. */
  dropNodes(): void {
    for (const client of [...this.#present.values()])
      if (this.#connections.get(client)?.who?.class === "node") client.close();
  }

  counts() {
    return {
      publishDenied: Object.fromEntries(this.#publishDenied),
      subscribeDenied: Object.fromEntries(this.#subscribeDenied),
      connectRefused: Object.fromEntries(this.#connectRefused),
      dropped: Object.fromEntries(this.#dropped),
    };
  }

  /** Keeps what only the CONNECT packet has; the decision comes with `authenticate`. */
  preConnect(client: Client, packet: ConnectPacket): boolean {
    (client as Client & { duplicates: object }).duplicates = NO_DUPLICATES;
    this.#connections.set(client, { packet, filters: new Set(), denied: 0, limited: 0 });
    return true;
  }

  /** Null where the client may connect, else the error with CONNACK's return code. */
  async authenticate(
    client: Client,
    username: string | undefined,
    password: Uint8Array | undefined,
  ): Promise<Refusal | null> {
    const connection = this.#connections.get(client);
    const { acl } = this.#options;
    if (!connection || !acl.knows(client.id)) {
      return this.#refusal("UNKNOWN_CLIENT", IDENTIFIER_REJECTED);
    }
    const who = await this.#authenticate(client.id, username, password);
    if ("fault" in who) {
      return this.#refusal(who.fault, CONNACK[who.fault] ?? BAD_CREDENTIALS, client.id);
    }
    const { packet } = connection;
    const { keepalive = 0, will } = packet;
    if (keepalive === 0 || keepalive > this.#limits.keepaliveMaxS) {
      return this.#refusal("KEEPALIVE", NOT_AUTHORIZED, client.id);
    }
    const denied = will && acl.publish(who, will.topic, will.retain ?? false);
    if (denied && !isStanding(denied)) {
      return this.#refusal("WILL_DENIED", NOT_AUTHORIZED, client.id);
    }
    // A node's id says whose it is; any other is its holder's for as long as that is there.
    const holder = this.#present.get(client.id);
    const held = holder && this.#connections.get(holder)?.who?.key;
    if (held && held !== who.key) {
      return this.#refusal("CLIENT_TAKEN", IDENTIFIER_REJECTED, client.id);
    }
    // After the proof: before it, anybody could use up what is another's.
    if (!this.#connects.take(client.id, 1, this.#uptimeMs())) {
      return this.#refusal("RATE_LIMITED", UNAVAILABLE, client.id);
    }
    connection.who = who;
    // One session too many gets a clean one: CONNACK then says that there is no session.
    if (!acl.keeps(who) || !this.maySave(client.id)) packet.clean = client.clean = true;
    return null;
  }

  refuse(code: string): void {
    count(this.#connectRefused, code);
    this.#log("debug", "broker-connect-refused", { code });
  }

  /** Null always, unless the connection has to end: a denied packet is turned away to nowhere. */
  authorizePublish(client: Client | null, packet: PublishPacket): Error | null {
    if (client === null) return null; // the broker's own
    const connection = this.#connections.get(client);
    const who = connection?.who;
    if (!connection || !who) return new Error("publish of nobody");
    // The last will is one and was announced: without it a client that is dropped would seem there.
    const isWill = packet === (client as Client & { will?: unknown }).will;
    // Gateways say everything at QoS 0; each message of QoS 2 would be kept until they release it.
    if (who.class === "gateway" && packet.qos > 1) return new Error("QoS 2 of a gateway");
    if (!isWill && !this.#mayPublish(who, packet)) {
      count(this.#publishDenied, "RATE_LIMITED");
      // An honest one comes nowhere near, and to drop what one says costs what to hear it does.
      if (who.class === "gateway") return new Error("far too many publishes of a gateway");
      if (connection.limited++ === 0)
        this.#paced.say("publish RATE_LIMITED", "warn", "broker-publish-denied", {
          client: client.id,
        });
      if (connection.limited > this.#limits.limitedMax) return new Error("far too many publishes");
      dropPublish(packet);
      return null;
    }
    const reason = this.#options.acl.publish(who, packet.topic, packet.retain);
    if (reason === undefined) return null;
    count(this.#publishDenied, reason);
    // What a node is can change under it: it goes on as it did until it is told.
    if (!isStanding(reason)) connection.denied++;
    const { denied } = connection;
    this.#log("debug", "broker-publish-denied", { client: client.id, reason, denied });
    if (denied > this.#limits.deniedMax) return new Error("too many denied publishes");
    dropPublish(packet);
    return null;
  }

  #mayPublish({ client, class: kind }: Identity, { payload, topic }: PublishPacket): boolean {
    const nowMs = this.#uptimeMs();
    const isGateway = kind === "gateway";
    if (!(isGateway ? this.#gatewayPublishes : this.#publishes).take(client, 1, nowMs))
      return false;
    const bytes = isGateway ? this.#gatewayBytes : this.#publishBytes;
    return bytes.take(client, payload.length + topic.length, nowMs);
  }

  /** The packet where it may go out to `client` now, else null. */
  authorizeForward<T extends { topic: string }>(client: Client, packet: T): T | null {
    const who = this.#connections.get(client)?.who;
    return who && this.#options.acl.hears(who, packet.topic) ? packet : null;
  }

  authorizeSubscribe(client: Client, filter: string): boolean {
    const connection = this.#connections.get(client);
    if (!connection?.who) return false;
    const { filters, who } = connection;
    const full = filters.size >= this.#limits.subscriptionsMax && !filters.has(filter);
    const reason = full ? "TOO_MANY_SUBSCRIPTIONS" : this.#options.acl.subscribe(who, filter);
    if (reason === undefined) {
      filters.add(filter);
      return true;
    }
    count(this.#subscribeDenied, reason);
    this.#log("debug", "broker-subscribe-denied", { client: client.id, reason });
    return false;
  }

  /** Follows aedes' events; the handlers run inside of them and must only take note. */
  listenTo(aedes: Aedes): void {
    aedes.on("clientReady", (client) => {
      this.#announced.add(client);
      this.#present.set(client.id, client);
      const who = this.#connections.get(client)?.who;
      this.#log("debug", "broker-connect", { client: client.id, class: who?.class ?? "" });
      for (const handler of this.connectHandlers) handler(client.id);
    });
    aedes.on("clientDisconnect", (client) => {
      if (!this.#announced.delete(client)) return; // it never got as far as CONNACK
      if (this.#present.get(client.id) === client) this.#present.delete(client.id);
      this.#log("debug", "broker-disconnect", { client: client.id });
      for (const handler of this.disconnectHandlers) handler(client.id);
    });
    aedes.on("unsubscribe", (filters, client) => {
      for (const filter of filters) this.#connections.get(client)?.filters.delete(filter);
    });
    const dropped = (client: Client, error: Error) => {
      const code = error instanceof ConnError ? error.code : "CLIENT_ERROR";
      count(this.#dropped, code);
      this.#log("debug", "broker-dropped", { client: client.id ?? "", code, error: error.message });
    };
    aedes.on("clientError", dropped);
    aedes.on("connectionError", dropped);
    // An error of the persistence; in memory there are none, and it must not end the process.
    const events: NodeJS.EventEmitter = aedes;
    events.on("error", (error) => this.#log("error", "broker-error", { error: String(error) }));
  }

  #refusal(code: string, returnCode: number, clientId?: string): Refusal {
    this.refuse(code);
    const facts = { client: clientId ?? "", code };
    if (clientId) this.#paced.say(`connect ${code}`, "warn", "broker-connect-refused", facts);
    return Object.assign(new Error(code), { returnCode });
  }
}

/** Turns it away to where nobody hears it; its sender gets its acknowledgement. */
function dropPublish(packet: PublishPacket): void {
  packet.topic = DENIED_TOPIC;
  packet.payload = Buffer.alloc(0);
  packet.retain = false;
}

function count(counts: Map<string, number>, code: string): void {
  counts.set(code, (counts.get(code) ?? 0) + 1);
}
