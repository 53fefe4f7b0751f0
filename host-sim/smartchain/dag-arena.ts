// SPDX-License-Identifier: Apache-2.0
/** I11 to I14 on the gateway's DAG alone, wider than a street's, as transactions come in and blocks hold them. */
import { compareBytes } from "#core/codec/bytes";
import { Dag } from "#core/dag/dag";
import { type Random, randomStream } from "../worlds/random.ts";
import { DagCheck } from "./check-dag.ts";
import { AGE_MAX_MS, Lab, TICK_MS } from "./lab.ts";

/** `caps`: what is approved is no cap any more; `weights`: all that is approved gains; `later`: T grows. */
export type DagDefence = "caps" | "weights" | "later";

const MEMBERS = 7;
const TRANSACTIONS = 24;
const NEAR = 5;

/** Throws a Violation (I11 to I14, V5). */
export function dagArena({ seed, off }: { seed: number; off?: DagDefence }): void {
  const lab = new Lab(seed, MEMBERS);
  const random = randomStream(seed, 71);
  const dag = new Dag();
  const check = new DagCheck(lab.crypto);
  dag.graph.blocks.add(lab.root, lab.nowMs - TICK_MS);
  weaken(dag, off);
  const none = { node: new Uint8Array(16), publicKey: new Uint8Array(32) };
  const facts = {
    epochOf: () => lab.epoch,
    gateways: [[none]],
    tickMs: TICK_MS,
    ageMaxMs: AGE_MAX_MS,
  };
  const heads = new Map<number, { seq: number; txid: Uint8Array }>();
  const ids: Uint8Array[] = [lab.root];
  for (let i = 0; i < TRANSACTIONS; i++) {
    const author = i % MEMBERS;
    // Each has its turn once in a tick, and a little more than Δ apart: T may be later than the stamp.
    if (author === 0) lab.nowMs += TICK_MS + 100;
    const head = heads.get(author);
    const parents = parentsOf(ids, random);
    const chain = { seq: (head?.seq ?? 0) + 1, prev: head?.txid };
    const body = lab.body(lab.people[author], { ...chain, parents, tsMs: lab.nowMs - author });
    const pot = lab.committee(body).slice(0, lab.epoch.m);
    const tx = lab.tx(
      lab.people[author],
      body,
      pot.map((index) => lab.token(index, body)),
    );
    check.said(tx);
    dag.add(tx);
    check.look(dag, facts);
    heads.set(author, { seq: body.seq, txid: tx.txid });
    ids.push(tx.txid);
    if (random.below(8) > 0) continue;
    dag.seal(lab.txid(body), lab.nowMs, dag.unsealed(), 0);
    check.look(dag, facts);
  }
}

function parentsOf(ids: readonly Uint8Array[], random: Random): Uint8Array[] {
  const near = ids.slice(-NEAR);
  return [near[random.below(near.length)], near[random.below(near.length)]]
    .filter((id, at, all) => at === 0 || id !== all[0])
    .sort((a, b) => compareBytes(a, b));
}

function weaken({ graph }: Dag, off: DagDefence | undefined): void {
  if (off === "caps") Object.assign(graph.caps, { remove: () => {} });
  if (off === "weights") {
    const push = graph.weights.push.bind(graph.weights);
    Object.assign(graph.weights, {
      push: (handle: number, first: number) => push(handle, first, -1),
    });
  }
  if (off === "later") {
    const add = graph.add.bind(graph);
    const { columns } = graph as unknown as { columns: { timesMs: Float64Array } };
    Object.assign(graph, {
      add: (arrival: Parameters<typeof add>[0]) => {
        const handle = add(arrival);
        columns.timesMs[handle] = arrival.stampMs;
        return handle;
      },
    });
  }
}
