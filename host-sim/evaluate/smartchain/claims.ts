// SPDX-License-Identifier: Apache-2.0
/** What paper 2 says in its evaluation, and what came out here, in words. */

import type { Claim } from "../report.ts";
import { digits } from "../table.ts";
import type { Evaluation, Line } from "./evaluate.ts";
import { breakEvenBits } from "./tables.ts";

function lineWith(lines: readonly Line[], wanted: Partial<Line>): Line | undefined {
  const fits = (line: Line) =>
    Object.entries(wanted).every(([key, value]) => line[key as keyof Line] === value);
  return lines.find(fits);
}

export function claimsOf(evaluation: Evaluation): Claim[] {
  return [labels(evaluation), ...costClaims(evaluation), ...selectionClaims(evaluation)];
}

function labels({ facts }: Evaluation): Claim {
  const passed = facts.filter(({ pass }) => pass).length;
  return {
    paper:
      "Fig. 7 and Fig. 8 in the text: block preparation and validation. Their captions are “Computation time” " +
      "and “Block preparation time”; neither has units, hardware, difficulty, members or a number of runs.",
    here:
      "The figures are mislabelled, so no value of theirs can be compared. Here both have axes, units and " +
      `spreads; of ${facts.length} facts that must hold on any machine ${passed} do.`,
  };
}

function costClaims({ lines, works }: Evaluation): Claim[] {
  const dag = lineWith(lines, { k: 7, m: 5 }) ?? lines[0];
  const bare = lineWith(lines, { k: 0, m: 0 }) ?? lines[0];
  const perBlock = Math.max(...lines.map((line) => line.perBlock ?? 0));
  const chain = lineWith(lines, { perBlock, bits: 0 }) ?? lines[lines.length - 1];
  const single = lineWith(lines, { perBlock: 1, bits: 0 }) ?? chain;
  const micros = works[works.length - 1]?.microsPerHash ?? Number.NaN;
  const bits = (other: Line) => breakEvenBits(dag, other, micros).toFixed(1);
  const ms = ({ prepareMs }: Line) => `${digits(prepareMs.median)} ms`;
  const us = ({ validateMs }: Line) => `${digits(1000 * validateMs.median)} µs`;
  const ratio = digits(dag.validateMs.median / chain.validateMs.median);
  const { parents: _, ...others } = dag.parts;
  const once = digits(Object.values(others).reduce((sum, part) => sum + part, 0));
  return [
    {
      paper: "SmartChain takes less time for block preparation than the conventional chain.",
      here:
        `Only against proof-of-work. A transaction takes ${ms(dag)} with tokens and ${ms(bare)} without, one of ` +
        `a chain without proof-of-work ${ms(single)} in a block of its own, ${ms(chain)} in one of ${perBlock}. ` +
        `The chain becomes dearer from ${bits(single)} bits on at one transaction a block, from ${bits(chain)} ` +
        `at ${perBlock}: it is the ` +
        "difficulty that is compared, and anybody may choose it. Of the time with tokens, verifying the two " +
        `parents is most; a node that verified them on arrival, as Wattle's do, takes ${once} ms. Add the network: ` +
        "a round trip to the witnesses, which the paper does not mention.",
    },
    {
      paper:
        "It increases gradually with the number of transactions, and almost meets the conventional chain.",
      here:
        `It does not grow: the last fifth of N takes ${dag.slope.toFixed(2)} times the first. The walk is bounded ` +
        "and weights are kept as they change. A walk from the first transaction, or weights computed anew, would " +
        "grow as the paper says.",
    },
    {
      paper: "Validation takes less time, due to the DAG.",
      here:
        `It takes ${ratio} times as long: ${us(dag)} against ${us(chain)}, as a transaction has ` +
        `${dag.perTx.replayVerifies} signatures in place of one, and its committee is drawn from all members. ` +
        `Without tokens it is ${us(bare)}, about the same: the DAG itself saves nothing on validation.`,
    },
  ];
}

function selectionClaims({ tables }: Evaluation): Claim[] {
  const whole = tables.conflicts.filter(
    ({ start, alpha }) => start === "fork" && alpha !== "chosen",
  );
  const walks = tables.loads.filter(({ group, alpha }) => group === "starvation" && alpha);
  const worst = (rows: typeof walks) =>
    `${(100 * Math.max(...rows.map(({ never }) => never))).toFixed(2)} %`;
  const ruled = walks.filter(({ alpha = 0, inFlight }) => alpha * inFlight <= 0.1);
  const chosen = (what: string) => tables.loads.filter((row) => row.what.endsWith(what));
  return [
    {
      paper: "No starvation, since each cap is chosen at random.",
      here:
        `Not for a biased walk: up to ${worst(walks)} of transactions were never approved at large α·λh, and ` +
        `${worst(ruled)} at most where α·λh ≤ 0.1. The selection in use (a biased cap, a uniform or oldest one) ` +
        `loses ${worst(chosen("no age rule"))}. With the age rule A_max = 10 h that keeps lazy ones out it is ` +
        `${worst(chosen("A_max = 10 h"))}, and ${worst(chosen("promoted"))} where authors promote: the next ` +
        "block takes in what is left.",
    },
    {
      paper: "A conflicting transaction soon dies out.",
      here:
        "Share of new transactions on the winning side after 100 latencies, by walks from before the fork: " +
        whole
          .map(({ alpha, shares, orphaned, runs }) => {
            const share = shares[shares.length - 1].toFixed(2);
            return `α = ${alpha}: ${share}, both sides lost in ${orphaned} of ${runs} runs`;
          })
          .join("; ") +
        ". Bounded walks hardly decide at all. No α is free of starvation and decides quickly: here votes and " +
        "blocks decide.",
    },
  ];
}
