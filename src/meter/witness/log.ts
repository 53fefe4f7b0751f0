// SPDX-License-Identifier: Apache-2.0
/**
 * What a witness has signed, on flash of its own (ledger 4.4): for each author the last body. A record is
 * durable before its token leaves, whatever the power does.
 *
 * A ring of sectors, each begun with the next generation. Live are records that no later one of their author
 * replaces. When a sector is begun, those of the sectors that come next are copied into it, so that a sector
 * holds none when it is erased: a cut leaves a record in one place or in two, never in none.
 *
 * In memory stands where each author's record is, with 32 bits of its id: six bytes each.
 */
import { bytesEqual } from "#core/codec/bytes";
import type { Entropy } from "#core/crypto/port";
import { assert } from "#core/errors/assert";
import { WITNESS_AUTHORS_MAX, WITNESS_SECTORS_MAX } from "#core/limits";
import { NODE_ID_BYTES } from "#core/records/common";
import type { KeyValueStore } from "../ports.ts";
import { sealed, unsealed } from "../sealed.ts";
import type { FlashRegion } from "./ports.ts";
import {
  decodeEntry,
  decodeHeader,
  type Entry,
  encodeEntry,
  encodeHeader,
  generationOf,
  HEADER_BYTES,
  isFilled,
  RECORD_BYTES,
  RECORDS_PER_SECTOR,
  type SectorHeader,
  UINT48_MAX,
} from "./record.ts";

/** What the key-value store has of the log: its id, or that it is lost. */
const KEY = "witness";
const LOST = 0;
/** Sectors of the ring that may be behind with copying: each cut while copying costs a place. */
const SPARE = 3;
/** Fewer could not hold WITNESS_AUTHORS_MAX records beside the spare ones. */
const SECTORS_MIN = 16;
/** Rows of the table in memory at first; it doubles as authors come. */
const ROWS_FIRST = 32;
/** Records that are read at once: 1 KB. */
const READ_RECORDS = 14;
/** Places that are tried for one record before the flash counts as broken. */
const TRIES = 3;

/** `fresh`: the first log of this node. `kept`: it was found whole. `lost`: there was one, and it is gone. */
export type LogState = "fresh" | "kept" | "lost";

export interface LogPorts {
  region: FlashRegion;
  store: KeyValueStore;
  entropy: Entropy;
}

export class WitnessLog {
  readonly state: LogState;
  private readonly region: FlashRegion;
  private readonly store: KeyValueStore;
  private readonly sectors: number;
  /** Per author: the first 32 bits of its id, and the place of its record. */
  private prefixes = new Uint32Array(ROWS_FIRST);
  private places = new Uint16Array(ROWS_FIRST);
  private count = 0;
  private id = 0;
  private generation = 0;
  private bornLost = false;
  /** Next free place of the sector that is written. */
  private next = 0;
  private brokenNow = false;
  /** Author of the record that says until when nothing is signed. */
  private readonly nobody = new Uint8Array(NODE_ID_BYTES);

  constructor({ region, store, entropy }: LogPorts) {
    this.region = region;
    this.store = store;
    this.sectors = Math.min(region.sectors, WITNESS_SECTORS_MAX);
    assert(
      region.sectorBytes >= HEADER_BYTES + RECORDS_PER_SECTOR * RECORD_BYTES &&
        this.sectors >= SECTORS_MIN,
      "WITNESS_REGION",
      `${region.sectors} × ${region.sectorBytes}`,
    );
    const known = store.get(KEY);
    const marker = known && markerOf(known);
    if (marker !== LOST && this.mount() && this.isOurs(known, marker)) {
      if (marker === undefined) this.mark(this.id);
      this.state = this.bornLost && !this.abstains ? "lost" : this.count > 0 ? "kept" : "fresh";
      this.copyLive();
      return;
    }
    this.state = known === undefined ? "fresh" : "lost";
    this.format(entropy, this.state === "lost");
  }

  /** The flash does not take records any more, or has lost one: nothing may be signed. */
  get broken(): boolean {
    return this.brokenNow;
  }

  /** Authors that have a record. */
  get authors(): number {
    return this.count;
  }

  /** After a loss: the last epoch in which nothing is signed, once it is known. */
  get abstains(): number | undefined {
    return this.last(this.nobody)?.seq;
  }

  /** Notes that, before the first record after a loss. False: the flash did not take it. */
  abstain(throughEpoch: number): boolean {
    const { nobody } = this;
    // With this time it is never the oldest.
    const tMs = UINT48_MAX;
    return this.put({ from: nobody, seq: throughEpoch, tick: 0, tMs, txid: new Uint8Array(32) }, 0);
  }

  /** The last that was signed for `from`. */
  last(from: Uint8Array): Entry | undefined {
    const row = this.rowOf(from);
    return row < 0 ? undefined : this.entryAt(this.places[row]);
  }

