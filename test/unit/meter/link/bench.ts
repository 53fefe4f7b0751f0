// SPDX-License-Identifier: Apache-2.0
/** A session, a client as the SDK's, and a broker, all in memory and on one clock that a test moves. */
import assert from "node:assert/strict";
import type { SessionNode } from "#meter/link/session";
import { MqttSession, type SessionOptions } from "#meter/link/session";
import { ManualTimer } from "../../../helpers/driver-io.ts";
import { BrokerDouble } from "../../../helpers/mqtt-broker-double.ts";
import { type Census, clientDouble } from "../../../helpers/mqtt-client-double.ts";
import { Rng } from "../../../property/rng.ts";

export const ID = "00112233445566778899aabbccddeeff";
export const STATE = `wattle/1/a/node/${ID}/state`;
export const UP = `wattle/1/a/node/${ID}/up/reading`;
export const DOWN = `wattle/1/a/node/${ID}/down/receipt`;

export interface BenchSettings {
  seed?: number;
  bufferBytes?: (rng: Rng) => number;
  pieceBytes?: (left: number, rng: Rng) => number;
  delayMs?: (rng: Rng) => number;
  /** How long a look-up takes; undefined: it is never answered. */
  lookUpMs?: () => number | undefined;
  options?: Partial<SessionOptions>;
  subscriptions?: readonly string[];
  pings?: boolean;
  password?: () => ArrayBuffer;
}

export class Bench {
  readonly timer = new ManualTimer();
  readonly census: Census = { clients: 0, wires: 0, timers: 0, misuse: [] };
  readonly rng: Rng;
  readonly broker: BrokerDouble;
  readonly session: MqttSession;
  /** Events of the node, in order. */
  readonly events: string[] = [];
  readonly received: { topic: string; payload: Uint8Array }[] = [];
  readonly connectedMs: number[] = [];
  readonly attemptMs: number[] = [];
  lookUpsClosed = 0;
  /** What the node does when it is connected, and at a message. */
  onConnect: () => void = () => {};
  onMessage: (topic: string, payload: Uint8Array) => void = () => {};
  readonly node: SessionNode;

  constructor(settings: BenchSettings = {}) {
    const { timer, census } = this;
    const rng = (this.rng = new Rng(settings.seed ?? 1));
    const after = (delayMs: number, run: () => void) => timer.after(delayMs, run);
    this.broker = new BrokerDouble({ after, delayMs: () => settings.delayMs?.(rng) ?? 5 });
    const client = clientDouble(
      {
        connect: (_address, _port, events) => this.broker.connect(events),
        after,
        uptimeMs: () => timer.uptimeMs(),
        bufferBytes: () => settings.bufferBytes?.(rng) ?? 5760,
        pings: settings.pings ?? true,
        pieceBytes: (left) => settings.pieceBytes?.(left, rng) ?? left,
      },
      census,
    );
    const bench = this;
    class Dns {
      resolve({ host, onResolved }: { host: string; onResolved(h: string, a: string): void }) {
        bench.attemptMs.push(timer.uptimeMs());
        const ms = settings.lookUpMs ? settings.lookUpMs() : 1;
        if (ms !== undefined) timer.after(ms, () => onResolved(host, "192.0.2.1"));
      }
      close() {
        bench.lookUpsClosed++;
      }
    }
    this.session = new MqttSession(
      {
        client,
        host: "broker.example",
        port: 1883,
        dns: { io: Dns },
        socket: {},
        bytesMax: () => 16_384,
        ...settings.options,
      },
      {
        ...{ timer, entropy: { bytes: (n) => rng.bytes(n) }, log: () => {} },
        password: settings.password,
      },
    );
    this.node = {
      id: ID,
      subscriptions: () =>
        settings.subscriptions ?? [`wattle/1/a/node/${ID}/down/+`, "wattle/1/a/epoch"],
      will: () => ({ topic: STATE, payload: '{"state":"offline","boot":7}' }),
      onConnect: () => {
        this.events.push("connect");
        this.connectedMs.push(timer.uptimeMs());
        this.onConnect();
      },
      onDisconnect: () => void this.events.push("disconnect"),
      onMessage: (topic, payload) => {
        this.received.push({ topic, payload });
        this.onMessage(topic, payload);
      },
    };
  }

  start(): this {
    this.session.start(this.node);
    return this;
  }

  /** Starts, and lets it come online. */
  online(): this {
    this.start();
    for (let i = 0; i < 10_000 && !this.session.online; i++) this.timer.advance(100);
    if (!this.session.online) throw new Error("not online");
    return this;
  }

  /** Nothing of the session is left: no client, socket, timer or look-up. */
  assertGone(): void {
    this.timer.advance(10 * 60_000);
    const { clients, wires, timers, misuse } = this.census;
    assert.deepEqual({ clients, wires, timers }, { clients: 0, wires: 0, timers: 0 });
    assert.equal(this.timer.pending, 0);
    assert.deepEqual(misuse, []);
  }

  /** What the broker has of `topic`. */
  published(topic: string): string[] {
    return this.broker.published
      .filter((message) => message.topic === topic)
      .map(({ payload }) => Buffer.from(payload).toString());
  }
}

export const bytes = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text));
