// SPDX-License-Identifier: Apache-2.0
/** The chip beside its io: why it started, restarts, the watchdog, the log's last word. */
import { espResetReason } from "#meter/health/reset-reason";
import { ffi } from "#xs/device/ffi";
import type { System } from "#xs/device/system";

const SYSTEM: System = Object.freeze({
  get resetReason() {
    return espResetReason(ffi().wattle_reset_reason());
  },
  restart: () => ffi().wattle_restart(),
  startWatchdog: (timeoutMs: number) => ffi().wattle_watchdog_start(timeoutMs) === 0,
  feedWatchdog: () => ffi().wattle_watchdog_feed(),
  heap: () => ({ freeBytes: ffi().wattle_heap_free(), leastBytes: ffi().wattle_heap_least() }),
});

/** `_restart` is the simulator's. */
export function openSystem(_restart?: () => void): System {
  return SYSTEM;
}
