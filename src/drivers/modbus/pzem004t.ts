// SPDX-License-Identifier: Apache-2.0
/**
 * Peacefair PZEM-004T v3, single phase, 9600 8N1 over TTL. Facts from "PZEM-004T V3.0 User Manual": ranges
 * from section 1, registers from section 2.3 (function 0x04).
 *
 * It measures magnitudes and knows no direction: its energy goes to one register, whichever way it flowed.
 */
import { assert } from "#core/errors/assert";
import type { EnergySample } from "../types.ts";
import type { Registers } from "./registers.ts";
import { type ModbusMeter, ModbusSensor, type ModbusSensorOptions } from "./sensor.ts";

/** Section 2.3: what each register holds. 32-bit values have their low word first. */
const REGISTER = Object.freeze({
  voltage: 0x0000, // 0.1 V
  current: 0x0001, // 1 mA, 32 bits
  power: 0x0003, // 0.1 W, 32 bits
  energy: 0x0005, // 1 Wh, 32 bits
  frequency: 0x0007, // 0.1 Hz
  powerFactor: 0x0008, // 0.01
  alarm: 0x0009, // 0xFFFF: power above the alarm's threshold, 0: below
});

/** Everything; and without the alarm, which is looked at but needed for nothing. */
const ROUNDS = Object.freeze([
  Object.freeze([Object.freeze({ start: 0, count: 10 })]),
  Object.freeze([Object.freeze({ start: 0, count: 9 })]),
]);

/** Section 2.2: every module answers to it. */
const GENERAL_ADDRESS = 0xf8;

/**
 * Section 1. Above the upper ends the module still counts, so that voltage, current and power have a tenth
 * of slack. The lower ends are strict: the module lives on the mains that it measures, and a frame of zeros
 * (seen after glitches) must not pass for a counter that begins anew.
 */
const VOLTAGE_DECIVOLT = Object.freeze({ min: 800, max: 2860 });
const FREQUENCY_DECIHERTZ = Object.freeze({ min: 450, max: 650 });
const ENERGY_MAX_WH = 9_999_999;
interface Range {
  currentMa: number;
  powerDeciwatt: number;
}

/** Current and power of the module with its shunt (10 A, 2.3 kW), and with its transformer (100 A, 23 kW). */
const RANGES: Record<10 | 100, Range> = Object.freeze({
  10: Object.freeze({ currentMa: 11_000, powerDeciwatt: 25_300 }),
  100: Object.freeze({ currentMa: 110_000, powerDeciwatt: 253_000 }),
});

export interface Pzem004tOptions extends ModbusSensorOptions {
  /** Where its energy goes; `export` for a meter of generation alone. */
  register?: "import" | "export";
  /** The module's range, A. */
  rangeA?: 10 | 100;
}

/** The general address 0xF8 is taken where the module has the line for itself. */
export class Pzem004t extends ModbusSensor {
  constructor(options: Pzem004tOptions) {
    super(options, meterOf(options));
  }
}

function meterOf({ register = "import", rangeA = 100 }: Pzem004tOptions): ModbusMeter {
  assert(register === "import" || register === "export", "DRIVER_REGISTER", String(register));
  const range = RANGES[rangeA];
  assert(range, "DRIVER_RANGE", `${rangeA} A`);
  return {
    model: "PZEM-004T v3",
    baud: 9600,
    generalAddress: GENERAL_ADDRESS,
    rounds: ROUNDS,
    counters: Object.freeze([
      Object.freeze({
        name: "energy",
        register,
        mwh: 1000n,
        perCounts: 1n,
        // The manual ends its range at 9999.99 kWh and does not say what comes then.
        modulus: 0n,
        origin: "kept",
      }),
    ]),
    decode: (registers, uptimeMs) => decode(registers, uptimeMs, register === "export", range),
  };
}

function decode(
  registers: Registers,
  uptimeMs: number,
  toGrid: boolean,
  range: Range,
): EnergySample | string {
  const voltage = registers.word(REGISTER.voltage);
  const currentMa = registers.lowFirst(REGISTER.current);
  const power = registers.lowFirst(REGISTER.power);
  const energyWh = registers.lowFirst(REGISTER.energy);
  const frequency = registers.word(REGISTER.frequency);
  const powerFactor = registers.word(REGISTER.powerFactor);
  const alarm = registers.has(REGISTER.alarm) ? registers.word(REGISTER.alarm) : 0;
  if (voltage < VOLTAGE_DECIVOLT.min || voltage > VOLTAGE_DECIVOLT.max)
    return `voltage ${voltage} dV`;
  if (frequency < FREQUENCY_DECIHERTZ.min || frequency > FREQUENCY_DECIHERTZ.max)
    return `frequency ${frequency} dHz`;
  if (currentMa > range.currentMa) return `current ${currentMa} mA`;
  if (power > range.powerDeciwatt) return `power ${power} dW`;
  if (powerFactor > 100) return `power factor ${powerFactor} %`;
  if (energyWh > ENERGY_MAX_WH) return `energy ${energyWh} Wh`;
  if (alarm !== 0 && alarm !== 0xffff) return `alarm ${alarm}`;
  const powerMw = toGrid ? 0 - power * 100 : power * 100;
  const powerFactorPermille = powerFactor * 10;
  return {
    uptimeMs,
    counts: [BigInt(energyWh)],
    powerMw,
    phases: [{ voltageMv: voltage * 100, currentMa, powerMw, powerFactorPermille }],
    frequencyMhz: frequency * 100,
  };
}
