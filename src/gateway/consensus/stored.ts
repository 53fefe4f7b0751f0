// SPDX-License-Identifier: Apache-2.0
/**
 * What a gateway must not forget: what it signed last, and what it is bound to. It is durable before anything
 * that follows from it is sent.
 */
import { bytesEqual } from "#core/codec/bytes";
import { decodeCbor, encodeCbor } from "#core/codec/cbor";
import { recordType } from "#core/codec/record";
import { bytes, hash, type Infer, list, optional, struct, uint } from "#core/codec/schema";
import {
  GATEWAYS_MAX,
  HEADER_BYTES_MAX,
  PLAN_BYTES_MAX,
  PROPOSED_BYTES_MAX,
} from "#core/consensus/limits";
import { domainHash } from "#core/crypto/domain";
import type { Crypto } from "#core/crypto/port";
import { RecordKind } from "#core/records/common";

const U32 = 0xffffffff;
const word = bytes(1, 512);

const fields = {
  /** The words below are of this height and round. */
  height: uint(U32),
  round: uint(U32),
  /** Says nothing below this height: it may have spoken there, and does not know what. */
  speaksFrom: uint(),
  /** Own signed words of the round, as they are sent. */
  proposal: optional(word),
  prevote: optional(word),
  precommit: optional(word),
  /** The precommits that ended the round before: they show others why it is in this one. */
  way: list(word, GATEWAYS_MAX),
  /** The block that it precommitted last at this height. */
  locked: optional(struct({ round: uint(U32), block: hash })),
  /** The block that a quorum prevoted last, with that quorum's prevotes. */
  valid: optional(
    struct({
      round: uint(U32),
      header: bytes(1, HEADER_BYTES_MAX),
      plan: bytes(0, PLAN_BYTES_MAX),
      polka: list(word, GATEWAYS_MAX),
    }),
  ),
};

export type Stored = Infer<typeof fields>;

const storedRecord = recordType(
  "consensus-state",
  RecordKind.consensusState,
  1,
  fields,
  2 * PROPOSED_BYTES_MAX,
);

/** With a digest: a state that was damaged is no state. */
export function encodeStored(crypto: Crypto, stored: Stored): Uint8Array {
  const record = storedRecord.encode(stored);
  return encodeCbor([record, domainHash(crypto, storedRecord.domain, record)]);
}

/** Undefined where the bytes are not what was stored. */
export function decodeStored(crypto: Crypto, encoded: Uint8Array): Stored | undefined {
  const parts = decodeCbor(encoded);
  if ("fault" in parts || !Array.isArray(parts.value)) return undefined;
  const [record, digest] = parts.value;
  if (!(record instanceof Uint8Array) || !(digest instanceof Uint8Array)) return undefined;
  if (!bytesEqual(digest, domainHash(crypto, storedRecord.domain, record))) return undefined;
  const decoded = storedRecord.decode(record);
  return decoded.ok ? decoded.value : undefined;
}

/** Nothing said yet at this height. */
export function silentAt(height: number, speaksFrom: number): Stored {
  return {
    height,
    round: 0,
    speaksFrom,
    proposal: undefined,
    prevote: undefined,
    precommit: undefined,
    way: [],
    locked: undefined,
    valid: undefined,
  };
}
