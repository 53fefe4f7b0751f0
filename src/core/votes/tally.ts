// SPDX-License-Identifier: Apache-2.0
/**
 * Who counts for which transaction (ledger 4.5, S3, S4). The count follows from what voters said, never from
 * when it came:
 *
 * A voter names a transaction by a vote, or as its author. It approves what is in the past of a transaction
 * of its own without a rival of it in that past. It counts for a transaction that it names, if it names no
 * rival; and for one that it approves, if it neither names nor approves a rival.
 */
import { assert } from "../errors/assert.ts";
import { EPOCHS_COUNTED, PARENTS_MAX } from "../limits.ts";
import { Contests } from "./contests.ts";
import { type Electorate, thresholdOf } from "./electorate.ts";
import { NONE, type TxTable } from "./table.ts";

export const TxState = Object.freeze({
  /** Not here: unknown, or something before it is. */
  unsolid: 0,
  valid: 1,
  /** Enough members count for it. What came so far stays, whatever comes later. */
  accepted: 2,
  /** In a block. */
  final: 3,
  rejected: 4,
});

export class Tally {
  readonly table: TxTable;
  readonly contests: Contests;
  private readonly membersMax: number;
  /** Slots for the epochs that are known; a transaction has the number of its slot. */
  private readonly electorates: (Electorate | undefined)[] = [];
  /** Those who count for nothing, bits by member of each slot. */
  private readonly suspended: Uint32Array;
  /** Places that were accepted since the last look. */
  accepted: number[] = [];
  private readonly stack: number[] = [];
  /** Bit of the present voter in each slot. */
  private readonly bits: number[] = [];

  constructor(table: TxTable, membersMax: number) {
    this.table = table;
    this.membersMax = membersMax;
    this.contests = new Contests(table);
    this.suspended = new Uint32Array(EPOCHS_COUNTED * table.words);
  }

  /** The slot of an epoch, NONE if it is not known. */
  slotOf(epoch: number): number {
    return this.electorates.findIndex((one) => one?.epoch === epoch);
  }

  electorateAt(slot: number): Electorate | undefined {
    return this.electorates[slot];
  }

  /** Gives a new epoch the slot of the oldest, whose transactions must be gone. Suspensions go on. */
  open(electorate: Electorate, slot: number): void {
    assert(electorate.n <= this.membersMax, "VOTES_MEMBERS", String(electorate.n));
    const { words } = this.table;
    const row = this.suspended.slice(slot * words, (slot + 1) * words).fill(0);
    for (const [other, known] of this.electorates.entries())
      for (let bit = 0; known && bit < known.n; bit++) {
        if (!this.isSuspended(other, bit)) continue;
        const now = electorate.indexOf(known.nodeAt(bit));
        if (now >= 0) row[now >>> 5] |= 1 << (now & 31);
      }
    this.suspended.set(row, slot * words);
    this.electorates[slot] = electorate;
  }

  isSuspended(slot: number, bit: number): boolean {
    const at = slot * this.table.words + (bit >>> 5);
    return ((this.suspended[at] >>> (bit & 31)) & 1) === 1;
  }

  suspend(node: Uint8Array): void {
    const { table, contests } = this;
    for (const [slot, electorate] of this.electorates.entries()) {
      const bit = electorate?.indexOf(node) ?? NONE;
      if (bit < 0 || this.isSuspended(slot, bit)) continue;
      for (let place = 0; place < table.capacity; place++) {
        if (!table.taken(place) || table.epochs[place] !== slot || contests.get(place)) continue;
        if (this.said(place, bit)) table.counts[place]--;
      }
      this.suspended[slot * table.words + (bit >>> 5)] |= 1 << (bit & 31);
      for (let place = 0; place < table.capacity; place++)
        if (table.taken(place) && table.epochs[place] === slot) this.refresh(place, bit);
    }
  }

  /** Whether the voter names it or has it in the past of a transaction of its own. */
  private said(place: number, bit: number): boolean {
    const { table } = this;
    return table.has(table.named, place, bit) || table.has(table.reached, place, bit);
  }

