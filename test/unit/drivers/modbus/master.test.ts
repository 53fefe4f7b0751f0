// SPDX-License-Identifier: Apache-2.0
/** Several meters on one line: turns, silent ones, late answers, and that nothing but reads is ever sent. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { toHex } from "#core/codec/bytes";
import { ModbusMaster } from "#drivers/modbus/master";
import { Pzem004t } from "#drivers/modbus/pzem004t";
import { Sdm } from "#drivers/modbus/sdm";
import { MODBUS_VECTORS } from "#test/vectors/drivers/modbus";
import { answerTo, bytesOf } from "#test/vectors/drivers/modbus-check";
import { FakeSerial } from "../../../helpers/driver-io.ts";
import { withCrc } from "./corrupt.ts";
import { answerOf, CountingTimer, Heard, pzemWords, simLine, vectorOf } from "./sim-line.ts";

/** A bus with a PZEM-004T at each address of `energyWh`. */
function busOf(energyWh: Map<number, number>) {
  const timer = new CountingTimer();
  const serial = simLine(timer, (request) => {
    const energy = energyWh.get(request[0]);
    return energy === undefined ? undefined : answerOf(request[0], pzemWords(energy), request);
  });
  const bus = new ModbusMaster({ timer, sensor: serial.construction, baud: 9600 });
  return { timer, serial, bus };
}

function meterAt(address: number, timer: CountingTimer, bus: ModbusMaster) {
  const heard = new Heard();
  const { onSample, onFault } = heard;
  return { heard, meter: new Pzem004t({ timer, bus, address, onSample, onFault }) };
}

/** The addresses that were asked, in order. */
function asked(serial: FakeSerial): number[] {
  return serial.written.map(([address]) => address);
}

test("each meter has its turn, and hears its own answers", () => {
  const { timer, serial, bus } = busOf(
    new Map([
      [1, 100],
      [7, 700],
      [9, 900],
    ]),
  );
  const meters = [1, 7, 9].map((address) => meterAt(address, timer, bus));
  timer.advance(4500);
  assert.deepEqual(asked(serial).slice(0, 6), [1, 7, 9, 1, 7, 9]);
  for (const [i, { heard, meter }] of meters.entries()) {
    assert.equal(heard.samples.length, 5);
    assert.deepEqual(heard.faults, []);
    assert.deepEqual(meter.sample()?.counts, [[100n], [700n], [900n]][i]);
  }
});

test("one request at a time, each after a silence", () => {
  const { timer, serial, bus } = busOf(
    new Map([
      [1, 1],
      [2, 2],
    ]),
  );
  const times: number[] = [];
  const answer = serial.onWrite;
  serial.onWrite = (request) => {
    times.push(timer.uptimeMs());
    answer?.(request);
  };
  meterAt(1, timer, bus);
  meterAt(2, timer, bus);
  timer.advance(100);
  // 40 ms to the answer, 5 ms of silence that makes it one, which is that before the next request too.
  assert.deepEqual(times, [0, 45]);
});

test("a silent meter is asked more seldom, costs the others little, and is found again", () => {
  const energyWh = new Map([[1, 100]]);
  const { timer, serial, bus } = busOf(energyWh);
  const well = meterAt(1, timer, bus);
  const silent = meterAt(2, timer, bus);
  timer.advance(10 * 60_000);
  const of2 = asked(serial).filter((address) => address === 2).length;
  assert.ok(of2 >= 20 && of2 <= 30, `asked ${of2} times in ten minutes`);
  assert.equal(silent.heard.samples.length, 0);
  assert.equal(silent.heard.faults.length, of2);
  assert.ok(silent.heard.faults.every((fault) => fault === "timeout"));
  assert.ok(well.heard.samples.length > 580, `${well.heard.samples.length} samples in ten minutes`);
  assert.deepEqual(well.heard.faults, []);

  energyWh.set(2, 222);
  timer.advance(31_000);
  assert.deepEqual(silent.meter.sample()?.counts, [222n]);
  const before = silent.heard.samples.length;
  timer.advance(10_000);
  assert.ok(silent.heard.samples.length >= before + 9, "at its usual pace again");
});

test("a silent meter has its budget at the usual pace", () => {
  const { timer, serial, bus } = busOf(new Map());
  meterAt(3, timer, bus);
  const times: number[] = [];
  serial.onWrite = () => void times.push(timer.uptimeMs());
  timer.advance(130_000);
  const gaps = times.slice(1).map((time, i) => time - times[i]);
  assert.deepEqual(gaps.slice(0, 9), [1000, 1000, 1000, 2000, 4000, 8000, 16_000, 30_000, 30_000]);
});

