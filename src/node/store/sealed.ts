// SPDX-License-Identifier: Apache-2.0
/**
 * The log sealed at rest: each entry's bytes are encrypted (XChaCha20-Poly1305) before SQLite sees them, so
 * that who gets the file, a disk or a backup learns kinds, sizes and times, and not whose wallets are whose.
 *
 *   sealed = 1 ‖ nonce (24 random bytes) ‖ ciphertext ‖ tag
 *   associated data = store id ‖ index (u64) ‖ kind (u16); the store id is the nonce of entry 1
 *
 * An entry that changed its place, its kind or its store does not open.
 */
import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { crc32 } from "node:zlib";
import sodium from "sodium-native";
import { assert } from "#core/errors/assert";
import type { LogEntry, LogStore } from "#gateway/ports";
import { loadSealKey } from "../config/key-file.ts";
import { corruptRow, StoreError } from "./errors.ts";
import { type FileStore, openStore, type StoreOptions } from "./sqlite.ts";

/** First byte of a sealed entry. An entry in clear begins with the head of a CBOR array, 0x80 or more. */
const FORMAT = 1;
const NONCE_BYTES = 24;
const TAG_BYTES = 16;
const HEAD_BYTES = 1 + NONCE_BYTES;

export interface SealedOptions extends StoreOptions {
  /** The file with the 32-byte key; default: `gateway.seal` beside the store. */
  keyFile?: string;
  /** Makes a missing key file, but only for a store that is new. */
  create?: boolean;
}

/** Where the key of the store at `path` is looked for. */
export function sealKeyBeside(path: string): string {
  return join(dirname(path), "gateway.seal");
}

/**
 * Opens or creates the sealed log at `path`.
 * @throws StoreError that says what is missing: the key, the right key, or a store that is sealed
 */
export function openSealedStore(path: string, options: SealedOptions = {}): FileStore {
  const { keyFile = sealKeyBeside(path), create = false, ...rest } = options;
  const inner = openStore(path, rest);
  try {
    return new SealedStore(inner, path, keyFile, create);
  } catch (error) {
    inner.close();
    throw error;
  }
}

/** What is kept beside the log is no entry of it. */
const KEPT = Object.freeze({ index: 0 });

class SealedStore implements FileStore {
  private readonly inner: FileStore;
  private readonly path: string;
  private readonly key: Uint8Array;
  /** The nonce of entry 1; zeros until there is one. */
  private readonly id = new Uint8Array(NONCE_BYTES);

  constructor(inner: FileStore, path: string, keyFile: string, create: boolean) {
    this.inner = inner;
    this.path = path;
    const first = inner.length > 0 ? firstOf(inner) : undefined;
    if (first && first.bytes[0] !== FORMAT) throw unsealed(path);
    if (first && !existsSync(keyFile)) throw noKey(path, keyFile);
    this.key = loadSealKey(keyFile, create && !first).secretKey;
    if (!first) return;
    // The row's own checksum is right: it is the key that does not fit.
    if (!open(this.key, this.id, first)) throw wrongKey(path, keyFile);
    this.id.set(nonceOf(first.bytes));
  }

  get length(): number {
    return this.inner.length;
  }

  append(entries: readonly { kind: number; bytes: Uint8Array }[]): void {
    const before = this.inner.length;
    const id = this.id.slice();
    const sealed = entries.map(({ kind, bytes }, i) => {
      const index = before + i + 1;
      const made = { index, kind, bytes: seal(this.key, id, { index, kind, bytes }) };
      if (index === 1) id.set(nonceOf(made.bytes));
      return made;
    });
    this.inner.append(sealed);
    this.id.set(id); // only now: a batch that was refused leaves nothing behind
  }

  *read(from = 1): Iterable<LogEntry> {
    const none = new Uint8Array(NONCE_BYTES);
    for (const entry of this.inner.read(from)) {
      const bytes = open(this.key, entry.index === 1 ? none : this.id, entry);
      if (!bytes) throw corruptRow(this.path, entry.index, "was not sealed for its place in it");
      yield { ...entry, bytes };
    }
  }

