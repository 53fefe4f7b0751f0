// SPDX-License-Identifier: Apache-2.0
/** The computer that the simulator runs on. */
import { ffi } from "#xs/device/ffi";
import type { System } from "#xs/device/system";

/** `restart`: the simulator starts the application anew. */
export function openSystem(restart: () => void): System {
  return {
    resetReason: "power-on",
    restart,
    startWatchdog: () => false,
    feedWatchdog: () => {},
    print: (line) => ffi().wattle_print(line),
    heap: () => undefined,
  };
}
