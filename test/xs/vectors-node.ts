// SPDX-License-Identifier: Apache-2.0
/**
 * Runs the vector checks on XS. An event carries vectors as JSON, its kind says of what; the answer is the
 * JSON list of what disagrees. Without crypto of its own it asks the driver's (host-sim/fleet/abi.ts).
 */
import { nobleCrypto } from "#core/crypto/noble";
import type { Crypto } from "#core/crypto/port";
import { fromUtf8, utf8 } from "#host-sim/fleet/abi";
import { hostCrypto, type XsGlobal } from "#host-sim/fleet/xs-crypto";
import { checkBudgets, checkPricing, checkQuotes } from "../vectors/credit/check.ts";
import { creditRun } from "../vectors/credit/run.ts";
import { checkSelections } from "../vectors/dag/check.ts";
import { checkAde7953 } from "../vectors/drivers/ade7953.ts";
import { checkBl0942 } from "../vectors/drivers/bl0942.ts";
import { checkCse7766 } from "../vectors/drivers/cse7766.ts";
import { checkDsmr } from "../vectors/drivers/dsmr-check.ts";
import { checkModbus } from "../vectors/drivers/modbus-check.ts";
import { checkS0 } from "../vectors/drivers/s0.ts";
import { checkSml } from "../vectors/drivers/sml.ts";
import { checkSigning, checkVectors } from "../vectors/ed25519/check.ts";
import { checkClearings } from "../vectors/market/check.ts";
import { checkPotVectors } from "../vectors/pot/check.ts";
import { witnessRun } from "../vectors/pot/witness-run.ts";
import { checkRecords } from "../vectors/records/check.ts";

declare const host: XsGlobal;

const CHECKS: Record<number, (crypto: Crypto, data: never) => string[]> = {
  1: checkVectors,
  2: checkSigning,
  3: (_, vectors: Parameters<typeof checkClearings>[0]) => checkClearings(vectors),
  4: (crypto, [vectors, negatives]: [never, never]) => checkRecords(crypto, vectors, negatives),
  5: () => checkModbus(),
  6: () => checkDsmr(),
  7: () => checkSml(),
  8: () => checkS0(),
  9: () => checkCse7766(),
  10: () => checkBl0942(),
  11: () => checkAde7953(),
  12: checkPotVectors,
  // Answers with what the witness said.
  13: (crypto) => witnessRun(crypto),
  14: (_, vectors: Parameters<typeof checkSelections>[0]) => checkSelections(vectors),
  15: (_, vectors: Parameters<typeof checkPricing>[0]) => checkPricing(vectors),
  16: (_, vectors: Parameters<typeof checkBudgets>[0]) => checkBudgets(vectors),
  17: (_, vectors: Parameters<typeof checkQuotes>[0]) => checkQuotes(vectors),
  // Answers with what happened.
  18: (_, seed: number) => creditRun(seed, 120).lines,
};

/** The body of the entry module; a function, so that this module can be preloaded. */
export function runChecks(kind: "native" | "noble"): void {
  // Without a table, as the nodes on XS have it.
  const crypto = kind === "noble" ? nobleCrypto({ windowBits: 1 }) : hostCrypto;
  host.onEvent = (check, payload) => {
    const data = JSON.parse(fromUtf8(new Uint8Array(payload)));
    const faults = CHECKS[check](crypto, data as never);
    host.post(check, utf8(JSON.stringify(faults)));
  };
}
