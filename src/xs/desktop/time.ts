// SPDX-License-Identifier: Apache-2.0
/** The computer's own clock in place of a time server: it is set by whoever runs the simulator. */
import type { TimeServer } from "#meter/time/sync";
import { ffi } from "#xs/device/ffi";
import { deviceTimer, uptimeMs } from "#xs/device/timer";

/** Resolution of what is read, ms. */
const ERROR_MS = 1;

export function openTimeServer(_host: string): TimeServer {
  return {
    ask: (done) =>
      deviceTimer.after(0, () =>
        done({ utcMs: ffi().wattle_utc_ms(), uptimeMs: uptimeMs(), errorMs: ERROR_MS }),
      ),
  };
}
