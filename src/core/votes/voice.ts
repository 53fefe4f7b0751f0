// SPDX-License-Identifier: Apache-2.0
/**
 * What an honest member says (ledger 4.5): of each conflict set it speaks for one transaction at most, ever,
 * the first that it saw. Its votes say so by name, and each transaction of its own says so for what is in its
 * past without a rival there. If at most f members do otherwise, no two rivals are ever accepted, at nobody.
 */
import { bytesEqual, toHex } from "../codec/bytes.ts";
import { VOTE_PERIOD_MS, VOTE_TXIDS_MAX } from "../limits.ts";
import { NONE, type TxTable } from "./table.ts";
import { type Tally, TxState } from "./tally.ts";

/** A vote of our own, for the caller to write down before the vote leaves. */
export interface OwnVote {
  readonly from: Uint8Array;
  readonly seq: number;
  readonly txid: Uint8Array;
  /** Effective time of the transaction: a row older than what is forgotten may go. */
  readonly tMs: number;
}

export class Voice {
  private readonly own: Uint8Array;
  private readonly table: TxTable;
  private readonly tally: Tally;
  /** Votes from before a restart, by author and number. */
  private readonly restored = new Map<string, OwnVote>();
  /** What came first in its conflict sets and awaits our vote; and the rivals of what was restored. */
  private due: number[] = [];
  private barred: number[] = [];
  private votedMs = Number.NEGATIVE_INFINITY;
  private abstainMs = Number.NEGATIVE_INFINITY;

  constructor(own: Uint8Array, table: TxTable, tally: Tally) {
    this.own = own;
    this.table = table;
    this.tally = tally;
  }

  restore(rows: readonly OwnVote[]): void {
    for (const row of rows) this.restored.set(numberOf(row.from, row.seq), row);
  }

  abstain(tMs: number): void {
    this.abstainMs = Math.max(this.abstainMs, tMs);
  }

  forget(beforeMs: number): void {
    for (const [key, row] of this.restored) if (row.tMs < beforeMs) this.restored.delete(key);
  }

  /** Places were given away. */
  dropped(): void {
    this.due = this.due.filter((place) => this.table.taken(place));
    this.barred = this.barred.filter((place) => this.table.taken(place));
  }

  /** Looks at a new transaction: whether we want to vote for it. */
  wish(place: number): void {
    const { table, tally } = this;
    tally.voter(this.own);
    if (this.restored.size > 0) {
      const before = this.restored.get(numberOf(table.fromAt(place), table.seqs[place]));
      if (before && bytesEqual(before.txid, table.idAt(place))) tally.name(place);
      else if (before) this.barred.push(place);
      if (before) return;
    }
    if (tally.supports(place) || tally.contests.get(place)) return;
    if (table.timesMs[place] > this.abstainMs && tally.bitAt(place) >= 0) this.due.push(place);
  }

  /** The next votes, which count from now on; all of one epoch. `called`: a block waits for them. */
  choose(nowMs: number, called: boolean): OwnVote[] {
    const { table, tally } = this;
    if (this.due.length === 0 || (!called && nowMs < this.votedMs + VOTE_PERIOD_MS)) return [];
    tally.voter(this.own);
    const chosen: number[] = [];
    const left: number[] = [];
    for (const place of this.due) {
      if (!this.isWanted(place)) continue;
      const other = chosen.length > 0 && table.epochs[place] !== table.epochs[chosen[0]];
      if (other || chosen.length === VOTE_TXIDS_MAX) left.push(place);
      else chosen.push(place);
    }
    this.due = left;
    if (chosen.length > 0) this.votedMs = nowMs;
    return chosen.map((place) => {
      tally.name(place);
      const from = table.fromAt(place).slice();
      return { from, seq: table.seqs[place], txid: table.idAt(place), tMs: table.timesMs[place] };
    });
  }

  private isWanted(place: number): boolean {
    const { table, tally } = this;
    if (table.states[place] === TxState.final || table.states[place] === TxState.rejected)
      return false;
    if (table.timesMs[place] <= this.abstainMs || tally.supports(place)) return false;
    return !tally.contests.rivals(place).some((rival) => tally.supports(rival));
  }

  /**
   * Whether a transaction of ours may have these parents. Not if one of them is a rival of what we spoke for;
   * nor if such a rival is in their past without what we spoke for, as it would count for the rival then.
   * Blocks, and what is not here, are no hindrance: a node can only answer for the past that it follows.
   */
  mayApprove(parents: readonly Uint8Array[]): boolean {
    const { table, tally, barred, abstainMs } = this;
    tally.voter(this.own);
    const places = parents.map((txid) => table.find(txid)).filter((place) => place !== NONE);
    const shy = barred.length > 0 || abstainMs > Number.NEGATIVE_INFINITY;
    const forbidden = (place: number): boolean =>
      barred.includes(place) || table.timesMs[place] <= abstainMs;
    if (shy && tally.someBefore(places, forbidden)) return false;
    const past = tally.contests.union(places);
    return past.every((place) => {
      if (table.states[place] === TxState.final) return true;
      for (const rival of tally.contests.rivals(place))
        if (tally.supports(rival) && (places.includes(place) || !past.includes(rival)))
          return false;
      return true;
    });
  }
}

function numberOf(from: Uint8Array, seq: number): string {
  return `${toHex(from)} ${seq}`;
}
