// SPDX-License-Identifier: Apache-2.0
/**
 * Damaged answers of Modbus meters, in random pieces without a silence in them. None becomes a sample, each is
 * a fault, the work for it is bounded, and the next clean round is a right sample.
 */
import assert from "node:assert/strict";
import { isDeepStrictEqual } from "node:util";
import { toHex } from "#core/codec/bytes";
import type { MeterName } from "#test/vectors/drivers/modbus";
import { answerTo, bytesOf, driverOf } from "#test/vectors/drivers/modbus-check";
import { FakeSerial } from "../../../helpers/driver-io.ts";
import { begun, type Fuzzed, tally } from "../../../helpers/fuzzed.ts";
import { damage, isAnswer, Seeded } from "./corrupt.ts";
import { answerOf, CountingTimer, Heard, vectorOf } from "./sim-line.ts";

const POLL_MS = 2000;
/** Timers that one round may start, however its answer is damaged. */
const STEPS_MAX = 700;

/** Hands `bytes` to the driver in pieces, now and after less than 3.5 characters each. */
function deliver(timer: CountingTimer, line: FakeSerial, bytes: Uint8Array, random: Seeded): void {
  let atMs = random.below(60);
  for (let i = 0; i < bytes.length; ) {
    const end = i + 1 + random.below(random.below(4) === 0 ? bytes.length : 12);
    const piece = bytes.slice(i, end);
    timer.after(atMs, () => line.send(piece));
    atMs += random.below(4);
    i = end;
  }
}

/** What a meter of `meter` answers: as in its vector, also where fewer registers are asked for. */
function cleanAnswer(meter: MeterName, request: Uint8Array): Uint8Array {
  const vector = vectorOf(meter);
  const answer = answerTo(vector, request);
  if (answer) return answer;
  const [, whole] = vector.exchanges[0];
  const data = bytesOf(whole).slice(3, -2);
  const words = Array.from(
    { length: data.length / 2 },
    (_, i) => 256 * data[2 * i] + data[2 * i + 1],
  );
  const shorter = answerOf(1, words, request);
  assert.ok(shorter, `${meter} asks for ${toHex(request)}`);
  return shorter;
}

/** Damage that leaves another frame than `clean`. */
function damageFor(clean: Uint8Array, random: Seeded): { name: string; bytes: Uint8Array } {
  for (;;) {
    const damaged = damage(clean, random);
    if (toHex(damaged.bytes) !== toHex(clean)) return damaged;
  }
}

export interface FuzzedMeter extends Fuzzed {
  /** Damage with a CRC that is right by chance: a valid answer, which no driver can tell from damage. */
  byChance: number;
}

interface Damage {
  name: string;
  /** It is a valid answer by chance. */
  right: boolean;
}

class Line {
  readonly random: Seeded;
  readonly timer = new CountingTimer();
  readonly serial = new FakeSerial();
  readonly heard = new Heard();
  /** Which request of the next round gets a damaged answer, and what that was. */
  private toDamage = -1;
  private damaged: Damage | undefined;

  constructor(meter: MeterName, seed: number) {
    this.random = new Seeded(seed);
    this.serial.onWrite = (request) => {
      let bytes = cleanAnswer(meter, request);
      if (this.toDamage-- === 0) {
        const { name, bytes: bent } = damageFor(bytes, this.random);
        this.damaged = { name, right: isAnswer(bent, 1, request[5]) };
        bytes = bent;
      }
      deliver(this.timer, this.serial, bytes, this.random);
    };
  }

  /** One round with request `toDamage` answered badly (−1: none); what the damage was. */
  round(toDamage: number, ms = POLL_MS): Damage | undefined {
    this.toDamage = toDamage;
    this.damaged = undefined;
    this.heard.samples.length = this.heard.faults.length = 0;
    this.timer.started = 0;
    this.timer.advance(ms);
    return this.damaged;
  }
}

export function fuzzModbus(meter: MeterName, seed: number, cases: number): FuzzedMeter {
  const found: FuzzedMeter = { ...begun(), byChance: 0 };
  const line = new Line(meter, seed);
  const { timer, heard } = line;
  const { onSample, onFault } = heard;
  const sensor = line.serial.construction;
  const driver = driverOf(meter, { timer, sensor, onSample, onFault });
  driver.configure({ pollMs: POLL_MS });
  const { sample: expected, exchanges } = vectorOf(meter);
  /** Whether the round gave its one sample, with a time within it. */
  const well = () => {
    const [first, second] = heard.samples;
    if (first === undefined || second !== undefined || heard.faults.length > 0) return false;
    const { uptimeMs, ...rest } = first;
    const nowMs = timer.uptimeMs();
    return isDeepStrictEqual(rest, expected) && uptimeMs <= nowMs && uptimeMs > nowMs - POLL_MS;
  };
  for (; found.damaged < cases; found.damaged++) {
    const request = line.random.below(exchanges.length);
    const damaged = line.round(request, found.damaged === 0 ? POLL_MS - 1 : POLL_MS);
    const what = `${meter} ${seed}/${found.damaged} ${damaged?.name}`;
    if (damaged === undefined) found.stuck.push(`${what}: the round was not asked for`);
    if (timer.started >= STEPS_MAX) found.stuck.push(`${what}: ${timer.started} timers`);
    if (damaged?.right) found.byChance++;
    else {
      if (heard.samples.length > 0) found.wrong.push(`${what}: ${heard.samples[0].counts}`);
      if (heard.faults.length !== 1) found.stuck.push(`${what}: faults ${heard.faults}`);
      for (const fault of heard.faults) tally(found.faults, fault);
    }
    line.round(-1);
    if (!well()) found.stuck.push(`${what}: then no right sample, ${heard.faults}`);
  }
  driver.close();
  for (const request of line.serial.written)
    if (request[1] !== 4) found.wrong.push(`${meter} sends ${toHex(request)}`);
  return found;
}
