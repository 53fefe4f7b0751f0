// SPDX-License-Identifier: Apache-2.0
/**
 * Damaged frames between sound ones. The sum of the frame lets hundreds of them through; none may make a sample
 * say what the sound frames around it do not say, and the next sound frames must be taken.
 */
import assert from "node:assert/strict";
import { Cse7766 } from "#drivers/cse7766/cse7766";
import { parseFrame } from "#drivers/cse7766/frame";
import { type Values, valuesOf } from "#drivers/cse7766/values";
import type { EnergySample } from "#drivers/types";
import { CORRUPTIONS, type Corruption, corrupt } from "../../../helpers/corrupt.ts";
import { FakeSerial, ManualTimer } from "../../../helpers/driver-io.ts";
import { begun, type Fuzzed, tally } from "../../../helpers/fuzzed.ts";
import { Rng } from "../../../property/rng.ts";
import { FRAME_MS, SimulatedCse7766 } from "./chip.ts";

const UNITY = { numerator: 1, denominator: 1 };
const UNIT_RATIOS = { voltage: UNITY, current: UNITY };

/** What a sound frame that was sent says. */
interface Sound {
  uptimeMs: number;
  pulses: number;
  values: Values;
}

export class Line {
  readonly timer = new ManualTimer();
  readonly serial = new FakeSerial();
  readonly chip: SimulatedCse7766;
  readonly sound: Sound[] = [];
  readonly driver: Cse7766;
  samples: EnergySample[] = [];
  faults: string[] = [];
  damagedMs = -1;

  constructor(rng: Rng) {
    this.chip = new SimulatedCse7766(rng, 65_000);
    this.driver = new Cse7766({
      sensor: this.serial.construction,
      timer: this.timer,
      intervalMs: 0,
      onSample: (sample) => this.samples.push(sample),
      onFault: (fault, detail) => this.faults.push(`${fault} ${detail}`.replace(/[\d-]+/g, "#")),
    });
  }

  sendSound(count: number): void {
    for (let i = 0; i < count; i++) {
      this.timer.advance(FRAME_MS);
      const bytes = this.chip.nextFrame();
      this.note(bytes);
      this.serial.send(bytes);
    }
  }

  /** A sound frame is being sent. */
  note(bytes: Uint8Array): void {
    const parsed = parseFrame(bytes);
    assert(parsed.kind === "frame");
    const values = valuesOf(parsed.frame, UNIT_RATIOS);
    this.sound.push({ uptimeMs: this.timer.uptimeMs(), pulses: parsed.frame.pulses, values });
    if (this.sound.length > 16) this.sound.shift();
  }

  /** Whether a sound frame has this counter. */
  said(pulses: number): boolean {
    return this.sound.some((sound) => sound.pulses === pulses);
  }

  /** Why the sample says what the sound frames around it do not; undefined where it does not. */
  wrong(sample: EnergySample): string | undefined {
    const { sound } = this;
    const count = Number(sample.counts[0]);
    const after = sound.findIndex(({ uptimeMs }) => uptimeMs >= sample.uptimeMs);
    const from = sound[after - 1];
    let to = sound[after];
    if (from === undefined || to === undefined) return "nothing sound around it";
    // A frame that lost bytes ends with those of the next one, at its time, and spoils it.
    if (to.uptimeMs === sample.uptimeMs) to = sound[after + 1] ?? to;
    const room = (to.pulses - from.pulses + 65_536) % 65_536;
    if ((count - from.pulses + 65_536) % 65_536 > room)
      return `${count} is not in ${from.pulses} … ${to.pulses}`;
    for (const [name, value] of Object.entries(sample.phases?.[0] ?? {})) {
      const said = sound.map(({ values }) => values[name as keyof Values]);
      const known = said.filter((other) => other !== undefined);
      if (value < Math.min(...known) || value > Math.max(...known)) return `${name} ${value}`;
    }
    return undefined;
  }
}

/** Whether `sound` is whole among `bytes`. */
function holds(bytes: Uint8Array, sound: Uint8Array): boolean {
  for (let at = 0; at + sound.length <= bytes.length; at++)
    if (sound.every((byte, i) => byte === bytes[at + i])) return true;
  return false;
}

/** Whether a frame with a right sum and other bytes than `sound` is among `bytes`. */
function passesSum(bytes: Uint8Array, sound: Uint8Array): boolean {
  for (let at = 0; at + sound.length <= bytes.length; at++) {
    const part = bytes.slice(at, at + sound.length);
    const parsed = parseFrame(part);
    if (parsed.kind === "fault" && ["checksum", "framing"].includes(parsed.fault)) continue;
    if (part.some((byte, i) => byte !== sound[i])) return true;
  }
  return false;
}

export interface FuzzedCse7766 extends Fuzzed {
  /** Damage that has a right sum, by kind. */
  passed: Record<string, number>;
  /** The first fault of those. */
  caught: Record<string, number>;
  /** Samples with a counter that no sound frame has, but that lies between those of its neighbours. */
  between: number;
  /** Sound frames that it took until the next sample. */
  frames: Record<string, number>;
}

export function fuzzCse7766(
  seed: number,
  cases: number,
  kinds: readonly Corruption[] = CORRUPTIONS,
): FuzzedCse7766 {
  const rng = new Rng(seed);
  const line = new Line(rng);
  const found: FuzzedCse7766 = {
    ...begun(),
    passed: {},
    caught: {},
    between: 0,
    frames: {},
  };
  line.sendSound(10);
  for (; found.damaged < cases; found.damaged++) {
    const at = `${seed}/${found.damaged}`;
    if (found.damaged % 5 === 0) line.chip.powerMw = 5_000 + rng.below(3_500_000);
    line.sendSound(2);
    line.timer.advance(FRAME_MS);
    const sound = line.chip.nextFrame();
    const { kind, bytes } = corrupt(rng, sound, kinds);
    if (holds(bytes, sound)) line.note(sound);
    line.samples = [];
    line.faults = [];
    line.serial.send(bytes);
    const damagedMs = line.timer.uptimeMs();
    let taken = 0;
    for (; taken < 8; taken++) {
      line.sendSound(1);
      if (line.samples.some(({ uptimeMs }) => uptimeMs > damagedMs - 2 * FRAME_MS)) break;
    }
    if (taken === 8) found.stuck.push(`${at}: no sample after a damaged frame (${kind})`);
    tally(found.frames, String(taken + 1));
    line.sendSound(3);
    for (const sample of line.samples) {
      const why = line.wrong(sample);
      if (why !== undefined) found.wrong.push(`${at} ${kind}: ${why}`);
      const pulses = Number(sample.counts[0]);
      if (pulses !== ((sound[21] << 8) | sound[22]) && !line.said(pulses)) found.between++;
    }
    for (const fault of line.faults) tally(found.faults, fault.split(" ")[0]);
    if (!passesSum(bytes, sound)) continue;
    tally(found.passed, kind);
    tally(found.caught, line.faults[0] ?? "no fault");
  }
  line.driver.close();
  if (line.timer.pending > 0) found.stuck.push(`${seed}: timers after close`);
  return found;
}
