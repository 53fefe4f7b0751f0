// SPDX-License-Identifier: Apache-2.0
/** The crypto port on pure JavaScript: the reference that every other implementation must match. */
import { sha256, sha512 } from "@noble/hashes/sha2.js";
import type { Ed25519Options } from "./noble-ed25519.ts";
import { createEd25519 } from "./noble-ed25519.ts";
import type { Crypto } from "./port.ts";

/** Builds the port on noble; see {@link Ed25519Options} for devices with little memory. */
export function nobleCrypto(options: Partial<Ed25519Options> = {}): Crypto {
  const ed25519 = createEd25519({ sha512, ...options });
  return {
    name: "noble",
    sha256: (data) => sha256(data),
    publicKey: ed25519.publicKey,
    sign: ed25519.sign,
    verify: ed25519.verify,
  };
}
