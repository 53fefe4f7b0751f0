// SPDX-License-Identifier: Apache-2.0
/** When a node goes to another gateway, and when it comes back. */
import assert from "node:assert/strict";
import { test } from "node:test";
import {
  ROAM_AWAY_JITTER_MS,
  ROAM_AWAY_MS,
  ROAM_BACK_JITTER_MS,
  ROAM_BACK_MS,
  ROAM_FLEE_MS,
  ROAM_FLIGHTS_MAX,
} from "#core/limits-device";
import { Roamer } from "#meter/link/roamer";
import { ManualTimer } from "../../../helpers/driver-io.ts";

function bench(place: number, next: number, jitter = 0xff, flights = 0) {
  const timer = new ManualTimer();
  const moves: number[] = [];
  const kept: number[] = [];
  const world = { up: true, online: false };
  const roamer = new Roamer(
    { place, next, flights },
    {
      ...{ timer, log: () => {} },
      moveTo(to, more) {
        moves.push(to);
        kept.push(more);
      },
      entropy: { bytes: (length) => new Uint8Array(length).fill(jitter) },
      network: { up: () => world.up },
      session: {
        get online() {
          return world.online;
        },
      },
    },
  );
  const set = (more: Partial<typeof world>) => {
    Object.assign(world, more);
    roamer.look();
  };
  roamer.look();
  return { timer, moves, kept, set, roamer };
}

test("without its gateway for minutes a node goes to the next one, each after a time of its own", () => {
  for (const [jitter, mostMs] of [
    [0, ROAM_AWAY_MS + 1],
    [0xff, ROAM_AWAY_MS + ROAM_AWAY_JITTER_MS],
  ]) {
    const { timer, moves } = bench(0, 1, jitter);
    timer.advance(mostMs - 1);
    assert.deepEqual(moves, []);
    timer.advance(1);
    assert.deepEqual(moves, [1]);
  }
});

test("a gateway that comes back in time keeps its node, and a network that is away says nothing of it", () => {
  const { timer, moves, set } = bench(0, 2, 0);
  timer.advance(ROAM_AWAY_MS - 1);
  set({ online: true });
  timer.advance(ROAM_BACK_MS);
  set({ online: false });
  timer.advance(ROAM_AWAY_MS - 1);
  set({ up: false });
  timer.advance(10 * ROAM_AWAY_MS);
  set({ up: true });
  timer.advance(ROAM_AWAY_MS);
  assert.deepEqual(moves, []);
  timer.advance(1);
  assert.deepEqual(moves, [2]);
});

test("at another one it tries its own again after hours, and goes on where that other is away too", () => {
  const away = bench(2, 0, 0);
  away.timer.advance(ROAM_AWAY_MS + 1);
  assert.deepEqual(away.moves, [0]);
  const there = bench(1, 2);
  there.set({ online: true });
  there.timer.advance(ROAM_BACK_MS + ROAM_BACK_JITTER_MS - 1);
  assert.deepEqual(there.moves, []);
  there.timer.advance(1);
  assert.deepEqual(there.moves, [0]);
});

test("a node with one gateway waits for it", () => {
  const { timer, moves } = bench(0, 0);
  timer.advance(3 * ROAM_BACK_MS);
  assert.deepEqual(moves, []);
});

test("a gateway whose word is false is left: soon after long, and later each time in a row", () => {
  const long = bench(0, 1, 0);
  long.set({ online: true });
  long.timer.advance(ROAM_FLEE_MS);
  long.roamer.flee();
  long.timer.advance(1);
  assert.deepEqual([long.moves, long.kept], [[1], [1]]);
  for (let flights = 0; flights <= ROAM_FLIGHTS_MAX; flights++) {
    const { timer, moves, kept, set, roamer } = bench(1, 0, 0xff, flights);
    set({ online: true });
    timer.advance(1000);
    roamer.flee();
    const dueMs = ROAM_FLEE_MS * 2 ** flights + ROAM_AWAY_JITTER_MS;
    // A liar that says more does not put it off.
    timer.advance(dueMs - 1001);
    roamer.flee();
    assert.deepEqual(moves, []);
    timer.advance(1);
    assert.deepEqual([moves, kept], [[0], [Math.min(flights + 1, ROAM_FLIGHTS_MAX)]]);
  }
});

test("hours at a gateway, or a move for another reason, end the row", () => {
  const { timer, moves, kept, set, roamer } = bench(0, 1, 0, 3);
  set({ online: true });
  timer.advance(ROAM_BACK_MS);
  roamer.flee();
  timer.advance(1);
  assert.deepEqual([moves, kept], [[1], [1]]);
  const absent = bench(2, 0, 0, 3);
  absent.timer.advance(ROAM_AWAY_MS + 1);
  assert.deepEqual([absent.moves, absent.kept], [[0], [0]]);
});

test("a node with one gateway stays there, whatever that says", () => {
  const { timer, moves, set, roamer } = bench(0, 0, 0);
  set({ online: true });
  timer.advance(ROAM_FLEE_MS);
  roamer.flee();
  timer.advance(ROAM_BACK_MS);
  assert.deepEqual(moves, []);
});
