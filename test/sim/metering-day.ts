// SPDX-License-Identifier: Apache-2.0
/**
 * A day of one node that polls its chip every second and reads it every quarter of an hour, with the gateway
 * played by the test. Time is the test's; a chip's true counts are known at every second. The day can be
 * copied at any write of the flash, and goes on from there with the power back.
 */
import assert from "node:assert/strict";
import { toHex } from "#core/codec/bytes";
import { openSigned, signRecord } from "#core/codec/record";
import { nodeIdOf } from "#core/identity";
import { eventRecord } from "#core/records/event";
import { configRecord } from "#core/records/member";
import { ClockKind, noticeRecord } from "#core/records/notice";
import { readingRecord } from "#core/records/reading";
import { FIRST_DIGEST, nextDigest, receiptRecord, upRecord } from "#core/records/receipt";
import { Topics } from "#core/topics";
import { TimeQuality } from "#core/units/time";
import type { CounterSpec } from "#drivers/types";
import { type MemoryStore, memoryStore } from "#host-sim/fleet/store";
import { MeterNode } from "#meter/node";
import type { KeyValueStore } from "#meter/ports";
import { crypto, named } from "../helpers/local-area.ts";
import { SaidWatch } from "../helpers/log-audit.ts";

export const SLOT_S = 900;
const NET = "test";
const START_MS = 1_700_000_100_000;
const GATEWAY = named("gateway");
const GATEWAY_ID = nodeIdOf(crypto, crypto.publicKey(GATEWAY));
const SECRET = named("metered");
const NODE_ID = nodeIdOf(crypto, crypto.publicKey(SECRET));
const TOPICS = new Topics("a");

/** True counts of the day by second: a quiet night, kettles, an oven, an evening. */
export function countsOfDay(spec: CounterSpec, seconds: number): bigint[] {
  const counts: bigint[] = [];
  let parts = 0n; // of mWh × perCounts × 3600
  for (let second = 0; second <= seconds; second++) {
    counts.push(parts / (spec.mwh * 3600n));
    const powerMw = powerAt(second);
    parts += BigInt(powerMw) * spec.perCounts;
  }
  return counts;
}

/** mW. */
export function powerAt(second: number): number {
  const hour = (second / 3600) % 24;
  const minute = Math.floor(second / 60);
  const base = hour < 6 ? 60_000 : hour < 17 ? 180_000 : 450_000;
  const kettle = minute % 97 < 3 ? 2_000_000 : 0;
  const oven = hour >= 18 && hour < 19 ? 3_100_000 : 0;
  return base + kettle + oven + (second % 7) * 900;
}

export const POWER_MAX_MW = 450_000 + 2_000_000 + 3_100_000 + 6 * 900;

/**
 * `inner`, which calls `probe` at each moment of each write, numbered from 1: with nothing of it stored, with a
 * torn value, and with all of it.
 */
export function probedStore(inner: MemoryStore, probe: (n: number) => void): KeyValueStore {
  let n = 0;
  return {
    get: (key) => inner.get(key),
    keys: (prefix) => inner.keys(prefix),
    set(key, value) {
      probe(++n);
      const torn = value.slice();
      torn.fill(0xff, Math.floor(value.length / 2));
      inner.set(key, torn);
      probe(n);
      inner.set(key, value);
      probe(n);
    },
    delete(key) {
      probe(++n);
      inner.delete(key);
      probe(n);
    },
  };
}

/** What the gateway knows of the node, and what ever went over the wire. */
interface Heard {
  upTo: number;
  digest: Uint8Array;
  boundary: number;
  importMwh: bigint;
  said: SaidWatch;
  /** Registers of readings by boundary, as published. */
  readings: Map<number, bigint>;
  events: number[];
}

export interface DaySetup {
  spec: CounterSpec;
  counts: readonly bigint[];
}