  /**
   * Replaces the author's record; durable when it returns true. Room for a new author is made by forgetting one
   * whose body nobody takes any more: it was signed before `staleBeforeMs`.
   */
  put(entry: Entry, staleBeforeMs: number): boolean {
    const row = this.rowOf(entry.from);
    if (this.brokenNow) return false;
    if (row < 0 && this.count === WITNESS_AUTHORS_MAX && !this.forget(staleBeforeMs)) return false;
    const place = this.append(entry);
    if (place < 0 || this.brokenNow) return false;
    this.setRow(row, entry.from, place);
    return true;
  }

  /** Finds the records; false where there is no log, or not all of one. */
  private mount(): boolean {
    const headers: (SectorHeader | undefined)[] = [];
    let latest: SectorHeader | undefined;
    for (let sector = 0; sector < this.sectors; sector++) {
      const header = decodeHeader(this.region.read(sector * this.region.sectorBytes, HEADER_BYTES));
      const here = header?.sectors === this.sectors && header.generation % this.sectors === sector;
      headers.push(here ? header : undefined);
      if (here && header.generation > (latest?.generation ?? 0)) latest = header;
    }
    if (!latest) return false;
    this.id = latest.id;
    this.generation = latest.generation;
    this.bornLost = latest.lost;
    const { generation, sectors } = this;
    for (let g = generation; g > Math.max(0, generation - sectors); g--) {
      const header = headers[g % sectors];
      const needed = g > generation - sectors + SPARE;
      if (header?.generation === g && header.id === this.id) {
        if (!this.load(g, needed)) return false;
      } else if (needed) return false;
    }
    const following = (generation + 1) % sectors;
    return headers[following] !== undefined || !this.wasBegun(following);
  }

  /**
   * Takes the records of generation `g` of authors that later ones have not, and only of those checks the CRC:
   * of a full log that is one in twenty. False where one is spoilt that no cut explains.
   */
  private load(g: number, needed: boolean): boolean {
    const first = (g % this.sectors) * RECORDS_PER_SECTOR;
    const last = g === this.generation;
    let spoilt = -1;
    let next = 0;
    this.scan(g % this.sectors, (slot, bytes) => {
      if (next === 0 && isFilled(bytes, 0xff)) return;
      if (next === 0) next = slot + 1;
      if (isFilled(bytes, 0) || this.rowOf(bytes.subarray(0, NODE_ID_BYTES)) >= 0) return;
      if (generationOf(bytes) === (g & 0xffff)) this.learn(bytes, first + slot);
      else spoilt = slot;
    });
    if (last) this.next = next;
    if (spoilt < 0 || !needed) return true;
    if (!last || spoilt !== next - 1) return false;
    this.discard(spoilt); // the write that was cut off; its token never left
    return true;
  }

  private learn(bytes: Uint8Array, place: number): void {
    const { from, tMs } = decodeEntry(bytes);
    // Those that were forgotten are found again: of all, the oldest were.
    if (this.count === WITNESS_AUTHORS_MAX && !this.forget(tMs)) return;
    this.setRow(-1, from, place);
  }

  /** Whether a sector without a header holds records of the generation that would be the next. */
  private wasBegun(sector: number): boolean {
    let begun = false;
    this.scan(sector, (_, bytes) => {
      if (isFilled(bytes, 0xff)) return;
      if (generationOf(bytes) === ((this.generation + 1) & 0xffff)) begun = true;
    });
    return begun;
  }

  /** All places of a sector, the last one first. */
  private scan(sector: number, see: (slot: number, bytes: Uint8Array) => void): void {
    const start = sector * this.region.sectorBytes + HEADER_BYTES;
    for (let end = RECORDS_PER_SECTOR; end > 0; end -= READ_RECORDS) {
      const first = end - READ_RECORDS;
      const many = this.region.read(start + first * RECORD_BYTES, READ_RECORDS * RECORD_BYTES);
      for (let i = READ_RECORDS - 1; i >= 0; i--)
        see(first + i, many.subarray(i * RECORD_BYTES, (i + 1) * RECORD_BYTES));
    }
  }

  /** A log without records. What was lost is remembered before anything of it is erased. */
  private format(entropy: Entropy, lost: boolean): void {
    if (lost) this.mark(LOST);
    this.count = 0;
    this.bornLost = lost;
    this.id = 1 + (new DataView(entropy.bytes(4).slice().buffer).getUint32(0) >>> 1);
    for (let sector = 0; sector < this.sectors; sector++)
      if (!this.region.erase(sector)) this.brokenNow = true;
    this.generation = 0;
    if (this.begin()) this.mark(this.id);
  }

  /** A marker that is torn counts for an empty log only: nothing can have been signed with it. */
  private isOurs(known: Uint8Array | undefined, marker: number | undefined): boolean {
    if (known && marker === undefined) return this.count === 0 && !this.bornLost;
    return marker === undefined || marker === this.id;
  }

  private mark(id: number): void {
    const bytes = new Uint8Array(4);
    new DataView(bytes.buffer).setUint32(0, id);
    this.store.set(KEY, sealed(bytes));
  }

