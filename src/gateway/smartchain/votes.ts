// SPDX-License-Identifier: Apache-2.0
/** Votes at the gateway (ledger 4.5): it counts them all, and passes them on as they came. */
import { toHex } from "#core/codec/bytes";
import { openSigned, type Signed } from "#core/codec/record";
import type { Vertex } from "#core/dag/dag";
import { assert } from "#core/errors/assert";
import { ACCEPT, refuse, type Verdict } from "#core/errors/codes";
import { EPOCH_MEMBERS_MAX, VOTE_PERIOD_MS } from "#core/limits";
import { makeVoteEvidence } from "#core/pot/make-evidence";
import { bodyRecord } from "#core/records/tx";
import { type Vote, voteRecord } from "#core/records/vote";
import { nothingRetained } from "#core/topics";
import type { Outcome } from "#core/votes/ballot";
import type { DoubleVote } from "#core/votes/double";
import { electorateOf } from "#core/votes/electorate";
import { fullBallot, GATEWAY_BALLOT } from "#core/votes/full-ballot";
import { TxState } from "#core/votes/tally";
import type { Area } from "../area.ts";
import type { Batch } from "../batch.ts";
import type { SealedBlock } from "../chain/chain.ts";
import { EntryKind, packEntry, voteEntry } from "../entries.ts";
import type { Session } from "../session.ts";
import type { KnownEpoch } from "./epochs.ts";
import { convict } from "./intake.ts";

/** How early a vote may come after the one before, ms: timers and brokers are not exact. */
const PERIOD_SLACK_MS = 200;
/**
 * Real time that a gateway waits before a block for the first vote it called for, ms: a slow node's
 * signature and its way.
 */
const VOTE_CALL_MS = 2_000;
/** The same for one more vote after each, ms: what lies between the answers of nodes of one kind. */
const VOTE_CALL_QUIET_MS = 250;
/** Calls in vain after which nobody waits any more in this epoch: too many are gone, or do not vote. */
const VOTE_CALLS_IN_VAIN = 3;

export class Votes {
  private readonly ballot = fullBallot({ ...GATEWAY_BALLOT, membersMax: EPOCH_MEMBERS_MAX });
  /** Real time of the last vote of each member. */
  private readonly lastMs = new Map<string, number>();
  /** Transactions that were ACCEPTED before a block held them, and that a block held first. */
  accepted = 0;
  votes = 0;
  /** While a block waits for votes: real time up to which, and who has answered. */
  private call: { untilMs: number; answered: Set<string> } | undefined;
  /** Calls in this epoch that nobody answered, without one between them that brought what it was for. */
  private inVain = 0;

  open({ epoch }: KnownEpoch): void {
    this.ballot.open(electorateOf(epoch));
    this.inVain = 0;
  }

  /**
   * Whether a block may be sealed as far as votes go: all that is open is ACCEPTED, or was called for and
   * waited for. Without that a slot is closed before anybody could vote for its last BOUGHT. Asked again
   * after every message. Where the clock runs too fast to wait nobody is asked.
   */
  ready(area: Area, batch: Batch): boolean {
    const nowMs = area.ports.time.nowMs();
    const { ratePermille, tickMs } = area.world;
    const patient = (VOTE_CALL_MS * ratePermille) / 1000 <= tickMs;
    const waiting = patient && this.lacks(area);
    if (waiting && !this.call && this.inVain < VOTE_CALLS_IN_VAIN) {
      this.call = { untilMs: nowMs + VOTE_CALL_MS, answered: new Set() };
      this.lastMs.clear();
      batch.send(area.topics.vote, nothingRetained());
      return false;
    }
    const { call } = this;
    if (waiting && call) {
      const all = area.onlineIds().every((id) => call.answered.has(id));
      if (!all && nowMs < call.untilMs) return false;
      if (call.answered.size === 0) this.inVain++;
    }
    if (!waiting) this.inVain = 0;
    this.call = undefined;
    return true;
  }

  /** Real time until nobody waits for votes any more, ms; undefined where nobody does. */
  delayMs(area: Area): number | undefined {
    return this.call && Math.max(0, this.call.untilMs - area.ports.time.nowMs());
  }

  /** Whether something is open that members that are there can accept, and have not yet. */
  private lacks(area: Area): boolean {
    if (!area.options.pot || area.dag.open === 0) return false;
    const there = area.onlineIds().length;
    return area.dag.unsealed().some(({ tx }) => {
      const { txid, body, pot } = tx;
      if (body.epoch === 0 || this.ballot.state(txid) !== TxState.valid) return false;
      // With tokens of the gateway it is never ACCEPTED.
      if (pot.some(({ witness }) => area.isGateway(witness))) return false;
      return there >= (this.ballot.threshold(txid) ?? Number.POSITIVE_INFINITY);
    });
  }

