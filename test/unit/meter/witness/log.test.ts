// SPDX-License-Identifier: Apache-2.0
/** The witness log: through restarts, power cuts at every step, lost and spoilt flash. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { WITNESS_AUTHORS_MAX } from "#core/limits";
import { CUT_MODES } from "#host-sim/flash/power";
import type { WitnessLog } from "#meter/witness/log";
import { type Entry, RECORDS_PER_SECTOR } from "#meter/witness/record";
import { Rng } from "../../../property/rng.ts";
import { entryOf, LogBoard } from "./rig.ts";

type Model = Map<number, number>;

function same(
  log: WitnessLog,
  model: Model,
  what: string,
  unsure?: { author: number; seq: number },
) {
  assert.equal(log.broken, false, what);
  for (const [author, seq] of model) {
    const found = log.last(entryOf(author, seq).from);
    const wanted = unsure?.author === author && found?.seq === unsure.seq ? unsure.seq : seq;
    assert.deepEqual(found, entryOf(author, wanted), `${what}, author ${author}`);
  }
}

/** Authors that speak often and authors that spoke once, long ago. */
function script(seed: number, length: number): { author: number; seq: number }[] {
  const rng = new Rng(seed);
  return Array.from({ length }, (_, i) => ({
    author: i < 60 ? i : rng.below(rng.below(40) === 0 ? 60 : 6),
    seq: i + 1,
  }));
}

test("what was put is there after a restart, over several turns of the ring", () => {
  const board = new LogBoard();
  let log = board.start();
  assert.equal(log.state, "fresh");
  const model: Model = new Map();
  for (const { author, seq } of script(1, 5000)) {
    assert.ok(log.put(entryOf(author, seq), 0));
    model.set(author, seq);
    if (seq % 97 !== 0) continue;
    log = board.start();
    assert.equal(log.state, "kept");
    same(log, model, `after ${seq}`);
  }
  assert.equal(log.last(new Uint8Array(16).fill(200)), undefined);
});

test("a cut at any step of any write loses nothing that was put", () => {
  const board = new LogBoard();
  let log = board.start();
  const model: Model = new Map();
  let cases = 0;
  let rotations = 0;
  let copies = 0;
  for (const { author, seq } of script(2, 1500)) {
    const entry = entryOf(author, seq);
    const before = board.clone();
    const first = board.power.steps;
    assert.ok(log.put(entry, 0));
    const steps = board.power.steps - first;
    const rotates = steps > 1;
    rotations += rotates ? 1 : 0;
    copies += Math.max(0, steps - 3);
    if (rotates || seq % 97 === 0)
      for (let step = 1; step <= steps; step++)
        for (const mode of CUT_MODES) {
          const what = `put ${seq}, ${mode} step ${step} of ${steps}`;
          const torn = before.clone(seq * 100 + step);
          const was = torn.start();
          assert.ok(
            torn.cut(step, mode, () => void was.put(entry, 0)),
            what,
          );
          // Once more, on the way up.
          torn.cut(1 + (seq % 3), mode, () => void torn.start());
          const again = torn.start();
          assert.equal(again.state, model.size > 0 ? "kept" : "fresh", what);
          same(again, model, what, { author, seq });
          assert.ok(again.put(entry, 0), what);
          same(again, new Map([...model, [author, seq]]), what);
          cases++;
        }
    model.set(author, seq);
    if (rotates) log = board.start();
  }
  assert.ok(rotations > 25 && copies > 50 && cases > 400, `${rotations}, ${copies}, ${cases}`);
});

test("a cut at any step of the first start leaves a fresh log, of a lost one a lost log", () => {
  for (const mode of CUT_MODES)
    for (let step = 1; step <= 20; step++) {
      const board = new LogBoard(16, step);
      if (!board.cut(step, mode, () => void board.start())) assert.ok(step > 18);
      assert.equal(board.start().state, "fresh", `${mode} ${step}`);
      assert.ok(board.start().put(entryOf(1, 1), 0));
      board.region.flash.cells.fill(0xff);
      board.cut(step, mode, () => void board.start());
      let log = board.start();
      assert.equal(log.state, "lost", `${mode} ${step}`);
      assert.equal(log.abstains, undefined);
      board.cut(1, mode, () => void log.abstain(7));
      log = board.start();
      if (log.abstains === undefined) {
        assert.equal(log.state, "lost");
        assert.ok(log.abstain(7));
      }
      assert.equal(board.start().abstains, 7);
    }
});

