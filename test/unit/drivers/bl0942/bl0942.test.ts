// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { Bl0942Options } from "#drivers/bl0942/bl0942";
import { Rng } from "../../../property/rng.ts";
import { CALIBRATION, checkBl0942, packetOf } from "../../../vectors/drivers/bl0942.ts";
import { Bench, ready } from "./bench.ts";

test("the vectors", () => {
  assert.deepEqual(checkBl0942(), []);
});

describe("the mode", () => {
  test("is set once: unlocked, written, locked, each read back", () => {
    const bench = new Bench();
    bench.timer.advance(900);
    assert.deepEqual(bench.chip.requests, [
      "5819",
      "a81d550000e5",
      "581d",
      "a8198f0000af",
      "a81d0000003a",
      "581d",
      "5819",
      "58aa",
      "58aa",
    ]);
    assert.deepEqual([bench.chip.mode, bench.chip.protection], [0x8f, 0]);
    assert.deepEqual(bench.faults, []);
  });

  test("at 60 Hz, and another address", () => {
    const bench = new Bench({ mainsHz: 60, address: 2 });
    bench.timer.advance(900);
    assert.equal(bench.chip.mode, 0xaf);
    assert.equal(bench.samples.length, 1);
  });

  test("that is right is left alone", () => {
    const bench = new Bench();
    bench.chip.mode = 0x8f;
    bench.timer.advance(900);
    assert.deepEqual(bench.chip.requests, ["5819", "58aa", "58aa"]);
  });

  test("clear on read is cleared before the counter is read", () => {
    const bench = new Bench();
    bench.chip.mode = 0xcf;
    bench.timer.advance(900);
    assert.equal(bench.chip.mode, 0x8f);
    const packets = bench.chip.requests.indexOf("58aa");
    assert.ok(packets > bench.chip.requests.lastIndexOf("5819"));
  });

  test("a chip that does not take it gives no sample", () => {
    const bench = new Bench();
    bench.chip.takeMode = () => 0xcf;
    bench.seconds(5);
    assert.deepEqual(bench.samples, []);
    assert.ok(bench.faults.length >= 4);
    assert.ok(bench.faults.every((fault) => fault === "device: not configured: mode 0xcf"));
    assert.ok(!bench.chip.requests.includes("58aa"));
  });

  test("a chip that restarted is found within a minute, and set again", () => {
    const bench = ready();
    bench.chip.restart();
    bench.chip.powerMw = 0;
    bench.seconds(70);
    assert.ok(bench.faults.includes("device: mode 0x87: the chip restarted"), bench.faults.join());
    assert.equal(bench.chip.mode, 0x8f);
    assert.equal(bench.driver.sample()?.counts[0], 0n);
  });
});

describe("the counter", () => {
  test("has the energy of the board's calibration", () => {
    const { counters } = new Bench().driver;
    assert.deepEqual(counters, [
      {
        name: "CF_CNT",
        register: "signed",
        mwh: 1_048_576n,
        perCounts: 5607n,
        modulus: 16_777_216n,
        origin: "powered",
      },
    ]);
    const calibration = { ...CALIBRATION, power: { numerator: 596, denominator: 1 } };
    const [spec] = new Bench({ calibration }).driver.counters;
    assert.deepEqual([spec.mwh, spec.perCounts], [262_144n, 1341n]); // 1048576/5364
  });

  test("needs two packets that agree", () => {
    const bench = ready();
    let answers = 0;
    bench.chip.spoil = (answer) => (answers++ === 0 ? packetOf({ pulses: 77_777 }) : answer);
    bench.seconds(1);
    assert.equal(answers, 3);
    assert.deepEqual([bench.samples.length, bench.faults], [2, []]);
    assert.ok(bench.counts[1] < 1100);
  });

  test("of packets that never agree is no sample", () => {
    const bench = ready();
    let pulses = 1000;
    bench.chip.spoil = () => packetOf({ pulses: pulses++ });
    bench.seconds(1);
    assert.equal(bench.samples.length, 1);
    assert.deepEqual(bench.faults, ["range: no two packets agree"]);
    assert.equal(bench.chip.requests.length, 6);
  });

  test("beyond what can flow: the mode is looked at, and it goes on from there", () => {
    const bench = ready();
    bench.chip.spoil = (answer) => {
      if (answer.length !== 23) return answer;
      return packetOf({ ...bench.chip.fields(), pulses: 500_000, fastCurrentRms: 1 });
    };
    bench.seconds(1);
    const jump = "range: pulse counter went on by 499000 of at most 24";
    assert.deepEqual([bench.samples.length, bench.faults], [1, [jump]]);
    bench.seconds(1);
    assert.equal(bench.counts[1], 500_000);
    assert.deepEqual(bench.chip.requests.slice(2), ["5819", "58aa", "58aa"]);
  });

  test("of an hour under changing loads is the chip's own", (t) => {
    const rng = new Rng(3);
    const bench = ready({}, 0xfffff0);
    bench.chip.answerMs = 50; // 23 bytes at 4800 baud
    const first = BigInt(bench.counts[0]);
    for (let i = 0; i < 60; i++) {
      bench.chip.powerMw = rng.below(6_000_000);
      bench.seconds(60);
    }
    let total = 0n;
    let before = first;
    for (const { counts } of bench.samples) {
      total += (counts[0] - before + 0x1000000n) % 0x1000000n;
      before = counts[0];
    }
    assert.ok(BigInt(bench.chip.pulses) - first - total <= 10n, "all but the last second");
    assert.ok(bench.samples.length > 3500, `${bench.samples.length} samples`);
    t.diagnostic(`${bench.samples.length} samples, ${bench.faults.length} polls without one`);
    const quiet = bench.faults.every((fault) => fault === "range: no two packets agree");
    assert.ok(quiet && bench.faults.length < 40, bench.faults.slice(0, 5).join());
  });
});

