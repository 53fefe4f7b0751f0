// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { Cse7766Options } from "#drivers/cse7766/cse7766";
import { Rng } from "../../../property/rng.ts";
import { checkCse7766 } from "../../../vectors/drivers/cse7766.ts";
import { Bench, ready } from "./bench.ts";
import { FRAME_MS, SimulatedCse7766 } from "./chip.ts";

const VALUES = { voltageMv: 230_216, currentMa: 4000, powerMw: 920_139 };

test("the vectors", () => {
  assert.deepEqual(checkCse7766(), []);
});

describe("the coefficients", () => {
  test("are learned from eight frames in a row; before there is neither counter nor sample", () => {
    const bench = new Bench();
    bench.run(7, 0);
    assert.deepEqual([bench.driver.counters.length, bench.driver.coefficients], [0, undefined]);
    bench.run(1, 70);
    const coefficients = { voltage: 192_000, current: 16_200, power: 5_300_000 };
    assert.deepEqual(bench.driver.coefficients, coefficients);
    const [spec] = bench.driver.counters;
    assert.deepEqual(spec, {
      name: "CF",
      register: "import",
      mwh: 53n,
      perCounts: 36n,
      modulus: 65_536n,
      origin: "powered",
    });
    bench.run(3, 80);
    assert.deepEqual(bench.counts, [90]);
  });

  test("one damaged frame begins the learning anew", () => {
    const bench = new Bench();
    bench
      .run(7, 0)
      .frames({ power: [5_300_001, 5_760] })
      .run(7, 80);
    assert.deepEqual(bench.driver.counters, []);
    bench.run(1, 150);
    assert.equal(bench.driver.coefficients?.power, 5_300_000);
  });

  test("are known from the board's calibration at once, with its divider and shunt", () => {
    const calibration = {
      powerCoefficient: 5_300_000,
      voltageRatio: { numerator: 188, denominator: 100 },
      currentRatio: { numerator: 1, denominator: 2 },
    };
    const bench = new Bench({ calibration, register: "export" });
    const [spec] = bench.driver.counters;
    // 53/36 · 1.88 / 2
    assert.deepEqual([spec.mwh, spec.perCounts, spec.register], [2491n, 1800n, "export"]);
    bench.run(11, 0);
    const phase = { voltageMv: 432_806, currentMa: 2000, powerMw: -864_931 };
    assert.deepEqual(bench.samples.at(-1)?.phases, [phase]);
    assert.equal(bench.samples.at(-1)?.powerMw, -864_931);
  });

  test("that are not the calibrated ones give no sample", () => {
    const bench = new Bench({ calibration: { powerCoefficient: 5_300_001 } });
    bench.run(30, 0);
    assert.deepEqual(bench.counts, []);
    assert.equal(bench.faults.length, 30);
    assert.equal(bench.faults[0], "range: power coefficient 5300000, not 5300001");
  });

  test("that change later are of another chip", () => {
    for (const name of ["voltage", "current", "power"] as const) {
      const bench = ready();
      bench.run(5, 1000, { [name]: [1_000_000, 5000] });
      assert.deepEqual(bench.counts, [], name);
      assert.deepEqual(bench.faults, Array(5).fill("range: coefficients of another chip"), name);
    }
  });
});

describe("the counter", () => {
  test("is that of the middle one of three frames in line", () => {
    const bench = ready().run(1, 1000);
    assert.deepEqual(bench.samples, [
      { uptimeMs: 550, counts: [990n], phases: [VALUES], powerMw: 920_139 },
    ]);
    assert.deepEqual(bench.driver.sample(), bench.samples[0]);
  });

  test("beyond what can flow is left out", () => {
    const bench = ready().frames({ pulses: 5000 }).run(2, 1010);
    assert.deepEqual(bench.counts, [990, 1010]);
    assert.deepEqual(bench.faults, ["range: pulse counter 5000 is out of line"]);
  });

  test("below the one before: neither counts where the next one fits both", () => {
    const bench = ready().frames({ pulses: 985 }).run(2, 1010);
    assert.deepEqual(bench.counts, [1010]);
    assert.deepEqual(bench.faults, ["range: pulse counter 985 is out of line"]);
  });

  test("off the straight line of a steady load is no sample", () => {
    const bench = ready().frames({ pulses: 995 }).run(2, 1010);
    assert.deepEqual(bench.counts, [1010]);
    assert.deepEqual(bench.faults, []);
  });

  test("of a chip that began anew counts after three frames in line", () => {
    const bench = ready().run(3, 0);
    assert.deepEqual(bench.counts, [10]);
    assert.equal(bench.faults.length, 3);
  });

  test("after a gap needs three frames again", () => {
    const bench = ready();
    bench.timer.advance(1500);
    bench.run(2, 40_000);
    assert.deepEqual(bench.counts, []);
    bench.run(1, 40_020);
    assert.deepEqual(bench.counts, [40_010]);
  });

  test("of a whole day under a changing load is the chip's own", () => {
    const rng = new Rng(24);
    const bench = new Bench({ intervalMs: 1000 });
    const chip = new SimulatedCse7766(rng, 1);
    let before = 0n;
    let total = 0n;
    for (let i = 0; i < 40_000; i++) {
      if (i % 97 === 0) chip.powerMw = 1 + rng.below(4_000_000);
      bench.timer.advance(FRAME_MS);
      bench.serial.send(chip.nextFrame());
      const count = bench.driver.sample()?.counts[0];
      if (count === undefined) continue;
      if (bench.samples.length === 1) before = count;
      total += (count - before + 65_536n) % 65_536n;
      before = count;
    }
    const first = BigInt(bench.counts[0]);
    assert.ok(total > 3n * 65_536n, "the counter wrapped several times");
    assert.ok(BigInt(chip.pulses) - first - total < 1000n, "all but the last second");
    assert.ok(bench.samples.length > 1800, `${bench.samples.length} samples in 2200 s`);
    assert.deepEqual(bench.faults, []);
  });
});

