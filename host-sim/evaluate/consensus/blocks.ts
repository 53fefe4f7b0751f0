// SPDX-License-Identifier: Apache-2.0
/** Blocks of the simulation: real headers, and a plan that says how far each gateway's transactions count. */
import { decodeCbor, encodeCbor } from "#core/codec/cbor";
import type { ProposedBlock } from "#core/consensus/block-id";
import type { Crypto } from "#core/crypto/port";
import { assert } from "#core/errors/assert";
import { headerRecord } from "#core/records/block";

export const NET = "evaluation";
const START_MS = 1_700_000_000_000;
const HASH = new Uint8Array(32);

export interface BlockFacts {
  height: number;
  /** Id of the last block. */
  prev: Uint8Array | undefined;
  leader: Uint8Array;
  atMs: number;
  txs: number;
}

/** `positions`: of each gateway by place, how many of its transactions the chain holds after this block. */
export function encodeBlock(
  crypto: Crypto,
  ids: readonly Uint8Array[],
  facts: BlockFacts,
  positions: readonly number[],
): ProposedBlock {
  const { height, prev, leader, txs } = facts;
  const roots = { cutRoot: HASH, txRoot: HASH, rejectedRoot: HASH, effectsRoot: HASH };
  const header = headerRecord.encode({
    ...{ net: NET, height, prev, epoch: 1, leader, atMs: START_MS + Math.floor(facts.atMs) },
    ...{ slot: 1, txCount: txs, ...roots, eventsRoot: HASH, stateRoot: HASH },
  });
  // A position is named by number and hash, as a gateway's log is.
  const plan = positions.map((position, place) => [
    ...[ids[place], position, crypto.sha256(encodeCbor([place, position]))],
  ]);
  return { header, plan: encodeCbor(plan) };
}

export function positionsOf(plan: Uint8Array): number[] {
  const decoded = decodeCbor(plan);
  assert("value" in decoded, "EVALUATE_PLAN");
  return (decoded.value as [Uint8Array, number, Uint8Array][]).map(([, position]) => position);
}
