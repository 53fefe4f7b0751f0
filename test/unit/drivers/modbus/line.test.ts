// SPDX-License-Identifier: Apache-2.0
/** One line and what can happen on it: silences, pieces, late and foreign answers, noise, a failing io. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { ModbusLine, type Outcome } from "#drivers/modbus/line";
import type { SerialConstruction } from "#drivers/types";
import { bytesOf } from "#test/vectors/drivers/modbus-check";
import { FakeSerial } from "../../../helpers/driver-io.ts";
import { withCrc } from "./corrupt.ts";
import { CountingTimer } from "./sim-line.ts";

const REQUEST = { address: 1, start: 0, count: 10 };
const ANSWER = bytesOf("01 04 14 08d1 006c 0000 00f4 0000 0026 0000 01f4 0064 0000 5134");
/** At 9600 baud: 3.5 characters of 10 bits are 3.6 ms. */
const GAP_MS = 5;
/** 300 ms to think, 33 characters to send, and the silence. */
const TIMEOUT_MS = 340;

function setUp(baud = 9600) {
  const timer = new CountingTimer();
  const serial = new FakeSerial();
  const line = new ModbusLine({ timer, sensor: serial.construction, baud });
  const outcomes: Outcome[] = [];
  const ask = (request = REQUEST) => line.ask(request, (outcome) => void outcomes.push(outcome));
  /** The outcomes in short, and none left. */
  const said = () =>
    outcomes.splice(0).map((outcome) => (outcome.kind === "fault" ? outcome.fault : "answer"));
  return { timer, serial, line, outcomes, ask, said };
}

test("an answer in one piece counts once the line is silent behind it", () => {
  const { timer, serial, outcomes, ask } = setUp();
  ask();
  assert.equal(serial.written.length, 1);
  timer.advance(30);
  serial.send(ANSWER);
  timer.advance(GAP_MS - 1);
  assert.equal(outcomes.length, 0);
  timer.advance(1);
  const data = ANSWER.slice(3, 23);
  assert.deepEqual(outcomes, [{ kind: "answer", data, uptimeMs: 30, dropped: undefined }]);
  assert.equal(timer.pending, 0);
});

test("an answer may come while the request is written", () => {
  const { timer, serial, ask, said } = setUp();
  serial.onWrite = () => serial.send(ANSWER);
  ask();
  timer.advance(GAP_MS);
  assert.deepEqual(said(), ["answer"]);
});

test("byte by byte, at any pace that the time allows", () => {
  for (const stepMs of [0, 1, 2, 5, 10]) {
    const { timer, serial, outcomes, ask } = setUp();
    ask();
    timer.advance(20);
    for (const byte of ANSWER) {
      assert.equal(outcomes.length, 0);
      timer.advance(stepMs);
      serial.send([byte]);
    }
    timer.advance(GAP_MS);
    const [outcome] = outcomes;
    assert.ok(outcome?.kind === "answer", `${stepMs} ms`);
    assert.equal(outcome.uptimeMs, 20 + 25 * stepMs);
  }
});

test("any cut into two pieces", () => {
  for (let cut = 1; cut < ANSWER.length; cut++) {
    const { timer, serial, ask, said } = setUp();
    ask();
    serial.send(ANSWER.subarray(0, cut));
    timer.advance(100);
    serial.send(ANSWER.subarray(cut));
    timer.advance(GAP_MS);
    assert.deepEqual(said(), ["answer"], `cut at ${cut}`);
  }
});

test("no answer: a timeout, between a quarter of a second and one", () => {
  for (const [baud, count, fromMs, toMs] of [
    [2400, 32, 500, 700],
    [9600, 10, 300, 400],
    [9600, 36, 300, 450],
    [115_200, 125, 300, 350],
  ]) {
    const { timer, ask, said } = setUp(baud);
    ask({ ...REQUEST, count });
    timer.advance(fromMs);
    assert.deepEqual(said(), [], `${baud} baud`);
    timer.advance(toMs - fromMs);
    assert.deepEqual(said(), ["timeout"], `${baud} baud`);
    assert.equal(timer.pending, 0);
  }
});

test("what is cut short is no timeout", () => {
  const { timer, serial, ask, said } = setUp();
  ask();
  serial.send(ANSWER.subarray(0, 24));
  timer.advance(TIMEOUT_MS + GAP_MS);
  assert.deepEqual(said(), ["framing"]);
});

