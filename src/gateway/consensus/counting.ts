// SPDX-License-Identifier: Apache-2.0
/** What follows from the votes of a height (Algorithm 1, lines 34 to 67): precommit, decision, next round. */
import { fromHex } from "#core/codec/bytes";
import { votersOf } from "#core/consensus/voters";
import { assert } from "#core/errors/assert";
import { WIRE } from "#core/errors/codes";
import {
  decisionRecord,
  Phase,
  polkaRecord,
  type Quorum,
  quorumRecord,
} from "#core/records/consensus";
import { audit } from "./auditing.ts";
import { type Height, Step } from "./height.ts";
import { startRound } from "./proposing.ts";
import type { Round } from "./rounds.ts";
import { timeoutMs } from "./timeouts.ts";
import type { Block } from "./types.ts";

/** Applies the rules until none applies. */
export function evaluate(h: Height): void {
  while (h.step !== Step.decided && !h.broken) {
    const { round, step } = h;
    // A decision of others reaches also who has nothing to say.
    if (decide(h) || h.step === Step.idle) return;
    const reached = h.rounds.reachedBy(h.set.some, h.round, h.place);
    if (reached !== undefined) startRound(h, reached);
    learnValid(h);
    audit(h);
    followPolka(h);
    startTimers(h);
    showPolka(h);
    if (h.round === round && h.step === step) return;
  }
}

/** Lines 36 to 46: what a quorum prevoted in this round. */
function followPolka(h: Height): void {
  if (h.step !== Step.prevote && h.step !== Step.precommit) return;
  const { prevotes } = h.rounds.at(h.round);
  const key = prevotes.winner(h.set.quorum);
  if (key === undefined) return;
  if (key === "") {
    if (h.step === Step.prevote) precommit(h, undefined, WIRE.AUDIT_SPLIT);
    return;
  }
  const block = h.blocks.get(key);
  if (!block || h.blocks.audit(key, false) !== 0) return;
  if (!h.valid || h.valid.round < h.round) {
    const polka = prevotes.for(key).map(({ bytes }) => bytes);
    h.valid = { round: h.round, block, polka };
    rememberBonds(h);
  }
  if (h.step !== Step.prevote) return;
  h.locked = { round: h.round, block: key };
  rememberBonds(h);
  precommit(h, block, 0);
}

/** A quorum that others saw is what this gateway proposes, too. */
function learnValid(h: Height): void {
  const { shown } = h;
  if (!shown || h.blocks.audit(shown.block.key, false) !== 0) return;
  h.shown = undefined;
  if (h.valid && h.valid.round >= shown.round) return;
  h.valid = shown;
  if (h.speaks) rememberBonds(h);
}

/**
 * This round will hardly decide, and this gateway is bound by a quorum of prevotes that others did not see:
 * they are shown it. Otherwise one vote that a liar gives to one gateway at a time would keep them bound to
 * different blocks for ever.
 */
function showPolka(h: Height): void {
  const { valid, step } = h;
  const round = h.rounds.at(h.round);
  if (step !== Step.precommit || valid?.round !== h.round || !round.late) return;
  const { header, plan } = valid.block;
  let bytes: Uint8Array | undefined;
  for (let place = 0; place < h.set.size; place++) {
    const knows = round.precommits.votes[place]?.block === valid.block.key;
    if (place === h.place || knows || round.shownTo.has(place)) continue;
    round.shownTo.add(place);
    bytes ??= polkaRecord.encode({ header, plan, votes: valid.polka });
    h.tools.out.send("polka", bytes, h.set.idHexAt(place));
  }
}

/** They become durable with the word that follows from them. */
function rememberBonds({ tools, locked, valid }: Height): void {
  const { own } = tools.voice;
  if (locked) own.locked = { round: locked.round, block: fromHex(locked.block)! };
  if (!valid) return;
  const { header, plan } = valid.block;
  own.valid = { round: valid.round, header, plan, polka: valid.polka };
}

function precommit(h: Height, block: Block | undefined, code: number): void {
  const round = h.rounds.at(h.round);
  const { votes } = round.prevotes;
  const key = block?.key ?? "";
  const vote = h.tools.voice.vote(h.number, {
    phase: Phase.precommit,
    round: h.round,
    block: block?.id,
    code,
    heard: votersOf(h.set.size, (place) => votes[place] !== undefined),
    agreed: votersOf(h.set.size, (place) => votes[place]?.block === key),
  });
  round.precommits.add(h.place, vote);
  h.step = Step.precommit;
}