export class Day {
  readonly setup: DaySetup;
  readonly flash: MemoryStore;
  readonly heard: Heard;
  second: number;
  node!: MeterNode;
  private bootSecond = 0;
  private wakeAtMs: number | undefined;
  private inbox: { topic: string; payload: Uint8Array }[] = [];
  private connected = false;

  constructor(setup: DaySetup, from?: { flash: MemoryStore; heard: Heard; second: number }) {
    this.setup = setup;
    this.flash = from?.flash ?? memoryStore();
    this.second = from?.second ?? 0;
    this.heard = from?.heard ?? {
      upTo: 0,
      digest: FIRST_DIGEST,
      boundary: 0,
      importMwh: 0n,
      said: new SaidWatch(),
      readings: new Map(),
      events: [],
    };
  }

  /** The day as it stands, to be gone on with apart from this one. */
  copy(): Day {
    const flash = memoryStore();
    for (const [key, value] of this.flash.entries) flash.set(key, value);
    const said = new SaidWatch();
    for (const [seq, content] of this.heard.said.contents) said.contents.set(seq, content);
    const { heard, second } = this;
    const readings = new Map(heard.readings);
    const events = [...heard.events];
    return new Day(this.setup, { flash, heard: { ...heard, said, readings, events }, second });
  }

  /** Power is there: the node starts, `store` being its flash or something around it. */
  boot(store: KeyValueStore = this.flash): void {
    this.bootSecond = this.second;
    this.inbox = [];
    this.wakeAtMs = undefined;
    const { spec } = this.setup;
    let draws = 0;
    const upMs = () => (this.second - this.bootSecond) * 1000;
    this.node = new MeterNode(
      {
        net: NET,
        area: "a",
        name: "metered",
        secretKey: SECRET,
        gatewayKey: crypto.publicKey(GATEWAY),
        capacityWh: 2500,
        wallets: 1,
        policy: { trade: false },
      },
      {
        crypto,
        entropy: { bytes: (n) => named(`${this.second} ${draws++}`, n) },
        store,
        meter: {
          counters: [spec],
          chipStayedOn: true,
          sample: () => ({ uptimeMs: upMs() + 1, counts: [this.shown] }),
        },
        transport: { publish: (topic, payload) => this.hear(topic, payload) },
        time: {
          uptimeMs: upMs,
          utc: () => ({
            utcMs: START_MS + this.second * 1000,
            quality: TimeQuality.synced,
            errorMs: 0,
          }),
          wakeAfter: (delayMs) => {
            this.wakeAtMs = upMs() + delayMs;
          },
        },
        log: () => {},
      },
    );
    this.connected = true;
    this.node.onConnect();
    this.deliver(TOPICS.epoch, this.notice());
    this.settle();
  }

  /** True counts now, and what the chip shows of them. */
  get counts(): bigint {
    return this.setup.counts[this.second];
  }

  private get shown(): bigint {
    const { origin, modulus } = this.setup.spec;
    const since = origin === "started" ? this.setup.counts[this.bootSecond] : 0n;
    const counts = this.counts - since;
    return modulus > 0n ? counts % modulus : counts;
  }

  /** One second: a poll, the node's timer where it is due, and the gateway's notice of a new slot. */
  tick(): void {
    this.second++;
    const upMs = (this.second - this.bootSecond) * 1000;
    this.node.onPoll();
    if (this.wakeAtMs !== undefined && this.wakeAtMs <= upMs) {
      this.wakeAtMs = undefined;
      this.node.onTimer();
    }
    if (this.second % SLOT_S === 0) this.deliver(TOPICS.epoch, this.notice());
    this.settle();
  }

  run(toSecond: number): void {
    while (this.second < toSecond) this.tick();
  }

  /** What the register holds, in counts: exact, since the fraction is kept. */
  get accepted(): bigint {
    const { importMwh, counters } = this.node.state.registers;
    const { mwh, perCounts } = this.setup.spec;
    const parts = importMwh * perCounts + (counters[0]?.importRest ?? 0n);
    assert.equal(parts % mwh, 0n, "a part of a count");
    return parts / mwh;
  }

