// SPDX-License-Identifier: Apache-2.0
/**
 * The authority's secrets in one file, encrypted with a passphrase:
 *
 *   header: magic 8 | version 1 | log2 N 1 | r 1 | p 1 | anchor's public key 32 | salt 32 | nonce 12
 *   AES-256-GCM over CBOR, the header as associated data, the key by scrypt (RFC 7914) | tag 16
 *   SHA-256 of all before 32
 *
 * The hash tells a damaged file from a wrong passphrase, and keeps damaged parameters from being run. It
 * protects nothing: that is the tag's.
 */
import { createCipheriv, createDecipheriv, hash, randomBytes, scryptSync } from "node:crypto";
import { existsSync } from "node:fs";
import { bytesEqual, concatBytes } from "#core/codec/bytes";
import { decodeCbor, encodeCbor } from "#core/codec/cbor";
import { bytes, FieldFault, type Infer, struct, text } from "#core/codec/schema";
import type { Crypto } from "#core/crypto/port";
import { CA_BYTES_MAX, NAME_CHARS_MAX } from "#core/limits";
import { ms, netName } from "#core/records/common";
import { AuthorityToolError } from "./error.ts";
import { readBounded, SECRET_MODE, writeNew } from "./files.ts";

/** 2^17 × 8 × 128 bytes = 128 MB and about half a second for each guess. */
export const SCRYPT_LOG2_N = 17;
const SCRYPT_R = 8;
const SCRYPT_P = 1;
/** What a file may ask for: as little as tests use, and twice the memory of today's files. */
const LOG2_N_MIN = 10;
const R_MAX = 32;
const P_MAX = 4;
const SCRYPT_BYTES_MAX = 256 * 1024 * 1024;

/** Shorter ones are guessed; five words or twelve random characters are not, at half a second a try. */
export const PASSPHRASE_CHARS_MIN = 12;
/** More than anybody types: the bound is for a file that is no passphrase. */
export const PASSPHRASE_CHARS_MAX = 1024;

const MAGIC = Buffer.from("WATTLEAU", "latin1");
const VERSION = 1;
const AT = Object.freeze({ version: 8, log2N: 9, r: 10, p: 11, anchor: 12, salt: 44, nonce: 76 });
const HEADER_BYTES = 88;
const TAG_BYTES = 16;
const HASH_BYTES = 32;
const FILE_BYTES_MIN = HEADER_BYTES + TAG_BYTES + HASH_BYTES;
/** The largest certificate and key, and the rest with room. */
const FILE_BYTES_MAX = 4096;
/** PKCS#8 of an EC P-256 key takes 138. */
const CA_KEY_BYTES_MAX = 256;

const vault = struct({
  net: netName,
  /** For people. */
  name: text(NAME_CHARS_MAX),
  /** When it was made, UTC. */
  atMs: ms,
  /** The Boneh–Boyen key is derived from it. */
  sealSecret: bytes(32),
  /** Ed25519. */
  anchorSecret: bytes(32),
  /** The TLS authority's: PKCS#8 and certificate, DER. */
  caKey: bytes(0, CA_KEY_BYTES_MAX),
  caCertificate: bytes(0, CA_BYTES_MAX),
});

/** Everything that only the authority knows, and what it is called. */
export type Vault = Infer<typeof vault>;

/** What is wrong with a new passphrase, or undefined. */
export function passphraseFault(passphrase: string): string | undefined {
  const count = [...passphrase].length;
  if (count < PASSPHRASE_CHARS_MIN)
    return `the passphrase has ${count} characters. Give at least ${PASSPHRASE_CHARS_MIN}, such as five words`;
  if (count > PASSPHRASE_CHARS_MAX)
    return `the passphrase has ${count} characters. Give at most ${PASSPHRASE_CHARS_MAX}`;
  return undefined;
}

/** The file's bytes. `log2N` is for tests: scrypt's cost. */
export function sealVault(
  crypto: Crypto,
  secrets: Vault,
  passphrase: string,
  log2N = SCRYPT_LOG2_N,
): Uint8Array {
  const header = concatBytes(
    MAGIC,
    Uint8Array.of(VERSION, log2N, SCRYPT_R, SCRYPT_P),
    crypto.publicKey(secrets.anchorSecret),
    randomBytes(AT.nonce - AT.salt),
    randomBytes(HEADER_BYTES - AT.nonce),
  );
  const key = keyOf(header, passphrase);
  const cipher = createCipheriv("aes-256-gcm", key, header.subarray(AT.nonce)).setAAD(header);
  key.fill(0);
  const plain = encodeCbor(vault.encode(secrets, "vault"));
  const parts = [header, cipher.update(plain), cipher.final(), cipher.getAuthTag()];
  plain.fill(0);
  const file = concatBytes(...parts);
  return concatBytes(file, hash("sha256", file, "buffer"));
}

