// SPDX-License-Identifier: Apache-2.0
/**
 * The device application on one XS machine, from one start to its end: its C functions are answered here,
 * what it says to the world goes to `said` at the end of each turn, and time goes on as it is told.
 */
import { hash } from "node:crypto";
import type { Crypto, Entropy } from "#core/crypto/port";
import type { KeyValueStore } from "#meter/ports";
import type { FlashRegion } from "#meter/witness/ports";
import type { XsCreation, XsHost, XsStats } from "../xs-host/host.ts";
import { Call, ConfigText, Event, functionOf, Post, SystemFact } from "./abi.ts";

/** What the world gives a start. */
export interface MachineIo {
  store: KeyValueStore;
  entropy: Entropy;
  /** By the number of ESP-IDF's esp_reset_reason_t. */
  resetReason: number;
  slot: SlotIo;
  /** Flash of the witness log. */
  witness: FlashRegion;
  /** Hex of the operator's key; undefined: updates are off. */
  releaseKey: string | undefined;
  /** What was received at a serial port, at a socket: taken, at most `count` bytes. */
  uart(port: number, count: number): Uint8Array;
  socket(id: number, count: number): Uint8Array;
  /** The oldest packet of a UDP socket, as abi.ts has it. */
  packet(id: number): Uint8Array | undefined;
  /** At the end of the turn in which it was posted. */
  said(fn: number, argument: number, data: Uint8Array): void;
  print(line: string): void;
}

/** The firmware slots. */
export interface SlotIo {
  running: number;
  /** By esp_ota_img_states_t: 1 is a trial, 2 is valid. */
  state: number;
  bytes: number;
  version: string;
  read(offset: number, length: number): Uint8Array;
  post(what: number, offset: number, data: Uint8Array | undefined): void;
}

/** What the machine holds open. */
export interface Held {
  timers: number;
  sockets: number;
  lookups: number;
}

/** Bytecodes by what the machine was told: Event's names, and `start`. */
export type Meter = Record<"start" | keyof typeof Event, number>;

const EVENT_NAMES = Object.fromEntries(
  Object.entries(Event).map(([name, kind]) => [kind, name as keyof typeof Event]),
);

export class DeviceMachine {
  /** Uptime that it has reached, ms. */
  nowMs = 0;
  /** Uptime of its next timer. */
  nextMs: number | undefined;
  /** Why it has ended; undefined while it runs. */
  failure: string | undefined;
  /** What a port threw: the power cut behind a failure. */
  cause: unknown;
  feeds = 0;
  /** Of garbage, while the entry module ran. */
  startCollections = 0;
  readonly meter: Meter = {
    start: 0,
    run: 0,
    uart: 0,
    writable: 0,
    readable: 0,
    closed: 0,
    resolved: 0,
    wifi: 0,
    census: 0,
  };
  private readonly io: MachineIo;
  private readonly crypto: Crypto;
  private readonly xs: XsHost;
  private readonly index: number;
  private readonly creation: XsCreation;
  private readonly posts: [fn: number, argument: number, data: Uint8Array][] = [];
  private open: Held = { timers: 0, sockets: 0, lookups: 0 };
  private args: Uint8Array[] = [];
  private digest: { kind: number; parts: Uint8Array[] } = { kind: 256, parts: [] };

  constructor(xs: XsHost, index: number, creation: XsCreation, crypto: Crypto, io: MachineIo) {
    this.xs = xs;
    this.index = index;
    this.creation = creation;
    this.crypto = crypto;
    this.io = io;
  }

  /** Runs the entry module. */
  async start(): Promise<void> {
    try {
      await this.xs.create(this.index, this.creation);
    } catch (error) {
      this.failure ??= error instanceof Error ? error.message : String(error);
      return;
    }
    const stats = await this.xs.stats(this.index);
    this.meter.start = stats.meter;
    this.startCollections = stats.collections;
    await this.run(0);
  }

  /** Lets time go on to uptime `untilMs`, or to the first thing that is said; see `nowMs`. */
  run(untilMs: number): Promise<void> {
    return this.deliver(Event.run, this.nowMs, untilMs);
  }

  /** Something happens at uptime `atMs`. */
  tell(kind: number, atMs: number, id: number, value: number | string = 0): Promise<void> {
    return this.deliver(kind, atMs, undefined, id, value);
  }

  async held(): Promise<Held> {
    await this.deliver(Event.census, this.nowMs, undefined);
    return this.open;
  }

  stats(collect = false): Promise<XsStats> {
    return this.xs.stats(this.index, { collect });
  }

  async end(): Promise<void> {
    this.failure ??= "ended";
    await this.xs.destroy(this.index);
  }

  failed(reason: string): void {
    this.failure ??= reason;
  }

  /** Answers a call; see abi.ts. */
  call(number: number, data: Uint8Array): Uint8Array | undefined {
    if (this.failure || this.cause) throw new Error("the power is off");
    try {
      const [fn, argument] = functionOf(number);
      return this.answer(fn, argument, data);
    } catch (error) {
      this.cause = error;
      throw error;
    }
  }

