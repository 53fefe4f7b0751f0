// SPDX-License-Identifier: Apache-2.0
/**
 * Target 4: an open loop at 1500 trades a second, from publish to receipt. Medians of the segments' percentiles;
 * the first is for warming up. Each member speaks in its turn, further apart than Δ.
 */
import { loadavg } from "node:os";
import type { RunResult } from "./load/messages.ts";
import { Rig } from "./load/rig.ts";
import { judged, median, progress, type Target } from "./target.ts";

const PER_SECOND = 1500;
const P50_MAX = 2;
const P99_MAX = 10;
const SLOT_SECONDS = 1200;

export interface LatencyOptions {
  members: number;
  segments: number;
  seconds: number;
}

export const FULL_LATENCY: LatencyOptions = { members: 1024, segments: 3, seconds: 3 };
export const QUICK_LATENCY: LatencyOptions = { members: 256, segments: 1, seconds: 1 };

export async function latency(options: LatencyOptions): Promise<Target[]> {
  const targets: Target[] = [];
  for (const proofOfTime of [true, false]) {
    const runs = await measure(proofOfTime, options);
    const p50 = median(runs.map((run) => run.p50));
    const p99 = median(runs.map((run) => run.p99));
    const refused = runs.reduce((sum, run) => sum + run.refused, 0);
    const late = median(runs.map((run) => run.latenessP99)).toFixed(1);
    targets.push({
      target: proofOfTime ? "4" : "4b",
      what: `${PER_SECOND} trades/s, publish to receipt, ${proofOfTime ? "m = 5 tokens" : "no tokens"}`,
      required: `p50 ≤ ${P50_MAX} ms, p99 ≤ ${P99_MAX} ms`,
      measured: `${p50.toFixed(1)} and ${p99.toFixed(1)} ms`,
      result: judged(p50 <= P50_MAX && p99 <= P99_MAX && refused === 0),
      note:
        `for an idle machine; the load was ${loadavg()[0].toFixed(1)} at the end, ` +
        `the generator itself was up to ${late} ms late (p99)` +
        (refused > 0 ? `, and ${refused} overtook their parents` : ""),
    });
  }
  return targets;
}

async function measure(proofOfTime: boolean, options: LatencyOptions): Promise<RunResult[]> {
  const { members, segments, seconds } = options;
  const rig = await Rig.start({ members, proofOfTime, slotSeconds: SLOT_SECONDS });
  const runs: RunResult[] = [];
  try {
    for (let i = 0; i <= segments; i++) {
      await rig.sign(PER_SECOND * seconds, PER_SECOND);
      const before = await rig.usage();
      const run = await rig.run({ perSecond: PER_SECOND });
      const after = await rig.usage();
      const cpu = (after.cpuUs - before.cpuUs) / (10_000 * seconds);
      const figures = `p50 ${run.p50.toFixed(1)} ms, p99 ${run.p99.toFixed(1)} ms, ${cpu.toFixed(0)} % processor`;
      progress(
        `${proofOfTime ? "with" : "without"} tokens: ${figures}${i === 0 ? " (warming up)" : ""}`,
      );
      if (i > 0) runs.push(run);
    }
  } finally {
    await rig.stop();
  }
  return runs;
}
