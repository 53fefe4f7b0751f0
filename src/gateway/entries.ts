// SPDX-License-Identifier: Apache-2.0
/**
 * Entries of the gateway's log. The log is the gateway: after a restart, replaying it gives the same state,
 * and an export of it is what the offline verifier reads. Numbers never change their meaning.
 */

import { type CborValue, decodeCbor, encodeCbor } from "#core/codec/cbor";
import type { Field } from "#core/codec/schema";
import { bytes, hash, type Infer, list, optional, struct, uint } from "#core/codec/schema";
import {
  BEACON_KEY_BYTES_MAX,
  GATEWAYS_MAX,
  HEADER_BYTES_MAX,
  PLAN_BYTES_MAX,
} from "#core/consensus/limits";
import { assert } from "#core/errors/assert";
import {
  CLASS_PERMILLE_MAX,
  LOSS_PERMILLE_MAX,
  MEMBERS_MAX,
  MESSAGE_BYTES_MAX,
  QTY_WH_MAX,
  SALTS_MAX,
  SEGMENT_BYTES_MAX,
  STATE_BYTES_MAX,
  STATE_PIECE_BYTES,
  STATE_PIECES_MAX,
  WIRE_ARRAY_MAX,
} from "#core/limits";
import { CLEARING_BYTES_MAX } from "#core/records/clearing";
import { micro, nodeId, price, qtyWh, slotNumber } from "#core/records/common";
import { quorumRecord } from "#core/records/consensus";
import { stateOfferRecord } from "#core/records/state";

export const EntryKind = Object.freeze({
  /** The world: names, gateway key, times; always the first entry. */
  world: 1,
  /** A member was admitted: its signed request. */
  member: 2,
  /** A node said something that took a number. */
  said: 3,
  /** A notice, with the members that the slot waits for. */
  notice: 4,
  demand: 5,
  /** A clearing, with its book and its contracts. */
  clearing: 6,
  block: 7,
  /** Members that did not do their part in a slot. */
  missed: 8,
  /** What the authority said, as it was checked when it came: its record, a certificate, a list. */
  authority: 9,
  certificate: 10,
  revocations: 11,
  /** The public form of the block before it. */
  published: 12,
  /** Which node meters the area's feeder from here on, and what the meters may be out by. */
  feeder: 13,
  /** An epoch of proof-of-time begins: its signed record. */
  epoch: 14,
  /** The gateway witnessed a body itself. */
  token: 15,
  /** A vote, as it was taken. */
  vote: 16,
  /** A proof that a member broke a rule: it is suspended. */
  evidence: 17,
  /** A segment of a gateway's feed, of this one or of another of its consortium. */
  segment: 18,
  /** A turn that the consortium agreed on. What follows it up to the next came of it. */
  turn: 19,
  /** The gateways that agree on this ledger, and how; behind the world entry. */
  consortium: 20,
  /** What leaders and sellers are rewarded by. */
  rewards: 21,
  /** The state that turns had led to, in pieces behind it: the log can be executed from here on. */
  state: 22,
  piece: 23,
  /** What the operator's bank lends by: its signed offer. */
  bank: 30,
});

const signedBytes = bytes(1, MESSAGE_BYTES_MAX);

export const worldEntry = struct({
  net: bytes(0, 40),
  area: bytes(0, 40),
  gatewayKey: bytes(32),
  slotMs: uint(),
  worldStartMs: uint(),
  tickMs: uint(),
  ageMaxMs: uint(),
});
export type WorldEntry = Infer<typeof worldEntry>;

export const memberEntry = struct({ signed: signedBytes });
/** Of an authority's record, a certificate and a list. */
export const trustEntry = struct({ encoded: signedBytes });

/** `code` 0: accepted; otherwise refused, and kept all the same: it used up a number, and it is evidence. */
export const saidEntry = struct({
  node: nodeId,
  seq: uint(),
  /** Index in UP_KINDS. */
  kind: uint(15),
  code: uint(0xffff),
  content: bytes(1, MESSAGE_BYTES_MAX),
});

export const noticeEntry = struct({ signed: signedBytes, expected: list(nodeId, MEMBERS_MAX) });
export const demandEntry = struct({ signed: signedBytes });
export const epochEntry = struct({ signed: signedBytes });
export const voteEntry = struct({ signed: signedBytes });
export const bankEntry = struct({ signed: signedBytes });
export const evidenceEntry = struct({ encoded: signedBytes });
export const tokenEntry = struct({ author: nodeId, seq: uint(), tick: uint(), txid: hash });

