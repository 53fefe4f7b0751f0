// SPDX-License-Identifier: Apache-2.0
/**
 * What linters do not see: layers, sizes, dead files, banned words, and that limits and codes are in order.
 * It reads every file that git tracks or would track. Each fault names its file, line and remedy.
 */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { dirname, join, normalize } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { type Code, WIRE } from "#core/errors/codes";
import { MEANINGS } from "#core/errors/meanings";

const root = fileURLToPath(new URL("../", import.meta.url));
const LINES_MAX = 400;
const COLUMNS_MAX = 110;
/** For test data, and for lines that a string makes long. */
const COLUMNS_MAX_STRING = 120;
const FUNCTION_LINES_MAX = 70;

interface Source {
  /** Path from the project's root. */
  path: string;
  text: string;
  lines: string[];
  /** The text without comments and string literals, line by line. */
  code: string[];
}

function sourcesOf(pattern: RegExp): Source[] {
  const args = ["ls-files", "--cached", "--others", "--exclude-standard"];
  const listed = execFileSync("git", args, { cwd: root, encoding: "utf8" }).split("\n");
  const paths = listed.filter((path) => pattern.test(path) && existsSync(join(root, path)));
  return paths.map((path) => sourceOf(path, readFileSync(join(root, path), "utf8")));
}

/** Comments and quoted strings become blanks; line breaks stay, and so do template literals. */
function codeOf(text: string): string {
  const skipped = /\/\*[\s\S]*?\*\/|(?<!:)\/\/.*|"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'/g;
  return text.replace(skipped, (match) => match.replace(/[^\n]/g, " "));
}

const everything = sourcesOf(
  /(\.(ts|mts|js|c|h|md|json|cddl|sh|html|css|yml|yaml)|Makefile|^\.ci\/[^/]+)$/,
).filter(({ path }) => path !== "package-lock.json");
const sources = everything.filter(({ path }) => /(\.(ts|js|c|h)|Makefile)$/.test(path));
const scripts = sources.filter(({ path }) => /\.(ts|js)$/.test(path));

function none(faults: string[], remedy: string): void {
  assert.equal(faults.length, 0, `${remedy}\n  ${faults.join("\n  ")}`);
}

function sourceOf(path: string, text: string): Source {
  return { path, text, lines: text.split("\n"), code: codeOf(text).split("\n") };
}

test("the checks below see what they look for", () => {
  const body = "  x();\n".repeat(70);
  const long = [
    `export function a(\n  b: number,\n): void {\n${body}}\n`,
    `class A {\n  private async b<T>(c: T): Promise<void> {\n${body}  }\n}\n`,
    `const a = (b: number) => {\n${body}};\n`,
    `test("a", async () => {\n${body}});\n`,
  ];
  for (const text of long) {
    const [first] = functionsOf(sourceOf("a.ts", text)).filter(({ count }) => count > 70);
    assert.ok(first, `${text.split("\n")[0]}: seen as long`);
  }
  const blocks = `function a() {\n  b();\n}\n\nif (a) {\n${body}}\n`;
  assert.deepEqual(functionsOf(sourceOf("a.ts", blocks)), [{ line: 1, count: 3 }], "only a");
  const banned = ["Date.now()", "new Date(0)", "Math.random()", "setTimeout(f)", "Buffer.from(a)"];
  for (const text of [...banned, "console.log(1)", "process.exit()"]) {
    assert.match(codeOf(`a(${text});`), BANNED);
    assert.doesNotMatch(codeOf(`a("${text}"); // ${text}\n/* ${text} */`), BANNED);
  }
  assert.doesNotMatch("new Uint8Array(new ArrayBuffer(1)); reprocess(1)", BANNED);
  const text =
    'import a from "b";\nimport {\n  c,\n} from "#d/e";\nexport * from "./f.ts";\nimport("g");';
  assert.deepEqual(importsOf(sourceOf("a.ts", text)), [
    { name: "b", line: 1 },
    { name: "#d/e", line: 4 },
    { name: "./f.ts", line: 5 },
    { name: "g", line: 6 },
  ]);
});

