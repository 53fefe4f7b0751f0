// SPDX-License-Identifier: Apache-2.0
/**
 * A board with two slots on simulated flash, from power-up to power-up: bootloader, then the updater in the
 * image that it started. The rest of the firmware is what the image is said to be able to do. Time jumps to
 * whatever is due next. Pure: the same code runs on V8 and on XS.
 */
import { bytesEqual, toHex } from "#core/codec/bytes";
import type { Crypto } from "#core/crypto/port";
import { assert } from "#core/errors/assert";
import { type Chunk, chunkRecord } from "#core/records/release";
import { TimeQuality } from "#core/units/time";
import type { UpdateConfig } from "#meter/update/ports";
import { Updater } from "#meter/update/updater";
import { boot, type Started } from "./bootloader.ts";
import { NorFlash } from "./nor.ts";
import { OTADATA_SECTORS, SLOTS } from "./otadata.ts";
import { Power, PowerCut } from "./power.ts";
import { flashByWire, SimSlots } from "./slots.ts";
import { poweredStore } from "./store.ts";

/** What an image does when it runs. */
export interface Behaviour {
  network?: boolean;
  meter?: boolean;
  /** The board resets after this uptime, ms. */
  crashAfterMs?: number;
}

/** The other end: what is announced, and where chunks come from. */
export interface Operator {
  /** The signed release that is announced, or nothing. */
  announced(): Uint8Array | undefined;
  /** The answers to a request. */
  serve(release: Uint8Array, offset: number, chunks: number): Chunk[];
}

export interface BoardSetup {
  crypto: Crypto;
  config: UpdateConfig;
  /** Sectors of each slot. */
  slotSectors: number;
  /** The image in slot 0 from the factory. */
  factory: Uint8Array;
  /** What an image does, by its SHA-256 in hex; default: all works. */
  behaviour?: ReadonlyMap<string, Behaviour>;
  operator: Operator;
  power?: Power;
  /** False: a bootloader that was flashed without the option to roll back. */
  rollback?: boolean;
}

const EVENTS_MAX = 100_000;

export class Board {
  readonly flash: NorFlash;
  readonly power: Power;
  readonly entries = new Map<string, Uint8Array>();
  /** The image of each start, its SHA-256 in hex. */
  readonly starts: string[] = [];
  /** Starts that ended because the power went. */
  cuts = 0;
  /** Bytes of images that were received, over all starts. */
  receivedBytes = 0;
  updater: Updater | undefined;
  started: Started | undefined;
  uptimeMs = 0;
  readonly logs: string[] = [];
  private readonly setup: BoardSetup;
  private reset = false;
  private draws = 0;
  private queue: Chunk[] = [];

  constructor(setup: BoardSetup) {
    this.setup = setup;
    this.power = setup.power ?? new Power();
    this.flash = new NorFlash(OTADATA_SECTORS + SLOTS * setup.slotSectors, this.power);
    flashByWire(this.flash, 0, setup.factory);
  }

  /** Starts, and starts again after cuts and resets, until nothing is due any more. */
  run(startsMax = 40): void {
    for (let i = 0; i < startsMax; i++) {
      try {
        this.start();
        if (!this.live()) return;
      } catch (error) {
        if (!(error instanceof PowerCut)) throw error;
        this.cuts++;
      }
    }
    assert(false, "BOARD_ENDLESS", this.logs.slice(-12).join("; "));
  }

  /** Power-up: the bootloader, then the constructor of what it starts. */
  start(): void {
    const { crypto, config, rollback } = this.setup;
    this.reset = false;
    this.updater = undefined;
    this.queue = [];
    this.uptimeMs = 0;
    const started = boot(this.flash, crypto, rollback ?? true);
    assert(started, "BOARD_DEAD", this.logs.slice(-12).join("; "));
    this.started = started;
    const image = toHex(crypto.sha256(started.bytes));
    this.starts.push(image);
    const can = this.setup.behaviour?.get(image) ?? {};
    const onReset = () => {
      this.reset = true;
    };
    this.updater = new Updater(config, {
      crypto,
      entropy: { bytes: (length) => this.random(length) },
      store: poweredStore(this.entries, this.power),
      time: {
        uptimeMs: () => this.uptimeMs,
        utc: () => ({ utcMs: 0, quality: TimeQuality.unknown, errorMs: 0 }),
      },
      log: (_, event, facts = {}) => {
        this.logs.push(`${event} ${Object.values(facts).join(" ")}`);
      },
      slots: new SimSlots(this.flash, crypto, started, onReset, rollback ?? true),
      source: { request: (id, offset, chunks) => this.request(id, offset, chunks) },
      health: { network: () => can.network ?? true, meter: () => can.meter ?? true },
      mayRestart: () => true,
      restart: onReset,
      changed: () => {},
    });
  }

  /** Runs the started image. True where it was reset, false where nothing is due any more. */
  live(): boolean {
    const updater = this.updater!;
    this.connect();
    for (let i = 0; i < EVENTS_MAX; i++) {
      if (this.reset) return true;
      const chunk = this.queue.shift();
      if (chunk) {
        this.receivedBytes += chunk.bytes.length;
        updater.onChunk(chunkRecord.encode(chunk));
        continue;
      }
      const delayMs = updater.delayMs();
      const crashMs = this.crashMs();
      if (crashMs !== undefined && this.uptimeMs + (delayMs ?? crashMs) >= crashMs) return true;
      if (delayMs === undefined) return false;
      this.uptimeMs += delayMs;
      updater.onTimer();
    }
    assert(false, "BOARD_BUSY", this.logs.slice(-12).join("; "));
  }

  /** The connection is new: the retained announcement comes, and the gateway admits the node. */
  connect(): void {
    const announced = this.setup.operator.announced();
    if (announced) this.updater!.onAnnounced(announced);
    this.updater!.onOpen();
  }

  private crashMs(): number | undefined {
    return this.setup.behaviour?.get(this.starts[this.starts.length - 1])?.crashAfterMs;
  }

  private request(release: Uint8Array, offset: number, chunks: number): void {
    this.queue.push(...this.setup.operator.serve(release, offset, chunks));
  }

  private random(length: number): Uint8Array {
    const seed = new Uint8Array(4);
    new DataView(seed.buffer).setUint32(0, ++this.draws);
    return this.setup.crypto.sha256(seed).slice(0, length);
  }
}

/** An operator that announces one release and serves `image`, which may not be the one it signed. */
export function plainOperator(
  signed: Uint8Array,
  id: Uint8Array,
  image: Uint8Array,
  chunkBytes: number,
): Operator {
  return {
    announced: () => signed,
    serve(release, offset, chunks) {
      if (!bytesEqual(release, id)) return [{ release, offset, bytes: new Uint8Array(0) }];
      const answers: Chunk[] = [];
      for (let at = offset; at < image.length && answers.length < chunks; at += chunkBytes)
        answers.push({ release, offset: at, bytes: image.slice(at, at + chunkBytes) });
      return answers;
    },
  };
}