export const pairStruct = struct({
  seller: nodeId,
  buyer: nodeId,
  reserve: hash,
  qtyWh,
  priceMicro: price,
  ecashMicro: micro,
});
export type PairEntry = Infer<typeof pairStruct>;

export const clearingEntry = struct({
  signed: bytes(1, CLEARING_BYTES_MAX + 128),
  slot: slotNumber,
  /** Ids of the admitted orders in the book's order. */
  orders: list(hash, MEMBERS_MAX),
  pairs: list(pairStruct, 2 * MEMBERS_MAX),
});
export const missedEntry = struct({ slot: slotNumber, nodes: list(nodeId, MEMBERS_MAX) });
/** The salt of a public block and its id: with the block before, all that makes it again. */
export const publishedEntry = struct({ salt: hash, id: hash });
/** No `node`: the area has no feeder meter any more. */
export const feederEntry = struct({
  node: bytes(0, 16),
  /** Largest share of the flows that lines and transformer lose in any slot, permille. */
  lossPermille: uint(LOSS_PERMILLE_MAX),
  /** Accuracy class of the members' meters, and of the feeder's, permille. */
  classPermille: uint(CLASS_PERMILLE_MAX),
  feederClassPermille: uint(CLASS_PERMILLE_MAX),
  /** How far one meter may be out at one reading, whatever flows, Wh. */
  slackWh: uint(QTY_WH_MAX),
});
export type FeederEntry = Infer<typeof feederEntry>;
export const segmentEntry = struct({ signed: bytes(1, SEGMENT_BYTES_MAX + 128) });
/** `faults`: which of the signatures that were checked with it are wrong, by their order. */
export const turnEntry = struct({
  header: bytes(1, HEADER_BYTES_MAX),
  plan: bytes(1, PLAN_BYTES_MAX),
  quorum: bytes(1, quorumRecord.bytesMax),
  faults: list(uint(), WIRE_ARRAY_MAX),
});
export type TurnEntry = Infer<typeof turnEntry>;
export const consortiumEntry = struct({
  unanimous: uint(1),
  /** 1: leaders are found by proof-of-work. */
  work: uint(1),
  intervalMs: uint(),
  gateways: list(
    struct({ id: nodeId, publicKey: bytes(32), beaconKey: bytes(1, BEACON_KEY_BYTES_MAX) }),
    GATEWAYS_MAX,
    1,
  ),
});
const scheduleStruct = struct({ firstMicro: micro, halveEvery: uint() });
export const rewardsEntry = struct({
  block: struct({ schedule: scheduleStruct, everyMs: uint() }),
  flow: struct({ schedule: scheduleStruct, microPerKwh: price, transportMicroPerKwh: price }),
  periodSlots: uint(),
});
export type ConsortiumEntry = Infer<typeof consortiumEntry>;
export const stateEntry = struct({
  /** The first turn that it does not have, and the id of the one before it. */
  height: uint(0xffffffff),
  turn: hash,
  format: uint(0xffff),
  size: uint(STATE_BYTES_MAX),
  /** Merkle root over the pieces. */
  root: hash,
  pieces: uint(STATE_PIECES_MAX),
  /** Signed offers of the gateways that it was taken from; none where this gateway made it itself. */
  offers: list(bytes(1, stateOfferRecord.bytesMax + 128), GATEWAYS_MAX),
  /** In one that it made itself: where its public chain is (chain/public.ts). */
  place: optional(struct({ prev: optional(hash), salts: uint(SALTS_MAX), closed: uint(1) })),
});
export type StateEntry = Infer<typeof stateEntry>;
export const pieceEntry = struct({ bytes: bytes(1, STATE_PIECE_BYTES) });
export const blockEntry = struct({ block: bytes(1, 4 * 1024 * 1024) });

/** The bytes of an entry. */
export function packEntry<T>(field: Field<T>, value: T): Uint8Array {
  return encodeCbor(field.encode(value, "entry"));
}

/** The entry of a signed segment. */
export function packSegment(signed: Uint8Array): { kind: number; bytes: Uint8Array } {
  return { kind: EntryKind.segment, bytes: packEntry(segmentEntry, { signed }) };
}

/** An entry read back; the store's checks make damage a clear error before this, so a misfit is a bug. */
export function unpackEntry<T>(field: Field<T>, packed: Uint8Array): T {
  const decoded = decodeCbor(packed);
  assert("value" in decoded, "LOG_ENTRY");
  return field.decode(decoded.value as CborValue, "entry");
}
