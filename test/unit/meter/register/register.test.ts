// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { test } from "node:test";
import { CAPACITY_WH, counter, SLOT_MS, Steps } from "./steps.ts";

const EXPORT = counter({ name: "out", register: "export" });
/** What the connection carries in a second with the margin, mWh; steps have 15 s of slack. */
const SECOND_MWH = BigInt((CAPACITY_WH * 1000 * 2 * 1000) / SLOT_MS);
const most = (seconds: number) => SECOND_MWH * BigInt(seconds + 15);

test("the first frame ever is a base and no energy", () => {
  const steps = new Steps(counter(), EXPORT).at(5, 5000n, 70n).at(6, 5010n, 70n).at(7, 5011n, 75n);
  assert.deepEqual(steps.mwh, [11n, 5n]);
  assert.deepEqual(steps.events, []);
});

test("a counter that counts since the driver began has its first counts as energy", () => {
  const steps = new Steps(counter({ origin: "started" })).at(5, 40n).at(6, 45n);
  assert.deepEqual(steps.mwh, [45n, 0n]);
  assert.deepEqual(steps.events, [], "a node that was never on has no gap");
});

test("fractions of a mWh are kept until they are whole, and never lost", () => {
  const third = new Steps(counter({ mwh: 10n, perCounts: 3n })).at(0, 0n);
  const seen = [1n, 2n, 3n, 4n, 6n].map((counts, i) => third.at(i + 1, counts).mwh[0]);
  assert.deepEqual(seen, [3n, 6n, 10n, 13n, 20n]);
  assert.equal(third.kept.counters[0].importRest, 0n);
});

test("a fraction outlives a restart", () => {
  const steps = new Steps(counter({ mwh: 1n, perCounts: 3n })).at(0, 0n).at(1, 2n);
  assert.deepEqual(steps.mwh, [0n, 0n]);
  steps.restart().at(1, 2n).at(2, 3n);
  assert.deepEqual(steps.mwh, [1n, 0n]);
});

test("a counter wraps at its modulus, also more than once over a day", () => {
  const cf = counter({ modulus: 65_536n, origin: "powered" });
  const steps = new Steps(cf).at(0, 65_000n);
  let counts = 65_000n;
  for (let second = 1; second <= 1000; second++) {
    counts += 777n;
    steps.at(second, counts % 65_536n);
  }
  assert.deepEqual(steps.mwh, [777_000n, 0n]);
  assert.deepEqual(steps.events, []);
});

test("a sample that is not newer than the last changes nothing", () => {
  const steps = new Steps(counter()).at(0, 0n).at(10, 100n);
  const seq = steps.kept.seq;
  assert.equal(steps.take({ uptimeMs: 10_000, counts: [120n] }), false);
  assert.equal(steps.take({ uptimeMs: 9_000, counts: [110n] }), false);
  assert.deepEqual([steps.mwh[0], steps.kept.seq], [100n, seq]);
  assert.deepEqual(steps.at(11, 130n).mwh, [130n, 0n]);
});

test("several counters feed one register, each with its own fraction", () => {
  const phase = (name: string) => counter({ name, mwh: 1n, perCounts: 2n });
  const steps = new Steps(phase("A"), phase("B"), EXPORT).at(0, 0n, 0n, 0n).at(1, 1n, 1n, 4n);
  assert.deepEqual(steps.mwh, [0n, 4n]);
  assert.deepEqual(steps.at(2, 2n, 3n, 4n).mwh, [2n, 4n]);
});

test("a step above what the connection carries is no energy, and the next one counts from there", () => {
  const steps = new Steps(counter()).at(0, 0n).at(1, most(1));
  assert.deepEqual(steps.mwh, [most(1), 0n], "as much is believed");
  const jump = 2n * most(1) + 1n;
  steps.at(2, jump).at(3, jump + 7n);
  assert.deepEqual(steps.mwh, [most(1) + 7n, 0n]);
  assert.deepEqual(steps.events, [`jumpRefused ${most(1) + 1n}`]);
  assert.deepEqual(
    steps.noted.map(({ register, beforeMwh, afterMwh }) => [register, beforeMwh, afterMwh]),
    [[1, most(1), most(1)]],
  );
});

test("what a silent chip counted meanwhile is bounded by the time that passed", () => {
  const steps = new Steps(counter())
    .at(0, 0n)
    .at(3600, most(3600))
    .at(3601, most(3600) + 1n);
  assert.deepEqual(steps.mwh, [most(3600) + 1n, 0n]);
  assert.deepEqual(steps.events, []);
});

