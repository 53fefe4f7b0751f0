// SPDX-License-Identifier: Apache-2.0
/**
 * Votes and states of transactions (ledger 4.5): UNSOLID → VALID → ACCEPTED → FINAL or REJECTED, who counts
 * for what (tally.ts), and what an honest member votes for. Used by the gateway for all open transactions,
 * and by a node for the few that it follows.
 *
 * Nothing here checks signatures or validity: what comes in was checked.
 */
import { bytesEqual, toHex } from "../codec/bytes.ts";
import { assert } from "../errors/assert.ts";
import type { Code } from "../errors/codes.ts";
import { CONFLICT_KEYS_MAX, EPOCHS_COUNTED, VOTES_FOLLOWED_MAX } from "../limits.ts";
import type { Vote } from "../records/vote.ts";
import type { DoubleVote, Statement, VoteLog } from "./double.ts";
import type { EarlyVotes } from "./early.ts";
import { type Electorate, thresholdOf } from "./electorate.ts";
import { NONE, TxTable } from "./table.ts";
import { Tally, TxState } from "./tally.ts";
import { type OwnVote, Voice } from "./voice.ts";

export interface BallotOptions {
  /** Transactions that it holds at once. */
  readonly capacity: number;
  /** The largest epoch that can come. */
  readonly membersMax: number;
  /** This node's id, if it votes. */
  readonly own?: Uint8Array;
  /** Votes that came too early, and votes as they came, for proofs (full-ballot.ts). */
  readonly early?: EarlyVotes;
  readonly log?: VoteLog;
}

/** For a node, which follows a few and leaves proofs to its gateway. */
export const NODE_BALLOT = Object.freeze({ capacity: VOTES_FOLLOWED_MAX });

/** A valid transaction, as far as votes are concerned. */
export interface VotedTx {
  readonly txid: Uint8Array;
  readonly from: Uint8Array;
  readonly seq: number;
  readonly epoch: number;
  /** Effective time T(tx). */
  readonly tMs: number;
  /** Blocks among them are not known here, and need not be. */
  readonly parents: readonly Uint8Array[];
  /** Further conflict sets that it is in. */
  readonly keys?: readonly string[];
  /** Has tokens of gateways: it counts when a block holds it. */
  readonly finalOnly?: boolean;
}

/** What a call brought about. */
export interface Outcome {
  /** Why something of it did not count. */
  readonly code?: Code;
  /** Ids of transactions that are ACCEPTED now. */
  readonly accepted: readonly Uint8Array[];
  readonly doubles: readonly DoubleVote[];
}

/** A vote of our own to be said. */
export interface OwnVotes {
  readonly epoch: number;
  readonly txids: readonly Uint8Array[];
  /** To be written down before the vote leaves. */
  readonly rows: readonly OwnVote[];
  readonly accepted: readonly Uint8Array[];
}

export class Ballot {
  private readonly table: TxTable;
  private readonly tally: Tally;
  private readonly early?: EarlyVotes;
  private readonly log?: VoteLog;
  /** What this node says itself, if it votes. */
  private readonly voice?: Voice;

  constructor({ capacity, membersMax, own, early, log }: BallotOptions) {
    this.table = new TxTable(capacity, membersMax);
    this.tally = new Tally(this.table, membersMax);
    this.early = early;
    this.log = log;
    if (own) this.voice = new Voice(own, this.table, this.tally);
  }

  /** Transactions that it holds. */
  get size(): number {
    return this.table.size;
  }

  /** An epoch begins, or is known. Of EPOCHS_COUNTED the oldest goes, with its transactions. */
  open(electorate: Electorate): void {
    const { tally, table } = this;
    if (tally.slotOf(electorate.epoch) !== NONE) return;
    let slot = 0;
    for (let i = 1; i < EPOCHS_COUNTED; i++) if (epochAt(tally, i) < epochAt(tally, slot)) slot = i;
    assert(epochAt(tally, slot) < electorate.epoch, "VOTES_EPOCH", String(electorate.epoch));
    this.drop((place) => table.epochs[place] === slot);
    tally.open(electorate, slot);
  }