  /** Before the methods below: whose votes they are. */
  voter(node: Uint8Array): void {
    for (let slot = 0; slot < EPOCHS_COUNTED; slot++)
      this.bits[slot] = this.electorates[slot]?.indexOf(node) ?? NONE;
  }

  /** The voter's bit in the epoch of `place`, NONE for somebody who is no member. */
  bitAt(place: number): number {
    return this.bits[this.table.epochs[place]];
  }

  /** The voter names `place`; false if that is nothing new, or it is no member. */
  name(place: number): boolean {
    const { table } = this;
    const bit = this.bitAt(place);
    if (bit < 0 || table.has(table.named, place, bit)) return false;
    const before = this.said(place, bit);
    table.set(table.named, place, bit);
    this.changed(place, bit, before);
    return true;
  }

  /** The voter made the new transaction `from`: it approves what is before it and not yet final. */
  approve(from: number): void {
    const { table, stack, bits } = this;
    if (bits.every((bit) => bit < 0)) return;
    // Of an epoch in which it is no member: nothing there tells where it has been.
    const seen = new Set<number>();
    stack.push(from);
    for (let place = stack.pop(); place !== undefined; place = stack.pop()) {
      if (table.states[place] === TxState.final) continue;
      const bit = bits[table.epochs[place]];
      if (bit >= 0) {
        // Whoever has this in its past has all that is before it.
        if (table.has(table.reached, place, bit)) continue;
        const before = table.has(table.named, place, bit);
        table.set(table.reached, place, bit);
        if (!this.contests.get(place)) this.changed(place, bit, before);
      } else if (seen.has(place)) continue;
      else seen.add(place);
      for (let i = 0; i < PARENTS_MAX; i++) {
        const parent = table.parentAt(place, i);
        if (parent !== NONE) stack.push(parent);
      }
    }
    this.approveContested(from);
  }

  /** Of the contested ones in the past of `from`, those without a rival there. */
  private approveContested(from: number): void {
    const past = this.contests.pastOf(from);
    for (const place of past) {
      const bit = this.bitAt(place);
      if (bit < 0 || this.contests.rivals(place).some((rival) => past.includes(rival))) continue;
      const { weak } = this.contests.get(place)!;
      weak[bit >>> 5] |= 1 << (bit & 31);
      this.changed(place, bit, false);
    }
  }

  private changed(place: number, bit: number, before: boolean): void {
    const { table, contests } = this;
    if (contests.get(place)) {
      this.refresh(place, bit);
      for (const rival of contests.rivals(place)) this.refresh(rival, this.bitAt(rival));
    } else if (!before && !this.isSuspended(table.epochs[place], bit)) {
      table.counts[place]++;
      this.judge(place);
    }
  }

  /** Puts a new transaction into its conflict sets; false if it can be accepted by blocks only. */
  contest(place: number, keys: readonly string[]): boolean {
    const fresh = this.contests.join(place, keys);
    for (const rival of fresh ?? []) this.recount(rival);
    return fresh !== undefined;
  }

  /** Forgets a transaction. Who spoke for it still counts for none of its rivals. */
  remove(place: number): void {
    const { table, contests } = this;
    for (const rival of contests.rivals(place)) {
      const slot = table.epochs[rival];
      const { goneNamed, goneWeak } = contests.get(rival)!;
      for (let bit = 0; bit < this.electorates[slot]!.n; bit++) {
        const theirs = this.sameVoter(slot, bit, table.epochs[place]);
        if (theirs < 0) continue;
        if (table.has(table.named, place, theirs)) goneNamed[bit >>> 5] |= 1 << (bit & 31);
        else if (this.weakly(place, theirs)) goneWeak[bit >>> 5] |= 1 << (bit & 31);
      }
    }
    contests.remove(place);
    table.remove(place);
  }