test("a meter that says no is no silent one", () => {
  const timer = new CountingTimer();
  const serial = simLine(timer, ([address]) => withCrc([address, 0x84, 6]));
  const bus = new ModbusMaster({ timer, sensor: serial.construction, baud: 9600 });
  const { heard } = meterAt(1, timer, bus);
  timer.advance(20_500);
  assert.equal(heard.faults.length, 21);
  assert.ok(heard.faults.every((fault) => fault === "device"));
  assert.ok(serial.written.every((request) => toHex(request) === "01040000000a700d"));
});

test("an answer that comes after its time never meets the next request of its meter", () => {
  for (const lateMs of [341, 400, 600, 680, 700, 990, 1001, 1040, 1100, 1300]) {
    const timer = new CountingTimer();
    const line = new FakeSerial();
    const heard = new Heard();
    const { onSample, onFault } = heard;
    let requests = 0;
    line.onWrite = (request) => {
      // The first answer is late and has an old counter; the others are well.
      const first = requests++ === 0;
      const answer = answerOf(1, pzemWords(first ? 10 : 20), request);
      if (answer) timer.after(first ? lateMs : 60, () => line.send(answer));
    };
    new Pzem004t({ timer, sensor: line.construction, onSample, onFault });
    timer.advance(5000);
    assert.equal(heard.faults[0], "timeout");
    assert.ok(heard.samples.length >= 3, `${lateMs} ms: ${heard.samples.length} samples`);
    for (const { counts } of heard.samples) assert.deepEqual(counts, [20n], `${lateMs} ms late`);
  }
});

test("a late answer to one read of an SDM630 is never taken for the other", () => {
  const vector = vectorOf("SDM630");
  for (const lost of [0, 1])
    for (const lateMs of [500, 800, 1010, 1100, 1200]) {
      const timer = new CountingTimer();
      const line = new FakeSerial();
      const heard = new Heard();
      const { onSample, onFault } = heard;
      let requests = 0;
      line.onWrite = (request) => {
        const answer = answerTo(vector, request);
        assert.ok(answer);
        timer.after(requests++ === lost ? lateMs : 80, () => line.send(answer));
      };
      new Sdm({ model: "SDM630", timer, sensor: line.construction, onSample, onFault });
      timer.advance(6000);
      const [first, second, third] = line.written.map((request) => request[5]);
      if (lost === 0) assert.deepEqual([first, second], [0x24, 0x18], "begins with the other read");
      else assert.deepEqual([first, second, third], [0x24, 0x18, 0x24]);
      assert.equal(heard.faults[0], "timeout", `${lateMs} ms`);
      assert.ok(heard.samples.length >= 3, `${lateMs} ms`);
      for (const { counts } of heard.samples) assert.deepEqual(counts, vector.sample?.counts);
    }
});

test("a late answer of another meter on the line is not this one's", () => {
  const timer = new CountingTimer();
  const line = new FakeSerial();
  const bus = new ModbusMaster({ timer, sensor: line.construction, baud: 9600 });
  line.onWrite = (request) => {
    const [address] = request;
    const answer = answerOf(address, pzemWords(address * 11), request);
    // Meter 2 thinks for so long that meter 1 is asked before.
    if (answer) timer.after(address === 2 ? 700 : 60, () => line.send(answer));
  };
  const one = meterAt(1, timer, bus);
  const two = meterAt(2, timer, bus);
  timer.advance(10_000);
  assert.ok(one.heard.samples.length >= 5, `${one.heard.samples.length}`);
  for (const { counts } of one.heard.samples) assert.deepEqual(counts, [11n]);
  assert.equal(two.heard.samples.length, 0);
});

test("a round is one sample: its reads are never mixed with those of another", () => {
  const vector = vectorOf("SDM630");
  const timer = new CountingTimer();
  const heard = new Heard();
  let round = 0;
  const line = simLine(timer, (request) => {
    if (request[5] === 0x24) round++;
    const answer = answerTo(vector, request);
    if (!answer || request[5] === 0x24) return answer;
    if (round % 2 === 1) return undefined; // every other round misses its second half
    const body = answer.slice(0, -2);
    body[body.length - 1] = round; // the last bits of the export counter
    return withCrc(body);
  });
  const { onSample, onFault } = heard;
  new Sdm({ model: "SDM630", timer, sensor: line.construction, onSample, onFault });
  timer.advance(19_900);
  assert.ok(heard.samples.length >= 8);
  const exports = heard.samples.map(({ counts }) => counts[1]);
  assert.equal(new Set(exports).size, exports.length, "no answer is in two samples");
  assert.equal(heard.samples.length + heard.faults.length, round);
});