test("after a timeout the line rests, and a late answer meets nobody", () => {
  const { timer, serial, ask, said } = setUp();
  ask();
  timer.advance(TIMEOUT_MS);
  assert.deepEqual(said(), ["timeout"]);
  ask();
  timer.advance(100);
  serial.send(ANSWER); // to the first request
  timer.advance(200);
  assert.equal(serial.written.length, 1, "not yet asked again");
  timer.advance(TIMEOUT_MS - 300);
  assert.equal(serial.written.length, 2);
  serial.send(ANSWER);
  timer.advance(GAP_MS);
  assert.deepEqual(said(), ["answer"]);
});

test("an answer to another request is dropped, and the right one behind it is taken", () => {
  const strangers = {
    "of another length": withCrc([1, 4, 4, 0, 0, 0, 0]),
    "of another device": withCrc([2, ...ANSWER.subarray(1, 23)]),
    "to another function": withCrc([1, 3, ...ANSWER.subarray(2, 23)]),
    "the request itself": bytesOf("01040000000a700d"),
    "with a wrong CRC": Uint8Array.from([...ANSWER.subarray(0, 24), 0x35]),
    "an exception with a wrong CRC": bytesOf("018402c2c0"),
    "one byte": [0],
  };
  for (const [name, stranger] of Object.entries(strangers)) {
    const { timer, serial, outcomes, ask } = setUp();
    ask();
    timer.advance(20);
    serial.send(stranger);
    timer.advance(GAP_MS);
    serial.send(ANSWER);
    timer.advance(GAP_MS);
    const [outcome] = outcomes;
    assert.ok(outcome?.kind === "answer", name);
    assert.match(outcome.dropped?.fault ?? "", /framing|checksum/, name);
  }
});

test("without a silence between them, neither is taken", () => {
  const streams = {
    "a byte before": [0, ...ANSWER],
    "a byte behind": [...ANSWER, 0],
    twice: [...ANSWER, ...ANSWER],
    "an exception behind": [...ANSWER, ...bytesOf("018402c2c1")],
    "an exception before": [...bytesOf("018402c2c1"), ...ANSWER],
  };
  for (const [name, stream] of Object.entries(streams))
    for (const size of [1, 7, 25, 100]) {
      const { timer, serial, ask, said } = setUp();
      ask();
      for (let i = 0; i < stream.length; i += size) {
        serial.send(stream.slice(i, i + size));
        timer.advance(GAP_MS - 1);
      }
      timer.advance(TIMEOUT_MS + GAP_MS);
      assert.deepEqual(said(), ["framing"], `${name}, ${size} at a time`);
    }
});

test("an exception is the device's answer", () => {
  const { timer, serial, outcomes, ask } = setUp();
  ask();
  serial.send(bytesOf("018402c2c1"));
  timer.advance(GAP_MS);
  assert.deepEqual(outcomes, [{ kind: "fault", fault: "device", detail: "exception 2" }]);
  ask();
  assert.equal(serial.written.length, 2, "asked again at once");
});

test("an answer that is whole just before the deadline has its silence beyond it", () => {
  const { timer, serial, ask, said } = setUp();
  ask();
  timer.advance(TIMEOUT_MS - 1);
  serial.send(ANSWER);
  timer.advance(2);
  assert.deepEqual(said(), []);
  timer.advance(GAP_MS);
  assert.deepEqual(said(), ["answer"]);
  ask();
  timer.advance(TIMEOUT_MS - 1);
  serial.send(ANSWER);
  timer.advance(2);
  serial.send([0]);
  timer.advance(GAP_MS);
  assert.deepEqual(said(), ["framing"]);
});

test("3.5 characters of silence before each request", () => {
  for (const [baud, silentMs] of [
    [1200, 29.2],
    [2400, 14.6],
    [9600, 3.6],
    [19_200, 1.8],
    [115_200, 1.75],
  ]) {
    const { timer, serial, ask } = setUp(baud);
    serial.send([1, 2, 3]);
    ask();
    timer.advance(Math.floor(silentMs));
    assert.equal(serial.written.length, 0, `${baud} baud`);
    timer.advance(Math.ceil(silentMs) + 1 - Math.floor(silentMs));
    assert.equal(serial.written.length, 1, `${baud} baud`);
  }
});

