// SPDX-License-Identifier: Apache-2.0
/**
 * The crypto port: SHA-256 and Ed25519 behind one interface, so that a board with C crypto, the gateway with
 * libsodium and pure noble give the same bytes and the same verdicts.
 *
 * Every implementation applies one verification rule (libsodium's): accept iff S < L, A and R are canonical
 * encodings and not of small order, and encode([S]B − [k]A) equals R byte for byte, without the cofactor.
 */
export interface Crypto {
  /** Which implementation this is, for reports: `noble`, `sodium` or `host`. */
  readonly name: string;
  /** SHA-256 of `data`: 32 bytes. */
  sha256(data: Uint8Array): Uint8Array;
  /**
   * The same of `input` with each of the `size`-byte `tails` at `at` in turn: digests one after the other, good
   * until the next call. For an `at` in the last block of 64 bytes. Only where it is cheaper than single calls.
   */
  sha256Tails?(input: Uint8Array, at: number, tails: Uint8Array, size: number): Uint8Array;
  /** The 32-byte public key of a 32-byte secret key (RFC 8032 section 5.1.5). */
  publicKey(secretKey: Uint8Array): Uint8Array;
  /** The 64-byte Ed25519 signature of `message` (RFC 8032 section 5.1.6). */
  sign(secretKey: Uint8Array, message: Uint8Array): Uint8Array;
  /** Whether `signature` is valid under the rule above. Never throws on bad input of any length. */
  verify(publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean;
}

/** Cryptographic randomness. */
export interface Entropy {
  /** `length` random bytes. */
  bytes(length: number): Uint8Array;
}
