// SPDX-License-Identifier: Apache-2.0
/** Making a turn, and auditing another gateway's (paper 1, II-B-6). */
import { bytesEqual, toHex } from "#core/codec/bytes";
import { blockTimeMs, checkBlockTime } from "#core/consensus/block-time";
import type { ProposedBlock } from "#core/consensus/block-id";
import { ACCEPT, refuse, type Verdict } from "#core/errors/codes";
import { type Cut, cutsRecord, type Turn, turnRecord } from "#core/records/turn";

/** A turn in both its forms. */
export interface OpenTurn {
  turn: Turn;
  cuts: Cut[];
}

/** What the next turn follows from. */
export interface Before {
  net: string;
  height: number;
  prev: Uint8Array | undefined;
  atMs: number | undefined;
  terms: Uint8Array;
  ledger: Uint8Array | undefined;
}

export function makeTurn(
  before: Before,
  leader: Uint8Array,
  cuts: Cut[],
  nowMs: number,
): ProposedBlock {
  const { net, height, prev, terms, ledger } = before;
  const atMs = blockTimeMs(nowMs, before.atMs);
  const turn = { net, height, prev, leader, atMs, terms, ledger, reveal: undefined };
  return { header: turnRecord.encode(turn), plan: cutsRecord.encode({ cuts }) };
}

export function openTurn({ header, plan }: ProposedBlock): OpenTurn | undefined {
  const turn = turnRecord.decode(header);
  const cuts = cutsRecord.decode(plan);
  return turn.ok && cuts.ok ? { turn: turn.value, cuts: cuts.value.cuts } : undefined;
}

/**
 * Whether this turn may follow. `nowMs`: the checker's clock, undefined where a quorum stands for the turn.
 * That its segments are there is checked apart.
 */
export function checkTurn(before: Before, { turn }: OpenTurn, nowMs: number | undefined): Verdict {
  if (turn.net !== before.net || turn.height !== before.height)
    return refuse("BLOCK_PREV", `height ${turn.height}`);
  if (!same(turn.prev, before.prev)) return refuse("BLOCK_PREV", "another turn before");
  if (!bytesEqual(turn.terms, before.terms)) return refuse("TURN_TERMS", toHex(turn.terms));
  if (!same(turn.ledger, before.ledger)) return refuse("TURN_LEDGER", `height ${turn.height}`);
  const time = checkBlockTime(turn.atMs, before.atMs, nowMs);
  return time.ok ? ACCEPT : time;
}

function same(a: Uint8Array | undefined, b: Uint8Array | undefined): boolean {
  return a && b ? bytesEqual(a, b) : a === b;
}
