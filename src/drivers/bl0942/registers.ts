// SPDX-License-Identifier: Apache-2.0
/**
 * The BL0942's registers and its packet: BL0942 data sheet V1.06, register list, mode register, UART interface.
 * All registers are read and written as 24 bits, low byte first.
 */

/** Registers that the driver uses, by address. */
export const Register = Object.freeze({
  /** User mode; reset value 0x87. */
  mode: 0x19,
  /** Write protection of the user registers; WRITABLE opens them. */
  writeProtection: 0x1d,
  /** As an address of a read: the whole packet. */
  packet: 0xaa,
});

/** Bits of the mode register. */
export const Mode = Object.freeze({
  /** Bits 0 and 1, to be left at 1. */
  reserved: 0b11,
  /** Active energy is counted. */
  energy: 1 << 2,
  /** RMS and power are renewed each 800 ms instead of 400 ms. */
  slow: 1 << 3,
  mains60Hz: 1 << 5,
  /** The counter is cleared by each read of it: counts would be lost with an answer. Never set here. */
  clearOnRead: 1 << 6,
  /** The counter counts magnitudes; else it goes back while power flows out. */
  absolute: 1 << 7,
});

export const WRITABLE = 0x55;
/** What the protection reads as when it is open, by observation; or WRITABLE. */
export const READS_WRITABLE = 0x01;

/** First byte of a read or a write, with the chip's address in the lowest two bits. */
export const READ = 0x58;
export const WRITE = 0xa8;

/** Bytes of a register's value and its checksum. */
export const REGISTER_REPLY_BYTES = 4;
export const PACKET_BYTES = 23;
export const PACKET_HEAD = 0x55;

/** Where each field of the packet is, and its width in bytes. */
export const Field = Object.freeze({
  head: { at: 0, bytes: 1 },
  currentRms: { at: 1, bytes: 3 },
  voltageRms: { at: 4, bytes: 3 },
  /** Not used: renewed each cycle, so two packets never agree on it. */
  fastCurrentRms: { at: 7, bytes: 3 },
  /** Signed. */
  watt: { at: 10, bytes: 3 },
  /** Energy pulses. */
  pulses: { at: 13, bytes: 3 },
  /** Mains period, µs; 16 bits of a register of 24. */
  period: { at: 16, bytes: 3 },
  status: { at: 19, bytes: 3 },
  checksum: { at: 22, bytes: 1 },
});

/** Bits of the status register; all others are 0. */
export const Status = Object.freeze({
  /** The last energy pulse was one of power flowing out. */
  lastPulseOut: 1 << 0,
  /** The power is below the creep threshold. */
  creep: 1 << 1,
  currentBelowCrossing: 1 << 8,
  voltageBelowCrossing: 1 << 9,
});

export const PULSES_MODULUS = 0x1000000;
/**
 * An energy pulse is 1638.4·256 units of the watt register times a second. With P units to the watt it is
 * 1638.4·256/P J, that is 1638.4·256/(3.6·P) = 1048576/(9·P) mWh.
 */
export const PULSE_MWH_TIMES_P = Object.freeze({ numerator: 1_048_576n, denominator: 9n });
/** The period counts a clock of 1 MHz: 10⁹ of it is the frequency in mHz. */
export const PERIOD_MHZ = 1_000_000_000;
