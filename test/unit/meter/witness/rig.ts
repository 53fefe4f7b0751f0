// SPDX-License-Identifier: Apache-2.0
/** A witness log on a board that can lose its power at any step. */
import { type CutMode, Power, PowerCut } from "#host-sim/flash/power";
import { SimRegion } from "#host-sim/flash/region";
import { poweredStore } from "#host-sim/flash/store";
import { WitnessLog } from "#meter/witness/log";
import type { Entry } from "#meter/witness/record";

export class LogBoard {
  readonly power: Power;
  readonly region: SimRegion;
  readonly entries = new Map<string, Uint8Array>();
  private draws: number;

  constructor(sectors = 16, seed = 1) {
    this.power = new Power([], seed);
    this.region = new SimRegion(sectors, this.power);
    this.draws = seed;
  }

  /** Power-up. */
  start(): WitnessLog {
    return new WitnessLog({
      region: this.region,
      store: poweredStore(this.entries, this.power),
      entropy: { bytes: (length) => new Uint8Array(length).fill(++this.draws) },
    });
  }

  /** A board of its own with the same flash. */
  clone(seed = 1): LogBoard {
    const other = new LogBoard(this.region.sectors, seed);
    other.region.flash.cells.set(this.region.flash.cells);
    for (const [key, value] of this.entries) other.entries.set(key, value.slice());
    return other;
  }

  /** Whether `what` was cut at its step `step`, counted from now. */
  cut(step: number, mode: CutMode, what: () => void): boolean {
    this.power.cuts.splice(0, this.power.cuts.length, { step: this.power.steps + step, mode });
    try {
      what();
      this.power.cuts.length = 0;
      return false;
    } catch (error) {
      if (!(error instanceof PowerCut)) throw error;
      return true;
    }
  }
}

export function entryOf(author: number, seq: number): Entry {
  const from = new Uint8Array(16).fill(author + 1);
  // Two authors with the same first 32 bits, now and then.
  if (author % 5 === 0) from.fill(7, 0, 4);
  const txid = new Uint8Array(32).fill(seq);
  txid[0] = author;
  return { from, seq, tick: seq * 2, tMs: 1_000_000_000_000 + seq, txid };
}
