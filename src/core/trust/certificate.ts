// SPDX-License-Identifier: Apache-2.0
/**
 * Certificates (paper 1, II-B-1). On the wire: `[record, seal, anchor]`, the seal a Boneh–Boyen signature over
 * the record in its domain, the anchor an Ed25519 signature over the record's id. A gateway's has an anchor; a
 * node's has 0 there.
 */
import { bytesEqual } from "../codec/bytes.ts";
import { type CborValue, decodeCbor, encodeCbor } from "../codec/cbor.ts";
import type { Refusal } from "../codec/record.ts";
import { domainHash } from "../crypto/domain.ts";
import type { Crypto } from "../crypto/port.ts";
import { assert } from "../errors/assert.ts";
import type { Code } from "../errors/codes.ts";
import { nodeIdOf } from "../identity.ts";
import { Subject } from "../records/authority.ts";
import { type Certificate, certificateRecord } from "../records/certificate.ts";

/** Bytes of a seal: σ as a compressed point of G1, and r. */
export const SEAL_BYTES = 80;
const ANCHOR_BYTES = 64;
/** Heads of the array and of its three byte strings. */
const HEAD_BYTES = 1 + 3 + 2 + 2;
/** Largest envelope. */
export const SEALED_BYTES_MAX = certificateRecord.bytesMax + SEAL_BYTES + ANCHOR_BYTES + HEAD_BYTES;

/** A certificate as received. Nothing of it is checked but its form, and that id and key belong together. */
export interface SealedCertificate {
  readonly ok: true;
  readonly value: Certificate;
  /** The bytes that are sealed. */
  readonly record: Uint8Array;
  readonly id: Uint8Array;
  readonly seal: Uint8Array;
  readonly anchor: Uint8Array | undefined;
}

/** The envelope's bytes. */
export function encodeSealed(
  record: Uint8Array,
  seal: Uint8Array,
  anchor: Uint8Array | undefined,
): Uint8Array {
  assert(seal.length === SEAL_BYTES, "CERT_SEAL_BYTES", String(seal.length));
  assert(!anchor || anchor.length === ANCHOR_BYTES, "CERT_ANCHOR_BYTES");
  return encodeCbor([record, seal, anchor ?? 0]);
}

export function openCertificate(crypto: Crypto, encoded: Uint8Array): SealedCertificate | Refusal {
  if (encoded.length > SEALED_BYTES_MAX) return refuse("OVERSIZED", `${encoded.length} bytes`);
  const decoded = decodeCbor(encoded);
  if ("fault" in decoded)
    return decoded.fault === "non-canonical"
      ? refuse("NON_CANONICAL", "an integer or length is not shortest")
      : refuse("MALFORMED", decoded.fault);
  const parts = partsOf(decoded.value);
  if (!parts) return refuse("MALFORMED", "not a certificate's envelope");
  const { record, seal, anchor } = parts;
  const opened = certificateRecord.decode(record);
  if (!opened.ok) return opened;
  const { value } = opened;
  if (value.subject !== Subject.node && value.subject !== Subject.gateway)
    return refuse("FIELD_RANGE", `subject ${value.subject}`);
  // With one form for each subject, nobody can change the envelope and keep what it says.
  if ((value.subject === Subject.gateway) !== (anchor !== undefined))
    return refuse("CERT_INVALID", "an anchor signature is for a gateway, and for each of them");
  if (!bytesEqual(nodeIdOf(crypto, value.publicKey), value.id))
    return refuse("CERT_INVALID", "the id does not follow from the key");
  return { ok: true, value, record, seal, anchor, id: domainHash(crypto, DOMAIN, record) };
}

/** Domain of a certificate's seal and id. */
export const DOMAIN = certificateRecord.domain;

function partsOf(raw: CborValue) {
  if (!Array.isArray(raw) || raw.length !== 3) return undefined;
  const [record, seal, anchor] = raw;
  if (!(record instanceof Uint8Array) || !(seal instanceof Uint8Array)) return undefined;
  if (seal.length !== SEAL_BYTES) return undefined;
  if (anchor === 0) return { record, seal, anchor: undefined };
  if (!(anchor instanceof Uint8Array) || anchor.length !== ANCHOR_BYTES) return undefined;
  return { record, seal, anchor };
}

/** What a certificate has to be for whoever looks at it. */
export interface CertificateRule {
  readonly net: string;
  /** Id of the authority that is trusted. */
  readonly authority: Uint8Array;
  readonly subject: number;
  /** Whose it has to be; without it everybody's counts. */
  readonly id?: Uint8Array;
  /** Of a gateway: the area that it has to be for. */
  readonly area?: string;
  /** Protocol time; undefined where it is not known: validity is then not judged. */
  readonly atMs: number | undefined;
  /** Whether a serial of this subject is revoked. */
  revoked(serial: number): boolean;
}

/** Why a certificate, whose seal or anchor was checked, does not count; undefined where it does. */
export function certificateFault(
  { net, authority, serial, subject, id, area, fromMs, untilMs }: Certificate,
  rule: CertificateRule,
): Code | undefined {
  if (net !== rule.net) return "WRONG_NET";
  if (!bytesEqual(authority, rule.authority) || subject !== rule.subject) return "CERT_INVALID";
  if (rule.id && !bytesEqual(id, rule.id)) return "CERT_INVALID";
  if (rule.area !== undefined && area !== rule.area) return "CERT_INVALID";
  if (rule.revoked(serial)) return "CERT_REVOKED";
  if (rule.atMs !== undefined && (rule.atMs < fromMs || rule.atMs >= untilMs))
    return "CERT_EXPIRED";
  return undefined;
}

function refuse(code: Code, detail: string): Refusal {
  return { ok: false, code, detail };
}
