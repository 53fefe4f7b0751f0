// SPDX-License-Identifier: Apache-2.0
/**
 * Signatures for thousands of simulated runs: SHA-256 over the signer's secret and the message, where the
 * verifier looks the secret up.
 *
 * The runs test what is signed, when, and what is concluded from it, not the curve. All that the protocol
 * asks of a signature holds here too: it is deterministic, differs by key and message, and nobody who
 * lacks the secret makes one that is accepted. One run of each suite has real Ed25519 (streets' `crypto`
 * option).
 */
import { hash } from "node:crypto";
import type { Crypto } from "#core/crypto/port";

const SIGNATURE_BYTES = 64;

/** One key ring a run: who was not asked for its public key here has no signatures. */
export function keyedCrypto(): Crypto {
  const secrets = new Map<string, Uint8Array>();
  const ids = new WeakMap<Uint8Array, Uint8Array>();
  const sha256 = (data: Uint8Array): Uint8Array => new Uint8Array(hash("sha256", data, "buffer"));
  const publicKey = (secretKey: Uint8Array): Uint8Array => {
    const known = ids.get(secretKey);
    if (known) return known;
    const key = sha256(Buffer.concat([Buffer.from("sim-public-key"), secretKey]));
    secrets.set(nameOf(key), secretKey.slice());
    ids.set(secretKey, key);
    return key;
  };
  const mac = (secretKey: Uint8Array, message: Uint8Array): Uint8Array => {
    const half = hash("sha256", Buffer.concat([secretKey, message]), "buffer");
    const signature = new Uint8Array(SIGNATURE_BYTES);
    signature.set(half);
    signature.set(half, half.length);
    return signature;
  };
  return {
    name: "keyed-hash",
    sha256,
    publicKey,
    sign(secretKey, message) {
      publicKey(secretKey);
      return mac(secretKey, message);
    },
    verify(key, message, signature) {
      const secretKey = secrets.get(nameOf(key));
      return secretKey !== undefined && Buffer.compare(mac(secretKey, message), signature) === 0;
    },
  };
}

function nameOf(key: Uint8Array): string {
  return Buffer.from(key.buffer, key.byteOffset, key.length).toString("latin1");
}