/** What is in the file's bytes; `path` is for the messages. @throws AuthorityToolError */
export function openVault(
  crypto: Crypto,
  file: Uint8Array,
  passphrase: string,
  path: string,
): Vault {
  checkForm(file, path);
  const header = file.subarray(0, HEADER_BYTES);
  const end = file.length - HASH_BYTES;
  const key = keyOf(header, passphrase);
  const decipher = createDecipheriv("aes-256-gcm", key, header.subarray(AT.nonce))
    .setAAD(header)
    .setAuthTag(file.subarray(end - TAG_BYTES, end));
  key.fill(0);
  let plain: Uint8Array;
  try {
    const sealed = file.subarray(HEADER_BYTES, end - TAG_BYTES);
    plain = concatBytes(decipher.update(sealed), decipher.final());
  } catch {
    throw new AuthorityToolError(
      `${path}: the passphrase is wrong. Give the one that init was given; nobody can set another`,
    );
  }
  const secrets = readVault(plain);
  if (secrets && bytesEqual(crypto.publicKey(secrets.anchorSecret), anchorKeyIn(file)))
    return secrets;
  throw new AuthorityToolError(`${path} was made by another version. Use that version of wattle`);
}

/** The anchor's public key from the header, which proves nothing by itself. @throws AuthorityToolError */
export function anchorKeyOf(file: Uint8Array, path: string): Uint8Array {
  checkForm(file, path);
  return anchorKeyIn(file);
}

function anchorKeyIn(file: Uint8Array): Uint8Array {
  return file.slice(AT.anchor, AT.salt);
}

/** Looks at everything that needs no passphrase. */
function checkForm(file: Uint8Array, path: string): void {
  if (file.length < FILE_BYTES_MIN || !bytesEqual(file.subarray(0, MAGIC.length), MAGIC))
    throw new AuthorityToolError(
      `${path} is no key store, or a part of one. Give the file that wattle authority init made`,
    );
  const end = file.length - HASH_BYTES;
  if (!bytesEqual(hash("sha256", file.subarray(0, end), "buffer"), file.subarray(end)))
    throw new AuthorityToolError(`${path} is damaged. Take the copy that you keep of it`);
  if (file[AT.version] !== VERSION)
    throw new AuthorityToolError(
      `${path} has version ${file[AT.version]}, and this is for ${VERSION}. Use a newer wattle`,
    );
  const { log2N, r, p } = costOf(file);
  if (log2N < LOG2_N_MIN || r < 1 || r > R_MAX || p < 1 || p > P_MAX || memoryOf(file) === 0)
    throw new AuthorityToolError(
      `${path} asks for scrypt with N 2^${log2N}, r ${r}, p ${p}, which is out of bounds. ` +
        "Take the copy that you keep of it",
    );
}

function costOf(header: Uint8Array) {
  return { log2N: header[AT.log2N], r: header[AT.r], p: header[AT.p] };
}

/** Bytes that scrypt takes, 0 where they are too many. */
function memoryOf(header: Uint8Array): number {
  const { log2N, r } = costOf(header);
  const needed = 128 * 2 ** log2N * r;
  return needed <= SCRYPT_BYTES_MAX ? needed : 0;
}

function keyOf(header: Uint8Array, passphrase: string): Buffer {
  const { log2N, r, p } = costOf(header);
  // Keyboards differ in how they write an accent (RFC 8265 section 4.2.2).
  return scryptSync(passphrase.normalize("NFC"), header.subarray(AT.salt, AT.nonce), 32, {
    N: 2 ** log2N,
    r,
    p,
    maxmem: 2 * memoryOf(header), // OpenSSL counts p's blocks too
  });
}

function readVault(plain: Uint8Array): Vault | undefined {
  const decoded = decodeCbor(plain);
  if ("fault" in decoded || !Array.isArray(decoded.value)) return undefined;
  try {
    return vault.decode(decoded.value, "vault");
  } catch (error) {
    if (error instanceof FieldFault) return undefined;
    throw error;
  }
}

/** Writes a new key store for its owner only, never over another one. @throws AuthorityToolError */
export function createKeyStore(path: string, file: Uint8Array): void {
  if (!writeNew(path, file, SECRET_MODE)) throw isThereAlready(path);
}

/** Before anything is asked for or made. @throws AuthorityToolError */
export function refuseKeyStoreThere(path: string): void {
  if (existsSync(path)) throw isThereAlready(path);
}

function isThereAlready(path: string): AuthorityToolError {
  return new AuthorityToolError(
    `${path} is there already, and a key store is never overwritten: what it certified would be ` +
      "worth nothing. Choose another folder",
  );
}

/** The bytes of the key store at `path`. @throws AuthorityToolError */
export function readKeyStore(path: string): Uint8Array {
  return readBounded(
    path,
    FILE_BYTES_MAX,
    "Give the file that wattle authority init made (--key <file>)",
  );
}
