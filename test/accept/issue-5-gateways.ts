// SPDX-License-Identifier: Apache-2.0
/** Gateways as processes: one ledger, the totals of one gateway alone, and faults while they trade. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { ConsortiumFacts } from "#host-sim/report/consortium";
import { type Find, folder, type Line, wattle } from "./harness.ts";

type Say = (line: string) => void;

/** What has to be the same, however many gateways there are and whatever happens to them. */
const TOTALS = [
  "tradedWh",
  "slotsWithTrade",
  "importAfterWh",
  "exportAfterWh",
  "readings",
  "coins",
] as const;
const P50_MAX_MS = 1000;

interface Summary extends Record<string, unknown> {
  consortium?: ConsortiumFacts;
}

export interface Demo {
  summary: Summary;
  dir: string;
}

async function demo(name: string, args: string[], find: Find, say: Say): Promise<Demo | undefined> {
  const dir = folder(name);
  const ran = await wattle(["demo", ...args, "--json", "--report", dir], say);
  find(`$ wattle demo ${args.join(" ")}`, "exit 0", `exit ${ran.code}`);
  return ran.code === 0 ? { summary: JSON.parse(ran.out) as Summary, dir } : undefined;
}

function compare(alone: Summary, several: Summary, find: Find): void {
  for (const key of TOTALS) {
    const [required, measured] = [alone[key], several[key]].map((value) => JSON.stringify(value));
    find(`${key}, as with one gateway`, required, measured, required === measured);
  }
}

/** Who bought how much of whom at which price, whatever ids and blocks it had. */
export function trades({ dir }: Demo): string {
  const lines = readFileSync(join(dir, "settlements.csv"), "utf8").trim().split("\n");
  const rows = lines.map((line) => line.split(",").slice(0, 7).join(","));
  return rows.sort().join("\n");
}

export async function verified({ dir }: Demo, { ends }: ConsortiumFacts, find: Find, say: Say) {
  for (const { area } of ends) {
    const ran = await wattle(["verify", join(dir, area, "gateway.db"), "--json"], say);
    find(`$ wattle verify ${area}/gateway.db`, "exit 0", `exit ${ran.code}`);
  }
}

/** The slowest gateway's times are those that count. */
function pace({ ends }: ConsortiumFacts, bounded: boolean, find: Find): void {
  const worst = (times: (end: ConsortiumFacts["ends"][number]) => { p50Ms: number | null }) =>
    // One that lost its nodes on the way has no times.
    Math.max(...ends.flatMap((end) => times(end).p50Ms ?? []));
  const p50 = worst((end) => end.boughtToFinal);
  const allowed = bounded ? `< ${P50_MAX_MS}` : "printed";
  find("p50 from BOUGHT received to FINAL, ms", allowed, p50, !bounded || p50 < P50_MAX_MS);
  find(
    "p50 from the contract to FINAL, ms",
    "printed",
    worst((end) => end.contractToFinal),
    true,
  );
  find(
    "p50 from RESERVE to FINAL, ms",
    "printed",
    worst((end) => end.reserveToFinal),
    true,
  );
}

export async function side(name: string, world: string[], more: string[], find: Find, say: Say) {
  const alone = await demo(`${name}-1`, world, find, say);
  const several = await demo(`${name}-4`, [...world, "--gateways", "4", ...more], find, say);
  const facts = several?.summary.consortium;
  if (!alone || !several || !facts) return undefined;
  find("one chain", true, facts.oneChain);
  compare(alone.summary, several.summary, find);
  return { alone, several, facts };
}

export const gatewaysDemo: Line = {
  name: "gateways-demo",
  title: "four gateways as processes: the totals and trades of one, one chain, FINAL in time",
  takes: "8 min",
  ci: false,
  async run(find, say) {
    const ran = await side("gateways", ["--nodes", "12", "--days", "1"], [], find, say);
    if (!ran) return;
    find("trades row by row", true, trades(ran.alone) === trades(ran.several));
    await verified(ran.several, ran.facts, find, say);
    pace(ran.facts, false, find);
    // Protocol time runs and turns are every 250 ms: the sun shines in the last third.
    const args = ["--nodes", "12", "--slots", "36", "--speed", "180", "--gateways", "4"];
    const running = await demo("gateways-speed", args, find, say);
    const facts = running?.summary.consortium;
    if (!facts) return;
    find("one chain", true, facts.oneChain);
    pace(facts, true, find);
  },
};

export const gatewaysShort: Line = {
  name: "gateways-ci",
  title: "four gateways as processes for some slots: totals and trades of one, one chain",
  takes: "40 s",
  ci: true,
  async run(find, say) {
    const world = ["--engine", "v8", "--nodes", "4", "--slots", "28"];
    const ran = await side("gateways-ci", world, [], find, say);
    if (!ran) return;
    find("trades row by row", true, trades(ran.alone) === trades(ran.several));
    pace(ran.facts, false, find);
  },
};

export const gatewaysFaults: Line = {
  name: "gateways-faults",
  title:
    "killed, stopped, cut off, without its store, and one of four dead: the same totals, one chain",
  takes: "6 min",
  ci: false,
  async run(find, say) {
    const world = ["--engine", "v8", "--nodes", "8", "--slots", "60"];
    const ran = await side("gateways-faults", world, ["--gateway-faults"], find, say);
    if (!ran) return;
    const { dead, faults, ends } = ran.facts;
    find("faults", 5, faults.length);
    find("lost for good", "street-4", dead.join());
    find("gateways at the end", 3, ends.length);
    await verified(ran.several, ran.facts, find, say);
    pace(ran.facts, false, find);
  },
};
