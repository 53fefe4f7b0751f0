// SPDX-License-Identifier: Apache-2.0
/** The embedded broker's decisions about its clients, and what it counts about them. */
import type { Aedes, Client, ConnectPacket, PublishPacket } from "aedes";
import { ConnError } from "./conn-guard.ts";
import {
  type Authenticate,
  type BrokerLimits,
  type BrokerOptions,
  type Log,
  usernameIsClientId,
} from "./options.ts";

/** Return codes of CONNACK (MQTT 3.1.1 section 3.2.2.3). */
const IDENTIFIER_REJECTED = 2;
const BAD_CREDENTIALS = 4;
const NOT_AUTHORIZED = 5;

/** Where denied publishes go: nobody can subscribe there, so they are acknowledged and gone. */
const DENIED_TOPIC = "$SYS/denied";

/** What is known of a connection. */
interface Connection {
  keepaliveS: number;
  /** Why its last will is denied, if it is. */
  willDenied?: string;
  filters: Set<string>;
  denied: number;
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
  readonly #publishDenied = new Map<string, number>();
  readonly #subscribeDenied = new Map<string, number>();
  readonly #connectRefused = new Map<string, number>();
  readonly #dropped = new Map<string, number>();

  constructor(options: BrokerOptions, limits: BrokerLimits, log: Log) {
    this.#options = options;
    this.#limits = limits;
    this.#log = log;
    this.#authenticate = options.authenticate ?? usernameIsClientId(options.credentials);
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
    const { will, clientId } = packet;
    const willDenied =
      will && this.#options.acl.publish(clientId, will.topic, will.retain ?? false);
    const keepaliveS = packet.keepalive ?? 0;
    this.#connections.set(client, { keepaliveS, willDenied, filters: new Set(), denied: 0 });
    // One session too many gets a clean one: CONNACK then says that there is no session.
    if (!packet.clean && !this.maySave(clientId)) packet.clean = true;
    return true;
  }

  /** Null where the client may connect, else the error with CONNACK's return code. */
  async authenticate(
    client: Client,
    username: string | undefined,
    password: Uint8Array | undefined,
  ): Promise<Refusal | null> {
    const connection = this.#connections.get(client);
    if (!connection || !this.#options.acl.knows(client.id)) {
      return this.#refusal("UNKNOWN_CLIENT", IDENTIFIER_REJECTED);
    }
    if (!(await this.#authenticate(client.id, username, password))) {
      return this.#refusal("BAD_CREDENTIALS", BAD_CREDENTIALS, client.id);
    }
    const { keepaliveS } = connection;
    if (keepaliveS === 0 || keepaliveS > this.#limits.keepaliveMaxS) {
      return this.#refusal("KEEPALIVE", NOT_AUTHORIZED, client.id);
    }
    if (connection.willDenied) return this.#refusal("WILL_DENIED", NOT_AUTHORIZED, client.id);
    return null;
  }

  refuse(code: string): void {
    count(this.#connectRefused, code);
    this.#log("debug", "broker-connect-refused", { code });
  }

  /** Null always, unless the connection has to end: a denied packet is turned away to nowhere. */
  authorizePublish(client: Client | null, packet: PublishPacket): Error | null {
    if (client === null) return null; // the broker's own
    const reason = this.#options.acl.publish(client.id, packet.topic, packet.retain);
    if (reason === undefined) return null;
    count(this.#publishDenied, reason);
    const connection = this.#connections.get(client);
    const denied = connection ? ++connection.denied : 1;
    this.#log("debug", "broker-publish-denied", { client: client.id, reason, denied });
    if (denied > this.#limits.deniedMax) return new Error("too many denied publishes");
    packet.topic = DENIED_TOPIC;
    packet.payload = Buffer.alloc(0);
    packet.retain = false;
    return null;
  }

  authorizeSubscribe(client: Client, filter: string): boolean {
    const filters = this.#connections.get(client)?.filters ?? new Set();
    const full = filters.size >= this.#limits.subscriptionsMax && !filters.has(filter);
    const reason = full ? "TOO_MANY_SUBSCRIPTIONS" : this.#options.acl.subscribe(client.id, filter);
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
      this.#log("debug", "broker-connect", { client: client.id });
      for (const handler of this.connectHandlers) handler(client.id);
    });
    aedes.on("clientDisconnect", (client) => {
      if (!this.#announced.delete(client)) return; // it never got as far as CONNACK
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
    if (clientId) this.#log("warn", "broker-connect-refused", { client: clientId, code });
    return Object.assign(new Error(code), { returnCode });
  }
}

function count(counts: Map<string, number>, code: string): void {
  counts.set(code, (counts.get(code) ?? 0) + 1);
}