test("who may share a line", () => {
  const { timer, bus } = busOf(new Map());
  meterAt(1, timer, bus);
  assert.throws(() => meterAt(1, timer, bus), /MODBUS_ADDRESS/, "an address twice");
  assert.throws(() => meterAt(0xf8, timer, bus), /MODBUS_ALONE/, "everybody's address, second");
  for (const address of [0, 248.5, 249, 255, -1, Number.NaN])
    assert.throws(() => meterAt(address, timer, bus), /DRIVER_ADDRESS/, String(address));
  assert.throws(() => new Sdm({ model: "SDM120", timer, bus, address: 0xf8 }), /DRIVER_ADDRESS/);
  for (let address = 2; address <= 32; address++) meterAt(address, timer, bus);
  assert.throws(() => meterAt(33, timer, bus), /MODBUS_DEVICES/);

  const other = busOf(new Map());
  const { meter } = meterAt(0xf8, other.timer, other.bus);
  assert.throws(() => meterAt(2, other.timer, other.bus), /MODBUS_ALONE/, "beside everybody's");
  meter.close();
  meterAt(2, other.timer, other.bus);
});

test("a meter leaves, the others stay; the line outlives them", () => {
  const { timer, serial, bus } = busOf(
    new Map([
      [1, 100],
      [2, 200],
    ]),
  );
  const one = meterAt(1, timer, bus);
  const two = meterAt(2, timer, bus);
  timer.advance(20); // a request to the first is under way
  one.meter.close();
  one.meter.close();
  timer.advance(3000);
  assert.equal(one.heard.samples.length, 0);
  assert.deepEqual(one.heard.faults, []);
  assert.ok(two.heard.samples.length >= 2);
  assert.equal(asked(serial).filter((address) => address === 1).length, 1);
  two.meter.close();
  timer.advance(100); // the simulated meter's own timers
  assert.equal(timer.pending, 0);
  assert.equal(serial.closed, 0);
  const again = meterAt(1, timer, bus);
  timer.advance(1000);
  assert.deepEqual(again.meter.sample()?.counts, [100n]);
  bus.close();
  bus.close();
  again.meter.close();
  timer.advance(100);
  assert.equal(serial.closed, 1);
  assert.equal(timer.pending, 0);
  assert.throws(() => meterAt(1, timer, bus), /MODBUS_CLOSED/);
});

test("a meter may be closed from its own callbacks", () => {
  for (const energy of [1, undefined]) {
    const { timer, serial, bus } = busOf(new Map(energy === undefined ? [] : [[1, energy]]));
    let calls = 0;
    const close = () => {
      calls++;
      meter.close();
    };
    const meter = new Pzem004t({ timer, bus, onSample: close, onFault: close });
    timer.advance(5000);
    assert.equal(calls, 1);
    assert.equal(serial.written.length, 1);
    assert.equal(timer.pending, 0);
  }
});

test("reads of input registers are all that ever leaves, whatever comes in", () => {
  const timer = new CountingTimer();
  const line = new FakeSerial();
  const bus = new ModbusMaster({ timer, sensor: line.construction, baud: 9600 });
  let turn = 0;
  const answers = [
    undefined,
    bytesOf("018402c2c1"),
    bytesOf("0142 8011"), // a PZEM-004T that confirms a reset of its energy
    bytesOf("0106 0002 0005 e9c9"), // and a new address
    Uint8Array.from({ length: 300 }, (_, i) => i & 0xff),
    ...MODBUS_VECTORS.flatMap(({ exchanges }) => exchanges.map(([, hex]) => bytesOf(hex))),
  ];
  line.onWrite = () => {
    const answer = answers[turn++ % answers.length];
    if (answer) line.send(answer);
  };
  const meters = [
    new Pzem004t({ timer, bus, address: 1 }),
    new Sdm({ model: "SDM120", timer, bus, address: 2 }),
    new Sdm({ model: "SDM630", timer, bus, address: 3 }),
    new Sdm({ model: "SDM72", timer, bus, address: 4 }),
  ];
  for (let i = 0; i < 600; i++) {
    timer.advance(1000);
    for (const meter of meters) meter.configure({ pollMs: 200 + (i % 5) * 300, reset: true });
  }
  assert.ok(line.written.length > 500, `${line.written.length} requests`);
  const known = new Set([0x00, 0x34, 0x46, 0x48]);
  for (const request of line.written) {
    assert.equal(request.length, 8);
    assert.equal(request[1], 4, toHex(request));
    assert.deepEqual(request, withCrc(request.subarray(0, 6)));
    assert.ok(request[0] >= 1 && request[0] <= 4);
    assert.ok(request[2] === 0 && known.has(request[3]) && request[4] === 0 && request[5] <= 36);
  }
});
