// SPDX-License-Identifier: Apache-2.0
/** docs/protocol.cddl is what the records say, and refers to nothing that it does not define. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { ALL_RECORDS } from "#core/records/index";
import { structRules } from "#tools/cddl-rules";

const root = fileURLToPath(new URL("../../../../", import.meta.url));
const document = readFileSync(`${root}docs/protocol.cddl`, "utf8");

/** Names of RFC 8610's prelude that the document uses. */
const PRELUDE = ["bstr", "tstr", "uint"];

/** The document without comments, texts and control operators. */
const code = document
  .replace(/;.*$/gm, "")
  .replace(/"[^"]*"/g, '""')
  .replace(/\.(size|cbor)\b/g, " ");

/** Rule names with their definitions; a rule begins at the start of a line and goes on indented. */
function rules(): Map<string, string> {
  const found = new Map<string, string>();
  for (const match of code.matchAll(/^([a-z][a-z0-9-]*(?:<r>)?) = ((?:.|\n(?=[ \]]))*)/gm)) {
    assert.ok(!found.has(match[1]), `${match[1]} is defined once`);
    found.set(match[1], match[2]);
  }
  return found;
}

test("the file is in step with the records", () => {
  const run = spawnSync(process.execPath, ["tools/cddl.ts", "--check"], { cwd: root });
  assert.equal(run.status, 0, `run node tools/cddl.ts: ${run.stderr}`);
});

test("every name that a rule refers to is defined, and every rule is referred to", () => {
  const defined = rules();
  const known = new Set([...defined.keys()].map((name) => name.replace("<r>", "")));
  const used = new Set<string>();
  for (const [name, rule] of defined) {
    // What stands before a colon is the name of a member.
    for (const [word] of rule.replace(/[a-z0-9-]+:/g, " ").matchAll(/[a-z][a-z0-9-]*/g)) {
      if (PRELUDE.includes(word) || (word === "r" && name.endsWith("<r>"))) continue;
      assert.ok(known.has(word), `${word} in ${name} is defined`);
      used.add(word);
    }
  }
  for (const name of known) assert.ok(name === "message" || used.has(name), `${name} is used`);
});

test("brackets are closed and every record and named struct has its rule", () => {
  const defined = rules();
  const opening = code.match(/[[(<]/g)?.length;
  assert.equal(opening, code.match(/[\])>]/g)?.length, "as many closed as opened");
  for (const type of ALL_RECORDS) {
    assert.match(defined.get(type.name) ?? "", new RegExp(`kind: ${type.kind},`), type.name);
    for (const name of Object.keys(structRules(type.body)))
      assert.ok(defined.has(name), `${name} has a rule`);
  }
});
