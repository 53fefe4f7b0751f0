// SPDX-License-Identifier: Apache-2.0
/**
 * The crypto port on the device: SHA-256 by the SDK's digest, Ed25519 by libsodium (native/sodium.c). noble in
 * its place: crypto-noble.ts; the manifest says which.
 */
import { Digest } from "crypt";
import type { Crypto } from "#core/crypto/port";
import { assert } from "#core/errors/assert";
import { ffi } from "#xs/device/ffi";

export function sha256(data: Uint8Array): Uint8Array {
  const digest = new Digest("SHA256");
  digest.write(data);
  return new Uint8Array(digest.close());
}

/** A constant, which sits in flash: a function that is made at run time takes 160 bytes of the machine's memory. */
const NATIVE: Crypto = Object.freeze({
  name: "libsodium",
  sha256,
  publicKey(secretKey: Uint8Array) {
    const out = new Uint8Array(32);
    const failed = ffi().wattle_public_key(buffer(secretKey), secretKey.byteOffset, out.buffer);
    assert(failed === 0 && secretKey.length === 32, "CRYPTO_NATIVE", "public key");
    return out;
  },
  sign(secretKey: Uint8Array, message: Uint8Array) {
    const out = new Uint8Array(64);
    const failed = ffi().wattle_sign(
      buffer(secretKey),
      secretKey.byteOffset,
      buffer(message),
      message.byteOffset,
      message.length,
      out.buffer,
    );
    assert(failed === 0 && secretKey.length === 32, "CRYPTO_NATIVE", "sign");
    return out;
  },
  verify(publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array) {
    // The C side reads 32 and 64 bytes whatever the arrays hold.
    if (publicKey.length !== 32 || signature.length !== 64) return false;
    const good = ffi().wattle_verify(
      buffer(signature),
      signature.byteOffset,
      buffer(message),
      message.byteOffset,
      message.length,
      buffer(publicKey),
      publicKey.byteOffset,
    );
    return good === 1;
  },
});

export function deviceCrypto(): Crypto {
  return NATIVE;
}

function buffer(bytes: Uint8Array): ArrayBuffer {
  return bytes.buffer as ArrayBuffer;
}
