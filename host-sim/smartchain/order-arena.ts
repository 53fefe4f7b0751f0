// SPDX-License-Identifier: Apache-2.0
/**
 * I18 on a DAG that is wider than a calm street's, with rivals in it: f members say two things under one
 * number and vote for both; the others speak for one at most, by votes and by what they attach to.
 */
import { compareBytes } from "#core/codec/bytes";
import { openSigned, signRecord } from "#core/codec/record";
import { voteRecord } from "#core/records/vote";
import { toleratedOf } from "#core/votes/electorate";
import { type Random, randomStream } from "../worlds/random.ts";
import { hex, type SeenTx } from "./check-dag.ts";
import { type Item, OrderCheck, type OrderDefence } from "./check-order.ts";
import { LAB_NET, Lab } from "./lab.ts";

const TRANSACTIONS = 24;
/** Of those that may be parents, the latest. */
const NEAR = 6;

class OrderArena {
  readonly lab: Lab;
  readonly random: Random;
  readonly txs = new Map<string, SeenTx>();
  readonly items: Item[] = [];
  rivals = 0;
  private readonly ids: Uint8Array[];
  private readonly rogues: number;
  /** By transaction: all that it approves, itself included. */
  private readonly pasts = new Map<string, Set<string>>();
  /** What each honest member spoke for, by author and number. */
  private readonly stances: Map<string, string>[] = [];

  constructor(seed: number) {
    const n = 4 + (seed % 4);
    this.lab = new Lab(seed, n);
    this.random = randomStream(seed, 51);
    this.rogues = toleratedOf(n);
    this.ids = [this.lab.root];
    for (let i = 0; i < n; i++) this.stances.push(new Map());
  }

  fill(): void {
    const { random, lab } = this;
    for (let seq = 1; seq <= TRANSACTIONS; seq++) {
      const author = random.below(lab.people.length);
      this.say(author, seq);
      for (let more = random.below(3); author < this.rogues && more > 0; more--) {
        this.say(author, seq);
        this.rivals++;
      }
    }
  }

  private say(author: number, seq: number): void {
    const { lab, txs, random } = this;
    const parents = this.parentsFor(author);
    const expiryMs = lab.nowMs + this.ids.length;
    const tsMs = lab.nowMs + random.below(1000);
    const body = lab.body(lab.people[author], { parents, seq, expiryMs, tsMs });
    const tx = lab.tx(lab.people[author], body, []);
    const id = hex(tx.txid);
    const past = new Set([id]);
    for (const parent of parents.map(hex))
      for (const one of this.pasts.get(parent) ?? []) past.add(one);
    const seen = { id, tx, tMs: 0, approved: false, weight: 1, parents: parents.map(hex) };
    txs.set(id, seen);
    this.pasts.set(id, past);
    this.ids.push(tx.txid);
    this.items.push({ tx: seen });
    for (const one of past) this.stances[author].set(this.keyOf(one), one);
    for (let voter = 0; voter < lab.people.length; voter++)
      if (random.below(3) > 0) this.vote(voter, id);
  }

  private keyOf(id: string): string {
    const { from, seq } = this.txs.get(id)!.tx.body;
    return `${hex(from)} ${seq}`;
  }

  /** Whether this member may speak for all of these. */
  private speaks(member: number, ids: Iterable<string>): boolean {
    if (member < this.rogues) return true;
    const held = new Map(this.stances[member]);
    for (const id of ids) {
      const key = this.keyOf(id);
      if ((held.get(key) ?? id) !== id) return false;
      held.set(key, id);
    }
    return true;
  }

  private vote(voter: number, id: string): void {
    const { lab, items } = this;
    if (!this.speaks(voter, [id])) return;
    this.stances[voter].set(this.keyOf(id), id);
    const { secretKey, id: node } = lab.people[voter];
    const txids = [this.txs.get(id)!.tx.txid];
    const vote = { net: LAB_NET, voter: node, epoch: 3, txids, atMs: lab.nowMs };
    const { bytes } = signRecord(voteRecord, lab.crypto, secretKey, vote);
    if (openSigned(voteRecord, lab.crypto, bytes).ok) items.push({ vote, bytes });
  }

  /** One or two late ones that the author may approve; the root where there are none. */
  private parentsFor(author: number): Uint8Array[] {
    const { random, ids } = this;
    const near = ids.slice(-NEAR);
    const picked = [near[random.below(near.length)], near[random.below(near.length)]]
      .filter((id, at, all) => at === 0 || id !== all[0])
      .sort((a, b) => compareBytes(a, b));
    const past = new Set<string>();
    for (const id of picked) for (const one of this.pasts.get(hex(id)) ?? []) past.add(one);
    return this.speaks(author, past) ? picked : [this.lab.root];
  }
}

/** Throws a Violation (I15, I18). Returns how many rivals there were. */
export function orderArena({ seed, off }: { seed: number; off?: OrderDefence }): number {
  const arena = new OrderArena(seed);
  arena.fill();
  const { lab, items, txs, random, rivals } = arena;
  const check = new OrderCheck(lab.crypto, off);
  check.compare(items, [lab.epoch], [{ id: lab.root, tMs: 0 }], random, txs);
  return rivals;
}
