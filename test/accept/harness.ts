// SPDX-License-Identifier: Apache-2.0
/** Acceptance: each line says what is required, measures it, and prints both with PASS or FAIL. */
import { spawn } from "node:child_process";
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

export const ROOT = fileURLToPath(new URL("../../", import.meta.url));
export const WATTLE = join(ROOT, "bin/wattle.js");

/** One measured fact beside what it has to be. */
export interface Finding {
  what: string;
  required: string;
  measured: string;
  /** `skip`: this machine lacks what it takes. */
  pass: boolean | "skip";
}

export interface RunOptions {
  /** For lines that draw at random: the same number draws the same. */
  seed: number;
}

export interface Line {
  /** Short name, for `--only`. */
  name: string;
  /** The line of the issue, in short. */
  title: string;
  /** How long it takes on two cores, for people. */
  takes: string;
  /** Part of what CI runs. */
  ci: boolean;
  run(find: Find, say: (line: string) => void, options: RunOptions): Promise<void>;
}

/** Records one finding. */
export type Find = (
  what: string,
  required: unknown,
  measured: unknown,
  pass?: Finding["pass"],
) => void;

export function folder(name: string): string {
  return mkdtempSync(join(tmpdir(), `wattle-${name}-`));
}

export interface Ran {
  code: number | null;
  out: string;
  err: string;
  seconds: number;
}

/** Runs `wattle` and keeps what it prints; its progress goes to `say`. */
export function wattle(args: string[], say: (line: string) => void): Promise<Ran> {
  return command(process.execPath, [WATTLE, ...args], say);
}

export function command(
  program: string,
  args: string[],
  say: (line: string) => void,
  options: { cwd?: string; env?: NodeJS.ProcessEnv } = {},
): Promise<Ran> {
  const startMs = performance.now();
  const child = spawn(program, args, { cwd: options.cwd ?? ROOT, env: options.env ?? process.env });
  let out = "";
  let err = "";
  child.stdout.on("data", (text) => {
    out += text;
  });
  child.stderr.on("data", (text) => {
    err += text;
    for (const line of String(text).split("\n")) if (line.trim()) say(line.trim());
  });
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code) =>
      resolve({ code, out, err, seconds: (performance.now() - startMs) / 1000 }),
    );
  });
}

/** The last line of `text` that is JSON. */
export function lastJson(text: string): Record<string, unknown> {
  const lines = text.trim().split("\n");
  for (let i = lines.length - 1; i >= 0; i--) {
    if (!lines[i].startsWith("{")) continue;
    return JSON.parse(lines[i]);
  }
  throw new Error(`no JSON in: ${text.slice(-400)}`);
}
