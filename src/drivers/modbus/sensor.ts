// SPDX-License-Identifier: Apache-2.0
/** What the Modbus meters have in common as ECMA-419 sensors: the line, the newest sample, the pace. */
import { assert } from "#core/errors/assert";
import type {
  CounterSpec,
  DriverOptions,
  EnergySample,
  EnergySensor,
  SerialConstruction,
} from "../types.ts";
import type { Block } from "./frame.ts";
import { ModbusMaster } from "./master.ts";
import type { Registers } from "./registers.ts";

/** Fastest and slowest pace, ms: a meter's own values are new once or twice a second; a day is no poll. */
const POLL_MIN_MS = 200;
const POLL_MAX_MS = 3_600_000;

export interface ModbusSensorOptions extends DriverOptions {
  /** A line of the meter's own; it is opened here, and closed with the sensor. */
  sensor?: SerialConstruction;
  /** Or a line that is shared. */
  bus?: ModbusMaster;
  /** Address of the meter, 1 to 247; 1 unless set. */
  address?: number;
  /** From one round of reads to the next, ms; a second unless set. */
  pollMs?: number;
  /** Of a line of its own, where the meter was set otherwise than it left the factory. */
  baud?: number;
  parity?: "none" | "even" | "odd";
  stop?: 1 | 2;
}

/** What tells one kind of meter from another. */
export interface ModbusMeter {
  model: string;
  /** As it leaves the factory; 8 data bits, no parity, one stop bit. */
  baud: number;
  /** An address that every meter of the kind answers to. */
  generalAddress?: number;
  rounds: readonly (readonly Block[])[];
  counters: readonly CounterSpec[];
  /** The sample, or what in it is outside the meter's range. */
  decode(registers: Registers, uptimeMs: number): EnergySample | string;
}

export class ModbusSensor implements EnergySensor {
  readonly counters: readonly CounterSpec[];
  readonly identification: { model: string; classification: "Energy" };
  private readonly meter: ModbusMeter;
  private readonly options: ModbusSensorOptions;
  private readonly ownBus: ModbusMaster | undefined;
  private readonly detach: () => void;
  private newest: EnergySample | undefined;
  private pollMs = 1000;

  constructor(options: ModbusSensorOptions, meter: ModbusMeter) {
    const { address = 1, sensor, bus, timer, parity, stop, baud = meter.baud } = options;
    const alone = address === meter.generalAddress;
    const possible = Number.isInteger(address) && address >= 1 && address <= 247;
    assert(possible || alone, "DRIVER_ADDRESS", String(address));
    assert((sensor === undefined) !== (bus === undefined), "DRIVER_LINE", "sensor, or bus");
    this.options = options;
    this.meter = meter;
    this.counters = meter.counters;
    this.identification = Object.freeze({ model: meter.model, classification: "Energy" });
    this.configure({ pollMs: options.pollMs });
    this.ownBus = sensor && new ModbusMaster({ sensor, timer, baud, parity, stop });
    const line = bus ?? this.ownBus;
    assert(line, "DRIVER_LINE");
    this.detach = line.attach({
      address,
      alone,
      rounds: meter.rounds,
      pollMs: () => this.pollMs,
      onRound: (registers, uptimeMs) => this.take(registers, uptimeMs),
      onFault: (fault, detail) => this.options.onFault?.(fault, detail),
    });
  }

  sample(): EnergySample | undefined {
    return this.newest;
  }

  /** `pollMs`: the pace from the next round on. */
  configure({ pollMs = this.pollMs }: Record<string, unknown>): void {
    const possible = Number.isInteger(pollMs);
    assert(possible && Number(pollMs) >= POLL_MIN_MS, "DRIVER_POLL", `${pollMs} ms`);
    assert(Number(pollMs) <= POLL_MAX_MS, "DRIVER_POLL", `${pollMs} ms`);
    this.pollMs = Number(pollMs);
  }

  /** Idempotent: stops polling, and closes a line of its own. */
  close(): void {
    this.detach();
    this.ownBus?.close();
  }

  private take(registers: Registers, uptimeMs: number): void {
    const sample = this.meter.decode(registers, uptimeMs);
    if (typeof sample === "string") {
      this.options.onFault?.("range", sample);
      return;
    }
    this.newest = sample;
    this.options.onSample?.(sample);
  }
}
