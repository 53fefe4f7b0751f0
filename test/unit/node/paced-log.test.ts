// SPDX-License-Identifier: Apache-2.0
/** Lines that others bring about, at whatever pace they do. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { pacedGatewayLog } from "#node/process/paced-log";

test("a line of each kind in a second, with a count of what was left out; other lines as they come", () => {
  let nowMs = 0;
  const lines: string[] = [];
  const log = pacedGatewayLog(
    (level, event, facts) => void lines.push(`${level} ${event} ${JSON.stringify(facts ?? {})}`),
    () => nowMs,
  );
  for (let i = 0; i < 1000; i++) log("warn", "not-accepted", { code: "MALFORMED", node: `${i}` });
  log("warn", "not-accepted", { code: "UNKNOWN_NODE", node: "" });
  for (let i = 0; i < 3; i++) log("warn", "intake-full", { topic: "t" });
  for (let i = 0; i < 3; i++) log("info", "replayed");
  nowMs = 999;
  log("warn", "not-accepted", { code: "MALFORMED", node: "a" });
  nowMs = 1000;
  log("warn", "not-accepted", { code: "MALFORMED", node: "b" });
  nowMs = 3000;
  log("warn", "not-accepted", { code: "MALFORMED", node: "c" });
  assert.deepEqual(lines, [
    'warn not-accepted {"code":"MALFORMED","node":"0"}',
    'warn not-accepted {"code":"UNKNOWN_NODE","node":""}',
    'warn intake-full {"topic":"t"}',
    ...Array.from({ length: 3 }, () => "info replayed {}"),
    'warn not-accepted {"code":"MALFORMED","node":"b","leftOut":1000}',
    'warn not-accepted {"code":"MALFORMED","node":"c"}',
  ]);
});
