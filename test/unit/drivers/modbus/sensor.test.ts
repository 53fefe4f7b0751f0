// SPDX-License-Identifier: Apache-2.0
/** The drivers as ECMA-419 sensors: what they are made with, what they say of themselves, their ranges. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { ModbusMaster } from "#drivers/modbus/master";
import { Pzem004t } from "#drivers/modbus/pzem004t";
import { Sdm, type SdmModel } from "#drivers/modbus/sdm";
import { FakeSerial } from "../../../helpers/driver-io.ts";
import {
  answerOf,
  CountingTimer,
  Heard,
  pzemWords,
  simLine,
  vectorLine,
  vectorOf,
} from "./sim-line.ts";

const MODELS: SdmModel[] = ["SDM120", "SDM630", "SDM72", "SDM72-2"];

test("the line is opened as the meter leaves the factory, with the board's pins", () => {
  for (const [model, baud] of [
    ["SDM120", 2400],
    ["SDM630", 9600],
    ["SDM72", 9600],
    ["SDM72-2", 9600],
  ] as const) {
    const serial = new FakeSerial();
    const sensor = { ...serial.construction, transmit: 17, receive: 16, port: 1 };
    new Sdm({ model, timer: new CountingTimer(), sensor });
    const { onReadable, ...options } = serial.options ?? {};
    assert.equal(typeof onReadable, "function");
    const pins = { transmit: 17, receive: 16, port: 1 };
    const format = { format: "buffer", data: 8, parity: "none", stop: 1 };
    assert.deepEqual(options, { ...pins, ...format, baud });
  }
  const serial = new FakeSerial();
  const set = { baud: 19_200, parity: "even", stop: 2 } as const;
  new Pzem004t({ timer: new CountingTimer(), sensor: serial.construction, ...set });
  const { baud, parity, stop } = serial.options ?? {};
  assert.deepEqual({ baud, parity, stop }, set);
});

test("either a line of its own or a shared one", () => {
  const timer = new CountingTimer();
  const serial = new FakeSerial();
  const bus = new ModbusMaster({ timer, sensor: serial.construction, baud: 9600 });
  assert.throws(() => new Pzem004t({ timer }), /DRIVER_LINE/);
  const sensor = new FakeSerial();
  assert.throws(() => new Pzem004t({ timer, bus, sensor: sensor.construction }), /DRIVER_LINE/);
  assert.equal(sensor.options, undefined, "nothing was opened");
});

test("what is no option is a bug of the caller", () => {
  const timer = new CountingTimer();
  const make = (options: object) => {
    const serial = new FakeSerial();
    const made = () => new Pzem004t({ timer, sensor: serial.construction, ...options });
    return { made, serial };
  };
  for (const options of [
    { pollMs: 0 },
    { pollMs: 199 },
    { pollMs: 3_600_001 },
    { pollMs: 1000.5 },
    { address: 0 },
    { address: 250 },
    { register: "both" },
    { rangeA: 50 },
  ]) {
    const { made, serial } = make(options);
    assert.throws(made, /DRIVER_/, JSON.stringify(options));
    assert.equal(serial.options, undefined, "nothing was opened");
  }
  const sensor = new FakeSerial().construction;
  assert.throws(() => new Sdm({ model: "SDM999" as SdmModel, timer, sensor }), /DRIVER_MODEL/);
  assert.equal(timer.pending, 0);
});

test("counters and names", () => {
  const timer = new CountingTimer();
  const sensor = () => new FakeSerial().construction;
  const pzem = new Pzem004t({ timer, sensor: sensor(), register: "export" });
  assert.deepEqual(pzem.identification, { model: "PZEM-004T v3", classification: "Energy" });
  const kept = { perCounts: 1n, modulus: 0n, origin: "kept" };
  assert.deepEqual(pzem.counters, [{ name: "energy", register: "export", mwh: 1000n, ...kept }]);
  for (const model of MODELS) {
    const sdm = new Sdm({ model, timer, sensor: sensor() });
    assert.deepEqual(sdm.identification, { model, classification: "Energy" });
    assert.deepEqual(sdm.counters, [
      { name: "import 0x48", register: "import", mwh: 1n, ...kept },
      { name: "export 0x4A", register: "export", mwh: 1n, ...kept },
    ]);
    assert.equal(sdm.sample(), undefined);
  }
});

test("the newest sample stays, with the time of its last byte, through faults", () => {
  const timer = new CountingTimer();
  const heard = new Heard();
  let energyWh = 5;
  let well = true;
  const line = simLine(timer, (request) =>
    well ? answerOf(1, pzemWords(energyWh), request) : undefined,
  );
  const { onSample, onFault } = heard;
  const meter = new Pzem004t({ timer, sensor: line.construction, onSample, onFault });
  timer.advance(50);
  assert.equal(meter.sample()?.uptimeMs, 40);
  energyWh = 6;
  timer.advance(1000);
  assert.deepEqual(meter.sample()?.counts, [6n]);
  assert.equal(meter.sample()?.uptimeMs, 1040);
  well = false;
  timer.advance(5000);
  assert.equal(meter.sample()?.uptimeMs, 1040);
  assert.ok(heard.faults.length >= 3);
  // A counter that goes back is not the driver's to judge.
  well = true;
  energyWh = 1;
  timer.advance(5000);
  assert.deepEqual(meter.sample()?.counts, [1n]);
  assert.equal(heard.samples.at(-1), meter.sample());
});

test("the pace is set at any time, from the next round on", () => {
  const timer = new CountingTimer();
  const line = vectorLine(timer, vectorOf("SDM72"));
  const meter = new Sdm({ model: "SDM72", timer, sensor: line.construction, pollMs: 5000 });
  timer.advance(9900);
  assert.equal(line.written.length, 4, "two reads a round");
  meter.configure({ pollMs: 500 });
  meter.configure({});
  timer.advance(10_000);
  assert.ok(line.written.length >= 36, `${line.written.length}`);
  assert.throws(() => meter.configure({ pollMs: "1000" }), /DRIVER_POLL/);
});

test("without listeners a driver polls all the same", () => {
  const timer = new CountingTimer();
  const vector = vectorOf("SDM120");
  const meter = new Sdm({ model: "SDM120", timer, sensor: vectorLine(timer, vector).construction });
  timer.advance(1000);
  assert.deepEqual(meter.sample()?.counts, vector.sample?.counts);
  const silent = new Pzem004t({ timer, sensor: new FakeSerial().construction });
  timer.advance(5000);
  assert.equal(silent.sample(), undefined);
});

/** A driver on registers that can be set, and whether one round of it gives a sample. */
function pzemTakes(change: (words: number[]) => void, options: object = {}): boolean {
  const timer = new CountingTimer();
  const words = pzemWords(100);
  change(words);
  const line = simLine(timer, (request) => answerOf(1, words, request));
  const heard = new Heard();
  const { onFault } = heard;
  const meter = new Pzem004t({ timer, sensor: line.construction, onFault, ...options });
  timer.advance(900);
  meter.close();
  assert.deepEqual(heard.faults, meter.sample() ? [] : ["range"]);
  return meter.sample() !== undefined;
}

