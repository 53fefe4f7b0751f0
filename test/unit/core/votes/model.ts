// SPDX-License-Identifier: Apache-2.0
/** The counting rule once more, from whole pasts and plain sets, to compare with; and small things to vote on. */
import { createHash } from "node:crypto";
import fc from "fast-check";
import { toHex } from "#core/codec/bytes";
import type { Ballot, VotedTx } from "#core/votes/ballot";
import { type Electorate, electorateOf } from "#core/votes/electorate";

export function named(name: string, size = 32): Uint8Array {
  return new Uint8Array(createHash("sha256").update(name).digest().subarray(0, size));
}
export const nodeOf = (name: string | number): Uint8Array => named(`node ${name}`, 16);

/** An epoch of the nodes named, whatever their order. */
export function epochOf(epoch: number, names: readonly (string | number)[]): Electorate {
  const members = names
    .map((name) => ({ node: nodeOf(name), publicKey: new Uint8Array(32) }))
    .sort((a, b) => (toHex(a.node) < toHex(b.node) ? -1 : 1));
  return electorateOf({ epoch, members });
}
export const range = (n: number): number[] => Array.from({ length: n }, (_, i) => i);

/** What voters say: transactions and votes. */
export type Said =
  | { tx: VotedTx; vote?: undefined }
  | { vote: { voter: Uint8Array; txids: Uint8Array[] }; tx?: undefined };

/** Says it, as one that came. */
export function deliver(ballot: Ballot, said: Said): ReturnType<Ballot["vote"]> {
  return said.tx ? ballot.add(said.tx) : ballot.vote(said.vote, new Uint8Array(0));
}

/** The rule over all that was said. */
export class Rule {
  private readonly txs: Map<string, VotedTx>;
  private readonly votes: Map<string, Set<string>>;
  private readonly epochs: readonly Electorate[];

  constructor(all: readonly Said[], epochs: readonly Electorate[]) {
    this.epochs = epochs;
    this.txs = new Map(all.flatMap(({ tx }) => (tx ? [[toHex(tx.txid), tx] as const] : [])));
    this.votes = new Map();
    for (const { vote } of all)
      for (const id of vote?.txids.map(toHex) ?? [])
        this.votes.set(id, (this.votes.get(id) ?? new Set()).add(toHex(vote!.voter)));
  }

  private past(id: string): VotedTx[] {
    const past = new Map<string, VotedTx>();
    const open = [id];
    for (let one = open.pop(); one !== undefined; one = open.pop()) {
      const tx = this.txs.get(one);
      if (!tx || past.has(one)) continue;
      past.set(one, tx);
      open.push(...tx.parents.map(toHex));
    }
    return [...past.values()];
  }

  rivals(tx: VotedTx): VotedTx[] {
    return [...this.txs.values()].filter((other) => areRivals(tx, other));
  }

  private members({ epoch }: VotedTx): string[] {
    const electorate = this.epochs.find((one) => one.epoch === epoch)!;
    return range(electorate.n).map((bit) => toHex(electorate.nodeAt(bit)));
  }

  names(voter: string, tx: VotedTx): boolean {
    if (!this.members(tx).includes(voter)) return false;
    return toHex(tx.from) === voter || this.votes.get(toHex(tx.txid))?.has(voter) === true;
  }

  approves(voter: string, tx: VotedTx): boolean {
    if (!this.members(tx).includes(voter)) return false;
    return [...this.txs.values()].some((own) => {
      if (toHex(own.from) !== voter) return false;
      const past = this.past(toHex(own.txid));
      return past.includes(tx) && !past.some((other) => areRivals(tx, other));
    });
  }

  /** Who counts for it, as hex ids in the order of the epoch. */
  voters(tx: VotedTx): string[] {
    const rivals = this.rivals(tx);
    return this.members(tx).filter((voter) => {
      if (rivals.some((rival) => this.names(voter, rival))) return false;
      if (this.names(voter, tx)) return true;
      return this.approves(voter, tx) && !rivals.some((rival) => this.approves(voter, rival));
    });
  }
}

export function areRivals(a: VotedTx, b: VotedTx): boolean {
  if (a === b) return false;
  if (toHex(a.from) === toHex(b.from) && a.seq === b.seq) return true;
  return (a.keys ?? []).some((key) => b.keys?.includes(key));
}

/** Random histories: transactions of few authors that approve and contradict each other, and votes for them. */
export const anyHistory: fc.Arbitrary<Said[]> = fc
  .tuple(
    fc.array(fc.tuple(fc.nat(6), fc.nat(2), fc.nat(), fc.nat(), fc.nat(5), fc.nat(9)), {
      minLength: 1,
      maxLength: 14,
    }),
    fc.array(fc.tuple(fc.nat(6), fc.array(fc.nat(), { minLength: 1, maxLength: 4 })), {
      maxLength: 12,
    }),
  )
  .map(([drawn, votes]) => {
    const txs: VotedTx[] = [];
    for (const [i, [author, seq, first, second, key, epoch]] of drawn.entries()) {
      const picks = txs.length > 0 ? [first % txs.length, second % txs.length] : [];
      txs.push({
        txid: named(`tx ${i}`),
        from: nodeOf(author),
        seq,
        epoch: epoch === 0 ? 2 : 1,
        tMs: 1000 + i,
        parents: [...new Set(picks)].map((pick) => txs[pick].txid),
        keys: key < 2 ? [`key ${key}`] : [],
      });
    }
    const said: Said[] = txs.map((tx) => ({ tx }));
    for (const [voter, picks] of votes) {
      const txids = picks.map((pick) => txs[pick % txs.length].txid);
      said.push({ vote: { voter: nodeOf(voter), txids } });
    }
    return said;
  });

/** Another order in which parents come before children; votes come whenever. */
export function reordered(all: readonly Said[], draws: readonly number[]): Said[] {
  const left = [...all];
  const known = new Set<string>();
  const order: Said[] = [];
  while (left.length > 0) {
    const ready = left.filter(({ tx }) => !tx || tx.parents.every((id) => known.has(toHex(id))));
    const next = ready[draws[order.length % draws.length] % ready.length];
    left.splice(left.indexOf(next), 1);
    if (next.tx) known.add(toHex(next.tx.txid));
    order.push(next);
  }
  return order;
}
