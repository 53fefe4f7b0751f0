// SPDX-License-Identifier: Apache-2.0
/** An updater by hand: slots in memory that can fail, a source that keeps what it is asked, and a clock. */
import { signRecord } from "#core/codec/record";
import type { Chunk, FirmwareVersion, Release } from "#core/records/release";
import { chunkRecord, parseVersion, releaseRecord, SECTOR_BYTES } from "#core/records/release";
import { TimeQuality } from "#core/units/time";
import { memoryStore } from "#host-sim/fleet/store";
import type { FirmwareSlots } from "#meter/update/ports";
import { Updater } from "#meter/update/updater";
import { sodiumCrypto } from "#node/crypto/sodium";

export const crypto = sodiumCrypto();
const SECRET = crypto.sha256(Uint8Array.of(1));
export const RELEASE_KEY = crypto.publicKey(SECRET);
export const CHUNK = 1024;
export const MINUTE = 60_000;

export function version(text: string): FirmwareVersion {
  return parseVersion(text)!;
}

/** Bytes that differ from place to place and from `fill` to `fill`. */
export function imageOf(sizeBytes: number, fill = 1): Uint8Array {
  return Uint8Array.from(
    { length: sizeBytes },
    (_, i) => (i * 7 + (i >> 8) * 3 + fill * 31) & 0xff,
  );
}

export interface Signed {
  bytes: Uint8Array;
  id: Uint8Array;
  image: Uint8Array;
}

/** A signed release of `image`; `change` goes over what is usual. */
export function release(
  text: string,
  image = imageOf(10_000),
  change: Partial<Release> = {},
  secretKey = SECRET,
): Signed {
  const value = {
    board: "rig",
    firmware: version(text),
    sizeBytes: image.length,
    sha256: crypto.sha256(image),
    minimum: version("1.0.0"),
    chunkBytes: CHUNK,
    ...change,
  };
  return { ...signRecord(releaseRecord, crypto, secretKey, value), image };
}

class RigSlots implements FirmwareSlots {
  slot = 0;
  running: FirmwareVersion;
  bootState: "valid" | "trial" = "valid";
  idleBytes = 5 * SECTOR_BYTES;
  cells = new Uint8Array(5 * SECTOR_BYTES);
  erased: number[] = [];
  activated = 0;
  confirmed = 0;
  rolledBack = 0;
  /** What fails from now on. */
  fails: "erase" | "write" | "silently" | "activate" | "confirm" | "rollback" | undefined;

  constructor(running: FirmwareVersion) {
    this.running = running;
  }
  erase(offset: number): boolean {
    if (this.fails === "erase") return false;
    this.erased.push(offset);
    this.cells.fill(0xff, offset, offset + SECTOR_BYTES);
    return true;
  }
  write(offset: number, bytes: Uint8Array): boolean {
    if (this.fails === "write") return false;
    bytes.forEach((byte, i) => {
      this.cells[offset + i] &= this.fails === "silently" && i === 5 ? byte ^ 0x10 : byte;
    });
    return true;
  }
  read(offset: number, length: number): Uint8Array {
    return this.cells.slice(offset, offset + length);
  }
  digest(length: number): Uint8Array {
    return crypto.sha256(this.cells.slice(0, length));
  }
  activate(): boolean {
    if (this.fails === "activate") return false;
    this.activated++;
    return true;
  }
  confirm(): boolean {
    if (this.fails === "confirm") return false;
    this.confirmed++;
    this.bootState = "valid";
    return true;
  }
  rollback(): boolean {
    if (this.fails === "rollback") return false;
    this.rolledBack++;
    return true;
  }
}

export class Rig {
  readonly slots: RigSlots;
  readonly store = memoryStore();
  readonly requests: { release: Uint8Array; offset: number; chunks: number }[] = [];
  readonly events: string[] = [];
  readonly can = { network: true, meter: true, restart: true, utcMs: 0 };
  nowMs = 0;
  restarts = 0;
  changes = 0;
  updater!: Updater;
  private draws = 0;

  constructor(running = "1.2.0") {
    this.slots = new RigSlots(version(running));
    this.boot();
  }

  /** A start with what is stored; `running` and `bootState` are what the bootloader says. */
  boot(running?: string, bootState: "valid" | "trial" = "valid"): Updater {
    // The factory's image is in slot 0, what is installed in slot 1.
    if (running) this.slots.running = version(running);
    this.slots.slot = running === undefined || running === "1.2.0" ? 0 : 1;
    this.slots.bootState = bootState;
    this.nowMs = 0;
    const quality = () => (this.can.utcMs > 0 ? TimeQuality.synced : TimeQuality.unknown);
    this.updater = new Updater(
      { board: "rig", releaseKey: RELEASE_KEY },
      {
        crypto,
        entropy: { bytes: (n) => crypto.sha256(Uint8Array.of(++this.draws)).slice(0, n) },
        store: this.store,
        slots: this.slots,
        source: {
          request: (id, offset, chunks) => void this.requests.push({ release: id, offset, chunks }),
        },
        health: { network: () => this.can.network, meter: () => this.can.meter },
        time: {
          uptimeMs: () => this.nowMs,
          utc: () => ({ utcMs: this.can.utcMs, quality: quality(), errorMs: 0 }),
        },
        log: (_, event, facts = {}) => {
          this.events.push(`${event} ${Object.values(facts).join(" ")}`.trim());
        },
        mayRestart: () => this.can.restart,
        restart: () => void this.restarts++,
        changed: () => void this.changes++,
      },
    );
    return this.updater;
  }

  /** Jumps to what is due next; false where nothing is. */
  next(): boolean {
    const delayMs = this.updater.delayMs();
    if (delayMs === undefined) return false;
    this.nowMs += delayMs;
    this.updater.onTimer();
    return true;
  }

  send(chunk: Chunk): void {
    this.updater.onChunk(chunkRecord.encode(chunk));
  }

  /** The answers to the last request, out of `image`. */
  answers({ id, image }: Signed, request = this.requests[this.requests.length - 1]): Chunk[] {
    const chunks: Chunk[] = [];
    for (let i = 0; i < request.chunks; i++) {
      const offset = request.offset + i * CHUNK;
      chunks.push({ release: id, offset, bytes: image.slice(offset, offset + CHUNK) });
    }
    return chunks;
  }

  /** Fetches until `stop` bytes are there, or all of them. */
  fetch(signed: Signed, stop = signed.image.length): void {
    let got = 0;
    for (let turns = 0; turns < 1000 && this.updater.state === "fetching"; turns++) {
      const before = this.requests.length;
      this.next();
      if (this.requests.length === before) continue;
      for (const chunk of this.answers(signed)) {
        if (got >= stop) return;
        this.send(chunk);
        got = chunk.offset + chunk.bytes.length;
      }
    }
  }

  /** Announces, fetches, verifies and restarts into the trial of `signed`. */
  install(signed: Signed, running: string): void {
    this.updater.onAnnounced(signed.bytes);
    this.updater.onOpen();
    this.fetch(signed);
    for (let i = 0; i < 10 && this.restarts === 0; i++) this.next();
    this.restarts = 0;
    this.boot(running, "trial");
  }
}
