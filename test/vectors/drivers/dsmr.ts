// SPDX-License-Identifier: Apache-2.0
/**
 * P1 telegrams with what they say. The first is the example of the P1 companion standard 5.0.2 (chapter
 * 6), whose printed checksum is wrong; the others are put together here.
 */
import type { DsmrVersion } from "#drivers/dsmr/dsmr";
import type { EnergySample } from "#drivers/types";
import { type Dutch, dutchLines, fixed, latin, oldLines, p1, textOf } from "./p1.ts";

export interface DsmrVector {
  name: string;
  version?: DsmrVersion;
  registers?: string[];
  /** What comes over the line, ten seconds apart. */
  pieces: Uint8Array[];
  /** Name and mWh of a count. */
  counters?: [string, bigint][];
  /** All samples in order, without their time. */
  samples?: Omit<EnergySample, "uptimeMs">[];
  /** All faults in order. */
  faults?: string[];
}

const TYPICAL: Dutch = {
  import1Wh: 4_426_001,
  import2Wh: 2_399_002,
  export1Wh: 2_444_003,
  export2Wh: 4,
  importW: 244,
  exportW: 0,
};
const TARIFFS: [string, bigint][] = [
  ["1-0:1.8.1", 1000n],
  ["1-0:1.8.2", 1000n],
  ["1-0:2.8.1", 1000n],
  ["1-0:2.8.2", 1000n],
];
const TYPICAL_SAMPLE = {
  counts: [4_426_001n, 2_399_002n, 2_444_003n, 4n],
  powerMw: 244_000,
  phases: [{ voltageMv: 230_400, currentMa: 5000, powerMw: 244_000 }],
};

const STANDARD_TEXT = "303132333435363738393A3B3C3D3E3F".repeat(5);
const STANDARD = [
  "1-3:0.2.8(50)",
  "0-0:1.0.0(101209113020W)",
  "0-0:96.1.1(4B384547303034303436333935353037)",
  "1-0:1.8.1(123456.789*kWh)",
  "1-0:1.8.2(123456.789*kWh)",
  "1-0:2.8.1(123456.789*kWh)",
  "1-0:2.8.2(123456.789*kWh)",
  "0-0:96.14.0(0002)",
  "1-0:1.7.0(01.193*kW)",
  "1-0:2.7.0(00.000*kW)",
  "0-0:96.7.21(00004)",
  "0-0:96.7.9(00002)",
  "1-0:99.97.0(2)(0-0:96.7.19)(101208152415W)(0000000240*s)(101208151004W)(0000000301*s)",
  "1-0:32.32.0(00002)",
  "1-0:52.32.0(00001)",
  "1-0:72.32.0(00000)",
  "1-0:32.36.0(00000)",
  "1-0:52.36.0(00003)",
  "1-0:72.36.0(00000)",
  `0-0:96.13.0(${STANDARD_TEXT})`,
  "1-0:32.7.0(220.1*V)",
  "1-0:52.7.0(220.2*V)",
  "1-0:72.7.0(220.3*V)",
  "1-0:31.7.0(001*A)",
  "1-0:51.7.0(002*A)",
  "1-0:71.7.0(003*A)",
  "1-0:21.7.0(01.111*kW)",
  "1-0:41.7.0(02.222*kW)",
  "1-0:61.7.0(03.333*kW)",
  "1-0:22.7.0(04.444*kW)",
  "1-0:42.7.0(05.555*kW)",
  "1-0:62.7.0(06.666*kW)",
  "0-1:24.1.0(003)",
  "0-1:96.1.0(3232323241424344313233343536373839)",
  "0-1:24.2.1(101209112500W)(12785.123*m3)",
];
const STANDARD_FORM = { identification: "/ISk5\\2MT382-1000" };

function dutch(changes: Partial<Dutch> = {}): Uint8Array {
  return p1(dutchLines({ ...TYPICAL, ...changes }));
}

/** The typical telegram with one line more, or (`old`) with that line changed. */
function changed(line: string, old?: string): Uint8Array {
  const lines = dutchLines(TYPICAL);
  if (old === undefined) lines.push(line);
  else lines[lines.findIndex((each) => each.startsWith(old))] = line;
  return p1(lines);
}

function twice(lines: readonly string[]): Uint8Array[] {
  return [p1(lines), p1(lines)];
}

