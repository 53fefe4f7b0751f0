// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test from "node:test";
import { targetOf } from "#tools/firmware/boards";
import { BuildError, forgetLink, sizeOf } from "#tools/firmware/build";
import { IMAGE_BYTES_MAX, judgeImage } from "#tools/firmware/image";

test("an image of 1.2 MB is taken, a byte more is not", () => {
  assert.equal(IMAGE_BYTES_MAX, Math.floor(1.2 * 1024 * 1024));
  assert.equal(judgeImage(IMAGE_BYTES_MAX).fits, true);
  const { fits, text } = judgeImage(IMAGE_BYTES_MAX + 1);
  assert.equal(fits, false);
  assert.match(text, /1258292 bytes\): 1 bytes above the limit of 1\.200 MB/);
  assert.match(judgeImage(1_048_576).text, /1\.000 MB \(1048576 bytes\): 205 KB below/);
});

/** A folder that is gone after the test. */
function folder(t: { after(run: () => void): void }): string {
  const path = mkdtempSync(join(tmpdir(), "wattle-image-"));
  t.after(() => rmSync(path, { recursive: true }));
  return path;
}

test("the build of a board says its image's size, and fails above the limit", (t) => {
  const board = targetOf("esp32c3-devkit")!;
  const path = join(folder(t), "xs_esp32.bin");
  writeFileSync(path, new Uint8Array(IMAGE_BYTES_MAX));
  assert.match(sizeOf(board, path) ?? "", /0 KB below/);
  writeFileSync(path, new Uint8Array(IMAGE_BYTES_MAX + 1));
  assert.throws(() => sizeOf(board, path), BuildError);
  assert.equal(sizeOf(targetOf("sim")!, path), undefined);
});

test("before a link everything goes that has numbers of the last one in it", (t) => {
  const path = folder(t);
  mkdirSync(join(path, "modules"));
  const stale = ["modules/mc.xsi", "mc.xs.c", "mc.xs.c.o", "tcp.c.o"];
  const kept = ["makefile", "modules/main.xsb"];
  for (const name of [...stale, ...kept]) writeFileSync(join(path, name), "");
  forgetLink(path);
  for (const name of stale) assert.equal(existsSync(join(path, name)), false, name);
  for (const name of kept) assert.equal(existsSync(join(path, name)), true, name);
});