test("two counts are believed however coarse they are", () => {
  const coarse = counter({ mwh: 10_000_000n });
  const steps = new Steps(coarse).at(0, 5n).at(1, 7n).at(2, 10n);
  assert.deepEqual(steps.mwh, [20_000_000n, 0n]);
  assert.deepEqual(steps.events, ["jumpRefused 30000000"]);
});

test("a counter that goes back is believed at the second sample: an event, and a new base", () => {
  const steps = new Steps(counter(), EXPORT).at(0, 900n, 10n).at(1, 950n, 20n);
  steps.at(2, 30n, 25n);
  assert.deepEqual(steps.mwh, [50n, 10n], "nothing of a sample in doubt is taken");
  steps.at(3, 33n, 30n).at(4, 40n, 31n);
  assert.deepEqual(steps.mwh, [57n, 21n]);
  assert.deepEqual(steps.events, ["counterBack 917"]);
});

test("a zero for a moment is neither a reset nor energy", () => {
  const steps = new Steps(counter())
    .at(0, 900n)
    .at(1, 950n)
    .at(2, 0n)
    .at(3, 951n)
    .at(4, 0n)
    .at(5, 953n);
  assert.deepEqual(steps.mwh, [53n, 0n]);
  assert.deepEqual(steps.events, []);
});

test("the same doubtful sample twice proves nothing", () => {
  const steps = new Steps(counter()).at(0, 900n).at(2, 3n).at(2, 3n);
  assert.deepEqual(steps.events, []);
  assert.deepEqual(steps.at(3, 3n).events, ["counterBack 897"]);
});

test("a reset of a wrapping counter is told from a wrap by the power", () => {
  const cf = counter({ modulus: 1n << 24n, origin: "powered" });
  const steps = new Steps(cf).at(0, 1_000_000n).at(1, 5n).at(2, 8n).at(3, 9n);
  assert.deepEqual(steps.mwh, [1n, 0n]);
  assert.deepEqual(steps.events, ["counterBack 999992"]);
});

test("other counters are another chip: a new base and an event", () => {
  const steps = new Steps(counter()).at(0, 100n).at(1, 150n);
  steps
    .restart(undefined, [counter({ mwh: 2n })])
    .at(1, 90_000n)
    .at(2, 90_001n);
  assert.deepEqual(steps.mwh, [52n, 0n]);
  assert.deepEqual(steps.events, ["chipChanged"]);
  assert.equal(steps.kept.counters.length, 1);
  steps.restart().at(1, 90_001n);
  assert.deepEqual(steps.events, ["chipChanged"], "once");
});

test("what a chip kept while the node was off is energy, and an event says so", () => {
  const steps = new Steps(counter(), EXPORT).at(0, 100n, 0n).at(1, 150n, 0n);
  steps.restart().at(2, 9_150n, 500n).at(3, 9_151n, 500n);
  assert.deepEqual(steps.mwh, [9_051n, 500n]);
  assert.deepEqual(steps.events, ["offCounted 9000", "offCounted 500"]);
  const [first] = steps.noted;
  assert.deepEqual([first.beforeMwh, first.afterMwh, first.register], [50n, 9_050n, 1]);
  assert.deepEqual(
    steps.restart().at(1, 9_151n, 500n).events.length,
    2,
    "nothing counted, no event",
  );
});

test("more than a month of full power while the node was off is refused", () => {
  const month = BigInt((CAPACITY_WH * 1000 * 2) / SLOT_MS) * 2_678_400_000n;
  const steps = new Steps(counter())
    .at(0, 0n)
    .restart()
    .at(1, 2n * month)
    .at(2, 2n * month + 3n);
  assert.deepEqual(steps.mwh, [3n, 0n]);
  assert.deepEqual(steps.events, [`offRefused ${2n * month}`]);
});

test("a kept counter that is lower after a restart is another chip's: a new base", () => {
  const steps = new Steps(counter())
    .at(0, 100n)
    .at(1, 150n)
    .restart()
    .at(1, 20n)
    .at(2, 21n)
    .at(3, 30n);
  assert.deepEqual(steps.mwh, [59n, 0n]);
  assert.deepEqual(steps.events, ["counterBack 129"]);
});

test("a counter of the driver begins at 0 with every start, and the gap is an event", () => {
  const steps = new Steps(counter({ origin: "started" })).at(1, 40n).restart().at(1, 7n).at(2, 9n);
  assert.deepEqual(steps.mwh, [49n, 0n]);
  assert.deepEqual(steps.events, ["gap"]);
});

