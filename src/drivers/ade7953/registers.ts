// SPDX-License-Identifier: Apache-2.0
/**
 * The registers of the ADE7953 that the driver uses: ADE7953 data sheet Rev. B, Tables 13 to 15 (p. 60 ff.).
 * The high byte of an address is the width of its register less one; a register of 24 bits is also there with
 * 32 bits, sign-extended, at an address 0x100 higher, and is read there, for the check that the sign gives.
 */

export interface ChipRegister {
  name: string;
  address: number;
}

function register(name: string, address: number): ChipRegister {
  return Object.freeze({ name, address });
}

/** Bytes of the register at `address`. */
export function widthOf(address: number): number {
  return (address >> 8) + 1;
}

export const Register = Object.freeze({
  /** No-load detection; 0: enabled on all. */
  disnoload: register("DISNOLOAD", 0x001),
  /** Line cycle accumulation, LCYCMODE_RESET_ON_READ. */
  lcycmode: register("LCYCMODE", 0x004),
  pgaVoltage: register("PGA_V", 0x007),
  pgaCurrentA: register("PGA_IA", 0x008),
  pgaCurrentB: register("PGA_IB", 0x009),
  /** UNLOCK_KEY opens `required` for the next write. */
  unlock: register("UNLOCK", 0x0fe),
  config: register("CONFIG", 0x102),
  phaseA: register("PHCALA", 0x108),
  phaseB: register("PHCALB", 0x109),
  /** Mains period in 1/223.75 kHz, less one. */
  period: register("PERIOD", 0x10e),
  /** Without name in the data sheet; REQUIRED_VALUE is what all its figures hold for (Table 1). */
  required: register("0x120", 0x120),
  accmode: register("ACCMODE", 0x301),
  powerA: register("AWATT", 0x312),
  powerB: register("BWATT", 0x313),
  currentA: register("IRMSA", 0x31a),
  currentB: register("IRMSB", 0x31b),
  voltage: register("VRMS", 0x31c),
  /** Signed; cleared by being read (p. 25). */
  energyA: register("AENERGYA", 0x31e),
  energyB: register("AENERGYB", 0x31f),
  currentGainA: register("AIGAIN", 0x380),
  voltageGain: register("AVGAIN", 0x381),
  powerGainA: register("AWGAIN", 0x382),
  currentGainB: register("BIGAIN", 0x38c),
  powerGainB: register("BWGAIN", 0x38e),
});

/**
 * What the chip keeps of its last successful communication (p. 57): the address, and the data at one of four
 * addresses by width. Reading these is no such communication.
 */
export const LAST_ADDRESS = 0x1fe;
/** Of all registers that are read or written here; a dead bus reads higher. */
export const ADDRESS_MAX = 0x3ff;
export function lastDataOf(width: number): number {
  return ((width - 1) << 8) | 0xff;
}

/** 7-bit I2C address, fixed (p. 54); up to 400 kHz. */
export const I2C_ADDRESS = 0x38;
export const I2C_HZ = 400_000;

export const UNLOCK_KEY = 0xad;
export const REQUIRED_VALUE = 0x30;
/** Bit 6: the energy registers are cleared by being read (reset value). */
export const LCYCMODE_RESET_ON_READ = 0x40;
/** Signed accumulation on both channels (Table 21); the bits above are the chip's. */
export const ACCMODE_SIGNED = 0;
export const ACCMODE_MASK = 0x3ff;

/** After a reset: high-pass filters on, bit 15: the interface not locked. */
export const CONFIG_RESET_VALUE = 0x8004;
/** Bit 7. */
export const CONFIG_RESTART = 0x80;
/** Locked to I2C: what tells a chip that restarted. */
export const CONFIG_LOCKED = 0x0004;
/** From power or a reset until the chip answers, ms (power-up: 100 ms). */
export const START_MS = 110;

/** Gains: this is 1, and half of it either way is allowed. */
export const GAIN_UNITY = 0x400000;
export const GAIN_MIN = 0x200000;
export const GAIN_MAX = 0x600000;
/** Sign and nine bits. */
export const PHASE_MAX = 0x3ff;

export const PERIOD_CLOCK_MHZ = 223_750_000;

/** Largest magnitude of an energy register. */
export const ENERGY_MAX = 0x7fffff;
/**
 * Counts in a second with full-scale inputs, 206.9 kHz (p. 25): the register is full after 40.5 s. Five per
 * cent more for gains and clocks.
 */
export const COUNTS_PER_S_MAX = 217_245;

/** Whose energy an address clears when it is read; either width. */
export function energyAt(address: number): "A" | "B" | undefined {
  const low = address & 0xff;
  if (widthOf(address) < 3 || widthOf(address) > 4) return undefined;
  if (low === (Register.energyA.address & 0xff)) return "A";
  if (low === (Register.energyB.address & 0xff)) return "B";
  return undefined;
}
