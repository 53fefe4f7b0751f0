// SPDX-License-Identifier: Apache-2.0
/**
 * Checks the records of an engine against the vectors. Imports nothing of Node, so that the same function
 * runs in a bundle on the XS engine.
 */
import { bytesEqual, fromHex, toHex } from "#core/codec/bytes";
import {
  openSigned,
  type RecordType,
  type Refusal,
  signRecord,
  verifySigned,
} from "#core/codec/record";
import { domainHash } from "#core/crypto/domain";
import type { Crypto } from "#core/crypto/port";
import { ALL_RECORDS, travelsSigned } from "#core/records/index";
import { openTx, signTx, type Tx } from "#core/records/tx";
import { openCertificate } from "#core/trust/certificate";
import { sealedFaults, trustFaults } from "./check-trust.ts";

/** Seed of the key that signs every vector: the bytes 0 to 31. */
export const TEST_SEED: Uint8Array = Uint8Array.from({ length: 32 }, (_, i) => i);

/**
 * Fields as JSON: text as it is, byte strings as 0x and hex, 64-bit registers as decimal strings with a
 * final n, absent fields as null.
 */
export type Json = null | string | number | Json[] | { [name: string]: Json };

/** One value of one record type with its only encoding. */
export interface RecordVector {
  name: string;
  kind: number;
  record: string;
  fields: Json;
  /** The record's bytes. */
  hex: string;
  /** `[bstr record, bstr signature]` by the test key, for records that travel signed. */
  signedHex?: string;
  /** `[bstr record, seal, anchor]` for a certificate; the seal has no meaning, the anchor is the test key's. */
  sealedHex?: string;
  /** The record's id; for a transaction the id of its body. */
  id: string;
}

/** Bytes that must be refused with `code`, as a record of `record` or (`signed`, `sealed`) as its envelope. */
export interface NegativeVector {
  name: string;
  record: string;
  signed?: true;
  sealed?: true;
  hex: string;
  code: string;
}

/** A value of a record as JSON. */
export function toJson(value: unknown): Json {
  if (value === undefined) return null;
  if (value instanceof Uint8Array) return `0x${toHex(value)}`;
  if (typeof value === "bigint") return `${value}n`;
  if (typeof value === "string" || typeof value === "number") return value;
  if (Array.isArray(value)) return value.map(toJson);
  const json: { [name: string]: Json } = {};
  const fields = value as Record<string, unknown>;
  for (const name of Object.keys(fields)) json[name] = toJson(fields[name]);
  return json;
}

/** The value that `json` stands for. */
export function fromJson(json: Json): unknown {
  if (json === null) return undefined;
  if (typeof json === "number") return json;
  if (Array.isArray(json)) return json.map(fromJson);
  if (typeof json === "string") {
    if (json.startsWith("0x")) return bytesOf(json.slice(2));
    return /^[0-9]+n$/.test(json) ? BigInt(json.slice(0, -1)) : json;
  }
  const value: Record<string, unknown> = {};
  for (const name of Object.keys(json)) value[name] = fromJson(json[name]);
  return value;
}

/** What disagrees, each with the name of its vector; empty is a pass. */
export function checkRecords(
  crypto: Crypto,
  vectors: readonly RecordVector[],
  negatives: readonly NegativeVector[],
): string[] {
  const faults: string[] = [];
  for (const vector of vectors)
    for (const fault of faultsOf(crypto, vector))
      faults.push(`${vector.record}, ${vector.name}: ${fault}`);
  for (const negative of negatives) {
    const fault = negativeFault(crypto, negative);
    if (fault) faults.push(`${negative.record}, ${negative.name}: ${fault}`);
  }
  return faults;
}

