// SPDX-License-Identifier: Apache-2.0
/**
 * Calls the SDK. mcconfig writes a makefile; what is made of it is chosen here, since the SDK's own targets
 * end running simulators and serial tools by name, which no step of this build may do.
 */
import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import {
  existsSync,
  globSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { root, type Target } from "./boards.ts";
import { binFolder } from "./doctor.ts";
import { type FlashUse, flashUse } from "./flash-use.ts";
import { judgeImage, slotBytesOf } from "./image.ts";

export interface BuildOptions {
  target: Target;
  sdk: string;
  crypto: string;
  /** Metering drivers: `all`, or one of those of `driverChoices()`. */
  drivers?: string;
  secure: boolean;
  debug: boolean;
  verbose: boolean;
  /** What is added to the application's `mc/config`. */
  config?: Record<string, string>;
  /** Another application than the firmware: its manifest, from the project's root, and its name. */
  app?: { manifest: string; name: string };
}

const FIRMWARE = { manifest: "manifest.json", name: "wattle" };

/** A step of the build failed; what it printed is in `output`. */
export class BuildError extends Error {
  readonly output: string;
  constructor(message: string, output: string) {
    super(message);
    this.output = output;
  }
}

interface Made {
  makefile: string;
  /** Where the SDK puts intermediate files, and what it makes of them. */
  folder: string;
  bin: string;
  env: NodeJS.ProcessEnv;
}

/** Lets mcconfig read the manifests and write the makefile. */
export async function configure(options: BuildOptions): Promise<Made> {
  const { target, sdk, app = FIRMWARE } = options;
  // The SDK makes both kinds under one name.
  const output = join(
    root,
    options.crypto === "noble" ? ".cache/firmware-noble" : ".cache/firmware",
  );
  mkdirSync(output, { recursive: true });
  const env: NodeJS.ProcessEnv = {
    ...process.env,
    MODDABLE: sdk,
    PATH: [join(root, "node_modules/.bin"), binFolder(sdk), process.env.PATH].join(":"),
    CRYPTO: options.crypto,
    DRIVERS: options.drivers ?? "all",
  };
  if (target.folder && options.secure) env.SDKCONFIGPATH = secureConfig(target, output);
  const flags = options.debug ? ["-d"] : [];
  const config = Object.entries(configOf(options)).map(([key, value]) => `${key}=${value}`);
  const manifest = join(root, app.manifest);
  const kind = options.debug ? "debug" : "release";
  const path = target.folder ? `esp32/${target.name}` : `${target.platform}/mc`;
  const folder = join(output, "tmp", path, kind, app.name);
  const bin = join(output, "bin", path, kind, app.name);
  const args = [...flags, "-p", target.platform, "-o", output, ...config, manifest];
  await run("mcconfig", args, env, options.verbose);
  const made = { makefile: join(folder, "makefile"), folder, bin, env };
  refuseTwins(made.makefile);
  if (!options.debug) {
    forgetLink(folder);
    forgetModules(folder);
  }
  return made;
}

/**
 * The linker keeps the names of earlier links in mc.xsi, also those that no module has any more: the image
 * would grow, and depend on what was built before it. Objects go too: the names' numbers are compiled into
 * them, and the makefile does not compile them again when these change.
 */
export function forgetLink(folder: string): void {
  const objects = readdirSync(folder).filter((name) => name.endsWith(".o"));
  for (const name of ["modules/mc.xsi", "mc.xs.c", ...objects])
    rmSync(join(folder, name), { force: true });
}

/**
 * Makes all modules anew where the compiler is another, or a name that modules know each other by: the
 * makefile compiles a module again only if its own source has changed.
 */
export function forgetModules(folder: string): void {
  const compiler = ["compile.js", "shrink.js"].map((name) => join(root, "tools/firmware", name));
  const hash = createHash("sha256");
  for (const path of compiler) hash.update(readFileSync(path));
  for (const path of globSync("{src,host-sim}/**/*.ts", { cwd: root }).sort())
    hash.update(
      `${path}\n${readFileSync(join(root, path), "utf8")
        .match(/^export .*$/gm)
        ?.join()}`,
    );
  const stamp = join(folder, "modules.stamp");
  const now = hash.digest("hex");
  if (existsSync(stamp) && readFileSync(stamp, "utf8") === now) return;
  for (const path of globSync("modules/**/*.{js,xsb}", { cwd: folder })) rmSync(join(folder, path));
  writeFileSync(stamp, now);
}

/**
 * The SDK names an object after its source alone: of two with one name, one would be left out of the image.
 */
function refuseTwins(makefile: string): void {
  const objects: string[] = readFileSync(makefile, "utf8").match(/^\S+\.c\.o:/gm) ?? [];
  const twin = objects.find((name, i) => objects.indexOf(name) !== i);
  if (twin) throw new BuildError(`two C files are called ${twin.replace(/^.*\/|\.o:$/g, "")}`, "");
}

/** On a board the debugger talks over the serial line that is the console's otherwise. */
function configOf({ target, debug, config }: BuildOptions): Record<string, string> {
  return { ...config, ...(debug && target.folder && { console: "off" }) };
}

/** A folder with the board's settings and those of a product (devices/options/secure.defaults). */
function secureConfig(target: Target, output: string): string {
  const folder = join(output, `sdkconfig-${target.name}-secure`);
  mkdirSync(folder, { recursive: true });
  const name = "sdkconfig.defaults";
  const own = readFileSync(join(target.folder!, "sdkconfig", name), "utf8");
  const secure = readFileSync(join(root, "devices/options/secure.defaults"), "utf8");
  writeFileSync(join(folder, name), `${own}${secure}`);
  return folder;
}

/** What a link says of the firmware's JavaScript. */
export interface LinkReport {
  modules: number;
  preloaded: number;
  /** Lines of the linker about what preloading cannot freeze. */
  warnings: string[];
  /** Of a 32-bit chip. */
  flash: FlashUse;
}

/** Compiles and links the JavaScript as for the chip, without ESP-IDF. */
export async function link(made: Made, verbose: boolean): Promise<LinkReport> {
  // The makefile refuses to start without ESP-IDF and asks for its configuration: neither matters for the
  // link.
  const idf = made.env.IDF_PATH ?? join(made.folder, "no-idf");
  mkdirSync(idf, { recursive: true });
  const target = join(made.folder, "mc.xs.c");
  const args = ["-f", made.makefile, "IDF_VERSION=v6.0", "SDKCONFIG_H=", target];
  const output = await run("make", args, { ...made.env, IDF_PATH: idf }, verbose);
  if (!existsSync(target) || statSync(target).size === 0)
    throw new BuildError("the linker wrote nothing", output);
  const makefile = readFileSync(made.makefile, "utf8");
  return {
    modules: listOf(makefile, "MODULES").length,
    // Two manifests may ask for the same one.
    preloaded: new Set(listOf(makefile, "PRELOADS")).size,
    warnings: output.split("\n").filter((line) => line.startsWith("### warning")),
    flash: flashUse(readFileSync(target, "latin1")),
  };
}

/** Modules of one variable of the makefile: its lines, each but the last with a backslash at its end. */
function listOf(makefile: string, name: string): string[] {
  const [lines = ""] = new RegExp(`^${name} =\\\\\n(.*\\\\\n)*.*`, "m").exec(makefile) ?? [];
  return lines.match(/\S+\.xsb/g) ?? [];
}

/** Builds the image (with ESP-IDF) or the simulator's app; the path of what was made. */
export async function make(made: Made, target: Target, verbose: boolean): Promise<string> {
  const args = ["-f", made.makefile, ...QUIET, "build"];
  await runMake(made, target, args, verbose);
  return join(made.bin, target.folder ? "xs_esp32.bin" : "mc.so");
}

/** What is to be said of the size of what was made at `path`. Throws BuildError where no slot takes it. */
export function sizeOf(target: Target, path: string): string | undefined {
  if (!target.folder) return undefined;
  const partitions = readFileSync(join(target.folder, "partitions.csv"), "utf8");
  const { fits, text } = judgeImage(statSync(path).size, slotBytesOf(partitions));
  if (!fits) throw new BuildError(text, path);
  return text;
}

/** Writes the image to the board on `port`. */
export async function flash(
  made: Made,
  target: Target,
  port: string,
  verbose: boolean,
): Promise<void> {
  const flashing = { ...made, env: { ...made.env, UPLOAD_PORT: port } };
  await runMake(flashing, target, ["-f", made.makefile, ...QUIET, "deploy"], verbose);
}

/** The makefile's ways of ending other programs, made empty. */
const QUIET = ["KILL_SERIAL2XSBUG=", "KILL_SIMULATOR=", "START_XSBUG=", "START_SIMULATOR="];

async function runMake(
  made: Made,
  target: Target,
  args: string[],
  verbose: boolean,
): Promise<void> {
  if (!target.folder) return void (await run("make", args, made.env, verbose));
  const quoted = args.map((arg) => `'${arg}'`).join(" ");
  const script = `export IDF_EXPORT_QUIET=1 && source "$IDF_PATH/export.sh" && make ${quoted}`;
  await run("bash", ["-c", script], made.env, verbose);
}

/** Runs a program; what it printed. Throws BuildError where it fails. */
function run(
  command: string,
  args: string[],
  env: NodeJS.ProcessEnv,
  verbose: boolean,
): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const child = spawn(command, args, { cwd: root, env, stdio: ["ignore", "pipe", "pipe"] });
  let output = "";
  const take = (chunk: Buffer) => {
    output += chunk;
    if (verbose) process.stderr.write(chunk);
  };
  child.stdout.on("data", take);
  child.stderr.on("data", take);
  child.on("error", (error) => reject(new BuildError(`${command}: ${error.message}`, output)));
  child.on("close", (code) => {
    if (code === 0) resolve(output);
    else reject(new BuildError(`${command} ended with ${code}`, output));
  });
  return promise;
}
