// SPDX-License-Identifier: Apache-2.0
/** Power from the spacing of pulses: for people, never integrated. Whole mW, without floats. */

/** mW · ms in a kWh: pulses · this / (pulses per kWh · ms) is mW. */
const MW_MS_PER_KWH = 3_600_000_000_000n;
/**
 * Below this a meter does not turn: the starting current of class B is 0.4 % of 5 A (EN 50470-3), 5 W
 * at 230 V. Silence longer than the spacing of pulses at this power is no power.
 */
const STARTING_MW = 5000n;

export class PulsePower {
  private readonly impulsesPerKwh: bigint;
  private readonly windowMs: number;
  private readonly zeroAfterMs: number;
  /** Where the spacing is measured from, and the pulses since; the last poll that brought some. */
  private fromMs: number | undefined;
  private pulses = 0;
  private pulseMs: number;
  private powerMw: number | undefined;

  /** Spacing is averaged over `windowMs`, which makes a tenth of it the error of polls a tenth apart. */
  constructor(impulsesPerKwh: number, windowMs: number, nowMs: number) {
    this.impulsesPerKwh = BigInt(impulsesPerKwh);
    this.windowMs = windowMs;
    this.zeroAfterMs = Number(MW_MS_PER_KWH / (this.impulsesPerKwh * STARTING_MW));
    this.pulseMs = nowMs;
  }

  /** Takes one poll with its new pulses. Undefined until two spaced pulses, or silence, say something. */
  take(pulses: number, nowMs: number): number | undefined {
    if (pulses > 0) {
      this.pulseMs = nowMs;
      if (this.fromMs === undefined) this.fromMs = nowMs;
      else this.pulses += pulses;
    }
    if (this.fromMs !== undefined && this.pulses > 0 && nowMs - this.fromMs >= this.windowMs) {
      this.powerMw = this.powerOf(this.pulses, this.pulseMs - this.fromMs);
      this.fromMs = this.pulseMs;
      this.pulses = 0;
    }
    if (pulses === 0) this.fade(nowMs - this.pulseMs);
    return this.powerMw;
  }

  /** No pulse for so long: the power is at most that of one pulse in this time. */
  private fade(silentMs: number): void {
    if (silentMs > this.zeroAfterMs) this.powerMw = 0;
    else if (this.powerMw !== undefined && silentMs > 0)
      this.powerMw = Math.min(this.powerMw, this.powerOf(1, silentMs));
  }

  private powerOf(pulses: number, elapsedMs: number): number {
    const elapsed = this.impulsesPerKwh * BigInt(elapsedMs);
    return Number((BigInt(pulses) * MW_MS_PER_KWH) / elapsed);
  }
}
