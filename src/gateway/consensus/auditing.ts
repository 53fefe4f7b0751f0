// SPDX-License-Identifier: Apache-2.0
/** The audit of a round's proposal, which is this gateway's prevote (Algorithm 1, lines 22 to 33). */
import { compareBytes } from "#core/codec/bytes";
import { workHash } from "#core/consensus/work";
import { WIRE } from "#core/errors/codes";
import { Phase } from "#core/records/consensus";
import { type Height, Step } from "./height.ts";
import { seedOf } from "./proposing.ts";
import { timeoutMs } from "./timeouts.ts";
import type { ProposedMessage } from "./types.ts";

const NONE = new Uint8Array(0);

/** Prevotes where the round's proposal can be judged; otherwise it waits for the audit or the timeout. */
export function audit(h: Height): void {
  if (h.step !== Step.propose || !h.speaks) return;
  const proposals = proposalsOf(h);
  if (proposals.length === 0) return;
  let code: number = WIRE.AUDIT_NONE;
  for (const proposal of proposals) {
    const { key } = proposal.block;
    if (!isFree(h, proposal)) {
      code = WIRE.AUDIT_LOCKED;
      continue;
    }
    h.blocks.add(proposal.block, h.round);
    const found = h.blocks.audit(key, false);
    if (found === undefined) return;
    if (found === 0) return prevote(h, proposal.block.id, 0);
    code = found;
  }
  prevote(h, undefined, code);
}

/** The time for proposals is over. */
export function proposeTimeout(h: Height): void {
  if (h.step !== Step.propose || !h.speaks) return;
  h.windowOver = true;
  audit(h);
  if (h.step === Step.propose) prevote(h, undefined, WIRE.AUDIT_NONE);
}

/**
 * What may be prevoted in this round, best first. By turns that is the leader's. With proof-of-work it is
 * what came within the window: first what a quorum prevoted in a later round than the others, for somebody
 * may be bound to it; then the least hash.
 */
function proposalsOf(h: Height): ProposedMessage[] {
  const { proposals } = h.rounds.at(h.round);
  if (!h.byWork) {
    const one = proposals.get(h.set.leader(h.number, h.round));
    return one ? [one] : [];
  }
  if (proposals.size === 0) return [];
  if (!h.windowOver) {
    waitForWindow(h);
    return [];
  }
  const { crypto } = h.tools;
  return [...proposals.values()]
    .map((one) => ({
      one,
      valid: one.proposal.validRound ?? -1,
      hash: workHash(crypto, seedOf(h, one), one.proposal.nonce ?? 0),
    }))
    .sort((a, b) => b.valid - a.valid || compareBytes(a.hash, b.hash))
    .map(({ one }) => one);
}

function waitForWindow(h: Height): void {
  const { timers } = h.rounds.at(h.round);
  if (timers.has("window")) return;
  timers.add("window");
  const { out, options } = h.tools;
  out.timer("window", h.number, h.round, timeoutMs(options.timeouts, "window", h.round));
}

/**
 * Whether the lock allows a prevote for it: there is no lock, or it is on this block, or a quorum prevoted
 * this block in the lock's round or later (its prevotes were checked when it came).
 */
function isFree(h: Height, { proposal, block }: ProposedMessage): boolean {
  const { locked } = h;
  if (!locked || locked.block === block.key) return true;
  return proposal.validRound !== undefined && proposal.validRound >= locked.round;
}

function prevote(h: Height, block: Uint8Array | undefined, code: number): void {
  const phase = Phase.prevote;
  const said = { phase, round: h.round, block, code, heard: NONE, agreed: NONE };
  const vote = h.tools.voice.vote(h.number, said);
  h.rounds.at(h.round).prevotes.add(h.place, vote);
  h.step = Step.prevote;
}
