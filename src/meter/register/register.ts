// SPDX-License-Identifier: Apache-2.0
/**
 * From a chip's raw counts to registers that never go back, exact to the last count. Pure arithmetic on the
 * kept state; what is not energy that flowed is handed to `note`.
 *
 *   energy of a step = ⌊(counts · mwh + rest) / perCounts⌋, and what is left over is the next rest
 *
 * Time is uptime at the samples; no time of day comes in here.
 */
import { ascii } from "#core/codec/bytes";
import { crc32 } from "#core/crypto/crc32";
import { assert } from "#core/errors/assert";
import { SLOT_ASSUMED_MS } from "#core/limits";
import {
  COUNTERS_MAX,
  DIRECTION_MAX_MS,
  OFF_COUNT_MAX_MS,
  OFF_WRAP_MAX_MS,
  POWER_MARGIN,
  STEP_SLACK_MS,
} from "#core/limits-device";
import { EventKind, EventRegister } from "#core/records/event";
import type { CounterSpec, EnergySample } from "#drivers/types";
import { ChipPower, type CounterState, type Registers } from "./registers.ts";

/** What a step needs to know of this start of the node; lives in memory only. */
export interface Run {
  /** Empty, both, before the first sample: some drivers learn their counters from the chip. */
  counters: readonly CounterSpec[];
  /** chipOf(counters). */
  chip: Uint8Array;
  /** What the connection carries in a slot of the market, Wh. */
  readonly capacityWh: number;
  /** Uptime of the last sample taken; −1 before the first. */
  uptimeMs: number;
  /** Whether power flowed to the grid then. */
  reverse: boolean;
  /** Uptime of a sample in which a counter had gone back, until another one says whether it has; −1 none. */
  doubtMs: number;
}

/** Takes notice of an event; amounts in mWh. */
export type Note = (
  event: number,
  register: number,
  beforeMwh: bigint,
  afterMwh: bigint,
  valueMwh: bigint,
) => void;

const U64_MAX = 0xffffffffffffffffn;

/** Four bytes that stand for the counters: another chip or another scale gives others. */
export function chipOf(counters: readonly CounterSpec[]): Uint8Array {
  assert(counters.length > 0 && counters.length <= COUNTERS_MAX, "COUNTERS", `${counters.length}`);
  let crc = 0;
  for (const { name, register, mwh, perCounts, modulus, origin } of counters) {
    assert(mwh > 0n && perCounts > 0n && modulus >= 0n, "COUNTERS", name);
    crc = crc32(ascii(`${name}|${register}|${mwh}/${perCounts}|${modulus}|${origin};`), crc);
  }
  const chip = new Uint8Array(4);
  new DataView(chip.buffer).setUint32(0, crc);
  return chip;
}

/**
 * The node starts; `chipStayedOn` as the port has it. To be stored before the first sample: a start that ends
 * without one counts too.
 */
export function startRegisters(kept: Registers, chipStayedOn: boolean | undefined): void {
  const { stayedOn, unknown, lost } = ChipPower;
  const power = chipStayedOn === undefined ? unknown : chipStayedOn ? stayedOn : lost;
  if (power <= kept.power) return;
  kept.power = power;
  kept.seq++;
}

/**
 * Brings `kept` forward by one sample. False where nothing changes: the sample is not newer than the last, or
 * a counter has gone back in it for the first time.
 */
export function takeSample(kept: Registers, run: Run, sample: EnergySample, note: Note): boolean {
  assert(sample.counts.length === run.counters.length, "SAMPLE_COUNTS", `${sample.counts.length}`);
  if (sample.uptimeMs <= run.uptimeMs) return false;
  if (wentBack(kept, run, sample)) {
    // Chips are known to show zeros for a moment. Once is no reset, and what comes back after it no energy.
    const sure = run.doubtMs >= 0 && sample.uptimeMs > run.doubtMs;
    if (run.doubtMs < 0) run.doubtMs = sample.uptimeMs;
    if (!sure) return false;
  }
  run.doubtMs = -1;
  if (!sameChip(kept.chip, run.chip)) begin(kept, run, sample, note);
  else if (run.uptimeMs < 0) resume(kept, run, sample, note);
  else stepAll(kept, run, sample, sample.uptimeMs - run.uptimeMs, note);
  kept.power = ChipPower.stayedOn;
  run.uptimeMs = sample.uptimeMs;
  run.reverse = sample.reverse === true;
  return true;
}