  get gap(): LogStore["gap"] {
    return this.inner.gap;
  }

  drop(head: number, before: number): void {
    this.inner.drop(head, before);
  }

  /** Sealed for its name, which stands in the place of an entry's number. */
  keep(name: string, bytes: Uint8Array): void {
    this.inner.keep(name, seal(this.key, this.id, { ...KEPT, kind: crc32(name) & 0xffff, bytes }));
  }

  kept(name: string): Uint8Array | undefined {
    const bytes = this.inner.kept(name);
    return bytes && open(this.key, this.id, { ...KEPT, kind: crc32(name) & 0xffff, bytes });
  }

  forget(name: string): void {
    this.inner.forget(name);
  }

  copyTo(path: string): Promise<void> {
    return this.inner.copyTo(path);
  }

  close(): void {
    this.inner.close();
  }
}

function firstOf(store: LogStore): LogEntry {
  const [first] = store.read(1);
  return first;
}

function nonceOf(sealed: Uint8Array): Uint8Array {
  return sealed.subarray(1, HEAD_BYTES);
}

/** Store, index and kind: what an entry is sealed for. */
function placeOf(id: Uint8Array, { index, kind }: LogEntry): Buffer {
  assert(Number.isInteger(kind) && kind >= 0 && kind <= 0xffff, "STORE_KIND");
  const place = Buffer.alloc(NONCE_BYTES + 10);
  place.set(id);
  place.writeBigUInt64BE(BigInt(index), NONCE_BYTES);
  place.writeUInt16BE(kind, NONCE_BYTES + 8);
  return place;
}

function seal(key: Uint8Array, id: Uint8Array, entry: LogEntry): Uint8Array {
  const sealed = Buffer.alloc(HEAD_BYTES + entry.bytes.length + TAG_BYTES);
  sealed[0] = FORMAT;
  const nonce = sealed.subarray(1, HEAD_BYTES);
  sodium.randombytes_buf(nonce);
  const place = placeOf(id, entry);
  const out = sealed.subarray(HEAD_BYTES);
  sodium.crypto_aead_xchacha20poly1305_ietf_encrypt(out, entry.bytes, place, null, nonce, key);
  return sealed;
}

/** The bytes of a sealed entry; undefined where it is not one of this key, store and place. */
function open(key: Uint8Array, id: Uint8Array, entry: LogEntry): Uint8Array | undefined {
  const { bytes } = entry;
  if (bytes.length < HEAD_BYTES + TAG_BYTES || bytes[0] !== FORMAT) return undefined;
  const out = new Uint8Array(bytes.length - HEAD_BYTES - TAG_BYTES);
  const place = placeOf(id, entry);
  const from = bytes.subarray(HEAD_BYTES);
  try {
    const nonce = nonceOf(bytes);
    sodium.crypto_aead_xchacha20poly1305_ietf_decrypt(out, null, from, place, nonce, key);
    return out;
  } catch {
    return undefined; // the tag is over other bytes
  }
}

function unsealed(path: string): StoreError {
  const message =
    `store ${path}: it is not sealed, an older Wattle made it. Keep it, export it with that ` +
    "version where its ledger is needed, and give the gateway a new store";
  return new StoreError("STORE_UNSEALED", message);
}

function noKey(path: string, keyFile: string): StoreError {
  const message =
    `store ${path}: it is sealed, and its key file ${keyFile} is not there. Restore that file from ` +
    "its backup, or name it with sealKeyFile (a gateway) or --seal-key (other commands)";
  return new StoreError("STORE_SEAL_KEY", message);
}

function wrongKey(path: string, keyFile: string): StoreError {
  const message =
    `store ${path}: it is sealed with another key than that in ${keyFile}. Name the file with its ` +
    "key by sealKeyFile (a gateway) or --seal-key (other commands)";
  return new StoreError("STORE_SEAL_KEY", message);
}
