// SPDX-License-Identifier: Apache-2.0
/**
 * Compiles src/xs against the typings that the SDK brings, in place of src/xs/sdk.d.ts. The SDK's typings are
 * kept by hand, as ours are: where they lack what the SDK's own sources have, that is listed here.
 */
import { spawnSync } from "node:child_process";
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { root, type Target } from "./boards.ts";

/** What the typings of SDK 8.2.3 lack, with the source that has it. */
const LACKS: readonly { what: string; source: string; error: RegExp }[] = [
  {
    what: "crypt: Digest.write takes views",
    source: "modules/crypt/digest/modCrypt.c, xs_crypt_Digest_write",
    error: /'Uint8Array<ArrayBufferLike>' is not assignable to .* 'string \| ArrayBuffer'/,
  },
  {
    what: "embedded:io/socket/udp: close",
    source: "modules/io/socket/*/udp.js",
    error: /'close' does not exist on type 'UDP'/,
  },
  {
    what: "embedded:io/socket/listener: close",
    source: "modules/io/socket/*/listener.js",
    error: /'close' does not exist on type 'Listener'/,
  },
  {
    what: "embedded:io/socket/tcp: write returns what can be written after it",
    source: "modules/io/socket/lin/tcp.c, xs_tcp_write",
    error: /src\/xs\/desktop\/console\.ts.*'void' is not assignable to type 'number'/,
  },
  {
    what: "embedded:io/i2c: close, writeRead",
    source: "modules/io/i2c/_i2c.js",
    error: /'(close|writeRead)' does not exist on type 'I2C'/,
  },
  {
    what: "embedded:network/interface/wifi: security of a network that was found",
    source: "modules/io/wifi/esp32/wifi-esp32.c",
    error: /'security' does not exist on type 'WiFiScanResult'/,
  },
];

/** What differs between our declarations and the SDK's. */
export interface CheckReport {
  /** Modules that were compared with the SDK's typings. */
  compared: string[];
  /** Modules that the SDK has no typings for. */
  untyped: string[];
  /** Where the typings lack what the sources have. */
  lacking: string[];
  /** The compiler's errors beside those. */
  faults: string[];
}

/** `declare module` blocks of a file of typings, by the module's name. */
export function blocksOf(typings: string): Map<string, string> {
  const blocks = typings.matchAll(/^declare module "([^"]+)" \{\n[\s\S]*?^\}\n/gm);
  return new Map([...blocks].map(([text, name]) => [name, text]));
}

/** Sorts what the compiler printed (`--pretty false`). */
export function judge(output: string): Pick<CheckReport, "lacking" | "faults"> {
  const lacking = new Set<string>();
  const faults: string[] = [];
  // An error's explanation is indented below it.
  for (const error of output.split(/\n(?=\S)/).filter((text) => text.trim() !== "")) {
    const known = LACKS.find((lack) => lack.error.test(error));
    if (known) lacking.add(`${known.what} (${known.source})`);
    else faults.push(error.trimEnd());
  }
  return { lacking: [...lacking], faults };
}

/** The SDK's typings by module; those of the Pebble are other ones under the same names. */
function typingsOf(sdk: string): Map<string, string> {
  const folder = join(sdk, "typings");
  const files = readdirSync(folder, { recursive: true, encoding: "utf8" });
  const found = new Map<string, string>();
  for (const file of files) {
    if (!file.endsWith(".d.ts") || file.startsWith("pebble")) continue;
    const path = join(folder, file);
    for (const [, name] of readFileSync(path, "utf8").matchAll(/^\s*declare module "([^"]+)"/gm))
      found.set(name, path);
  }
  return found;
}

/** What is compiled for a target: the layer without the other platform. */
function sourcesOf({ folder }: Target): { include: string[]; exclude: string[] } {
  const xs = join(root, "src/xs");
  const at = (...names: string[]) => names.map((name) => join(xs, name));
  if (folder)
    return {
      include: [join(xs, "**/*.ts"), join(folder, "board.ts")],
      exclude: at("desktop", "sdk.d.ts"),
    };
  return {
    include: [join(root, "host-sim/panel/device-app.ts"), join(xs, "**/*.ts")],
    exclude: at("esp32", "chip", "native", "main.ts", "sdk.d.ts"),
  };
}

/**
 * @param made the folder in which the SDK configured the build: it has the typings of the C functions
 */
export function checkTypes(target: Target, sdk: string, made: string): CheckReport {
  const blocks = blocksOf(readFileSync(join(root, "src/xs/sdk.d.ts"), "utf8"));
  const typings = typingsOf(sdk);
  typings.set("mc/ffi", join(made, "mc.ffi.d.ts"));
  const names = [...blocks.keys()];
  const compared = names.filter((name) => typings.has(name));
  const untyped = names.filter((name) => !typings.has(name));
  const folder = join(root, ".cache/firmware", `check-${target.name}`);
  mkdirSync(folder, { recursive: true });
  const rest = join(folder, "untyped.d.ts");
  writeFileSync(rest, untyped.map((name) => blocks.get(name)).join("\n"));
  const config = {
    extends: join(root, `tools/tsc/${target.folder ? "pure" : "node"}.json`),
    compilerOptions: {
      composite: false,
      incremental: false,
      declaration: false,
      emitDeclarationOnly: false,
      noEmit: true,
      types: [],
      ...(target.folder && {
        customConditions: ["esp32"],
        paths: { "#board": [join(target.folder, "board.ts")] },
      }),
    },
    files: [
      rest,
      join(sdk, "xs/includes/xs.d.ts"),
      ...new Set(compared.map((name) => typings.get(name))),
    ],
    ...sourcesOf(target),
  };
  writeFileSync(join(folder, "tsconfig.json"), JSON.stringify(config, null, 2));
  const tsc = join(root, "node_modules/.bin/tsc");
  const { stdout, error } = spawnSync(tsc, ["-p", folder, "--pretty", "false"], {
    cwd: root,
    encoding: "utf8",
  });
  if (error) throw error;
  return { compared, untyped, ...judge(stdout) };
}