test("every source begins with its licence", () => {
  const faults = sources.filter(({ lines }) => {
    const first = lines[0].startsWith("#!") ? lines[1] : lines[0];
    return !/^(\/\/|\/\*|#) SPDX-License-Identifier: Apache-2\.0( \*\/)?$/.test(first ?? "");
  });
  none(
    faults.map(({ path }) => path),
    "begin with // SPDX-License-Identifier: Apache-2.0:",
  );
});

test("files, lines and functions are short", () => {
  const faults: string[] = [];
  for (const { path, lines } of sources) {
    const count = lines.at(-1) === "" ? lines.length - 1 : lines.length;
    if (count > LINES_MAX) faults.push(`${path}: ${count} lines, at most ${LINES_MAX}`);
    lines.forEach((line, i) => {
      const max = path.startsWith("test/") || /["'`]/.test(line) ? COLUMNS_MAX_STRING : COLUMNS_MAX;
      if ([...line].length > max && !line.includes("https://"))
        faults.push(`${path}:${i + 1}: ${[...line].length} columns, at most ${max}`);
    });
  }
  for (const source of scripts)
    for (const { line, count } of functionsOf(source))
      if (count > FUNCTION_LINES_MAX)
        faults.push(`${source.path}:${line}: a function of ${count} lines`);
  none(faults, "split them:");
});

/** Functions and methods with their first line and length; the formatter indents them alike. */
function functionsOf({ code }: Source): { line: number; count: number }[] {
  const found: { line: number; count: number }[] = [];
  const keyword =
    /^\s*(if|for|while|switch|catch|else|do|try|return|class|interface|type|describe)\b/;
  const start = /^(\s*)(.*\bfunction\b.*|.*=> \{|[\w#*$ ]+(<[^()]*>)?\(.*(\{|\(|,))$/;
  code.forEach((text, i) => {
    const line = text.trimEnd();
    const match = start.exec(line);
    if (!match || keyword.test(line) || !/[{(]$/.test(line)) return;
    const close = new RegExp(`^${match[1]}\\}`);
    const end = code.findIndex(
      (other, j) => j > i && (close.test(other) || outdented(other, match[1])),
    );
    if (end > i && close.test(code[end])) found.push({ line: i + 1, count: end - i + 1 });
  });
  return found;
}

function outdented(line: string, indent: string): boolean {
  return line.trim() !== "" && line.length - line.trimStart().length < indent.length;
}

/** What each layer may import: other layers by #name/, and packages. */
const LAYERS: Record<string, { folder: string; layers: string[]; packages: RegExp | undefined }> = {
  core: { folder: "src/core/", layers: ["cbor"], packages: /^(@noble\/|cbor-x($|\/))/ },
  drivers: { folder: "src/drivers/", layers: ["core"], packages: undefined },
  meter: { folder: "src/meter/", layers: ["core", "drivers"], packages: undefined },
  // Its modules import each other by name: some have other names on the device (src/xs/README.md).
  xs: {
    folder: "src/xs/",
    layers: ["core", "drivers", "meter", "xs", "platform", "board"],
    packages: /^(?!node:)/,
  },
  gateway: { folder: "src/gateway/", layers: ["core"], packages: undefined },
  node: { folder: "src/node/", layers: ["core", "gateway"], packages: /./ },
  "host-sim": {
    folder: "host-sim/",
    layers: ["core", "drivers", "meter", "gateway", "node", "xs", "platform"],
    packages: /./,
  },
};
const PURE = ["core", "drivers", "meter", "gateway"];
const BANNED = new RegExp(
  `\\b(${[
    "Date\\.now",
    "new Date\\(",
    "Math\\.random",
    "setTimeout",
    "setInterval",
    "setImmediate",
    "Buffer\\b",
    "process\\.",
    "console\\.",
    "performance\\.",
  ].join("|")})`,
);

function layerOf(path: string): string | undefined {
  return Object.keys(LAYERS).find((name) => path.startsWith(LAYERS[name].folder));
}

/** The modules that a script imports, with the line of each. */
function importsOf({ text, lines }: Source): { name: string; line: number }[] {
  const statement = /^(?:import|export)\b[^;"]*?\bfrom\s+"([^"]+)"|^import\s+"([^"]+)"/gm;
  const dynamic = /\bimport\("([^"]+)"\)/g;
  return [statement, dynamic].flatMap((pattern) =>
    [...text.matchAll(pattern)].map((match) => {
      const line = text.slice(0, match.index + match[0].length).split("\n").length;
      return { name: match[1] ?? match[2], line: Math.min(line, lines.length) };
    }),
  );
}

test("pure layers take time, chance and the machine from ports only", () => {
  const faults: string[] = [];
  for (const { path, code } of scripts) {
    if (!PURE.includes(layerOf(path) ?? "")) continue;
    code.forEach((line, i) => {
      const banned = BANNED.exec(line);
      if (banned) faults.push(`${path}:${i + 1}: ${banned[0]}`);
    });
  }
  none(faults, "use the clock, entropy or log port instead of:");
});

test("no BigInt constant stands where the SDK's linker or XS gets it wrong", () => {
  const faults: string[] = [];
  const literal = "(?:0[xX][\\da-fA-F_]+|[\\d_]+)n\\b";
  const equal = new RegExp(`[!=]==?\\s*-?${literal}|${literal}\\s*[!=]==?`);
  const listed = new RegExp(`^\\s*${literal},?$|\\[\\s*-?${literal}`);
  assert.match("if (x === 0n)", equal);
  assert.match("  0x7f_ffn,", listed);
  for (const { path, code } of scripts) {
    const preloaded = /^(src\/(core|drivers|meter|xs)|host-sim\/panel)\//.test(path);
    // noble's curve is never preloaded (tools/firmware/modules.ts).
    if (!preloaded || path === "src/core/crypto/noble-ed25519.ts") continue;
    code.forEach((line, i) => {
      if (equal.test(line)) faults.push(`${path}:${i + 1}: compared with ===`);
      if (listed.test(line)) faults.push(`${path}:${i + 1}: in an array`);
    });
  }
  none(faults, "src/xs/README.md says why:");
});

test("imports only go down, across layers by #name and inside a layer by relative path", () => {
  const faults: string[] = [];
  for (const source of scripts) {
    const own = layerOf(source.path);
    const home = own ? LAYERS[own].folder : `${source.path.split("/")[0]}/`;
    for (const { name, line } of importsOf(source)) {
      const at = `${source.path}:${line}: ${name}`;
      if (name.startsWith(".")) {
        const target = normalize(join(dirname(source.path), name));
        if (!target.startsWith(home) && home !== "bin/") faults.push(`${at} leaves ${home}`);
        if (!existsSync(join(root, target))) faults.push(`${at} does not exist`);
      } else if (name.startsWith("#")) {
        const layer = name.slice(1).split("/")[0];
        if (own && !LAYERS[own].layers.includes(layer)) faults.push(`${at} is not below ${own}`);
      } else if (own && !LAYERS[own].packages?.test(name)) {
        faults.push(`${at} is not for ${own}`);
      }
    }
  }
  none(faults, "import only from below:");
});

/** What the Moddable SDK compiles: its modules are no packages of npm. */
const SDK_FILES = /^(src\/xs|host-sim\/panel\/simulator|test\/simulator\/selftest)\//;

test("packages are pinned exactly, and what runs in production is no development package", () => {
  const manifest = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
  const { dependencies, devDependencies } = manifest;
  const faults: string[] = [];
  for (const [name, version] of Object.entries({ ...dependencies, ...devDependencies }))
    if (!/^\d+\.\d+\.\d+$/.test(String(version))) faults.push(`package.json: ${name} ${version}`);
  for (const source of scripts)
    for (const { name, line } of importsOf(source)) {
      if (/^(\.|#|node:)/.test(name) || SDK_FILES.test(source.path)) continue;
      const parts = name.split("/");
      const pack = name.startsWith("@") ? parts.slice(0, 2).join("/") : parts[0];
      const known = /^(test|bench|tools)\//.test(source.path)
        ? { ...dependencies, ...devDependencies }
        : dependencies;
      if (!(pack in known)) faults.push(`${source.path}:${line}: ${name}`);
    }
  none(faults, "list it in package.json with its exact version:");
});

/** Entry points that nothing imports: programs and what a manifest names. */
const ENTRIES = [
  /^src\/core\/codec\/cbor-(x|lean)\.ts$/, // package.json's #cbor
  /^src\/xs\/main\.ts$/,
  /^src\/xs\/manifest\/(main-\w+|tls-random)\.js$/,
  /\.d\.ts$/,
];

test("every file of src is used by something other than tests", () => {
  const used = new Set<string>();
  for (const source of everything) {
    if (source.path.startsWith("test/")) continue;
    // The manifests' modules: those that src/xs/main.ts reaches (a test of the manifests says so).
    if (source.path.startsWith("src/xs/manifest/"))
      for (const [, name] of source.text.matchAll(/: "(\.[^"]+)"/g))
        used.add(`${normalize(join(dirname(source.path), name))}.ts`);
    for (const [, name] of source.text.matchAll(/"(#[\w/-]+|[^"\n]+\.ts)"/g)) {
      if (name.startsWith("#"))
        used.add(`${name.replace(/^#(?!host-sim)/, "src/").replace(/^#/, "")}.ts`);
      else if (name.startsWith(".")) used.add(normalize(join(dirname(source.path), name)));
      else used.add(name);
    }
  }
  const dead = scripts.filter(
    ({ path }) =>
      path.startsWith("src/") && !used.has(path) && !ENTRIES.some((entry) => entry.test(path)),
  );
  none(
    dead.map(({ path }) => path),
    "use or delete, or list as an entry in test/tidy.test.ts:",
  );
});

test("nothing is left unfinished", () => {
  const words = new RegExp(
    `\\b(${["TO" + "DO", "FIX" + "ME", "XX" + "X", "HA" + "CK"].join("|")})\\b`,
  );
  const faults: string[] = [];
  for (const { path, lines } of everything)
    lines.forEach((line, i) => {
      if (words.test(line)) faults.push(`${path}:${i + 1}: ${line.trim().slice(0, 80)}`);
    });
  none(faults, "finish it, or write down why it is so:");
});

test("no file depends on where it was developed", () => {
  const shared = ["..", "shared"].join("/");
  const machine = ["", "work", ""].join("/");
  const faults: string[] = [];
  for (const { path, lines } of everything) {
    let fenced = false; // documents may show commands
    lines.forEach((line, i) => {
      if (path.endsWith(".md") && line.trimStart().startsWith("```")) fenced = !fenced;
      const fine = /^(test|bench)\//.test(path) || (path.endsWith(".md") && fenced);
      if (line.includes(shared) && !fine) faults.push(`${path}:${i + 1}: ${shared}`);
      if (/["'` (]\/work\//.test(line)) faults.push(`${path}:${i + 1}: ${machine}`);
    });
  }
  none(faults, "take the path as an option, or use test/data.ts:");
});

/** Where bounds stand. */
const LIMIT_FILES = [
  "src/core/limits.ts",
  "src/core/limits-device.ts",
  "src/core/consensus/limits.ts",
  "src/core/credit/bounds.ts",
];

test("every limit has its reason and is used", () => {
  const faults: string[] = [];
  for (const path of LIMIT_FILES) {
    const file = scripts.find((script) => script.path === path);
    assert.ok(file, path);
    const users = scripts.filter((user) => user.path !== path && !user.path.startsWith("test/"));
    for (const [line, text] of file.lines.entries()) {
      const name = /^export const (\w+)\b/.exec(text)?.[1];
      if (!name) continue;
      if (!/\*\/$/.test(file.lines[line - 1]))
        faults.push(`${path}: ${name} has no comment above it`);
      const word = new RegExp(`\\b${name}\\b`);
      if (!users.some(({ code }) => code.some((used) => word.test(used))))
        faults.push(`${path}: ${name} is not used`);
    }
  }
  none(faults, "say why, or take out:");
});

test("every code has a wire number and a meaning of its own", () => {
  const wires = new Map<number, string>();
  for (const [name, wire] of Object.entries(WIRE)) {
    const { action, meaning } = MEANINGS[name as Code];
    assert.ok(Number.isInteger(wire) && wire > 0 && wire <= 0xffff, `${name}: wire ${wire}`);
    assert.equal(wires.get(wire), undefined, `${name} has a wire number of its own (${wire})`);
    wires.set(wire, name);
    assert.ok(["ignore", "reject"].includes(action), `${name}: ${action}`);
    assert.ok(meaning.length > 10, `${name} is explained`);
  }
  const meanings = Object.values(MEANINGS).map(({ meaning }) => meaning);
  assert.equal(new Set(meanings).size, meanings.length, "no two codes mean the same");
});
