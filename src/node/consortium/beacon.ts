// SPDX-License-Identifier: Apache-2.0
/** A gateway's part in beacons: BLS signatures by a key that follows from its secret one (ledger 4.4). */
import { blsPublicKey, blsSecretKey, blsSign, blsVerify } from "#core/crypto/bls";
import type { UniqueSignatures } from "#gateway/consortium/ports";

const PURPOSE = "wattle/beacon-key/1";

/** What others check its parts with, 96 bytes. `secretKey`: the gateway's, 32 bytes. */
export function beaconKeyOf(secretKey: Uint8Array): Uint8Array {
  return blsPublicKey(blsSecretKey(secretKey, PURPOSE));
}

export function beaconOf(secretKey: Uint8Array): UniqueSignatures {
  const own = blsSecretKey(secretKey, PURPOSE);
  return {
    sign: (message) => blsSign(own, message),
    verify: (publicKey, message, signature) => blsVerify(publicKey, message, signature),
  };
}
