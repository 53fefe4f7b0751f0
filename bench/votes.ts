// SPDX-License-Identifier: Apache-2.0
/**
 * Votes: what a gateway pays for each pair of a transaction and a member that counts for it, with 10 000 open
 * transactions. The baseline keeps a set of voters for each transaction and walks the whole past anew for
 * each transaction that comes.
 */
import type { Bench } from "tinybench";
import { toHex } from "#core/codec/bytes";
import { VOTE_TXIDS_MAX } from "#core/limits";
import type { Ballot, VotedTx } from "#core/votes/ballot";
import { electorateOf } from "#core/votes/electorate";
import { fullBallot, GATEWAY_BALLOT } from "#core/votes/full-ballot";
import type { Finding } from "./identity.ts";

const MEMBERS = 100;
const OPEN = 10_000;
/** Transactions and votes that one call adds. */
const ROUND = 500;
const BASELINE = "one walk each";
const APPROVALS = `batches of ${ROUND}`;
const BOTH = `${APPROVALS}, votes`;
const PAIR_MICROS_MAX = 5;
/** How many times cheaper than the baseline a transaction's approvals have to be. */
const RATIO_MIN = 20;

const members = Array.from({ length: MEMBERS }, (_, i) => {
  const node = new Uint8Array(16);
  new DataView(node.buffer).setUint32(0, i);
  return { node, publicKey: new Uint8Array(32) };
});

/** Transactions without end: each approves two of the latest twenty. */
class Area {
  private readonly caps: Uint8Array[] = [];
  private made = 0;
  private seed = 1;

  next(): VotedTx {
    const i = this.made++;
    const txid = new Uint8Array(32);
    const view = new DataView(txid.buffer);
    for (let word = 0; word < 8; word++)
      view.setUint32(4 * word, Math.imul(i * 8 + word, 0x9e3779b1));
    const { length } = this.caps;
    const picks = length === 0 ? [] : [this.draw(length), this.draw(length)];
    const parents = [...new Set(picks)].map((at) => this.caps[at]);
    this.caps.push(txid);
    if (this.caps.length > 20) this.caps.shift();
    return { txid, from: members[this.draw(MEMBERS)].node, seq: i, epoch: 1, tMs: i, parents };
  }

  private draw(below: number): number {
    this.seed = (Math.imul(this.seed, 1_103_515_245) + 12_345) >>> 0;
    return (this.seed >>> 8) % below;
  }
}

/** Adds the cases; what it returns judges the rates, of transactions a second. */
export function votes(bench: Bench): (rates: ReadonlyMap<string, number>) => Finding[] {
  addBaseline(bench);
  const approvals = addBallot(bench, APPROVALS, false);
  const both = addBallot(bench, BOTH, true);
  return (rates) => {
    const ratio = (rates.get(APPROVALS) ?? 0) / (rates.get(BASELINE) ?? Number.NaN);
    return [
      perPair("approvals", rates.get(APPROVALS) ?? 0, approvals()),
      perPair("approvals and votes", rates.get(BOTH) ?? 0, both()),
      {
        what: "approvals, to the baseline",
        required: `≥ ${RATIO_MIN}`,
        measured: ratio.toFixed(0),
        pass: ratio >= RATIO_MIN,
      },
    ];
  };
}

/** `rate`: transactions a second; `pairs`: of a transaction and a member, for each transaction that came. */
function perPair(what: string, rate: number, pairs: number): Finding {
  const micros = 1e6 / rate / pairs;
  return {
    what: `${what}, µs for each of ${pairs.toFixed(0)} pairs a transaction`,
    required: `≤ ${PAIR_MICROS_MAX}`,
    measured: micros.toFixed(2),
    pass: micros <= PAIR_MICROS_MAX,
  };
}

function addBaseline(bench: Bench): void {
  const area = new Area();
  const voters = new Map<string, Set<string>>();
  const parents = new Map<string, readonly string[]>();
  const queue: string[] = [];
  const come = (walk: boolean): void => {
    const tx = area.next();
    const id = toHex(tx.txid);
    voters.set(id, new Set());
    parents.set(id, tx.parents.map(toHex));
    queue.push(id);
    if (walk) {
      const who = toHex(tx.from);
      const open = [id];
      const seen = new Set<string>();
      for (let one = open.pop(); one !== undefined; one = open.pop()) {
        if (seen.has(one) || !voters.has(one)) continue;
        seen.add(one);
        voters.get(one)!.add(who);
        open.push(...parents.get(one)!);
      }
    }
    if (queue.length <= OPEN) return;
    const oldest = queue.shift()!;
    voters.delete(oldest);
    parents.delete(oldest);
  };
  for (let i = 0; i < OPEN; i++) come(false);
  bench.add(BASELINE, () => come(true));
}

/** Keeps 10 000 open: with each round as many become final. What it returns is the pairs a transaction. */
function addBallot(bench: Bench, name: string, voting: boolean): () => number {
  const area = new Area();
  const ballot = fullBallot({ ...GATEWAY_BALLOT, membersMax: MEMBERS });
  ballot.open(electorateOf({ epoch: 1, members }));
  const open: VotedTx[] = [];
  let pairs = 0;
  let came = 0;
  const round = (): void => {
    const fresh = Array.from({ length: ROUND }, () => area.next());
    for (const tx of fresh) ballot.add(tx);
    if (voting) voteFor(ballot, fresh);
    open.push(...fresh);
    const done = open.splice(0, Math.max(0, open.length - OPEN));
    for (const { txid } of done) pairs += ballot.count(txid);
    came += done.length;
    ballot.finalize(done.map(({ txid }) => txid));
    if (done.length > 0) ballot.forget(done[done.length - 1].tMs + 1);
  };
  while (open.length < OPEN) round();
  bench.add(name, round);
  return () => pairs / came;
}

/** Two thirds of the members vote for all of `txs`. */
function voteFor(ballot: Ballot, txs: readonly VotedTx[]): void {
  for (let i = 0; i < txs.length; i += VOTE_TXIDS_MAX) {
    const txids = txs.slice(i, i + VOTE_TXIDS_MAX).map(({ txid }) => txid);
    for (let voter = 0; voter < MEMBERS; voter += 3)
      for (const { node } of members.slice(voter, voter + 2))
        ballot.vote({ voter: node, txids }, new Uint8Array(2200));
  }
}
