// SPDX-License-Identifier: Apache-2.0
/** The table of attacks of ledger 4.4: each row by seed, against the code that defends it. */
import { WITNESS_CHECKS_PER_TICK } from "#core/limits";
import { medianMs } from "#core/pot/token";
import type { PotToken } from "#core/records/tx";
import { electorateOf, toleratedOf } from "#core/votes/electorate";
import { fullBallot } from "#core/votes/full-ballot";
import { AGE_MAX_MS, EPSILON_MS, Lab, type Person, TAU_MS, TICK_MS } from "./lab.ts";
import { equivocated } from "./vote-arena.ts";

export interface Attack {
  name: string;
  /** Who attacks, at the fraction up to which the defence has to hold. */
  stated: string;
  defence: string;
  /** True where it succeeds. */
  run(seed: number): boolean;
}

/** An area in which all others witness: n = 12, k = 11, m = 7, f = 3. */
const N = 12;

function start(seed: number): { lab: Lab; author: Person; at: number } {
  const lab = new Lab(seed, N);
  const at = lab.random.below(N);
  return { lab, author: lab.people[at], at };
}

const others = (at: number): number[] => [...Array(N).keys()].filter((one) => one !== at);

function sybil(seed: number): boolean {
  const { lab, author, at } = start(seed);
  const body = lab.body(author);
  const crowd = [...Array(20).keys()].map((i) => lab.person(`sybil ${i}`));
  const pot = crowd.map((person) => lab.tokenOf(person, body, body.tsMs));
  const honest = lab.signs(others(at)[0], crowd[0], lab.body(crowd[0]));
  const ballot = fullBallot({ capacity: 64, membersMax: 32, earlyPerVoter: 8, votesKept: 8 });
  ballot.open(electorateOf(lab.epoch));
  const txid = lab.txid(body);
  ballot.add({ txid, from: author.id, seq: 1, epoch: 3, tMs: body.tsMs, parents: body.parents });
  for (const { id } of crowd) ballot.vote({ voter: id, txids: [txid] }, new Uint8Array(1));
  return lab.valid(lab.tx(author, body, pot)) || honest || ballot.count(txid) > 1;
}

function spam(seed: number): boolean {
  const { lab, author, at } = start(seed);
  const witness = others(at)[lab.random.below(N - 1)];
  let checked = 0;
  const { verify } = lab.crypto;
  lab.crypto.verify = (...args) => {
    checked++;
    return verify(...args);
  };
  let signed = 0;
  for (let i = 0; i < 60; i++) {
    const body = lab.body(author, { seq: 1 + lab.random.below(40), expiryMs: lab.nowMs + i });
    if (lab.signs(witness, author, body)) signed++;
  }
  return signed > 1 || checked > WITNESS_CHECKS_PER_TICK;
}

function hoarding(seed: number): boolean {
  const { lab, author, at } = start(seed);
  const witness = others(at)[lab.random.below(N - 1)];
  const ahead = 2 + lab.random.below(200);
  const later = { tick: lab.tick + ahead, tsMs: lab.nowMs + ahead * TICK_MS };
  // Ahead of its time; with a tick that is not its stamp's; in an epoch that has no beacon yet.
  if (lab.signs(witness, author, lab.body(author, later))) return true;
  if (lab.signs(witness, author, lab.body(author, { tick: later.tick }))) return true;
  if (lab.signs(witness, author, lab.body(author, { epoch: 4 }))) return true;
  // Collected now, and used for other parents.
  const body = lab.body(author);
  const pot = tokensOf(lab, author, others(at), body);
  const fresh = { ...body, parents: [new Uint8Array(32).fill(9)] };
  return lab.valid(lab.tx(author, fresh, pot));
}

