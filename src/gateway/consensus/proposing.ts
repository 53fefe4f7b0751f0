// SPDX-License-Identifier: Apache-2.0
/** A round begins, and its leader says what it proposes (Algorithm 1, lines 11 to 21; paper 1, II-B-5). */
import { toHex } from "#core/codec/bytes";
import { isWork, type WorkSubject, workSeed } from "#core/consensus/work";
import type { Code } from "#core/errors/codes";
import { Phase, type Proposal } from "#core/records/consensus";
import { type Height, Step } from "./height.ts";
import { blockOf } from "./open.ts";
import { timeoutMs } from "./timeouts.ts";
import type { Block, ProposedMessage, VoteHead } from "./types.ts";

/** How many rounds a block that was not prevoted by a quorum is kept. */
const BLOCK_ROUNDS = 2;

export function startRound(h: Height, round: number): void {
  const { out, options, voice } = h.tools;
  h.round = round;
  h.step = Step.propose;
  h.working = undefined;
  h.windowOver = false;
  h.rounds.moved(round);
  const before = h.rounds.get(round - 1)?.precommits.votes ?? [];
  voice.way = before.flatMap((vote) => (vote ? [vote.bytes] : []));
  h.blocks.prune(round - BLOCK_ROUNDS, [h.valid?.block.key, h.locked?.block, h.certificate?.block]);
  out.timer("propose", h.number, round, timeoutMs(options.timeouts, "propose", round));
  if (leads(h)) prepare(h);
}

/** Whether it is this gateway's turn to propose, or anybody's. */
function leads(h: Height): boolean {
  return h.speaks && (h.byWork || h.set.leader(h.number, h.round) === h.place);
}

function prepare(h: Height): void {
  const { voice, out } = h.tools;
  // It proposed in this round before it restarted.
  if (voice.own.round === h.round && voice.own.proposal) return;
  if (h.valid) offer(h, h.valid.block, h.valid.round, h.valid.polka);
  else out.push({ type: "make", height: h.number, round: h.round });
}

/** The application has a block for a round; without one the round goes by. */
export function made(
  h: Height,
  round: number,
  parts: { header: Uint8Array; plan: Uint8Array },
): void {
  if (round !== h.round || h.step !== Step.propose || !leads(h)) return;
  const { own } = h.tools.voice;
  if (h.working || (own.round === round && own.proposal)) return;
  if (h.valid) return offer(h, h.valid.block, h.valid.round, h.valid.polka);
  const block = blockOf(h.tools.crypto, parts);
  h.blocks.sound(block, round);
  offer(h, block, undefined, []);
}

function offer(h: Height, block: Block, validRound: number | undefined, polka: Uint8Array[]): void {
  if (!h.byWork) return propose(h, block, validRound, polka, undefined);
  h.working = { block, validRound, polka };
  const { options, crypto, out } = h.tools;
  const seed = workSeed(crypto, workOf(h, h.round, options.id, block.id));
  const target = h.context.target!;
  out.push({ type: "work", height: h.number, round: h.round, seed, target });
}

export function worked(h: Height, round: number, nonce: number): void {
  const { working } = h;
  if (!working || round !== h.round || h.step !== Step.propose || !leads(h)) return;
  h.working = undefined;
  propose(h, working.block, working.validRound, working.polka, nonce);
}

function propose(
  h: Height,
  block: Block,
  validRound: number | undefined,
  polka: Uint8Array[],
  nonce: number | undefined,
): void {
  const said = { validRound, polka, nonce };
  const message = h.tools.voice.propose(h.number, h.round, block, said);
  h.rounds.at(h.round).proposals.set(h.place, message);
}

function workOf(h: Height, round: number, proposer: Uint8Array, block: Uint8Array): WorkSubject {
  const { net } = h.tools.options;
  return { net, prev: h.context.prev, height: h.number, round, proposer, block };
}

/** The seed of a proposal's work. */
export function seedOf(h: Height, { proposal }: Pick<ProposedMessage, "proposal">): Uint8Array {
  const { round, proposer, block } = proposal;
  return workSeed(h.tools.crypto, workOf(h, round, proposer, block));
}

/** Whether the gateway at `place` may propose this, and what it leans on is there; else what is wrong. */
export function proposalFault(
  h: Height,
  message: { readonly proposal: Proposal; readonly polka: readonly VoteHead[] },
  place: number,
): Code | undefined {
  const { proposal, polka } = message;
  const { round, validRound, nonce } = proposal;
  if (h.byWork) {
    const { target } = h.context;
    if (nonce === undefined || !isWork(h.tools.crypto, seedOf(h, message), nonce, target!))
      return "PROPOSAL_WORK";
  } else if (h.set.leader(h.number, round) !== place) return "PROPOSAL_LEADER";
  if (validRound === undefined) return polka.length === 0 ? undefined : "PROPOSAL_POLKA";
  if (validRound >= round || !isPolka(h, polka, toHex(proposal.block), validRound))
    return "PROPOSAL_POLKA";
  return undefined;
}

/**
 * Whether these are the prevotes of a quorum for one block in one round of this height: each of another
 * gateway, so that there are never more than gateways.
 */
export function isPolka(
  h: Height,
  votes: readonly VoteHead[],
  block: string,
  round: number,
): boolean {
  const places = votes.map(({ from, publicKey }) =>
    publicKey ? h.set.indexOfKey(from, publicKey) : h.set.indexOf(from),
  );
  if (places.includes(-1) || votes.length < h.set.quorum) return false;
  return agree(votes, { height: h.number, round, block });
}

/** Whether these are prevotes for one thing, each of another gateway. */
export function agree(
  votes: readonly VoteHead[],
  said: { readonly height: number; readonly round: number; readonly block: string },
): boolean {
  const voters = new Set(votes.map(({ from }) => from));
  return (
    voters.size === votes.length &&
    votes.every(
      ({ vote, block }) =>
        vote.height === said.height &&
        vote.round === said.round &&
        vote.phase === Phase.prevote &&
        block === said.block,
    )
  );
}
