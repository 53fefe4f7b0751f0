// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test from "node:test";
import { targetOf } from "#tools/firmware/boards";
import { BuildError, forgetLink, forgetModules, sizeOf } from "#tools/firmware/build";
import { IMAGE_BYTES_TARGET, judgeImage, slotBytesOf } from "#tools/firmware/image";

const SLOT = 0x1c0000;

test("an image that a slot takes with its signature is taken, and how far it is from the target said", () => {
  assert.equal(IMAGE_BYTES_TARGET, Math.floor(1.2 * 1024 * 1024));
  const full = SLOT - 4096;
  assert.deepEqual(judgeImage(full, SLOT), {
    fits: true,
    text:
      "the image has 1.746 MB (1830912 bytes): 0 KB below what a slot takes (1.746 MB), " +
      "572621 bytes above the target (1.200 MB)",
  });
  const { fits, text } = judgeImage(full + 1, SLOT);
  assert.equal(fits, false);
  assert.match(text, /: 1 bytes above what a slot takes/);
  assert.match(judgeImage(1_048_576, SLOT).text, /205 KB below the target \(1\.200 MB\)$/);
});

test("a slot's size is the partition table's", () => {
  assert.equal(
    slotBytesOf("# x\nnvs, data, nvs, , 0x10000,\nota_0, app, ota_0, 0x10000, 0x1C0000,"),
    SLOT,
  );
  assert.throws(() => slotBytesOf("nvs, data, nvs, , 0x10000,"));
});

/** A folder that is gone after the test. */
function folder(t: { after(run: () => void): void }): string {
  const path = mkdtempSync(join(tmpdir(), "wattle-image-"));
  t.after(() => rmSync(path, { recursive: true }));
  return path;
}

test("the build of a board says its image's size, and fails where no slot takes it", (t) => {
  const board = targetOf("esp32c3-devkit")!;
  const slot = slotBytesOf(readFileSync(join(board.folder!, "partitions.csv"), "utf8"));
  const path = join(folder(t), "xs_esp32.bin");
  writeFileSync(path, new Uint8Array(slot - 4096));
  assert.match(sizeOf(board, path) ?? "", /0 KB below what a slot takes/);
  writeFileSync(path, new Uint8Array(slot - 4095));
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

test("modules are made anew where a name that others know them by may be another", (t) => {
  const path = folder(t);
  mkdirSync(join(path, "modules/wattle"), { recursive: true });
  const made = join(path, "modules/wattle/main.xsb");
  writeFileSync(made, "");
  forgetModules(path);
  assert.equal(existsSync(made), false, "of an unknown compiler");
  writeFileSync(made, "");
  forgetModules(path);
  assert.ok(existsSync(made), "nothing has changed");
});
