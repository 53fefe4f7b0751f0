// SPDX-License-Identifier: Apache-2.0
/**
 * Updates with power cuts inside a machine of xs-host: the flash, the bootloader and the updater all run on
 * XS. An event's kind is the number of a case; the answer is the sweep as JSON, with the faults.
 */

import type { CutMode } from "#host-sim/flash/power";
import { fromUtf8, utf8 } from "#host-sim/fleet/abi";
import { hostCrypto, type XsGlobal } from "#host-sim/fleet/xs-crypto";
import { sweepUpdate, UPDATE_CASES } from "../sim/update-cuts.ts";

declare const host: XsGlobal;

/** The body of the entry module; a function, so that this module can be preloaded. */
export function runUpdates(): void {
  host.onEvent = (number, payload) => {
    const modes = JSON.parse(fromUtf8(new Uint8Array(payload))) as CutMode[];
    const sweep = sweepUpdate(hostCrypto, UPDATE_CASES[number], modes);
    host.post(number, utf8(JSON.stringify(sweep)));
  };
}