test("the last epoch without a signature outlives any number of records", () => {
  const board = new LogBoard();
  assert.ok(board.start().put(entryOf(1, 1), 0));
  board.region.flash.cells.fill(0);
  let log = board.start();
  assert.equal(log.state, "lost");
  assert.ok(log.abstain(12));
  for (const { author, seq } of script(3, 3000)) assert.ok(log.put(entryOf(author, seq), 0));
  log = board.start();
  assert.equal(log.state, "kept");
  assert.equal(log.abstains, 12);
});

test("flash that is spoilt where no cut can be is a lost log", () => {
  const board = new LogBoard();
  const log = board.start();
  const model: Model = new Map();
  let newest = -1;
  for (const { author, seq } of script(4, 2000)) {
    assert.ok(log.put(entryOf(author, seq), 0));
    model.set(author, seq);
    newest = author;
  }
  // The newest record alone cannot be told from a write that was cut off.
  model.delete(newest);
  const rng = new Rng(9);
  let lost = 0;
  for (let i = 0; i < 600; i++) {
    const other = board.clone(i + 1);
    const at = rng.below(other.region.flash.cells.length);
    if (other.region.flash.cells[at] === 0xff) continue;
    other.region.flash.cells[at] ^= 1 << rng.below(8);
    const found = other.start();
    // Otherwise it was a record that a later one has replaced.
    if (found.state === "kept") same(found, model, `cell ${at}`);
    else assert.equal(found.state, "lost");
    if (found.state === "lost") lost++;
  }
  assert.ok(lost > 20, `${lost} of 600`);
});

test("another chip's flash, or an older copy without its marker's id, is a lost log", () => {
  const board = new LogBoard();
  board.start().put(entryOf(1, 1), 0);
  const other = new LogBoard(16, 50);
  other.start().put(entryOf(2, 2), 0);
  other.region.flash.cells.set(board.region.flash.cells);
  assert.equal(other.start().state, "lost");
});

test("flash that does not take a write breaks the log, and the next start finds it lost", () => {
  const board = new LogBoard();
  const log = board.start();
  assert.ok(log.put(entryOf(1, 1), 0));
  const { write } = board.region;
  board.region.write = () => true; // says that it did
  assert.equal(log.put(entryOf(1, 2), 0), false);
  assert.ok(log.broken);
  board.region.write = write;
  assert.equal(log.put(entryOf(1, 3), 0), false, "it stays broken");
  assert.equal(board.start().state, "lost");
});

test("of too many authors only those are forgotten whose bodies nobody takes any more", () => {
  const board = new LogBoard();
  let log = board.start();
  const many = (i: number): Entry => {
    const entry = entryOf(1, i + 1);
    new DataView(entry.from.buffer).setUint32(2, i);
    return { ...entry, tMs: 1000 + i };
  };
  for (let i = 0; i < WITNESS_AUTHORS_MAX; i++) assert.ok(log.put(many(i), 0));
  assert.equal(log.put(many(9999), 1000), false);
  assert.ok(!log.broken);
  assert.ok(log.put(many(9999), 1001));
  assert.equal(log.last(many(0).from), undefined);
  for (let i = 1; i < WITNESS_AUTHORS_MAX; i++) assert.deepEqual(log.last(many(i).from), many(i));
  log = board.start();
  assert.equal(log.authors, WITNESS_AUTHORS_MAX);
  assert.equal(log.last(many(0).from), undefined);
  assert.deepEqual(log.last(many(9999).from), many(9999));
  // Full of authors, it still turns.
  for (let i = 0; i < 3000; i++) assert.ok(log.put({ ...many(5), seq: i, tMs: 9e9 }, 0));
  log = board.start();
  for (let i = 6; i < WITNESS_AUTHORS_MAX; i++) assert.deepEqual(log.last(many(i).from), many(i));
});

test("all sectors wear alike, and copying adds little", () => {
  const board = new LogBoard(31);
  const log = board.start();
  const rng = new Rng(11);
  const puts = 31 * RECORDS_PER_SECTOR * 10;
  for (let i = 0; i < puts; i++) log.put(entryOf(rng.below(15), i), 0);
  const erases = [...board.region.flash.erases];
  assert.ok(Math.max(...erases) - Math.min(...erases) <= 2, `${erases}`);
  assert.ok(Math.max(...erases) <= 12);
});
