// SPDX-License-Identifier: Apache-2.0
/**
 * The power of a simulated board. Every write and every erase of its flash is one numbered step, wherever it
 * comes from; the power can be cut before, in the middle of, or after any of them. Pure: runs on XS too.
 */

/** Thrown out of a step: nothing that runs after it on this board may count. */
export class PowerCut extends Error {
  override get name(): string {
    return "PowerCut";
  }
}

export type CutMode = "before" | "torn" | "after";
export const CUT_MODES: readonly CutMode[] = Object.freeze(["before", "torn", "after"]);

export interface Cut {
  /** Number of the step, from 1 over the life of the board. */
  step: number;
  mode: CutMode;
}

/** Random bytes that follow from a seed: how a cut tears what it hits. */
export type Noise = () => number;

export class Power {
  steps = 0;
  /** Cuts to come, in rising order of their steps. */
  readonly cuts: Cut[];
  private seed: number;

  constructor(cuts: readonly Cut[] = [], seed = 1) {
    this.cuts = [...cuts];
    this.seed = seed;
  }

  /** One write or erase: `whole` does it, `torn` leaves it half done. */
  step(whole: () => void, torn: (noise: Noise) => void): void {
    this.steps++;
    const cut = this.cuts[0];
    if (!cut || cut.step !== this.steps) return whole();
    this.cuts.shift();
    if (cut.mode === "torn") torn(this.noise);
    else if (cut.mode === "after") whole();
    throw new PowerCut(`${cut.mode} step ${cut.step}`);
  }

  /** Marsaglia's xorshift32: 0 to 255. */
  private readonly noise: Noise = () => {
    let x = this.seed;
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    this.seed = x >>> 0;
    return (x >>> 8) & 0xff;
  };
}