test("ranges of the PZEM-004T, at their ends", () => {
  const ends: [name: string, register: number, value: number, taken: boolean][] = [
    ["voltage", 0, 799, false],
    ["voltage", 0, 800, true],
    ["voltage", 0, 2860, true],
    ["voltage", 0, 2861, false],
    ["current", 1, 0xffff, true],
    ["current, 131 A", 2, 2, false],
    ["power", 3, 0xffff, true],
    ["power, 26 kW", 4, 4, false],
    ["energy, 9 961 kWh", 6, 152, true],
    ["energy, 10 027 kWh", 6, 153, false],
    ["frequency", 7, 449, false],
    ["frequency", 7, 450, true],
    ["frequency", 7, 650, true],
    ["frequency", 7, 651, false],
    ["power factor", 8, 100, true],
    ["power factor", 8, 101, false],
    ["alarm", 9, 0xffff, true],
    ["alarm", 9, 0xfffe, false],
  ];
  for (const [name, register, value, taken] of ends) {
    const change = (words: number[]) => void (words[register] = value);
    assert.equal(pzemTakes(change), taken, `${name} ${value}`);
  }
  const amps = (words: number[]) => void (words[1] = 11_001);
  assert.ok(pzemTakes(amps) && !pzemTakes(amps, { rangeA: 10 }));
});

