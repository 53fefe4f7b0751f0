// SPDX-License-Identifier: Apache-2.0
/** Enrolment (paper 1, II-B-1): what a node asks of the authority, and what the authority certifies. */
import { recordType } from "../codec/record.ts";
import { hash, type Infer, text, uint } from "../codec/schema.ts";
import { CONNECTION_W_MAX, METER_CHARS_MAX, NAME_CHARS_MAX } from "../limits.ts";
import { ms, netName, nodeId, publicKey, RecordKind } from "./common.ts";

const enrolFields = {
  net: netName,
  /** The node's Ed25519 key: its id follows from it. It was made on the node and stays there. */
  publicKey,
  /** For people: what the node would like to be called in its area. */
  name: text(NAME_CHARS_MAX),
  /** What is written on the meter; "" where nobody has said. */
  meter: text(METER_CHARS_MAX),
  /** Rating of the connection, W. */
  connectionW: uint(CONNECTION_W_MAX),
  /** Commitment to the node's first set of wallet addresses: binds them, and names none. */
  wallets: hash,
  /** Hash of public key and claim code: whoever stands at the node can read the code. */
  claim: hash,
  /** Serial of the certificate that this one shall follow; 0 for none. */
  renews: uint(),
  atMs: ms,
};

/** Signed by the key in it. */
export type Enrol = Infer<typeof enrolFields>;
export const enrolRecord = recordType("enrol", RecordKind.enrol, 1, enrolFields, 512);

const certificateFields = {
  net: netName,
  /** Id that follows from the authority's anchor key. */
  authority: nodeId,
  /** Unique for this authority, rising. */
  serial: uint(),
  /** One of `Subject`. */
  subject: uint(2),
  id: nodeId,
  publicKey,
  /** The area that a gateway serves; "" for a node, which may go to any. */
  area: netName,
  /** As in the request; zeros for a gateway. */
  wallets: hash,
  /** What is written on the meter; "" for a gateway. */
  meter: text(METER_CHARS_MAX),
  /** Largest power that the connection carries, W; 0 for a gateway. */
  connectionW: uint(CONNECTION_W_MAX),
  /** Valid from the first instant on and before the second, protocol time. */
  fromMs: ms,
  untilMs: ms,
};

/** Sealed by the authority with a Boneh–Boyen signature; a gateway's is signed by the anchor key too. */
export type Certificate = Infer<typeof certificateFields>;
export const certificateRecord = recordType(
  "certificate",
  RecordKind.certificate,
  1,
  certificateFields,
  512,
);