  /**
   * A valid transaction, whose parents were added if they are to be followed. It stays UNSOLID if its
   * epoch is not known or there is no room.
   */
  add(tx: VotedTx): Outcome {
    const { table, tally } = this;
    const keys = tx.keys ?? [];
    assert(keys.length <= CONFLICT_KEYS_MAX, "VOTES_KEYS", String(keys.length));
    const slot = tally.slotOf(tx.epoch);
    if (slot === NONE || table.find(tx.txid) !== NONE) return this.outcome([]);
    const place = table.add(tx, tx.parents, TxState.valid);
    if (place === NONE) return this.outcome([]);
    table.epochs[place] = slot;
    table.finalOnly[place] = tx.finalOnly ? 1 : 0;
    if (!tally.contest(place, keys)) table.finalOnly[place] = 1;
    const doubles: DoubleVote[] = [];
    tally.voter(tx.from);
    tally.name(place);
    tally.approve(place);
    for (const parent of tx.parents) {
      const at = table.find(parent);
      if (at !== NONE && tally.contests.get(at)) this.judgeVoter(tx.from, at, doubles);
    }
    for (const voter of this.early?.take(tx.txid) ?? []) {
      tally.voter(voter);
      if (tally.name(place)) this.judgeVoter(voter, place, doubles);
    }
    this.voice?.wish(place);
    return this.outcome(doubles);
  }

  /** A signed vote, and the bytes it came as. Said again or relayed it changes nothing. */
  vote(vote: Pick<Vote, "voter" | "txids">, bytes: Uint8Array): Outcome {
    const { table, tally } = this;
    const doubles: DoubleVote[] = [];
    let code: Code | undefined;
    let fresh = false;
    tally.voter(vote.voter);
    const named: number[] = [];
    for (const txid of vote.txids) {
      const place = table.find(txid);
      if (place === NONE) {
        if (this.early && this.isMember(vote.voter)) {
          this.early.add(txid, vote.voter);
          fresh = true;
        } else code = "VOTE_UNKNOWN";
      } else if (tally.name(place)) {
        fresh = true;
        if (tally.contests.get(place)) named.push(place);
      }
    }
    if (fresh) this.log?.keep(vote, bytes);
    for (const place of named)
      if (this.judgeVoter(vote.voter, place, doubles)) code = "VOTE_DOUBLE";
    return this.outcome(doubles, code);
  }

  private isMember(node: Uint8Array): boolean {
    for (let slot = 0; slot < EPOCHS_COUNTED; slot++)
      if ((this.tally.electorateAt(slot)?.indexOf(node) ?? NONE) >= 0) return true;
    return false;
  }

  /**
   * Whether `voter`, who spoke for `place`, voted for another one with its number too. Adds the proof where
   * both statements are here.
   */
  private judgeVoter(voter: Uint8Array, place: number, doubles: DoubleVote[]): boolean {
    const { table, tally, log } = this;
    // Its author is judged by the two bodies.
    if (bytesEqual(table.fromAt(place), voter)) return false;
    tally.voter(voter);
    let double = false;
    for (const rival of tally.contests.sameNumber(place)) {
      const votes = [place, rival].filter((one) => table.has(table.named, one, tally.bitAt(one)));
      if (votes.length === 0 || !tally.spoke(rival) || !tally.spoke(place)) continue;
      double ||= votes.length === 2;
      if (!log?.isNew(voter)) continue;
      const first = this.statement(voter, place);
      const second = this.statement(voter, rival);
      if (!first || !second) continue;
      log.mark(voter);
      const txids = [table.idAt(place), table.idAt(rival)] as const;
      doubles.push({ voter: voter.slice(), txids, statements: [first, second] });
    }
    return double;
  }

  /** What `voter` signed for `place`: a vote, or a transaction that has it as a parent. */
  private statement(voter: Uint8Array, place: number): Statement | undefined {
    const { table } = this;
    const vote = this.log?.find(voter, table.idAt(place));
    if (vote) return { vote };
    const children: number[] = [];
    table.children(place, children);
    const own = children.find((child) => bytesEqual(table.fromAt(child), voter));
    return own === undefined ? undefined : { tx: table.idAt(own) };
  }

  private outcome(doubles: readonly DoubleVote[], code?: Code): Outcome {
    return { code, accepted: this.takeAccepted(), doubles };
  }

  private takeAccepted(): Uint8Array[] {
    const ids = this.tally.accepted.map((place) => this.table.idAt(place));
    this.tally.accepted.length = 0;
    return ids;
  }

  /** VC: how many members count for it; 0 for what is not here. */
  count(txid: Uint8Array): number {
    const place = this.table.find(txid);
    return place === NONE ? 0 : this.table.counts[place];
  }

