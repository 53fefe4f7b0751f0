// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { Ade7953Options } from "#drivers/ade7953/ade7953";
import { BOARD, checkAde7953 } from "../../../vectors/drivers/ade7953.ts";
import { Bench, ready } from "./bench.ts";

const [A, B] = BOARD.channels;

test("the vectors", () => {
  assert.deepEqual(checkAde7953(), []);
});

describe("the configuration", () => {
  test("restarts the chip, and writes every register that matters", () => {
    const bench = new Bench({
      ...BOARD,
      voltageGain: 0x400001,
      voltagePga: 2,
      channels: [
        { ...A, currentGain: 0x3f0000, powerGain: 0x410000, pga: 22, phase: 0x2c8 },
        { ...B, currentGain: 0x200000, powerGain: 0x600000, pga: 16, phase: 1 },
      ],
    });
    bench.chip.set(0x389, 77); // an offset that somebody left
    bench.timer.advance(220);
    const set: [number, number][] = [
      [0x102, 0x0004],
      [0x120, 0x30],
      [0x004, 0x40],
      [0x301, 0],
      [0x007, 1],
      [0x008, 5],
      [0x009, 4],
      [0x380, 0x3f0000],
      [0x381, 0x400001],
      [0x382, 0x410000],
      [0x38c, 0x200000],
      [0x38e, 0x600000],
      [0x108, 0x2c8],
      [0x109, 1],
      [0x389, 0],
    ];
    for (const [address, value] of set)
      assert.equal(bench.chip.get(address), value, `0x${address.toString(16)}`);
    assert.deepEqual([bench.faults, bench.running], [[], true]);
  });

  test("leaves the other channel alone", () => {
    const bench = ready({ channels: [{ ...A, powerGain: 0x300000 }] });
    assert.equal(bench.chip.get(0x382), 0x300000);
    assert.equal(bench.chip.get(0x38e), 0x400000);
    bench.chip.count("B", 1000);
    bench.chip.count("A", 10);
    bench.timer.advance(1000);
    assert.deepEqual(bench.counts, [10, 0]);
    assert.equal(bench.chip.get(0x31f), 1000);
  });

  test("that is not taken is a fault, and no sample", () => {
    for (const [register, name] of [
      [0x007, "PGA_V"],
      [0x282, "AWGAIN"],
      [0x108, "PHCALA"],
    ] as const) {
      const channels = [{ ...A, powerGain: 0x410000, phase: 1 }];
      const bench = new Bench({ channels, voltagePga: 4 });
      bench.chip.stuck = register;
      bench.timer.advance(5000);
      assert.deepEqual(bench.samples, []);
      assert.match(bench.faults[0], new RegExp(`^device: ${name} stays 0x`));
    }
  });

  test("a chip that is not there", () => {
    const bench = new Bench();
    bench.wire.onWrite = () => {
      throw new Error("no answer");
    };
    bench.timer.advance(3200);
    assert.deepEqual(new Set(bench.faults), new Set(["bus: CONFIG: Error: no answer"]));
    assert.equal(bench.faults.length, 4);
    bench.wire.onWrite = undefined;
    bench.timer.advance(3000);
    assert.equal(bench.samples.length, 1);
  });

  test("a chip that does not restart", () => {
    const bench = new Bench();
    bench.wire.onWrite = (bytes, chip) => {
      if (bytes[1] !== 0x02 || bytes[3] !== 0x84) chip.write(bytes);
    };
    bench.timer.advance(300);
    assert.deepEqual(bench.faults, ["device: did not restart: CONFIG 0x4"]);
  });
});

