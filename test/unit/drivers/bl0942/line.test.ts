// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { Bl0942 } from "#drivers/bl0942/bl0942";
import { CALIBRATION, packetOf } from "../../../vectors/drivers/bl0942.ts";
import { Bench, ready } from "./bench.ts";

describe("the line", () => {
  test("is opened as the chip speaks, with the board's pins", () => {
    const bench = new Bench();
    const sensor = { ...bench.serial.construction, port: 1, receive: 3 };
    new Bl0942({ sensor, timer: bench.timer, calibration: CALIBRATION, baud: 9600 });
    const { onReadable, ...options } = bench.serial.options ?? {};
    assert.equal(typeof onReadable, "function");
    const wanted = { baud: 9600, data: 8, parity: "none", stop: 1, format: "buffer" };
    assert.deepEqual(options, { port: 1, receive: 3, ...wanted });
  });

  test("byte by byte", () => {
    const bench = ready();
    bench.chip.spoil = (answer) => {
      answer.forEach((byte, i) => {
        bench.timer.after(2 * i, () => bench.serial.send([byte]));
      });
      return undefined;
    };
    bench.seconds(1);
    assert.deepEqual([bench.samples.length, bench.faults], [2, []]);
  });

  test("garbage before an answer, behind it, and the answer twice: asked again", () => {
    for (const spoiled of [
      (answer: Uint8Array) => [0x00, ...answer],
      (answer: Uint8Array) => [...answer, 0x55],
      (answer: Uint8Array) => [...answer, ...answer],
    ]) {
      const bench = ready();
      let spoils = 1;
      bench.chip.spoil = (answer) => (spoils-- > 0 ? Uint8Array.from(spoiled(answer)) : answer);
      bench.seconds(1);
      assert.equal(bench.samples.length, 2);
      assert.match(bench.faults.join(), /^framing: (24|46) bytes, not 23$/);
      assert.equal(bench.chip.requests.length, 3);
    }
  });

  test("more behind an answer is no answer, even when it comes a little later", () => {
    const bench = ready();
    let spoils = 1;
    bench.chip.spoil = (answer) => {
      if (spoils-- > 0) bench.timer.after(5, () => bench.serial.send([1]));
      return answer;
    };
    bench.seconds(1);
    assert.deepEqual(bench.faults, ["framing: 24 bytes, not 23"]);
    assert.equal(bench.samples.length, 2);
  });

  test("half an answer", () => {
    const bench = ready();
    let spoils = 1;
    bench.chip.spoil = (answer) => (spoils-- > 0 ? answer.subarray(0, 11) : answer);
    bench.seconds(1);
    assert.deepEqual(bench.faults, ["framing: 11 bytes, not 23"]);
    assert.equal(bench.samples.length, 2);
  });

  test("bytes that nobody asked for are one fault", () => {
    const bench = ready();
    bench.serial.send(packetOf({}));
    bench.serial.send([1, 2]);
    bench.seconds(1);
    assert.deepEqual(bench.faults, ["framing: 25 bytes unasked"]);
    assert.equal(bench.samples.length, 2);
  });

  test("a line that never falls silent does not hang", () => {
    const bench = new Bench({
      sensor: {
        io: class {
          read(): ArrayBuffer {
            return new ArrayBuffer(7);
          }
          write(): void {}
          close(): void {}
        },
      },
    });
    bench.seconds(10);
    assert.ok(bench.faults.length > 5 && bench.faults.length < 300, `${bench.faults.length}`);
    assert.equal(bench.samples.length, 0);
  });

  test("writes and reads that throw are faults of the bus, within the budget", () => {
    for (const broken of ["read", "write"]) {
      const bench = new Bench({
        sensor: {
          io: class {
            read(): ArrayBuffer | undefined {
              if (broken === "read") throw new Error("gone");
              return undefined;
            }
            write(): void {
              if (broken === "write") throw new Error("gone");
            }
            close(): void {}
          },
        },
      });
      bench.seconds(3);
      assert.ok(bench.faults.length >= 12 && bench.faults.length <= 60, `${bench.faults.length}`);
      assert.ok(bench.faults.every((fault) => fault === "bus: Error: gone"));
    }
  });
});

describe("a chip that falls silent", () => {
  test("costs its budget of timeouts, and is set again when it is back", () => {
    const bench = ready();
    bench.chip.mute = true;
    bench.seconds(4);
    assert.ok(bench.faults.length >= 18, `${bench.faults.length}`);
    assert.deepEqual([...new Set(bench.faults)], ["timeout: no answer"]);
    bench.chip.mute = false;
    bench.chip.restart();
    bench.faults.length = 0;
    bench.seconds(3);
    assert.ok(bench.faults.includes("device: mode 0x87: the chip restarted"));
    assert.ok(bench.samples.length > 1);
    assert.ok(bench.counts.at(-1)! < 50, "it began anew");
  });

  test("and whose answer comes late", () => {
    const bench = ready();
    let late = 1;
    bench.chip.spoil = (answer) => {
      if (late-- <= 0) return answer;
      bench.timer.after(120, () => bench.serial.send(answer));
      return undefined;
    };
    bench.seconds(1);
    assert.deepEqual(bench.faults, ["timeout: no answer"]);
    assert.equal(bench.samples.length, 2);
  });
});

describe("closing", () => {
  test("leaves no timer at any moment, and closes the line once", () => {
    for (let ms = 0; ms < 1100; ms += 3) {
      const bench = new Bench();
      bench.timer.advance(ms);
      bench.driver.close();
      bench.driver.close();
      assert.deepEqual([bench.timer.pending, bench.serial.closed], [0, 1], `after ${ms} ms`);
      const { length } = bench.chip.requests;
      bench.serial.send([1, 2, 3]);
      bench.seconds(5);
      assert.equal(bench.chip.requests.length, length);
    }
  });

  test("from inside a sample", () => {
    const bench: Bench = new Bench({
      onSample: (sample) => {
        bench.samples.push(sample);
        bench.driver.close();
      },
    });
    bench.seconds(5);
    const ended = [bench.samples.length, bench.timer.pending, bench.serial.closed];
    assert.deepEqual(ended, [1, 0, 1]);
  });

  test("from inside a fault", () => {
    const spoils: ((answer: Uint8Array) => Uint8Array | undefined)[] = [
      () => undefined,
      (answer) => answer.map((byte) => byte ^ 1),
      () => Uint8Array.of(1, 2, 3),
      (answer) => (answer.length === 4 ? answer : packetOf({ watt: -5_000_000 })),
      (answer) => (answer.length === 4 ? answer : packetOf({ fastCurrentRms: 0, status: 4 })),
    ];
    for (const spoil of spoils) {
      const faults: string[] = [];
      const bench: Bench = new Bench({
        onFault: (fault) => {
          faults.push(fault);
          bench.driver.close();
        },
      });
      bench.chip.spoil = spoil;
      bench.seconds(5);
      assert.deepEqual([faults.length, bench.timer.pending, bench.serial.closed], [1, 0, 1]);
    }
    const restarted: Bench = new Bench({ onFault: () => restarted.driver.close() });
    restarted.timer.advance(900);
    restarted.chip.restart();
    restarted.seconds(90);
    assert.deepEqual([restarted.timer.pending, restarted.serial.closed], [0, 1]);
    const unasked: Bench = new Bench({ onFault: () => unasked.driver.close() });
    unasked.timer.advance(900);
    unasked.serial.send([1]);
    unasked.seconds(90);
    assert.deepEqual([unasked.timer.pending, unasked.serial.closed], [0, 1]);
  });
});
