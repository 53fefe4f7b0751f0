// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import test from "node:test";
import { targetOf } from "#tools/firmware/boards";
import { blocksOf, checkTypes, judge } from "#tools/firmware/check";

const root = join(import.meta.dirname, "../../..");
const ours = readFileSync(join(root, "src/xs/sdk.d.ts"), "utf8");

/** An SDK with nothing but typings. */
function sdkWith(t: { after(run: () => void): void }, files: Record<string, string>): string {
  const folder = mkdtempSync(join(tmpdir(), "wattle-sdk-"));
  t.after(() => rmSync(folder, { recursive: true }));
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), text);
  }
  return folder;
}

test("every module that the firmware declares is found", () => {
  assert.equal(blocksOf(ours).size, ours.match(/declare module/g)?.length);
  for (const [name, text] of blocksOf(ours)) assert.ok(text.includes(`"${name}"`), name);
});

test("what the SDK's typings are known to lack is told apart from errors", () => {
  const known = "src/xs/a.ts(1,2): error TS2339: Property 'close' does not exist on type 'UDP'.";
  const other = "src/xs/a.ts(3,4): error TS2345: Argument of type 'A'\n  Type 'B' is not 'C'.";
  const { lacking, faults } = judge(`${known}\n${other}\n${known}\n`);
  assert.equal(lacking.length, 1);
  assert.match(lacking[0], /udp: close/);
  assert.deepEqual(faults, [other]);
  assert.deepEqual(judge(""), { lacking: [], faults: [] });
});

test("the SDK's typings count where it has some, ours where it has none", (t) => {
  const blocks = blocksOf(ours);
  const timer = blocks.get("timer")!;
  const files = {
    "xs/includes/xs.d.ts": "",
    "mc.ffi.d.ts": blocks.get("mc/ffi")!,
    "typings/timer.d.ts": timer,
    // Others of the same name, for another device.
    "typings/pebble/timer.d.ts": timer.replace("delayMs?: number", "delayMs: string"),
  };
  const target = targetOf("esp32-devkit")!;
  const same = sdkWith(t, files);
  const report = checkTypes(target, same, same);
  assert.deepEqual(report.faults, []);
  assert.deepEqual(report.compared, ["timer", "mc/ffi"]);
  assert.equal(report.untyped.length, blocks.size - 2);

  const text = timer.replace("delayMs?: number", "delayMs: string");
  assert.notEqual(text, timer);
  const changed = sdkWith(t, { ...files, "typings/timer.d.ts": text });
  const { faults } = checkTypes(target, changed, changed);
  assert.equal(faults.length, 1);
  assert.match(faults[0], /src\/xs\/device\/timer\.ts/);
});

test("without an SDK the doctor says so", () => {
  const { MODDABLE: _, ...env } = process.env;
  const args = [join(root, "tools/firmware/run.ts"), "--board", "sim", "--check"];
  const { status, stdout } = spawnSync(process.execPath, args, { env, encoding: "utf8" });
  assert.equal(status, 1);
  assert.match(stdout, /^missing +Moddable SDK +set MODDABLE/m);
  assert.doesNotMatch(stdout, /gio-2\.0|libsodium/, "what the check does not need");
});
