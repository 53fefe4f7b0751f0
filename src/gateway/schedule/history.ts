// SPDX-License-Identifier: Apache-2.0
/**
 * What the area's members without batteries had left and were short of in past slots: the best guess for the
 * same slots of the days to come.
 */
import { SCHEDULE_HISTORY_SLOTS } from "#core/limits";

/** Days whose same slots are averaged. */
const DAYS = 3;

export interface SlotNet {
  surplusWh: number;
  demandWh: number;
}

export class MarketHistory {
  private readonly nets = new Map<number, SlotNet>();
  private latest: SlotNet = { surplusWh: 0, demandWh: 0 };

  /** Slots come in order. */
  add(slot: number, net: SlotNet): void {
    this.latest = net;
    this.nets.set(slot, net);
    this.nets.delete(slot - SCHEDULE_HISTORY_SLOTS);
  }

  /** What to expect of `slot`: the mean of the same slot of days before, rounded down, or the latest slot. */
  expect(slot: number, slotsPerDay: number): SlotNet {
    const sum = { surplusWh: 0, demandWh: 0 };
    let days = 0;
    for (let day = 1; day <= DAYS + 1 && days < DAYS; day++) {
      const net = this.nets.get(slot - day * slotsPerDay);
      if (!net) continue;
      sum.surplusWh += net.surplusWh;
      sum.demandWh += net.demandWh;
      days++;
    }
    if (days === 0) return this.latest;
    return {
      surplusWh: Math.floor(sum.surplusWh / days),
      demandWh: Math.floor(sum.demandWh / days),
    };
  }
}