  private settle(): void {
    while (this.inbox.length > 0) {
      const { topic, payload } = this.inbox.shift()!;
      this.node.onMessage(topic, payload);
    }
  }

  private deliver(topic: string, payload: Uint8Array): void {
    if (this.connected) this.inbox.push({ topic, payload });
  }

  private notice(): Uint8Array {
    const slot = Math.floor(this.second / SLOT_S);
    const startMs = START_MS + slot * SLOT_S * 1000;
    return signRecord(noticeRecord, crypto, GATEWAY, {
      net: NET,
      gateway: GATEWAY_ID,
      epoch: 0,
      epochStartMs: START_MS,
      tickMs: 30_000,
      ageMaxMs: 120_000,
      slot,
      startMs,
      endMs: startMs + SLOT_S * 1000,
      nowMs: startMs,
      clock: ClockKind.running,
      ratePermille: 1000,
      realMs: startMs,
      timing: 0,
      mode: 0,
      pricing: 0,
      kPermille: 500,
      feedInMicro: 1,
      retailMicro: 2,
      retailNextMicro: 2,
    }).bytes;
  }

  private hear(topic: string, payload: Uint8Array): void {
    const id = toHex(NODE_ID);
    if (topic === TOPICS.up(id, "enrol")) this.deliver(TOPICS.down(id, "config"), this.config());
    const kind = /\/up\/(reading|order|event)$/.exec(topic)?.[1];
    if (!kind) return;
    const up = upRecord.decode(payload);
    assert.ok(up.ok);
    const { seq, content } = up.value;
    this.heard.said.take(kind, seq, content);
    if (kind === "reading") this.hearReading(content);
    if (seq > this.heard.upTo) {
      assert.equal(seq, this.heard.upTo + 1, "numbers have no gaps");
      this.heard.upTo = seq;
      this.heard.digest = nextDigest(crypto, this.heard.digest, content);
      if (kind === "event") this.hearEvent(content);
    }
    this.deliver(TOPICS.down(id, "receipt"), this.receipt());
  }

  private hearReading(content: Uint8Array): void {
    const opened = openSigned(readingRecord, crypto, content);
    assert.ok(opened.ok);
    const { boundary, importMwh } = opened.value;
    const { readings } = this.heard;
    assert.equal(
      readings.get(boundary) ?? importMwh,
      importMwh,
      `boundary ${boundary} signed twice`,
    );
    if (readings.has(boundary)) return;
    assert.ok(importMwh >= this.heard.importMwh, "a signed register went back");
    readings.set(boundary, importMwh);
    this.heard.boundary = boundary + 1;
    this.heard.importMwh = importMwh;
  }

  private hearEvent(content: Uint8Array): void {
    const opened = openSigned(eventRecord, crypto, content);
    assert.ok(opened.ok);
    const { event, afterMwh, register } = opened.value;
    if (register !== 0) assert.ok(afterMwh >= this.heard.importMwh, "an event below a reading");
    this.heard.events.push(event);
  }

  private config(): Uint8Array {
    const { upTo, digest, boundary, importMwh } = this.heard;
    return signRecord(configRecord, crypto, GATEWAY, {
      net: NET,
      gateway: GATEWAY_ID,
      node: NODE_ID,
      code: 0,
      upTo,
      digest,
      txSeq: 0,
      txid: new Uint8Array(32),
      txMs: 0,
      boundary,
      importMwh,
      exportMwh: 0n,
      atMs: START_MS + this.second * 1000,
    }).bytes;
  }

  private receipt(): Uint8Array {
    const { upTo, digest } = this.heard;
    return signRecord(receiptRecord, crypto, GATEWAY, {
      net: NET,
      gateway: GATEWAY_ID,
      node: NODE_ID,
      upTo,
      digest,
      refused: [],
      atMs: START_MS + this.second * 1000,
    }).bytes;
  }
}
