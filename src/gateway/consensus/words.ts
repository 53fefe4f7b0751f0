// SPDX-License-Identifier: Apache-2.0
/** Votes and proposals of others, for the height that is being agreed on. */
import { bytesEqual } from "#core/codec/bytes";
import { equivocationOf } from "#core/consensus/equivocation";
import { Phase } from "#core/records/consensus";
import type { Height } from "./height.ts";
import { isPolka, proposalFault } from "./proposing.ts";
import type { Block, PolkaMessage, ProposedMessage, VoteMessage } from "./types.ts";

/**
 * Takes a vote; false where nothing follows from it. `told`: whose equivocations were told at this height.
 */
export function takeVote(h: Height, message: VoteMessage, told: Set<string>): boolean {
  const { vote, from, publicKey } = message;
  const place = placeOf(h, message);
  if (place < 0 || !isAdmitted(h, place, vote.round)) return false;
  const round = h.rounds.at(vote.round);
  const tally = vote.phase === Phase.prevote ? round.prevotes : round.precommits;
  const before = tally.add(place, message);
  if (before === "known") return false;
  if (before === "new") return true;
  tell(h, from, publicKey, before.bytes, message.bytes, told);
  return false;
}

/** Takes a proposal; false where nothing follows from it. */
export function takeProposal(h: Height, message: ProposedMessage, told: Set<string>): boolean {
  const { proposal, from, publicKey } = message;
  const place = placeOf(h, message);
  if (place < 0) return false;
  const { round } = proposal;
  const before = h.rounds.get(round)?.proposals.get(place);
  // What nobody may propose does not show either that its author has come to this round.
  const fault = before ? undefined : proposalFault(h, message, place);
  if (fault) {
    h.tools.out.drop(from, fault, `round ${round}`);
    return false;
  }
  if (!isAdmitted(h, place, round)) return false;
  if (before) {
    if (!bytesEqual(before.record, message.record))
      tell(h, from, publicKey, before.bytes, message.bytes, told);
    return false;
  }
  h.rounds.at(round).proposals.set(place, message);
  // A liar that shows a quorum to some only would else split every round with it.
  const { validRound } = proposal;
  if (validRound !== undefined && validRound > h.knownRound)
    learn(h, validRound, message.block, message.polka);
  return true;
}

/** Takes a quorum's prevotes that somebody showed, if they are later than those known; false otherwise. */
export function takePolka(h: Height, { block, votes, from }: PolkaMessage): boolean {
  const { round } = votes[0].vote;
  if (votes[0].vote.height !== h.number || round <= h.knownRound) return false;
  if (!isPolka(h, votes, block.key, round)) {
    h.tools.out.drop(from, "PROPOSAL_POLKA", `round ${round}`);
    return false;
  }
  learn(h, round, block, votes);
  return true;
}

function learn(h: Height, round: number, block: Block, votes: readonly VoteMessage[]): void {
  // The block stays as long as what is in this round.
  h.blocks.add(block, Math.max(round, h.round));
  h.shown = { round, block, polka: votes.map(({ bytes }) => bytes) };
}

/** Place of the signer; -1 for one that is none of this height's. */
function placeOf(h: Height, { from, publicKey }: VoteMessage | ProposedMessage): number {
  const place = h.set.indexOfKey(from, publicKey);
  if (place < 0) h.tools.out.drop(from, "GATEWAY_UNKNOWN");
  return place;
}

/** Whether a word of the gateway at `place` for this round is to be kept. */
function isAdmitted(h: Height, place: number, round: number): boolean {
  const code = h.rounds.admit(place, round, h.round);
  if (code) h.tools.out.drop(h.set.idHexAt(place), code, `round ${round}, at ${h.round}`);
  return code === undefined;
}

/** Once for each gateway and height: one proof is enough. */
function tell(
  h: Height,
  from: string,
  publicKey: Uint8Array,
  first: Uint8Array,
  second: Uint8Array,
  told: Set<string>,
): void {
  const { out, options } = h.tools;
  out.drop(from, "EQUIVOCATION");
  // What others make of own words that this gateway does not remember is no proof to bring oneself.
  if (h.set.indexOf(from) === h.place || told.has(from)) return;
  told.add(from);
  const bytes = equivocationOf(options.net, publicKey, first, second);
  out.push({ type: "evidence", gateway: from, bytes });
}
