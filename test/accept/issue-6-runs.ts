// SPDX-License-Identifier: Apache-2.0
/** Seeded runs of requests, payments, repayments, losses, replays and crashes; the three cases of repayment. */
import { creditSeed, noCounts, type RunCounts } from "./credit-run.ts";
import { command, type Find, type Line } from "./harness.ts";
import { asThread, inHalves, type Seeds } from "./threads.ts";

const LIMIT_MS = 3 * 3_600_000;

interface Ended {
  counts: RunCounts;
  failed: string[];
}

async function run({ from, seeds }: Seeds, say: (line: string) => void): Promise<Ended> {
  const counts = noCounts();
  const failed: string[] = [];
  for (let seed = from; seed < from + seeds; seed++) {
    let faults: string[];
    try {
      faults = await creditSeed(seed, counts);
    } catch (error) {
      faults = [String(error)];
    }
    if (faults.length > 0) failed.push(`seed ${seed}: ${faults[0].slice(0, 160)}`);
    say(`seed ${seed}, ${counts.payments} payments, ${failed.length} failed`);
  }
  return { counts, failed };
}

async function runs(
  seeds: number,
  from: number,
  find: Find,
  say: (line: string) => void,
): Promise<void> {
  const ended = await inHalves(import.meta.url, { from, seeds }, run, LIMIT_MS, say);
  const counts = noCounts();
  const failed: string[] = [];
  for (const part of ended) {
    if (!part) failed.push("a thread did not end");
    failed.push(...(part?.failed ?? []));
    for (const key of Object.keys(counts) as (keyof RunCounts)[])
      counts[key] += part?.counts[key] ?? 0;
  }
  const what = `${seeds} seeds from ${from}: I1, I3, I23 to I29, every promise FINAL, the audit`;
  find(what, "no fault", failed.slice(0, 5).join("; ") || "no fault");
  for (const [name, number] of Object.entries(counts)) find(name, "≥ 1", number, number > 0);
}

await asThread(import.meta.url, run);

export const creditRunsShort: Line = {
  name: "credit-runs-ci",
  title: "40 seeded runs of a bank with losses, replays, crashes and power cuts",
  takes: "10 s",
  ci: true,
  run: (find, say, { seed }) => runs(40, seed, find, say),
};

export const creditRuns: Line = {
  name: "credit-runs",
  title: "5000 seeded runs of requests, payments, repayments, losses, replays and crashes",
  takes: "20 min",
  ci: false,
  run: (find, say, { seed }) => runs(5000, seed, find, say),
};

export const creditCases: Line = {
  name: "credit-cases",
  title: "repaid in time, late with the penalty, never; forged, stale, overdrawn, replayed refused",
  takes: "8 s",
  ci: false,
  async run(find, say) {
    const tests = ["test/sim/credit", "test/unit/meter/borrower", "test/unit/core/ledger/credit"];
    for (const name of tests) {
      const ran = await command(process.execPath, ["--test", `${name}.test.ts`], say);
      find(`$ node --test ${name}.test.ts`, "exit 0", `exit ${ran.code}`);
    }
  },
};