function replay(seed: number): boolean {
  const { lab, author, at } = start(seed);
  const body = lab.body(author);
  const pot = tokensOf(lab, author, others(at), body);
  if (!lab.valid(lab.tx(author, body, pot))) throw new Error("the attack needs a valid one");
  const other = lab.people[others(at)[0]];
  const elsewhere = new Lab(seed + 1_000_000, N);
  return [
    { ...body, seq: 2 },
    { ...body, expiryMs: body.expiryMs + 1 },
    { ...body, tick: body.tick + 1 },
    { ...body, net: "other" },
    { ...body, from: other.id },
  ].some(
    (changed) =>
      lab.valid(lab.tx(author, changed, pot)) || elsewhere.valid(lab.tx(author, changed, pot)),
  );
}

function grinding(seed: number): boolean {
  const { lab, author } = start(seed);
  const before = String(lab.committee(lab.body(author)));
  for (let i = 0; i < 30; i++) {
    const expiryMs = lab.nowMs + lab.random.below(100_000);
    const seq = 1 + lab.random.below(1000);
    if (String(lab.committee(lab.body(author, { expiryMs, seq }))) !== before) return true;
  }
  return false;
}

/** The author and f − 1 witnesses collude for two sets of tokens for one number. */
function colluding(seed: number, colluders = toleratedOf(N) - 1): boolean {
  const { lab, author, at } = start(seed);
  const bad = lab.colluders(colluders, at);
  const bodies = [lab.body(author), lab.body(author, { expiryMs: lab.nowMs + 7 })];
  const pots: PotToken[][] = [[], []];
  for (const index of lab.committee(bodies[0])) {
    if (bad.has(index)) {
      bodies.forEach((body, i) => void pots[i].push(lab.token(index, body)));
      continue;
    }
    // Those that keep the rule are asked for the one that lacks more, and then for the other.
    const first = pots[0].length <= pots[1].length ? 0 : 1;
    for (const i of [first, 1 - first]) {
      const answer = lab.ask(index, author, bodies[i]);
      if ("token" in answer) pots[i].push(answer.token);
    }
  }
  return bodies.every((body, i) => lab.valid(lab.tx(author, body, pots[i])));
}

/** f colluders never answer, the others do 95 times in a hundred: is a body without quorum for long? */
function griefing(seed: number): boolean {
  const { lab, author, at } = start(seed);
  const bad = lab.colluders(toleratedOf(N), at);
  for (let tries = 0; tries < 20; tries++) {
    const body = lab.body(author, { seq: 1 + tries });
    const pot: PotToken[] = [];
    for (const index of lab.committee(body)) {
      if (bad.has(index) || lab.random.below(100) >= 95) continue;
      const answer = lab.ask(index, author, body);
      if ("token" in answer) pot.push(answer.token);
    }
    if (lab.valid(lab.tx(author, body, pot))) return false;
    lab.nowMs += TICK_MS;
  }
  return true;
}

function eclipse(seed: number): boolean {
  const { lab, author, at } = start(seed);
  const other = new Lab(seed + 2_000_000, N);
  const body = lab.body(author);
  const pot = others(at).map((index) => ({
    ...other.token(index, body),
    witness: lab.people[index].id,
  }));
  return lab.valid(lab.tx(author, body, pot));
}

/** Fewer than half of the tokens are of colluders, who say what moves the median most. */
function clock(seed: number): boolean {
  const { lab, author, at } = start(seed);
  const { m } = lab.epoch;
  const body = lab.body(author);
  const bad = Math.ceil(m / 2) - 1;
  const shift = lab.random.below(2) === 0 ? TAU_MS : -TAU_MS;
  const times: number[] = [];
  const honest: number[] = [];
  others(at)
    .slice(0, m)
    .forEach((_, i) => {
      const drift = lab.random.below(2 * EPSILON_MS + 1) - EPSILON_MS;
      times.push(body.tsMs + (i < bad ? shift : drift));
      if (i >= bad) honest.push(body.tsMs + drift);
    });
  const beyond = lab.tx(
    author,
    body,
    others(at)
      .slice(0, m)
      .map((index) => lab.token(index, body, body.tsMs + TAU_MS + 1)),
  );
  const median = medianMs(times);
  return median < Math.min(...honest) || median > Math.max(...honest) || lab.valid(beyond);
}

