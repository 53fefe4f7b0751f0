// SPDX-License-Identifier: Apache-2.0
/**
 * The node's own chain of transactions: the next body, linked to its predecessor and attached to
 * two caps.
 */
import { bytesEqual, compareBytes } from "#core/codec/bytes";
import type { Entropy } from "#core/crypto/port";
import { PARENTS_MAX } from "#core/limits";
import type { Caps, Notice } from "#core/records/notice";
import type { Body, TxLeg } from "#core/records/tx";
import { tickOf } from "#core/units/time";
import type { NodeState } from "./state.ts";

export interface BodyDraft {
  type: number;
  slot: number;
  legs: TxLeg[];
  expiryMs: number;
  /** Not before this instant: a BOUGHT is later than its SOLD. */
  notBeforeMs: number;
}

/** What a transaction may have as a parent, with its effective time. */
export interface Attachment {
  id: Uint8Array;
  tMs: number;
}

/** The next body of the chain, or undefined while no parent is known. */
export function draftBody(
  net: string,
  from: Uint8Array,
  state: NodeState,
  notice: Notice,
  choose: (nowMs: number) => readonly Attachment[],
  draft: BodyDraft,
): Body | undefined {
  // Δ after the predecessor (V7), and in a later tick than it; also than a first body that came to nothing.
  // Of what an earlier life said nothing is known but that it had heard no later time (Uncertain.lost).
  const ticks = Math.max(notice.epoch > 0 ? state.uncertain : 0, state.txid ? 1 : 0);
  const spacedMs = ticks > 0 ? state.txMs + ticks * notice.tickMs : 0;
  const earliestMs = Math.max(draft.notBeforeMs, spacedMs);
  const chosen = choose(earliestMs);
  if (chosen.length === 0) return undefined;
  // Later than its parents, so that the effective time is the stamp itself.
  const tsMs = chosen.reduce((latest, cap) => Math.max(latest, cap.tMs + 1), earliestMs);
  const parents = chosen.map((cap) => cap.id).sort(compareBytes);
  return {
    net,
    epoch: notice.epoch,
    type: draft.type,
    from,
    seq: state.txSeq + 1,
    prev: state.txid,
    legs: draft.legs,
    expiryMs: draft.expiryMs,
    cancels: undefined,
    parents,
    tsMs,
    tick: tickOf(tsMs, notice.epochStartMs, notice.tickMs),
    slot: draft.slot,
  };
}

/** The chosen parents with `late` for one of them. */
export function withLate(
  chosen: readonly Attachment[],
  late: Attachment | undefined,
): readonly Attachment[] {
  if (!late || chosen.some(({ id }) => bytesEqual(id, late.id))) return chosen;
  return [late, ...chosen].slice(0, PARENTS_MAX);
}

type Cap = Caps["caps"][number];

/**
 * Two distinct eligible caps at random: transactions earlier than this one and not older than half the age
 * limit, so that they are still young enough on arrival; where there are fewer than two, the latest sealed
 * blocks fill up.
 */
export function chooseParents(
  caps: Caps | undefined,
  nowMs: number,
  ageMaxMs: number,
  entropy: Entropy,
): Cap[] {
  if (!caps) return [];
  const eligible = caps.caps.filter(
    (cap) => cap.block === 0 && cap.tMs < nowMs && nowMs - cap.tMs <= ageMaxMs / 2,
  );
  const blocks = caps.caps.filter((cap) => cap.block === 1);
  const chosen: Cap[] = [];
  while (chosen.length < PARENTS_MAX && eligible.length > 0)
    chosen.push(eligible.splice(draw(entropy, eligible.length), 1)[0]);
  while (chosen.length < PARENTS_MAX && blocks.length > 0) chosen.push(blocks.pop()!);
  return chosen;
}

/** A number below `count` (at most 256); one choice needs no randomness. */
function draw(entropy: Entropy, count: number): number {
  return count === 1 ? 0 : entropy.bytes(1)[0] % count;
}
