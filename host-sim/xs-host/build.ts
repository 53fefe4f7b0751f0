// SPDX-License-Identifier: Apache-2.0
//
// Builds xs-host from the XS sources in the tarball of @agoric/xsnap, once: a second call needs
// neither network nor compiler. As a script: node host-sim/xs-host/build.ts [--m32|--asan|--debug]
import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { access, mkdir, mkdtemp, readdir, readFile, rename, rm, stat } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { XsBuildError } from "./build-error.ts";
import { extract } from "./extract.ts";

export { type BuildFault, XsBuildError } from "./build-error.ts";

export interface BuildOptions {
  readonly bits?: 64 | 32;
  readonly asan?: boolean;
  readonly debug?: boolean;
  readonly log?: (line: string) => void;
}

const here = dirname(fileURLToPath(import.meta.url));
const sources = join(here, "c");
const cache = resolve(here, "../../.cache/xs-host");
const running = new Map<string, Promise<string>>();

/** The path of the program, built if need be. */
export function ensureXsHost(options: BuildOptions = {}): Promise<string> {
  const key = modeName(options);
  let result = running.get(key);
  if (!result) {
    result = ensure(options);
    running.set(key, result);
    // A fault may be cured while the process lives (a compiler gets installed): do not keep it.
    result.catch(() => running.delete(key));
  }
  return result;
}

async function ensure(options: BuildOptions): Promise<string> {
  const log = options.log ?? (() => {});
  const flags = modeFlags(options);
  const stamp = await sourceStamp(flags);
  const mode = modeName(options);
  const compiler = await compilerVersion();
  // Without a compiler, whatever was built from these sources earlier still serves.
  if (!compiler) return findBuilt(mode, stamp);
  const target = join(cache, `${mode}-${hash([stamp, compiler])}-${stamp}`);
  const program = join(target, "xs-host");
  if (await exists(program)) return program;
  await mkdir(cache, { recursive: true });
  await checkTools(options);
  const xs = join(await extract(cache, log), "moddable/xs");
  const work = await mkdtemp(join(cache, `tmp-${mode}-`));
  try {
    log(`xs-host: compiling the XS engine, ${mode} (about 10 s of two cores) ...`);
    const started = performance.now();
    await make(work, xs, flags);
    await removeObjects(work);
    await rename(work, target).catch(async (error: unknown) => {
      // Another process was faster: its result is as good.
      if (!(await exists(program))) throw error;
    });
    await prune(mode, program);
    log(`xs-host: built in ${((performance.now() - started) / 1000).toFixed(1)} s`);
  } finally {
    await rm(work, { recursive: true, force: true });
  }
  return program;
}

// Builds of older sources are dropped after a day; until then another branch may still want them.
async function prune(mode: string, keep: string): Promise<void> {
  for (const name of await readdir(cache)) {
    const folder = join(cache, name);
    if (!(name.startsWith(`${mode}-`) || name.startsWith("tmp-"))) continue;
    if (folder === dirname(keep)) continue;
    const { mtimeMs } = await stat(folder).catch(() => ({ mtimeMs: Date.now() }));
    if (Date.now() - mtimeMs > 86_400_000) await rm(folder, { recursive: true, force: true });
  }
}

async function findBuilt(mode: string, stamp: string): Promise<string> {
  const names = await readdir(cache).catch(() => [] as string[]);
  for (const name of names) {
    if (!name.startsWith(`${mode}-`) || !name.endsWith(`-${stamp}`)) continue;
    const program = join(cache, name, "xs-host");
    if (await exists(program)) return program;
  }
  throw new XsBuildError(
    "no-compiler",
    "there is no C compiler (cc), and no earlier build to fall back on",
    "Install one (Debian, Ubuntu: apt-get install build-essential; macOS: xcode-select --install).",
  );
}

async function checkTools(options: BuildOptions): Promise<void> {
  if ((await run("make", ["--version"])).code !== 0) {
    throw new XsBuildError(
      "no-make",
      "there is no make",
      "Install it: Debian and Ubuntu: apt-get install make; macOS: xcode-select --install.",
    );
  }
  const flags = modeFlags(options);
  if (flags.length === 0) return;
  // Headers of the other word size and the sanitizer's library are packages of their own.
  const program = "#include <stdio.h>\nint main(void) { return 0; }\n";
  const probe = await run(cc(), [...flags, "-x", "c", "-", "-o", "/dev/null"], program);
  if (probe.code === 0) return;
  if (options.bits === 32) {
    throw new XsBuildError(
      "no-m32",
      `the C compiler cannot build 32-bit programs: ${firstLine(probe.text)}`,
      "Install its 32-bit libraries: Debian and Ubuntu on x86-64: apt-get install gcc-multilib.",
    );
  }
  throw new XsBuildError(
    options.asan ? "no-asan" : "no-compiler",
    `the C compiler fails with ${flags.join(" ")}: ${firstLine(probe.text)}`,
    "Install the compiler's libraries: Debian and Ubuntu: apt-get install build-essential.",
  );
}

