// SPDX-License-Identifier: Apache-2.0
/**
 * Records and signed records. A record is `[kind, version, …fields]`; a signed one travels as
 * `[bstr record, bstr signature]`, so that the signature is checked over the very bytes received. What is
 * signed is SHA-256(domain ‖ 0 ‖ record) with a domain per kind and version; that hash is the record's id.
 */
import { domainHash } from "../crypto/domain.ts";
import type { Crypto } from "../crypto/port.ts";
import { assert } from "../errors/assert.ts";
import type { Code } from "../errors/codes.ts";
import { MESSAGE_BYTES_MAX } from "../limits.ts";
import { decodeCbor, encodeCbor } from "./cbor.ts";
import { FieldFault, type Fields, type Infer, type StructField, struct } from "./schema.ts";

/** What is wrong with bytes from outside: a code for the peer, a detail for the log. */
export interface Refusal {
  ok: false;
  code: Code;
  detail: string;
}

/** A kind of record: its fields in wire order, and what stands around them. */
export class RecordType<T> {
  readonly name: string;
  readonly kind: number;
  readonly version: number;
  /** Domain of its hash and signature, e.g. `wattle/reading/1`. */
  readonly domain: string;
  readonly bytesMax: number;
  readonly body: StructField<Fields>;

  constructor(
    name: string,
    kind: number,
    version: number,
    fields: Fields,
    bytesMax: number,
    domain: string,
  ) {
    this.name = name;
    this.kind = kind;
    this.version = version;
    this.domain = domain;
    this.bytesMax = bytesMax;
    this.body = struct(fields);
  }

  encode(value: T): Uint8Array {
    const { name, kind, version, bytesMax } = this;
    const inner = this.body.encode(value as Infer<Fields>, name);
    const bytes = encodeCbor([kind, version, ...inner]);
    assert(bytes.length <= bytesMax, "RECORD_SIZE", `${name}: ${bytes.length} bytes`);
    return bytes;
  }

  decode(bytes: Uint8Array): { ok: true; value: T } | Refusal {
    const { name, kind, version, bytesMax } = this;
    if (bytes.length > bytesMax) return refuse("OVERSIZED", `${bytes.length} bytes`);
    const decoded = decodeCbor(bytes);
    if ("fault" in decoded) return refuseFault(decoded.fault);
    const raw = decoded.value;
    if (!Array.isArray(raw) || raw.length < 2) return refuse("MALFORMED", "not a record");
    if (raw[0] !== kind) return refuse("WRONG_KIND", `kind ${String(raw[0])}, not ${kind}`);
    if (raw[1] !== version) return refuse("UNSUPPORTED_VERSION", `version ${String(raw[1])}`);
    try {
      return { ok: true, value: this.body.decode(raw.slice(2), name) as T };
    } catch (error) {
      if (error instanceof FieldFault) return refuse("FIELD_RANGE", error.message);
      throw error;
    }
  }
}

/** The record type `name` with wire number `kind`: fields in wire order, `bytesMax` the largest encoding. */
export function recordType<F extends Fields>(
  name: string,
  kind: number,
  version: number,
  fields: F,
  bytesMax: number = MESSAGE_BYTES_MAX,
  domain = `wattle/${name}/${version}`,
): RecordType<Infer<F>> {
  return new RecordType(name, kind, version, fields, bytesMax, domain);
}

function refuse(code: Code, detail: string): Refusal {
  return { ok: false, code, detail };
}

function refuseFault(fault: string): Refusal {
  if (fault === "non-canonical")
    return refuse("NON_CANONICAL", "an integer or length is not shortest");
  return refuse("MALFORMED", fault);
}

/** A signed record as received: the value, the bytes that were signed, and the record's id. */
export interface Signed<T> {
  ok: true;
  value: T;
  record: Uint8Array;
  signature: Uint8Array;
  /** SHA-256(domain ‖ 0 ‖ record): what the signature is over. */
  id: Uint8Array;
}

/** Encodes and signs `value`; returns the envelope's bytes and the record's id. */
export function signRecord<T>(
  type: RecordType<T>,
  crypto: Crypto,
  secretKey: Uint8Array,
  value: T,
): { bytes: Uint8Array; id: Uint8Array } {
  const record = type.encode(value);
  const id = domainHash(crypto, type.domain, record);
  return { bytes: encodeCbor([record, crypto.sign(secretKey, id)]), id };
}

/** Splits and decodes a signed record; the signature is not checked here (the key may be looked up first). */
export function openSigned<T>(
  type: RecordType<T>,
  crypto: Crypto,
  bytes: Uint8Array,
): Signed<T> | Refusal {
  const envelope = splitEnvelope(bytes, type.bytesMax + ENVELOPE_BYTES);
  if (!envelope.ok) return envelope;
  const { record, signature } = envelope;
  const decoded = type.decode(record);
  if (!decoded.ok) return decoded;
  const id = domainHash(crypto, type.domain, record);
  return { ok: true, value: decoded.value, record, signature, id };
}

/** Heads of the array and of both byte strings, and the signature. */
const ENVELOPE_BYTES = 1 + 5 + 2 + 64;

/** The two byte strings of `[bstr record, bstr signature]`. */
function splitEnvelope(
  bytes: Uint8Array,
  bytesMax: number,
): { ok: true; record: Uint8Array; signature: Uint8Array } | Refusal {
  if (bytes.length > bytesMax) return refuse("OVERSIZED", `${bytes.length} bytes`);
  const decoded = decodeCbor(bytes);
  if ("fault" in decoded) return refuseFault(decoded.fault);
  const raw = decoded.value;
  if (!Array.isArray(raw) || raw.length !== 2) return refuse("MALFORMED", "not an envelope");
  const [record, signature] = raw;
  if (!(record instanceof Uint8Array) || !(signature instanceof Uint8Array))
    return refuse("MALFORMED", "not an envelope");
  if (signature.length !== 64) return refuse("BAD_SIGNATURE", "signature is not 64 bytes");
  return { ok: true, record, signature };
}

/** Whether the signature of an opened record is `publicKey`'s. */
export function verifySigned(
  crypto: Crypto,
  publicKey: Uint8Array,
  signed: { id: Uint8Array; signature: Uint8Array },
): boolean {
  return crypto.verify(publicKey, signed.id, signed.signature);
}
