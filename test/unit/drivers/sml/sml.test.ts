// SPDX-License-Identifier: Apache-2.0
/** The SML sensor: its line, its time, arrivals in any pieces. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { AssertionFailure } from "#core/errors/assert";
import { Sml, type SmlOptions } from "#drivers/sml/sml";
import type { EnergySample } from "#drivers/types";
import { smlFile, twoWay } from "#test/vectors/drivers/sml-file";
import { FakeSerial, ManualTimer } from "../../../helpers/driver-io.ts";

function start(options: Partial<SmlOptions> = {}) {
  const timer = new ManualTimer();
  const line = new FakeSerial();
  const samples: EnergySample[] = [];
  const faults: string[] = [];
  const driver = new Sml({
    sensor: { ...line.construction, receive: 16 },
    timer,
    onSample: (sample) => samples.push(sample),
    onFault: (fault, detail) => faults.push(`${fault}: ${detail}`),
    ...options,
  });
  return { timer, line, samples, faults, driver };
}

test("opens its line with the board's pins", () => {
  const { onReadable, ...options } = start().line.options ?? {};
  assert.equal(typeof onReadable, "function");
  const expected = { baud: 9600, data: 8, parity: "none", stop: 1, format: "buffer", receive: 16 };
  assert.deepEqual(options, expected);
});

test("no counters and no sample before two files that agree", () => {
  const { line, driver, samples, timer } = start();
  assert.deepEqual(driver.identification, { model: "SML", classification: "Energy" });
  line.send(smlFile(twoWay(10, 20, 30)));
  assert.deepEqual([driver.counters.length, driver.sample(), samples.length], [0, undefined, 0]);
  timer.advance(1000);
  line.send(smlFile(twoWay(11, 20, -30)));
  const [first, second] = driver.counters;
  const common = { mwh: 100n, perCounts: 1n, modulus: 0n, origin: "kept" };
  assert.deepEqual(first, { name: "1-0:1.8.0", register: "import", ...common });
  assert.deepEqual(second, { name: "1-0:2.8.0", register: "export", ...common });
  assert.deepEqual(samples, [{ uptimeMs: 1000, counts: [11n, 20n], powerMw: -30_000 }]);
  assert.equal(driver.sample(), samples[0]);
});

test("arrivals in any pieces, glued and with breaks, give the same samples", () => {
  const sizes = fc.array(fc.integer({ min: 1, max: 200 }), { minLength: 1, maxLength: 40 });
  fc.assert(
    fc.property(sizes, fc.integer({ min: 2, max: 5 }), (parts, count) => {
      const { line, samples, faults } = start();
      const files = Array.from({ length: count }, (_, i) => [...smlFile(twoWay(i, 7, i))]);
      const bytes = files.flat();
      for (let at = 0, i = 0; at < bytes.length; i++) {
        const size = parts[i % parts.length];
        line.send(bytes.slice(at, at + size));
        at += size;
      }
      assert.deepEqual(faults, []);
      assert.deepEqual(
        samples.map(({ counts }) => counts[0]),
        files.slice(1).map((_, i) => BigInt(i + 1)),
      );
    }),
    { numRuns: 200 },
  );
});

test("what comes before the first file is no fault, later it is, once", () => {
  const { line, faults, samples } = start();
  const file = smlFile(twoWay(1, 2, 3));
  line.send(file.subarray(100));
  line.send(file);
  assert.deepEqual(faults, []);
  line.send([1, 2, 3]);
  line.send([4, 5, 6]);
  line.send(file);
  assert.deepEqual(faults, ["framing: bytes outside a file"]);
  assert.equal(samples.length, 1);
});

test("endless bytes in a file are dropped, and the next file is taken", () => {
  const { line, faults, samples } = start();
  const file = smlFile(twoWay(1, 2, 3));
  line.send(file);
  line.send(file.subarray(0, 50));
  for (let i = 0; i < 100; i++) line.send(new Array(500).fill(7));
  assert.deepEqual(faults, ["framing: the file is too long"]);
  line.send(file);
  assert.equal(samples.length, 1);
});

test("silence is a fault each time, drops half a file, and learns anew", () => {
  const { line, faults, samples, timer, driver } = start({ timeoutMs: 5000 });
  const file = smlFile(twoWay(1, 2, 3));
  timer.advance(4999);
  line.send(file);
  timer.advance(4999);
  line.send(file.subarray(0, 100));
  assert.deepEqual(faults, []);
  timer.advance(1);
  assert.deepEqual(faults, ["timeout: no telegram in 5000 ms"]);
  line.send(file.subarray(100));
  line.send(file);
  assert.equal(driver.counters.length, 0, "not two in a row");
  line.send(file);
  assert.equal(samples.length, 1);
  timer.advance(10_000);
  assert.deepEqual(faults.slice(1), [
    "framing: bytes outside a file",
    "timeout: no telegram in 5000 ms",
    "timeout: no telegram in 5000 ms",
  ]);
});

test("close stops everything, also from inside a callback, and again", () => {
  let inside: Sml | undefined;
  let taken = 0;
  const { driver, line, timer, faults } = start({
    onSample: () => {
      taken++;
      inside?.close();
    },
  });
  inside = driver;
  const file = [...smlFile(twoWay(1, 2, 3))];
  line.send([...file, ...file, ...file, 1, 2, 3]);
  driver.close();
  line.send(file);
  timer.advance(100_000);
  assert.deepEqual([taken, faults.length, line.closed, timer.pending], [1, 0, 1, 0]);
});

test("options that no board can mean are bugs", () => {
  const wrong: Record<string, unknown>[] = [
    { crc: "x" },
    { timeoutMs: 0 },
    { registers: ["1.8.0"] },
  ];
  for (const options of wrong)
    assert.throws(
      () => start(options as Partial<SmlOptions>),
      AssertionFailure,
      JSON.stringify(options),
    );
});
