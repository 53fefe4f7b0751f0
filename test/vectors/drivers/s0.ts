// SPDX-License-Identifier: Apache-2.0
/**
 * Counts of pulses with the samples that they become, and the checks of these and of the pulse filter.
 * Imports nothing of Node, so that the same checks run on the XS engine.
 */
import { PulseFilter } from "#drivers/s0/pulse-filter";
import { type PulseIo, type PulseIoOptions, S0 } from "#drivers/s0/s0";
import type { EnergySample } from "#drivers/types";
import { ManualTimer } from "../../helpers/driver-io.ts";
import { CLOCK_US, PULSE_VECTORS, type PulseVector } from "./s0-pulses.ts";
import { same } from "./same.ts";

/** Times of the edges at which the filter counted. */
export function countedBy(vector: PulseVector): number[] {
  const { on = false, clockUs = 0, edges } = vector;
  const clock = (us: number) => (us + clockUs) % CLOCK_US;
  const filter = new PulseFilter(vector, on, clock(0));
  const counted = edges.filter(([level, atUs]) => filter.edge(level, clock(atUs)));
  return filter.count === counted.length ? counted.map(([, atUs]) => atUs) : [-1];
}

/** An io whose count a test sets. */
export class ScriptedPulses {
  count = 0;
  options: (PulseIoOptions & Record<string, unknown>) | undefined;
  closed = 0;
  fails = false;
  origin: "powered" | "started" | undefined;

  get construction() {
    const script = this;
    class Io implements PulseIo {
      constructor(options: PulseIoOptions & Record<string, unknown>) {
        script.options = options;
      }
      get origin() {
        return script.origin;
      }
      read(): number {
        if (script.fails) throw new Error("no counter");
        return script.count;
      }
      close(): void {
        script.closed++;
      }
    }
    return { io: Io };
  }
}

/** Counts that the io shows, one a second, and the samples that they become. */
export interface S0Vector {
  name: string;
  impulsesPerKwh: number;
  direction?: "import" | "export";
  origin?: "powered" | "started";
  /** At the start. */
  begins: number;
  shows: number[];
  counts: bigint[];
  /** Power of the last sample. */
  powerMw?: number;
  faults?: string[];
}

const FULL = 2 ** 32;
/** One pulse every four seconds, for a minute. */
const STEADY = Array.from({ length: 60 }, (_, i) => Math.floor((i + 1) / 4));

export const S0_VECTORS: readonly S0Vector[] = [
  { name: "no pulse yet", impulsesPerKwh: 1000, begins: 0, shows: [0, 0], counts: [0n, 0n] },
  {
    name: "1000 pulses a kWh: 900 W",
    impulsesPerKwh: 1000,
    begins: 0,
    shows: STEADY,
    counts: STEADY.map(BigInt),
    powerMw: 900_000,
  },
  {
    name: "10 000 pulses a kWh, to the grid: 90 W",
    impulsesPerKwh: 10_000,
    direction: "export",
    begins: 0,
    shows: STEADY,
    counts: STEADY.map(BigInt),
    powerMw: -90_000,
  },
  {
    name: "an io that has counted before",
    impulsesPerKwh: 1000,
    begins: 77,
    shows: [77, 78, 80],
    counts: [0n, 1n, 3n],
  },
  {
    name: "an io that goes on over restarts",
    impulsesPerKwh: 1000,
    origin: "powered",
    begins: 77,
    shows: [77, 78, 80],
    counts: [77n, 78n, 80n],
  },
  {
    name: "the io's count wraps",
    impulsesPerKwh: 1000,
    begins: FULL - 3,
    shows: [FULL - 2, FULL - 1, 0, 1],
    counts: [1n, 2n, 3n, 4n],
  },
  {
    name: "as many pulses as the filter lets through, and one more",
    impulsesPerKwh: 1000,
    begins: 0,
    // 1001 ms of 30 ms for each pulse, and one that is under way.
    shows: [34, 68, 103, 104],
    counts: [34n, 68n, 69n],
    faults: ["range"],
  },
  {
    name: "an io that begins anew",
    impulsesPerKwh: 1000,
    begins: 100,
    shows: [101, 2, 3],
    counts: [1n, 2n],
    faults: ["range"],
  },
  {
    name: "counts that are none",
    impulsesPerKwh: 1000,
    begins: 0,
    shows: [1, -1, 1.5, FULL, 2],
    counts: [1n, 2n],
    faults: ["range", "range", "range"],
  },
];

function checkDriver(vector: S0Vector): string[] {
  const faults: string[] = [];
  const seen: string[] = [];
  const samples: EnergySample[] = [];
  const timer = new ManualTimer();
  const pulses = new ScriptedPulses();
  pulses.count = vector.begins;
  pulses.origin = vector.origin;
  const driver = new S0({
    sensor: pulses.construction,
    timer,
    impulsesPerKwh: vector.impulsesPerKwh,
    direction: vector.direction,
    onSample: (sample) => samples.push(sample),
    onFault: (fault) => seen.push(fault),
  });
  const [counter] = driver.counters;
  const expected = {
    name: "S0",
    register: vector.direction ?? "import",
    mwh: 1_000_000n,
    perCounts: BigInt(vector.impulsesPerKwh),
    modulus: 0n,
    origin: vector.origin ?? "started",
  };
  if (!same(counter, expected)) faults.push("counter");
  for (const count of vector.shows) {
    pulses.count = count;
    timer.advance(1000);
  }
  const counts = samples.flatMap((sample) => sample.counts);
  if (!same(counts, vector.counts)) faults.push(`counts ${counts}`);
  const powerMw = samples[samples.length - 1]?.powerMw;
  if (vector.powerMw !== undefined && powerMw !== vector.powerMw) faults.push(`power ${powerMw}`);
  if (!same(seen, vector.faults ?? [])) faults.push(`faults ${seen}`);
  driver.close();
  if (timer.pending > 0 || pulses.closed !== 1) faults.push("not closed");
  return faults;
}

/** What differs, each with the name of its vector; empty is a pass. */
export function checkS0(
  pulses: readonly PulseVector[] = PULSE_VECTORS,
  drivers: readonly S0Vector[] = S0_VECTORS,
): string[] {
  const faults: string[] = [];
  for (const vector of pulses) {
    const counted = countedBy(vector);
    if (!same(counted, vector.countedUs)) faults.push(`${vector.name}: counted at ${counted}`);
  }
  for (const vector of drivers)
    for (const fault of checkDriver(vector)) faults.push(`${vector.name}: ${fault}`);
  return faults;
}
