// SPDX-License-Identifier: Apache-2.0
/**
 * The table of codes in docs/protocol.md says what src/core/errors says: every code, and no
 * other.
 */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { type Code, WIRE } from "#core/errors/codes";
import { MEANINGS } from "#core/errors/meanings";

const text = readFileSync(new URL("../../../docs/protocol.md", import.meta.url), "utf8");
const table = /<!-- codes:begin -->\n([\s\S]*?)<!-- codes:end -->/.exec(text)?.[1] ?? "";

/** A row as Markdown writes it. */
function rowOf(wire: number, name: string, action: string, meaning: string): string {
  return `| ${wire} | ${name} | ${action} | ${meaning.replaceAll("|", "\\|")} |`;
}

test("docs/protocol.md lists every code with its number, action and meaning, by rising number", () => {
  const expected = Object.entries(WIRE)
    .sort(([, a], [, b]) => a - b)
    .map(([name, wire]) => {
      const { action, meaning } = MEANINGS[name as Code];
      return rowOf(wire, name, action, meaning);
    });
  const found = table.split("\n").filter((line) => /^\| \d/.test(line));
  assert.ok(expected.length > 50, "the codes are there");
  assert.deepEqual(
    found,
    expected,
    `between codes:begin and codes:end docs/protocol.md must have:\n${expected.join("\n")}`,
  );
});
