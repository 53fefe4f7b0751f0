// SPDX-License-Identifier: Apache-2.0
/**
 * The crypto port without a C library: noble with no table and the SDK's digests. For boards and builds that do
 * not want libsodium; 60 times slower (docs/firmware.md).
 */
import { Digest } from "crypt";
import { createEd25519 } from "#core/crypto/noble-ed25519";
import type { Crypto } from "#core/crypto/port";

function digest(type: "SHA256" | "SHA512", data: Uint8Array): Uint8Array {
  const digest = new Digest(type);
  digest.write(data);
  return new Uint8Array(digest.close());
}

export function deviceCrypto(): Crypto {
  const ed25519 = createEd25519({ windowBits: 1, sha512: (data) => digest("SHA512", data) });
  return {
    name: "noble",
    sha256: (data) => digest("SHA256", data),
    publicKey: ed25519.publicKey,
    sign: ed25519.sign,
    verify: ed25519.verify,
  };
}