describe("the counters", () => {
  test("have the energy of the board's calibration, in lowest terms", () => {
    const common = { mwh: 10n, perCounts: 129n, modulus: 0n, origin: "started" };
    assert.deepEqual(new Bench().driver.counters, [
      { ...common, name: "AENERGYA+", register: "import" },
      { ...common, name: "AENERGYA-", register: "export" },
      { ...common, name: "AENERGYB+", register: "import" },
      { ...common, name: "AENERGYB-", register: "export" },
    ]);
  });

  test("begin at 0, whatever the chip counted before", () => {
    const bench = new Bench();
    bench.chip.count("A", 1_000_000);
    bench.timer.advance(1220);
    assert.deepEqual(bench.counts, [0, 0, 0, 0]);
  });

  test("add up by sign, each channel with its own", () => {
    const bench = ready();
    for (const [a, b] of [
      [100, 1],
      [-30, -2],
      [5, 0],
    ]) {
      bench.chip.count("A", a);
      bench.chip.count("B", b);
      bench.timer.advance(1000);
    }
    // B is inverted
    assert.deepEqual(bench.counts, [105, 30, 2, 1]);
    assert.deepEqual(bench.faults, []);
  });

  test("of swapped inputs are in the order of the options", () => {
    const bench = ready({ channels: [B, A] });
    bench.chip.count("A", 7);
    bench.chip.count("B", -9);
    bench.timer.advance(1000);
    assert.deepEqual(bench.counts, [9, 0, 7, 0]);
    const names = bench.driver.counters.map(({ name }) => name);
    assert.deepEqual(names, ["AENERGYB+", "AENERGYB-", "AENERGYA+", "AENERGYA-"]);
  });

  test("do not take more than full scale", () => {
    const bench = ready();
    bench.chip.count("A", 240_000);
    bench.chip.count("B", -239_000);
    bench.timer.advance(1000);
    assert.deepEqual(bench.counts, [0, 0, 0, 0]);
    assert.deepEqual(bench.faults, [
      "lost: energy A: 240000 counts in 1000 ms",
      "lost: energy B: -239000 counts in 1000 ms",
    ]);
    bench.chip.count("A", 238_000);
    bench.timer.advance(1000);
    assert.deepEqual(bench.counts, [238_000, 0, 0, 0]);
  });

  test("nor more than the board's power, where it is said", () => {
    // 3.68 kW are 1022.2 mWh, 13 186 counts, a second; 1.1 s of it
    const bench = ready({ powerMaxMw: 3_680_000 });
    bench.chip.count("A", 14_507);
    bench.timer.advance(1000);
    assert.equal(bench.faults.length, 1);
    bench.chip.count("A", 14_506);
    bench.timer.advance(1000);
    assert.deepEqual([bench.faults.length, bench.counts[0]], [1, 14_506]);
  });

  test("after a gap in which the register may have been full: lost, and nothing made up", () => {
    for (const [powerMaxMw, seconds, lost] of [
      [undefined, 36, 0],
      [undefined, 39, 2],
      [3_680_000, 600, 0],
      [3_680_000, 640, 2],
    ] as const) {
      const bench = ready({ powerMaxMw });
      bench.wire.onWrite = () => {
        throw new Error("no answer");
      };
      bench.timer.advance(1000 * (seconds - 1));
      bench.wire.onWrite = undefined;
      bench.chip.count("A", 500);
      bench.faults.length = 0;
      bench.timer.advance(1000);
      assert.deepEqual(bench.kinds, Array(lost).fill("lost"), `${seconds} s`);
      assert.equal(bench.counts[0], lost ? 0 : 500);
    }
  });
});

describe("a register that is not as it was written", () => {
  test("the chip restarted: said, configured again, and counting goes on", () => {
    const bench = ready({ channels: [{ ...A, powerGain: 0x410000 }] });
    bench.chip.count("A", 100);
    bench.timer.advance(1000);
    bench.chip.restart();
    bench.chip.count("A", 50);
    bench.timer.advance(1000);
    assert.deepEqual(bench.faults, [
      "device: CONFIG is 0x8004: the chip restarted",
      "lost: what the chip counted before it is configured again",
    ]);
    bench.timer.advance(1200);
    assert.equal(bench.chip.get(0x382), 0x410000);
    bench.chip.count("A", 7);
    bench.timer.advance(1000);
    assert.deepEqual([bench.counts, bench.faults.length], [[107, 0], 2]);
  });

  test("any of them, within as many polls as there are", () => {
    for (const [address, value] of [
      [0x004, 0],
      [0x301, 1],
      [0x007, 3],
      [0x381, 0x400100],
      [0x008, 1],
      [0x380, 0],
      [0x382, 0x3fffff],
      [0x108, 5],
      [0x38e, 0],
    ]) {
      const bench = ready();
      bench.chip.set(address, value);
      bench.timer.advance(13_000);
      assert.equal(bench.kinds[0], "device", `0x${address.toString(16)}`);
      bench.timer.advance(3000);
      assert.notEqual(bench.chip.get(address), value);
      assert.equal(bench.kinds.length, 2);
    }
  });

  test("the bits of ACCMODE that are the chip's do not matter", () => {
    const bench = ready();
    bench.chip.set(0x301, 0x210c00);
    bench.timer.advance(20_000);
    assert.deepEqual(bench.faults, []);
  });
});

