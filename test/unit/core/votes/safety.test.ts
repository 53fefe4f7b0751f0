// SPDX-License-Identifier: Apache-2.0
/**
 * I15: with at most f members that break the rules no two rivals are accepted, whoever hears what, in whatever
 * order; with more of them, or without the rules for the others, the same runs find two.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { toHex } from "#core/codec/bytes";
import type { Ballot, VotedTx } from "#core/votes/ballot";
import { toleratedOf } from "#core/votes/electorate";
import { fullBallot } from "#core/votes/full-ballot";
import { Rng } from "#test/property/rng";
import { areRivals, deliver, epochOf, named, nodeOf, range, type Said } from "./model.ts";

interface Rules {
  n: number;
  liars: number;
  /** The honest attach to whatever they see. */
  careless?: boolean;
  /** The honest forget now and then what they voted for. */
  forgetful?: boolean;
}

/** Something said; of a transaction its id and its parents' too. */
interface Item {
  said: Said;
  id: string;
  parents: string[];
}

/** One area whose members hear of each other in any order, or never. */
class Area {
  readonly accepted = new Map<string, VotedTx>();
  private readonly rules: Rules;
  private readonly rng: Rng;
  private readonly ballots: Ballot[];
  private readonly heard: Map<Item, string>[];
  private readonly said: Item[] = [];
  private readonly txs = new Map<string, VotedTx>();
  private readonly numbers: number[];
  private nowMs = 0;

  constructor(rules: Rules, seed: number) {
    this.rules = rules;
    this.rng = new Rng(seed);
    this.ballots = range(rules.n).map((node) => this.fresh(node));
    this.heard = range(rules.n).map(() => new Map());
    this.numbers = range(rules.n).map(() => 0);
  }

  private fresh(node: number): Ballot {
    const ballot = fullBallot({
      capacity: 64,
      membersMax: 40,
      own: nodeOf(node),
      earlyPerVoter: 64,
    });
    ballot.open(epochOf(1, range(this.rules.n)));
    return ballot;
  }

  /** Whether two rivals were accepted by then. */
  run(steps: number): boolean {
    for (let i = 0; i < steps; i++) {
      this.nowMs += 1000;
      const node = this.rng.below(this.rules.n);
      const what = this.rng.below(10);
      if (what < 2 && this.txs.size < 24) this.issue(node);
      else if (what < 4) this.vote(node);
      else this.hear(node);
    }
    const all = [...this.accepted.values()];
    return all.some((one) => all.some((other) => areRivals(one, other)));
  }

  private isLiar(node: number): boolean {
    return node < this.rules.liars;
  }

  private known(node: number): VotedTx[] {
    return [...this.heard[node].keys()].flatMap(({ said: { tx } }) => (tx ? [tx] : []));
  }

  /** Liars use each number several times; the honest meet others in a race, now and then. */
  private issue(node: number): void {
    const known = this.known(node);
    const picks = known.length === 0 ? [] : [this.rng.pick(known), this.rng.pick(known)];
    const parents = [...new Set(picks)].map(({ txid }) => txid);
    const honest = !this.isLiar(node) && !this.rules.careless;
    if (honest && !this.ballots[node].mayApprove(parents)) return;
    const tx: VotedTx = {
      txid: named(`${node} ${this.txs.size}`),
      from: nodeOf(node),
      seq: this.isLiar(node) ? this.rng.below(2) : ++this.numbers[node],
      ...{ epoch: 1, tMs: this.txs.size, parents },
      keys: this.rng.below(4) === 0 ? [`race ${this.rng.below(2)}`] : [],
    };
    // Whoever speaks for its own transaction must not have spoken for a rival of it.
    const race = known.some((other) => areRivals(tx, other));
    this.say(node, { tx: honest && race ? { ...tx, keys: [] } : tx });
  }

  private vote(node: number): void {
    if (this.isLiar(node)) {
      const known = this.known(node);
      if (known.length === 0) return;
      this.say(node, { vote: { voter: nodeOf(node), txids: [this.rng.pick(known).txid] } });
      return;
    }
    const plan = this.ballots[node].whatToVote(this.nowMs);
    this.accept(plan?.accepted ?? []);
    if (plan) this.say(node, { vote: { voter: nodeOf(node), txids: [...plan.txids] } });
    if (!this.rules.forgetful || this.rng.below(4) > 0) return;
    this.ballots[node] = this.fresh(node);
    this.heard[node].clear();
  }

  private say(node: number, said: Said): void {
    const id = said.tx ? toHex(said.tx.txid) : "";
    if (said.tx) this.txs.set(id, said.tx);
    const item = { said, id, parents: said.tx?.parents.map(toHex) ?? [] };
    this.said.push(item);
    this.take(node, item);
  }

  /** Something that another said and whose parents are here. */
  private hear(node: number): void {
    const heard = this.heard[node];
    const here = new Set(heard.values());
    const ready = this.said.filter(
      (one) => !heard.has(one) && one.parents.every((id) => here.has(id)),
    );
    if (ready.length > 0) this.take(node, this.rng.pick(ready));
  }

  private take(node: number, item: Item): void {
    this.heard[node].set(item, item.id);
    this.accept(deliver(this.ballots[node], item.said).accepted);
  }

  private accept(txids: readonly Uint8Array[]): void {
    for (const txid of txids) this.accepted.set(toHex(txid), this.txs.get(toHex(txid))!);
  }
}

/** In how many of `seeds` runs two rivals were accepted, and how many transactions were accepted in all. */
function violations(rules: Rules, seeds: number): { found: number; accepted: number } {
  let found = 0;
  let accepted = 0;
  for (let seed = 1; seed <= seeds; seed++) {
    const area = new Area(rules, seed);
    if (area.run(300)) found++;
    accepted += area.accepted.size;
  }
  return { found, accepted };
}

for (const n of [4, 7])
  test(`no two rivals are accepted with f of ${n} liars`, (t) => {
    const { found, accepted } = violations({ n, liars: toleratedOf(n) }, 300);
    t.diagnostic(`${accepted} accepted`);
    assert.equal(found, 0);
    assert.ok(accepted > 300, `${accepted} accepted: something was decided`);
  });

test("nor without liars, where races meet", () => {
  assert.equal(violations({ n: 5, liars: 0 }, 200).found, 0);
});

test("the check sees two with more than f liars", (t) => {
  const { found } = violations({ n: 4, liars: 2 }, 300);
  t.diagnostic(`${found} runs of 300`);
  assert.ok(found > 0);
});

test("the check sees two where the honest attach without care", (t) => {
  const { found } = violations({ n: 4, liars: 1, careless: true }, 300);
  t.diagnostic(`${found} runs of 300`);
  assert.ok(found > 0);
});

test("the check sees two where the honest forget their votes", (t) => {
  const { found } = violations({ n: 4, liars: 1, forgetful: true }, 300);
  t.diagnostic(`${found} runs of 300`);
  assert.ok(found > 0);
});
