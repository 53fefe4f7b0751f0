// SPDX-License-Identifier: Apache-2.0
/** Attacks of ledger 4.4 by several: on who witnesses, on the time, and on what is accepted. */
import { domainHash } from "#core/crypto/domain";
import { medianMs } from "#core/pot/token";
import type { Body, PotToken } from "#core/records/tx";
import { toleratedOf } from "#core/votes/electorate";
import { type Attack, N, others, start } from "./attack.ts";
import { EPSILON_MS, Lab, type Person, TAU_MS, TICK_MS } from "./lab.ts";
import { atLeast } from "./odds.ts";
import { equivocated } from "./vote-arena.ts";

/** The larger area: 20 of 100 collude, 5 of 7 witness. */
export const LARGE = { n: 100, colluders: 20, k: 7, m: 5 };
/** How often they have a whole set of tokens in one tick: the table's 3.4e-3. */
export const FORGE = atLeast(LARGE.n - 1, LARGE.colluders, LARGE.k, LARGE.m);
/** What somebody may try before the tick is over, and how often one of them succeeds. */
export const TRIES = 40;
export const FORGE_OF_TRIES = 1 - (1 - FORGE) ** TRIES;

export function large(seed: number): { lab: Lab; author: Person; bad: Set<number> } {
  const { n, colluders, k, m } = LARGE;
  const lab = new Lab(seed, n, { k, m });
  const at = lab.random.below(n);
  return { lab, author: lab.people[at], bad: lab.colluders(colluders, at) };
}

/** Whether colluders alone make `body` a transaction. */
export function forged(lab: Lab, author: Person, bad: ReadonlySet<number>, body: Body): boolean {
  const hits = lab.committee(body).filter((index) => bad.has(index));
  if (hits.length < lab.epoch.m) return false;
  const pot = hits.map((index) => lab.token(index, body));
  return lab.valid(lab.tx(author, body, pot));
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

/** Other contents in one tick; `drawn`: the content draws the committee, and not the tick. */
function contents(seed: number, drawn: boolean): boolean {
  const { lab, author, bad } = large(seed);
  for (let i = 0; i < TRIES; i++) {
    const body = lab.body(author, { expiryMs: lab.nowMs + i });
    const lot = domainHash(lab.crypto, "content", lab.txid(body));
    const tick = drawn ? lot[0] * 65_536 + lot[1] * 256 + lot[2] : body.tick;
    if (forged(lab, author, bad, { ...body, tick })) return true;
  }
  return false;
}

function waiting(seed: number): boolean {
  const { lab, author, bad } = large(seed);
  for (let i = 0; i < TRIES; i++) {
    if (forged(lab, author, bad, lab.body(author))) return true;
    lab.nowMs += TICK_MS;
  }
  return false;
}

/** The author and f − 1 witnesses collude for two sets of tokens for one number. */
function colluding(seed: number, colluders = toleratedOf(N) - 1): boolean {
  const { lab, author, at } = start(seed);
  return twoSets(lab, author, lab.colluders(colluders, at));
}

/** Whether colluders who sign twice, and others who sign once, make two sets of tokens. */
export function twoSets(lab: Lab, author: Person, bad: ReadonlySet<number>, seq = 1): boolean {
  const bodies = [lab.body(author, { seq }), lab.body(author, { seq, expiryMs: lab.nowMs + 7 })];
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
function griefing(seed: number, refusing = toleratedOf(N), all = false): boolean {
  const { k } = start(seed).lab.epoch;
  const lab = all ? new Lab(seed, N, { k, m: k }) : new Lab(seed, N);
  const at = lab.random.below(N);
  const author = lab.people[at];
  const bad = lab.colluders(refusing, at);
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

/** Some of the tokens are of colluders, who say what moves the median most. */
function clock(seed: number, bad?: number): boolean {
  const { lab, author, at } = start(seed);
  const { m } = lab.epoch;
  const liars = bad ?? Math.ceil(m / 2) - 1;
  const body = lab.body(author);
  const shift = lab.random.below(2) === 0 ? TAU_MS : -TAU_MS;
  const times: number[] = [];
  const honest: number[] = [];
  const witnesses = others(at).slice(0, m);
  witnesses.forEach((_, i) => {
    const drift = lab.random.below(2 * EPSILON_MS + 1) - EPSILON_MS;
    times.push(body.tsMs + (i < liars ? shift : drift));
    if (i >= liars) honest.push(body.tsMs + drift);
  });
  const far = witnesses.map((index) => lab.token(index, body, body.tsMs + TAU_MS + 1));
  const median = medianMs(times);
  const moved = median < Math.min(...honest) || median > Math.max(...honest);
  return moved || lab.valid(lab.tx(author, body, far));
}

export const COMMITTEE_ATTACKS: readonly Attack[] = Object.freeze([
  {
    name: "grinding content",
    stated: "one member",
    defence: "author and tick draw",
    run: grinding,
    without: [
      {
        what: "20 of 100 collude, and one tick",
        run: (seed) => contents(seed, false),
        rate: FORGE,
      },
      {
        what: `20 of 100 collude, and the content draws: ${TRIES} contents`,
        run: (seed) => contents(seed, true),
        rate: FORGE_OF_TRIES,
      },
      {
        what: `20 of 100 collude, and wait for friendly witnesses: ${TRIES} ticks`,
        run: waiting,
        rate: FORGE_OF_TRIES,
      },
    ],
  },
  {
    name: "colluding",
    stated: "the author and f − 1 = 2 of 12",
    defence: "m of k",
    run: (seed) => colluding(seed),
    without: [
      {
        what: "2m − k = 3 witnesses beside the author",
        run: (seed) => colluding(seed, 3),
        rate: 1,
      },
    ],
  },
  {
    name: "griefing",
    stated: "f = 3 of 12",
    defence: "m < k, the next tick",
    run: (seed) => griefing(seed),
    without: [
      { what: "m = k", run: (seed) => griefing(seed, toleratedOf(N), true), rate: 1 },
      { what: "k − m + 1 = 5 of 12 refuse", run: (seed) => griefing(seed, 5), rate: 1 },
    ],
  },
  {
    name: "clock",
    stated: "under m/2 tokens",
    defence: "median, τ",
    run: (seed) => clock(seed),
    without: [{ what: "m/2 = 4 of 7 tokens", run: (seed) => clock(seed, 4), rate: 1 }],
  },
  {
    name: "equivocation",
    stated: "f = 2 of 7 vote twice",
    defence: "vote once, ⌊(n+f)/2⌋+1",
    run: (seed) => equivocated({ seed, n: 7, doubles: 2 }),
    without: [
      {
        what: "f + 1 = 3 of 7, in some orders",
        run: (seed) => equivocated({ seed, n: 7, doubles: 3 }),
      },
    ],
  },
]);