test("a line that is never silent gives up, and is well once it is", () => {
  const { timer, serial, ask, said } = setUp();
  serial.send([0]);
  ask();
  for (let i = 0; i < 100; i++) {
    timer.advance(GAP_MS - 1);
    serial.send([0x55]);
  }
  assert.deepEqual(said(), ["framing"]);
  assert.equal(serial.written.length, 0);
  ask();
  timer.advance(GAP_MS);
  serial.send(ANSWER);
  timer.advance(GAP_MS);
  assert.deepEqual(said(), ["answer"]);
});

test("noise all through an answer's time ends with it", () => {
  const { timer, serial, ask, said } = setUp();
  ask();
  for (let i = 0; i < 200; i++) {
    timer.advance(2);
    serial.send(new Array(40).fill(i));
  }
  assert.deepEqual(said(), ["framing"]);
  assert.ok(timer.started < 300, `${timer.started} timers`);
  assert.ok(timer.pending === 0);
});

test("an io that always has more takes a bounded part of the machine", () => {
  const timer = new CountingTimer();
  let reads = 0;
  let endless = true;
  let readable: ((count: number) => void) | undefined;
  class Io {
    constructor(options: { onReadable?: (count: number) => void }) {
      readable = options.onReadable;
    }
    read(count = 1): ArrayBuffer | undefined {
      reads++;
      return endless ? new ArrayBuffer(count) : undefined;
    }
    write() {}
    close() {}
  }
  const line = new ModbusLine({ timer, sensor: { io: Io }, baud: 9600 });
  readable?.(1);
  assert.equal(reads, 4, "in one callback");
  const outcomes: Outcome[] = [];
  line.ask(REQUEST, (outcome) => void outcomes.push(outcome));
  timer.advance(400);
  assert.equal(outcomes.length, 1);
  assert.ok(reads < 400, `${reads} reads`);
  endless = false;
  line.ask(REQUEST, (outcome) => void outcomes.push(outcome));
  timer.advance(GAP_MS);
  endless = true;
  readable?.(1);
  timer.advance(400);
  assert.equal(outcomes.length, 2);
  assert.ok(reads < 800, `${reads} reads`);
  assert.equal(timer.pending, 0);
});

test("an io that throws is a fault of the bus, and the next request is none the worse", () => {
  const { timer, serial, ask, said } = setUp();
  serial.onWrite = () => {
    throw new Error("full");
  };
  ask();
  assert.deepEqual(said(), ["bus"]);
  serial.onWrite = () => serial.send(ANSWER);
  ask();
  timer.advance(GAP_MS);
  assert.deepEqual(said(), ["answer"]);

  let broken = true;
  class Io {
    options: { onReadable?: (count: number) => void };
    constructor(options: { onReadable?: (count: number) => void }) {
      this.options = options;
      options.onReadable?.(1); // some do before they are constructed
    }
    read(): ArrayBuffer | undefined {
      if (broken) throw new Error("gone");
      return undefined;
    }
    write() {
      this.options.onReadable?.(1);
    }
    close() {}
  }
  const sensor: SerialConstruction = { io: Io };
  const line = new ModbusLine({ timer, sensor, baud: 9600 });
  const outcomes: Outcome[] = [];
  line.ask(REQUEST, (outcome) => void outcomes.push(outcome));
  assert.deepEqual(outcomes, [{ kind: "fault", fault: "bus", detail: "Error: gone" }]);
  broken = false;
  line.ask(REQUEST, (outcome) => void outcomes.push(outcome));
  timer.advance(1000);
  assert.equal(outcomes.length, 2);
});

test("abort and close leave no timer, and nothing is called", () => {
  const { timer, serial, line, ask, said } = setUp();
  ask();
  line.abort();
  assert.equal(timer.pending, 0);
  serial.send(ANSWER);
  ask();
  timer.advance(300);
  assert.equal(serial.written.length, 1, "the answer to what was given up may still come");
  timer.advance(100);
  assert.equal(serial.written.length, 2);
  line.close();
  line.close();
  serial.send(ANSWER);
  timer.advance(1000);
  assert.deepEqual(said(), []);
  assert.equal(serial.closed, 1);
  assert.equal(timer.pending, 0);
  assert.throws(() => ask(), /MODBUS_BUSY/);
});

test("two requests at once and impossible bauds are bugs", () => {
  const { ask } = setUp();
  ask();
  assert.throws(() => ask(), /MODBUS_BUSY/);
  for (const baud of [0, 300, 9600.5, 1_000_000, Number.NaN])
    assert.throws(() => setUp(baud), /MODBUS_BAUD/, String(baud));
});
