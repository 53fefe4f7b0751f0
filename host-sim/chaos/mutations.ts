// SPDX-License-Identifier: Apache-2.0
/**
 * Planted bugs: each patch is applied to a copy of the project, and the arena that it is for has to find it:
 * those of mutations/ the one of machines, those of town/mutations/ whole towns, and those of
 * town/state-mutations/ towns with states. The same seeds pass without.
 */
import { execFile, execFileSync } from "node:child_process";
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync } from "node:fs";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import type { Arena, Caught } from "./mutant.ts";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const PATCHES: Record<Arena, string> = {
  machines: fileURLToPath(new URL("./mutations/", import.meta.url)),
  towns: fileURLToPath(new URL("./town/mutations/", import.meta.url)),
  states: fileURLToPath(new URL("./town/state-mutations/", import.meta.url)),
};

export interface Mutation {
  arena: Arena;
  name: string;
  /** What the planted bug is: the first line of its patch. */
  bug: string;
  path: string;
}

export interface Row extends Caught {
  mutation: Mutation;
}

/** All planted bugs of an arena, by name. */
export function mutations(arena: Arena = "machines"): Mutation[] {
  const names = readdirSync(PATCHES[arena]).filter((name) => name.endsWith(".patch"));
  return names.sort().map((file) => {
    const path = join(PATCHES[arena], file);
    const [bug] = readFileSync(path, "utf8").split("\n", 1);
    return { arena, name: file.replace(/\.patch$/, ""), bug, path };
  });
}

/** A copy of what the arena runs on; `remove` it. */
export class Copy {
  readonly dir: string = mkdtempSync(join(tmpdir(), "wattle-mutant-"));

  constructor() {
    for (const part of ["src", "host-sim", "package.json"])
      cpSync(join(ROOT, part), join(this.dir, part), { recursive: true });
    symlinkSync(join(ROOT, "node_modules"), join(this.dir, "node_modules"));
  }

  /** Throws where the patch does not fit the project any more. */
  apply({ path }: Mutation, ...options: string[]): void {
    execFileSync("git", ["apply", ...options, path], { cwd: this.dir, stdio: "pipe" });
  }

  async run(arena: Arena, from: number, seeds: number): Promise<Caught> {
    const args = ["host-sim/chaos/mutant.ts", arena, `${from}`, `${seeds}`];
    const { stdout } = await promisify(execFile)(process.execPath, args, { cwd: this.dir });
    return JSON.parse(stdout) as Caught;
  }

  remove(): void {
    rmSync(this.dir, { recursive: true, force: true });
  }
}

/**
 * Each mutation until a seed finds it, one a core, and then the project as it is with as many seeds as any of
 * them took.
 */
export async function runMutations(
  chosen: readonly Mutation[],
  from: number,
  seeds: number,
  done: (row: Row) => void,
): Promise<{ rows: Row[]; unmutated: Caught }> {
  const rows: Row[] = [];
  let next = 0;
  const work = async (copy: Copy): Promise<void> => {
    for (let at = next++; at < chosen.length; at = next++) {
      const mutation = chosen[at];
      copy.apply(mutation);
      const row = { mutation, ...(await copy.run(mutation.arena, from, seeds)) };
      copy.apply(mutation, "--reverse");
      rows[at] = row;
      done(row);
    }
  };
  const copies = Array.from(
    { length: Math.min(availableParallelism(), chosen.length) },
    () => new Copy(),
  );
  try {
    await Promise.all(copies.map(work));
    const most = Math.max(...rows.map(({ runs }) => runs));
    return { rows, unmutated: await copies[0].run(chosen[0].arena, from, most) };
  } finally {
    for (const copy of copies) copy.remove();
  }
}

/** The table as text, one line a mutation. */
export function rowText({ mutation, seed, checker, runs, cpuMs, atMs }: Row): string {
  const seconds = `${(cpuMs / 1000).toFixed(1)} s`;
  const found =
    seed === undefined
      ? `not caught in ${runs} seeds`
      : `${checker}, seed ${seed} (${runs} runs, ${seconds}; ${atMs} ms into the run)`;
  return `${mutation.name}: ${found}`;
}
