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

export const deviceTimer: DriverTimer = Object.freeze({
  uptimeMs,
  after(delayMs: number, run: () => void) {
    let timer: ReturnType<typeof Timer.set> | undefined;
    const fire = () => {
      timer = undefined;
      guarded(run);
    };
    timer = Timer.set(fire, Math.max(0, Math.min(DELAY_MAX_MS, Math.ceil(delayMs))));
    return () => {
      if (timer !== undefined) Timer.clear(timer);
      timer = undefined;
    };
  },
});

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
