// SPDX-License-Identifier: Apache-2.0
/**
 * Ten thousand damaged answers for each driver, in random pieces without a silence in them. None becomes a
 * sample, each is a fault, the work for it is bounded, and the next clean round is a right sample.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { toHex } from "#core/codec/bytes";
import type { EnergySample } from "#drivers/types";
import type { MeterName } from "#test/vectors/drivers/modbus";
import { answerTo, bytesOf, driverOf } from "#test/vectors/drivers/modbus-check";
import { FakeSerial } from "../../../helpers/driver-io.ts";
import { DAMAGE_NAMES, damage, isAnswer, Seeded } from "./corrupt.ts";
import { answerOf, CountingTimer, Heard, vectorOf } from "./sim-line.ts";

const RUNS = 10_000;
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

interface Tally {
  taken: number;
  /** With a CRC that is right by chance: a valid answer, which no driver can tell from damage. */
  byChance: number;
  faults: Record<string, number>;
}

function fuzz(meter: MeterName, seed: number): Tally {
  const random = new Seeded(seed);
  const timer = new CountingTimer();
  const line = new FakeSerial();
  const heard = new Heard();
  const tally: Tally = { taken: 0, byChance: 0, faults: {} };
  /** Which request of the next round gets a damaged answer, and what that was. */
  let toDamage = 0;
  let damaged: { name: string; right: boolean } | undefined;

  line.onWrite = (request) => {
    let bytes = cleanAnswer(meter, request);
    if (toDamage-- === 0) {
      const { name, bytes: bent } = damageFor(bytes, random);
      damaged = { name, right: isAnswer(bent, 1, request[5]) };
      bytes = bent;
    }
    deliver(timer, line, bytes, random);
  };
  const { onSample, onFault } = heard;
  const sensor = line.construction;
  const driver = driverOf(meter, { timer, sensor, onSample, onFault });
  driver.configure({ pollMs: POLL_MS });
  const { sample: expected, exchanges } = vectorOf(meter);
  const check = ({ uptimeMs, ...rest }: EnergySample, what: string) => {
    assert.deepEqual(rest, expected, what);
    assert.ok(uptimeMs <= timer.uptimeMs() && uptimeMs > timer.uptimeMs() - POLL_MS, what);
  };

  for (let run = 0; run < RUNS; run++) {
    toDamage = random.below(exchanges.length);
    damaged = undefined;
    heard.samples.length = heard.faults.length = 0;
    timer.started = 0;
    timer.advance(run === 0 ? POLL_MS - 1 : POLL_MS);
    assert.ok(damaged !== undefined, `${run}: the round was asked for`);
    const { name, right } = damaged as { name: string; right: boolean };
    const what = `${meter}, run ${run}: ${name}`;
    assert.ok(timer.started < STEPS_MAX, `${what}: ${timer.started} timers`);
    if (right) tally.byChance++;
    else {
      assert.equal(heard.samples.length, 0, `${what}: no sample`);
      assert.equal(heard.faults.length, 1, `${what}: one fault, ${heard.faults}`);
      const [fault] = heard.faults;
      tally.faults[fault] = (tally.faults[fault] ?? 0) + 1;
    }

    toDamage = -1;
    heard.samples.length = heard.faults.length = 0;
    timer.advance(POLL_MS);
    assert.deepEqual(heard.faults, [], `${what}: then well`);
    assert.equal(heard.samples.length, 1, `${what}: then a sample`);
    check(heard.samples[0], what);
    tally.taken++;
  }
  driver.close();
  for (const request of line.written) assert.equal(request[1], 4);
  return tally;
}

for (const [i, meter] of (["PZEM-004T", "SDM120", "SDM630", "SDM72"] as const).entries())
  test(`${meter}: ${RUNS} damaged answers`, (t) => {
    const tally = fuzz(meter, 0xc0ffee + i);
    const faults = Object.entries(tally.faults).map(([fault, count]) => `${count} ${fault}`);
    t.diagnostic(`${tally.byChance} with a right CRC by chance; ${faults.join(", ")}`);
    assert.equal(tally.taken, RUNS);
    assert.ok(tally.byChance <= 3, `${tally.byChance} right by chance`);
    assert.ok(tally.faults.framing > 1000 && tally.faults.checksum > 1000, "both kinds are met");
    assert.ok(tally.faults.timeout > 0, "also what lost all its bytes");
  });

test("each kind of damage is met, and damages", () => {
  const random = new Seeded(1);
  const frame = bytesOf("01 04 14 08d1 006c 0000 00f4 0000 0026 0000 01f4 0064 0000 5134");
  const met = new Map<string, number>();
  for (let i = 0; i < 3000; i++) {
    const { name, bytes } = damage(frame, random);
    if (toHex(bytes) !== toHex(frame)) met.set(name, (met.get(name) ?? 0) + 1);
  }
  for (const name of DAMAGE_NAMES)
    assert.ok((met.get(name) ?? 0) > 100, `${name}: ${met.get(name)}`);
});
