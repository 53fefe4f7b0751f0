// SPDX-License-Identifier: Apache-2.0
/**
 * `npm run bench`: every suite of micro-benchmarks, then the targets of performance, and a table of these.
 *
 *   npm run bench                        all of it
 *   npm run bench -- dag|votes|…         these suites (suites.ts)
 *   npm run bench -- pipeline|latency|consensus|memory    these targets
 *   npm run bench -- restart             target 8: a million transactions, minutes; only where it is named
 *   npm run bench -- --quick             targets 1, 3, 4 and 6 with fewer members and trades
 *   npm run bench -- feeder [areas] [synthetic]           no benchmark: how lying meters are found
 *
 * Status 1: a bench broke; where suites or targets are named, also where one of them is a FAIL. Without names
 * a FAIL is a figure like others, and the status is 0.
 */
import { consensus } from "./consensus.ts";
import { feeder } from "./feeder.ts";
import { fleet } from "./fleet.ts";
import type { Finding } from "./identity.ts";
import { idle } from "./idle.ts";
import { FULL_LATENCY, latency, QUICK_LATENCY } from "./latency.ts";
import { FULL, pipeline, QUICK } from "./pipeline.ts";
import { restart } from "./restart.ts";
import { runSuite, SUITES } from "./suites.ts";
import { type Target, table } from "./target.ts";

const IDLE_METERS = 9000;
/** Sizes of the two fleets on XS. */
const FLEETS = [24, 64] as const;

const TARGETS: Readonly<Record<string, () => Promise<Target[]>>> = {
  pipeline: () => pipeline(FULL),
  latency: () => latency(FULL_LATENCY),
  consensus,
  memory: async () => [await idle(IDLE_METERS), await fleet(...FLEETS)],
};

/** Measured only where they are named. */
const LONG: Readonly<Record<string, () => Promise<Target[]>>> = { restart };

/** Targets out of what a suite found: 5 of the DAG's, 3b of the store's. */
function ofSuite(name: string, findings: readonly Finding[]): Target[] {
  const target = { dag: "5", store: "3b" }[name];
  if (!target) return [];
  const rows = findings.filter(({ what }) =>
    /^the store|^select|^dearest|^bytes a|variation|A_max/.test(what),
  );
  return rows.map(({ what, required, measured, pass }) => {
    const [figure] = measured.split(" (");
    return { target, what, required, measured: figure, result: pass ? "PASS" : "FAIL" };
  });
}

/** Runs one part; an error is said, and is not the end of the others. */
async function attempt<T>(name: string, run: () => Promise<T[]>): Promise<T[]> {
  try {
    return await run();
  } catch (error) {
    process.stderr.write(`${name} broke: ${error instanceof Error ? error.stack : error}\n`);
    process.exitCode = 1;
    return [];
  }
}

async function targets(names: readonly string[]): Promise<Target[]> {
  const found: Target[] = [];
  for (const name of names) {
    process.stdout.write(`\n${name}\n`);
    found.push(...(await attempt(name, TARGETS[name] ?? LONG[name])));
  }
  return found;
}

function print(found: readonly Target[]): void {
  const sorted = [...found].sort((a, b) => a.target.localeCompare(b.target));
  if (sorted.length > 0) process.stdout.write(`\n${table(sorted)}`);
}

async function quick(): Promise<void> {
  const found = await attempt("pipeline", () => pipeline(QUICK));
  found.push(...(await attempt("latency", () => latency(QUICK_LATENCY))));
  print(found);
}

async function all(): Promise<void> {
  const found: Target[] = [];
  for (const name of Object.keys(SUITES)) {
    found.push(...ofSuite(name, await attempt(name, () => runSuite(name))));
  }
  found.push(...(await targets(Object.keys(TARGETS))));
  print(found);
}

async function named(names: readonly string[]): Promise<void> {
  const targeted = { ...TARGETS, ...LONG };
  const unknown = names.filter((name) => !(name in SUITES) && !(name in targeted));
  if (unknown.length > 0) {
    const known = [...Object.keys(SUITES), ...Object.keys(targeted), "feeder", "--quick"];
    process.stderr.write(`no bench called ${unknown.join(", ")}; there are ${known.join(", ")}\n`);
    process.exitCode = 1;
    return;
  }
  for (const name of names.filter((each) => each in SUITES)) {
    const findings = await attempt(name, () => runSuite(name));
    if (findings.some(({ pass }) => !pass)) process.exitCode = 1;
  }
  const found = await targets(names.filter((each) => each in targeted));
  print(found);
  if (found.some(({ result }) => result === "FAIL")) process.exitCode = 1;
}

const chosen = process.argv.slice(2);
// Minutes of simulation, and no rate: only where it is asked for.
if (chosen[0] === "feeder")
  feeder(chosen[1] === undefined ? undefined : Number(chosen[1]), chosen[2] === "synthetic");
else if (chosen[0] === "--quick") await quick();
else if (chosen.length === 0) await all();
else await named(chosen);
