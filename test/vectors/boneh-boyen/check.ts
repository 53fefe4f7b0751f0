// SPDX-License-Identifier: Apache-2.0
/**
 * Checks the Boneh–Boyen scheme against vectors. Imports nothing of Node, so that the same functions run in a
 * bundle on the XS engine. All byte strings are hex, all scalars 32 bytes big-endian.
 */
import { bytesEqual, fromHex, toHex } from "#core/codec/bytes";
import {
  decodePublicKey,
  deriveSecretKey,
  encodePublicKey,
  publicKeyOf,
} from "#core/crypto/boneh-boyen/keys";
import { messageScalar } from "#core/crypto/boneh-boyen/scalar";
import { sign } from "#core/crypto/boneh-boyen/sign";
import { createVerifier, type Verifier } from "#core/crypto/boneh-boyen/verify";

/** A key and one signature with it, with all that is between. */
export interface SealVector {
  name: string;
  entropy: string;
  keyDomain: string;
  x: string;
  y: string;
  nonceKey: string;
  publicKey: string;
  domain: string;
  message: string;
  m: string;
  signature: string;
}

/** One verification; key and signature of any length where the vector is about lengths. */
export interface VerdictVector {
  name: string;
  publicKey: string;
  domain: string;
  message: string;
  signature: string;
  valid: boolean;
}

/** The names of the vectors where a value comes out otherwise; empty is a pass. */
export function checkSealing(vectors: readonly SealVector[]): string[] {
  const disagreeing: string[] = [];
  for (const vector of vectors) {
    const key = deriveSecretKey(bytesOf(vector.entropy), vector.keyDomain);
    const message = bytesOf(vector.message);
    const same =
      hexOf(key.x) === vector.x &&
      hexOf(key.y) === vector.y &&
      toHex(key.nonceKey) === vector.nonceKey &&
      bytesEqual(encodePublicKey(publicKeyOf(key)), bytesOf(vector.publicKey)) &&
      hexOf(messageScalar(vector.domain, message)) === vector.m &&
      bytesEqual(sign(key, vector.domain, message), bytesOf(vector.signature));
    if (!same) disagreeing.push(vector.name);
  }
  return disagreeing;
}

/** The names of the vectors whose verdict differs, or where verifying throws; empty is a pass. */
export function checkVerdicts(vectors: readonly VerdictVector[], windowBits: number): string[] {
  const verifiers = new Map<string, Verifier | undefined>();
  const disagreeing: string[] = [];
  for (const { name, publicKey, domain, message, signature, valid } of vectors) {
    let verdict: boolean | undefined;
    try {
      if (!verifiers.has(publicKey)) {
        const key = decodePublicKey(bytesOf(publicKey));
        verifiers.set(publicKey, key && createVerifier(key, { windowBits }));
      }
      const verifier = verifiers.get(publicKey);
      verdict = verifier?.verify(domain, bytesOf(message), bytesOf(signature)) ?? false;
    } catch {
      verdict = undefined; // nothing from outside may throw
    }
    if (verdict !== valid) disagreeing.push(name);
  }
  return disagreeing;
}

export function bytesOf(hex: string): Uint8Array {
  const bytes = fromHex(hex);
  if (bytes === undefined) throw new Error(`not hex in a vector: ${hex.slice(0, 40)}`);
  return bytes;
}

export function hexOf(scalar: bigint): string {
  return scalar.toString(16).padStart(64, "0");
}
