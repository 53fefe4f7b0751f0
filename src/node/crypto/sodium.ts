// SPDX-License-Identifier: Apache-2.0
/**
 * The crypto port on libsodium (sodium-native, prebuilt): about 25 times noble's rate, and the
 * origin of the port's verification rule. SHA-256 is node:crypto's one-shot hash, which took 1.0 µs
 * for 300 bytes where sodium's took 1.3 µs.
 */
import { hash } from "node:crypto";
import sodium from "sodium-native";
import type { Crypto } from "#core/crypto/port";
import { assert } from "#core/errors/assert";
import { sha256Tails } from "./sha256-tails.ts";

/**
 * Expanded secret keys that are kept. The gateway has a handful; a simulator that signs for a
 * thousand nodes on one port still finds each of its keys here.
 */
const KEYS_MAX = 1024;

interface KeyPair {
  publicKey: Uint8Array;
  /** Seed ‖ public key, as sodium wants it. */
  secretKey: Uint8Array;
}

/** Builds the port on libsodium. Keys of another length than 32 bytes fail `CRYPTO_SECRET_KEY`. */
export function sodiumCrypto(): Crypto {
  const keys = new Map<string, KeyPair>();

  const expand = (seed: Uint8Array): KeyPair => {
    assert(seed.length === 32, "CRYPTO_SECRET_KEY", `${seed.length} bytes, not 32`);
    // latin1 is the cheapest exact string of 32 bytes.
    const name = Buffer.from(seed.buffer, seed.byteOffset, 32).toString("latin1");
    let pair = keys.get(name);
    if (pair === undefined) {
      pair = { publicKey: new Uint8Array(32), secretKey: new Uint8Array(64) };
      sodium.crypto_sign_seed_keypair(pair.publicKey, pair.secretKey, seed);
      if (keys.size === KEYS_MAX) keys.delete(keys.keys().next().value as string);
      keys.set(name, pair);
    }
    return pair;
  };

  return {
    name: "sodium",
    sha256: (data) => {
      const digest = hash("sha256", data, "buffer");
      return new Uint8Array(digest.buffer, digest.byteOffset, digest.length);
    },
    sha256Tails,
    publicKey: (secretKey) => expand(secretKey).publicKey.slice(),
    sign: (secretKey, message) => {
      const signature = new Uint8Array(64);
      sodium.crypto_sign_detached(signature, message, expand(secretKey).secretKey);
      return signature;
    },
    verify: sodiumVerify,
  };
}

/** Whether these 32 bytes can be somebody's key: of a random 32 half are no point of the curve. */
export function isPublicKey(bytes: Uint8Array): boolean {
  try {
    sodium.crypto_sign_ed25519_pk_to_curve25519(new Uint8Array(32), bytes);
    return true;
  } catch {
    return false;
  }
}

/** The port's `verify`, for the worker too, which needs nothing else. */
export function sodiumVerify(
  publicKey: Uint8Array,
  message: Uint8Array,
  signature: Uint8Array,
): boolean {
  // sodium-native throws on a short signature and looks only at the first 64 bytes of a long one.
  if (publicKey.length !== 32 || signature.length !== 64) return false;
  return sodium.crypto_sign_verify_detached(signature, message, publicKey);
}
