// SPDX-License-Identifier: Apache-2.0
/**
 * What stands in for the checksum that telegrams of DSMR 2 and 3 do not have. A telegram counts once it lies
 * between two neighbours: no register is lower than in the telegram before it or higher than in the one
 * after it, and no step is larger than the connection can carry in that time. A single wrong digit, up or
 * down, breaks one of the two, so that only a value between true ones gets through. The price is that a
 * sample comes one telegram late (10 s), with the time at which its own telegram was there.
 */
import type { CounterSpec, EnergySample } from "../types.ts";

const MS_PER_HOUR = 3_600_000n;

export class Agreement {
  private readonly powerMaxMw: bigint;
  private before: { sample: EnergySample; confirmed: boolean } | undefined;

  constructor(powerMaxW: number) {
    this.powerMaxMw = BigInt(powerMaxW) * 1000n;
  }

  /** The next telegram does not follow the last one. */
  interrupt(): void {
    this.before = undefined;
  }

  /** `agreed`: the sample before this one, where both its neighbours confirm it. */
  take(
    sample: EnergySample,
    counters: readonly CounterSpec[],
  ): { agreed?: EnergySample; fault?: string } {
    const { before } = this;
    const fault = before && this.disagreement(before.sample, sample, counters);
    this.before = { sample, confirmed: before !== undefined && fault === undefined };
    if (fault !== undefined) return { fault };
    return before?.confirmed ? { agreed: before.sample } : {};
  }

  /** Why `later` cannot follow `earlier`. */
  private disagreement(
    earlier: EnergySample,
    later: EnergySample,
    counters: readonly CounterSpec[],
  ): string | undefined {
    const elapsedMs = BigInt(Math.max(0, Math.ceil(later.uptimeMs - earlier.uptimeMs)));
    const flowMwh = (this.powerMaxMw * elapsedMs) / MS_PER_HOUR;
    for (let i = 0; i < counters.length; i++) {
      const { name, mwh } = counters[i];
      const stepMwh = (later.counts[i] - earlier.counts[i]) * mwh;
      if (stepMwh < 0n) return `${name} went back by ${-stepMwh} mWh`;
      // Both ends are cut off to whole counts, which makes a step up to one larger.
      if (stepMwh > flowMwh + mwh) return `${name} went on by ${stepMwh} mWh in ${elapsedMs} ms`;
    }
    return undefined;
  }
}
