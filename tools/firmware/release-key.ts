// SPDX-License-Identifier: Apache-2.0
/** Which release key a firmware trusts: typed, or of the key file, of which only the public half goes in. */
import { toHex } from "#core/codec/bytes";
import { sodiumCrypto } from "#node/crypto/sodium";
import { readReleaseKey } from "#node/firmware/release-key";

/**
 * 64 hex digits as they are, or the public key of the secret one that `wattle firmware keygen` wrote to a file.
 * @throws FirmwareError
 */
export function releaseKeyFrom(source: string): string {
  if (/^[0-9a-fA-F]{64}$/.test(source)) return source.toLowerCase();
  return toHex(sodiumCrypto().publicKey(readReleaseKey(source)));
}
