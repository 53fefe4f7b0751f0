// SPDX-License-Identifier: Apache-2.0
/** An honest member: the node application over MQTT and TLS, which comes back whatever happens to it. */
import { connect, type MqttClient } from "mqtt";
import type { UpKind } from "#core/topics";
import { TimeQuality } from "#core/units/time";
import { storeRegion } from "#host-sim/flash/store-region";
import { CHIP_COUNTERS, chipSample } from "#host-sim/fleet/chip";
import { memoryStore } from "#host-sim/fleet/store";
import { MeterNode } from "#meter/node";
import { crypto, named } from "../helpers/local-area.ts";
import { configOf, type Person, tokenOf } from "./people.ts";

/** Pause before the next attempt to connect, ms. */
const AGAIN_MS = 100;

/** A message as it went to the broker. */
export interface Spoken {
  topic: string;
  /** Last level of the topic. */
  kind: string;
  payload: Uint8Array;
}

export interface MemberOptions {
  who: Person;
  gatewayKey: Uint8Array;
  authorityKey: Uint8Array;
  ca: string;
  /** Registers from world start to protocol time `atMs`. */
  counters(atMs: number): { importMwh: bigint; exportMwh: bigint };
}

export class Member {
  readonly who: Person;
  readonly node: MeterNode;
  /** Everything that it published, in order. */
  readonly spoken: Spoken[] = [];
  /** Warnings and errors of the node. */
  readonly complaints: string[] = [];
  /** The passwords of its CONNECTs, as somebody on the path would have them without TLS. */
  readonly tokens: Buffer[] = [];
  /** How often it was connected. */
  connections = 0;
  /** A message that is not to go out now: true. */
  hold: (spoken: Spoken) => boolean = () => false;
  /** What goes out in place of a message. */
  alter: (spoken: Spoken) => Uint8Array = ({ payload }) => payload;
  private readonly options: MemberOptions;
  private client: MqttClient | undefined;
  private port = 0;
  private timer: NodeJS.Timeout | undefined;
  private again: NodeJS.Timeout | undefined;
  private draws = 0;

  constructor(options: MemberOptions) {
    const { who, gatewayKey, authorityKey, counters } = options;
    this.who = who;
    this.options = options;
    const config = { ...configOf(who, gatewayKey), authority: authorityKey };
    this.node = new MeterNode(config, {
      crypto,
      entropy: { bytes: (count) => named(`draw ${who.name} ${this.draws++}`, count) },
      store: memoryStore(),
      witness: storeRegion(memoryStore()),
      meter: { counters: CHIP_COUNTERS, sample: (atMs) => chipSample(atMs, counters(atMs)) },
      transport: { publish: (topic, payload, retain) => this.publish(topic, payload, retain) },
      time: {
        uptimeMs: () => Math.floor(performance.now()),
        utc: () => ({ utcMs: Date.now(), quality: TimeQuality.synced, errorMs: 0 }),
        wakeAfter: (delayMs) => {
          clearTimeout(this.timer);
          this.timer = setTimeout(() => this.node.onTimer(), delayMs);
        },
      },
      log: (level, event, facts) => {
        if (level === "warn" || level === "error")
          this.complaints.push(`${level} ${event} ${JSON.stringify(facts ?? {})}`);
      },
    });
  }

  get connected(): boolean {
    return this.client?.connected ?? false;
  }

  /** Connects, and again after every end of a connection until `leave`. */
  join(port: number): void {
    this.port = port;
    this.attempt();
  }

  /** Its connection is lost; it comes back by itself. */
  drop(): void {
    this.client?.end(true);
  }

  /** Power cut. */
  leave(): void {
    this.port = 0;
    clearTimeout(this.again);
    clearTimeout(this.timer);
    const { client } = this;
    this.client = undefined;
    client?.end(true);
    this.node.onDisconnect();
  }

  /** Says something for the node that the node had no reason to say by itself. */
  say(kind: UpKind, payload: Uint8Array): void {
    const topic = this.node.topics.up(this.who.id, kind);
    this.spoken.push({ topic, kind, payload });
    this.send(topic, payload);
  }

  /** Says bytes on this very connection that are not the node's. */
  send(topic: string, payload: Uint8Array, retain = false): void {
    this.client?.publish(topic, Buffer.from(payload), { qos: 1, retain });
  }

  private publish(topic: string, payload: Uint8Array, retain: boolean): void {
    const kind = topic.slice(topic.lastIndexOf("/") + 1);
    const spoken = { topic, kind, payload: payload.slice() };
    if (this.hold(spoken)) return;
    this.spoken.push(spoken);
    this.send(topic, this.alter(spoken), retain);
  }

  private attempt(): void {
    const { who, gatewayKey, ca } = this.options;
    const { topic, payload } = this.node.will();
    const password = tokenOf(who, gatewayKey);
    this.tokens.push(password);
    const client = connect(`mqtts://127.0.0.1:${this.port}`, {
      clientId: who.id,
      username: who.id,
      password,
      ca,
      protocolVersion: 4,
      reconnectPeriod: 0,
      keepalive: 60,
      will: { topic, payload: Buffer.from(payload), qos: 1, retain: true },
    });
    this.client = client;
    client.on("error", () => {}); // "close" follows
    client.on("message", (topic, bytes) => {
      if (client === this.client) this.node.onMessage(topic, bytes);
    });
    client.on("connect", () => {
      client.subscribeAsync(this.node.subscriptions(), { qos: 1 }).then(
        () => {
          if (client !== this.client) return;
          this.connections++;
          this.node.onConnect();
        },
        () => client.end(true),
      );
    });
    client.on("close", () => {
      if (client !== this.client) return;
      this.client = undefined;
      this.node.onDisconnect();
      if (this.port > 0) this.again = setTimeout(() => this.attempt(), AGAIN_MS);
    });
  }
}
