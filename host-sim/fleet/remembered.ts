// SPDX-License-Identifier: Apache-2.0
/** Crypto of a fleet in one process: what one node has verified, the others need not compute again. */
import type { Crypto } from "#core/crypto/port";

/** Checks that are remembered, in each of two generations: an area's of some slots. */
const KEPT = 4096;

/** The same answers as `crypto`. A check that an earlier one equals in every byte costs a look-up. */
export function remembered(crypto: Crypto): Crypto {
  let young = new Map<string, boolean>();
  let old = new Map<string, boolean>();
  const verify: Crypto["verify"] = (publicKey, message, signature) => {
    const key = `${publicKey.length} ${signature.length} ${textOf(publicKey, signature, message)}`;
    let valid = young.get(key);
    if (valid !== undefined) return valid;
    valid = old.get(key) ?? crypto.verify(publicKey, message, signature);
    if (young.size >= KEPT) {
      old = young;
      young = new Map();
    }
    young.set(key, valid);
    return valid;
  };
  return { ...crypto, verify };
}

function textOf(...parts: Uint8Array[]): string {
  return Buffer.concat(parts).toString("latin1");
}
