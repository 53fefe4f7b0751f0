// SPDX-License-Identifier: Apache-2.0
/**
 * Signatures of certificates, over SHA-256. RSA is computed here, since the encoding has to be compared as a
 * whole (RFC 8017 section 8.2.2) and an exponent of 65537 takes 17 multiplications; P-256 comes by a port.
 */
import { toHex } from "#core/codec/bytes";
import type { PublicKey } from "./certificate.ts";
import { DerFault, positive, sequenceOf, Tag } from "./der.ts";

export interface SignatureCrypto {
  sha256(data: Uint8Array): Uint8Array;
  /** ECDSA on P-256: a point of 65 bytes, a digest of 32, and r and s of 32 each, both 1 to n − 1. */
  verifyP256(point: Uint8Array, digest: Uint8Array, r: Uint8Array, s: Uint8Array): boolean;
}

/** The order of P-256 (SEC 2 section 2.4.2). */
const ORDER = "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551";
const NUMBER_BYTES = 32;

/** DigestInfo of SHA-256 up to the digest (RFC 8017 section 9.2, note 1). */
const DIGEST_INFO = "3031300d060960864801650304020105000420";
/** EXPONENT is 2^16 + 1. */
const SQUARINGS = 16;

/** Whether `signature` of `signed` was made with the secret half of `key`. */
export function isSignedBy(
  key: PublicKey,
  signed: Uint8Array,
  signature: Uint8Array,
  crypto: SignatureCrypto,
): boolean {
  const digest = crypto.sha256(signed);
  if (key.kind === "rsa") return isRsaSignature(key.modulus, digest, signature);
  const numbers = ecdsaNumbers(signature);
  return numbers !== undefined && crypto.verifyP256(key.point, digest, numbers.r, numbers.s);
}

/**
 * r and s of an ECDSA signature (RFC 3279 section 2.2.3). Undefined where one is not 1 to n − 1:
 * implementations that leave this out take zeros for a signature of anything.
 */
export function ecdsaNumbers(signature: Uint8Array): { r: Uint8Array; s: Uint8Array } | undefined {
  try {
    const numbers = sequenceOf(signature);
    const r = inOrder(positive(numbers.next(Tag.integer)));
    const s = inOrder(positive(numbers.next(Tag.integer)));
    numbers.end();
    return r && s && { r, s };
  } catch (error) {
    if (error instanceof DerFault) return undefined;
    throw error;
  }
}

/** The number in 32 bytes where it is 1 to n − 1; `positive` has left no zeros before it. */
function inOrder(number: Uint8Array): Uint8Array | undefined {
  if (number.length > NUMBER_BYTES) return undefined;
  const padded = new Uint8Array(NUMBER_BYTES);
  padded.set(number, NUMBER_BYTES - number.length);
  // Hex digits of one length are in the order of their numbers.
  return toHex(padded) < ORDER ? padded : undefined;
}

function isRsaSignature(modulus: Uint8Array, digest: Uint8Array, signature: Uint8Array): boolean {
  if (signature.length !== modulus.length) return false;
  const n = BigInt(`0x${toHex(modulus)}`);
  const s = BigInt(`0x${toHex(signature)}`);
  if (s >= n) return false;
  let power = s;
  for (let i = 0; i < SQUARINGS; i++) power = (power * power) % n;
  power = (power * s) % n;
  const digits = 2 * modulus.length;
  const tail = `00${DIGEST_INFO}${toHex(digest)}`;
  const encoded = `0001${"f".repeat(digits - 4 - tail.length)}${tail}`;
  return power.toString(16).padStart(digits, "0") === encoded;
}
