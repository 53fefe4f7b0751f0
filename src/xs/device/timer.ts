// SPDX-License-Identifier: Apache-2.0
/** Uptime and timers of the device: 64 bits, from the chip's own counter (the SDK's `Time.ticks` wraps). */
import Timer from "timer";
import type { DriverTimer } from "#drivers/types";
import { ffi } from "#xs/device/ffi";
import { guarded } from "#xs/device/guard";

/** A timer of the SDK counts in 32 bits. */
const DELAY_MAX_MS = 0x7fffffff;

export function uptimeMs(): number {
  return ffi().wattle_uptime_ms();
}

/** The SDK's timer is an object that takes properties: what it runs is kept there, and no closure is made. */
type Pending = ReturnType<typeof Timer.set> & { run?: () => void };

export const deviceTimer: DriverTimer = Object.freeze({
  uptimeMs,
  after(delayMs: number, run: () => void) {
    return pending(Timer.set(fire, Math.max(0, Math.min(DELAY_MAX_MS, Math.ceil(delayMs)))), run);
  },
});

/**
 * Calls `run` every `everyMs`, until the result is called. For what is looked at many times a second: nothing
 * is made anew each time. After a long turn of something else it catches up.
 */
export function every(everyMs: number, run: () => void): () => void {
  return pending(Timer.repeat(again, everyMs), run);
}

function pending(timer: Pending, run: () => void): () => void {
  timer.run = run;
  return () => {
    if (timer.run) Timer.clear(timer);
    timer.run = undefined;
  };
}

function fire(timer: Pending): void {
  const { run } = timer;
  timer.run = undefined;
  if (run) guarded(run);
}

function again({ run }: Pending): void {
  if (run) guarded(run);
}

/** `wakeAfter` for one component: a new call replaces the one before. */
export function waker(run: () => void): (delayMs: number) => void {
  let cancel: (() => void) | undefined;
  return (delayMs) => {
    cancel?.();
    cancel = deviceTimer.after(delayMs, () => {
      cancel = undefined;
      run();
    });
  };
}
