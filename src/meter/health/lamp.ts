// SPDX-License-Identifier: Apache-2.0
/**
 * What the status light says: the first thing that is missing, or a button that is held. A pattern is played
 * to its end before another begins, so that flashes can be counted; a button is answered at once.
 */
import type { LinkState } from "../link/network-up.ts";
import type { Timer } from "../time/alarm.ts";

/**
 * `not-set`: settings or the identity are missing. `no-meter`: the meter has not told what it counts.
 * `safe`: online, but it only meters (boot-guard.ts). `held`, `armed`: see button.ts.
 */
export type LampState = LinkState | "not-set" | "no-meter" | "safe" | "held" | "armed";

/** Times of on, off, on, … in ms; the pattern then begins anew. Documented in devices/README.md. */
export const LAMP_PATTERNS: Readonly<Record<LampState, readonly number[]>> = Object.freeze({
  "not-set": Object.freeze([1000, 1000]),
  "no-network": Object.freeze([100, 1900]),
  "no-time": Object.freeze([100, 200, 100, 1600]),
  "no-broker": Object.freeze([100, 200, 100, 200, 100, 1300]),
  "no-meter": Object.freeze([100, 200, 100, 200, 100, 200, 100, 1000]),
  online: Object.freeze([2000]),
  safe: Object.freeze([1400, 200, 200, 200]),
  held: Object.freeze([100, 100]),
  armed: Object.freeze([2000]),
});

export interface LampPorts {
  timer: Timer;
  light(on: boolean): void;
  /** Asked whenever a pattern ends. */
  state(): LampState;
}

export class Lamp {
  private readonly ports: LampPorts;
  private cancel: (() => void) | undefined;

  constructor(ports: LampPorts) {
    this.ports = ports;
  }

  /** Begins the pattern of the present state, in the middle of another one too. */
  start(): void {
    this.cancel?.();
    this.play(LAMP_PATTERNS[this.ports.state()], 0);
  }

  private play(pattern: readonly number[], step: number): void {
    const { timer, light } = this.ports;
    light(step % 2 === 0);
    this.cancel = timer.after(pattern[step], () => {
      if (step + 1 < pattern.length) this.play(pattern, step + 1);
      else this.start();
    });
  }
}
