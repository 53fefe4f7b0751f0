// SPDX-License-Identifier: Apache-2.0
/** What the authority publishes about itself, and the certificates that no longer count (paper 1, II-B-1). */
import { recordType } from "../codec/record.ts";
import { bytes, type Infer, list, struct, text, uint } from "../codec/schema.ts";
import { NAME_CHARS_MAX, REVOKED_MAX } from "../limits.ts";
import { ms, netName, nodeId, publicKey, RecordKind } from "./common.ts";

/** Bytes of a Boneh–Boyen public key: two compressed points of G2. */
export const SEAL_KEY_BYTES = 192;

const authorityFields = {
  net: netName,
  /** For people. */
  name: text(NAME_CHARS_MAX),
  /** Ed25519: signs this record, lists of revoked certificates, and the certificates of gateways. */
  anchorKey: publicKey,
  /** Boneh–Boyen: seals every certificate. */
  sealKey: bytes(SEAL_KEY_BYTES),
  atMs: ms,
};

/** Signed by the anchor key in it: whoever knows that key knows the other. */
export type Authority = Infer<typeof authorityFields>;
export const authorityRecord = recordType(
  "authority",
  RecordKind.authority,
  1,
  authorityFields,
  512,
);

/** Who a certificate is for. */
export const Subject = Object.freeze({ node: 1, gateway: 2 });

/** Why a certificate no longer counts. */
export const Revoked = Object.freeze({
  /** No reason was given. */
  unspecified: 0,
  /** Somebody else may have the key. */
  key: 1,
  /** The meter was taken down, or the gateway put out of service. */
  retired: 2,
  /** It broke the rules of the area. */
  misbehaved: 3,
  /** Another certificate took its place. */
  replaced: 4,
});

/** One certificate, one of `Revoked`, and since when. */
export const revocation = struct({ serial: uint(), reason: uint(15), atMs: ms });

const revocationsFields = {
  net: netName,
  /** Id that follows from the anchor key. */
  authority: nodeId,
  /** Of certificates for nodes or for gateways: a node needs the short one only. */
  subject: uint(2),
  /** Rises with every list of this subject. */
  number: uint(),
  atMs: ms,
  /** Those that have expired are left out: they count no more anyway. Rising by serial. */
  revoked: list(revocation, REVOKED_MAX),
};

/** Signed by the authority's anchor key; the list with the highest number holds. */
export type Revocations = Infer<typeof revocationsFields>;
export const revocationsRecord = recordType(
  "revocations",
  RecordKind.revocations,
  1,
  revocationsFields,
  REVOKED_MAX * 20 + 256,
);
