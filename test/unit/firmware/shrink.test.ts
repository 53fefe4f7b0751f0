// SPDX-License-Identifier: Apache-2.0
/** What a release makes of modules (tools/firmware/shrink.js): they fit together, and do the same. */
import assert from "node:assert/strict";
import { join } from "node:path";
import test from "node:test";
import { build, type Plugin } from "esbuild";
import { arrows, shortened, shrunk } from "#tools/firmware/shrunk";
import { results } from "./shrunk.ts";

const root = join(import.meta.dirname, "../../..");

/** Loads each TypeScript module as the SDK's makefile has it compiled; what is of the SDK stays away. */
const release: Plugin = {
  name: "release",
  setup(build) {
    build.onResolve({ filter: /^\..*\.js$/ }, ({ path, importer }) =>
      importer.endsWith(".ts")
        ? { path: join(importer, "..", path.replace(/\.js$/, ".ts")) }
        : undefined,
    );
    build.onLoad({ filter: /\.ts$/ }, ({ path }) => ({ contents: shrunk(path), loader: "js" }));
  },
};

async function bundled(entryPoints: string[]): Promise<string> {
  const { outputFiles, warnings } = await build({
    absWorkingDir: root,
    preserveSymlinks: true,
    entryPoints,
    bundle: true,
    write: false,
    format: "esm",
    outdir: "unused",
    logLevel: "silent",
    conditions: ["moddable", "esp32"],
    plugins: [release],
    external: [
      "timer",
      "crypt",
      "modules",
      "net",
      "qrcode",
      "mc/*",
      "embedded:*",
      "ssl/*",
      "ecdsa",
    ].concat(["ecp", "curve", "#board", "#platform/*", "@noble/*"]),
  });
  assert.deepEqual(warnings, []);
  return outputFiles[0].text;
}

test("every import of the firmware has its export, under the name that it has now", async () => {
  for (const path of [
    "src/xs/main.ts",
    "src/xs/chip/drivers/all.ts",
    "host-sim/panel/device-app.ts",
  ]) {
    const code = await bundled([join(root, path)]);
    const left = code.match(/^(async )?function /gm)?.length ?? 0;
    const moved = code.match(/^var [\w$]+ = (async )?\(.*\) => \{$/gm)?.length ?? 0;
    assert.ok(left < moved / 10, `${path}: ${left} functions, ${moved} arrow functions`);
  }
});

test("what is shrunk does the same", async () => {
  const code = await bundled([join(root, "test/unit/firmware/shrunk.ts")]);
  const url = `data:text/javascript,${encodeURIComponent(code)}`;
  const shrunken = (await import(url)) as { results: typeof results };
  assert.equal(shrunken.results(), results());
});

test("only what needs nothing of its own becomes an arrow function", () => {
  const code = [
    'import { a } from "x";',
    "function plain(b, c = 1) {\n  return b + c;\n}",
    "async function later() {\n  await 0;\n}",
    "function own() {\n  return this;\n}",
    "function made() {\n}",
    "export const x = new made();",
    "",
  ].join("\n");
  const done = arrows(code);
  assert.match(done, /^import .*\nconst plain = \(b, c = 1\) => \{\n {2}return b \+ c;\n\};\n/);
  assert.match(done, /^const later = async \(\) => \{/m);
  assert.match(done, /^function own\(\)/m);
  assert.match(done, /^function made\(\)/m);
  const text = "function a() {\n  return `\n}\n`;\n}\n";
  assert.equal(arrows(text), text);
});

test("a short name follows from the name, whatever else the module exports", () => {
  const names = Array.from({ length: 300 }, (_, i) => `export${i}`);
  const all = shortened(names);
  assert.equal(new Set(all.values()).size, all.size, "each is one's alone");
  assert.ok(all.size > 250, `${all.size} of 300`);
  for (let count = 1; count < 300; count++)
    for (const [name, short] of shortened(names.slice(0, count)))
      for (const [other, same] of all) assert.ok(same !== short || name === other);
});
