// SPDX-License-Identifier: Apache-2.0
/**
 * Meters with an S0 pulse output (IEC 62053-31, class A: an opto-coupler that passes at least 10 mA for at
 * least 30 ms for each pulse), as an ECMA-419 sensor. The pulses are counted by an io that works in
 * interrupts (src/xs/native/pulse) and that is only read here: no pulse depends on when this code runs. The
 * line says nothing of the direction; the board's options do.
 */
import { assert } from "#core/errors/assert";
import type {
  CounterSpec,
  DriverFault,
  DriverOptions,
  EnergySample,
  EnergySensor,
} from "../types.ts";
import { PulsePower } from "./power.ts";
import {
  MIN_OFF_US,
  MIN_ON_US,
  PULSE_TIME_MAX_US,
  type PulseTimes,
  pulsesMax,
} from "./pulse-filter.ts";

/** Counts pulses by itself (pulse-filter.ts). */
export interface PulseIo {
  /** Pulses counted, unsigned, modulo 2^32; nothing ever sets it back while the io is open. */
  read(): number;
  close(): void;
  /** "powered": the count goes on over a restart of the device. "started", also where absent: it does not. */
  readonly origin?: "powered" | "started";
}

export interface PulseIoOptions extends PulseTimes {
  /** The contact pulls the pin to ground. */
  activeLow: boolean;
}

/** The io's class and the board's pin for it, which the driver passes on unread. */
export type PulseConstruction = {
  io: new (options: PulseIoOptions & Record<string, unknown>) => PulseIo;
} & Record<string, unknown>;

export interface S0Options extends DriverOptions {
  sensor: PulseConstruction;
  /** Printed on the meter: 1000 with most, 500 to 10 000. */
  impulsesPerKwh: number;
  /** Which way the energy flows; "import" by default. */
  direction?: "import" | "export";
  /** The io's filter, µs; and true, by default, where the contact pulls the pin to ground. */
  minOnUs?: number;
  minOffUs?: number;
  activeLow?: boolean;
  /** Time between samples, ms. */
  intervalMs?: number;
}

const MWH_PER_KWH = 1_000_000n;
/** More than any meter has; at ten a second it is still 360 W for each pulse. */
const IMPULSES_MAX = 100_000;
const INTERVAL_MS = 1000;
const INTERVAL_MAX_MS = 60_000;
/** Polls that the spacing of pulses is averaged over. */
const WINDOW_POLLS = 10;

export class S0 implements EnergySensor {
  readonly identification: { model: string; classification: "Energy" } = {
    model: "S0",
    classification: "Energy",
  };
  readonly counters: readonly CounterSpec[];
  private readonly options: S0Options;
  private readonly times: PulseTimes;
  private readonly io: PulseIo;
  private readonly power: PulsePower;
  private intervalMs: number;
  /** The io's count at `readMs`, and what became of it: all pulses that were believed. */
  private raw: number | undefined;
  private readMs: number;
  private pulses = 0n;
  private latest: EnergySample | undefined;
  private cancel: () => void = () => {};
  private closed = false;

  constructor(options: S0Options) {
    const { sensor, impulsesPerKwh, direction = "import", timer, activeLow = true } = options;
    const { minOnUs = MIN_ON_US, minOffUs = MIN_OFF_US, intervalMs = INTERVAL_MS } = options;
    this.options = options;
    checked("impulsesPerKwh", impulsesPerKwh, IMPULSES_MAX);
    this.intervalMs = checked("intervalMs", intervalMs, INTERVAL_MAX_MS);
    this.times = {
      minOnUs: checked("minOnUs", minOnUs, PULSE_TIME_MAX_US),
      minOffUs: checked("minOffUs", minOffUs, PULSE_TIME_MAX_US),
    };
    this.readMs = timer.uptimeMs();
    this.power = new PulsePower(impulsesPerKwh, WINDOW_POLLS * this.intervalMs, this.readMs);
    const { io: Io, ...pins } = sensor;
    this.io = new Io({ ...pins, ...this.times, activeLow });
    const origin = this.io.origin ?? "started";
    const counter: CounterSpec = {
      name: "S0",
      register: direction,
      mwh: MWH_PER_KWH,
      perCounts: BigInt(impulsesPerKwh),
      modulus: 0n,
      origin,
    };
    this.counters = Object.freeze([Object.freeze(counter)]);
    const raw = this.read();
    if (raw !== undefined) this.base(raw);
    this.wait();
  }

  sample(): EnergySample | undefined {
    return this.latest;
  }

  /** `intervalMs` can change while the driver runs. */
  configure(options: Record<string, unknown>): void {
    if (options.intervalMs === undefined) return;
    this.intervalMs = checked("intervalMs", options.intervalMs, INTERVAL_MAX_MS);
    this.wait();
  }

  close(): void {
    if (this.closed) return;
    this.closed = true;
    this.cancel();
    this.io.close();
  }

  private wait(): void {
    this.cancel();
    if (!this.closed) this.cancel = this.options.timer.after(this.intervalMs, () => this.poll());
  }

  private poll(): void {
    this.wait();
    const raw = this.read();
    if (raw === undefined) return;
    const nowMs = this.options.timer.uptimeMs();
    if (this.raw === undefined) this.base(raw);
    // The ends of the time are cut off to whole ms.
    const elapsedUs = (nowMs - this.readMs + 1) * 1000;
    const pulses = (raw - (this.raw ?? raw)) >>> 0;
    this.raw = raw;
    this.readMs = nowMs;
    if (pulses > pulsesMax(elapsedUs, this.times)) {
      // A filter cannot count so many: what the count jumped by is no energy, and it goes on from there.
      this.fault("range", `${pulses} pulses in ${elapsedUs} µs`);
      return;
    }
    this.pulses += BigInt(pulses);
    const sample: EnergySample = { uptimeMs: nowMs, counts: [this.pulses] };
    const powerMw = this.power.take(pulses, nowMs);
    if (powerMw !== undefined)
      sample.powerMw = this.options.direction === "export" ? 0 - powerMw : powerMw;
    this.latest = sample;
    this.options.onSample?.(sample);
  }

  /** The first count of the io: of the time before, where it says so. */
  private base(raw: number): void {
    this.raw = raw;
    if (this.counters[0].origin === "powered") this.pulses = BigInt(raw);
  }

  /** The io's count, or undefined where it failed. */
  private read(): number | undefined {
    let raw: number;
    try {
      raw = this.io.read();
    } catch (error) {
      this.fault("bus", String(error));
      return undefined;
    }
    if (Number.isInteger(raw) && raw >= 0 && raw <= 0xffffffff) return raw;
    this.fault("range", `a count of ${raw}`);
    return undefined;
  }

  private fault(fault: DriverFault, detail: string): void {
    this.options.onFault?.(fault, detail);
  }
}

/** `value` where it is an integer from 1 to `max`; another is a bug of who configured the board. */
function checked(name: string, value: unknown, max: number): number {
  const right = typeof value === "number" && Number.isInteger(value) && value >= 1 && value <= max;
  assert(right, "S0_OPTION", `${name}: ${value}`);
  return value;
}
