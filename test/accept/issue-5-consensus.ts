// SPDX-License-Identifier: Apache-2.0
/** The consensus alone: planted bugs that the arena has to find, many seeds, and the paper's own mode. */
import { runPlan } from "#host-sim/chaos/consensus/arena";
import { type Mutation, mutations, rowText, runMutations } from "#host-sim/chaos/mutations";
import { planOf } from "#host-sim/chaos/plan";
import { runSeeds } from "#host-sim/chaos/runs";
import { sodiumCrypto } from "#node/crypto/sodium";
import type { Find, Line } from "./harness.ts";

/** Seeds in which a planted bug has to show. */
const TRIES = 1500;
/**
 * Those that the arena does not find: what proposals teach covers for it in its runs. The test "others are shown the
 * quorum that binds a gateway" does, and the arena finds `quorum-not-learnt`, where both ways are closed.
 */
const COVERED = ["polka-not-shown"];
/** Those of CI: found within the first seeds, in code that has little to do with each other. */
const SHORT = ["precommit-without-polka", "send-before-durable", "certificate-repeats-voters"];

async function planted(
  chosen: readonly Mutation[],
  from: number,
  find: Find,
  say: (line: string) => void,
): Promise<void> {
  const { rows, unmutated } = await runMutations(chosen, from, TRIES, (row) => say(rowText(row)));
  for (const row of rows) {
    const { mutation, seed, checker, runs, cpuMs } = row;
    const measured = `${checker}, seed ${seed}, ${runs} runs, ${(cpuMs / 1000).toFixed(1)} s`;
    const caught = seed !== undefined;
    const covered = COVERED.includes(mutation.name);
    const required = covered ? "caught by its unit test" : "caught";
    const told = caught ? measured : `not caught in ${runs} runs`;
    find(`${mutation.name}: ${mutation.bug}`, required, told, caught || covered);
  }
  const what = `${unmutated.runs} seeds from ${from} without a planted bug`;
  find(what, "no violation", unmutated.detail ?? "no violation");
}

export const mutationsAll: Line = {
  name: "mutations",
  title: "every planted bug of host-sim/chaos/mutations is caught; the same seeds pass without",
  takes: "3 min",
  ci: false,
  run: (find, say, { seed }) => planted(mutations(), seed, find, say),
};

export const mutationsShort: Line = {
  name: "mutations-ci",
  title: "three of the planted bugs",
  takes: "10 s",
  ci: true,
  run: (find, say, { seed }) =>
    planted(
      mutations().filter(({ name }) => SHORT.includes(name)),
      seed,
      find,
      say,
    ),
};

function seeds(count: number, from: number, find: Find, say: (line: string) => void): void {
  for (const gateways of [4, 7]) {
    const sums = runSeeds({
      from,
      count,
      gateways,
      onRun: (seed, { failed }) => say(`m = ${gateways}, seed ${seed}, ${failed.length} failed`),
    });
    const { failed, heights, messages, crashes, proved, highestRound, boundPermille } = sums;
    const text = failed.map(({ seed, outcome }) => `seed ${seed}: ${outcome.violation?.message}`);
    find(
      `violations in ${count} seeds from ${from}, m = ${gateways}`,
      "none",
      text.join("; ") || "none",
    );
    const counted = { heights, messages, crashes, proved, highestRound };
    for (const [what, number] of Object.entries(counted)) find(what, "counted", number, true);
    find(
      "longest after healing, permille of its bound",
      "up to 1000",
      boundPermille,
      boundPermille <= 1000,
    );
  }
}

export const consensusSeeds: Line = {
  name: "consensus",
  title: "2000 seeds each of 4 and of 7 gateways, mixed faults; one run with Ed25519",
  takes: "8 min",
  ci: false,
  async run(find, say, { seed }) {
    seeds(2000, seed, find, say);
    const real = runPlan(planOf(seed, { gateways: 4 }), { crypto: sodiumCrypto() });
    find("a run with Ed25519", "no violation", real.violation?.message ?? "no violation");
  },
};
