// SPDX-License-Identifier: Apache-2.0
/** Puts P1 telegrams together, with a CRC of its own that is computed bit by bit. */

/** CRC-16 with the reflected polynomial 0xA001, from 0. */
export function p1Crc(bytes: Iterable<number>): number {
  let crc = 0;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0xa001 : crc >>> 1;
  }
  return crc;
}

/** The bytes of `text`, one for each character below 256. */
export function latin(text: string): Uint8Array {
  return Uint8Array.from(text, (char) => char.charCodeAt(0));
}

/** What `latin` came from. Not by spreading: an engine with a small stack runs this too. */
export function textOf(bytes: Uint8Array): string {
  let text = "";
  for (const byte of bytes) text += String.fromCharCode(byte);
  return text;
}

export interface P1Form {
  /** What follows the data lines: the CRC by default, "" for versions 2 and 3, or any text. */
  crc?: string;
  identification?: string;
}

/** A telegram of these data lines. */
export function p1(lines: readonly string[], form: P1Form = {}): Uint8Array {
  const { identification = "/WAT5METER" } = form;
  const text = `${[identification, "", ...lines].join("\r\n")}\r\n!`;
  const crc = form.crc ?? p1Crc(latin(text)).toString(16).toUpperCase().padStart(4, "0");
  return latin(`${text}${crc}\r\n`);
}

/** A fixed-point number as P1 writes it: `digits` before the point and `decimals` behind it. */
export function fixed(value: number | bigint, digits: number, decimals: number): string {
  const all = String(value).padStart(digits + decimals, "0");
  return decimals === 0 ? all : `${all.slice(0, -decimals)}.${all.slice(-decimals)}`;
}

/** Registers in Wh and powers in W of a Dutch meter of version 5 with one phase. */
export interface Dutch {
  import1Wh: number;
  import2Wh: number;
  export1Wh: number;
  export2Wh: number;
  importW: number;
  exportW: number;
}

export function dutchLines(meter: Dutch): string[] {
  const energy = (wh: number) => `(${fixed(wh, 6, 3)}*kWh)`;
  const power = (w: number) => `(${fixed(w, 2, 3)}*kW)`;
  return [
    "1-3:0.2.8(50)",
    "0-0:1.0.0(240215123456W)",
    "0-0:96.1.1(4B384547303034303436333935353037)",
    `1-0:1.8.1${energy(meter.import1Wh)}`,
    `1-0:1.8.2${energy(meter.import2Wh)}`,
    `1-0:2.8.1${energy(meter.export1Wh)}`,
    `1-0:2.8.2${energy(meter.export2Wh)}`,
    "0-0:96.14.0(0002)",
    `1-0:1.7.0${power(meter.importW)}`,
    `1-0:2.7.0${power(meter.exportW)}`,
    "0-0:96.7.21(00004)",
    "1-0:99.97.0(2)(0-0:96.7.19)(101208152415W)(0000000240*s)(101208151004W)(0000000301*s)",
    "1-0:32.32.0(00002)",
    "0-0:96.13.0()",
    "1-0:32.7.0(230.4*V)",
    "1-0:31.7.0(005*A)",
    `1-0:21.7.0${power(meter.importW)}`,
    `1-0:22.7.0${power(meter.exportW)}`,
    "0-1:24.1.0(003)",
    "0-1:96.1.0(3232323241424344313233343536373839)",
    "0-1:24.2.1(240215120000W)(12785.123*m3)",
  ];
}

/** Lines of DSMR 2.2: shorter numbers, and a gas meter whose value stands in a line of its own. */
export function oldLines(import1Wh: number, import2Wh: number, importW: number): string[] {
  return [
    "0-0:96.1.1(4B384547303034303436333935353037)",
    `1-0:1.8.1(${fixed(import1Wh, 5, 3)}*kWh)`,
    `1-0:1.8.2(${fixed(import2Wh, 5, 3)}*kWh)`,
    "0-0:96.14.0(0001)",
    `1-0:1.7.0(${fixed(Math.floor(importW / 10), 4, 2)}*kW)`,
    "0-0:17.0.0(0999.00*kW)",
    "0-0:96.13.1()",
    "0-1:24.3.0(161107190000)(00)(60)(1)(0-1:24.2.1)(m3)",
    "(00001.001)",
    "0-1:24.4.0(1)",
  ];
}
