// SPDX-License-Identifier: Apache-2.0
/**
 * What the firmware's modules are made of for a release. XS keeps in flash what a bundler for browsers would
 * throw away, so that this is worth a tenth of the JavaScript (docs/firmware.md, Image size):
 *
 * - names of variables are shortened: XS keeps them, once for all modules;
 * - so are the names under which modules export to each other: a name takes 35 bytes;
 * - functions become arrow functions: others bring an object each for their `prototype`, 48 bytes.
 *
 * It goes by the text that esbuild prints, which has one form; a test says what it does to all modules.
 */
import { existsSync, readFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { transformSync } from "esbuild";

const root = join(dirname(fileURLToPath(import.meta.url)), "../..");

/** Modules that stand for each other under one name, or that a manifest loads: they keep theirs. */
const NAMED =
  /^src\/(core\/codec\/cbor-|xs\/(esp32|desktop|main|chip\/drivers\/|device\/(crypto-|noble)))/;
const OURS = /^src\/(core|drivers|meter|xs)\//;

/** The JavaScript of the TypeScript module at `source`, an absolute path. */
export function shrunk(source) {
  return withShortImports(arrows(printed(source)), source);
}

/** What esbuild prints of it. */
function printed(source) {
  const { code } = transformSync(readFileSync(source, "utf8"), {
    loader: "ts",
    format: "esm",
    target: "es2021",
    minifyIdentifiers: true,
    minifySyntax: true,
    legalComments: "none",
    // As tsc for that target: a field is set in the constructor, and one without a value costs nothing.
    tsconfigRaw: {
      compilerOptions: { useDefineForClassFields: false, verbatimModuleSyntax: true },
    },
  });
  return code;
}

const IMPORT = /^import (?:[\s\S]*?from )?"[^"]*";\n/gm;
const FUNCTION = /^(async )?function ([\w$]+)\((.*)\) \{\n([\s\S]*?)^\}\n/gm;

/** Functions at the top of a module as arrow functions behind its imports: there they exist as early. */
export function arrows(code) {
  // A text of several lines may look like code.
  if (code.replace(/`[^`\n]*`/g, "").includes("`")) return code;
  let moved = "";
  const rest = code.replace(FUNCTION, (whole, async = "", name, args, body) => {
    const own = /\b(this|arguments|super|new\.target)\b/.test(args + body);
    if (own || new RegExp(`\\bnew ${name.replaceAll("$", "\\$")}\\b`).test(code)) return whole;
    moved += `const ${name} = ${async}(${args}) => {\n${body}};\n`;
    return "";
  });
  let end = 0;
  for (const found of rest.matchAll(IMPORT)) end = found.index + found[0].length;
  return rest.slice(0, end) + moved + rest.slice(end);
}

const CLAUSE = /^(import|export) \{([^}]*)\}(?: from "([^"]*)")?;/gm;

/** Each clause with the names by which the modules know each other now. */
function withShortImports(code, source) {
  const own = shortNames(source);
  return code
    .replace(CLAUSE, (_whole, kind, names, specifier) => {
      const target = specifier && targetOf(specifier, source);
      const theirs = target ? shortNames(target) : new Map();
      const items = itemsOf(names).map(([from, to]) =>
        kind === "import"
          ? `${theirs.get(from) ?? from} as ${to}`
          : `${theirs.get(from) ?? from} as ${own.get(to) ?? to}`,
      );
      const suffix = specifier === undefined ? "" : ` from "${specifier}"`;
      return `${kind} { ${items.join(", ")} }${suffix};`;
    })
    .replace(/^((?:import|export) [^"\n]*from |import )"(\.[^"]*)\.ts"/gm, '$1"$2.js"');
}

/** Of `a as b, c`: [a, b] and [c, c]. */
function itemsOf(names) {
  const items = names.split(",").map((item) => item.trim());
  return items.filter(Boolean).map((item) => {
    const [from, to = from] = item.split(" as ");
    return [from, to];
  });
}

/** The module of ours that `specifier` means in `source`; undefined for others. */
function targetOf(specifier, source) {
  const [, layer, rest] = /^#(core|drivers|meter|xs)\/(.+)$/.exec(specifier) ?? [];
  const path = layer ? join(root, "src", layer, `${rest}.ts`) : undefined;
  if (path) return path;
  return specifier.startsWith(".") ? join(dirname(source), specifier) : undefined;
}

const known = new Map();

/** The short name of each export of the module at `path`; empty where it keeps them. */
function shortNames(path) {
  const project = relative(root, path).replaceAll("\\", "/");
  if (!OURS.test(project) || NAMED.test(project) || !existsSync(path)) return new Map();
  let names = known.get(path);
  if (names) return names;
  const exported = [];
  for (const [, kind, clause] of printed(path).matchAll(CLAUSE))
    if (kind === "export") for (const [, to] of itemsOf(clause)) exported.push(to);
  names = shortened(exported.filter((name) => name !== "default"));
  known.set(path, names);
  return names;
}

/** Letters of the shortest names, and of those that would clash there. */
const SIZES = [1, 2];

/**
 * Short names that follow from each name alone, so that a module compiled before another one was changed
 * finds the same under a name or nothing; those that clash in their module keep their own.
 */
export function shortened(names) {
  const short = new Map();
  let left = names;
  for (const size of SIZES) {
    const byShort = new Map();
    for (const name of left) {
      const key = hashed(name, size);
      byShort.set(key, [...(byShort.get(key) ?? []), name]);
    }
    for (const [key, [name, ...others]] of byShort) if (others.length === 0) short.set(name, key);
    left = left.filter((name) => !short.has(name));
  }
  return short;
}

const LETTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";

/** `$` and `size` letters, by FNV-1a of the name. */
function hashed(name, size) {
  let hash = 0x811c9dc5;
  for (let i = 0; i < name.length; i++) hash = Math.imul(hash ^ name.charCodeAt(i), 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 15), 0x2c1b3c6d); // its low bits alone differ little
  hash = (hash ^ (hash >>> 13)) >>> 0;
  let key = "$";
  for (let i = 0; i < size; i++, hash = Math.floor(hash / LETTERS.length))
    key += LETTERS[hash % LETTERS.length];
  return key;
}
