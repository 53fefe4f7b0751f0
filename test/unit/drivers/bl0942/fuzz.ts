// SPDX-License-Identifier: Apache-2.0
/**
 * Damaged packets. The sum lets hundreds of them through; no sample may say anything that no sound packet of its
 * poll said, and the next sound packets must be taken.
 */
import assert from "node:assert/strict";
import { Bl0942 } from "#drivers/bl0942/bl0942";
import { parsePacket } from "#drivers/bl0942/frame";
import { frequencyOf, valuesOf } from "#drivers/bl0942/values";
import type { EnergySample } from "#drivers/types";
import { corrupt } from "../../../helpers/corrupt.ts";
import { FakeSerial, ManualTimer } from "../../../helpers/driver-io.ts";
import { begun, type Fuzzed, tally } from "../../../helpers/fuzzed.ts";
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

export interface FuzzedBl0942 extends Fuzzed {
  /** Damage that has a right sum, by kind. */
  passed: Record<string, number>;
  polls: number;
  /** Most polls in a row without a sample. */
  silentMax: number;
}

/** Until `cases` packets were damaged: the first of each poll (`share` 0), or `share` of a hundred answers. */
export function fuzzBl0942(seed: number, cases: number, share: number): FuzzedBl0942 {
  const rng = new Rng(seed);
  const timer = new ManualTimer();
  const serial = new FakeSerial();
  const chip = new SimulatedBl0942(serial, timer, rng, 0xfff000);
  const samples: EnergySample[] = [];
  const found: FuzzedBl0942 = {
    ...begun(),
    passed: {},
    polls: 0,
    silentMax: 0,
  };
  const driver = new Bl0942({
    sensor: serial.construction,
    timer,
    calibration: CALIBRATION,
    onSample: (sample) => samples.push(sample),
    onFault: (fault) => tally(found.faults, fault),
  });
  let spoilNext = 0;
  chip.spoil = (answer) => {
    if (spoilNext-- <= 0 && rng.below(100) >= share) return answer;
    const { kind, bytes } = corrupt(rng, answer);
    if (answer.length === 23) {
      found.damaged++;
      const parsed = parsePacket(0, bytes);
      if (parsed.kind === "value" || parsed.fault === "range") tally(found.passed, kind);
    }
    return bytes;
  };
  let silent = 0;
  for (; found.damaged < cases; found.polls++) {
    chip.powerMw = rng.below(12_000_000) - 6_000_000;
    samples.length = chip.answers.length = 0;
    spoilNext = share > 0 ? 0 : 1;
    timer.advance(1000);
    silent = samples.length > 0 ? 0 : silent + 1;
    found.silentMax = Math.max(silent, found.silentMax);
    for (const sample of samples)
      if (!chip.answers.some((answer) => answer.length === 23 && says(answer, sample)))
        found.wrong.push(
          `${seed}: poll ${found.polls} says ${sample.counts[0]}, ${sample.powerMw} mW`,
        );
  }
  // Where only the first packet of a poll is damaged, the next sound ones are taken.
  if (share === 0 && found.silentMax > 2)
    found.stuck.push(`${seed}: ${found.silentMax} polls without a sample`);
  chip.spoil = undefined;
  samples.length = 0;
  timer.advance(3000);
  if (samples.length === 0) found.stuck.push(`${seed}: no sample after the damage`);
  driver.close();
  if (timer.pending > 0) found.stuck.push(`${seed}: timers after close`);
  return found;
}
