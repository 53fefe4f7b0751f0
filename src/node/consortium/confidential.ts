// SPDX-License-Identifier: Apache-2.0
/**
 * What gateways say to each other, encrypted so that brokers and eavesdroppers learn sizes and times only.
 * Each gateway has a key of its own for what it sends, new with every start, and tells it to each reader in a
 * box (records/readers.ts). The boxes' X25519 keys follow from the gateways' Ed25519 keys, so that there is
 * no second pair to certify.
 *
 *   message = 1 ‖ key id (16) ‖ nonce (24 random bytes) ‖ ciphertext ‖ tag    XChaCha20-Poly1305
 *   associated data = sender's id ‖ topic
 *
 * Secrecy ends where a gateway's secret key is known: it opens the boxes of the past as well, if somebody
 * kept them. Who may read what is in docs/security.md.
 */
import sodium from "sodium-native";
import { ascii, bytesEqual, concatBytes, toHex } from "#core/codec/bytes";
import type { Readers } from "#core/records/readers";
import { KEY_ID_BYTES } from "#core/records/readers";

const FORMAT = 1;
const NONCE_BYTES = 24;
const TAG_BYTES = 16;
const KEY_BYTES = 32;
const HEAD_BYTES = 1 + KEY_ID_BYTES + NONCE_BYTES;
/** Keys of one sender that are kept: its present one, and the one before a restart. */
const KEYS_KEPT = 2;

/** A gateway that may read, or whose messages are read. */
export interface Peer {
  id: Uint8Array;
  /** Its Ed25519 key. */
  publicKey: Uint8Array;
}

export class Confidential {
  private readonly self: Uint8Array;
  private readonly boxKey = new Uint8Array(KEY_BYTES);
  private readonly keyId = random(KEY_ID_BYTES);
  private readonly key = random(KEY_BYTES);
  /** Keys of others by sender, the newest last. */
  private readonly known = new Map<string, { keyId: Uint8Array; key: Uint8Array }[]>();

  /** `seed`: the gateway's Ed25519 secret, 32 bytes. */
  constructor(self: Uint8Array, seed: Uint8Array) {
    this.self = self;
    const secretKey = new Uint8Array(64);
    sodium.crypto_sign_seed_keypair(new Uint8Array(KEY_BYTES), secretKey, seed);
    sodium.crypto_sign_ed25519_sk_to_curve25519(this.boxKey, secretKey);
  }

  /**
   * This gateway's key for these readers: the caller signs and publishes it.
   * @throws where a reader's key is none (`isPublicKey`)
   */
  readers(net: string, peers: readonly Peer[], atMs: number): Readers {
    const keys = peers.map(({ id, publicKey }) => {
      const nonce = random(NONCE_BYTES);
      const box = new Uint8Array(KEY_BYTES + TAG_BYTES);
      sodium.crypto_box_easy(box, this.key, nonce, boxPublicKey(publicKey), this.boxKey);
      return { reader: id, nonce, box };
    });
    return { net, gateway: this.self, keyId: this.keyId, atMs, keys };
  }

  /** Takes a peer's key out of its signed statement; false where it has none for this gateway. */
  learn({ gateway, keyId, keys }: Readers, publicKey: Uint8Array): boolean {
    const wrapped = keys.find(({ reader }) => bytesEqual(reader, this.self));
    if (!wrapped) return false;
    const key = new Uint8Array(KEY_BYTES);
    const { box, nonce } = wrapped;
    if (!sodium.crypto_box_open_easy(key, box, nonce, boxPublicKey(publicKey), this.boxKey))
      return false;
    const sender = toHex(gateway);
    const kept = (this.known.get(sender) ?? []).filter((one) => !bytesEqual(one.keyId, keyId));
    kept.push({ keyId, key });
    this.known.set(sender, kept.slice(-KEYS_KEPT));
    return true;
  }

  seal(topic: string, payload: Uint8Array): Uint8Array {
    const nonce = random(NONCE_BYTES);
    const sealed = new Uint8Array(payload.length + TAG_BYTES);
    const said = associated(this.self, topic);
    sodium.crypto_aead_xchacha20poly1305_ietf_encrypt(sealed, payload, said, null, nonce, this.key);
    return concatBytes(Uint8Array.of(FORMAT), this.keyId, nonce, sealed);
  }

  /** What `sender` sealed for `topic`; "unknown key" where its key has not come, "damaged" for anything else. */
  open(
    sender: Uint8Array,
    topic: string,
    bytes: Uint8Array,
  ): Uint8Array | "unknown key" | "damaged" {
    if (bytes.length < HEAD_BYTES + TAG_BYTES || bytes[0] !== FORMAT) return "damaged";
    const keyId = bytes.subarray(1, 1 + KEY_ID_BYTES);
    const key = this.known.get(toHex(sender))?.find((one) => bytesEqual(one.keyId, keyId))?.key;
    if (!key) return "unknown key";
    const nonce = bytes.subarray(1 + KEY_ID_BYTES, HEAD_BYTES);
    const sealed = bytes.subarray(HEAD_BYTES);
    const payload = new Uint8Array(sealed.length - TAG_BYTES);
    try {
      const said = associated(sender, topic);
      sodium.crypto_aead_xchacha20poly1305_ietf_decrypt(payload, null, sealed, said, nonce, key);
      return payload;
    } catch {
      return "damaged";
    }
  }
}

function associated(sender: Uint8Array, topic: string): Uint8Array {
  return concatBytes(sender, ascii(topic));
}

function boxPublicKey(publicKey: Uint8Array): Uint8Array {
  const x25519 = new Uint8Array(KEY_BYTES);
  sodium.crypto_sign_ed25519_pk_to_curve25519(x25519, publicKey);
  return x25519;
}

function random(length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  sodium.randombytes_buf(bytes);
  return bytes;
}
