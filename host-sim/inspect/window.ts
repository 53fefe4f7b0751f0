// SPDX-License-Identifier: Apache-2.0
/** The part of the DAG around one transaction: what was said for its slot and those beside it. */
import { toHex } from "#core/codec/bytes";
import type { Ledger, SeenBlock, SeenTx } from "./ledger.ts";

/** Transactions in one picture: more is a wall of lines. */
export const SHOWN_MAX = 400;

export interface DagWindow {
  centre: SeenTx;
  /** By effective time. */
  txs: SeenTx[];
  /** Those that hold one of them, or are a parent of one; by height. */
  blocks: SeenBlock[];
  /** Transactions that were left out, farthest from the centre. */
  left: number;
}

/** The only transaction whose id begins with `prefix`; the last one of the log without it. */
export function centreOf(ledger: Ledger, prefix: string | undefined): SeenTx | string {
  const all = [...ledger.txs.values()];
  if (prefix === undefined) return all.at(-1) ?? "no transaction in this log";
  const found = all.filter(({ id }) => id.startsWith(prefix.toLowerCase()));
  if (found.length === 1) return found[0];
  return found.length === 0
    ? `no transaction begins with ${prefix}`
    : `${found.length} transactions begin with ${prefix}. Give more digits`;
}

/** @param slots market slots on each side of the centre's */
export function windowOf(ledger: Ledger, centre: SeenTx, slots: number): DagWindow {
  const { slot } = centre.tx.body;
  const near = [...ledger.txs.values()].filter(({ tx }) => Math.abs(tx.body.slot - slot) <= slots);
  near.sort((a, b) => a.tMs - b.tMs || (a.id < b.id ? -1 : 1));
  const from = Math.max(0, near.indexOf(centre) - SHOWN_MAX / 2);
  const txs = near.slice(from, from + SHOWN_MAX);
  const held = new Set(txs.map(({ block }) => block));
  for (const { tx } of txs)
    for (const parent of tx.body.parents) held.add(ledger.blocks.get(toHex(parent)));
  const blocks = [...ledger.blocks.values()].filter((block) => held.has(block));
  return { centre, txs, blocks, left: near.length - txs.length };
}