  /** VC and what it takes; undefined for a transaction that is not counted any more. */
  countOf(txid: Uint8Array): { count: number; threshold: number } | undefined {
    const threshold = this.ballot.threshold(txid);
    return threshold === undefined ? undefined : { count: this.ballot.count(txid), threshold };
  }

  /** One of TxState. */
  stateOf(txid: Uint8Array): number {
    return this.ballot.state(txid);
  }

  suspend(node: Uint8Array): void {
    this.ballot.suspend(node);
  }

  /** A transaction went into the DAG. */
  enter(area: Area, { tx, tMs }: Vertex): readonly DoubleVote[] {
    if (tx.body.epoch === 0) return [];
    const { txid, pot } = tx;
    const { from, seq, epoch, parents } = tx.body;
    const finalOnly = pot.some(({ witness }) => area.isGateway(witness));
    const tally = { txid, from, seq, epoch, tMs, parents, finalOnly };
    return this.note(this.ballot.add(tally)).doubles;
  }

  /** A block holds these, and rejected some of them. */
  seal(block: SealedBlock, ageMaxMs: number): void {
    const rejected = new Set(block.block.rejected.map(({ txid }) => toHex(txid)));
    const held = block.vertices.filter(({ tx }) => tx.body.epoch > 0);
    this.ballot.finalize(held.filter(({ id }) => !rejected.has(id)).map(({ tx }) => tx.txid));
    this.ballot.reject(held.filter(({ id }) => rejected.has(id)).map(({ tx }) => tx.txid));
    this.ballot.forget(block.header.atMs - 2 * ageMaxMs);
  }

  /** A vote whose signature is right. */
  take(
    area: Area,
    batch: Batch,
    session: Session,
    vote: Signed<Vote>,
    payload: Uint8Array,
  ): Verdict {
    const barred = area.barred(session.id);
    if (barred) return refuse(barred, session.member.name);
    const known = area.epochs.of(vote.value.epoch);
    if (!known || known.committees.indexOf(vote.value.voter) < 0)
      return refuse("VOTE_UNKNOWN", `epoch ${vote.value.epoch}`);
    const nowMs = area.ports.time.nowMs();
    const last = this.lastMs.get(session.id) ?? Number.NEGATIVE_INFINITY;
    if (nowMs - last < VOTE_PERIOD_MS - PERIOD_SLACK_MS)
      return refuse("RATE_LIMITED", `a vote ${nowMs - last} ms after the last`);
    // Also where it names something unknown: that may come yet, and the rest counts.
    const outcome = this.note(this.ballot.vote(vote.value, payload));
    if (!outcome.fresh && !outcome.code) return refuse("DUPLICATE", session.member.name);
    this.lastMs.set(session.id, nowMs);
    // What somebody repeats is no answer: it must not decide when a block is sealed.
    if (this.call && outcome.named) {
      this.call.answered.add(session.id);
      this.call.untilMs = nowMs + VOTE_CALL_QUIET_MS;
    }
    this.votes++;
    batch.log(EntryKind.vote, packEntry(voteEntry, { signed: payload }));
    batch.send(area.topics.vote, payload);
    accuseVoters(area, batch, outcome.doubles);
    return outcome.code ? refuse(outcome.code, session.member.name) : ACCEPT;
  }

  /** A vote of the log. */
  replay(area: Area, signed: Uint8Array): void {
    const opened = openSigned(voteRecord, area.ports.crypto, signed);
    assert(opened.ok, "LOG_VOTE");
    this.note(this.ballot.vote(opened.value, signed));
    this.votes++;
  }

  private note(outcome: Outcome): Outcome {
    this.accepted += outcome.accepted.length;
    return outcome;
  }
}

/** Members that voted for two transactions of one number. */
export function accuseVoters(area: Area, batch: Batch, doubles: readonly DoubleVote[]): void {
  for (const { voter, txids, statements } of doubles) {
    const [first, second] = statements;
    const bodies = txids.map((txid) => area.dag.get(txid)?.tx.body);
    const member = area.sessions.get(toHex(voter))?.member;
    // An approval by a transaction is no proof that the record knows; the ballot does not count it anyhow.
    if (!first.vote || !second.vote || !bodies[0] || !bodies[1] || !member) continue;
    const { crypto } = area.ports;
    const encoded = [bodyRecord.encode(bodies[0]), bodyRecord.encode(bodies[1])] as const;
    const votes = [first.vote, second.vote] as const;
    const proof = makeVoteEvidence(crypto, area.options.net, member.publicKey, votes, encoded);
    if (proof) convict(area, batch, proof);
  }
}
