// SPDX-License-Identifier: Apache-2.0
/**
 * The crypto port without a C library: noble with no table and the SDK's digests. For boards and builds that do
 * not want libsodium; far slower (docs/firmware.md). noble is loaded at run time: what a preloaded module
 * imports is preloaded with it, and noble in flash computes wrongly (src/xs/README.md).
 */
import { Digest } from "crypt";
import Modules from "modules";
import type { createEd25519 } from "#core/crypto/noble-ed25519";
import type { Crypto } from "#core/crypto/port";

/** The default export of noble.ts. */
const NOBLE = "wattle/#xs/device/noble";

function digest(type: "SHA256" | "SHA512", data: Uint8Array): Uint8Array {
  const digest = new Digest(type);
  digest.write(data);
  return new Uint8Array(digest.close());
}

export function deviceCrypto(): Crypto {
  const create = Modules.importNow(NOBLE) as typeof createEd25519;
  const ed25519 = create({ windowBits: 1, sha512: (data) => digest("SHA512", data) });
  return {
    name: "noble",
    sha256: (data) => digest("SHA256", data),
    publicKey: ed25519.publicKey,
    sign: ed25519.sign,
    verify: ed25519.verify,
  };
}