/** Lines 34 and 47: a quorum has spoken, but not for one thing. */
function startTimers(h: Height): void {
  const round = h.rounds.at(h.round);
  const { options, out } = h.tools;
  const start = (kind: "prevote" | "precommit"): void => {
    if (round.timers.has(kind)) return;
    round.timers.add(kind);
    out.timer(kind, h.number, h.round, timeoutMs(options.timeouts, kind, h.round));
  };
  if (h.step === Step.prevote && round.prevotes.count >= h.set.quorum) start("prevote");
  if (round.precommits.count < h.set.quorum || round.timers.has("precommit")) return;
  start("precommit");
  const halfMs = Math.floor(timeoutMs(options.timeouts, "precommit", h.round) / 2);
  out.timer("show", h.number, h.round, halfMs);
}

/** Lines 61 to 64. */
export function prevoteTimeout(h: Height): void {
  if (h.step === Step.prevote) precommit(h, undefined, WIRE.AUDIT_SPLIT);
}

/** Lines 65 to 67. */
export function precommitTimeout(h: Height): void {
  if (h.step !== Step.idle && h.step !== Step.decided) startRound(h, h.round + 1);
}

/** Lines 49 to 54: a quorum precommitted a block in some round, and the audit here agrees. */
function decide(h: Height): boolean {
  const { out } = h.tools;
  if (!h.certificate) h.certificate = counted(h);
  const { certificate } = h;
  if (!certificate) return false;
  const block = h.blocks.get(certificate.block);
  if (!block) return false;
  const code = h.blocks.audit(block.key, true);
  if (code === undefined) return false;
  if (code !== 0) {
    h.broken = true;
    out.push({ type: "disagree", height: h.number, block, code });
    return false;
  }
  h.step = Step.decided;
  const { quorum } = certificate;
  const bytes = quorumRecord.encode(quorum);
  out.push({ type: "decide", height: h.number, block, quorum, certificate: bytes });
  commit(h, block, quorum, bytes);
  return true;
}

/** The certificate that the precommits here make. */
function counted(h: Height): Height["certificate"] {
  for (const [number, round] of h.rounds.all()) {
    const key = round.precommits.winner(h.set.quorum);
    const block = key ? (h.blocks.get(key) ?? proposedIn(round, key)) : undefined;
    if (!block) continue;
    h.blocks.add(block, number);
    return { quorum: quorumOfVotes(h, number, round, block), block: block.key };
  }
  return undefined;
}

/** A block of a round that this gateway is not in. */
function proposedIn(round: Round, key: string): Block | undefined {
  for (const { block } of round.proposals.values()) if (block.key === key) return block;
  return undefined;
}

function quorumOfVotes(h: Height, number: number, round: Round, block: Block): Quorum {
  const { crypto, options } = h.tools;
  const voices: Quorum["voices"] = [];
  for (const [voter, message] of round.precommits.votes.entries()) {
    if (message?.block !== block.key) continue;
    const { heard, agreed } = message.vote;
    voices.push({ voter, heard, agreed, signature: signatureOf(message.bytes) });
  }
  assert(voices.length >= h.set.quorum, "CONSENSUS_QUORUM", `${voices.length} voices`);
  const header = crypto.sha256(block.header);
  const plan = crypto.sha256(block.plan);
  return { net: options.net, height: h.number, round: number, header, plan, voices };
}

/** The last 64 bytes of the envelope of a signed record. */
function signatureOf(envelope: Uint8Array): Uint8Array {
  return envelope.slice(envelope.length - 64);
}

/**
 * The commit (paper 1, II-B-6): whose block was decided tells all; who did not precommit it gets the block
 * once more, for a second audit.
 */
function commit(h: Height, block: Block, quorum: Quorum, certificate: Uint8Array): void {
  const { out } = h.tools;
  const round = h.rounds.get(quorum.round);
  if (!round || round.proposals.get(h.place)?.block.key !== block.key) return;
  const { header, plan } = block;
  const decision = decisionRecord.encode({ header, plan, quorum: certificate });
  for (let place = 0; place < h.set.size; place++) {
    if (place === h.place) continue;
    const to = h.set.idHexAt(place);
    if (round.precommits.votes[place]?.block === block.key) out.send("quorum", certificate, to);
    else out.send("decision", decision, to);
  }
}
