// SPDX-License-Identifier: Apache-2.0
/** Making a turn, and auditing another gateway's (paper 1, II-B-6). */
import { bytesEqual, toHex } from "#core/codec/bytes";
import type { ProposedBlock } from "#core/consensus/block-id";
import { blockTimeMs, checkBlockTime } from "#core/consensus/block-time";
import { ACCEPT, refuse, type Verdict } from "#core/errors/codes";
import type { NamedEpoch } from "#core/pot/epoch-digest";
import { type Cut, cutsRecord, type Turn, turnRecord } from "#core/records/turn";

/** Every so many turns have a part of the beacon: each takes a gateway 40 ms to check. */
const REVEAL_TURNS = 32;

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
  /** The epoch in force. */
  epoch: NamedEpoch | undefined;
}

/** Whether the leader of this turn reveals its part of the next beacon. */
export function reveals(height: number): boolean {
  return height % REVEAL_TURNS === 0;
}

export function makeTurn(
  before: Before,
  leader: Uint8Array,
  cuts: Cut[],
  nowMs: number,
  reveal: Uint8Array | undefined,
): ProposedBlock {
  const { net, height, prev, terms, ledger, epoch } = before;
  const atMs = blockTimeMs(nowMs, before.atMs);
  const turn = { net, height, prev, leader, atMs, terms, ledger, epoch, reveal };
  return { header: turnRecord.encode(turn), plan: cutsRecord.encode({ cuts }) };
}

export function openTurn({ header, plan }: ProposedBlock): OpenTurn | undefined {
  const turn = turnRecord.decode(header);
  const cuts = cutsRecord.decode(plan);
  return turn.ok && cuts.ok ? { turn: turn.value, cuts: cuts.value.cuts } : undefined;
}

/**
 * Whether this turn may follow. `nowMs`: the checker's clock, undefined where a quorum stands for the turn.
 * That its segments are there, and its part of the beacon, are checked apart.
 */
export function checkTurn(before: Before, { turn }: OpenTurn, nowMs: number | undefined): Verdict {
  if (turn.net !== before.net || turn.height !== before.height)
    return refuse("BLOCK_PREV", `height ${turn.height}`);
  if (!same(turn.prev, before.prev)) return refuse("BLOCK_PREV", "another turn before");
  if (!bytesEqual(turn.terms, before.terms)) return refuse("TURN_TERMS", toHex(turn.terms));
  if (!same(turn.ledger, before.ledger)) return refuse("TURN_LEDGER", `height ${turn.height}`);
  if ((turn.reveal !== undefined) !== reveals(turn.height))
    return refuse("TURN_REVEAL", `height ${turn.height}`);
  if (!sameEpoch(turn.epoch, before.epoch)) return refuse("TURN_EPOCH", `height ${turn.height}`);
  const time = checkBlockTime(turn.atMs, before.atMs, nowMs);
  return time.ok ? ACCEPT : time;
}

function same(a: Uint8Array | undefined, b: Uint8Array | undefined): boolean {
  return a && b ? bytesEqual(a, b) : a === b;
}

/** Whether both name the same epoch, or none. */
export function sameEpoch(a: NamedEpoch | undefined, b: NamedEpoch | undefined): boolean {
  return a?.number === b?.number && same(a?.digest, b?.digest);
}

/** Whether a turn that names this named the ledger and epoch that there are before the next. */
export function namesAll(
  named: Pick<Turn, "ledger" | "epoch">,
  { ledger, epoch }: Before,
): boolean {
  return (!ledger || same(ledger, named.ledger)) && sameEpoch(epoch, named.epoch);
}