describe("values", () => {
  test("power that flows out is negative, and says so of the counter", () => {
    const bench = new Bench();
    bench.chip.powerMw = -920_000;
    bench.timer.advance(900);
    const [sample] = bench.samples;
    assert.deepEqual([sample.reverse, sample.powerMw], [true, -920_000]);
    assert.equal(sample.phases?.[0].powerMw, -920_000);
  });

  test("of an inverted input are turned", () => {
    const bench = new Bench({ inverted: true });
    bench.timer.advance(900);
    assert.deepEqual([bench.samples[0].reverse, bench.samples[0].powerMw], [true, -920_000]);
    bench.chip.powerMw = -1_000_000;
    bench.seconds(1);
    assert.deepEqual([bench.samples[1].reverse, bench.samples[1].powerMw], [false, 1_000_000]);
    bench.chip.powerMw = 0;
    bench.seconds(1);
    assert.ok(Object.is(bench.samples[2].powerMw, 0), "not −0");
  });

  test("without power the last pulse says where the counter went", () => {
    for (const [status, inverted, reverse] of [
      [0, false, false],
      [1, false, true],
      [1, true, false],
    ] as const) {
      const bench = ready({ inverted });
      bench.chip.spoil = () => packetOf({ ...bench.chip.fields(), watt: 0, status });
      bench.seconds(1);
      assert.equal(bench.samples[1].reverse, reverse);
    }
  });

  test("a frequency that two packets do not agree on is absent", () => {
    const bench = ready();
    assert.equal(typeof bench.samples[0].frequencyMhz, "number");
    let period = 20_000;
    bench.chip.spoil = () => packetOf({ ...bench.chip.fields(), period: period++ });
    bench.seconds(1);
    assert.equal(bench.samples.length, 2);
    assert.ok(!("frequencyMhz" in bench.samples[1]));
  });

  test("that no board has are a fault", () => {
    const cases = [
      [{ voltageRms: 7_940_000 }, "range: 500209 mV"],
      [{ watt: -5_000_000 }, "range: -8025682 mW"],
    ] as const;
    for (const [fields, fault] of cases) {
      const bench = ready();
      bench.chip.spoil = () => packetOf(fields);
      bench.seconds(1);
      assert.deepEqual([bench.samples.length, bench.faults], [1, [fault]]);
    }
  });
});

describe("the poll", () => {
  test("is each second, and can be set", () => {
    const bench = ready();
    bench.seconds(10);
    assert.equal(bench.samples.length, 11);
    bench.driver.configure({ pollMs: 500 });
    bench.seconds(10);
    assert.ok(bench.samples.length >= 29, `${bench.samples.length}`);
    assert.throws(() => bench.driver.configure({ pollMs: 1 }), /DRIVER_OPTION/);
  });
});

test("options that no board has", () => {
  const wrong: Partial<Bl0942Options>[] = [
    { address: 4 },
    { powerMaxMw: 0 },
    { pollMs: 99 },
    { calibration: { ...CALIBRATION, power: { numerator: 0, denominator: 1 } } },
    { calibration: { ...CALIBRATION, current: { numerator: 1, denominator: 0.5 } } },
    { baud: 2400 as 4800 },
    { mainsHz: 55 as 50 },
  ];
  for (const options of wrong) assert.throws(() => new Bench(options), /DRIVER_(OPTION|RATIO)/);
});
