// SPDX-License-Identifier: Apache-2.0
/**
 * The serial frame of the CSE7766, of the CSE7759B and of the HLW8032, which speak alike: Chipsea CSE7766
 * user manual, serial interface, table of data registers; Hiliwei HLW8032 data sheet, register table. 4800
 * baud 8E1, sent all the time and unasked, 24 bytes, multi-byte fields high byte first.
 */

export const FRAME_BYTES = 24;
export const BAUD = 4800;

/** Where each field is. A cycle is a pulse period in µs; a coefficient is a value in V, A or W times µs. */
export const Field = Object.freeze({
  /** State register: STATE_OK, STATE_UNCALIBRATED, or STATE_FAULTY with fault bits. */
  state: 0,
  /** Check register: always CHECK. */
  check: 1,
  voltageCoefficient: 2,
  voltageCycle: 5,
  currentCoefficient: 8,
  currentCycle: 11,
  powerCoefficient: 14,
  powerCycle: 17,
  /** Data update register: AdjustBit. */
  adjust: 20,
  /** CF pulses, 16 bits; wraps. */
  pulses: 21,
  /** Sum of the bytes 2 to 22, modulo 256. The state register is not covered. */
  checksum: 23,
});

export const CHECK = 0x5a;
export const STATE_OK = 0x55;
/** The chip's calibration failed: its coefficients mean nothing. */
export const STATE_UNCALIBRATED = 0xaa;
/** The high four bits of a state with fault bits. */
export const STATE_FAULTY = 0xf0;

/** Fault bits of the state register. */
export const FaultBit = Object.freeze({
  /** The storage of the coefficients is damaged. */
  coefficients: 0b0001,
  /** No power pulse within the register's range: 0 W. The only one that a sound chip shows. */
  powerCycle: 0b0010,
  currentCycle: 0b0100,
  voltageCycle: 0b1000,
});

/**
 * Which cycles are whole. Bit 7 turns over with each carry of the pulse register in observed frames; nothing
 * depends on it here, since not every document says so.
 */
export const AdjustBit = Object.freeze({ power: 0x10, current: 0x20, voltage: 0x40 });

/** The pulse register wraps to 0 after 65535. */
export const PULSES_MODULUS = 0x10000;
/** A cycle in µs and a coefficient in W·µs: one pulse is `coefficient` µJ, and 3.6 J are 1 mWh. */
export const MICROJOULES_PER_MWH = 3_600_000n;
/** Below 50 mA the current register shows noise (user manual, current measurement range). */
export const CURRENT_FLOOR_MA = 50;
