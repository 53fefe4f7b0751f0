// SPDX-License-Identifier: Apache-2.0
/**
 * Modbus-RTU frames, as far as meters need them: the request to read input registers and its answer
 * (MODBUS application protocol V1.1b3, 6.4; framing and CRC: MODBUS over serial line V1.02, 2.5.1).
 *
 * Function 4 is the only one that this module can encode, and on purpose. Meters take commands on the same
 * line that falsify a trade: the PZEM-004T clears its energy on 0x42, an Eastron meter on function 16, and
 * with 6 or 16 an address moves to another meter. What cannot be encoded cannot be sent, by no bug above.
 */
import { assert } from "#core/errors/assert";
import { crc16 } from "../wire/crc16.ts";

/** Largest frame on a serial line (over serial line, 2.5.1). */
export const ADU_BYTES_MAX = 256;
/** Most registers of one read (application protocol, 6.4). */
const REGISTERS_MAX = 125;
/** Above the 247 addresses of devices (over serial line, 2.2), 248 is the PZEM-004T's general address. */
const ADDRESS_MAX = 248;

const READ_INPUT_REGISTERS = 0x04;
/** The function of an answer that says no (application protocol, 7). */
const EXCEPTION = READ_INPUT_REGISTERS | 0x80;
const EXCEPTION_BYTES = 5;
/** Address, function, byte count before the registers, and the CRC behind them. */
const OVERHEAD_BYTES = 5;
const CRC_INIT = 0xffff;

/** Registers in a row: `count` of them from `start`. */
export interface Block {
  start: number;
  count: number;
}

export interface ReadRequest extends Block {
  /** Of the device: 1 to 247, or 248 where the chip has a meaning for it. */
  address: number;
}

/**
 * `frame`: a whole answer to the request, with the bytes of its registers. `need-more`: the beginning of one.
 * `fault`: no byte that may still come makes an answer of it. `device`: the device says no.
 */
export type Answer =
  | { kind: "need-more" }
  | { kind: "frame"; data: Uint8Array }
  | { kind: "fault"; fault: "framing" | "checksum" | "device"; detail: string };

const NEED_MORE: Answer = Object.freeze({ kind: "need-more" });

/** The eight bytes that ask for `request`. */
export function encodeRead({ address, start, count }: ReadRequest): Uint8Array {
  assert(Number.isInteger(address) && address >= 1 && address <= ADDRESS_MAX, "MODBUS_ADDRESS");
  assert(Number.isInteger(count) && count >= 1 && count <= REGISTERS_MAX, "MODBUS_COUNT");
  assert(Number.isInteger(start) && start >= 0 && start + count <= 0x10000, "MODBUS_START");
  const bytes = new Uint8Array(8);
  bytes[0] = address;
  bytes[1] = READ_INPUT_REGISTERS;
  bytes[2] = start >> 8;
  bytes[3] = start & 0xff;
  bytes[5] = count;
  const crc = crc16(bytes.subarray(0, 6), CRC_INIT);
  bytes[6] = crc & 0xff; // low byte first, unlike everything else (over serial line, 2.5.1.2)
  bytes[7] = crc >> 8;
  return bytes;
}

/** Length of the answer to a read of `count` registers, bytes. */
export function answerBytes(count: number): number {
  return OVERHEAD_BYTES + 2 * count;
}

/**
 * What `bytes`, all that was received since the request, are as the answer to it. The answer carries neither
 * the first register nor a number, so that only address, function and length tell it from a stranger's.
 */
export function parseAnswer(bytes: Uint8Array, request: ReadRequest): Answer {
  if (bytes.length === 0) return NEED_MORE;
  if (bytes[0] !== request.address) return framing(`from address ${bytes[0]}`);
  if (bytes.length === 1) return NEED_MORE;
  if (bytes[1] === EXCEPTION) return parseException(bytes);
  if (bytes[1] !== READ_INPUT_REGISTERS) return framing(`function ${bytes[1]}`);
  if (bytes.length === 2) return NEED_MORE;
  if (bytes[2] !== 2 * request.count) return framing(`${bytes[2]} bytes of registers`);
  const length = answerBytes(request.count);
  if (bytes.length < length) return NEED_MORE;
  if (bytes.length > length) return framing("longer than the answer");
  if (!checks(bytes)) return { kind: "fault", fault: "checksum", detail: `${length} bytes` };
  return { kind: "frame", data: bytes.slice(3, length - 2) };
}

function parseException(bytes: Uint8Array): Answer {
  if (bytes.length < EXCEPTION_BYTES) return NEED_MORE;
  if (bytes.length > EXCEPTION_BYTES) return framing("longer than an exception");
  if (!checks(bytes)) return { kind: "fault", fault: "checksum", detail: "exception" };
  return { kind: "fault", fault: "device", detail: `exception ${bytes[2]}` };
}

/** Whether a whole frame ends in its CRC. */
function checks(bytes: Uint8Array): boolean {
  const end = bytes.length - 2;
  const crc = crc16(bytes.subarray(0, end), CRC_INIT);
  return bytes[end] === (crc & 0xff) && bytes[end + 1] === crc >> 8;
}

function framing(detail: string): Answer {
  return { kind: "fault", fault: "framing", detail };
}
