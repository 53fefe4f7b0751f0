// SPDX-License-Identifier: Apache-2.0
/** I11, I12 and I18 on a DAG that is wider than a calm street's: transactions and votes in several orders. */

import { compareBytes } from "#core/codec/bytes";
import { openSigned, signRecord } from "#core/codec/record";
import { voteRecord } from "#core/records/vote";
import { randomStream } from "../worlds/random.ts";
import { hex, type SeenTx } from "./check-dag.ts";
import { type Item, OrderCheck } from "./check-order.ts";
import { LAB_NET, Lab } from "./lab.ts";

/** Throws a Violation (I18). `waits` false: what comes before its parents is dropped. */
export function orderArena({ seed, waits = true }: { seed: number; waits?: boolean }): void {
  const n = 4 + (seed % 4);
  const lab = new Lab(seed, n);
  const random = randomStream(seed, 51);
  const ids: Uint8Array[] = [lab.root];
  const txs = new Map<string, SeenTx>();
  const items: Item[] = [];
  for (let i = 0; i < 24; i++) {
    const author = lab.people[random.below(n)];
    const near = ids.slice(-5);
    const picked = [near[random.below(near.length)], near[random.below(near.length)]];
    const parents = picked
      .filter((id, at) => at === 0 || id !== picked[0])
      .sort((a, b) => compareBytes(a, b));
    // No rivals: with more than f double voters ACCEPTED stays with what came first, which is meant so.
    const seq = 1 + i;
    const tx = lab.tx(author, lab.body(author, { parents, seq, expiryMs: lab.nowMs + i }), []);
    ids.push(tx.txid);
    const id = hex(tx.txid);
    const seen = { id, tx, tMs: i, approved: false, weight: 1, parents: parents.map(hex) };
    txs.set(id, seen);
    items.push({ tx: seen });
    if (random.below(2) > 0) continue;
    const voter = lab.people[random.below(n)];
    const vote = { net: LAB_NET, voter: voter.id, epoch: 3, txids: [tx.txid], atMs: lab.nowMs };
    const { bytes } = signRecord(voteRecord, lab.crypto, voter.secretKey, vote);
    if (openSigned(voteRecord, lab.crypto, bytes).ok) items.push({ vote, bytes });
  }
  const check = new OrderCheck(lab.crypto);
  check.waits = waits;
  check.compare(items, [lab.epoch], [{ id: lab.root, tMs: 0 }], random, txs);
}
