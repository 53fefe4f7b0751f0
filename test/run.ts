// SPDX-License-Identifier: Apache-2.0
/**
 * npm test: types, lint, the XS engine, then every test under test/ but the acceptance runs, which
 * take longer (npm run accept). The closing lines of node's runner come last, after a heading with
 * the total time. With --only <substring> only the test files whose path holds it run, without the
 * steps before them. --seed <integer> or --seed random gives all random tests another seed.
 */
import { spawn } from "node:child_process";
import { randomInt } from "node:crypto";
import { readdirSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { ensureXsHost, XsBuildError } from "#host-sim/xs-host/build";
import { onCi } from "./data.ts";

const root = resolve(dirname(fileURLToPath(import.meta.url)), "..");
/** The machine that the time limit of 10 minutes is for has two cores. */
const CONCURRENCY = 2;
/** Each test file is a process: what one has compiled the others find, a third of a second for each. */
const CACHED = { NODE_COMPILE_CACHE: join(root, ".cache/node") };
/** The same tests in each run: one that fails, fails again. The number has no meaning. */
const DEFAULT_SEED = 1;
/** fast-check's seeds have 32 bits. */
const SEED_LIMIT = 2 ** 31;
/**
 * A test that hangs is stopped and named, well before the time limit of all. A file that hangs after
 * its tests is stopped and named by test/preload.ts, much earlier.
 */
const TEST_TIMEOUT_MS = 240_000;
/** What still runs then is named and stopped, and the run has failed: it ends within 10 minutes. */
const TOTAL_LIMIT_MS = 585_000;
/** The closing lines of the spec reporter, coloured or not; the first of them counts the tests. */
const CLOSING_FIRST = /^\S*ℹ tests \d+/;
const CLOSING = /^\S*ℹ (tests|suites|pass|fail|cancelled|skipped|todo|duration_ms) /;
const started = performance.now();

function heading(text: string): void {
  const seconds = ((performance.now() - started) / 1000).toFixed(0);
  process.stdout.write(`\n== ${text} (${seconds} s) ==\n`);
}

/** Runs a program in the project's root with our own output; its exit code. */
function run(command: string, args: readonly string[]): Promise<number> {
  return new Promise((done) => {
    const child = spawn(command, args, { cwd: root, stdio: ["ignore", "inherit", "inherit"] });
    child.on("error", (error) => {
      process.stderr.write(`${command}: ${error.message}\n`);
      done(127);
    });
    child.on("close", (code) => done(code ?? 1));
  });
}

/** A tool of node_modules, by its script, so that no shell or PATH is needed. */
function tool(name: string, ...args: string[]): Promise<number> {
  return run(join(root, "node_modules/.bin", name), args);
}

/** Built once and cached. A machine without a compiler skips the tests on XS, except on CI. */
async function buildXsHost(): Promise<number> {
  try {
    const program = await ensureXsHost({ log: (line) => void process.stdout.write(`${line}\n`) });
    process.stdout.write(`${relative(root, program)}\n`);
    return 0;
  } catch (error) {
    const missing = error instanceof XsBuildError && error.missing && !onCi();
    process.stdout.write(`${error instanceof Error ? error.message : String(error)}\n`);
    if (missing) process.stdout.write("the tests on the XS engine will be skipped\n");
    return missing ? 0 : 1;
  }
}

/** Test files in a fixed order, so that two runs read alike. */
function testFiles(only: string | undefined): string[] {
  const names = readdirSync(join(root, "test"), { recursive: true, encoding: "utf8" });
  return names
    .map((name) => join("test", name))
    .filter((path) => path.endsWith(".test.ts") && !path.startsWith(join("test", "accept")))
    .filter((path) => only === undefined || path.includes(only))
    .sort();
}

/** The seed of this run; undefined if `asked` is none. */
function seedOf(asked: string | undefined): number | undefined {
  if (asked === undefined) return DEFAULT_SEED;
  if (asked === "random") return randomInt(SEED_LIMIT);
  const seed = Number(asked);
  const valid = /^-?\d+$/.test(asked) && seed >= -SEED_LIMIT && seed < SEED_LIMIT;
  return valid ? seed : undefined;
}

/**
 * Node's own runner, reporting as it goes. Its closing lines (how many passed, failed, were skipped)
 * are kept back in `closing`, so that they can stand at the very end, after the details of failures.
 */
async function runTests(
  files: readonly string[],
  seed: number,
  closing: string[],
): Promise<number> {
  // Not --test-force-exit: it ends a file's process while reports of its tests are under way.
  const args = [
    "--test",
    "--import=./test/preload.ts",
    `--test-concurrency=${CONCURRENCY}`,
    `--test-timeout=${TEST_TIMEOUT_MS}`,
    "--test-reporter=spec",
  ];
  const colour = process.stdout.isTTY ? { FORCE_COLOR: "1" } : {};
  const child = spawn(process.execPath, [...args, ...files], {
    cwd: root,
    stdio: ["ignore", "pipe", "inherit"],
    env: { ...process.env, ...colour, ...CACHED, WATTLE_SEED: String(seed) },
  });
  const closed = new Promise<number>((done) => {
    child.on("error", () => done(127));
    child.on("close", (code) => done(code ?? 1));
  });
  const limit = setTimeout(() => {
    process.stdout.write(`stopped after ${TOTAL_LIMIT_MS / 1000} s\n`);
    child.kill("SIGTERM");
  }, TOTAL_LIMIT_MS - performance.now());
  let ended = false;
  for await (const line of createInterface({ input: child.stdout })) {
    ended ||= CLOSING_FIRST.test(line);
    if (ended && CLOSING.test(line)) closing.push(line);
    else process.stdout.write(`${line}\n`);
  }
  clearTimeout(limit);
  return closed;
}

async function main(): Promise<number> {
  const { values } = parseArgs({ options: { only: { type: "string" }, seed: { type: "string" } } });
  const seed = seedOf(values.seed ?? process.env.WATTLE_SEED);
  if (seed === undefined) {
    process.stderr.write(
      "--seed takes an integer of 32 bits (a negative one as --seed=-1) or random\n",
    );
    return 1;
  }
  const files = testFiles(values.only);
  if (files.length === 0) {
    process.stderr.write(`no test file has ${values.only ?? ".test.ts"} in its path\n`);
    return 1;
  }
  const failed: string[] = [];
  const step = async (name: string, work: () => Promise<number>): Promise<void> => {
    heading(name);
    if ((await work()) !== 0) failed.push(name);
  };
  if (values.only === undefined) {
    await step("types: tsc -b", () => tool("tsc", "-b"));
    await step("lint and format: biome ci", () => tool("biome", "ci", "."));
    await step("XS engine", buildXsHost);
  }
  const closing: string[] = [];
  await step(`tests: ${files.length} files, --seed=${seed}`, () => runTests(files, seed, closing));
  heading(failed.length === 0 ? "all steps passed" : `FAILED: ${failed.join("; ")}`);
  for (const line of closing) process.stdout.write(`${line}\n`);
  return failed.length === 0 ? 0 : 1;
}

process.exitCode = await main();
