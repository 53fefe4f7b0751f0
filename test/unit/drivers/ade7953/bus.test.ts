// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { Ade7953 } from "#drivers/ade7953/ade7953";
import { BOARD } from "../../../vectors/drivers/ade7953.ts";
import { Bench, ready } from "./bench.ts";

describe("the bus", () => {
  test("is opened for the chip, with the board's pins", () => {
    const bench = new Bench();
    const sensor = { ...bench.bus.construction, data: 21, clock: 22 };
    new Ade7953({ ...BOARD, sensor, timer: bench.timer });
    assert.deepEqual(bench.bus.options, { data: 21, clock: 22, address: 0x38, hz: 400_000 });
  });

  test("is not used before the chip has started", () => {
    const bench = new Bench();
    bench.timer.advance(109);
    assert.equal(bench.bus.transfers, 0);
    bench.timer.advance(1);
    assert.ok(bench.bus.transfers > 0);
  });
});

describe("a transfer that fails", () => {
  /** Runs `hook` in place of the next read of AENERGYA's four bytes. */
  function atEnergyRead(bench: Bench, hook: (read: () => Uint8Array) => Uint8Array): void {
    let pointed = false;
    let done = false;
    bench.wire.onWrite = (bytes, chip) => {
      pointed = bytes[0] === 0x03 && bytes[1] === 0x1e;
      chip.write(bytes);
    };
    bench.wire.onRead = (count, chip) => {
      if (!pointed || done) return chip.read(count);
      done = true;
      return hook(() => chip.read(count));
    };
  }

  test("before the chip saw it costs nothing", () => {
    const bench = ready();
    let fails = 1;
    bench.wire.onWrite = (bytes, chip) => {
      if (bytes[1] === 0x1e && fails-- > 0) throw new Error("no answer");
      chip.write(bytes);
    };
    bench.chip.count("A", 100);
    bench.timer.advance(1000);
    assert.deepEqual([bench.kinds, bench.samples.length], [["bus"], 0]);
    bench.chip.count("A", 11);
    bench.timer.advance(1000);
    assert.deepEqual([bench.kinds, bench.counts[0]], [["bus"], 111]);
  });

  test("behind the chip's back is recovered from its record", () => {
    const bench = ready();
    atEnergyRead(bench, (read) => {
      read();
      throw new Error("arbitration lost");
    });
    bench.chip.count("A", 100);
    bench.timer.advance(1000);
    assert.deepEqual([bench.faults, bench.counts[0]], [[], 100]);
  });

  test("with its answer damaged, or short, likewise", () => {
    for (const damage of [
      (bytes: Uint8Array) => bytes.map((byte, i) => (i === 2 ? byte ^ 4 : byte)),
      (bytes: Uint8Array) => bytes.subarray(0, 3),
      (bytes: Uint8Array) => bytes.map(() => 0xff),
      (bytes: Uint8Array) => bytes.map(() => 0),
    ]) {
      const bench = ready();
      atEnergyRead(bench, (read) => damage(read()));
      bench.chip.count("A", 100_000);
      bench.timer.advance(1000);
      assert.deepEqual([bench.faults, bench.counts[0]], [[], 100_000]);
    }
  });

  test("and a bus that is dead for a while: recovered when it is back", () => {
    const bench = ready();
    let dead = false;
    atEnergyRead(bench, (read) => {
      read();
      dead = true;
      throw new Error("stuck");
    });
    const { onWrite } = bench.wire;
    bench.wire.onWrite = (bytes, chip) => {
      if (dead) throw new Error("stuck");
      onWrite?.(bytes, chip);
    };
    bench.chip.count("A", 100);
    bench.timer.advance(3000);
    assert.deepEqual(bench.kinds, ["bus", "bus", "bus"]);
    bench.chip.count("A", 7);
    dead = false;
    bench.timer.advance(1000);
    assert.deepEqual([bench.kinds.length, bench.counts[0]], [3, 107]);
  });

  test("of which the chip has no record is lost", () => {
    for (const clears of [true, false]) {
      const bench = ready();
      bench.chip.clearsWithoutRecord = clears;
      atEnergyRead(bench, () => {
        bench.chip.breakOff();
        throw new Error("broken off");
      });
      bench.chip.count("A", 100);
      bench.timer.advance(1000);
      assert.deepEqual(bench.kinds, ["lost", "bus"]);
      bench.timer.advance(1000);
      assert.equal(bench.counts[0], clears ? 0 : 100);
    }
  });

  test("in a chip that restarts meanwhile is lost, and the restart is said", () => {
    const bench = ready();
    atEnergyRead(bench, (read) => {
      read();
      bench.chip.restart();
      throw new Error("brown-out");
    });
    bench.chip.count("A", 100);
    bench.timer.advance(1000);
    assert.deepEqual(bench.kinds, ["lost", "bus"]);
    bench.timer.advance(1000);
    assert.deepEqual(bench.kinds, ["lost", "bus", "device", "lost"]);
    bench.timer.advance(2200);
    assert.equal(bench.running, true);
  });

  test("that reads the other channel's register counts there", () => {
    const bench = ready();
    let turns = 1;
    bench.wire.onWrite = (bytes, chip) => {
      if (bytes[0] === 3 && bytes[1] === 0x1e && turns-- > 0) bytes[1] = 0x1f;
      chip.write(bytes);
    };
    bench.chip.count("A", 100);
    bench.chip.count("B", -40);
    bench.timer.advance(1000);
    assert.deepEqual(bench.kinds, ["lost", "bus"], "of A it is only said that it may be");
    bench.timer.advance(1000);
    assert.deepEqual(bench.counts, [100, 0, 40, 0]);
  });

  test("that clears a register by mistake is no loss", () => {
    const bench = ready();
    let turns = 1;
    bench.wire.onWrite = (bytes, chip) => {
      if (bytes[0] === 3 && bytes[1] === 0x1c && turns-- > 0) bytes[1] = 0x1e;
      chip.write(bytes);
    };
    bench.timer.advance(900);
    const polled = bench.bus.transfers;
    bench.timer.advance(100);
    assert.ok(bench.bus.transfers > polled);
    bench.chip.count("A", 100);
    turns = 1;
    bench.timer.advance(1000);
    assert.ok(bench.faults.length > 0);
    bench.timer.advance(1000);
    assert.equal(bench.counts[0], 100);
    assert.ok(!bench.kinds.includes("lost"));
  });
});