function amnesia(seed: number): boolean {
  const { lab, author, at } = start(seed);
  const witness = others(at)[lab.random.below(N - 1)];
  if (!lab.signs(witness, author, lab.body(author))) throw new Error("the attack needs a token");
  lab.restart(witness, lab.random.below(2) === 0);
  const rivals = [
    lab.body(author, { expiryMs: lab.nowMs + 7 }),
    lab.body(author, { seq: 2, prev: new Uint8Array(32).fill(3) }),
  ];
  return rivals.some((body) => lab.signs(witness, author, body));
}

function parasite(seed: number): boolean {
  const { lab, author, at } = start(seed);
  const old = new Uint8Array(32).fill(5);
  const ageMs = AGE_MAX_MS + 1 + lab.random.below(1_000_000);
  lab.parents.set(String(old), { tMs: lab.nowMs - ageMs, block: false });
  const witness = others(at)[lab.random.below(N - 1)];
  const both = lab.body(author, { parents: [lab.root, old] });
  return (
    lab.signs(witness, author, both) ||
    lab.signs(witness, author, lab.body(author, { parents: [old] }))
  );
}

/** Collected, kept back, and shown when it may not be a parent any more. */
function withholding(seed: number): boolean {
  const { lab, author, at } = start(seed);
  const body = lab.body(author);
  const tx = lab.tx(author, body, tokensOf(lab, author, others(at), body));
  if (!lab.valid(tx)) throw new Error("the attack needs a valid one");
  lab.parents.set(String(tx.txid), { tMs: lab.nowMs, block: false });
  lab.nowMs += AGE_MAX_MS + 1 + lab.random.below(1_000_000);
  const next = lab.people[others(at)[0]];
  return lab.signs(others(at)[1], next, lab.body(next, { parents: [tx.txid] }));
}

function tokensOf(lab: Lab, author: Person, from: readonly number[], body = lab.body(author)) {
  return from.flatMap((index) => {
    const answer = lab.ask(index, author, body);
    return "token" in answer ? [answer.token] : [];
  });
}

export const ATTACKS: readonly Attack[] = Object.freeze([
  { name: "Sybil", stated: "any number of keys", defence: "members by certificate", run: sybil },
  { name: "spam", stated: "one member", defence: "one body a tick, bounded checks", run: spam },
  { name: "hoarding", stated: "one member", defence: "the tick is the present one", run: hoarding },
  { name: "replay", stated: "anybody", defence: "a token binds all of a body", run: replay },
  {
    name: "grinding content",
    stated: "one member",
    defence: "author and tick draw",
    run: grinding,
  },
  { name: "colluding", stated: "f = 3 of 12", defence: "m of k", run: (seed) => colluding(seed) },
  { name: "griefing", stated: "f = 3 of 12", defence: "m < k, the next tick", run: griefing },
  { name: "eclipse", stated: "another beacon", defence: "tokens of this beacon", run: eclipse },
  { name: "clock", stated: "under m/2 tokens", defence: "median, τ", run: clock },
  { name: "crash-amnesia", stated: "one witness", defence: "durable log, abstains", run: amnesia },
  {
    name: "equivocation",
    stated: "f = 2 of 7 vote twice",
    defence: "vote once, ⌊(n+f)/2⌋+1",
    run: (seed) => equivocated({ seed, n: 7, doubles: 2 }),
  },
  { name: "parasite chain", stated: "one member", defence: "V5", run: parasite },
  { name: "withholding", stated: "one member", defence: "V5", run: withholding },
]);

/** Beyond what is stated the defence gives way: these have to succeed, or the scenario attacks nothing. */
export const BEYOND: readonly Attack[] = Object.freeze([
  {
    name: "colluding",
    stated: "2m − k = 3 witnesses beside the author",
    defence: "m of k",
    run: (seed: number) => colluding(seed, 3),
  },
  {
    name: "equivocation",
    stated: "f + 1 = 3 of 7 vote twice, in some orders",
    defence: "vote once",
    run: (seed: number) => equivocated({ seed, n: 7, doubles: 3 }),
  },
]);
