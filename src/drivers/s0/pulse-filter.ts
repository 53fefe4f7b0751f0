// SPDX-License-Identifier: Apache-2.0
/**
 * Which edges of an S0 line are pulses: the reference for the native counter (src/xs/native/pulse/pulse.c),
 * which does the same in an interrupt. Both are run against the same vectors.
 *
 * A pulse is counted once the contact was closed for `minOnUs`, and the next one can only begin once it was
 * open for `minOffUs` (IEC 62053-31: a pulse and the pause after it last at least 30 ms each). Both are net
 * times: what the contact bounces the other way is taken off again, so that neither a glitch within a pulse
 * nor a burst of glitches in a pause makes or loses one.
 *
 *     closed for Δ while no pulse is counted:  net = net + Δ; at minOnUs: count, net = 0
 *     open for Δ while no pulse is counted:    net = max(0, net − Δ)
 *
 * and the other way round until the pulse is over. Nothing else resets `net`: the first pulse after hours of
 * silence is as good as any. A contact that is closed at the start is in a pulse of before, and not counted.
 *
 * Time is a clock of 32 bits in µs, which wraps after 71 minutes. A level that lasts longer is settled in
 * time by `settle`, which whoever reads the count calls first.
 */

export interface PulseTimes {
  minOnUs: number;
  minOffUs: number;
}

/** Half of what the standard demands: a slow contact counts, the 10 ms of a half-wave of mains do not. */
export const MIN_ON_US = 15_000;
export const MIN_OFF_US = 15_000;
/** Longest time that a filter can be set to, µs: far below the wrap of its clock. */
export const PULSE_TIME_MAX_US = 10_000_000;

/** Pulses that a filter can count in `elapsedUs`: each takes both times, and one may be under way. */
export function pulsesMax(elapsedUs: number, { minOnUs, minOffUs }: PulseTimes): number {
  return Math.floor(elapsedUs / (minOnUs + minOffUs)) + 1;
}

export class PulseFilter {
  /** Pulses counted, modulo 2^32. */
  count = 0;
  private readonly times: PulseTimes;
  private lastUs: number;
  /** The contact, as it is and as it was taken; while they differ, `netUs` grows. */
  private on: boolean;
  private pulse: boolean;
  private netUs = 0;

  constructor(times: PulseTimes, on: boolean, nowUs: number) {
    this.times = times;
    this.on = on;
    this.pulse = on;
    this.lastUs = nowUs;
  }

  /**
   * The contact is `on` from now on, as it may have been before. True where that ends the wait for a pulse.
   */
  edge(on: boolean, nowUs: number): boolean {
    const elapsedUs = (nowUs - this.lastUs) >>> 0;
    this.lastUs = nowUs;
    let counted = false;
    if (this.on === this.pulse) {
      this.netUs = elapsedUs >= this.netUs ? 0 : this.netUs - elapsedUs;
    } else if (elapsedUs >= this.untilUs() - this.netUs) {
      this.pulse = this.on;
      this.netUs = 0;
      counted = this.pulse;
    } else {
      this.netUs += elapsedUs;
    }
    this.on = on;
    if (counted) this.count = (this.count + 1) >>> 0;
    return counted;
  }

  /** Counts a pulse that is long enough by now, without waiting for its end. */
  settle(nowUs: number): boolean {
    return this.edge(this.on, nowUs);
  }

  private untilUs(): number {
    return this.pulse ? this.times.minOffUs : this.times.minOnUs;
  }
}
