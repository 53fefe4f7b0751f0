// SPDX-License-Identifier: Apache-2.0
/**
 * From what the chip's energy registers had in them, each time they were cleared, to counters that only rise.
 */
import type { Channel, Input } from "./config.ts";
import { COUNTS_PER_S_MAX, ENERGY_MAX } from "./registers.ts";

interface ChannelCounters {
  channel: Channel;
  /** Never go back. */
  imported: bigint;
  exported: bigint;
  /** Most counts in a second of what the board can carry. */
  perSecondMax: number;
  /** When the register was cleared last; undefined: what is in it is not ours. */
  clearedMs: number | undefined;
}

/** Time that one poll may lie behind its clock, ms. */
const JITTER_MS = 100;

export class EnergyCounters {
  private readonly channels: readonly ChannelCounters[];

  /** `powerMaxMw`: the largest power of a channel; without, the chip's own limit. */
  constructor(channels: readonly Channel[], powerMaxMw: number | undefined) {
    this.channels = channels.map((channel) => ({
      channel,
      imported: 0n,
      exported: 0n,
      perSecondMax: perSecondMax(channel, powerMaxMw),
      clearedMs: undefined,
    }));
  }

  /** Import and export of each channel, in the order of countersOf. */
  get counts(): bigint[] {
    return this.channels.flatMap(({ imported, exported }) => [imported, exported]);
  }

  /** What is in the registers from now on is not ours; they count after they were cleared. */
  begin(): void {
    for (const counters of this.channels) counters.clearedMs = undefined;
  }

  /** The register of `input` was cleared, and what was in it is not ours. */
  skip(input: Input, nowMs: number): void {
    for (const counters of this.channels)
      if (counters.channel.input === input) counters.clearedMs = nowMs;
  }

  /**
   * The register of `input` was cleared at `nowMs` and had `counts` in it. Returns why they are not counted,
   * or undefined.
   */
  add(input: Input, counts: number, nowMs: number): string | undefined {
    const counters = this.channels.find(({ channel }) => channel.input === input);
    if (!counters) return undefined;
    const { clearedMs, perSecondMax: most, channel } = counters;
    counters.clearedMs = nowMs;
    if (clearedMs === undefined) return undefined;
    const elapsedMs = nowMs - clearedMs;
    const max = Math.ceil(((elapsedMs + JITTER_MS) * most) / 1000);
    if (max > ENERGY_MAX) return `energy ${input}: ${elapsedMs} ms, the register may be full`;
    if (Math.abs(counts) > max) return `energy ${input}: ${counts} counts in ${elapsedMs} ms`;
    const signed = channel.sign * counts;
    if (signed > 0) counters.imported += BigInt(signed);
    else counters.exported -= BigInt(signed);
    return undefined;
  }
}

/** mW·s are 1/3600 mWh. */
function perSecondMax({ energy }: Channel, powerMaxMw: number | undefined): number {
  if (powerMaxMw === undefined) return COUNTS_PER_S_MAX;
  const most = BigInt(powerMaxMw) * BigInt(energy.perCounts);
  const perSecond = Number(most / (3600n * BigInt(energy.mwh))) + 1;
  return Math.min(COUNTS_PER_S_MAX, perSecond);
}
