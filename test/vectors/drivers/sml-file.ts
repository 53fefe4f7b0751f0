// SPDX-License-Identifier: Apache-2.0
/** Puts SML files together, with checksums of their own that are computed bit by bit. */

export type Crc = "x25" | "kermit";

/** The two bytes of a checksum as they go over the wire. */
export function smlChecksum(kind: Crc, bytes: Iterable<number>): [number, number] {
  let crc = kind === "x25" ? 0xffff : 0;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0x8408 : crc >>> 1;
  }
  if (kind === "kermit") return [crc >> 8, crc & 0xff];
  crc ^= 0xffff;
  return [crc & 0xff, crc >> 8];
}

/** Optional element that is left out. */
export const NONE: readonly number[] = Object.freeze([0x01]);

/** Type and length; `length` of a list is its elements, of anything else its bytes without these. */
function head(type: number, length: number): number[] {
  const list = type === 7;
  for (let count = 1; ; count++) {
    const all = list ? length : length + count;
    if (all >= 16 ** count) continue;
    return Array.from({ length: count }, (_, i) => {
      const nibble = Math.floor(all / 16 ** (count - 1 - i)) % 16;
      return (i + 1 < count ? 0x80 : 0) | (i === 0 ? type << 4 : 0) | nibble;
    });
  }
}

export function octets(bytes: Iterable<number>): number[] {
  const all = [...bytes];
  return [...head(0, all.length), ...all];
}

function bigEndian(value: bigint, width: number): number[] {
  // Without its sign first: shifting negative numbers to the right is off by one on XS 13.3.
  const bits = BigInt.asUintN(8 * width, value);
  return Array.from({ length: width }, (_, i) =>
    Number((bits >> BigInt(8 * (width - 1 - i))) & 255n),
  );
}

export function unsigned(value: number | bigint, width = 1): number[] {
  return [...head(6, width), ...bigEndian(BigInt(value), width)];
}

export function signed(value: number | bigint, width = 1): number[] {
  return [...head(5, width), ...bigEndian(BigInt(value), width)];
}

export function list(...elements: (readonly number[])[]): number[] {
  return [...head(7, elements.length), ...elements.flat()];
}

export const WH = 0x1e;
export const W = 0x1b;
export const V = 0x23;
export const A = 0x21;
export const HZ = 0x2c;

/**
 * An entry of a list of values. `name`: the six parts of its OBIS code, or only C, D and E of 1-0:C.D.E*255.
 */
export interface Entry {
  name: number[];
  value: readonly number[];
  unit?: number;
  scaler?: number;
  status?: readonly number[];
  time?: readonly number[];
}

export function entry({ name, value, unit, scaler, status = NONE, time = NONE }: Entry): number[] {
  const code = name.length === 3 ? [1, 0, ...name, 255] : name;
  return list(
    octets(code),
    status,
    time,
    unit === undefined ? NONE : unsigned(unit),
    scaler === undefined ? NONE : signed(scaler),
    value,
    NONE,
  );
}

const SERVER = [0x0a, 0x01, 0x57, 0x41, 0x54, 0x00, 0x01, 0x02, 0x03, 0x04];

export interface FileForm {
  crc?: Crc;
  server?: readonly number[];
  /** Bytes of the transaction's name: files of any length. */
  transaction?: readonly number[];
  /** Leaves out the first byte of a message's checksum where it is zero. */
  shortChecksums?: boolean;
  /** Turned into the checksum of the list's message. */
  listChecksum?: [number, number];
}

/** One message with its checksum. */
export function message(kind: number, body: readonly number[], form: FileForm = {}): number[] {
  const { crc = "x25", transaction = [1, 2, 3] } = form;
  const parts = [octets(transaction), unsigned(0), unsigned(0), list(unsigned(kind, 2), body)];
  const begin = [0x76, ...parts.flat()];
  const checksum = smlChecksum(crc, begin);
  const short = form.shortChecksums && checksum[0] === 0;
  return [...begin, ...unsigned(BigInt(checksum[0] * 256 + checksum[1]), short ? 1 : 2), 0];
}

/** The three messages that meters send: open, the values, close. */
export function messages(entries: readonly (readonly number[])[], form: FileForm = {}): number[] {
  const { server = SERVER } = form;
  const open = list(NONE, NONE, octets([5]), octets(server), NONE, NONE);
  const time = list(unsigned(1), unsigned(123_456, 4));
  const name = octets([1, 0, 98, 10, 255, 255]);
  const values = list(NONE, octets(server), name, time, list(...entries), NONE, NONE);
  const listing = message(0x0701, values, form);
  if (form.listChecksum) listing.splice(-3, 2, ...form.listChecksum);
  return [...message(0x0101, open, form), ...listing, ...message(0x0201, list(NONE), form)];
}

const ESCAPE = [0x1b, 0x1b, 0x1b, 0x1b];

export interface Padding {
  /** How many bytes of padding; what makes a multiple of four where absent. */
  count?: number;
  /** What they are. */
  fill?: number;
}

/** `data` in its transport, escaped and padded. */
export function transport(
  data: readonly number[],
  crc: Crc = "x25",
  pad: Padding = {},
): Uint8Array {
  const bytes = [...ESCAPE, 1, 1, 1, 1];
  let run = 0;
  for (const byte of data) {
    bytes.push(byte);
    run = byte === 0x1b ? run + 1 : 0;
    if (run === 4) {
      bytes.push(...ESCAPE);
      run = 0;
    }
  }
  const padding = pad.count ?? (4 - (bytes.length % 4)) % 4;
  bytes.push(...new Array(padding).fill(pad.fill ?? 0), ...ESCAPE, 0x1a, padding);
  return Uint8Array.from([...bytes, ...smlChecksum(crc, bytes)]);
}

/** A whole file. */
export function smlFile(entries: readonly (readonly number[])[], form: FileForm = {}): Uint8Array {
  return transport(messages(entries, form), form.crc);
}

/** A meter for both directions with its PIN: registers in tenths of Wh, power in W. */
export function twoWay(
  importTenths: number | bigint,
  exportTenths: number | bigint,
  powerW: number,
): number[][] {
  return [
    entry({ name: [96, 50, 1], value: octets([0x57, 0x41, 0x54]) }),
    entry({
      name: [1, 8, 0],
      status: unsigned(0x1c0104, 4),
      time: list(unsigned(1), unsigned(123_456, 4)),
      unit: WH,
      scaler: -1,
      value: unsigned(importTenths, 8),
    }),
    entry({ name: [2, 8, 0], unit: WH, scaler: -1, value: unsigned(exportTenths, 8) }),
    entry({ name: [16, 7, 0], unit: W, scaler: 0, value: signed(powerW, 4) }),
  ];
}
