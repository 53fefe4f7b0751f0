// SPDX-License-Identifier: Apache-2.0
/**
 * Eastron SDM120, SDM630 and SDM72, over RS-485. Facts from "Input Registers" of the "Modbus Protocol" part
 * of each meter's manual: SDM120-Modbus; SDM630-Modbus V2; SDM72D-M V1.5, page 14; SDM72D-M-2. Each value is
 * an IEEE 754 float of two registers, the high word first. Import and export are counted apart by the meter;
 * a three-phase one adds up each phase's energy, and does not net one phase against another.
 */
import { assert } from "#core/errors/assert";
import type { EnergySample, PhaseSample } from "../types.ts";
import { scaleFloat32 } from "./float32.ts";
import type { Block } from "./frame.ts";
import type { Registers } from "./registers.ts";
import { type ModbusMeter, ModbusSensor, type ModbusSensorOptions } from "./sensor.ts";

/** Protocol addresses; of those with three phases, the next phase's is two further on. */
const REGISTER = Object.freeze({
  voltage: 0x0000, // V
  current: 0x0006, // A
  power: 0x000c, // W
  powerFactor: 0x001e,
  systemPower: 0x0034, // W
  frequency: 0x0046, // Hz
  imported: 0x0048, // kWh
  exported: 0x004a, // kWh
});

export type SdmModel = "SDM120" | "SDM630" | "SDM72" | "SDM72-2";

/**
 * One meter: what it reads, and what it can have at most. The manuals allow 80 registers in one read, the
 * SDM72's 60, and some meters refuse more than 50: none here is longer than 36. Import and export always
 * come in one answer.
 */
interface Table {
  baud: number;
  /** Phases that it measures, and that it shows one by one. */
  phases: 1 | 3;
  shown: 0 | 1 | 3;
  /** Where the power of all phases is. */
  power: number;
  reads: readonly Block[];
  /** Largest current of a phase by the manual. */
  currentMaxMa: number;
}

const PHASE_1 = Object.freeze({ start: 0x00, count: 0x20 });
const PHASES_3 = Object.freeze({ start: 0x00, count: 0x24 });
const SYSTEM = Object.freeze({ start: 0x34, count: 0x18 });
const SUPPLY = Object.freeze({ start: 0x46, count: 0x06 });
const POWER = Object.freeze({ start: 0x34, count: 0x02 });
const ENERGY = Object.freeze({ start: 0x48, count: 0x04 });

const THREE_PHASES: Table = Object.freeze({
  baud: 9600,
  phases: 3,
  shown: 3,
  power: REGISTER.systemPower,
  reads: Object.freeze([PHASES_3, SYSTEM]),
  currentMaxMa: 100_000,
});

const TABLES: Record<SdmModel, Table> = Object.freeze({
  SDM120: Object.freeze({
    baud: 2400,
    phases: 1,
    shown: 1,
    power: REGISTER.power,
    reads: Object.freeze([PHASE_1, SUPPLY]),
    currentMaxMa: 45_000,
  }),
  SDM630: THREE_PHASES,
  /** SDM72D-M: totals only. */
  SDM72: Object.freeze({
    baud: 9600,
    phases: 3,
    shown: 0,
    power: REGISTER.systemPower,
    reads: Object.freeze([POWER, ENERGY]),
    currentMaxMa: 100_000,
  }),
  /** SDM72D-M-2: the registers of the SDM630. */
  "SDM72-2": THREE_PHASES,
});

/** Phase to neutral: the family works up to 300 V. A phase that is not connected has 0. */
const VOLTAGE_MAX_MV = 300_000;
/** A meter with less on its only phase, which it lives on, would not answer. */
const VOLTAGE_MIN_MV = 80_000;
/** 50 Hz or 60 Hz ± 10 %. A frame of zeros fails here. */
const FREQUENCY_MIN_MHZ = 45_000;
const FREQUENCY_MAX_MHZ = 66_000;
/** 10⁸ kWh: 165 years of 3 × 100 A at 230 V; the float's steps are 8 kWh there. */
const ENERGY_END_MWH = 100_000_000_000_000n;

export interface SdmOptions extends ModbusSensorOptions {
  model: SdmModel;
}