test("what is thrown above the bus is not taken for a fault of it", () => {
  const bench = new Bench({
    onFault: (fault) => {
      if (fault === "lost") throw new TypeError("a bug");
    },
  });
  bench.timer.advance(220);
  bench.chip.count("A", 1_000_000);
  assert.throws(() => bench.timer.advance(1000), TypeError);
});

describe("closing", () => {
  test("leaves no timer, closes the bus once, and does not use it any more", () => {
    for (const ms of [0, 109, 150, 220, 1300]) {
      const bench = new Bench();
      bench.timer.advance(ms);
      bench.driver.close();
      bench.driver.close();
      const { transfers } = bench.bus;
      bench.timer.advance(5000);
      assert.deepEqual([bench.timer.pending, bench.bus.closed], [0, 1]);
      assert.equal(bench.bus.transfers, transfers);
    }
  });

  test("from inside a sample", () => {
    const bench: Bench = new Bench({ onSample: () => bench.driver.close() });
    bench.timer.advance(5000);
    assert.deepEqual([bench.timer.pending, bench.bus.closed], [0, 1]);
  });

  test("from inside any fault", () => {
    for (let transfer = 0; transfer < 120; transfer++)
      for (const restart of [false, true]) {
        let faults = 0;
        const bench: Bench = new Bench({
          onFault: () => {
            faults++;
            bench.driver.close();
          },
        });
        const fail = () => {
          if (bench.bus.transfers <= transfer) return;
          if (restart) bench.chip.restart();
          else throw new Error("no answer");
        };
        bench.wire.onWrite = (bytes, chip) => {
          fail();
          chip.write(bytes);
        };
        bench.wire.onRead = (count, chip) => {
          fail();
          return chip.read(count);
        };
        bench.timer.advance(3000);
        assert.deepEqual([faults, bench.timer.pending, bench.bus.closed], [1, 0, 1], `${transfer}`);
      }
  });
});
