// SPDX-License-Identifier: Apache-2.0
/**
 * 10 000 damaged packets. The sum lets hundreds of them through; no sample may say anything that no sound
 * packet of its poll said, and the next sound packets must be taken.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { Bl0942 } from "#drivers/bl0942/bl0942";
import { parsePacket } from "#drivers/bl0942/frame";
import { frequencyOf, valuesOf } from "#drivers/bl0942/values";
import type { EnergySample } from "#drivers/types";
import { type Corruption, corrupt } from "../../../helpers/corrupt.ts";
import { FakeSerial, ManualTimer } from "../../../helpers/driver-io.ts";
import { Rng } from "../../../property/rng.ts";
import { CALIBRATION } from "../../../vectors/drivers/bl0942.ts";
import { same } from "../../../vectors/drivers/same.ts";
import { SimulatedBl0942 } from "./chip.ts";

/** Whether a sound packet says all that `sample` says. */
function says(packet: Uint8Array, sample: EnergySample): boolean {
  const parsed = parsePacket(0, packet);
  assert(parsed.kind === "value");
  const { value } = parsed;
  const { powerMw, phases, reverse, frequencyMhz } = sample;
  return (
    value.pulses === Number(sample.counts[0]) &&
    same(phases, [valuesOf(value, CALIBRATION)]) &&
    powerMw === phases?.[0].powerMw &&
    reverse === (value.watt === 0 ? value.lastPulseOut : value.watt < 0) &&
    (frequencyMhz === undefined || frequencyMhz === frequencyOf(value.periodUs))
  );
}

function fuzz(seed: number, wanted: number, share: number) {
  const rng = new Rng(seed);
  const timer = new ManualTimer();
  const serial = new FakeSerial();
  const chip = new SimulatedBl0942(serial, timer, rng, 0xfff000);
  const samples: EnergySample[] = [];
  const faults: Record<string, number> = {};
  const passed: Partial<Record<Corruption, number>> = {};
  const wrong: string[] = [];
  const driver = new Bl0942({
    sensor: serial.construction,
    timer,
    calibration: CALIBRATION,
    onSample: (sample) => samples.push(sample),
    onFault: (fault) => {
      faults[fault] = (faults[fault] ?? 0) + 1;
    },
  });
  let damaged = 0;
  let spoilNext = 0;
  chip.spoil = (answer) => {
    if (spoilNext-- <= 0 && rng.below(100) >= share) return answer;
    const { kind, bytes } = corrupt(rng, answer);
    if (answer.length === 23) {
      damaged++;
      const parsed = parsePacket(0, bytes);
      if (parsed.kind === "value" || parsed.fault === "range")
        passed[kind] = (passed[kind] ?? 0) + 1;
    }
    return bytes;
  };
  let silent = 0;
  let silentMax = 0;
  let polls = 0;
  for (; damaged < wanted; polls++) {
    chip.powerMw = rng.below(12_000_000) - 6_000_000;
    samples.length = chip.answers.length = 0;
    spoilNext = share > 0 ? 0 : 1;
    timer.advance(1000);
    silent = samples.length > 0 ? 0 : silent + 1;
    silentMax = Math.max(silent, silentMax);
    for (const sample of samples)
      if (!chip.answers.some((answer) => answer.length === 23 && says(answer, sample)))
        wrong.push(`${seed}: poll ${polls} says ${sample.counts[0]}, ${sample.powerMw} mW`);
  }
  chip.spoil = undefined;
  samples.length = 0;
  timer.advance(3000);
  assert.ok(samples.length > 0, "a sample after the damage");
  driver.close();
  assert.equal(timer.pending, 0);
  return { passed, faults, wrong, polls, silentMax };
}

test("10 000 damaged packets, the first of each poll: none is taken", (t) => {
  const { passed, faults, wrong, polls, silentMax } = fuzz(942, 10_000, 0);
  t.diagnostic(`pass the sum: ${JSON.stringify(passed)}; faults: ${JSON.stringify(faults)}`);
  t.diagnostic(`${polls} polls, at most ${silentMax} in a row without a sample`);
  const through = Object.values(passed).reduce((sum, some) => sum + some, 0);
  assert.ok(through > 500, "the sum alone would have let hundreds through");
  assert.deepEqual(wrong, []);
  assert.ok(silentMax <= 2, "the next sound packets are taken");
});

test("10 000 damaged packets, half of all: none is taken", (t) => {
  const { wrong, polls, silentMax } = fuzz(4242, 10_000, 50);
  t.diagnostic(`${polls} polls, at most ${silentMax} in a row without a sample`);
  assert.deepEqual(wrong, []);
});