export class Sdm extends ModbusSensor {
  constructor(options: SdmOptions) {
    super(options, meterOf(options.model));
  }
}

function meterOf(model: SdmModel): ModbusMeter {
  const table = TABLES[model];
  assert(table, "DRIVER_MODEL", String(model));
  const [first, second] = table.reads;
  // The meter's counter is a float of kWh; what is kept is mWh, made in decode.
  const count = { mwh: 1n, perCounts: 1n, modulus: 0n, origin: "kept" } as const;
  return {
    model,
    baud: table.baud,
    rounds: Object.freeze([table.reads, Object.freeze([second, first])]),
    counters: Object.freeze([
      Object.freeze({ name: "import 0x48", register: "import", ...count }),
      Object.freeze({ name: "export 0x4A", register: "export", ...count }),
    ]),
    decode: (registers, uptimeMs) => decode(registers, uptimeMs, table),
  };
}

/** Reads scaled values, and remembers the first that is none or out of range. */
class Reader {
  fault: string | undefined;
  private readonly registers: Registers;

  constructor(registers: Registers) {
    this.registers = registers;
  }

  /** Thousandths of the float at `register`, between `min` and `max`; 0 and a fault if it is not. */
  milli(name: string, register: number, min: number, max: number): number {
    const value = scaleFloat32(this.registers.highFirst(register), 1000n);
    if (value !== undefined && value >= BigInt(min) && value <= BigInt(max)) return Number(value);
    this.fault ??= `${name} ${value === undefined ? "is no number" : value}`;
    return 0;
  }

  /** mWh of the kWh at `register`, rounded down. */
  energy(name: string, register: number): bigint {
    const bits = this.registers.highFirst(register);
    const mwh = scaleFloat32(bits, 1_000_000n);
    // By the sign bit: a small negative energy would round to zero. Negative zero is zero.
    const negative = bits > 0x80000000;
    if (mwh !== undefined && !negative && mwh < ENERGY_END_MWH) return mwh;
    this.fault ??= `${name} ${mwh === undefined ? "is no number" : `${mwh} mWh`}`;
    return 0n;
  }
}

function decode(registers: Registers, uptimeMs: number, table: Table): EnergySample | string {
  const reader = new Reader(registers);
  const counts = [
    reader.energy("import", REGISTER.imported),
    reader.energy("export", REGISTER.exported),
  ];
  const powerMaxMw = table.phases * phasePowerMaxMw(table);
  const powerMw = reader.milli("power", table.power, -powerMaxMw, powerMaxMw);
  const sample: EnergySample = { uptimeMs, counts, powerMw };
  if (table.shown > 0) {
    sample.phases = [];
    for (let phase = 0; phase < table.shown; phase++)
      sample.phases.push(phaseOf(reader, table, phase));
    const { frequency } = REGISTER;
    sample.frequencyMhz = reader.milli(
      "frequency",
      frequency,
      FREQUENCY_MIN_MHZ,
      FREQUENCY_MAX_MHZ,
    );
  }
  return reader.fault ?? sample;
}

function phaseOf(reader: Reader, table: Table, phase: number): PhaseSample {
  const at = (register: number) => register + 2 * phase;
  const of = (what: string) => `${what} L${phase + 1}`;
  const voltageMin = table.phases === 1 ? VOLTAGE_MIN_MV : 0;
  const currentMax = currentEndMa(table);
  const powerMax = phasePowerMaxMw(table);
  return {
    voltageMv: reader.milli(of("voltage"), at(REGISTER.voltage), voltageMin, VOLTAGE_MAX_MV),
    currentMa: reader.milli(of("current"), at(REGISTER.current), 0, currentMax),
    powerMw: reader.milli(of("power"), at(REGISTER.power), -powerMax, powerMax),
    powerFactorPermille: reader.milli(of("power factor"), at(REGISTER.powerFactor), -1000, 1000),
  };
}

/** A fifth above the rated current: the meter shows an overload, and its breaker does not trip at once. */
function currentEndMa({ currentMaxMa }: Table): number {
  return (currentMaxMa * 6) / 5;
}

/** Power of one phase, either way, mW. */
function phasePowerMaxMw(table: Table): number {
  return (currentEndMa(table) * VOLTAGE_MAX_MV) / 1000;
}
