// SPDX-License-Identifier: Apache-2.0
/** Lines of a stream, however it is cut, and no more of a long one than it takes to refuse it. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { Lines } from "#host-sim/panel/lines";
import { PANEL_CHARS_MAX, parsePanelMessage } from "#host-sim/panel/protocol";

test("the lines are the same wherever the stream is cut", () => {
  const line = fc.string({ maxLength: 30 }).map((text) => text.replace(/\s/g, "_"));
  fc.assert(
    fc.property(fc.array(line), fc.array(fc.nat(40)), (texts, cuts) => {
      const lines = new Lines();
      let stream = texts.map((text) => `${text}\r\n`).join("");
      const read: string[] = [];
      for (const cut of cuts) {
        read.push(...lines.take(stream.slice(0, cut)));
        stream = stream.slice(cut);
      }
      read.push(...lines.take(stream), ...lines.end());
      assert.deepEqual(
        read,
        texts.filter((text) => text !== ""),
      );
    }),
  );
});

test("a line without an end is not kept, and is refused when its end comes", () => {
  const lines = new Lines();
  for (let i = 0; i < 1000; i++)
    assert.deepEqual(lines.take(" ".repeat(100) + "x".repeat(1000)), []);
  const [long, next] = lines.take('\n{"ask":"state"}\n');
  assert.ok(long.length <= PANEL_CHARS_MAX + 1);
  assert.equal(parsePanelMessage(long).ok, false);
  assert.ok(parsePanelMessage(next).ok);
});
