// SPDX-License-Identifier: Apache-2.0
/** I15 and I16: who is ACCEPTED or FINAL beside whom, and whether a count is what distinct members signed. */
import { fromHex } from "#core/codec/bytes";
import type { Epoch } from "#core/records/epoch";
import { TxState } from "#core/votes/tally";
import { hex, type SeenTx } from "./check-dag.ts";
import { must } from "./violation.ts";

/** The gateway's counts, as far as they are looked at. */
export interface Counts {
  stateOf(txid: Uint8Array): number;
  countOf(txid: Uint8Array): { count: number; threshold: number } | undefined;
}

export class VoteCheck {
  /** Signed by name: transaction to voters. */
  private readonly named = new Map<string, Set<string>>();
  private readonly counts = new Map<string, number>();
  /** (author, number) to what became FINAL, or was ACCEPTED by an honest party. */
  private readonly finals = new Map<string, string>();
  private readonly acceptedIds = new Map<string, string>();
  /** By party: what it holds ACCEPTED. */
  private readonly knownAccepted = new Map<string, Set<string>>();
  private statements = 0;
  private looked = "";

  /** A vote that the gateway took. */
  said(voter: string, txid: string): void {
    this.statements++;
    const voters = this.named.get(txid) ?? new Set();
    this.named.set(txid, voters.add(voter));
  }

  final(ids: ReadonlySet<string>, txs: ReadonlyMap<string, SeenTx>): void {
    for (const id of ids) {
      const seen = txs.get(id);
      if (!seen) continue;
      const key = `${hex(seen.tx.body.from)} ${seen.tx.body.seq}`;
      const other = this.finals.get(key);
      must(!other || other === id, "I15", () => `two FINAL transactions of ${key}`);
      this.finals.set(key, id);
    }
  }

  /** What one honest party holds ACCEPTED. */
  accepted(
    who: string,
    txs: ReadonlyMap<string, SeenTx>,
    stateOf: (txid: Uint8Array) => number,
  ): void {
    const known = this.knownAccepted.get(who) ?? new Set();
    this.knownAccepted.set(who, known);
    for (const { id, tx } of txs.values()) {
      if (known.has(id)) continue;
      const state = stateOf(tx.txid);
      if (state !== TxState.accepted && state !== TxState.final) continue;
      known.add(id);
      this.accept(`${hex(tx.body.from)} ${tx.body.seq}`, id);
    }
  }

  accept(key: string, id: string): void {
    const other = this.acceptedIds.get(key);
    must(!other || other === id, "I15", () => `two ACCEPTED transactions of ${key}`);
    this.acceptedIds.set(key, id);
  }

  look(
    counts: Counts,
    txs: ReadonlyMap<string, SeenTx>,
    suspended: ReadonlySet<string>,
    epochOf: (epoch: number) => Epoch | undefined,
  ): void {
    const change = `${this.statements} ${txs.size} ${suspended.size}`;
    if (change === this.looked) return;
    this.looked = change;
    const children = new Map<string, SeenTx[]>();
    for (const one of txs.values())
      for (const parent of one.parents)
        children.set(parent, [...(children.get(parent) ?? []), one]);
    for (const { id, tx } of txs.values()) {
      const found = counts.countOf(fromHex(id)!);
      const epoch = epochOf(tx.body.epoch);
      if (!found || !epoch) continue;
      const members = new Set(epoch.members.map(({ node }) => hex(node)));
      const signers = new Set(this.named.get(id));
      const future = new Set<SeenTx>([txs.get(id)!]);
      for (const one of future) {
        signers.add(hex(one.tx.body.from));
        for (const child of children.get(one.id) ?? []) future.add(child);
      }
      const voters = [...signers].filter((one) => members.has(one));
      const certain = voters.filter((one) => !suspended.has(one));
      const { count } = found;
      must(count <= epoch.members.length, "I16", () => `${count} of ${epoch.members.length}`);
      must(count <= voters.length, "I16", () => `${id}: ${count}, ${voters.length} signed`);
      // Approvals of what a block holds are not counted any more.
      if (counts.stateOf(tx.txid) < TxState.final)
        must(count >= certain.length, "I16", () => `${id}: ${count}, ${certain.length} signed`);
      const before = this.counts.get(id) ?? 0;
      const falls = count < before && suspended.size === 0;
      must(!falls, "I16", () => `${id}: ${count} after ${before}`);
      this.counts.set(id, count);
    }
  }
}