describe("values", () => {
  test("are the middle ones of three by size, and absent where one frame has none", () => {
    const bench = ready();
    bench.frames({ pulses: 1000, voltage: [192_000, 840], adjust: 0x51 });
    bench.frames({ pulses: 1010, voltage: [192_000, 838] });
    assert.deepEqual(bench.samples.at(-1)?.phases, [{ voltageMv: 229_117, powerMw: 920_139 }]);
  });

  test("of an idle load: 0 W, and no current below the floor", () => {
    const idle = { state: 0xf2, adjust: 0x61, current: [16_200, 400_000] as [number, number] };
    const bench = new Bench();
    for (let i = 0; i < 11; i++) bench.frames({ ...idle, pulses: 1000 });
    const phase = { voltageMv: 230_216, powerMw: 0 };
    assert.deepEqual(bench.samples.at(-1)?.phases, [phase]);
    const exporting = new Bench({ register: "export" });
    for (let i = 0; i < 11; i++) exporting.frames({ ...idle, pulses: 1000 });
    assert.ok(Object.is(exporting.samples.at(-1)?.powerMw, 0), "not −0");
  });

  test("that no board has are a fault", () => {
    const bench = ready({ powerMaxMw: 3_680_000 });
    bench.frames({ pulses: 1000, voltage: [192_000, 383] });
    bench.frames({ pulses: 1000, current: [16_200, 80] });
    bench.frames({ pulses: 1000, power: [5_300_000, 1440] });
    const faults = ["range: 501305 mV", "range: 202500 mA", "range: 3680556 mW"];
    assert.deepEqual([bench.faults, bench.counts], [faults, []]);
  });

  test("while a load is switched: the sample waits, but not for ever", () => {
    const bench = ready();
    const begun = bench.timer.uptimeMs();
    for (let i = 0; bench.samples.length === 0; i++) {
      const cycle = 2000 << (i % 5);
      bench.frames({ pulses: 1000 + 5 * i, power: [5_300_000, cycle] });
    }
    const waited = bench.timer.uptimeMs() - begun;
    assert.ok(waited > 300 && waited < 1100, `${waited} ms`);
  });
});

test("faults that the chip tells of", () => {
  const bench = ready();
  bench.frames({ state: 0xaa }, { state: 0xf1 }, { state: 0xf4 }, { state: 0xf8 });
  assert.deepEqual(bench.faults, [
    "device: not calibrated",
    "device: state 0xf1",
    "device: state 0xf4",
    "device: state 0xf8",
  ]);
  bench.run(1, 1040);
  assert.deepEqual(bench.counts, [990]);
});

describe("the interval", () => {
  test("is a second, and can be set", () => {
    const bench = new Bench({ intervalMs: undefined });
    bench.run(48, 0);
    assert.equal(bench.samples.length, 2);
    bench.driver.configure({ intervalMs: 110 });
    bench.run(20, 480);
    assert.equal(bench.samples.length, 12);
    assert.throws(() => bench.driver.configure({ intervalMs: -1 }), /DRIVER_OPTION/);
  });
});

test("options that no board has", () => {
  const wrong: Partial<Cse7766Options>[] = [
    { calibration: { powerCoefficient: 0 } },
    { calibration: { powerCoefficient: 0x1000000 } },
    { calibration: { voltageRatio: { numerator: 0, denominator: 1 } } },
    { calibration: { currentRatio: { numerator: 1.5, denominator: 1 } } },
    { powerMaxMw: 0 },
    { intervalMs: Number.NaN },
  ];
  for (const options of wrong) assert.throws(() => new Bench(options), /DRIVER_(OPTION|RATIO)/);
});
