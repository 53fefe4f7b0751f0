// SPDX-License-Identifier: Apache-2.0
/**
 * A world as its meters show it: every member's meter with an error of its own within its class, the
 * lines' losses, a feeder meter before them, and perhaps one meter that lies. Everything is drawn from
 * the seed.
 *
 * Simulated physics, in floating point; registers are whole Wh, as meters have them.
 */
import type { FeederTerms } from "#gateway/feeder/terms";
import { type Random, randomStream } from "../worlds/random.ts";
import type { World } from "../worlds/types.ts";

/**
 * What one meter does: it shows a share less of what comes in and more of what goes out, or so many
 * watts less, all the time, from a slot on.
 */
export interface Lie {
  member: number;
  share?: number;
  watts?: number;
  /** The share is of this member's flow in place of its own: somebody else is to look guilty. */
  framed?: number;
  fromSlot?: number;
}

export interface Street {
  /** Registers in Wh at each boundary, by meter; the feeder's is the last. */
  importWh: Float64Array[];
  exportWh: Float64Array[];
  /** Losses over all slots, as a share of the flows. */
  lossShare: number;
}

/** Clocks are `synced`: within 2 s of the boundary (TIME_SYNCED_MAX_MS). */
const CLOCK_S = 2;
/** The peak's losses are at least this share of the largest that the terms allow. */
const LOSS_LEAST = 0.2;

type Limits = Pick<FeederTerms, "lossPermille" | "classPermille" | "feederClassPermille">;

export function drawStreet(world: World, seed: number, limits: Limits, lie?: Lie): Street {
  const random = randomStream(seed, 0xfeed);
  const { slots, slotSeconds } = world;
  const flows = world.homes.map((_, home) =>
    Float64Array.from({ length: slots }, (_, slot) => world.netWh(home, slot)),
  );
  const { feederWh, lossShare } = withLosses(flows, random, limits.lossPermille / 1000);
  const importWh: Float64Array[] = [];
  const exportWh: Float64Array[] = [];
  [...flows, feederWh].forEach((trueWh, meter) => {
    const isFeeder = meter === flows.length;
    const permille = isFeeder ? limits.feederClassPermille : limits.classPermille;
    const errorOf = meterError(trueWh, random, permille / 1000);
    const shown = trueWh.map((wh, slot) => {
      const lies = lie?.member === meter && slot >= (lie.fromSlot ?? 0);
      return (
        (lies ? lieAbout(wh, flows[lie.framed ?? meter][slot], lie, slotSeconds) : wh) *
        (1 + errorOf(wh))
      );
    });
    const clock = () => ((2 * random.next() - 1) * CLOCK_S) / slotSeconds;
    importWh.push(registers(shown, 1, clock));
    exportWh.push(registers(shown, -1, clock));
  });
  return { importWh, exportWh, lossShare };
}

function lieAbout(
  wh: number,
  goesWithWh: number,
  { share = 0, watts = 0 }: Lie,
  slotSeconds: number,
): number {
  return wh - share * Math.abs(goesWithWh) - (watts * slotSeconds) / 3600;
}

/** Losses of the shared line go with the square of the sum, those of each member's own with its own square. */
function withLosses(flows: Float64Array[], random: Random, most: number) {
  const slots = flows[0].length;
  const shared = random.next();
  const lines = flows.map(() => random.next() * (1 - shared));
  const lossWh = new Float64Array(slots);
  const feederWh = new Float64Array(slots);
  const sumWh = new Float64Array(slots);
  let peak = 0;
  for (let slot = 0; slot < slots; slot++) {
    flows.forEach((flow, i) => {
      const wh = flow[slot];
      feederWh[slot] += wh;
      sumWh[slot] += Math.abs(wh);
      lossWh[slot] += lines[i] * wh * wh;
    });
    lossWh[slot] += (shared * feederWh[slot] ** 2) / flows.length;
    if (sumWh[slot] > 0) peak = Math.max(peak, lossWh[slot] / sumWh[slot]);
  }
  const scale = peak > 0 ? (most * (LOSS_LEAST + (1 - LOSS_LEAST) * random.next())) / peak : 0;
  let lost = 0;
  let flowed = 0;
  for (let slot = 0; slot < slots; slot++) {
    feederWh[slot] += lossWh[slot] * scale;
    lost += lossWh[slot] * scale;
    flowed += sumWh[slot];
  }
  return { feederWh, lossShare: flowed > 0 ? lost / flowed : 0 };
}

/** Anywhere in the class at no load, and anywhere at full load; a line between. */
function meterError(trueWh: Float64Array, random: Random, most: number): (wh: number) => number {
  const idle = (2 * random.next() - 1) * most;
  const full = (2 * random.next() - 1) * most;
  let largest = 1;
  for (const wh of trueWh) largest = Math.max(largest, Math.abs(wh));
  return (wh) => idle + ((full - idle) * Math.abs(wh)) / largest;
}

/** A register for one direction, read a little early or late at each boundary. */
function registers(shown: Float64Array, sign: 1 | -1, clock: () => number): Float64Array {
  const read = new Float64Array(shown.length + 1);
  let sum = 0;
  for (let slot = 0; slot <= shown.length; slot++) {
    const early = clock();
    const beside = early < 0 ? shown[slot - 1] : shown[slot];
    read[slot] = Math.floor(sum + early * Math.max(0, sign * (beside ?? 0)));
    if (read[slot] < 0) read[slot] = 0;
    sum += Math.max(0, sign * (shown[slot] ?? 0));
  }
  return read;
}
