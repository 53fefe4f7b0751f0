// SPDX-License-Identifier: Apache-2.0
/**
 * Edges of S0 lines with the pulses that they are: the TypeScript filter and the C one of the native counter
 * are held against this list.
 */

/** The contact is `on` from `atUs` on; the time may be beyond the wrap of the clock. */
export type Edge = [on: boolean, atUs: number];

export interface PulseVector {
  name: string;
  minOnUs: number;
  minOffUs: number;
  /** The contact at time 0. */
  on?: boolean;
  /** Added to all times: where the clock stands at the start. */
  clockUs?: number;
  edges: Edge[];
  /** Times of the edges at which a pulse was counted. */
  countedUs: number[];
}

const MS = 1000;
/** After so much the clock begins anew. */
export const CLOCK_US = 2 ** 32;
const TIMES = { minOnUs: 15 * MS, minOffUs: 15 * MS };

/** Edges from the lengths of what follows: closed, open, closed, … in ms, from 100 ms on. */
function lengths(...ms: number[]): Edge[] {
  let atUs = 100 * MS;
  const edges: Edge[] = [[true, atUs]];
  ms.forEach((length, i) => {
    atUs += Math.round(length * MS);
    edges.push([i % 2 === 1, atUs]);
  });
  return edges;
}

/** `count` closings and openings of `ms` each, as a bouncing contact makes them. */
function bounce(count: number, ms: number): number[] {
  return new Array(2 * count).fill(ms);
}

export const PULSE_VECTORS: readonly PulseVector[] = [
  { name: "one pulse", ...TIMES, edges: lengths(30), countedUs: [130 * MS] },
  { name: "an edge and nothing else", ...TIMES, edges: lengths(), countedUs: [] },
  { name: "just long enough", ...TIMES, edges: lengths(15), countedUs: [115 * MS] },
  {
    name: "1 µs too short",
    ...TIMES,
    edges: [
      [true, 100_000],
      [false, 114_999],
    ],
    countedUs: [],
  },
  {
    name: "a pause just long enough",
    ...TIMES,
    edges: lengths(30, 15, 30),
    countedUs: [130 * MS, 175 * MS],
  },
  {
    name: "a pause 1 µs too short is none",
    ...TIMES,
    edges: [
      [true, 0],
      [false, 30_000],
      [true, 44_999],
      [false, 80_000],
    ],
    countedUs: [30_000],
  },
  {
    name: "pulses of the standard, as fast as it allows",
    ...TIMES,
    edges: lengths(30, 30, 30, 30, 30),
    countedUs: [130 * MS, 190 * MS, 250 * MS],
  },
  {
    name: "a contact that bounces when it closes",
    ...TIMES,
    edges: lengths(...bounce(5, 0.3), 30),
    countedUs: [133 * MS],
  },
  {
    name: "a contact that bounces when it opens",
    ...TIMES,
    edges: lengths(30, ...bounce(5, 0.3), 40, 30),
    countedUs: [130 * MS, 203_000],
  },
  { name: "a glitch within a pulse", ...TIMES, edges: lengths(10, 1, 20), countedUs: [131 * MS] },
  {
    name: "a glitch that takes off what is missing",
    ...TIMES,
    edges: lengths(10, 6, 10),
    countedUs: [],
  },
  {
    name: "glitches in a pause",
    ...TIMES,
    edges: lengths(30, 100, 1, 100, 5, 100, 14),
    countedUs: [130 * MS],
  },
  {
    name: "a burst of glitches that is closed for longer than a pulse in all",
    ...TIMES,
    edges: lengths(...bounce(30, 1)),
    countedUs: [],
  },
  {
    name: "a glitch in the pause does not end the wait for it",
    ...TIMES,
    edges: lengths(30, 10, 1, 10, 30),
    countedUs: [130 * MS, 181 * MS],
  },
  {
    name: "closed at the start: a pulse of before",
    ...TIMES,
    on: true,
    edges: [[false, 50_000]],
    countedUs: [],
  },
  {
    name: "closed at the start, then a pulse",
    ...TIMES,
    on: true,
    edges: [
      [false, 50_000],
      [true, 70_000],
      [false, 100_000],
    ],
    countedUs: [100_000],
  },
  {
    name: "the first pulse after the start, at once",
    ...TIMES,
    edges: [
      [true, 1],
      [false, 15_001],
    ],
    countedUs: [15_001],
  },
  {
    name: "long enough by now, without an edge",
    ...TIMES,
    edges: [
      [true, 1000],
      [true, 15_999],
      [true, 16_000],
      [true, 90_000],
      [false, 91_000],
    ],
    countedUs: [16_000],
  },
  {
    name: "edges that came together: the level stays",
    ...TIMES,
    edges: [
      [false, 1000],
      [false, 2000],
      [true, 3000],
      [false, 33_000],
      [false, 34_000],
    ],
    countedUs: [33_000],
  },
  {
    name: "the clock wraps within a pulse",
    ...TIMES,
    clockUs: CLOCK_US - 110 * MS,
    edges: lengths(30),
    countedUs: [130 * MS],
  },
  {
    name: "the clock wraps within a pause",
    ...TIMES,
    clockUs: CLOCK_US - 140 * MS,
    edges: lengths(30, 30, 30),
    countedUs: [130 * MS, 190 * MS],
  },
  {
    name: "the first pulse after an hour of silence",
    ...TIMES,
    edges: lengths(30, 3_600_000, 30),
    countedUs: [130 * MS, 3_600_160 * MS],
  },
  {
    name: "silence beyond the wrap, settled on the way",
    ...TIMES,
    edges: [
      [true, 0],
      [false, 30_000],
      [false, 4_000_000_000],
      [false, 8_000_000_000],
      // 1 ms more than two turns of the clock after the pulse: of the pause before, only this would be seen.
      [true, 2 * CLOCK_US + 31_000],
      [false, 2 * CLOCK_US + 61_000],
    ],
    countedUs: [30_000, 2 * CLOCK_US + 61_000],
  },
  {
    name: "other times: 100 ms and 20 ms",
    minOnUs: 100 * MS,
    minOffUs: 20 * MS,
    edges: lengths(99, 30, 100, 20, 100),
    countedUs: [329 * MS, 449 * MS],
  },
  {
    name: "the shortest times: every edge",
    minOnUs: 1,
    minOffUs: 1,
    edges: [
      [true, 1],
      [false, 2],
      [true, 3],
      [false, 4],
    ],
    countedUs: [2, 4],
  },
];
