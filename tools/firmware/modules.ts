// SPDX-License-Identifier: Apache-2.0
/**
 * Writes the manifests' lists of modules: what the application of each platform imports, each module by name
 * (wildcards in `preload` silently skip TypeScript modules). `node tools/firmware/modules.ts [--check]`; a
 * test runs the check.
 */
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { build } from "esbuild";

const root = join(dirname(fileURLToPath(import.meta.url)), "../..");
const folder = "src/xs/manifest";
/** The application that checks crypto in the simulator; as deep in the project as the firmware's manifests. */
const selftest = "test/simulator/selftest";

const NOBLE = "wattle/#xs/device/crypto-noble";

/** Modules that the SDK brings. */
const SDK = [
  "timer",
  "crypt",
  "modules",
  "net",
  "qrcode",
  "mc/*",
  "embedded:*",
  "ssl/*",
  "ecdsa",
  "ecp",
  "curve",
];
/** Chosen by another manifest: the board's, its network and the crypto. */
const CHOSEN = ["#board", "#platform/crypto"];
const CHOSEN_ON_CHIP = ["#platform/drivers", "#platform/network"];

/**
 * noble is never preloaded: its tables would be read-only, and in Moddable 8.2 a BigInt constant in flash is
 * never equal to one on the heap.
 */
const NOT_PRELOADED = /^@noble\/|device\/noble$|noble-ed25519$/;

interface Listing {
  modules: Record<string, string>;
  preload: string[];
}

/** The modules that `entries` need where package.json's imports are resolved with `conditions`. */
async function listing(entries: string[], conditions: string[]): Promise<Listing> {
  const result = await build({
    absWorkingDir: root,
    // node_modules may be another folder's.
    preserveSymlinks: true,
    entryPoints: entries,
    bundle: true,
    write: false,
    metafile: true,
    format: "esm",
    outdir: "unused",
    logLevel: "error",
    conditions: ["moddable", ...conditions],
    external: [...SDK, ...CHOSEN, ...(conditions.includes("esp32") ? CHOSEN_ON_CHIP : [])],
  });
  const modules: Record<string, string> = {};
  for (const path of Object.keys(result.metafile.inputs).sort()) {
    const name = moduleName(path);
    if (name) modules[name] = join(relative(folder, "."), path.replace(/\.(ts|js)$/, ""));
  }
  const preload = Object.keys(modules).filter((name) => !NOT_PRELOADED.test(name));
  return { modules, preload };
}

/** Columns of the formatter's lines (biome.json). */
const WIDTH = 100;

const NOBLE_INCLUDES = [
  "$(MODULES)/base/modules/manifest.json",
  "$(MODULES)/crypt/digest/manifest.json",
];

/** What other manifests choose from: their own imports have to be there whichever is chosen. */
const CHOICES: Record<string, string[]> = {
  esp32: [
    "src/xs/device/crypto-native.ts",
    "src/xs/esp32/network-ethernet.ts",
    "src/xs/esp32/network-wifi.ts",
  ],
  desktop: ["src/xs/device/crypto-native.ts"],
};

async function firmware(main: string, platform: string): Promise<Listing> {
  const choices = CHOICES[platform];
  const { modules, preload } = await listing([main, ...choices], [platform]);
  const chosen = choices.map(moduleName);
  for (const name of chosen) delete modules[name!];
  return { modules, preload: preload.filter((name) => !chosen.includes(name)) };
}

/** The metering drivers of a build: `all`, or those of one module of `src/xs/chip/drivers`. */
export function driverChoices(): string[] {
  const names = readdirSync(join(root, DRIVERS)).map((file) => file.replace(/\.ts$/, ""));
  return names.filter((name) => name !== "driver");
}

const DRIVERS = "src/xs/chip/drivers";

/** The manifest of one choice of drivers: the modules that it needs, some of which others list, too. */
async function drivers(choice: string): Promise<Listing> {
  const path = `${DRIVERS}/${choice}.ts`;
  const { modules, preload } = await listing([path], ["esp32"]);
  const { [moduleName(path)!]: chosen, ...rest } = modules;
  return {
    modules: { "wattle/#platform/drivers": chosen, ...rest },
    preload: preload.map((name) => (name === moduleName(path) ? "wattle/#platform/drivers" : name)),
  };
}

/** The name under which other modules import `path`, as package.json's imports give it. */
function moduleName(path: string): string | undefined {
  if (path === "src/core/codec/cbor-lean.ts") return "wattle/#cbor";
  const own = /^(src\/)?([\w-]+)\/(.+)\.ts$/.exec(path);
  if (path.startsWith("node_modules/")) return path.slice(13).replace(/\.js$/, "");
  if (!own) return undefined;
  const platform = /^src\/xs\/(?:esp32|desktop)\/(.+)\.ts$/.exec(path);
  return platform ? `wattle/#platform/${platform[1]}` : `wattle/#${own[2]}/${own[3]}`;
}

/** The whole of each generated manifest, by its path from the project's root. */
export async function manifests(): Promise<Record<string, string>> {
  const noble = await listing(["src/xs/device/crypto-noble.ts", "src/xs/device/noble.ts"], []);
  const made: Record<string, Listing> = {
    [`${folder}/modules-esp32.json`]: await firmware("src/xs/main.ts", "esp32"),
    [`${folder}/modules-desktop.json`]: await firmware("host-sim/panel/device-app.ts", "desktop"),
    [`${selftest}/modules.json`]: await firmware(`${selftest}/app.ts`, "desktop"),
  };
  const { [NOBLE]: chosen, ...rest } = noble.modules;
  const noblePath = `${folder}/crypto-noble.json`;
  made[noblePath] = {
    modules: { "wattle/#platform/crypto": chosen, ...rest },
    preload: noble.preload.map((name) => (name === NOBLE ? "wattle/#platform/crypto" : name)),
  };
  for (const choice of driverChoices())
    made[`${folder}/drivers-${choice}.json`] = await drivers(choice);
  const texts: Record<string, string> = {};
  for (const [name, { modules, preload }] of Object.entries(made)) {
    const include = name === noblePath ? NOBLE_INCLUDES : [];
    const text = JSON.stringify({ include, modules, preload }, null, 2);
    texts[name] = `${text.replace(/^.*\[\n[^\]]*\],?$/gm, oneLine)}\n`;
  }
  return texts;
}

/** As the formatter has it: a list on one line where it fits. */
function oneLine(list: string): string {
  const line = list.replace(/\[\s+/, "[").replace(/\s+\]/, "]").replace(/,\s+"/g, ', "');
  return line.length <= WIDTH ? line : list;
}

async function main(): Promise<void> {
  const check = process.argv.includes("--check");
  for (const [name, text] of Object.entries(await manifests())) {
    const path = join(root, name);
    if (!check) writeFileSync(path, text);
    else if (readFileSync(path, "utf8") !== text) {
      process.stderr.write(`${name} is old: run node tools/firmware/modules.ts\n`);
      process.exitCode = 1;
    }
  }
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) await main();
