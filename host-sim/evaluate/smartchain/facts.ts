// SPDX-License-Identifier: Apache-2.0
/**
 * What must come out on every machine (ledger 4.7): counts of operations, the length of walks, that
 * preparation does not grow with the DAG, and what chance allows. Times are not among it.
 */

import { WALK_STEPS_MAX } from "#core/dag/walk";
import type { PotParams } from "#core/pot/params";
import type { Fact } from "../report.ts";
import type { Operations } from "./costs.ts";
import type { LoadTables } from "./loads.ts";
import type { Measured } from "./measure.ts";
import { MEMBERS } from "./scenario.ts";
import { type HashCount, median, mostOf } from "./stats.ts";

const SLOPE_MAX = 1.5;
/** Beyond four standard deviations of a normal distribution, on one side. */
const CHANCE_MIN = 3.17e-5;
/** Ledger 4.3: α·λh up to here loses no more than this share; beyond the last, ten times as much and more. */
const RULE_MAX = 0.1;
const RULE_LOSS = 0.0003;
/** Lazy transactions that the age rule may let through: 3.9 % in ledger 4.3. */
const LAZY_MAX = 0.06;

function equal(what: string, measured: number, required: number): Fact {
  return {
    ...{ what, required: String(required), measured: String(measured) },
    pass: measured === required,
  };
}

function atMost(what: string, measured: number, most: number, digits = 2): Fact {
  const pass = measured <= most;
  return { what, required: `≤ ${trim(most, digits)}`, measured: trim(measured, digits), pass };
}

function trim(value: number, digits: number): string {
  return Number.isInteger(value) ? String(value) : value.toFixed(digits);
}

/** Counts over all repetitions with (k, m): what an author, its witness and a second node have to do. */
export function dagFacts({ k, m }: PotParams, each: number, runs: readonly Measured[]): Fact[] {
  const name = `SmartChain (${k}, ${m})`;
  const count = each * runs.length;
  const parents = runs.reduce((sum, run) => sum + run.parents, 0);
  const [prepared, validated, witnessed] = [
    operations(runs.map((run) => run.prepared)),
    operations(runs.map((run) => run.validated)),
    operations(runs.map((run) => run.witnessed)),
  ];
  // A committee is drawn from all members but the author; without witnesses there is none.
  const draw = k > 0 ? MEMBERS - 1 : 0;
  // Body, tokens and digest; one for each token; the committee.
  const check = 3 + m + draw;
  const own = 4 + (k > 0 ? 1 : 0) + m + draw;
  const witnesses = k > 0 ? count : 0;
  return [
    equal(`${name}: verifications by authors`, prepared.verifies, parents * (1 + m) + count * m),
    equal(`${name}: signatures by authors`, prepared.signs, count * (k > 0 ? 2 : 1)),
    equal(`${name}: hashes by authors`, prepared.hashes, count * own + parents * check),
    equal(`${name}: verifications by one witness`, witnessed.verifies, witnesses),
    equal(`${name}: verifications on replay`, validated.verifies, count * (1 + m)),
    equal(`${name}: hashes on replay`, validated.hashes, count * check),
    atMost(`${name}: steps of the longest walk`, longest(runs), WALK_STEPS_MAX),
    atMost(
      `${name}: preparation, last fifth of N to first`,
      median(runs.map((run) => run.slope)),
      SLOPE_MAX,
    ),
  ];
}

function operations(all: readonly Operations[]): Operations {
  const sum = (pick: (one: Operations) => number) => all.reduce((s, one) => s + pick(one), 0);
  const [hashes, signs] = [sum((one) => one.hashes), sum((one) => one.signs)];
  return { hashes, signs, verifies: sum((one) => one.verifies) };
}

function longest(runs: readonly Measured[]): number {
  return Math.max(...runs.map(({ steps }) => steps));
}

/** The same of the chain with 0 bits: its id is one hash, met at the first try. */
export function chainFacts(perBlock: number, count: number, run: Measured): Fact[] {
  const name = `chain, ${perBlock} a block`;
  const { prepared, validated } = run;
  // Author 3, miner 3; a tree of B leaves has 2 B − 1 hashes, and the header is one: 2 for each of B.
  return [
    equal(`${name}: verifications by the miner`, prepared.verifies, count),
    equal(`${name}: signatures by authors`, prepared.signs, count),
    equal(`${name}: hashes by authors and miner`, prepared.hashes, 8 * count),
    equal(`${name}: verifications on replay`, validated.verifies, count),
    equal(`${name}: hashes on replay`, validated.hashes, 5 * count),
  ];
}

/** Hashes within what four standard deviations are; exactly so for few blocks too. */
export function workFact({ bits, blocks, hashes, expected, sigmas, chance }: HashCount): Fact {
  return {
    what: `proof-of-work, ${bits} bits: hashes of ${blocks} blocks`,
    required: `${expected} ± 4 σ`,
    measured: `${hashes} (${sigmas >= 0 ? "+" : "−"}${Math.abs(sigmas).toFixed(1)} σ)`,
    pass: chance >= CHANCE_MIN,
  };
}

/** The rule α·λh ≤ 0.1, and what the choice of ledger 4.3 is for. */
export function loadFacts({ loads }: LoadTables): Fact[] {
  const facts: Fact[] = [];
  for (const { what, group, inFlight, alpha, never, trials, lazyApproved } of loads) {
    const name = `${what}, λh = ${inFlight}`;
    const ruled = group === "starvation" && alpha !== undefined && alpha * inFlight <= RULE_MAX;
    const promoted = group === "choice" && what.includes("promoted") && inFlight > 1;
    if (ruled || promoted) {
      // The share of so few is not exact: four standard deviations are allowed.
      const most = mostOf(trials, RULE_LOSS) / trials;
      facts.push(atMost(`${name}: never approved, %`, 100 * never, 100 * most));
    }
    if (group === "lazy" && what.includes("10 h"))
      facts.push(atMost(`${name}: lazy ones approved, %`, 100 * lazyApproved, 100 * LAZY_MAX));
  }
  return facts;
}