/** A telegram that is refused between sound ones, with its fault. */
function refused(name: string, piece: Uint8Array, ...faults: string[]): DsmrVector {
  const pieces = [dutch(), dutch(), piece, dutch({ importW: 0, exportW: 1100 })];
  const back = { ...TYPICAL_SAMPLE, powerMw: -1_100_000 };
  back.phases = [{ ...TYPICAL_SAMPLE.phases[0], powerMw: -1_100_000 }];
  return { name, pieces, counters: TARIFFS, samples: [TYPICAL_SAMPLE, back], faults };
}

function replaced(bytes: Uint8Array, from: string, to: string): Uint8Array {
  return latin(textOf(bytes).replace(from, to));
}

function inSmallLetters(telegram: Uint8Array): Uint8Array {
  const text = textOf(telegram);
  return latin(text.slice(0, -6) + text.slice(-6).toLowerCase());
}

/** A frame as encrypted meters send it, with this many bytes after the length. */
export function ciphered(length: number): Uint8Array {
  const body = Array.from({ length }, (_, i) => (i * 37 + 0x2f) & 0xff);
  const title = [0x53, 0x41, 0x47, 0x67, 0x50, 0x00, 0x05, 0x2f];
  return Uint8Array.from([0xdb, 8, ...title, 0x82, length >> 8, length & 0xff, ...body]);
}

const TAKEN: DsmrVector[] = [
  {
    name: "the standard's example: tariffs, directions, phases",
    pieces: [
      p1(STANDARD, { ...STANDARD_FORM, crc: "E47C" }),
      p1(STANDARD, { ...STANDARD_FORM, crc: "E47C" }),
    ],
    counters: TARIFFS,
    samples: [
      {
        counts: [123_456_789n, 123_456_789n, 123_456_789n, 123_456_789n],
        powerMw: 1_193_000,
        phases: [
          { voltageMv: 220_100, currentMa: 1000, powerMw: -3_333_000 },
          { voltageMv: 220_200, currentMa: 2000, powerMw: -3_333_000 },
          { voltageMv: 220_300, currentMa: 3000, powerMw: -3_333_000 },
        ],
      },
    ],
  },
  {
    name: "the standard's example with the checksum that is printed there",
    pieces: [p1(STANDARD, { ...STANDARD_FORM, crc: "EF2F" })],
    faults: ["checksum"],
  },
  {
    name: "a checksum in small letters",
    pieces: [inSmallLetters(dutch()), inSmallLetters(dutch())],
    counters: TARIFFS,
    samples: [TYPICAL_SAMPLE],
  },
  {
    name: "power to the grid",
    pieces: [dutch(), dutch({ importW: 0, exportW: 3456 })],
    counters: TARIFFS,
    samples: [
      {
        counts: TYPICAL_SAMPLE.counts,
        powerMw: -3_456_000,
        phases: [{ voltageMv: 230_400, currentMa: 5000, powerMw: -3_456_000 }],
      },
    ],
  },
  {
    name: "totals only (Sweden), three phases, no direction that it does not have",
    pieces: twice([
      "1-0:1.8.0(00006678.394*kWh)",
      "1-0:3.8.0(00000001.000*kvarh)",
      "1-0:1.7.0(0001.727*kW)",
      "1-0:2.7.0(0000.000*kW)",
      "1-0:41.7.0(0000.500*kW)",
      "1-0:71.7.0(002.1*A)",
    ]),
    counters: [["1-0:1.8.0", 1000n]],
    samples: [
      {
        counts: [6_678_394n],
        powerMw: 1_727_000,
        phases: [{}, { powerMw: 500_000 }, { currentMa: 2100 }],
      },
    ],
  },
  {
    name: "totals beside tariffs, in Wh and W (Austria)",
    pieces: twice([
      "1-0:1.8.0(006545766*Wh)",
      "1-0:1.8.1(005017120*Wh)",
      "1-0:1.8.2(001528646*Wh)",
      "1-0:1.7.0(000000286*W)",
      "1-0:2.8.0(000000058*Wh)",
      "1-0:2.8.1(000000000*Wh)",
      "1-0:2.8.2(000000058*Wh)",
      "1-0:2.7.0(000000000*W)",
    ]),
    counters: [
      ["1-0:1.8.0", 1000n],
      ["1-0:2.8.0", 1000n],
    ],
    samples: [{ counts: [6_545_766n, 58n], powerMw: 286_000 }],
  },
  {
    name: "four tariffs (Hungary), a total one way and tariffs the other",
    pieces: twice([
      "1-0:1.8.1(000000.001*kWh)",
      "1-0:1.8.2(000000.020*kWh)",
      "1-0:1.8.3(000000.300*kWh)",
      "1-0:1.8.4(000004.000*kWh)",
      "1-0:2.8.0(000050.000*kWh)",
      "1-0:2.8.1(000049.000*kWh)",
    ]),
    counters: [
      ["1-0:1.8.1", 1000n],
      ["1-0:1.8.2", 1000n],
      ["1-0:1.8.3", 1000n],
      ["1-0:1.8.4", 1000n],
      ["1-0:2.8.0", 1000n],
    ],
    samples: [{ counts: [1n, 20n, 300n, 4000n, 50_000n] }],
  },
  {
    name: "largest and smallest register; tenths of kWh; frequency",
    pieces: twice(["1-0:1.8.0(999999.999*kWh)", "1-0:2.8.0(000000.0*kWh)", "1-0:14.7.0(49.98*Hz)"]),
    counters: [
      ["1-0:1.8.0", 1000n],
      ["1-0:2.8.0", 100_000n],
    ],
    samples: [{ counts: [999_999_999n, 0n], frequencyMhz: 49_980 }],
  },
  {
    name: "registers by option: one tariff alone",
    registers: ["1-0:2.8.1", "1-0:1.8.2"],
    pieces: [dutch(), dutch()],
    counters: [
      ["1-0:2.8.1", 1000n],
      ["1-0:1.8.2", 1000n],
    ],
    samples: [{ ...TYPICAL_SAMPLE, counts: [2_444_003n, 2_399_002n] }],
  },
  {
    name: "two that lead to other registers, then two alike",
    pieces: [p1(["1-0:1.8.1(000001.000*kWh)"]), dutch(), dutch()],
    counters: TARIFFS,
    samples: [TYPICAL_SAMPLE],
  },
  {
    name: "the longest text message; a register that is new is ignored",
    pieces: [
      dutch(),
      changed(`0-0:96.13.0(${"3F".repeat(1024)})`, "0-0:96.13.0"),
      changed("1-0:1.8.3(000001.000*kWh)"),
    ],
    counters: TARIFFS,
    samples: [TYPICAL_SAMPLE, TYPICAL_SAMPLE],
  },
  {
    name: "finer than learned is cut off",
    pieces: [...twice(["1-0:1.8.0(000012.3*kWh)"]), p1(["1-0:1.8.0(000012.399*kWh)"])],
    counters: [["1-0:1.8.0", 100_000n]],
    samples: [{ counts: [123n] }, { counts: [123n] }],
  },
];