function sameChip(a: Uint8Array, b: Uint8Array): boolean {
  for (let i = 0; i < 4; i++) if (a[i] !== b[i]) return false; // undefined where none is kept
  return true;
}

/** Whether any counter is lower than it was, and that is not a wrap by what the connection carries. */
function wentBack(kept: Registers, run: Run, { counts, uptimeMs }: EnergySample): boolean {
  if (!sameChip(kept.chip, run.chip)) return false;
  const first = run.uptimeMs < 0;
  for (let i = 0; i < counts.length; i++) {
    const before = kept.counters[i].counts;
    if (counts[i] >= before) continue;
    const spec = run.counters[i];
    if (first && spec.origin === "started") continue;
    if (first || spec.modulus <= 0n) return true;
    const steps = stepsOf(spec, before, counts[i]);
    if (!believed(kept, run, spec, steps, uptimeMs - run.uptimeMs)) return true;
  }
  return false;
}

/** The first sample of a chip is a base and no energy; what counts since the driver began does so from 0. */
function begin(kept: Registers, run: Run, sample: EnergySample, note: Note): void {
  if (kept.chip.length > 0) note(EventKind.chipChanged, EventRegister.none, 0n, 0n, 0n);
  kept.chip = run.chip;
  kept.counters = run.counters.map((spec, i) => ({
    counts: spec.origin === "started" ? 0n : sample.counts[i],
    importRest: 0n,
    exportRest: 0n,
  }));
  kept.seq++;
  stepAll(kept, run, sample, sample.uptimeMs, note);
}

/** The first sample after a restart: what each counter shows goes by its origin. */
function resume(kept: Registers, run: Run, sample: EnergySample, note: Note): void {
  const { importMwh, exportMwh } = kept;
  let gap = false;
  for (let i = 0; i < run.counters.length; i++) {
    const spec = run.counters[i];
    const counter = kept.counters[i];
    const anew =
      spec.origin === "started" ||
      (spec.origin === "powered" && beganAnew(spec, kept, counter.counts, sample.counts[i]));
    if (anew) {
      counter.counts = 0n;
      kept.seq++;
    }
    if (anew || mayMiss(kept, run, spec)) gap = true;
    if (spec.origin !== "started") stepOff(kept, run, i, sample.counts[i], note);
  }
  // From both sides: the registers were the same before all counters, and one event tells of all of them.
  if (kept.importMwh > importMwh)
    note(
      EventKind.offCounted,
      EventRegister.import,
      importMwh,
      kept.importMwh,
      kept.importMwh - importMwh,
    );
  if (kept.exportMwh > exportMwh)
    note(
      EventKind.offCounted,
      EventRegister.export,
      exportMwh,
      kept.exportMwh,
      kept.exportMwh - exportMwh,
    );
  if (gap) note(EventKind.gap, EventRegister.none, 0n, 0n, 0n);
  // What is left are counters that began with the driver: their time is the uptime.
  stepAll(kept, run, sample, sample.uptimeMs, note);
}

/**
 * Whether a counter that lives as long as its chip's power began anew. Where nobody knows, the answer with
 * less energy counts: it is never more than what flowed.
 */
function beganAnew(spec: CounterSpec, kept: Registers, before: bigint, now: bigint): boolean {
  if (now < before && spec.modulus <= 0n) return true;
  return kept.power === ChipPower.unknown ? now < before : kept.power === ChipPower.lost;
}

/** Whether a counter that goes on may have begun anew all the same, or wrapped as often as nobody knows. */
function mayMiss(kept: Registers, run: Run, spec: CounterSpec): boolean {
  if (spec.origin === "powered" && kept.power !== ChipPower.stayedOn) return true;
  return spec.modulus > 0n && believed(kept, run, spec, spec.modulus, OFF_COUNT_MAX_MS);
}

