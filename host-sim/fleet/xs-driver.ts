// SPDX-License-Identifier: Apache-2.0
/** The driver's side of one node on XS: answers its calls and takes its posts (abi.ts). */
import type { Crypto, Entropy } from "#core/crypto/port";
import type { NodeConfig } from "#meter/config";
import type { BatteryPort } from "#meter/profile/types";
import type { FlashRegion } from "#meter/witness/ports";
import { ByteReader, ByteWriter, Call, fromUtf8, LOG_LEVELS, Post, utf8 } from "./abi.ts";
import { encodeConfig } from "./abi-config.ts";
import type { NodeHost, NodeIo } from "./types.ts";

type Up = Pick<NodeHost, "id" | "subscriptions" | "will">;

/** The longest run of random bytes that a node may ask for. */
const ENTROPY_MAX = 65_536;
const YES = new Uint8Array([1]);
const NO = new Uint8Array([0]);

export class XsNode {
  /** Dead nodes say nothing and are told nothing. */
  alive = true;
  /** What a port threw that ended the node: the power cut behind a TypeError on XS. */
  cause: unknown;
  private readonly config: NodeConfig;
  private readonly io: NodeIo;
  private readonly crypto: Crypto;
  private readonly entropy: Entropy;
  /** What the node posted last; taken by the look that asked for it. */
  face: string | undefined;
  private up: Up | undefined;

  constructor(config: NodeConfig, io: NodeIo, crypto: Crypto, entropy: Entropy) {
    this.config = config;
    this.io = io;
    this.crypto = crypto;
    this.entropy = entropy;
  }

  /** What the node said of itself when its entry module had run. */
  assertUp(): Up {
    if (!this.up)
      throw new Error("the entry module has run, but the node did not say that it is up");
    return this.up;
  }

  silence(): void {
    this.alive = false;
  }

  failed(reason: string): void {
    if (!this.alive) return;
    this.alive = false;
    // While it starts, the rejection of `start` says it.
    if (this.up)
      this.io.failed(this.cause instanceof Error ? this.cause.message : reason, this.cause);
  }

  call(fn: number, data: Uint8Array | undefined): Uint8Array | undefined {
    // The machine runs to the end of its event after a power cut, but nothing of that may be kept.
    if (!this.alive || this.cause) throw new Error("the node is dead");
    try {
      return this.answer(fn, data ?? new Uint8Array(0));
    } catch (error) {
      this.cause = error;
      throw error;
    }
  }

  post(fn: number, data: Uint8Array): void {
    if (!this.alive || this.cause) return;
    const { io } = this;
    const reader = new ByteReader(data);
    if (fn === Post.publish) {
      const retain = reader.u8() === 1;
      io.publish(reader.str(), reader.rest(), retain);
    } else if (fn === Post.wake) io.wakeAfter(reader.f64());
    else if (fn === Post.log) this.log(reader);
    else if (fn === Post.face) this.face = fromUtf8(reader.rest());
    else if (fn === Post.up) {
      const id = reader.str();
      const will = { topic: reader.str(), payload: reader.str() };
      const subscriptions: string[] = [];
      while (reader.more) subscriptions.push(reader.str());
      this.up = { id, will, subscriptions };
    } else throw new RangeError(`post ${fn}`);
  }

  // Data are views on the pipe's buffer: what is kept is copied (ByteReader does).
  private answer(fn: number, data: Uint8Array): Uint8Array | undefined {
    const { io } = this;
    switch (fn) {
      case Call.publicKey:
      case Call.sign:
      case Call.verify:
        return answerCrypto(this.crypto, fn, data);
      case Call.config:
        return encodeConfig(this.config);
      case Call.entropy: {
        const length = new ByteReader(data).u32();
        if (length > ENTROPY_MAX) throw new RangeError(`${length} random bytes at once`);
        return this.entropy.bytes(length);
      }
      case Call.sample: {
        const sample = io.sample(new ByteReader(data).f64());
        if (!sample) return undefined;
        const answer = new ByteWriter(24).f64(sample.uptimeMs);
        for (const counts of sample.counts) answer.u64(counts);
        return answer.done();
      }
      case Call.uptime:
        return new ByteWriter(8).f64(io.uptimeMs()).done();
      case Call.utc:
        return new ByteWriter(8).f64(io.utcMs()).done();
      case Call.flashRead:
      case Call.flashWrite:
      case Call.flashErase:
      case Call.flashSize:
        return answerFlash(io.witness, fn, data);
      case Call.batteryPower:
      case Call.batteryState:
      case Call.batteryPlan:
        return answerBattery(io.battery, fn, data);
      default:
        return this.answerStore(fn, data);
    }
  }

  private answerStore(fn: number, data: Uint8Array): Uint8Array | undefined {
    const { store } = this.io;
    switch (fn) {
      case Call.get:
        return store.get(fromUtf8(data));
      case Call.set: {
        const reader = new ByteReader(data);
        store.set(reader.str(), reader.rest());
        return undefined;
      }
      case Call.remove:
        store.delete(fromUtf8(data));
        return undefined;
      case Call.keys: {
        const keys = new ByteWriter(256);
        for (const key of store.keys(fromUtf8(data))) keys.blob(utf8(key));
        return keys.done();
      }
      default:
        throw new RangeError(`call ${fn}`);
    }
  }

  private log(reader: ByteReader): void {
    const level = LOG_LEVELS[reader.u8()];
    const event = reader.str();
    const facts: Record<string, string | number> = {};
    while (reader.more) facts[reader.str()] = reader.u8() === 0 ? reader.f64() : reader.str();
    this.io.log(level, event, facts);
  }
}

/** Answers the calls of the witness region. */
export function answerFlash(
  region: FlashRegion | undefined,
  fn: number,
  data: Uint8Array,
): Uint8Array | undefined {
  if (!region) return undefined;
  const reader = new ByteReader(data);
  if (fn === Call.flashSize)
    return new ByteWriter(8).u32(region.sectorBytes).u32(region.sectors).done();
  if (fn === Call.flashRead) return region.read(reader.f64(), reader.u32());
  if (fn === Call.flashWrite) return region.write(reader.f64(), reader.rest()) ? YES : NO;
  return region.erase(reader.u32()) ? YES : NO;
}

/** Answers the calls of a vehicle; one without a battery is away. */
function answerBattery(
  battery: BatteryPort | undefined,
  fn: number,
  data: Uint8Array,
): Uint8Array | undefined {
  const reader = new ByteReader(data);
  if (fn === Call.batteryPlan) {
    const plan = battery?.planFor(reader.u32());
    return plan && new ByteWriter(12).u32(plan.departSlot).f64(plan.needWh).done();
  }
  const atMs = reader.f64();
  if (fn === Call.batteryState) return new ByteWriter(8).f64(battery?.stateWh(atMs) ?? 0).done();
  battery?.setPowerW(reader.f64(), atMs);
  return undefined;
}

/** Answers the calls of xs-crypto.ts. */
export function answerCrypto(crypto: Crypto, fn: number, data: Uint8Array): Uint8Array {
  const reader = new ByteReader(data);
  switch (fn) {
    case Call.publicKey:
      return crypto.publicKey(data);
    case Call.sign:
      return crypto.sign(reader.blob(), reader.rest());
    case Call.verify: {
      const publicKey = reader.blob();
      const signature = reader.blob();
      return crypto.verify(publicKey, reader.rest(), signature) ? YES : NO;
    }
    default:
      throw new RangeError(`call ${fn}`);
  }
}