async function make(work: string, xs: string, flags: readonly string[]): Promise<void> {
  const result = await run("make", [
    "-j2",
    "-s",
    "-f",
    join(sources, "Makefile"),
    `CC=${cc()}`,
    `XS=${xs}`,
    `SRC=${sources}`,
    `OUT=${work}`,
    `MODE_FLAGS=${flags.join(" ")}`,
  ]);
  if (result.code === 0) return;
  const tail = result.text.trimEnd().split("\n").slice(-30).join("\n  ");
  throw new XsBuildError(
    "failed",
    `the build fails with ${await compilerVersion()}:\n  ${tail}`,
    "It is known to build with gcc 12; please report this with the lines above.",
  );
}

async function removeObjects(work: string): Promise<void> {
  const names = await readdir(work);
  await Promise.all(
    names.filter((name) => name.endsWith(".o")).map((name) => rm(join(work, name))),
  );
}

function cc(): string {
  return process.env.CC || "cc";
}

function modeName(options: BuildOptions): string {
  const parts = [options.bits === 32 ? "32" : "64"];
  if (options.debug) parts.push("debug");
  if (options.asan) parts.push("asan");
  return parts.join("");
}

function modeFlags(options: BuildOptions): string[] {
  const flags: string[] = [];
  // These are built for one test each: what they take to build counts, and not how fast they are.
  if (options.asan || options.debug) flags.push("-O1");
  if (options.bits === 32) flags.push("-m32");
  if (options.asan) flags.push("-fsanitize=address", "-g", "-fno-omit-frame-pointer");
  if (options.debug) flags.push("-DmxDebug=1");
  return flags;
}

async function sourceStamp(flags: readonly string[]): Promise<string> {
  const names = (await readdir(sources)).sort();
  const texts = await Promise.all(names.map((name) => readFile(join(sources, name), "utf8")));
  const extractor = await readFile(join(here, "extract.ts"), "utf8");
  return hash([extractor, ...flags, ...names, ...texts]);
}

let compiler: Promise<string | undefined> | undefined;

function compilerVersion(): Promise<string | undefined> {
  compiler ??= run(cc(), ["--version"]).then((result) =>
    result.code === 0 ? firstLine(result.text) : undefined,
  );
  return compiler;
}

function hash(parts: readonly string[]): string {
  const state = createHash("sha256");
  for (const part of parts) state.update(part).update("\0");
  return state.digest("hex").slice(0, 16);
}

function firstLine(text: string): string {
  return text.trim().split("\n")[0] ?? "";
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}

interface Result {
  readonly code: number;
  readonly text: string;
}

function run(command: string, args: readonly string[], input = ""): Promise<Result> {
  return new Promise((done) => {
    const child = spawn(command, args, { stdio: ["pipe", "pipe", "pipe"] });
    let text = "";
    child.stdout.setEncoding("utf8").on("data", (part: string) => (text += part));
    child.stderr.setEncoding("utf8").on("data", (part: string) => (text += part));
    child.on("error", (error) => done({ code: 127, text: error.message }));
    child.on("close", (code) => done({ code: code ?? 1, text }));
    child.stdin.on("error", () => {});
    child.stdin.end(input);
  });
}

async function main(args: readonly string[]): Promise<void> {
  const known = ["--m32", "--asan", "--debug"];
  const unknown = args.find((arg) => !known.includes(arg));
  if (unknown) throw new Error(`unknown option ${unknown}; there are ${known.join(", ")}`);
  const program = await ensureXsHost({
    bits: args.includes("--m32") ? 32 : 64,
    asan: args.includes("--asan"),
    debug: args.includes("--debug"),
    log: (line) => process.stderr.write(`${line}\n`),
  });
  const { size } = await stat(program);
  process.stdout.write(`${program} (${Math.round(size / 1024)} KB)\n`);
}

if (process.argv[1] && resolve(process.argv[1]) === fileURLToPath(import.meta.url)) {
  await main(process.argv.slice(2)).catch((error: unknown) => {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    process.exitCode = 1;
  });
}
