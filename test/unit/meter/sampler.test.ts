// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { test } from "node:test";
import type { ChipCounters } from "#meter/ports";
import { sample } from "#meter/sampler";
import { firstState } from "#meter/state";

/**
 * Samples what `chip` shows, one value after the other; returns the registers and the events
 * logged.
 */
function sampled(...chip: (ChipCounters | undefined)[]) {
  const state = firstState();
  const events: string[] = [];
  const answers = chip.map((counters, i) =>
    sample(state, { sample: () => counters }, i, (_level, event) => void events.push(event)),
  );
  const { importMwh, exportMwh } = state;
  return { importMwh, exportMwh, events, answers, state };
}

const chip = (importMwh: bigint, exportMwh: bigint): ChipCounters => ({ importMwh, exportMwh });

test("the first value is a base and no energy", () => {
  const { importMwh, exportMwh, state } = sampled(chip(5000n, 70n));
  assert.deepEqual([importMwh, exportMwh], [0n, 0n]);
  assert.deepEqual([state.chipImportMwh, state.chipExportMwh, state.chipSeen], [5000n, 70n, 1]);
});

test("a first value of zero is a base too", () => {
  const { importMwh, exportMwh } = sampled(chip(0n, 0n), chip(3n, 4n));
  assert.deepEqual([importMwh, exportMwh], [3n, 4n]);
});

test("registers follow the differences of both counters", () => {
  const { importMwh, exportMwh, events } = sampled(
    chip(100n, 10n),
    chip(150n, 10n),
    chip(151n, 99n),
  );
  assert.deepEqual([importMwh, exportMwh], [51n, 89n]);
  assert.deepEqual(events, []);
});

test("a counter that goes back moves the base and never the register", () => {
  const { importMwh, exportMwh, events } = sampled(
    chip(100n, 10n),
    chip(180n, 20n),
    chip(0n, 25n), // replaced, or reset: import begins anew, export goes on
    chip(7n, 30n),
  );
  assert.deepEqual([importMwh, exportMwh], [87n, 20n]);
  assert.deepEqual(events, ["meter-counter-back"]);
});

test("what a silent chip counted meanwhile comes with its next value", () => {
  const { importMwh, answers, events } = sampled(chip(100n, 0n), undefined, chip(160n, 0n));
  assert.equal(importMwh, 60n);
  assert.deepEqual(answers, [true, false, true]);
  assert.deepEqual(events, ["meter-silent"]);
});

test("a chip that is silent from the start gives no base", () => {
  const { importMwh, state } = sampled(undefined, chip(900n, 0n), chip(901n, 0n));
  assert.equal(importMwh, 1n);
  assert.equal(state.chipImportMwh, 901n);
});
