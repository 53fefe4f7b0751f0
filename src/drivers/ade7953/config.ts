// SPDX-License-Identifier: Apache-2.0
/** A board with an ADE7953: which inputs it uses, its calibration, and the registers that follow from it. */
import { assert } from "#core/errors/assert";
import { checkedInteger, checkedRatio, lowestTerms, type Ratio } from "../chip/exact.ts";
import type { CounterSpec } from "../types.ts";
import {
  ACCMODE_MASK,
  ACCMODE_SIGNED,
  type ChipRegister,
  CONFIG_LOCKED,
  GAIN_MAX,
  GAIN_MIN,
  GAIN_UNITY,
  LCYCMODE_RESET_ON_READ,
  PHASE_MAX,
  Register,
} from "./registers.ts";

export type Input = "A" | "B";
/** Amplification before the converter; 22 on current input A only. */
export type Pga = 1 | 2 | 4 | 8 | 16 | 22;

export interface ChannelOptions {
  /** The chip's current input; boards swap them. */
  input: Input;
  /** The board's current sensor is the other way round. */
  inverted?: boolean;
  /** Counts of IRMS for one A, and of WATT for one W. */
  current: Ratio;
  power: Ratio;
  /** Energy of `perCounts` counts of AENERGY, mWh. */
  energy: { mwh: number; perCounts: number };
  /** IGAIN and WGAIN; 0x400000 is 1. */
  currentGain?: number;
  powerGain?: number;
  pga?: Pga;
  /** PHCAL as it is written: sign and nine bits. */
  phase?: number;
}

export interface BoardOptions {
  /** One or two, in the order of the sample's phases and of the counters. */
  channels: readonly ChannelOptions[];
  /** Counts of VRMS for one V. */
  voltage: Ratio;
  /** AVGAIN. */
  voltageGain?: number;
  voltagePga?: Pga;
}

export interface Channel extends ChannelOptions {
  /** −1 for an inverted sensor. */
  sign: 1 | -1;
}

/** One register as it must be; only the bits of `mask` are ours. */
export interface Setting {
  register: ChipRegister;
  value: number;
  mask: number;
}

/** PGA codes (data sheet, PGA registers). */
const PGA_CODES: readonly Pga[] = Object.freeze([1, 2, 4, 8, 16, 22]);

export function checkedChannels({ channels, voltage }: BoardOptions): readonly Channel[] {
  const inputs = channels.map(({ input }) => input).join("");
  assert(["A", "B", "AB", "BA"].includes(inputs), "ADE7953_CHANNELS", inputs);
  checkedRatio("voltage", voltage);
  return channels.map((channel) => {
    const { current, power, energy, inverted = false } = channel;
    checkedRatio("current", current);
    checkedRatio("power", power);
    checkedRatio("energy", { numerator: energy.mwh, denominator: energy.perCounts });
    return { ...channel, sign: inverted ? -1 : 1 };
  });
}

/** Import and export of each channel. */
export function countersOf(channels: readonly Channel[]): readonly CounterSpec[] {
  return channels.flatMap(({ input, energy }) => {
    const { numerator, denominator } = lowestTerms(BigInt(energy.mwh), BigInt(energy.perCounts));
    const common = {
      mwh: numerator,
      perCounts: denominator,
      modulus: 0n,
      origin: "started" as const,
    };
    return [
      Object.freeze({ ...common, name: `AENERGY${input}+`, register: "import" as const }),
      Object.freeze({ ...common, name: `AENERGY${input}-`, register: "export" as const }),
    ];
  });
}

/** Every register that the driver sets, CONFIG first. */
export function settingsOf(board: BoardOptions): readonly Setting[] {
  const { channels, voltageGain = GAIN_UNITY, voltagePga = 1 } = board;
  const settings: Setting[] = [
    { register: Register.config, value: CONFIG_LOCKED, mask: 0xffff },
    { register: Register.disnoload, value: 0, mask: 0x07 },
    { register: Register.lcycmode, value: LCYCMODE_RESET_ON_READ, mask: 0xff },
    { register: Register.accmode, value: ACCMODE_SIGNED, mask: ACCMODE_MASK },
    { register: Register.pgaVoltage, value: pgaCode(voltagePga, 16), mask: 0x07 },
    { register: Register.voltageGain, value: gain("voltageGain", voltageGain), mask: 0xffffff },
  ];
  for (const channel of channels) {
    const { currentGain = GAIN_UNITY, powerGain = GAIN_UNITY, pga = 1, phase = 0 } = channel;
    const isA = channel.input === "A";
    const add = (a: ChipRegister, b: ChipRegister, value: number, mask: number) =>
      settings.push({ register: isA ? a : b, value, mask });
    add(Register.pgaCurrentA, Register.pgaCurrentB, pgaCode(pga, isA ? 22 : 16), 0x07);
    add(Register.currentGainA, Register.currentGainB, gain("currentGain", currentGain), 0xffffff);
    add(Register.powerGainA, Register.powerGainB, gain("powerGain", powerGain), 0xffffff);
    add(Register.phaseA, Register.phaseB, checkedInteger("phase", phase, 0, PHASE_MAX), PHASE_MAX);
  }
  return Object.freeze(settings);
}

function pgaCode(pga: Pga, max: Pga): number {
  const code = PGA_CODES.indexOf(pga);
  assert(code >= 0 && pga <= max, "ADE7953_PGA", String(pga));
  return code;
}

function gain(name: string, value: number): number {
  return checkedInteger(name, value, GAIN_MIN, GAIN_MAX);
}
