// SPDX-License-Identifier: Apache-2.0
/** The attack suite against a live gateway (test/attack). */
import type { Row } from "../attack/report.ts";
import { lineOf } from "../attack/report.ts";
import { attackAll } from "../attack/suite.ts";
import type { Line } from "./harness.ts";

const FUZZED = 10_000;

export const attacks: Line = {
  name: "attacks",
  title:
    "tokens, topics, replays, wallets, certificates, 10 000 fuzzed enrolments: nothing succeeds",
  takes: "1 min",
  ci: true,
  async run(find, say, { seed }) {
    const scale = { full: true, seed, fuzzed: FUZZED };
    const { rows, faults, attacked, quiet } = await attackAll(scale, (line) => {
      process.stdout.write(`   ${line.slice(0, 300)}\n`);
      say(line);
    });
    for (const group of new Set(rows.map((row) => row.group))) {
      const of = rows.filter((row) => row.group === group);
      const tries = of.reduce((sum, row) => sum + row.tries, 0);
      const what = `${group}: ${of.length} attacks, ${tries} tries: successes`;
      find(
        what,
        0,
        of.reduce((sum, row) => sum + row.successes, 0),
      );
      find(`${group}: not counted by code as they have to be`, "none", wrong(of));
    }
    find("slots missed by members", 0, attacked.missed);
    const same = JSON.stringify(attacked.monitor) === JSON.stringify(quiet.monitor);
    find(`totals and balances after ${attacked.slots} slots, as without attacks`, true, same);
    find("faults in all", "none", faults.join("; ") || "none");
  },
};

function wrong(rows: readonly Row[]): string {
  const faulty = rows.filter((row) => row.faults.length > 0);
  return faulty.map(lineOf).join("; ") || "none";
}
