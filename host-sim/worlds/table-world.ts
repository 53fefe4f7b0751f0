// SPDX-License-Identifier: Apache-2.0
/**
 * A world over tables of slots; the readers, the synthetic model and the window all make one of
 * these.
 */
import { assert } from "#core/errors/assert";
import type { BatterySpec, Counters, Home, World } from "./types.ts";

/**
 * What a table world is made from. Slots of `load` and `generation` are integer Wh, not negative.
 */
export interface Table {
  name: string;
  homes: readonly Home[];
  slotSeconds: number;
  slots: number;
  startMs: number;
  feedInMicroPerKwh: number;
  load(home: number, slot: number): number;
  generation(home: number, slot: number): number;
  retail(slot: number): number;
  /** Default: no home has one. */
  battery?(home: number): BatterySpec | undefined;
}

/**
 * Registers are kept at every 64th slot: a look-up adds at most 63 slots, and a year of 300 homes
 * is small.
 */
const STRIDE = 64;

interface Checkpoints {
  importWh: Float64Array;
  exportWh: Float64Array;
}

export class TableWorld implements World {
  readonly name: string;
  readonly homes: readonly Home[];
  readonly slotSeconds: number;
  readonly slots: number;
  readonly startMs: number;
  readonly feedInMicroPerKwh: number;
  readonly #table: Table;
  readonly #checkpoints: (Checkpoints | undefined)[];

  constructor(table: Table) {
    assert(table.homes.length > 0, "world-without-homes");
    assert(Number.isSafeInteger(table.slots) && table.slots > 0, "world-without-slots");
    assert(Number.isSafeInteger(table.slotSeconds) && table.slotSeconds > 0, "world-slot-length");
    this.#table = table;
    this.name = table.name;
    this.homes = Object.freeze(table.homes.map((home) => Object.freeze({ ...home })));
    this.slotSeconds = table.slotSeconds;
    this.slots = table.slots;
    this.startMs = table.startMs;
    this.feedInMicroPerKwh = table.feedInMicroPerKwh;
    this.#checkpoints = new Array(table.homes.length);
  }

  loadWh(home: number, slot: number): number {
    this.#check(home, slot);
    return this.#table.load(home, slot);
  }

  generationWh(home: number, slot: number): number {
    this.#check(home, slot);
    return this.#table.generation(home, slot);
  }

  netWh(home: number, slot: number): number {
    return this.loadWh(home, slot) - this.#table.generation(home, slot);
  }

  retailMicroPerKwh(slot: number): number {
    this.#check(0, slot);
    return this.#table.retail(slot);
  }

  battery(home: number): BatterySpec | undefined {
    return this.#table.battery?.(home);
  }

  counters(home: number, atMs: number): Counters {
    assert(Number.isSafeInteger(atMs) && atMs >= 0, "world-time", `atMs is ${atMs}`);
    this.#check(home, 0);
    const slotMs = this.slotSeconds * 1000;
    const slot = Math.min(Math.floor(atMs / slotMs), this.slots);
    const { importWh, exportWh } = this.#registersAt(home, slot);
    const counters = { importMwh: BigInt(importWh) * 1000n, exportMwh: BigInt(exportWh) * 1000n };
    const elapsedMs = atMs - slot * slotMs;
    if (slot === this.slots || elapsedMs === 0) return counters;
    const net = this.netWh(home, slot);
    const partMwh = (BigInt(Math.abs(net)) * 1000n * BigInt(elapsedMs)) / BigInt(slotMs);
    if (net > 0) counters.importMwh += partMwh;
    else counters.exportMwh += partMwh;
    return counters;
  }

  /** Whole-slot registers at the start of `slot` (0 … slots), in Wh. */
  #registersAt(home: number, slot: number): { importWh: number; exportWh: number } {
    const checkpoints = (this.#checkpoints[home] ??= this.#sumUp(home));
    const from = Math.floor(slot / STRIDE);
    let importWh = checkpoints.importWh[from]!;
    let exportWh = checkpoints.exportWh[from]!;
    for (let s = from * STRIDE; s < slot; s += 1) {
      const net = this.netWh(home, s);
      if (net > 0) importWh += net;
      else exportWh -= net;
    }
    return { importWh, exportWh };
  }

  #sumUp(home: number): Checkpoints {
    const count = Math.floor(this.slots / STRIDE) + 1;
    const sums = { importWh: new Float64Array(count), exportWh: new Float64Array(count) };
    let importWh = 0;
    let exportWh = 0;
    for (let slot = 0; slot < this.slots; slot += 1) {
      const net = this.netWh(home, slot);
      if (net > 0) importWh += net;
      else exportWh -= net;
      if ((slot + 1) % STRIDE === 0) {
        sums.importWh[(slot + 1) / STRIDE] = importWh;
        sums.exportWh[(slot + 1) / STRIDE] = exportWh;
      }
    }
    // Doubles hold these sums exactly, and this is where that is checked.
    assert(Number.isSafeInteger(importWh) && Number.isSafeInteger(exportWh), "world-sum");
    return sums;
  }

  #check(home: number, slot: number): void {
    assert(Number.isInteger(home) && home >= 0 && home < this.homes.length, "world-home");
    assert(Number.isInteger(slot) && slot >= 0 && slot < this.slots, "world-slot");
  }
}

/** Standard main fuses in amperes (IEC 60269 ratings), taken at 230 V and one phase. */
const FUSE_AMPERES = [16, 20, 25, 32, 40, 50, 63, 80, 100, 125, 160, 200, 250, 315, 400] as const;
const FUSE_VOLTS = 230;

/**
 * A home's capacity where the data name none: the smallest standard fuse that carries its largest
 * flow, in or out.
 * @param largestFlowWh the largest net flow in one slot, Wh
 * @returns Wh in one slot, rounded down; the largest flow itself where no fuse is big enough
 */
export function fuseCapacityWh(largestFlowWh: number, slotSeconds: number): number {
  for (const amperes of FUSE_AMPERES) {
    const slotWh = Math.floor((amperes * FUSE_VOLTS * slotSeconds) / 3600);
    if (slotWh >= largestFlowWh) return slotWh;
  }
  return largestFlowWh;
}

/** The largest net flow of one home through its connection, either way, Wh in a slot. */
export function largestFlowWh(load: ArrayLike<number>, generation: ArrayLike<number>): number {
  let largest = 0;
  for (let slot = 0; slot < load.length; slot += 1) {
    largest = Math.max(largest, Math.abs(load[slot]! - generation[slot]!));
  }
  return largest;
}
