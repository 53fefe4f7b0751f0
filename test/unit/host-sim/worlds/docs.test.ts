// SPDX-License-Identifier: Apache-2.0
/** docs/data.md is kept true: its examples load, and its codes are the code's. */
import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { DATA_ERRORS } from "#host-sim/worlds/errors";
import { loadWorld } from "#host-sim/worlds/load";

const text = readFileSync(new URL("../../../../docs/data.md", import.meta.url), "utf8");

test("the CSV examples load", (t) => {
  const dir = mkdtempSync(join(tmpdir(), "wattle-docs-"));
  t.after(() => rmSync(dir, { recursive: true }));
  const examples = [...text.matchAll(/```csv\n([\s\S]*?)```/g)].map((match) => match[1]!);
  const worlds = examples.map((example, i) => {
    const data = join(dir, `${i}.csv`);
    writeFileSync(data, example);
    return loadWorld({ data, seed: 1 });
  });
  assert.deepEqual(
    worlds.map((world) => [world.homes.length, world.slots, world.slotSeconds]),
    [
      [2, 2, 900],
      [2, 1, 900],
    ],
  );
  assert.equal(worlds[0]!.loadWh(1, 0), 120);
  assert.equal(worlds[1]!.generationWh(1, 0), 780);
});

test("the table of error codes is the code's", () => {
  const rows = [...text.matchAll(/^\| `([a-z]+-[a-z-]+)` \| (.+) \|$/gm)];
  const documented = Object.fromEntries(rows.map(([, code, meaning]) => [code, meaning]));
  assert.deepEqual(documented, { ...DATA_ERRORS });
});
