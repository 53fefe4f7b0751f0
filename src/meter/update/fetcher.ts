// SPDX-License-Identifier: Apache-2.0
/**
 * Pulls an image in windows of a few chunks and writes each chunk as it comes: in order, into erased flash,
 * read back. Nothing of the image is kept in memory. A window that does not come is asked for again, later
 * and later, with jitter.
 */
import { bytesEqual } from "#core/codec/bytes";
import { CHUNKS_ASKED_MAX, RESEND_AFTER_MS, RESEND_MAX_MS } from "#core/limits";
import { type Chunk, type Release, SECTOR_BYTES } from "#core/records/release";
import { ceilingMs, fullJitter } from "../time/backoff.ts";
import type { UpdatePorts } from "./ports.ts";

/** Least time between two windows, ms: 32 KB/s, and the board has time for its meter in between. */
const WINDOW_GAP_MS = 500;

/**
 * What became of a chunk. `taken`: written; `sector`: and its sector is whole; `whole`: and so is the image;
 * `ignored`: not the next one; `gone`: there is no such release any more; `flash`: it could not be written.
 */
export type Taken = "taken" | "sector" | "whole" | "ignored" | "gone" | "flash";

/** Bytes that are read back at a time. */
const READ_BYTES = 512;

export class Fetcher {
  readonly id: Uint8Array;
  readonly release: Release;
  /** Bytes that are in the slot. */
  offset: number;
  private readonly ports: Pick<UpdatePorts, "entropy" | "slots" | "source" | "time">;
  private connected = false;
  private windowEnd = 0;
  private askedFrom = -1;
  private askedMs = 0;
  private dueMs = 0;
  /** Windows in a row that did not come. */
  private failures = 0;

  /** Goes on at `offset`, the beginning of a sector or the end of the image. */
  constructor(ports: UpdatePorts, id: Uint8Array, release: Release, offset: number) {
    this.ports = ports;
    this.id = id;
    this.release = release;
    this.offset = offset;
  }

  get whole(): boolean {
    return this.offset >= this.release.sizeBytes;
  }

  /** There is a connection: the first request goes out after `delayMs` of real time. */
  open(delayMs: number): void {
    this.connected = true;
    this.askedFrom = -1;
    this.windowEnd = 0;
    this.failures = 0;
    this.dueMs = this.ports.time.uptimeMs() + delayMs;
  }

  close(): void {
    this.connected = false;
  }

  /** The sector that was being written does not count. */
  backToSector(): void {
    this.offset -= this.offset % SECTOR_BYTES;
  }

  /** Real time until the next request, or undefined without a connection. */
  delayMs(): number | undefined {
    return this.connected ? Math.max(0, this.dueMs - this.ports.time.uptimeMs()) : undefined;
  }

  onTimer(): void {
    if (this.delayMs() === 0 && !this.whole) this.ask();
  }

  private ask(): void {
    const { entropy, source, time } = this.ports;
    const { chunkBytes, sizeBytes } = this.release;
    const missing = Math.ceil((sizeBytes - this.offset) / chunkBytes);
    const chunks = Math.min(CHUNKS_ASKED_MAX, missing);
    this.failures = this.askedFrom === this.offset ? this.failures + 1 : 0;
    this.askedFrom = this.offset;
    this.windowEnd = Math.min(sizeBytes, this.offset + chunks * chunkBytes);
    this.askedMs = time.uptimeMs();
    const spreadMs = ceilingMs(RESEND_AFTER_MS, RESEND_MAX_MS, this.failures);
    this.dueMs = this.askedMs + RESEND_AFTER_MS + fullJitter(entropy, spreadMs);
    source.request(this.id, this.offset, chunks);
  }

  /** Writes `chunk` if it is the next. After `flash` its sector has to be written anew. */
  take(chunk: Chunk): Taken {
    const { slots, time } = this.ports;
    const { chunkBytes, sizeBytes } = this.release;
    const { bytes, offset } = chunk;
    if (!bytesEqual(chunk.release, this.id)) return "ignored";
    if (bytes.length === 0) return "gone";
    if (offset !== this.offset || bytes.length !== Math.min(chunkBytes, sizeBytes - offset))
      return "ignored";
    if (offset % SECTOR_BYTES === 0 && !slots.erase(offset)) return "flash";
    if (!slots.write(offset, bytes)) return "flash";
    if (!this.holds(offset, bytes)) return "flash";
    this.offset += bytes.length;
    if (this.whole) return "whole";
    if (this.offset === this.windowEnd)
      this.dueMs = Math.max(time.uptimeMs(), this.askedMs + WINDOW_GAP_MS);
    return this.offset % SECTOR_BYTES === 0 ? "sector" : "taken";
  }

  /** Whether the slot has these bytes, read in pieces: a chunk is in memory twice already. */
  private holds(offset: number, bytes: Uint8Array): boolean {
    for (let at = 0; at < bytes.length; at += READ_BYTES) {
      const piece = bytes.subarray(at, at + READ_BYTES);
      if (!bytesEqual(this.ports.slots.read(offset + at, piece.length), piece)) return false;
    }
    return true;
  }
}