describe("values", () => {
  test("that cannot be read are absent, the counters are there", () => {
    const bench = ready();
    bench.wire.onWrite = (bytes, chip) => {
      if (bytes[0] === 3 && bytes[1] === 0x13) throw new Error("no answer");
      chip.write(bytes);
    };
    bench.chip.set(0x31c, 5_980_000);
    bench.chip.set(0x312, 1540);
    bench.chip.count("A", 100);
    bench.timer.advance(1000);
    const [sample] = bench.samples;
    assert.deepEqual(sample.phases, [
      { voltageMv: 230_000, currentMa: 0, powerMw: 10_000 },
      { voltageMv: 230_000, currentMa: 0 },
    ]);
    assert.ok(!("powerMw" in sample) && !("frequencyMhz" in sample));
    assert.deepEqual([bench.counts[0], bench.kinds], [100, ["bus"]]);
  });

  test("whose sign is not extended are a fault", () => {
    const bench = ready();
    const { chip } = bench;
    const get = chip.read.bind(chip);
    let pointer = 0;
    bench.wire.onWrite = (bytes, target) => {
      pointer = (bytes[0] << 8) | bytes[1];
      target.write(bytes);
    };
    // A chip that is broken in this way has it in its record, too.
    let odd = false;
    bench.wire.onRead = (count) => {
      const bytes = get(count);
      if (pointer === 0x31c) odd = true;
      else if (pointer !== 0x1fe && pointer !== 0x3ff) odd = false;
      if (odd && count === 4) bytes[0] = 0x12;
      return bytes;
    };
    bench.timer.advance(1000);
    assert.deepEqual(bench.faults, ["range: VRMS is 0x12000000"]);
    assert.ok(!("voltageMv" in (bench.samples[0].phases?.[0] ?? {})));
  });
});

describe("the poll", () => {
  test("is each second, and can be set", () => {
    const bench = ready();
    bench.timer.advance(10_000);
    assert.equal(bench.samples.length, 10);
    bench.driver.configure({ pollMs: 500 });
    bench.timer.advance(10_000);
    assert.equal(bench.samples.length, 29);
    assert.throws(() => bench.driver.configure({ pollMs: 10_001 }), /DRIVER_OPTION/);
  });

  test("takes a bounded number of transfers", () => {
    const bench = ready();
    const before = bench.bus.transfers;
    bench.timer.advance(1000);
    const sound = bench.bus.transfers - before;
    assert.ok(sound < 100, `${sound}`);
    let n = 0;
    bench.wire.onRead = (count) => new Uint8Array(count).fill(n++);
    const then = bench.bus.transfers;
    bench.timer.advance(1000);
    assert.ok(bench.bus.transfers - then < sound);
  });
});

test("options that no board has", () => {
  const wrong: Partial<Ade7953Options>[] = [
    { channels: [] },
    { channels: [A, A] },
    { channels: [{ ...A, pga: 3 as 4 }] },
    { channels: [{ ...B, pga: 22 }] },
    { voltagePga: 22 },
    { channels: [{ ...A, powerGain: 0x1fffff }] },
    { voltageGain: 0x600001 },
    { channels: [{ ...A, phase: 0x400 }] },
    { channels: [{ ...A, energy: { mwh: 0, perCounts: 1 } }] },
    { voltage: { numerator: 1, denominator: 0 } },
    { powerMaxMw: 0 },
    { pollMs: 0 },
  ];
  for (const options of wrong)
    assert.throws(() => new Bench(options), /DRIVER_(OPTION|RATIO)|ADE7953_(CHANNELS|PGA)/);
});
