// SPDX-License-Identifier: Apache-2.0
/** One wake-up for a state machine that knows when it next has something to do. */
import type { DriverTimer } from "#drivers/types";

/** Uptime and one-shot timers, as drivers have them. */
export type Timer = DriverTimer;

export class Alarm {
  private readonly timer: Timer;
  private readonly run: () => void;
  private cancel: (() => void) | undefined;
  private atMs = 0;

  constructor(timer: Timer, run: () => void) {
    this.timer = timer;
    this.run = run;
  }

  /**
   * `run` is called at uptime `atMs` or before: where an earlier call is on its way it stays, and its
   * receiver asks again. undefined asks for nothing.
   */
  at(atMs: number | undefined): void {
    if (atMs === undefined || (this.cancel && this.atMs <= atMs)) return;
    this.clear();
    this.atMs = atMs;
    this.cancel = this.timer.after(Math.max(0, atMs - this.timer.uptimeMs()), () => {
      this.cancel = undefined;
      this.run();
    });
  }

  clear(): void {
    this.cancel?.();
    this.cancel = undefined;
  }
}