const REFUSED: DsmrVector[] = [
  refused("a digit turned", replaced(dutch(), "2399.002", "3399.002"), "checksum"),
  refused("a register twice", changed("1-0:1.8.1(004426.001*kWh)"), "range"),
  refused("a power twice", changed("1-0:1.7.0(00.244*kW)"), "range"),
  refused("a register missing", changed("1-0:1.4.0(00.100*kW)", "1-0:1.8.2"), "range"),
  refused("no register at all", p1(["1-0:1.7.0(00.244*kW)"]), "range"),
  refused("energy in kW", changed("1-0:1.8.1(004426.001*kW)", "1-0:1.8.1"), "range"),
  refused("power in kWh", changed("1-0:1.7.0(00.244*kWh)", "1-0:1.7.0"), "range"),
  refused("energy without a unit", changed("1-0:1.8.1(004426.001)", "1-0:1.8.1"), "range"),
  refused("energy of two values", changed("1-0:1.8.1(004426.001*kWh)(1)", "1-0:1.8.1"), "range"),
  refused("four decimals", changed("1-0:1.8.1(004426.0011*kWh)", "1-0:1.8.1"), "range"),
  refused("ten digits", changed("1-0:1.8.1(0000004426.001*kWh)", "1-0:1.8.1"), "range"),
  refused("a comma", changed("1-0:1.8.1(004426,001*kWh)", "1-0:1.8.1"), "range"),
  refused("a sign", changed("1-0:1.8.1(-04426.001*kWh)", "1-0:1.8.1"), "range"),
  refused("an empty value", changed("1-0:1.8.1()", "1-0:1.8.1"), "range"),
  refused(
    "a value that is too long",
    changed(`1-0:1.8.1(${"0".repeat(60)}*kWh)`, "1-0:1.8.1"),
    "range",
  ),
  refused("two GW", changed("1-0:1.7.0(2000000.0*kW)", "1-0:1.7.0"), "range"),
  refused("coarser than learned", changed("1-0:1.8.1(004426.00*kWh)", "1-0:1.8.1"), "range"),
  refused("brackets within brackets", changed("1-0:9.9.9((1))"), "framing"),
  refused("brackets that stay open", changed("1-0:9.9.9(1"), "framing"),
  refused("text behind brackets", changed("1-0:9.9.9(1)x"), "framing"),
  refused("text without brackets", changed("1-0:9.9.9"), "framing"),
  refused("a byte that is no text", changed("0-0:96.13.0(\x07)"), "framing"),
  refused("a byte above 127", changed("0-0:96.13.0(\xe9)"), "framing"),
  refused(
    "a line without CR",
    replaced(dutch(), "0-0:96.14.0(0002)\r", "0-0:96.14.0(0002)"),
    "framing",
  ),
  refused("no identification", p1(dutchLines(TYPICAL), { identification: "/5" }), "framing"),
  refused("a long identification", p1([], { identification: `/WAT5${"x".repeat(60)}` }), "framing"),
  refused("a line that is too long", changed(`0-0:96.13.0(${"3F".repeat(1040)})`), "framing"),
  refused("a telegram that is too long", p1(manyLines()), "framing"),
  refused("no checksum", p1(dutchLines(TYPICAL), { crc: "" }), "framing"),
  refused("half a checksum", p1(dutchLines(TYPICAL), { crc: "12" }), "framing"),
  refused("a checksum that is none", p1(dutchLines(TYPICAL), { crc: "12 4" }), "framing"),
  refused("cut off, then the next", dutch().subarray(0, 300), "framing"),
  refused("noise between telegrams", latin("1-0:1.8.1(000001.000*kWh)\r\n\x00"), "framing"),
  refused("encrypted", ciphered(500), "device"),
  refused("encrypted, the shortest", ciphered(1), "device"),
  refused("no such frame", Uint8Array.of(0xdb, 9, 1, 2, 3), "framing"),
  refused("no such length", Uint8Array.of(0xdb, 8, 1, 2, 3, 4, 5, 6, 7, 8, 0x84), "framing"),
  refused("an encrypted length beyond all", ciphered(9000).subarray(0, 13), "framing"),
];

