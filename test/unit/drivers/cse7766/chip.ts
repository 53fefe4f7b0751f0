// SPDX-License-Identifier: Apache-2.0
/** A CSE7766 with a load, as its line shows it: one frame each 55 ms, with the noise of a real measurement. */
import type { Rng } from "../../../property/rng.ts";
import { type FrameFields, frameOf, TYPICAL } from "../../../vectors/drivers/cse7766.ts";

export const FRAME_MS = 55;

export class SimulatedCse7766 {
  powerMw = 1_000_000;
  private microjoules = 0n;
  private readonly rng: Rng;

  constructor(rng: Rng, pulses = 0) {
    this.rng = rng;
    this.microjoules = BigInt(pulses) * BigInt(TYPICAL.power[0]);
  }

  /** All pulses since the beginning. */
  get pulses(): number {
    return Number(this.microjoules / BigInt(TYPICAL.power[0]));
  }

  /** The fields of the frame after the next FRAME_MS. */
  next(): FrameFields {
    this.microjoules += BigInt(this.powerMw) * BigInt(FRAME_MS);
    const { voltage, current, power } = TYPICAL;
    const currentMa = Math.max(1, this.powerMw / 230);
    return {
      ...TYPICAL,
      voltage: [voltage[0], this.noisy(voltage[1])],
      current: [current[0], this.noisy((current[0] * 1000) / currentMa)],
      power: [power[0], this.noisy((power[0] * 1000) / this.powerMw)],
      pulses: this.pulses % 65_536,
    };
  }

  nextFrame(): Uint8Array {
    return frameOf(this.next());
  }

  private noisy(cycle: number): number {
    return Math.round(cycle * (1 + (this.rng.below(401) - 200) / 100_000));
  }
}
