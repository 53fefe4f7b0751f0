// SPDX-License-Identifier: Apache-2.0
/**
 * A small steady difference, which no single stretch shows: what lies beyond the likely bounds is
 * added up, each way (CUSUM, E. S. Page 1954), and alarms where it is more than days of allowance.
 * Meters are out the same way all the time, so the bounds allow for that, and a lie within them is
 * not found here.
 */
import type { Balance } from "./bound.ts";
import { ALARM_DAYS } from "./terms.ts";

export class Drift {
  /** Energy beyond the bounds since they were last kept, mWh: missing from members, and too much. */
  missingMwh = 0n;
  surplusMwh = 0n;
  /** Where it alarms. */
  limitMwh = 0n;
  missing = false;
  surplus = false;
  private readonly slotsPerDay: bigint;
  private allowedMwh = 0n;
  private slots = 0n;

  constructor(slotsPerDay: number) {
    this.slotsPerDay = BigInt(slotsPerDay);
  }

  add(balance: Balance, slots: number): void {
    const { residualMwh, likelyLowMwh, likelyHighMwh, slackMwh } = balance;
    this.slots += BigInt(slots);
    this.allowedMwh += likelyHighMwh;
    const dayMwh = (this.allowedMwh * this.slotsPerDay) / this.slots;
    this.limitMwh = slackMwh + ALARM_DAYS * dayMwh;
    this.missingMwh = this.kept(this.missingMwh + residualMwh - likelyHighMwh);
    this.surplusMwh = this.kept(this.surplusMwh + likelyLowMwh - residualMwh);
    this.missing = raised(this.missing, this.missingMwh, this.limitMwh);
    this.surplus = raised(this.surplus, this.surplusMwh, this.limitMwh);
  }

  /** Not below zero, and not so high that the alarm would outlast its cause by long. */
  private kept(mwh: bigint): bigint {
    const mostMwh = 2n * this.limitMwh;
    return mwh < 0n ? 0n : mwh > mostMwh ? mostMwh : mwh;
  }
}

/** An alarm lasts until all that raised it is gone. */
function raised(before: boolean, mwh: bigint, limitMwh: bigint): boolean {
  return mwh > limitMwh || (before && mwh > 0n);
}