function manyLines(): string[] {
  return Array.from({ length: 300 }, (_, i) => `0-0:96.50.${i}(${fixed(i, 20, 0)})`);
}

function old(import1Wh: number, import2Wh = 2_000_000, importW = 1190): Uint8Array {
  return p1(oldLines(import1Wh, import2Wh, importW), { crc: "" });
}

const OLD_TARIFFS: [string, bigint][] = [
  ["1-0:1.8.1", 1000n],
  ["1-0:1.8.2", 1000n],
];

/** Telegrams of version 3 with these registers, and which of them count. */
function unchecked(
  name: string,
  registers: number[],
  counted: number[],
  faults: string[],
): DsmrVector {
  const samples = counted.map((wh) => ({ counts: [BigInt(wh), 2_000_000n], powerMw: 1_190_000 }));
  const pieces = registers.map((wh) => old(wh));
  return { name, version: 3, pieces, counters: OLD_TARIFFS, samples, faults };
}

/** At 60 kW at most 166.7 Wh in ten seconds, and one for cutting off. */
const UNCHECKED: DsmrVector[] = [
  // The first only teaches the registers, and the last has no neighbour behind it.
  unchecked(
    "without checksum: between two neighbours",
    [1000, 1003, 1006, 1009, 1009],
    [1006, 1009],
    [],
  ),
  unchecked("the largest step", [0, 0, 167, 334, 501], [167, 334], []),
  unchecked("a step that is too large", [0, 0, 168, 168, 168, 168], [168, 168], ["range"]),
  unchecked(
    "a digit up",
    [1000, 1003, 1006, 9009, 1012, 1015, 1018, 1021],
    [1015, 1018],
    ["range", "range"],
  ),
  unchecked("a digit down", [1000, 1003, 1006, 1000, 1012, 1015, 1018], [1012, 1015], ["range"]),
  unchecked("a last digit up", [1000, 1003, 1006, 1019, 1012, 1015, 1018], [1006, 1015], ["range"]),
  unchecked(
    "a meter that was exchanged",
    [5000, 5003, 5006, 5009, 7, 10, 13],
    [5006, 10],
    ["range"],
  ),
  {
    name: "a checksum where the version has none",
    version: 3,
    pieces: [p1(oldLines(1, 2, 3)), old(1), old(2), old(3), old(4)],
    counters: OLD_TARIFFS,
    samples: [{ counts: [3n, 2_000_000n], powerMw: 1_190_000 }],
    faults: ["framing"],
  },
];

export const DSMR_VECTORS: readonly DsmrVector[] = [...TAKEN, ...REFUSED, ...UNCHECKED];