/** One counter over the time that the node was off. */
function stepOff(kept: Registers, run: Run, i: number, now: bigint, note: Note): void {
  const spec = run.counters[i];
  const counter = kept.counters[i];
  const steps = stepsOf(spec, counter.counts, now);
  const toExport = spec.register === "export"; // which way a signed one went, nobody saw
  const mostMs = now < counter.counts ? OFF_WRAP_MAX_MS : OFF_COUNT_MAX_MS;
  if (!believed(kept, run, spec, steps, mostMs)) {
    refuse(kept, spec, counter, now, toExport, EventKind.offRefused, note);
    return;
  }
  if (steps > 0n) add(kept, spec, counter, steps, toExport);
  counter.counts = now;
}

function stepAll(
  kept: Registers,
  run: Run,
  sample: EnergySample,
  elapsedMs: number,
  note: Note,
): void {
  for (let i = 0; i < run.counters.length; i++) {
    const counter = kept.counters[i];
    const now = sample.counts[i];
    // Two of three samples of a quiet house show nothing new.
    if (now <= counter.counts && now >= counter.counts) continue;
    const spec = run.counters[i];
    const toExport =
      spec.register === "export" || (spec.register === "signed" && outward(run, sample, elapsedMs));
    const steps = stepsOf(spec, counter.counts, now);
    if (!believed(kept, run, spec, steps, elapsedMs)) {
      refuse(kept, spec, counter, now, toExport, EventKind.jumpRefused, note);
      continue;
    }
    add(kept, spec, counter, steps, toExport);
    counter.counts = now;
  }
}

/**
 * Where the counter counts both ways: to the grid only where power flowed there at both ends of a short step.
 * A step in which the direction changed goes to import, so that nobody is paid for what he may have used.
 */
function outward(run: Run, sample: EnergySample, elapsedMs: number): boolean {
  return (
    run.uptimeMs >= 0 && run.reverse && sample.reverse === true && elapsedMs <= DIRECTION_MAX_MS
  );
}

/** Counts from `before` to `now`, over the wrap where there is one; negative where a counter went back. */
function stepsOf(spec: CounterSpec, before: bigint, now: bigint): bigint {
  assert(now >= 0n && now <= U64_MAX, "COUNTER_RANGE", spec.name);
  const steps = now - before;
  return steps < 0n ? steps + spec.modulus : steps;
}

/** The energy of counts, mWh, without what is left over. */
function energyOf(spec: CounterSpec, counts: bigint): bigint {
  return (counts * spec.mwh) / spec.perCounts;
}

/**
 * Whether the connection carries as much in `elapsedMs`. A coarse counter's next count may be due at any moment,
 * also at both ends of a short step.
 */
function believed(
  kept: Registers,
  run: Run,
  spec: CounterSpec,
  steps: bigint,
  elapsedMs: number,
): boolean {
  if (steps < 0n) return false;
  if (steps <= 2n) return true;
  const slotMs = kept.slotMs > 0 ? kept.slotMs : SLOT_ASSUMED_MS;
  const mwhPerSlot = BigInt(run.capacityWh) * BigInt(1000 * POWER_MARGIN);
  const mostMwh = (mwhPerSlot * BigInt(Math.floor(elapsedMs) + STEP_SLACK_MS)) / BigInt(slotMs);
  return energyOf(spec, steps) <= mostMwh;
}

function add(
  kept: Registers,
  spec: CounterSpec,
  counter: CounterState,
  steps: bigint,
  toExport: boolean,
): void {
  const parts = steps * spec.mwh + (toExport ? counter.exportRest : counter.importRest);
  const mwh = parts / spec.perCounts;
  const rest = parts % spec.perCounts;
  if (toExport) {
    counter.exportRest = rest;
    kept.exportMwh += mwh;
  } else {
    counter.importRest = rest;
    kept.importMwh += mwh;
  }
  kept.seq++;
}

/** The counter goes on from where it is, and the register stays: `event`, or that it went back. */
function refuse(
  kept: Registers,
  spec: CounterSpec,
  counter: CounterState,
  now: bigint,
  toExport: boolean,
  event: number,
  note: Note,
): void {
  const back = now < counter.counts;
  const counts = back ? counter.counts - now : now - counter.counts;
  const valueMwh = energyOf(spec, counts);
  counter.counts = now;
  kept.seq++;
  const atMwh = toExport ? kept.exportMwh : kept.importMwh;
  note(
    back ? EventKind.counterBack : event,
    toExport ? EventRegister.export : EventRegister.import,
    atMwh,
    atMwh,
    valueMwh > U64_MAX ? U64_MAX : valueMwh,
  );
}