const CF = counter({ modulus: 65_536n, origin: "powered" });

test("a chip that stayed on goes on, over its wrap", () => {
  const steps = new Steps(CF)
    .at(1, 65_000n)
    .at(2, 65_500n)
    .restart(true)
    .at(1, 100n)
    .at(2, 101n)
    .at(3, 102n);
  assert.deepEqual(steps.mwh, [638n, 0n]);
  assert.deepEqual(steps.events, ["offCounted 137", "gap"], "it may have wrapped more than once");
});

test("a wrap over a restart that takes more than an hour of full power was a reset", () => {
  const wide = counter({ modulus: 1n << 32n, origin: "powered" });
  const steps = new Steps(wide)
    .at(1, 1n << 31n)
    .restart(true)
    .at(1, 5n)
    .at(2, 6n)
    .at(3, 9n);
  assert.deepEqual(steps.mwh, [3n, 0n]);
  assert.deepEqual(steps.events, [`counterBack ${(1n << 31n) - 6n}`, "gap"]);
});

test("a chip that lost its power began at 0, and the gap is an event", () => {
  const steps = new Steps(CF).at(1, 100n).at(2, 300n).restart(false).at(1, 350n).at(2, 360n);
  assert.deepEqual(steps.mwh, [560n, 0n]);
  assert.deepEqual(steps.events, ["offCounted 350", "gap"]);
});

test("a start that ended without a sample still counts: the chip has lost its power since", () => {
  const steps = new Steps(CF).at(1, 100n).at(2, 300n).restart(false).restart(true).at(1, 350n);
  assert.deepEqual(steps.mwh, [550n, 0n]);
  steps.at(2, 360n).restart(true).at(1, 400n);
  assert.deepEqual(steps.mwh, [600n, 0n], "but not after the next sample");
});

test("where nobody knows whether the chip stayed on, the answer with less energy counts", () => {
  const went = new Steps(CF).at(1, 100n).at(2, 300n).restart().at(1, 350n);
  assert.deepEqual([went.mwh[0], went.events], [250n, ["offCounted 50", "gap"]]);
  const wrapped = new Steps(CF).at(1, 100n).at(2, 300n).restart().at(1, 20n).at(2, 21n);
  assert.deepEqual([wrapped.mwh[0], wrapped.events], [221n, ["offCounted 21", "gap"]]);
});

test("a counter for both ways goes by the direction at both ends of a step", () => {
  const both = new Steps(counter({ register: "signed" }));
  both.at(0, 0n).at(1, 10n).outAt(2, 20n);
  assert.deepEqual(both.mwh, [20n, 0n], "the step in which it turned is import");
  both.outAt(3, 33n).outAt(4, 40n);
  assert.deepEqual(both.mwh, [20n, 20n]);
  both.at(5, 45n).at(6, 50n);
  assert.deepEqual(both.mwh, [30n, 20n], "so is the one in which it turned back");
});

test("the direction of a long step, and of the time off, is not known: import", () => {
  const both = new Steps(counter({ register: "signed" }));
  both.outAt(0, 0n).outAt(60, 10n).outAt(121, 20n);
  assert.deepEqual(both.mwh, [10n, 10n]);
  both.restart().outAt(5, 29n).outAt(6, 30n);
  assert.deepEqual(both.mwh, [19n, 11n]);
  assert.deepEqual(both.events, ["offCounted 9"]);
});

test("a counter for both ways keeps a fraction for each", () => {
  const both = new Steps(counter({ register: "signed", mwh: 1n, perCounts: 4n }));
  both.at(0, 0n).at(1, 3n).outAt(2, 3n).outAt(3, 6n).outAt(4, 7n).at(5, 7n).at(6, 8n);
  assert.deepEqual(both.mwh, [1n, 1n]);
});

test("counts that no counter can have, and samples of another chip, are bugs", () => {
  const steps = new Steps(counter());
  assert.throws(() => steps.at(1, 1n, 2n), { code: "SAMPLE_COUNTS" });
  assert.throws(() => steps.at(1, 0n).at(2, -1n).at(3, -1n), { code: "COUNTER_RANGE" });
  assert.throws(() => new Steps(), { code: "COUNTERS" });
  assert.throws(() => new Steps(counter({ perCounts: 0n })), { code: "COUNTERS" });
});
