// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { test } from "node:test";
import { BOOT_FAILURES_MAX, BOOT_GOOD_MS, BOOT_RETRY_MS } from "#core/limits-device";
import { memoryStore } from "#host-sim/fleet/store";
import { BootGuard } from "#meter/health/boot-guard";
import { espResetReason, type ResetReason } from "#meter/health/reset-reason";
import type { KeyValueStore } from "#meter/ports";
import { ManualTimer } from "../../../helpers/driver-io.ts";

/** A board with a flash that starts again and again. */
class Board {
  writes = 0;
  restarts = 0;
  healthy = true;
  timer = new ManualTimer();
  guard!: BootGuard;
  readonly flash = memoryStore();
  readonly store: KeyValueStore = {
    get: (key) => this.flash.get(key),
    set: (key, value) => {
      this.writes++;
      this.flash.set(key, value);
    },
    delete: (key) => this.flash.delete(key),
    keys: (prefix) => this.flash.keys(prefix),
  };

  boot(reset: ResetReason, image = "1.0.0", forMs = 0): this {
    this.timer = new ManualTimer();
    this.guard = new BootGuard({
      store: this.store,
      timer: this.timer,
      log: () => {},
      reset,
      image,
      healthy: () => this.healthy,
      restart: () => this.restarts++,
    });
    this.guard.start();
    this.timer.advance(forMs);
    return this;
  }

  crashes(count: number): this {
    for (let i = 0; i < count; i++) this.boot("panic");
    return this;
  }
}

test("the first start of all is no failure, whatever its reason", () => {
  for (const reset of ["power-on", "software", "panic", "watchdog", "unknown"] as const) {
    const { guard } = new Board().boot(reset);
    assert.equal(guard.failed, 0, reset);
    assert.equal(guard.safe, false);
    assert.equal(guard.reset, reset);
  }
});

test("after three failures in a row the node only meters", () => {
  const board = new Board().boot("power-on");
  const safe = (["panic", "watchdog", "software"] as const).map((reset) => {
    board.boot(reset);
    return board.guard.safe;
  });
  assert.deepEqual(safe, [false, false, true]);
  assert.equal(board.guard.failed, BOOT_FAILURES_MAX);
});

test("an announced restart is no failure, and excuses one only", () => {
  const board = new Board().boot("power-on");
  board.guard.announce();
  board.boot("software");
  assert.equal(board.guard.failed, 0);
  board.boot("software");
  assert.equal(board.guard.failed, 1);
  board.guard.announce();
  board.boot("watchdog");
  assert.equal(board.guard.failed, 2, "it hung instead");
});

test("a good run clears the count; one that is not healthy or too short does not", () => {
  const board = new Board().boot("power-on").crashes(2);
  board.boot("panic", "1.0.0", BOOT_GOOD_MS - 1);
  assert.equal(board.guard.safe, true);
  const again = new Board().boot("power-on").crashes(1);
  again.boot("panic", "1.0.0", BOOT_GOOD_MS);
  again.boot("panic");
  assert.equal(again.guard.failed, 1);
  const sick = new Board().boot("power-on").crashes(1);
  sick.healthy = false;
  sick.boot("panic", "1.0.0", 5 * BOOT_GOOD_MS);
  sick.boot("panic");
  assert.equal(sick.guard.failed, 3);
});

test("a power cycle, a reset by hand and another image clear the count; a brownout leaves it", () => {
  for (const reset of ["power-on", "external"] as const) {
    const board = new Board().boot("power-on").crashes(5).boot(reset);
    assert.equal(board.guard.safe, false, reset);
    assert.equal(board.guard.failed, 0);
  }
  const board = new Board().boot("power-on").crashes(2);
  for (let i = 0; i < 10; i++) board.boot("brownout").boot("unknown");
  assert.equal(board.guard.failed, 2);
  board.boot("panic", "1.0.1");
  assert.equal(board.guard.failed, 0, "what failed was the other one");
  board.boot("panic", "1.0.1");
  assert.equal(board.guard.failed, 1);
});

test("safe mode tries everything again after a day, and one failure brings it back", () => {
  const board = new Board().boot("power-on").crashes(3);
  board.timer.advance(BOOT_RETRY_MS - 1);
  assert.equal(board.restarts, 0);
  board.timer.advance(1);
  assert.equal(board.restarts, 1);
  board.boot("software");
  assert.equal(board.guard.safe, false);
  board.boot("panic");
  assert.equal(board.guard.safe, true);
  board.boot("panic", "1.0.0", BOOT_GOOD_MS);
  assert.equal(board.guard.safe, true, "a good run in safe mode proves nothing about the rest");
  board.boot("watchdog");
  assert.equal(board.guard.safe, true);
  board.healthy = false;
  board.timer.advance(10 * BOOT_RETRY_MS);
  assert.equal(board.restarts, 1, "not while it is ill");
});

test("a good run after the retry clears everything", () => {
  const board = new Board().boot("power-on").crashes(3);
  board.timer.advance(BOOT_RETRY_MS);
  board.boot("software", "1.0.0", BOOT_GOOD_MS);
  board.boot("panic");
  assert.equal(board.guard.failed, 1);
});

test("a start without failures writes nothing", () => {
  const board = new Board().boot("power-on", "1.0.0", BOOT_GOOD_MS);
  const { writes } = board;
  assert.equal(writes, 1, "the first start of all says which image runs");
  for (let i = 0; i < 100; i++) board.boot("power-on", "1.0.0", 2 * BOOT_GOOD_MS);
  assert.equal(board.writes, writes);
  board.crashes(300);
  assert.equal(board.guard.failed, 255);
  assert.ok(board.writes <= writes + 255);
});

test("a write that a power cut tears loses one count, and never the start", () => {
  const board = new Board().boot("power-on").crashes(2);
  for (const key of ["b0", "b1"]) {
    const torn = new Board();
    for (const other of board.flash.keys("b")) torn.flash.set(other, board.flash.get(other)!);
    torn.flash.set(key, Uint8Array.of(1, 2, 3, 4, 5, 6));
    torn.boot("panic");
    assert.ok(torn.guard.failed === 3 || torn.guard.failed === 2, `${torn.guard.failed}`);
  }
  const junk = new Board();
  junk.flash.set("b0", new Uint8Array(3));
  junk.flash.set("b1", new Uint8Array(300).fill(0xff));
  assert.equal(junk.boot("panic").guard.failed, 0);
});

test("the reset reasons of ESP-IDF", () => {
  assert.equal(espResetReason(1), "power-on");
  assert.equal(espResetReason(3), "software");
  assert.equal(espResetReason(4), "panic");
  for (const number of [5, 6, 7]) assert.equal(espResetReason(number), "watchdog");
  assert.equal(espResetReason(9), "brownout");
  for (const number of [0, 8, 99, -1]) assert.equal(espResetReason(number), "unknown");
});
