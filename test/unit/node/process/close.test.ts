// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { test } from "node:test";
import { closeAll } from "#node/process/close";

test("each part ends, whatever those before it did; what failed or hangs is said", async () => {
  const ended: string[] = [];
  const said: string[] = [];
  const fails = (text: string) => {
    throw new Error(text);
  };
  await closeAll(
    [
      ["one", () => fails("at once")],
      ["two", async () => fails("later")],
      ["three", () => new Promise(() => {})],
      ["four", () => ended.push("four")],
    ],
    (level, event, facts) => said.push(`${level} ${event} ${facts?.part}: ${facts?.cause}`),
    20,
  );
  assert.deepEqual(ended, ["four"]);
  assert.deepEqual(said, [
    "error not-closed one: Error: at once",
    "error not-closed two: Error: later",
    "error not-closed three: Error: not within 20 ms",
  ]);
});
