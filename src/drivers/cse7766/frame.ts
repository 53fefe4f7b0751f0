// SPDX-License-Identifier: Apache-2.0
/** From 24 bytes to what the CSE7766 says; pure. */
import type { DriverFault } from "../types.ts";
import {
  AdjustBit,
  CHECK,
  FaultBit,
  Field,
  FRAME_BYTES,
  STATE_FAULTY,
  STATE_OK,
  STATE_UNCALIBRATED,
} from "./registers.ts";

/** Fixed in each chip when it was made; a pulse is `power` µJ. */
export interface Coefficients {
  voltage: number;
  current: number;
  power: number;
}

/** A sound frame. A cycle that the chip has not measured is absent. */
export interface Cse7766Frame {
  coefficients: Coefficients;
  voltageCycle?: number;
  currentCycle?: number;
  /** Absent also where `idle`. */
  powerCycle?: number;
  /** The power is too low for a pulse in the register's range: 0 W. */
  idle: boolean;
  /** CF pulses, 0 to 65535. */
  pulses: number;
}

export type ParsedFrame =
  | { kind: "frame"; frame: Cse7766Frame }
  | { kind: "fault"; fault: DriverFault; detail: string };

/** Whether a frame can begin with `state`. */
export function isState(state: number): boolean {
  return state === STATE_OK || state === STATE_UNCALIBRATED || state >= STATE_FAULTY;
}

/** The checksum that the frame in `bytes` should have. */
export function checksumOf(bytes: Uint8Array): number {
  let sum = 0;
  for (let i = Field.voltageCoefficient; i < Field.checksum; i++) sum += bytes[i];
  return sum & 0xff;
}

/** What the FRAME_BYTES of `bytes` say. */
export function parseFrame(bytes: Uint8Array): ParsedFrame {
  const state = bytes[Field.state];
  if (bytes.length !== FRAME_BYTES || !isState(state) || bytes[Field.check] !== CHECK)
    return fault("framing", "no frame");
  if (checksumOf(bytes) !== bytes[Field.checksum]) return fault("checksum", "sum of the frame");
  if (state === STATE_UNCALIBRATED) return fault("device", "not calibrated");
  const broken = state === STATE_OK ? 0 : state & 0x0f & ~FaultBit.powerCycle;
  if (broken > 0) return fault("device", `state 0x${state.toString(16)}`);
  if (state === STATE_FAULTY) return fault("range", "a fault state without a fault");
  return readFields(bytes, state !== STATE_OK);
}

function readFields(bytes: Uint8Array, idle: boolean): ParsedFrame {
  const frame: Cse7766Frame = {
    coefficients: {
      voltage: u24(bytes, Field.voltageCoefficient),
      current: u24(bytes, Field.currentCoefficient),
      power: u24(bytes, Field.powerCoefficient),
    },
    idle,
    pulses: (bytes[Field.pulses] << 8) | bytes[Field.pulses + 1],
  };
  const { voltage, current, power } = frame.coefficients;
  if (voltage === 0 || current === 0 || power === 0) return fault("range", "coefficient 0");
  const adjust = bytes[Field.adjust];
  if (adjust & AdjustBit.voltage) frame.voltageCycle = u24(bytes, Field.voltageCycle);
  if (adjust & AdjustBit.current) frame.currentCycle = u24(bytes, Field.currentCycle);
  if (adjust & AdjustBit.power && !idle) frame.powerCycle = u24(bytes, Field.powerCycle);
  if (frame.voltageCycle === 0 || frame.currentCycle === 0 || frame.powerCycle === 0)
    return fault("range", "cycle 0");
  return { kind: "frame", frame };
}

function u24(bytes: Uint8Array, at: number): number {
  return (bytes[at] << 16) | (bytes[at + 1] << 8) | bytes[at + 2];
}

function fault(kind: DriverFault, detail: string): ParsedFrame {
  return { kind: "fault", fault: kind, detail };
}
