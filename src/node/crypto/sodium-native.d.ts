// SPDX-License-Identifier: Apache-2.0
/** The part of sodium-native 5 that is used here; the package has no declarations of its own. */
declare module "sodium-native" {
  /** Fills `publicKey` (32 bytes) and `secretKey` (64: seed ‖ public key) from a 32-byte seed. */
  export function crypto_sign_seed_keypair(
    publicKey: Uint8Array,
    secretKey: Uint8Array,
    seed: Uint8Array,
  ): void;
  /** Fills `signature` (64 bytes); `secretKey` has 64 bytes. */
  export function crypto_sign_detached(
    signature: Uint8Array,
    message: Uint8Array,
    secretKey: Uint8Array,
  ): void;
  /** Throws unless `signature` has at least 64 bytes and `publicKey` exactly 32. */
  export function crypto_sign_verify_detached(
    signature: Uint8Array,
    message: Uint8Array,
    publicKey: Uint8Array,
  ): boolean;
  /** Fills `buffer` with random bytes. */
  export function randombytes_buf(buffer: Uint8Array): void;
  /** Fills `sealed`, 16 bytes longer than `message`; `nonce` has 24 bytes, `key` 32. */
  export function crypto_aead_xchacha20poly1305_ietf_encrypt(
    sealed: Uint8Array,
    message: Uint8Array,
    associated: Uint8Array,
    secretNonce: null,
    nonce: Uint8Array,
    key: Uint8Array,
  ): number;
  /** Fills `message`; throws where the tag is not that of these bytes. */
  export function crypto_aead_xchacha20poly1305_ietf_decrypt(
    message: Uint8Array,
    secretNonce: null,
    sealed: Uint8Array,
    associated: Uint8Array,
    nonce: Uint8Array,
    key: Uint8Array,
  ): number;
  /** Fills `x25519` (32 bytes) from an Ed25519 public key; throws where that is none (`isPublicKey`). */
  export function crypto_sign_ed25519_pk_to_curve25519(
    x25519: Uint8Array,
    publicKey: Uint8Array,
  ): void;
  /** Fills `x25519` (32 bytes) from the 64 bytes of an Ed25519 secret key. */
  export function crypto_sign_ed25519_sk_to_curve25519(
    x25519: Uint8Array,
    secretKey: Uint8Array,
  ): void;
  /** Fills `box`, 16 bytes longer than `message`; `nonce` has 24 bytes. */
  export function crypto_box_easy(
    box: Uint8Array,
    message: Uint8Array,
    nonce: Uint8Array,
    publicKey: Uint8Array,
    secretKey: Uint8Array,
  ): void;
  /** Fills `message`; false where the box is not from and for these keys. */
  export function crypto_box_open_easy(
    message: Uint8Array,
    box: Uint8Array,
    nonce: Uint8Array,
    publicKey: Uint8Array,
    secretKey: Uint8Array,
  ): boolean;
}