  /** The members that count for it, in the order of its epoch's list. */
  voters(txid: Uint8Array): Uint8Array[] {
    const place = this.table.find(txid);
    if (place === NONE) return [];
    const electorate = this.tally.electorateAt(this.table.epochs[place])!;
    const row = this.tally.row(place);
    const voters: Uint8Array[] = [];
    for (let bit = 0; bit < electorate.n; bit++)
      if ((row[bit >>> 5] >>> (bit & 31)) & 1) voters.push(electorate.nodeAt(bit));
    return voters;
  }

  /** Votes that it takes, by its epoch; undefined for what is not here. */
  threshold(txid: Uint8Array): number | undefined {
    const place = this.table.find(txid);
    if (place === NONE) return undefined;
    return thresholdOf(this.tally.electorateAt(this.table.epochs[place])!.n);
  }

  /** One of TxState. */
  state(txid: Uint8Array): number {
    const place = this.table.find(txid);
    return place === NONE ? TxState.unsolid : this.table.states[place];
  }

  /**
   * A block holds these. Others with their numbers are rejected with that, as no block will ever hold them;
   * their ids are returned.
   */
  finalize(txids: readonly Uint8Array[]): Uint8Array[] {
    const { table } = this;
    const rejected: Uint8Array[] = [];
    for (const txid of txids) {
      const place = table.find(txid);
      if (place === NONE) continue;
      assert(table.states[place] !== TxState.rejected, "VOTES_FINAL_REJECTED", toHex(txid));
      table.states[place] = TxState.final;
      for (const rival of this.tally.contests.sameNumber(place)) {
        assert(table.states[rival] !== TxState.final, "VOTES_TWO_FINAL", toHex(txid));
        if (table.states[rival] !== TxState.rejected) rejected.push(table.idAt(rival));
        table.states[rival] = TxState.rejected;
      }
    }
    return rejected;
  }

  /** A block rejected these, or they can no longer get into one. */
  reject(txids: readonly Uint8Array[]): void {
    for (const txid of txids) {
      const place = this.table.find(txid);
      if (place === NONE) continue;
      assert(this.table.states[place] !== TxState.final, "VOTES_REJECTED_FINAL", toHex(txid));
      this.table.states[place] = TxState.rejected;
    }
  }

  /**
   * Forgets what is FINAL or REJECTED and has an effective time before `beforeMs`, and what is before
   * `openBeforeMs` in any state: it can get into no block any more.
   */
  forget(beforeMs: number, openBeforeMs: number = Number.NEGATIVE_INFINITY): void {
    const { table } = this;
    this.drop((place) => {
      const tMs = table.timesMs[place];
      return tMs < openBeforeMs || (tMs < beforeMs && table.states[place] >= TxState.final);
    });
    this.voice?.forget(openBeforeMs);
  }

  private drop(which: (place: number) => boolean): void {
    const { table, tally } = this;
    for (let place = 0; place < table.capacity; place++)
      if (table.taken(place) && which(place)) tally.remove(place);
    this.voice?.dropped();
  }

  /** A proof suspends this member: it counts for nothing that is not ACCEPTED yet. */
  suspend(node: Uint8Array): void {
    this.tally.suspend(node);
  }

  /**
   * Our votes that were written down, after a restart and before anything is added. They count again when
   * their transactions come.
   */
  restore(rows: readonly OwnVote[]): void {
    this.voice?.restore(rows);
  }

  /** What was written down is lost: nothing with an effective time up to `tMs` gets our vote or approval. */
  abstain(tMs: number): void {
    this.voice?.abstain(tMs);
  }

  /**
   * What to vote for now, at most once a second: valid transactions that we do not count for yet, each the
   * first of its sets that we saw. The caller writes the rows down, and only then sends the vote.
   * `nowMs` is of a clock that does not stand still. `called`: a block waits for it, whatever the period.
   */
  whatToVote(nowMs: number, called = false): OwnVotes | undefined {
    const rows = this.voice?.choose(nowMs, called) ?? [];
    if (rows.length === 0) return undefined;
    const epoch = this.tally.electorateAt(this.table.epochs[this.table.find(rows[0].txid)])!.epoch;
    return { epoch, txids: rows.map(({ txid }) => txid), rows, accepted: this.takeAccepted() };
  }

  /** Whether a transaction of ours may have these parents (voice.ts). */
  mayApprove(parents: readonly Uint8Array[]): boolean {
    return this.voice?.mayApprove(parents) ?? true;
  }
}

function epochAt(tally: Tally, slot: number): number {
  return tally.electorateAt(slot)?.epoch ?? -1;
}
