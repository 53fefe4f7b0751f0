// SPDX-License-Identifier: Apache-2.0
/** Whole towns under faults: many seeds, and planted bugs that they have to find. */
import { type Mutation, mutations, rowText, runMutations } from "#host-sim/chaos/mutations";
import { runTowns } from "#host-sim/chaos/town/runs";
import type { Find, Line } from "./harness.ts";

const SEED_MAX = 0x7fffffff;
/** Seeds in which a planted bug has to show. */
const TRIES = 150;
/** Those that towns do not find, and why: docs/consensus.md. */
const UNSEEN: readonly string[] = [
  "overtaken-state-taken",
  "speech-forgotten-with-checkpoint",
  "target-not-followed",
  "wishes-crowded-out",
];
/** Those of CI: found in the first seeds, in code that has little to do with each other. */
const SHORT = ["kept-after-sending", "own-feed-first", "faults-not-kept"];

async function towns(
  from: number,
  count: number,
  find: Find,
  say: (line: string) => void,
): Promise<void> {
  const startMs = performance.now();
  const { runs, failed, faults, boundPermille, cpuMs, ...counted } = await runTowns({
    from,
    count,
    onRun: (seed, sums) => say(`seed ${seed}: ${sums.runs} runs, ${sums.failed.length} failed`),
  });
  const seconds = ((performance.now() - startMs) / 1000).toFixed(0);
  const text = failed.map(({ seed, message }) => `seed ${seed}: ${message}`).join("; ");
  find(`violations in ${runs} towns from seed ${from}, m = 4 and 7`, "none", text || "none");
  find(
    "time",
    "printed",
    `${seconds} s, ${(cpuMs / runs).toFixed(0)} ms of a processor a run`,
    true,
  );
  for (const [what, number] of Object.entries(counted)) find(what, "counted", number, true);
  const kinds = Object.entries(faults).map(([fault, number]) => `${number} ${fault}`);
  find("faults", "counted", kinds.join(", "), true);
  const what = "longest after healing, permille of its bound";
  find(what, "up to 1000", boundPermille, boundPermille <= 1000);
}

export const chaos: Line = {
  name: "chaos",
  title: "10 000 seeds of wattle chaos, m = 4 and 7, mixed faults",
  takes: "60 to 90 min",
  ci: false,
  run: (find, say, { seed }) => towns(seed, 10_000, find, say),
};

export const chaosShort: Line = {
  name: "chaos-ci",
  title: "towns of fresh seeds, which are printed",
  takes: "20 s",
  ci: true,
  run: (find, say) => towns(Math.floor(Math.random() * SEED_MAX), 40, find, say),
};

async function planted(
  chosen: readonly Mutation[],
  find: Find,
  say: (line: string) => void,
  seed: number,
): Promise<void> {
  const { rows, unmutated } = await runMutations(chosen, seed, TRIES, (row) => say(rowText(row)));
  for (const { mutation, seed: found, checker, detail = "", runs, cpuMs } of rows) {
    const caught = found !== undefined;
    // It would be found by anything: the patch does not fit the code any more.
    if (/TypeError|ReferenceError/.test(detail)) find(mutation.name, "code that runs", detail);
    const unseen = UNSEEN.includes(mutation.name);
    const measured = `${checker}, seed ${found}, ${runs} runs, ${(cpuMs / 1000).toFixed(1)} s`;
    const told = caught ? measured : `not caught in ${runs} runs`;
    find(`${mutation.name}: ${mutation.bug}`, unseen ? "noted" : "caught", told, caught || unseen);
  }
  const what = `${unmutated.runs} seeds from ${seed} without a planted bug`;
  find(what, "no violation", unmutated.detail ?? "no violation");
}

export const townMutations: Line = {
  name: "town-mutations",
  title:
    "every planted bug of host-sim/chaos/town/mutations is caught; the same seeds pass without",
  takes: "10 min",
  ci: false,
  run: (find, say) => planted(mutations("towns"), find, say, 1),
};

export const stateMutations: Line = {
  name: "state-mutations",
  title: "every planted bug of host-sim/chaos/town/state-mutations, in towns with states",
  takes: "8 min",
  ci: false,
  run: (find, say) => planted(mutations("states"), find, say, 1),
};

export const townMutationsShort: Line = {
  name: "town-mutations-ci",
  title: "three of them",
  takes: "15 s",
  ci: true,
  run: (find, say) =>
    planted(
      mutations("towns").filter(({ name }) => SHORT.includes(name)),
      find,
      say,
      1,
    ),
};
