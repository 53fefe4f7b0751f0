// SPDX-License-Identifier: Apache-2.0
/**
 * Where households come from: a world is a table of integer energy by home and slot, with prices.
 * It has no clock and no state; the same options always give the same world.
 */

export interface Home {
  /** Unique in its world; copies of a home are named `Building_1#2`. */
  name: string;
  /** Largest energy through the connection in one slot, either way, Wh (main fuse); the data fit in it. */
  capacityWh: number;
}

/** A vehicle's absence: slots count from the world's first. */
export interface Trip {
  /** It leaves at the start of this slot, and should have `needWh` then. */
  departSlot: number;
  returnSlot: number;
  needWh: number;
  usedWh: number;
}

/** A battery that a node of the world commands: a vehicle's, or one that stays. Power is at the meter. */
export interface BatterySpec {
  /** Home whose connection it uses, a charging station's; undefined: its own. */
  station?: number;
  capacityWh: number;
  reserveWh: number;
  startWh: number;
  chargeW: number;
  dischargeW: number;
  efficiencyPermille: number;
  bidMicro: number;
  offerMicro: number;
  /** In order of time; none for a battery that stays. */
  trips: readonly Trip[];
}

/** Cumulative registers of a home's meter, in mWh since the world's start. */
export interface Counters {
  importMwh: bigint;
  exportMwh: bigint;
}

export interface World {
  readonly name: string;
  readonly homes: readonly Home[];
  readonly slotSeconds: number;
  readonly slots: number;
  /**
   * Start of slot 0 in ms since 1970, for labels. Data with a time zone give UTC; data without one
   * (CityLearn, synthetic) give their local standard time written as if it were UTC, so that noon
   * reads as 12:00.
   */
  readonly startMs: number;
  /** Gross load in a slot, integer Wh, not negative. */
  loadWh(home: number, slot: number): number;
  /** Generation in a slot, integer Wh, not negative. */
  generationWh(home: number, slot: number): number;
  /** Load − generation in a slot, integer Wh: positive is bought, negative is surplus. */
  netWh(home: number, slot: number): number;
  /** Retail price in a slot, integer micro-coins per kWh. */
  retailMicroPerKwh(slot: number): number;
  /** Price that the grid pays for surplus, integer micro-coins per kWh. */
  readonly feedInMicroPerKwh: number;
  /**
   * The meter chip's counters at `atMs` (integer ms since the start of slot 0): linear within a
   * slot (rounded down to mWh), exact at slot ends, constant after the last slot.
   */
  counters(home: number, atMs: number): Counters;
  /** Its battery, whose energy comes on top of all the above; undefined where it has none. */
  battery(home: number): BatterySpec | undefined;
}

/** 0.08 coins a kWh. */
export const FEED_IN_MICRO_PER_KWH = 80_000;
/** 0.30 coins a kWh, where the data have no retail price. */
export const RETAIL_MICRO_PER_KWH = 300_000;
/** No home moves more in a slot; keeps every slot in 32 bits and every sum far below 2^53. */
export const MAX_SLOT_WH = 1_000_000_000;
