// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { Cse7766 } from "#drivers/cse7766/cse7766";
import { FakeSerial, ManualTimer } from "../../../helpers/driver-io.ts";
import { frameOf } from "../../../vectors/drivers/cse7766.ts";
import { Bench, ready } from "./bench.ts";
import { FRAME_MS } from "./chip.ts";

describe("the line", () => {
  test("is opened as the chip speaks, with the board's pins, and never written to", () => {
    const bench = new Bench();
    const sensor = { ...bench.serial.construction, port: 1, receive: 3 };
    new Cse7766({ sensor, timer: bench.timer });
    const { onReadable, ...options } = bench.serial.options ?? {};
    assert.equal(typeof onReadable, "function");
    const wanted = { baud: 4800, data: 8, parity: "even", stop: 1, format: "buffer" };
    assert.deepEqual(options, { port: 1, receive: 3, ...wanted });
    assert.equal(bench.serial.written.length, 0);
  });

  test("byte by byte", () => {
    const bench = ready();
    for (const byte of frameOf({ pulses: 1000 })) {
      assert.deepEqual(bench.counts, []);
      bench.timer.advance(2);
      bench.serial.send([byte]);
    }
    assert.deepEqual(bench.counts, [990]);
    assert.deepEqual(bench.faults, []);
  });

  test("two frames glued, and one and a half", () => {
    const bench = ready();
    const next = frameOf({ pulses: 1010 });
    bench.serial.send([...frameOf({ pulses: 990 }), ...frameOf({ pulses: 1000 })]);
    bench.serial.send([...next, ...next.subarray(0, 12)]);
    bench.serial.send(next.subarray(12));
    assert.deepEqual(bench.counts, [990, 990, 1000, 1010]);
    assert.deepEqual(bench.faults, []);
  });

  test("garbage between frames is one fault", () => {
    const bench = ready();
    bench.serial.send([0x00, 0x55, 0x55, 0x5b, 0xaa, 0x13]);
    bench.run(1, 1000);
    assert.deepEqual(bench.counts, [990]);
    assert.deepEqual(bench.faults, ["framing: 6 bytes between frames"]);
  });

  test("a header among garbage costs no sound frame", () => {
    const bench = ready();
    bench.serial.send([0x55, 0x5a, 0x01, 0x02]);
    bench.run(2, 1000);
    assert.deepEqual(bench.counts, [990, 1000]);
    assert.deepEqual(bench.faults, ["checksum: sum of the frame"]);
  });

  test("a frame that loses a byte costs itself only", () => {
    const bench = ready();
    bench.serial.send(frameOf({ pulses: 995 }).subarray(0, 23));
    bench.run(1, 1000);
    assert.deepEqual(bench.counts, [990]);
    assert.deepEqual(bench.faults, ["checksum: sum of the frame"]);
  });

  test("half a frame before a silence is dropped", () => {
    const bench = ready();
    const whole = frameOf({ pulses: 1000 });
    bench.serial.send(whole.subarray(0, 10));
    bench.timer.advance(501);
    bench.serial.send(whole.subarray(10));
    bench.run(1, 1010);
    assert.deepEqual(bench.faults.slice(0, 1), ["framing: cut short after 10 bytes"]);
    assert.deepEqual(bench.faults.slice(1), ["framing: 14 bytes between frames"]);
    assert.deepEqual(bench.counts, [990]);
  });

  test("silence is a fault each two seconds, and ends with the next frame", () => {
    const bench = ready();
    bench.timer.advance(6100);
    assert.deepEqual(bench.faults, [
      "timeout: no frame for 2000 ms",
      "timeout: no frame for 4000 ms",
      "timeout: no frame for 6000 ms",
    ]);
    bench.run(3, 2000).timer.advance(1900);
    assert.deepEqual([bench.faults.length, bench.counts], [3, [2010]]);
  });

  test("a chip that never speaks", () => {
    const bench = new Bench();
    bench.timer.advance(2000);
    assert.deepEqual(bench.faults, ["timeout: no frame for 2000 ms"]);
    assert.equal(bench.driver.sample(), undefined);
  });

  test("a read that throws is a fault of the bus", () => {
    const bench = new Bench({
      sensor: {
        io: class {
          read(): ArrayBuffer | undefined {
            throw new Error("gone");
          }
          write(): void {}
          close(): void {}
        },
      },
    });
    assert.deepEqual(bench.faults, ["bus: Error: gone"]);
  });
});

describe("closing", () => {
  test("leaves no timer, closes the line once, and nothing is heard afterwards", () => {
    const bench = ready();
    bench.driver.close();
    bench.driver.close();
    assert.deepEqual([bench.timer.pending, bench.serial.closed], [0, 1]);
    bench.run(3, 1000);
    bench.timer.advance(10_000);
    assert.deepEqual([bench.counts, bench.faults], [[], []]);
  });

  test("from inside a sample", () => {
    const bench: Bench = ready({
      onSample: (sample) => {
        bench.samples.push(sample);
        bench.driver.close();
      },
    });
    bench.timer.advance(FRAME_MS);
    bench.serial.send([...frameOf({ pulses: 1000 }), ...frameOf({ pulses: 1010 })]);
    assert.deepEqual([bench.counts, bench.timer.pending, bench.serial.closed], [[990], 0, 1]);
  });

  test("from inside a fault", () => {
    for (const damage of [
      [0x55, 0x5a, ...Array(22).fill(1)],
      [1, 2, 3],
      [...frameOf({ state: 0xaa })],
    ]) {
      const bench: Bench = ready({
        onFault: (fault) => {
          bench.faults.push(fault);
          bench.driver.close();
        },
      });
      bench.serial.send([...damage, ...frameOf({ pulses: 1000 }), ...frameOf({ pulses: 9 })]);
      assert.deepEqual([bench.counts, bench.faults.length, bench.timer.pending], [[], 1, 0]);
    }
    const silent: Bench = new Bench({ onFault: () => silent.driver.close() });
    silent.timer.advance(2000);
    assert.equal(silent.timer.pending, 0);
  });
});

describe("re-entry", () => {
  test("bytes that come while a sample is handled are taken afterwards, in order", () => {
    let depth = 0;
    let deepest = 0;
    const bench: Bench = ready({
      onSample: (sample) => {
        deepest = Math.max(deepest, ++depth);
        bench.samples.push(sample);
        const pulses = Number(sample.counts[0]) + 20;
        bench.timer.advance(FRAME_MS);
        if (pulses < 1050) bench.serial.send(frameOf({ pulses }));
        depth--;
      },
    });
    bench.run(1, 1000);
    assert.equal(deepest, 1);
    assert.deepEqual(bench.counts, [990, 1000, 1010, 1020, 1030]);
  });

  test("a line that calls back in its constructor loses nothing", () => {
    const serial = new FakeSerial();
    const { io: Io } = serial.construction;
    const timer = new ManualTimer();
    const early: number[] = [];
    for (let i = 0; i < 8; i++) early.push(...frameOf({}));
    class Early extends Io {
      constructor(options: ConstructorParameters<typeof Io>[0]) {
        super(options);
        serial.send(early);
      }
    }
    const driver = new Cse7766({ sensor: { io: Early }, timer });
    assert.equal(driver.coefficients?.power, 5_300_000);
  });
});
