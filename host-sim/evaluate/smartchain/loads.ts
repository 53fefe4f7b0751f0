// SPDX-License-Identifier: Apache-2.0
/** The tables of ledger 4.3: what load does to cap selection. Seeded, and the same on every machine. */
import { type LoadResult, type LoadSetup, runLoad } from "../../dag/load.ts";
import { type ConflictResult, runConflict } from "./conflict.ts";

export interface LoadRow extends LoadResult {
  /** What is done, for people. */
  what: string;
  group: "starvation" | "choice" | "lazy";
  inFlight: number;
  alpha: number | undefined;
  /** Transactions that were looked at, about. */
  trials: number;
}

export interface LoadTables {
  loads: LoadRow[];
  conflicts: ConflictResult[];
}

export const LOADS: readonly number[] = Object.freeze([1, 10, 50]);
export const ALPHAS: readonly number[] = Object.freeze([0.001, 0.01, 0.05, 0.1, 0.5, 1]);
const CONFLICT_ALPHAS = [0.001, 0.01, 0.05, 0.1, 0.5] as const;
/** Latencies at the beginning and the end that do not count (host-sim/dag/load.ts). */
const UNCOUNTED = 41;
/** Walks start 125 to 250 back at λh = 10, and farther or nearer as there is more or less under way. */
const DEPTH = 2.5;
const REDRAWS = 4;

export interface LoadExtent {
  seed: number;
  /** Transactions of one row, about. */
  transactions: number;
  conflictRuns: number;
}

export function measureLoads(extent: LoadExtent, done: (what: string) => void): LoadTables {
  const { seed, transactions, conflictRuns: runs } = extent;
  const loads: LoadRow[] = [];
  const row = (
    what: string,
    group: LoadRow["group"],
    inFlight: number,
    rest: Pick<LoadSetup, "rule"> & Partial<LoadSetup>,
  ) => {
    const latencies = UNCOUNTED + Math.max(150, Math.ceil(transactions / inFlight));
    const depth = { walkInFlight: DEPTH * inFlight, redraws: REDRAWS };
    const result = runLoad({ seed, inFlight, latencies, ...depth, ...rest });
    const trials = inFlight * (latencies - UNCOUNTED);
    loads.push({ ...result, what, group, inFlight, alpha: rest.alpha, trials });
    done(`${what}, λh = ${inFlight}`);
  };
  for (const inFlight of LOADS) {
    row("uniform", "starvation", inFlight, { rule: "uniform" });
    for (const alpha of ALPHAS)
      row(`walk, α = ${alpha}`, "starvation", inFlight, { rule: "walk", alpha });
  }
  const aged = { rule: "hybrid", ageMax: 10 } as const;
  for (const inFlight of LOADS) {
    row("as chosen, no age rule", "choice", inFlight, { rule: "hybrid" });
    row("as chosen, A_max = 10 h", "choice", inFlight, aged);
    row("as chosen, A_max = 10 h, promoted", "choice", inFlight, { ...aged, promotes: true });
  }
  const lazy = 0.2;
  row("uniform", "lazy", 10, { rule: "uniform", lazy });
  row("walk, α = 0.01", "lazy", 10, { rule: "walk", alpha: 0.01, lazy });
  row("walk, α = 0.1", "lazy", 10, { rule: "walk", alpha: 0.1, lazy });
  row("walk α = 0.1 and uniform", "lazy", 10, { rule: "hybrid", alpha: 0.1, lazy });
  row("uniform, parents ≤ 10 h old", "lazy", 10, { rule: "uniform", lazy, ageMax: 10 });
  row("as chosen, A_max = 10 h", "lazy", 10, { ...aged, lazy });
  const conflicts = (["fork", "bounded"] as const).flatMap((start) =>
    CONFLICT_ALPHAS.map((alpha) => {
      done(`conflict, α = ${alpha}`);
      return runConflict({ seed, inFlight: 10, alpha, start, runs });
    }),
  );
  conflicts.push(runConflict({ seed, inFlight: 10, alpha: "chosen", start: "bounded", runs }));
  return { loads, conflicts };
}