/** The words of a float. */
function float(value: number): [number, number] {
  const view = new DataView(new ArrayBuffer(4));
  view.setFloat32(0, value);
  return [view.getUint16(0), view.getUint16(2)];
}

/** Whether an SDM with `value` at `register` gives a sample; else it must say "range". */
function sdmTakes(model: SdmModel, register: number, value: number): boolean {
  const timer = new CountingTimer();
  const words: number[] = new Array(0x60).fill(0);
  const set = (at: number, of: number) => void words.splice(at, 2, ...float(of));
  set(0x00, 230);
  set(0x46, 50);
  set(register, value);
  const line = simLine(timer, (request) => answerOf(1, words, request));
  const heard = new Heard();
  const { onFault } = heard;
  const meter = new Sdm({ model, timer, sensor: line.construction, onFault });
  timer.advance(900);
  meter.close();
  assert.deepEqual(heard.faults, meter.sample() ? [] : ["range"], `${heard.details}`);
  return meter.sample() !== undefined;
}

test("ranges of the SDM meters, at their ends", () => {
  for (const model of MODELS) {
    for (const register of [0x48, 0x4a]) {
      for (const fine of [0, -0, 1e-45, 0.001, 16_777_217, 99_999_992])
        assert.ok(sdmTakes(model, register, fine), `${model} ${fine} kWh`);
      for (const wrong of [-1e-45, -0.01, -1e30, 1e8, 1e38, Number.NaN, Infinity, -Infinity])
        assert.ok(!sdmTakes(model, register, wrong), `${model} ${wrong} kWh`);
    }
    const power = model === "SDM120" ? 0x0c : 0x34;
    const end = model === "SDM120" ? 16_200 : 108_000;
    for (const sign of [1, -1]) {
      assert.ok(sdmTakes(model, power, sign * end), `${model} ${end} W`);
      assert.ok(!sdmTakes(model, power, sign * (end + 1)), `${model} ${end + 1} W`);
    }
    assert.ok(!sdmTakes(model, power, Number.NaN));
  }
  for (const model of ["SDM120", "SDM630", "SDM72-2"] as const) {
    const currentEnd = model === "SDM120" ? 54 : 120;
    const ends: [register: number, taken: number[], refused: number[]][] = [
      [0x00, [80, 300], [300.1, -1, Number.NaN]],
      [0x06, [0, currentEnd], [currentEnd + 0.1, -0.1, Infinity]],
      [0x1e, [-1, 0, 1], [1.01, -1.01, Number.NaN]],
      [0x46, [45, 66], [0, 44.9, 66.1, -50]],
    ];
    for (const [register, taken, refused] of ends) {
      for (const value of taken) assert.ok(sdmTakes(model, register, value), `${model} ${value}`);
      for (const value of refused)
        assert.ok(!sdmTakes(model, register, value), `${model} ${value}`);
    }
  }
  assert.ok(!sdmTakes("SDM120", 0x00, 79), "a meter without the supply that it lives on");
  assert.ok(sdmTakes("SDM630", 0x00, 0), "a phase that is not connected");
  for (const phase of [1, 2]) {
    assert.ok(!sdmTakes("SDM630", 2 * phase, 301));
    assert.ok(!sdmTakes("SDM630", 0x06 + 2 * phase, 121));
    assert.ok(!sdmTakes("SDM630", 0x0c + 2 * phase, 36_001));
    assert.ok(!sdmTakes("SDM630", 0x1e + 2 * phase, 2));
  }
});
