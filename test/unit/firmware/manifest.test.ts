// SPDX-License-Identifier: Apache-2.0
/** The ways in which a Moddable build goes wrong without a word, looked for where no SDK is. */
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import test from "node:test";
import { manifests } from "#tools/firmware/modules";

const root = join(import.meta.dirname, "../../..");
const folder = join(root, "src/xs/manifest");

function json(path: string) {
  return JSON.parse(readFileSync(path, "utf8"));
}

test("the lists of modules are those that the application imports", async () => {
  for (const [name, text] of Object.entries(await manifests()))
    assert.equal(readFileSync(join(root, name), "utf8"), text, `node tools/firmware/modules.ts`);
});

test("every module of ours is preloaded by name, and noble never is", () => {
  for (const name of readdirSync(folder).filter((file) => file.endsWith(".json"))) {
    const { modules = {}, preload = [] } = json(join(folder, name));
    for (const module of preload) assert.doesNotMatch(module, /\*/, `${name}: skips .ts modules`);
    const noble = name === "crypto-noble.json";
    for (const module of Object.keys(modules)) {
      // C files of a module beside it; what is left out of an included manifest.
      if (module === "*" || module === "~") continue;
      const kept = noble && /@noble\/|device\/noble|noble-ed25519/.test(module);
      assert.equal(preload.includes(module), !kept, `${name}: ${module}`);
    }
    assert.ok(!Object.hasOwn(modules, "package"), "collides with the SDK's typings");
  }
});

test("what no script uses of the language is left out, and cbor-x, which needs it, is not there", () => {
  for (const name of ["manifest.json", "test/simulator/selftest/manifest.json"])
    assert.equal(json(join(root, name)).strip, "*", name);
  for (const name of readdirSync(folder).filter((file) => file.endsWith(".json")))
    assert.doesNotMatch(readFileSync(join(folder, name), "utf8"), /cbor-x/, name);
});

test("the firmware has the package's version", () => {
  const { config } = json(join(root, "manifest.json"));
  assert.equal(config.version, json(join(root, "package.json")).version);
});

interface Signature {
  arguments: string[];
  returns: string;
}

/** C functions that other files can call, with their types. */
function functionsOf(source: string): Map<string, Signature> {
  const found = new Map<string, Signature>();
  const pattern = /^(void|double|u?int32_t|char \*) ?(wattle_\w+)\(([^)]*)\) \{/gm;
  for (const [, returns, name, list] of source.matchAll(pattern)) {
    const types = list.trim() === "void" ? [] : list.split(",").map(typeOf);
    found.set(name, { arguments: types, returns: returns.replace(" ", "") });
  }
  return found;
}

function typeOf(argument: string): string {
  return argument.trim().replace(/^(.*?) (\*?)\w+$/, "$1$2");
}

test("FFI describes the C functions as they are, on every platform", () => {
  const native = join(root, "src/xs/native");
  const sources = (files: string[]) =>
    new Map(files.flatMap((file) => [...functionsOf(readFileSync(join(native, file), "utf8"))]));
  const desktop = ["entropy.c", "store.c", "system.c"];
  const sets = {
    "crypto-native.json": [sources(["sodium.c"])],
    "esp32.json": [
      sources(["chip.c", "flash.c", "uart.c", "witness.c"].map((file) => `esp32/${file}`)),
    ],
    "desktop.json": [
      sources(desktop.map((file) => `posix/${file}`)),
      sources(desktop.map((file) => `win/${file}`)),
    ],
  };
  const declared = readFileSync(join(root, "src/xs/sdk.d.ts"), "utf8");
  for (const [name, platforms] of Object.entries(sets)) {
    const described: Record<string, Signature> = json(join(folder, name)).ffi.functions;
    for (const functions of platforms) {
      assert.ok(functions.size > 2, `${name}: the C functions were found`);
      assert.deepEqual([...functions.keys()].sort(), Object.keys(described).sort(), name);
      for (const [key, { arguments: types, returns }] of functions) {
        // FFI checks sizes in brackets; to C it is a pointer.
        const plain = described[key].arguments.map((type) => type.replace(/\[\d+\]/, "*"));
        assert.deepEqual(
          { types, returns },
          { types: plain, returns: described[key].returns },
          key,
        );
        assert.match(declared, new RegExp(`\\b${key}\\(`), `${key} is in sdk.d.ts`);
      }
    }
  }
});
