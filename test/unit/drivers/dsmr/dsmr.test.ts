// SPDX-License-Identifier: Apache-2.0
/** The P1 sensor: its line, its time, arrivals in any pieces, and what it says of faults. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { AssertionFailure } from "#core/errors/assert";
import { Dsmr, type DsmrOptions } from "#drivers/dsmr/dsmr";
import { decimalOf } from "#drivers/dsmr/units";
import type { EnergySample } from "#drivers/types";
import { ciphered } from "#test/vectors/drivers/dsmr";
import { type Dutch, dutchLines, fixed, latin, p1 } from "#test/vectors/drivers/p1";
import { FakeSerial, ManualTimer } from "../../../helpers/driver-io.ts";

const METER: Dutch = {
  import1Wh: 1000,
  import2Wh: 2000,
  export1Wh: 3000,
  export2Wh: 4000,
  importW: 500,
  exportW: 0,
};

function start(options: Partial<DsmrOptions> = {}) {
  const timer = new ManualTimer();
  const line = new FakeSerial();
  const samples: EnergySample[] = [];
  const faults: string[] = [];
  const driver = new Dsmr({
    sensor: { ...line.construction, receive: 16 },
    timer,
    onSample: (sample) => samples.push(sample),
    onFault: (fault, detail) => faults.push(`${fault}: ${detail}`),
    ...options,
  });
  return { timer, line, samples, faults, driver };
}

function telegram(changes: Partial<Dutch> = {}): Uint8Array {
  return p1(dutchLines({ ...METER, ...changes }));
}

test("opens its line as the version has it, with the board's pins", () => {
  const { line } = start();
  const { onReadable, ...options } = line.options ?? {};
  assert.equal(typeof onReadable, "function");
  const common = { format: "buffer", stop: 1, receive: 16 };
  assert.deepEqual(options, { baud: 115_200, data: 8, parity: "none", ...common });
  const old = start({ version: 3 }).line.options;
  assert.deepEqual([old?.baud, old?.data, old?.parity, old?.stop], [9600, 7, "even", 1]);
});

test("no counters and no sample before two telegrams that agree", () => {
  const { line, driver, samples, timer } = start();
  assert.deepEqual(driver.identification, { model: "DSMR P1", classification: "Energy" });
  line.send(telegram());
  assert.deepEqual([driver.counters.length, driver.sample(), samples.length], [0, undefined, 0]);
  timer.advance(1000);
  line.send(telegram({ import1Wh: 1001 }));
  assert.deepEqual(
    driver.counters.map(({ name, register }) => `${name} ${register}`),
    ["1-0:1.8.1 import", "1-0:1.8.2 import", "1-0:2.8.1 export", "1-0:2.8.2 export"],
  );
  for (const { origin, modulus, perCounts, mwh } of driver.counters)
    assert.deepEqual([origin, modulus, perCounts, mwh], ["kept", 0n, 1n, 1000n]);
  assert.deepEqual(samples, [driver.sample()]);
  assert.equal(driver.sample()?.uptimeMs, 1000);
  assert.deepEqual(driver.sample()?.counts, [1001n, 2000n, 3000n, 4000n]);
});

test("arrivals in any pieces, glued and with breaks, give the same samples", () => {
  const sizes = fc.array(fc.integer({ min: 1, max: 400 }), { minLength: 1, maxLength: 40 });
  fc.assert(
    fc.property(sizes, fc.integer({ min: 2, max: 5 }), (parts, count) => {
      const { line, samples, faults } = start();
      const all = Array.from({ length: count }, (_, i) => [...telegram({ import1Wh: 1000 + i })]);
      const bytes = all.flat();
      for (let at = 0, i = 0; at < bytes.length; i++) {
        const size = parts[i % parts.length];
        line.send(bytes.slice(at, at + size));
        at += size;
      }
      assert.deepEqual(faults, []);
      const imports = samples.map(({ counts }) => counts[0]);
      assert.deepEqual(
        imports,
        all.slice(1).map((_, i) => BigInt(1001 + i)),
      );
    }),
    { numRuns: 200 },
  );
});

test("a telegram byte by byte", () => {
  const { line, samples, faults } = start();
  for (const byte of [...telegram(), ...telegram()]) line.send([byte]);
  assert.deepEqual([samples.length, faults], [1, []]);
});

test("what comes before the first telegram is no fault, later it is, once", () => {
  const { line, faults, samples } = start();
  line.send(telegram().subarray(100));
  line.send(telegram());
  assert.deepEqual(faults, []);
  line.send(latin("noise\r\nnoise"));
  line.send(latin("more noise"));
  line.send(telegram());
  assert.deepEqual(faults, ["framing: bytes outside a telegram"]);
  assert.equal(samples.length, 1);
});

test("endless bytes without a line's end are dropped, and the next telegram is taken", () => {
  const { line, faults, samples } = start();
  line.send(telegram());
  line.send(latin("/WAT5"));
  for (let i = 0; i < 100; i++) line.send(latin("x".repeat(1000)));
  assert.deepEqual(faults, ["framing: a line or a telegram is too long"]);
  line.send(telegram());
  assert.equal(samples.length, 1);
});

test("silence is a fault each time, drops half a telegram, and learns anew", () => {
  const { line, faults, samples, timer, driver } = start({ timeoutMs: 5000 });
  timer.advance(4999);
  line.send(telegram());
  timer.advance(4999);
  assert.deepEqual(faults, []);
  line.send(telegram().subarray(0, 200)); // half of one is not heard as a meter
  timer.advance(1);
  assert.deepEqual(faults, ["timeout: no telegram in 5000 ms"]);
  line.send(telegram().subarray(200));
  assert.equal(faults.pop(), "framing: bytes outside a telegram");
  timer.advance(10_000);
  assert.equal(faults.length, 3);
  line.send(telegram());
  assert.equal(driver.counters.length, 0, "not two in a row");
  line.send(telegram());
  assert.equal(samples.length, 1);
  timer.advance(4999);
  assert.equal(faults.length, 3);
});

test("refused telegrams show that the meter is there", () => {
  const { line, faults, timer } = start({ timeoutMs: 5000, registers: ["1-0:1.8.0"] });
  for (let i = 0; i < 3; i++) {
    timer.advance(4000);
    line.send(telegram());
  }
  assert.deepEqual(new Set(faults), new Set(["range: no register 1-0:1.8.0"]));
});

test("configure changes the timeout", () => {
  const { driver, faults, timer } = start();
  driver.configure({ timeoutMs: 100, unknown: true });
  timer.advance(100);
  assert.equal(faults.length, 1);
  for (const timeoutMs of [0, -1, 1.5, "1", Number.NaN])
    assert.throws(() => driver.configure({ timeoutMs }), AssertionFailure);
});

test("faults say what is wrong", () => {
  const said = (piece: Uint8Array, options: Partial<DsmrOptions> = {}): string => {
    const { line, faults } = start(options);
    line.send([...piece, 0x0d, 0x0a]);
    assert.equal(faults.length, 1, String(faults));
    return faults[0];
  };
  assert.match(said(ciphered(300)), /^device: encrypted telegram .* not supported$/);
  assert.match(said(p1([], { crc: "" })), /^framing: .* DSMR 2 or 3\?$/);
  assert.match(said(p1([]), { version: 3 }), /^framing: .* DSMR 4 or 5\?$/);
  assert.match(
    said(p1(["1-0:1.8.1(1*kWh)", "1-0:1.8.1(1*kWh)"])),
    /^range: 1-0:1\.8\.1 comes twice$/,
  );
  assert.match(said(p1(["1-0:1.8.1(1*W)"])), /^range: 1-0:1\.8\.1 has no energy$/);
});

test("a fault of the io is one of the bus", () => {
  const timer = new ManualTimer();
  const faults: string[] = [];
  let readable: (() => void) | undefined;
  class Broken {
    constructor({ onReadable }: { onReadable?: (count: number) => void }) {
      readable = () => onReadable?.(1);
      onReadable?.(1); // before there is anything to read from
    }
    read(): ArrayBuffer {
      throw new Error("overrun");
    }
    write(): void {}
    close(): void {}
  }
  new Dsmr({
    sensor: { io: Broken },
    timer,
    onFault: (fault, detail) => faults.push(`${fault} ${detail}`),
  });
  readable?.();
  assert.deepEqual(faults, ["bus Error: overrun"]);
});

test("close stops everything, also from inside a callback, and again", () => {
  const { line, driver, samples, faults, timer } = start();
  line.send(telegram());
  driver.close();
  driver.close();
  line.send(telegram());
  timer.advance(100_000);
  assert.deepEqual([samples.length, faults.length, line.closed, timer.pending], [0, 0, 1, 0]);

  let inside: Dsmr | undefined;
  let taken = 0;
  const other = start({
    onSample: () => {
      taken++;
      inside?.close();
    },
  });
  inside = other.driver;
  const bytes = [...telegram(), ...telegram()];
  other.line.send([...bytes, ...telegram()]);
  assert.deepEqual([taken, other.line.closed, other.timer.pending], [1, 1, 0]);
});

test("options that no board can mean are bugs", () => {
  const wrong: Record<string, unknown>[] = [
    { version: 4 },
    { powerMaxW: 0 },
    { timeoutMs: 0 },
    { registers: [] },
    { registers: ["1-0:1.7.0"] },
    { registers: ["1-0:1.8.1", "1-0:1.8.1"] },
    { registers: ["1-0:1.8.0", "1-0:1.8.1"] },
  ];
  for (const options of wrong)
    assert.throws(
      () => start(options as Partial<DsmrOptions>),
      AssertionFailure,
      JSON.stringify(options),
    );
  start({ registers: ["1-0:1.8.0", "1-0:2.8.1"] }); // each direction for itself
});

test("decimals become integers digit by digit", () => {
  const whole = fc.integer({ min: 0, max: 999_999_999 });
  fc.assert(
    fc.property(whole, fc.integer({ min: 0, max: 3 }), fc.boolean(), (value, decimals, kilo) => {
      const text = `${fixed(value, 9 - decimals, decimals)}*${kilo ? "kWh" : "Wh"}`;
      const power = (kilo ? 6 : 3) - decimals;
      const stepMilli = 10 ** power;
      assert.deepEqual(decimalOf(text, "energy"), { milli: value * stepMilli, stepMilli });
    }),
  );
  const largest = decimalOf("999999999.999*kWh", "energy");
  assert.equal(largest?.milli, 999_999_999_999_000);
  for (const text of [
    "1.*kWh",
    ".1*kWh",
    "1e3*kWh",
    " 1*kWh",
    "1*kwh",
    "1*",
    "1",
    "0x1*kWh",
    "1*constructor",
  ])
    assert.equal(decimalOf(text, "energy"), undefined, text);
});
