// SPDX-License-Identifier: Apache-2.0
/** The simulated house: exact whatever happens when, and its chip's faults and power cuts. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { POWER_W_MAX } from "#host-sim/panel/protocol";
import { SimHome } from "#host-sim/panel/sim-home";

const UNITS_PER_MWH = 3_600_000n; // W × ms × ‰ in 3.6 J

function homeAt(startMs = 0) {
  const time = { ms: startMs };
  const home = new SimHome(() => time.ms);
  const shown = () => {
    const sample = home.sample(0);
    assert.ok(sample);
    return sample.counts;
  };
  return { time, home, shown };
}

test("3 kW for a quarter of an hour are 750 Wh, and the same faster", () => {
  const { time, home, shown } = homeAt(12_345);
  home.set({ loadW: 3000 });
  time.ms += 900_000;
  assert.deepEqual(shown(), [750_000n, 0n]);
  home.set({ loadW: 0, pvW: 3000 });
  home.setRate(60_000);
  time.ms += 15_000;
  assert.deepEqual(shown(), [750_000n, 750_000n]);
});

test("a small load is lost nowhere, however often the chip is read", () => {
  const { time, home, shown } = homeAt();
  home.set({ loadW: 1 });
  for (let ms = 0; ms < 3_600_000; ms += 1000) {
    time.ms += 1000;
    shown();
  }
  assert.deepEqual(shown(), [1000n, 0n], "1 W for an hour");
});

const power = fc.integer({ min: 0, max: POWER_W_MAX });
const step = fc.record({
  forMs: fc.integer({ min: 0, max: 100_000_000 }),
  set: fc.record({ loadW: power, pvW: power, line: fc.boolean() }, { requiredKeys: [] }),
  ratePermille: fc.option(fc.integer({ min: 0, max: 10_000_000 }), { nil: undefined }),
  read: fc.boolean(),
  cut: fc.boolean(),
});

test("the counters are the exact sums of what flowed, over settings, rates, reads and power cuts", () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
      const time = { ms: 0 };
      let home = new SimHome(() => time.ms);
      const model = { loadW: 0, pvW: 0, line: true, rate: 1000n, in: 0n, out: 0n };
      for (const { forMs, set, ratePermille, read, cut } of steps) {
        home.set(set);
        Object.assign(model, set);
        if (ratePermille !== undefined) {
          home.setRate(ratePermille);
          model.rate = BigInt(ratePermille);
        }
        time.ms += forMs;
        const netW = model.line ? model.loadW - model.pvW : 0;
        const units = BigInt(Math.abs(netW)) * BigInt(forMs) * model.rate;
        if (netW > 0) model.in += units;
        else model.out += units;
        if (read) home.sample(0);
        if (cut) {
          const kept = home.kept();
          home = new SimHome(() => time.ms);
          assert.equal(home.restore(kept), true);
          home.set({ loadW: model.loadW, pvW: model.pvW, line: model.line });
          home.setRate(Number(model.rate));
        }
        const expected = [model.in / UNITS_PER_MWH, model.out / UNITS_PER_MWH];
        if (read) assert.deepEqual(home.sample(0)?.counts, expected);
      }
      const expected = [model.in / UNITS_PER_MWH, model.out / UNITS_PER_MWH];
      assert.deepEqual(home.sample(0)?.counts, expected);
    }),
    { numRuns: 300 },
  );
});

test("samples are dated with the house's time: no faster than 12 kW at any rate", () => {
  const { time, home } = homeAt(500);
  home.set({ loadW: POWER_W_MAX });
  let before = home.sample(0)!;
  for (const ratePermille of [1, 1000, 1500, 60_000, 10_000_000]) {
    home.setRate(ratePermille);
    time.ms += 7_777;
    const now = home.sample(0)!;
    const elapsedMs = now.uptimeMs - before.uptimeMs;
    const mostMwh = (BigInt(POWER_W_MAX) * BigInt(elapsedMs + 1)) / 3600n + 1n;
    assert.ok(elapsedMs >= 7_777, `never behind uptime (${ratePermille})`);
    assert.ok(now.counts[0] - before.counts[0] <= mostMwh, `${ratePermille}`);
    before = now;
  }
});

test("a silent chip says nothing, a garbled one what no meter counts; both end by themselves", () => {
  const { time, home, shown } = homeAt();
  home.set({ loadW: 3600 });
  time.ms = 1000;
  home.fail("silent", 5000);
  assert.equal(home.sample(0), undefined);
  assert.equal(home.face().fault, "silent");
  time.ms = 6000;
  assert.deepEqual(shown(), [6000n, 0n], "it counted on");
  assert.equal(home.face().fault, "none");
  home.fail("garbled", 1000);
  for (let i = 0; i < 4; i++) for (const counts of shown()) assert.ok(counts > 1n << 60n);
  time.ms = 7000;
  assert.deepEqual(shown(), [7000n, 0n]);
  assert.equal(home.counters.length, 2);
});

test("what is no text of `kept` changes nothing", () => {
  const { time, home, shown } = homeAt();
  assert.equal(home.restore("5 0 6 3599999"), true);
  for (const text of [
    "",
    "1 2 3",
    "1 2 3 4 5",
    "1 3600000 1 1",
    "-1 0 0 0",
    "1 0 1 x",
    "9e9 0 0 0",
  ])
    assert.equal(home.restore(text), false, text);
  assert.deepEqual(shown(), [5n, 6n]);
  home.set({ pvW: 1 });
  time.ms += 1;
  assert.deepEqual(shown(), [5n, 7n], "the rest counts");
});
