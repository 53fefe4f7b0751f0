// SPDX-License-Identifier: Apache-2.0
/** Runs the checks of the Boneh–Boyen vectors on XS: event 1 seals, event 2 verifies; the answer is JSON. */
import { fromUtf8, utf8 } from "#host-sim/fleet/abi";
import type { XsGlobal } from "#host-sim/fleet/xs-crypto";
import { checkSealing, checkVerdicts } from "../vectors/boneh-boyen/check.ts";

declare const host: XsGlobal;

/** The body of the entry module. */
export function runSeals(): void {
  host.onEvent = (kind, payload) => {
    const vectors = JSON.parse(fromUtf8(new Uint8Array(payload)));
    // Without tables: they take a multiple of one verification.
    const faults = kind === 1 ? checkSealing(vectors) : checkVerdicts(vectors, 1);
    host.post(kind, utf8(JSON.stringify(faults)));
  };
}
