// SPDX-License-Identifier: Apache-2.0
/**
 * A gateway that restarts in the middle of a height goes on in the round, and with the bonds, that it had.
 */
import { toHex } from "#core/codec/bytes";
import { assert } from "#core/errors/assert";
import { type Height, Step } from "./height.ts";
import { blockOf, openVote } from "./open.ts";
import { startRound } from "./proposing.ts";
import type { VoteMessage } from "./types.ts";

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
  for (const bytes of own.way) {
    const vote = opened(h, bytes);
    const place = h.set.indexOfKey(vote.from, vote.publicKey);
    if (place >= 0) h.rounds.at(own.round - 1).precommits.add(place, vote);
  }
  startRound(h, own.round);
  if (h.place < 0) return;
  const round = h.rounds.at(own.round);
  if (own.prevote) {
    round.prevotes.add(h.place, opened(h, own.prevote));
    h.step = Step.prevote;
  }
  if (own.precommit) {
    round.precommits.add(h.place, opened(h, own.precommit));
    h.step = Step.precommit;
  }
}

/** A vote of this height, as it was stored. */
function opened(h: Height, bytes: Uint8Array): VoteMessage {
  const { crypto, options } = h.tools;
  const keysOf = (idHex: string): Uint8Array[] => {
    const place = h.set.indexOf(idHex);
    return place < 0 ? [] : [h.set.list[place].publicKey];
  };
  const vote = openVote({ net: options.net, crypto, keysOf }, bytes);
  assert("type" in vote, "CONSENSUS_STATE", "a stored vote");
  return vote;
}
