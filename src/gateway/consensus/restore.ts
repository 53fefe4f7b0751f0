// SPDX-License-Identifier: Apache-2.0
/**
 * A gateway that restarts in the middle of a height goes on in the round, and with the bonds, that it had.
 */
import { toHex } from "#core/codec/bytes";
import { assert } from "#core/errors/assert";
import { type Height, Step } from "./height.ts";
import { blockOf, openVote } from "./open.ts";
import { startRound } from "./proposing.ts";

/** Whether anything is known of what it said at this height. */
export function wasActive({ tools, number }: Height): boolean {
  const { own } = tools.voice;
  if (own.height !== number) return false;
  const { proposal, prevote, precommit, locked, valid } = own;
  return own.round > 0 || [proposal, prevote, precommit, locked, valid].some(Boolean);
}

export function restore(h: Height): void {
  const { own } = h.tools.voice;
  const { locked, valid } = own;
  if (locked) h.locked = { round: locked.round, block: toHex(locked.block) };
  if (valid) {
    const block = blockOf(h.tools.crypto, valid);
    h.valid = { round: valid.round, block, polka: valid.polka };
    h.blocks.sound(block, valid.round);
  }
  startRound(h, own.round);
  const round = h.rounds.at(own.round);
  if (take(h, own.prevote, (vote) => round.prevotes.add(h.place, vote))) h.step = Step.prevote;
  if (take(h, own.precommit, (vote) => round.precommits.add(h.place, vote)))
    h.step = Step.precommit;
}

function take(
  h: Height,
  bytes: Uint8Array | undefined,
  add: (vote: Extract<ReturnType<typeof openVote>, { type: "vote" }>) => void,
): boolean {
  if (!bytes || h.place < 0) return false;
  const { crypto, options } = h.tools;
  const keysOf = () => [h.set.list[h.place].publicKey];
  const vote = openVote({ net: options.net, crypto, keysOf }, bytes);
  assert("type" in vote, "CONSENSUS_STATE", "own vote");
  add(vote);
  return true;
}