  /** Begins the next sector. */
  private begin(): boolean {
    const { region, sectors } = this;
    const generation = this.generation + 1;
    const sector = generation % sectors;
    // With cuts in a row, at the right moments, it is not empty: then there is no log any more.
    if (this.brokenNow || this.holdsLive(sector)) return this.lose();
    const header = encodeHeader({ id: this.id, generation, sectors, lost: this.bornLost });
    const at = sector * region.sectorBytes;
    if (!region.erase(sector) || !region.write(at, header)) return this.lose();
    if (!bytesEqual(region.read(at, HEADER_BYTES), header)) return this.lose();
    this.generation = generation;
    this.next = 0;
    return true;
  }

  private lose(): false {
    this.mark(LOST);
    this.brokenNow = true;
    return false;
  }

  private holdsLive(sector: number): boolean {
    for (let row = 0; row < this.count; row++)
      if (Math.floor(this.places[row] / RECORDS_PER_SECTOR) === sector) return true;
    return false;
  }

  /** Moves what is live in the sectors that come next, as far as there is room. */
  private copyLive(): void {
    for (let ahead = 1; ahead <= SPARE && this.generation + ahead > this.sectors; ahead++) {
      const sector = (this.generation + ahead) % this.sectors;
      for (let row = 0; row < this.count; row++) {
        if (Math.floor(this.places[row] / RECORDS_PER_SECTOR) !== sector) continue;
        if (this.next === RECORDS_PER_SECTOR) return;
        const entry = this.entryAt(this.places[row]);
        const place = entry ? this.write(entry) : -1;
        if (place < 0) return;
        this.places[row] = place;
      }
    }
  }

  /** The place of a new record, or −1. */
  private append(entry: Entry): number {
    for (let tries = 0; tries < TRIES; tries++) {
      for (let begun = 0; this.next === RECORDS_PER_SECTOR; begun++) {
        if (begun === this.sectors || !this.begin()) return -1;
        this.copyLive();
      }
      const place = this.write(entry);
      if (place >= 0) return place;
    }
    this.lose();
    return -1;
  }

  /** Writes into the next place and reads it back; −1 where it is not what was written. */
  private write(entry: Entry): number {
    const slot = this.next++;
    const place = (this.generation % this.sectors) * RECORDS_PER_SECTOR + slot;
    const bytes = encodeEntry(entry, this.generation);
    const written = this.region.write(this.offsetOf(place), bytes);
    if (written && bytesEqual(this.region.read(this.offsetOf(place), RECORD_BYTES), bytes))
      return place;
    this.discard(slot);
    return -1;
  }

  private discard(slot: number): void {
    const place = (this.generation % this.sectors) * RECORDS_PER_SECTOR + slot;
    this.region.write(this.offsetOf(place), new Uint8Array(RECORD_BYTES));
  }

  private offsetOf(place: number): number {
    const slot = place % RECORDS_PER_SECTOR;
    const sector = (place - slot) / RECORDS_PER_SECTOR;
    return sector * this.region.sectorBytes + HEADER_BYTES + slot * RECORD_BYTES;
  }

  private entryAt(place: number): Entry | undefined {
    const bytes = this.region.read(this.offsetOf(place), RECORD_BYTES);
    if (generationOf(bytes) >= 0) return decodeEntry(bytes);
    this.lose();
    return undefined;
  }

  private rowOf(from: Uint8Array): number {
    const { prefixes, places, count, region } = this;
    const prefix = prefixOf(from);
    for (let row = 0; row < count; row++) {
      if (prefixes[row] !== prefix) continue;
      if (bytesEqual(region.read(this.offsetOf(places[row]), NODE_ID_BYTES), from)) return row;
    }
    return -1;
  }

  private setRow(row: number, from: Uint8Array, place: number): void {
    if (row < 0 && this.count === this.places.length) this.grow();
    const at = row < 0 ? this.count++ : row;
    this.prefixes[at] = prefixOf(from);
    this.places[at] = place;
  }

  private grow(): void {
    const { prefixes, places } = this;
    this.prefixes = new Uint32Array(2 * places.length);
    this.prefixes.set(prefixes);
    this.places = new Uint16Array(2 * places.length);
    this.places.set(places);
  }

  /** Drops the author whose record is the oldest, if it is older than `beforeMs`. */
  private forget(beforeMs: number): boolean {
    let oldest = -1;
    let oldestMs = beforeMs;
    for (let row = 0; row < this.count; row++) {
      const entry = this.entryAt(this.places[row]);
      if (!entry || entry.tMs >= oldestMs) continue;
      oldest = row;
      oldestMs = entry.tMs;
    }
    if (oldest < 0) return false;
    this.count--;
    this.prefixes[oldest] = this.prefixes[this.count];
    this.places[oldest] = this.places[this.count];
    return true;
  }
}

function prefixOf(from: Uint8Array): number {
  return new DataView(from.buffer, from.byteOffset, 4).getUint32(0);
}

/** What the key-value store says; undefined where it is torn. */
function markerOf(known: Uint8Array): number | undefined {
  const body = unsealed(known);
  return body && new DataView(body.buffer, body.byteOffset, 4).getUint32(0);
}
