// SPDX-License-Identifier: Apache-2.0
/** Where a battery's energy goes under a schedule, and how much room it leaves. */
import type { Plan } from "#core/records/plan";
import {
  drawnMwh,
  powerThatFitsW,
  powerToDrawW,
  powerToStoreW,
  storedMwh,
} from "#core/units/battery";

export class Course {
  readonly plan: Plan;
  /** Slots until it leaves, or all. */
  readonly slots: number;
  /** Power by slot, W; negative discharges. */
  readonly powerW: Int32Array;
  /** Energy at the start of each slot, and after the last, mWh. */
  private readonly stateMwh: Float64Array;
  private readonly seconds: number;
  /** What has to be in it at the end, mWh. */
  readonly endMwh: number;

  constructor(plan: Plan, first: number, slots: number, seconds: number) {
    const staysSlots = plan.departSlot === 0 ? slots : plan.departSlot - first;
    this.plan = plan;
    this.seconds = seconds;
    this.slots = Math.min(slots, Math.max(0, staysSlots));
    this.powerW = new Int32Array(slots);
    this.stateMwh = new Float64Array(this.slots + 1);
    // What can still be charged after the last slot that is looked at does not have to be there before.
    const laterMwh =
      (staysSlots - this.slots) * storedMwh(plan.chargeW, seconds, plan.efficiencyPermille);
    const needMwh = plan.departSlot === 0 ? 0 : Math.max(0, plan.needWh * 1000 - laterMwh);
    this.endMwh = Math.max(needMwh, Math.min(plan.reserveWh, plan.stateWh) * 1000);
    this.follow();
  }

  /** Power in one slot that makes up for what is missing at the end, W; spread over slots by the caller. */
  get missingW(): number {
    const missingMwh = this.endMwh - this.stateMwh[this.slots];
    if (missingMwh <= 0) return 0;
    // Each slot rounds down by less than a mWh.
    return powerToStoreW(missingMwh + this.slots, this.seconds, this.plan.efficiencyPermille);
  }

  /** Takes `powerW` as it is now. */
  follow(): void {
    const { efficiencyPermille, stateWh } = this.plan;
    this.stateMwh[0] = stateWh * 1000;
    for (let t = 0; t < this.slots; t++) {
      const power = this.powerW[t];
      const change =
        power >= 0
          ? storedMwh(power, this.seconds, efficiencyPermille)
          : -drawnMwh(-power, this.seconds, efficiencyPermille);
      this.stateMwh[t + 1] = this.stateMwh[t] + change;
    }
  }

  /** Power that could be charged in slot `t` in addition, W. */
  roomW(t: number): number {
    if (t >= this.slots || this.powerW[t] < 0) return 0;
    const { plan, seconds } = this;
    let mostMwh = 0;
    for (let u = t + 1; u <= this.slots; u++) mostMwh = Math.max(mostMwh, this.stateMwh[u]);
    const fits = powerThatFitsW(plan.capacityWh * 1000 - mostMwh, seconds, plan.efficiencyPermille);
    return Math.max(0, Math.min(plan.chargeW - this.powerW[t], fits));
  }

  /** Power that could be fed back in slot `t` in addition, without anything charged for it, W. */
  spareW(t: number): number {
    if (t >= this.slots || this.powerW[t] > 0) return 0;
    const { plan, seconds } = this;
    let leastMwh = this.stateMwh[this.slots] - this.endMwh;
    for (let u = t + 1; u <= this.slots; u++)
      leastMwh = Math.min(leastMwh, this.stateMwh[u] - plan.reserveWh * 1000);
    const draw = powerToDrawW(leastMwh, seconds, plan.efficiencyPermille);
    return Math.max(0, Math.min(plan.dischargeW + this.powerW[t], draw));
  }

  /** Whether the course keeps to its bounds from slot to slot; below the reserve it may only rise. */
  get sound(): boolean {
    const { capacityWh, reserveWh } = this.plan;
    if (this.stateMwh[this.slots] < this.endMwh) return false;
    for (let u = 1; u <= this.slots; u++) {
      const state = this.stateMwh[u];
      if (state > capacityWh * 1000) return false;
      if (state < reserveWh * 1000 && state < this.stateMwh[u - 1]) return false;
    }
    return true;
  }
}
