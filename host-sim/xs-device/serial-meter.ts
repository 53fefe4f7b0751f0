// SPDX-License-Identifier: Apache-2.0
/** An Eastron SDM120 and a PZEM-004T at the end of a serial line: the registers that their drivers read. */
import { crc16 } from "#drivers/wire/crc16";

/** Cumulative energy, mWh. */
export interface Counted {
  importMwh: bigint;
  exportMwh: bigint;
}

/** Time from the request's last bit to the answer's first, ms. */
const THINK_MS = 40;

export interface SerialMeter {
  /** The answer to a request and how long it takes to be whole, ms; undefined: it does not answer. */
  answer(request: Uint8Array, counted: Counted): { bytes: Uint8Array; afterMs: number } | undefined;
}

/** Registers by Modbus at `address`, at `baud`. */
function modbus(
  address: number,
  baud: number,
  words: (counted: Counted) => Map<number, number>,
): SerialMeter {
  return {
    answer(request, counted) {
      const [to, fn, startHigh, startLow, countHigh, count] = request;
      if (to !== address || fn !== 4 || countHigh !== 0 || request.length !== 8) return undefined;
      const start = startHigh * 256 + startLow;
      const registers = words(counted);
      const bytes = new Uint8Array(5 + 2 * count);
      bytes.set([address, 4, 2 * count]);
      for (let i = 0; i < count; i++) {
        const value = registers.get(start + i) ?? 0;
        bytes[3 + 2 * i] = value >> 8;
        bytes[4 + 2 * i] = value & 255;
      }
      const end = bytes.length - 2;
      const crc = crc16(bytes.subarray(0, end), 0xffff);
      bytes[end] = crc & 255;
      bytes[end + 1] = crc >> 8;
      const characters = request.length + bytes.length;
      return { bytes, afterMs: THINK_MS + Math.ceil((characters * 10_000) / baud) };
    },
  };
}

/** 230 V and 50 Hz; the energy in both directions as floats of kWh. */
export function sdm120(): SerialMeter {
  return modbus(1, 2400, ({ importMwh, exportMwh }) => {
    const registers = new Map<number, number>();
    const float = (at: number, value: number) => {
      const bytes = Buffer.alloc(4);
      bytes.writeFloatBE(value);
      registers.set(at, bytes.readUInt16BE(0)).set(at + 1, bytes.readUInt16BE(2));
    };
    float(0x00, 230);
    float(0x1e, 1);
    float(0x46, 50);
    float(0x48, Number(importMwh) / 1e6);
    float(0x4a, Number(exportMwh) / 1e6);
    return registers;
  });
}

/** 230.0 V and 50.0 Hz; what is taken, Wh. */
export function pzem004t(): SerialMeter {
  return modbus(1, 9600, ({ importMwh }) => {
    const wh = Number(importMwh / 1000n);
    const words = [2300, 0, 0, 0, 0, wh & 0xffff, wh >>> 16, 500, 0, 0];
    return new Map(words.map((word, at) => [at, word]));
  });
}