  post(number: number, data: Uint8Array): void {
    if (this.failure || this.cause) return;
    const [fn, argument] = functionOf(number);
    const bytes = Uint8Array.from(data);
    if (fn === Post.argument) this.args.push(bytes);
    else if (fn === Post.digestNew) this.digest = { kind: argument, parts: [] };
    else if (fn === Post.digestWrite) this.digest.parts.push(bytes);
    else if (fn === Post.watchdogFeed) this.feeds++;
    else if (fn === Post.held) {
      const [timers, sockets, lookups] = new Uint32Array(bytes.buffer);
      this.open = { timers, sockets, lookups };
    } else if (fn === Post.print) this.io.print(Buffer.from(bytes).toString("latin1"));
    else if (fn === Post.slot) {
      const offset = bytes.length === 4 ? offsetOf(bytes) : 0;
      this.io.slot.post(argument, offset, this.args.shift());
    } else if (fn === Post.witnessWrite) this.io.witness.write(offsetOf(bytes), this.take());
    else if (fn === Post.witnessErase) this.io.witness.erase(argument);
    else if (fn === Post.idle) {
      const view = new DataView(bytes.buffer);
      this.nowMs = view.getFloat64(0, true);
      const nextMs = view.getFloat64(8, true);
      this.nextMs = nextMs < 0 ? undefined : nextMs;
    } else this.posts.push([fn, argument, bytes]);
  }

  private async deliver(
    kind: number,
    atMs: number,
    untilMs: number | undefined,
    id?: number,
    value: number | string = 0,
  ): Promise<void> {
    if (this.failure) return;
    const text = typeof value === "string" ? value : "";
    const data = Buffer.alloc(16 + text.length);
    data.writeDoubleLE(atMs, 0);
    if (untilMs !== undefined) data.writeDoubleLE(untilMs, 8);
    else data.writeUInt32LE(id ?? 0, 8);
    if (typeof value === "number" && untilMs === undefined) data.writeUInt32LE(value, 12);
    const size = text ? data.write(text, 12, "latin1") + 12 : 16;
    const { ok, meter } = await this.xs.deliver(this.index, kind, data.subarray(0, size));
    this.meter[EVENT_NAMES[kind]] += meter;
    if (!ok) this.failure ??= "failed";
    for (const [fn, argument, bytes] of this.posts.splice(0)) this.io.said(fn, argument, bytes);
  }

  private answer(fn: number, argument: number, data: Uint8Array): Uint8Array | undefined {
    const { crypto, io } = this;
    switch (fn) {
      case Call.publicKey:
        return crypto.publicKey(Uint8Array.from(data));
      case Call.sign:
        return crypto.sign(this.take(), data);
      case Call.verify: {
        const key = this.take();
        return Uint8Array.of(crypto.verify(key, data, this.take()) ? 1 : 0);
      }
      case Call.digest: {
        const { kind, parts } = this.digest;
        return hash(`sha${kind}`, Buffer.concat(parts), "buffer");
      }
      case Call.entropy:
        return io.entropy.bytes(argument);
      case Call.fact:
        return word(this.fact(argument));
      case Call.config: {
        const text = argument === ConfigText.version ? io.slot.version : io.releaseKey;
        return text === undefined ? undefined : Buffer.from(text, "latin1");
      }
      case Call.uartRead:
        return io.uart(argument & 15, argument >> 4);
      case Call.socketRead:
        return io.socket(argument & 255, argument >> 8);
      case Call.packet:
        return io.packet(argument);
      case Call.slotRead:
        return io.slot.read(offsetOf(data), argument);
      case Call.witnessRead:
        return io.witness.read(offsetOf(data), argument);
      default:
        return this.answerStore(fn, Buffer.from(data));
    }
  }

  private answerStore(fn: number, data: Buffer): Uint8Array | undefined {
    const { store } = this.io;
    switch (fn) {
      case Call.get:
        return store.get(data.toString("latin1"));
      case Call.set:
        store.set(Buffer.from(this.take()).toString("latin1"), Uint8Array.from(data));
        return undefined;
      case Call.remove:
        store.delete(data.toString("latin1"));
        return undefined;
      case Call.keys:
        return Buffer.from(
          store
            .keys("")
            .map((key) => `${key}\n`)
            .join(""),
          "latin1",
        );
      default:
        throw new RangeError(`call ${fn}`);
    }
  }

  private fact(which: number): number {
    const { resetReason, slot, witness } = this.io;
    if (which === SystemFact.witnessBytes) return witness.sectors * witness.sectorBytes;
    if (which === SystemFact.resetReason) return resetReason;
    if (which === SystemFact.slotRunning) return slot.running;
    return which === SystemFact.slotState ? slot.state : slot.bytes;
  }

  /** The oldest argument that came before the call. */
  private take(): Uint8Array {
    const argument = this.args.shift();
    if (!argument) throw new RangeError("an argument is missing");
    return argument;
  }
}

function word(value: number): Uint8Array {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
}

function offsetOf(data: Uint8Array): number {
  return new DataView(data.buffer, data.byteOffset).getUint32(0, true);
}
