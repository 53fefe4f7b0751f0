// SPDX-License-Identifier: Apache-2.0
/**
 * Checks an implementation of the crypto port against vectors. Imports nothing of Node, so that
 * the same function runs in a bundle on the XS engine.
 */
import { bytesEqual, fromHex } from "#core/codec/bytes";
import type { Crypto } from "#core/crypto/port";

/** One verification: all byte strings in hex, of any length where the vector is about lengths. */
export interface Ed25519Vector {
  name: string;
  publicKey: string;
  message: string;
  signature: string;
  valid: boolean;
}

/** A vector that can also be signed: `secretKey` is the 32-byte seed in hex. */
export interface Ed25519SigningVector extends Ed25519Vector {
  secretKey: string;
}

/** The names of the vectors whose verdict differs, or where verifying throws; empty is a pass. */
export function checkVectors(crypto: Crypto, vectors: readonly Ed25519Vector[]): string[] {
  const disagreeing: string[] = [];
  for (const vector of vectors) {
    let verdict: boolean | undefined;
    try {
      verdict = crypto.verify(
        bytesOf(vector.publicKey),
        bytesOf(vector.message),
        bytesOf(vector.signature),
      );
    } catch {
      verdict = undefined; // the port never throws on bad input
    }
    if (verdict !== vector.valid) disagreeing.push(vector.name);
  }
  return disagreeing;
}

/** The names of the vectors whose public key or signature comes out otherwise; empty is a pass. */
export function checkSigning(crypto: Crypto, vectors: readonly Ed25519SigningVector[]): string[] {
  const disagreeing: string[] = [];
  for (const vector of vectors) {
    const secretKey = bytesOf(vector.secretKey);
    const publicKey = crypto.publicKey(secretKey);
    const signature = crypto.sign(secretKey, bytesOf(vector.message));
    const same =
      bytesEqual(publicKey, bytesOf(vector.publicKey)) &&
      bytesEqual(signature, bytesOf(vector.signature));
    if (!same) disagreeing.push(vector.name);
  }
  return disagreeing;
}

function bytesOf(hex: string): Uint8Array {
  const bytes = fromHex(hex);
  if (bytes === undefined) throw new Error(`not hex in a vector: ${hex.slice(0, 40)}`);
  return bytes;
}