function faultsOf(crypto: Crypto, vector: RecordVector): string[] {
  const type = typeOf(vector.record);
  if (!type || type.kind !== vector.kind) return [`no record ${vector.record} of this kind`];
  const faults: string[] = [];
  const bytes = bytesOf(vector.hex);
  const value = fromJson(vector.fields);
  if (toHex(type.encode(value)) !== vector.hex) faults.push("encodes otherwise");
  const decoded = type.decode(bytes);
  if (!decoded.ok) return [...faults, `decoding refuses it: ${decoded.code} ${decoded.detail}`];
  if (!sameJson(toJson(decoded.value), vector.fields)) faults.push("decodes otherwise");
  if (vector.record === "tx") return [...faults, ...txFaults(crypto, vector, bytes)];
  if (toHex(domainHash(crypto, type.domain, bytes)) !== vector.id) faults.push("has another id");
  if (vector.record === "certificate") {
    const envelope = bytesOf(vector.sealedHex ?? "");
    return [...faults, ...sealedFaults(crypto, crypto.publicKey(TEST_SEED), envelope, vector)];
  }
  if (vector.signedHex === undefined) {
    if (travelsSigned(type)) faults.push("is not signed");
    return faults;
  }
  return [...faults, ...signedFaults(crypto, type, vector, value)];
}

function signedFaults(
  crypto: Crypto,
  type: RecordType<unknown>,
  vector: RecordVector,
  value: unknown,
): string[] {
  const faults: string[] = [];
  const envelope = bytesOf(vector.signedHex ?? "");
  const opened = openSigned(type, crypto, envelope);
  if (!opened.ok) return [`opening refuses it: ${opened.code} ${opened.detail}`];
  if (toHex(opened.record) !== vector.hex) faults.push("holds another record");
  if (toHex(opened.id) !== vector.id) faults.push("opens with another id");
  const publicKey = crypto.publicKey(TEST_SEED);
  if (!verifySigned(crypto, publicKey, opened)) faults.push("does not verify");
  const other = opened.id.slice();
  other[31] ^= 1;
  if (verifySigned(crypto, publicKey, { id: other, signature: opened.signature }))
    faults.push("verifies for another record");
  const again = signRecord(type, crypto, TEST_SEED, value);
  if (!bytesEqual(again.bytes, envelope)) faults.push("signs otherwise");
  return [...faults, ...trustFaults(crypto, publicKey, type.name, value, envelope)];
}

function txFaults(crypto: Crypto, vector: RecordVector, bytes: Uint8Array): string[] {
  const opened = openTx(crypto, bytes);
  if (!opened.ok) return [`opening refuses it: ${opened.code} ${opened.detail}`];
  const { tx } = opened;
  const faults: string[] = [];
  if (toHex(tx.txid) !== vector.id) faults.push("has another id");
  const publicKey = crypto.publicKey(TEST_SEED);
  if (!crypto.verify(publicKey, tx.digest, tx.signature)) faults.push("does not verify");
  const again: Tx = signTx(crypto, TEST_SEED, tx.body, tx.said, tx.pot);
  if (!bytesEqual(again.bytes, bytes)) faults.push("signs otherwise");
  return faults;
}

function negativeFault(crypto: Crypto, negative: NegativeVector): string | undefined {
  const type = typeOf(negative.record);
  if (!type) return "no such record";
  const bytes = bytesOf(negative.hex);
  let code: string;
  try {
    const opened = openNegative(crypto, type, negative, bytes);
    code = opened.ok ? "accepted" : opened.code;
  } catch (error) {
    code = `threw ${String(error)}`;
  }
  return code === negative.code ? undefined : `${code}, not ${negative.code}`;
}

function openNegative(
  crypto: Crypto,
  type: RecordType<unknown>,
  { sealed, signed }: NegativeVector,
  bytes: Uint8Array,
): { ok: true } | Refusal {
  if (sealed) return openCertificate(crypto, bytes);
  return signed ? openSigned(type, crypto, bytes) : type.decode(bytes);
}

function typeOf(name: string): RecordType<unknown> | undefined {
  return ALL_RECORDS.find((type) => type.name === name);
}

/** The same JSON with its fields in the same order. */
function sameJson(a: Json, b: Json): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}

/** The bytes of a vector's hex. */
export function bytesOf(hex: string): Uint8Array {
  const bytes = fromHex(hex);
  if (bytes === undefined) throw new Error(`not hex in a vector: ${hex.slice(0, 40)}`);
  return bytes;
}
