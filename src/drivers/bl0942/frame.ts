// SPDX-License-Identifier: Apache-2.0
/** Requests to the BL0942 and its answers; pure. `address` is that of the chip's pins, 0 to 3. */
import type { DriverFault } from "../types.ts";
import {
  Field,
  PACKET_BYTES,
  PACKET_HEAD,
  READ,
  REGISTER_REPLY_BYTES,
  Status,
  WRITE,
} from "./registers.ts";

/** One packet, in the chip's units. */
export interface Packet {
  currentRms: number;
  voltageRms: number;
  /** Negative: power flows out. */
  watt: number;
  /** Energy pulses, 0 to 2^24 − 1. */
  pulses: number;
  /** Mains period, µs. */
  periodUs: number;
  /** The last energy pulse was one of power flowing out. */
  lastPulseOut: boolean;
}

export type Parsed<T> =
  | { kind: "value"; value: T }
  | { kind: "fault"; fault: DriverFault; detail: string };

export function encodeRead(address: number, register: number): Uint8Array {
  return Uint8Array.of(READ | address, register);
}

export function encodeWrite(address: number, register: number, value: number): Uint8Array {
  const bytes = Uint8Array.of(WRITE | address, register, value, value >> 8, value >> 16, 0);
  bytes[5] = complement(sum(bytes, 5));
  return bytes;
}

/** The value in the answer to a read of `register`. */
export function parseRegister(
  address: number,
  register: number,
  bytes: Uint8Array,
): Parsed<number> {
  if (bytes.length !== REGISTER_REPLY_BYTES) return fault("framing", `${bytes.length} bytes`);
  const wanted = complement((READ | address) + register + sum(bytes, REGISTER_REPLY_BYTES - 1));
  if (wanted !== bytes[REGISTER_REPLY_BYTES - 1])
    return fault("checksum", `of register 0x${register.toString(16)}`);
  return { kind: "value", value: word(bytes, { at: 0, bytes: 3 }) };
}

/** What the answer to a read of the packet says. */
export function parsePacket(address: number, bytes: Uint8Array): Parsed<Packet> {
  if (bytes.length !== PACKET_BYTES) return fault("framing", `${bytes.length} bytes`);
  if (bytes[Field.head.at] !== PACKET_HEAD) return fault("framing", "no packet");
  if (checksumOf(address, bytes) !== bytes[Field.checksum.at])
    return fault("checksum", "of the packet");
  const periodUs = word(bytes, Field.period);
  const status = word(bytes, Field.status);
  const { lastPulseOut, creep, currentBelowCrossing, voltageBelowCrossing } = Status;
  const known = lastPulseOut | creep | currentBelowCrossing | voltageBelowCrossing;
  if (periodUs === 0 || periodUs > 0xffff) return fault("range", `period ${periodUs}`);
  if ((status & ~known) !== 0) return fault("range", `status 0x${status.toString(16)}`);
  const watt = word(bytes, Field.watt);
  return {
    kind: "value",
    value: {
      currentRms: word(bytes, Field.currentRms),
      voltageRms: word(bytes, Field.voltageRms),
      watt: watt >= 0x800000 ? watt - 0x1000000 : watt,
      pulses: word(bytes, Field.pulses),
      periodUs,
      lastPulseOut: (status & lastPulseOut) !== 0,
    },
  };
}

/** The checksum that the packet in `bytes` should have. */
export function checksumOf(address: number, bytes: Uint8Array): number {
  // Unlike that of a register, it leaves out the second byte of the request.
  return complement((READ | address) + sum(bytes, Field.checksum.at));
}

/** Whether two packets say the same of the energy; the period and the fast current may move meanwhile. */
export function agree(a: Packet, b: Packet): boolean {
  return (
    a.pulses === b.pulses &&
    a.watt === b.watt &&
    a.voltageRms === b.voltageRms &&
    a.currentRms === b.currentRms &&
    a.lastPulseOut === b.lastPulseOut
  );
}

function word(bytes: Uint8Array, field: { at: number; bytes: number }): number {
  let value = 0;
  for (let i = field.bytes - 1; i >= 0; i--) value = (value << 8) | bytes[field.at + i];
  return value;
}

function sum(bytes: Uint8Array, count: number): number {
  let total = 0;
  for (let i = 0; i < count; i++) total += bytes[i];
  return total;
}

function complement(total: number): number {
  return ~total & 0xff;
}

function fault(
  kind: DriverFault,
  detail: string,
): { kind: "fault"; fault: DriverFault; detail: string } {
  return { kind: "fault", fault: kind, detail };
}
