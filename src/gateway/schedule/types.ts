// SPDX-License-Identifier: Apache-2.0
/** What a schedule is made of. Power is at the meter, W; slots count from the schedule's first. */
import type { Plan } from "#core/records/plan";

export interface Battery {
  plan: Plan;
  /** Index of its connection in `limitsW`: a station's, or its own. */
  station: number;
}

/** What is known or expected of the coming slots. */
export interface Outlook {
  /** Number of the first slot. */
  first: number;
  slots: number;
  slotSeconds: number;
  /** Price of the grid's energy by slot, and what the grid pays, µc/kWh. */
  retailMicro: readonly number[];
  feedInMicro: number;
  /** Expected of the members without batteries: what they have left, and what they are short of. */
  surplusW: readonly number[];
  demandW: readonly number[];
}

/** Power of each battery in each slot: positive charges, negative discharges. */
export type Schedule = readonly Int32Array[];