  private recount(place: number): void {
    // An uncontested one has a count and no row: it is counted anew, in one.
    this.table.counts[place] = 0;
    const { n } = this.electorates[this.table.epochs[place]]!;
    for (let bit = 0; bit < n; bit++) this.refresh(place, bit);
  }

  /** Decides anew whether a member counts for a contested transaction. */
  private refresh(place: number, bit: number): void {
    const contested = this.contests.get(place);
    if (!contested || bit < 0) return;
    const { counted } = contested;
    const was = bitOf(counted, bit);
    if (was === this.counts(place, bit)) return;
    counted[bit >>> 5] ^= 1 << (bit & 31);
    this.table.counts[place] += was ? -1 : 1;
    this.judge(place);
  }

  /** The rule at the head of this file, for a contested transaction. */
  private counts(place: number, bit: number): boolean {
    const slot = this.table.epochs[place];
    if (this.isSuspended(slot, bit)) return false;
    const { table } = this;
    const named = table.has(table.named, place, bit);
    if (!named && !this.weakly(place, bit)) return false;
    const { goneNamed, goneWeak } = this.contests.get(place)!;
    if (bitOf(goneNamed, bit) || (!named && bitOf(goneWeak, bit))) return false;
    for (const rival of this.contests.rivals(place)) {
      const theirs = this.sameVoter(slot, bit, table.epochs[rival]);
      if (theirs < 0) continue;
      if (table.has(table.named, rival, theirs)) return false;
      if (!named && this.weakly(rival, theirs)) return false;
    }
    return true;
  }

  private weakly(place: number, bit: number): boolean {
    return bitOf(this.contests.get(place)!.weak, bit);
  }

  private sameVoter(slot: number, bit: number, other: number): number {
    if (slot === other) return bit;
    return this.electorates[other]?.indexOf(this.electorates[slot]!.nodeAt(bit)) ?? NONE;
  }

  private judge(place: number): void {
    const { table } = this;
    if (table.states[place] !== TxState.valid || table.finalOnly[place]) return;
    const { n } = this.electorates[table.epochs[place]]!;
    if (table.counts[place] < thresholdOf(n)) return;
    table.states[place] = TxState.accepted;
    this.accepted.push(place);
  }

  /** Whether the voter spoke for `place`: it names it, or has it in the past of a transaction of its own. */
  spoke(place: number): boolean {
    const bit = this.bitAt(place);
    return bit >= 0 && this.said(place, bit);
  }

  /** Whether the voter is bound to `place`: it names it, or approves it and no rival. */
  supports(place: number): boolean {
    const bit = this.bitAt(place);
    if (bit < 0) return false;
    if (this.contests.get(place))
      return this.table.has(this.table.named, place, bit) || this.weakly(place, bit);
    return this.said(place, bit);
  }

  /** Whether one of `places` is `wanted`, or something open before it is. */
  someBefore(places: readonly number[], wanted: (place: number) => boolean): boolean {
    const { table } = this;
    const open = [...places];
    const seen = new Set<number>();
    for (let place = open.pop(); place !== undefined; place = open.pop()) {
      if (seen.has(place) || table.states[place] === TxState.final) continue;
      if (wanted(place)) return true;
      seen.add(place);
      for (let i = 0; i < PARENTS_MAX; i++) {
        const parent = table.parentAt(place, i);
        if (parent !== NONE) open.push(parent);
      }
    }
    return false;
  }

  /** The members that count for `place`: a row of bits in the order of its epoch's list. */
  row(place: number): Uint32Array {
    const contested = this.contests.get(place);
    if (contested) return contested.counted.slice();
    const { reached, named, epochs, words } = this.table;
    const row = new Uint32Array(words);
    for (let i = 0; i < words; i++) {
      const at = place * words + i;
      row[i] = (reached[at] | named[at]) & ~this.suspended[epochs[place] * words + i];
    }
    return row;
  }
}

function bitOf(row: Uint32Array, bit: number): boolean {
  return ((row[bit >>> 5] >>> (bit & 31)) & 1) === 1;
}
