// SPDX-License-Identifier: Apache-2.0
/**
 * SML files that are taken, with what they say. The first is written down byte by byte; the others are put
 * together here.
 */
import { fromHex } from "#core/codec/bytes";
import {
  A,
  entry,
  HZ,
  list,
  NONE,
  octets,
  signed,
  smlFile,
  twoWay,
  unsigned,
  V,
  W,
  WH,
} from "./sml-file.ts";
import { BOTH, type SmlVector } from "./sml-vector.ts";

/** A meter that only counts import: 1234.5 Wh, and 250 W that flow to the grid. */
const WRITTEN = `
  1b1b1b1b 01010101
  76 02 31 62 00 62 00 72 63 01 01 76 01 01 02 41 05 0a 0b 0c 0d 01 01 63 0a d5 00
  76 02 32 62 00 62 00 72 63 07 01 77 01 05 0a 0b 0c 0d 01 01
    72 77 07 01 00 01 08 00 ff 01 01 62 1e 52 ff 63 30 39 01
       77 07 01 00 10 07 00 ff 01 01 62 1b 52 00 53 ff 06 01
    01 01 63 5b 7a 00
  76 02 33 62 00 62 00 72 63 02 01 71 01 63 1a a6 00
  00 1b1b1b1b 1a 01 8a 5b`;

function written(): Uint8Array {
  const bytes = fromHex(WRITTEN.replace(/\s/g, ""));
  if (bytes === undefined) throw new Error("not hex in a vector");
  return bytes;
}

/** A file of one register; the smallest that counts. */
function one(value: readonly number[], scaler: number): Uint8Array {
  return smlFile([entry({ name: [1, 8, 0], unit: WH, scaler, value })]);
}

/** A file in which the first byte of a message's checksum is zero and left out. */
function shortChecksum(): Uint8Array {
  for (let i = 0; ; i++) {
    const transaction = [i >> 8, i & 0xff];
    const whole = smlFile(twoWay(1, 2, 3), { transaction });
    const short = smlFile(twoWay(1, 2, 3), { transaction, shortChecksums: true });
    if (short.length !== whole.length || short.some((byte, at) => byte !== whole[at])) return short;
  }
}

function twice(file: Uint8Array): Uint8Array[] {
  return [file, file];
}

function oneCounter(name: string, mwh: bigint, counts: bigint): Partial<SmlVector> {
  return { counters: [[name, mwh]], samples: [{ counts: [counts] }] };
}

/** Power as a value of every width and sign. */
function powers(): SmlVector[] {
  const cases: [string, number[], number, number | undefined][] = [
    ["1 byte, positive", signed(127, 1), 0, 127_000],
    ["1 byte, negative", signed(-128, 1), 0, -128_000],
    ["2 bytes, negative", signed(-2, 2), 0, -2000],
    ["3 bytes, negative", signed(-8_388_608, 3), -2, -83_886_080],
    ["3 bytes, positive", signed(8_388_607, 3), -2, 83_886_070],
    ["4 bytes, negative", signed(-1, 4), 0, -1000],
    ["5 bytes, negative", signed(-40_000, 5), -1, -4_000_000],
    ["6 bytes, positive", signed(40_000, 6), -1, 4_000_000],
    ["7 bytes, negative", signed(-123_456_789, 7), -2, -1_234_567_890],
    ["8 bytes, negative", signed(-10_438, 8), -2, -104_380],
    ["8 bytes, unsigned", unsigned(3000, 8), 0, 3_000_000],
    ["2 bytes, unsigned above the sign", unsigned(0x8025, 2), -2, 328_050],
    ["finer than a thousandth, negative: down", signed(-15, 1), -4, -2],
    ["left out", [...NONE], 0, undefined],
    ...[1, 2, 3, 4].flatMap((width): [string, number[], number, number][] => {
      const lowest = -(2 ** (8 * width - 1));
      return [
        [`${width} bytes, the lowest`, signed(lowest, width), -3, lowest],
        [`${width} bytes, the highest`, signed(-lowest - 1, width), -3, -lowest - 1],
        [
          `${width} bytes, the highest without a sign`,
          unsigned(-2 * lowest - 1, width),
          -3,
          -2 * lowest - 1,
        ],
      ];
    }),
  ];
  return cases.map(([name, value, scaler, powerMw]) => {
    const power = entry({ name: [16, 7, 0], unit: W, scaler, value });
    const energy = entry({ name: [1, 8, 0], unit: WH, scaler: 0, value: unsigned(5, 1) });
    const sample = powerMw === undefined ? { counts: [5n] } : { counts: [5n], powerMw };
    const pieces = twice(smlFile([energy, power]));
    return { name: `power, ${name}`, pieces, counters: [["1-0:1.8.0", 1000n]], samples: [sample] };
  });
}

const TAKEN: SmlVector[] = [
  {
    name: "written down: one register, power to the grid",
    pieces: twice(written()),
    counters: [["1-0:1.8.0", 100n]],
    samples: [{ counts: [12_345n], powerMw: -250_000 }],
  },
  {
    name: "a message's checksum of one byte",
    pieces: twice(shortChecksum()),
    counters: BOTH,
    samples: [{ counts: [1n, 2n], powerMw: 3000 }],
  },
  ...[1, 2, 3, 4].map((length) => ({
    name: `a padding by ${length} bytes of transaction`,
    pieces: twice(smlFile(twoWay(1, 2, 3), { transaction: new Array(length).fill(7) })),
    counters: BOTH,
    samples: [{ counts: [1n, 2n], powerMw: 3000 }],
  })),
  {
    name: "registers of both directions, power from the grid",
    pieces: twice(smlFile(twoWay(12_345_678, 87_654, 1234))),
    counters: BOTH,
    samples: [{ counts: [12_345_678n, 87_654n], powerMw: 1_234_000 }],
  },
  {
    name: "without a PIN: whole kWh in two bytes",
    pieces: twice(one(unsigned(2324, 2), 3)),
    ...oneCounter("1-0:1.8.0", 1_000_000n, 2324n),
  },
  {
    name: "tenths of mWh are cut off",
    pieces: twice(one(unsigned(29_416_471_626n, 8), -4)),
    ...oneCounter("1-0:1.8.0", 1n, 2_941_647_162n),
  },
  {
    name: "a signed register; no scaler",
    pieces: twice(smlFile([entry({ name: [2, 8, 0], unit: WH, value: signed(77, 2) })])),
    ...oneCounter("1-0:2.8.0", 1000n, 77n),
  },
  {
    name: "tariffs one way, a total the other",
    pieces: twice(
      smlFile([
        entry({ name: [1, 8, 1], unit: WH, scaler: -1, value: unsigned(0, 1) }),
        entry({ name: [1, 8, 2], unit: WH, scaler: -1, value: unsigned(1_773_613, 4) }),
        entry({ name: [2, 8, 0], unit: WH, scaler: -1, value: unsigned(3_149_260, 4) }),
        entry({ name: [2, 8, 1], unit: WH, scaler: -1, value: unsigned(3_149_260, 4) }),
      ]),
    ),
    counters: [
      ["1-0:1.8.1", 100n],
      ["1-0:1.8.2", 100n],
      ["1-0:2.8.0", 100n],
    ],
    samples: [{ counts: [0n, 1_773_613n, 3_149_260n] }],
  },
  {
    name: "phases, voltages, currents, frequency; more than fifteen entries",
    pieces: twice(
      smlFile([
        entry({ name: [1, 8, 0], unit: WH, scaler: 0, value: unsigned(1, 1) }),
        entry({ name: [36, 7, 0], unit: W, scaler: -2, value: signed(-139_300, 4) }),
        entry({ name: [56, 7, 0], unit: W, scaler: -2, value: signed(50, 1) }),
        entry({ name: [76, 7, 0], unit: W, scaler: 0, value: signed(7, 1) }),
        entry({ name: [32, 7, 0], unit: V, scaler: -1, value: unsigned(2324, 2) }),
        entry({ name: [52, 7, 0], unit: V, scaler: -1, value: unsigned(2326, 2) }),
        entry({ name: [72, 7, 0], unit: V, scaler: -1, value: unsigned(2325, 2) }),
        entry({ name: [31, 7, 0], unit: A, scaler: -2, value: unsigned(107, 1) }),
        entry({ name: [51, 7, 0], unit: A, scaler: -2, value: unsigned(174, 1) }),
        entry({ name: [71, 7, 0], unit: A, scaler: -2, value: unsigned(91, 1) }),
        entry({ name: [14, 7, 0], unit: HZ, scaler: -1, value: unsigned(500, 2) }),
        ...[1, 2, 3, 4, 5, 6].map((i) => entry({ name: [81, 7, i], unit: 8, value: unsigned(i) })),
      ]),
    ),
    counters: [["1-0:1.8.0", 1000n]],
    samples: [
      {
        counts: [1n],
        phases: [
          { voltageMv: 232_400, currentMa: 1070, powerMw: -1_393_000 },
          { voltageMv: 232_600, currentMa: 1740, powerMw: 500 },
          { voltageMv: 232_500, currentMa: 910, powerMw: 7000 },
        ],
        frequencyMhz: 50_000,
      },
    ],
  },
  {
    name: "power of the old meters: from and to the grid apart",
    pieces: twice(
      smlFile([
        entry({ name: [1, 8, 0], unit: WH, scaler: 0, value: unsigned(1, 1) }),
        entry({ name: [1, 7, 0], unit: W, scaler: 0, value: unsigned(100, 1) }),
        entry({ name: [2, 7, 0], unit: W, scaler: 0, value: unsigned(250, 1) }),
      ]),
    ),
    counters: [["1-0:1.8.0", 1000n]],
    samples: [{ counts: [1n], powerMw: -150_000 }],
  },
  {
    name: "other names are not taken: history, another channel, reactive energy, long names",
    pieces: twice(
      smlFile([
        entry({ name: [1, 0, 1, 8, 0, 96], unit: WH, scaler: 0, value: unsigned(9, 1) }),
        entry({ name: [1, 1, 1, 8, 0, 255], unit: WH, scaler: 0, value: unsigned(9, 1) }),
        entry({ name: [3, 8, 0], unit: 0x20, scaler: 0, value: unsigned(9, 1) }),
        entry({ name: [1, 0, 1, 8, 0, 255, 255], unit: WH, value: unsigned(9, 1) }),
        entry({ name: [1, 8, 0], unit: WH, scaler: 0, value: unsigned(4, 1) }),
      ]),
    ),
    ...oneCounter("1-0:1.8.0", 1000n, 4n),
  },
  {
    name: "times of all kinds: a number, a choice, and with the local offset",
    pieces: twice(
      smlFile([
        entry({ name: [1, 8, 0], time: unsigned(9, 4), unit: WH, value: unsigned(1, 1) }),
        entry({
          name: [2, 8, 0],
          time: list(unsigned(3), list(unsigned(9, 4), signed(60, 2), signed(60, 2))),
          unit: WH,
          value: unsigned(2, 1),
        }),
      ]),
    ),
    counters: [
      ["1-0:1.8.0", 1000n],
      ["1-0:2.8.0", 1000n],
    ],
    samples: [{ counts: [1n, 2n] }],
  },
  {
    name: "Kermit's checksum",
    crc: "kermit",
    pieces: twice(smlFile(twoWay(1, 2, 3), { crc: "kermit" })),
    counters: BOTH,
    samples: [{ counts: [1n, 2n], powerMw: 3000 }],
  },
  {
    name: "registers by option",
    registers: ["1-0:2.8.0"],
    pieces: twice(smlFile(twoWay(1, 2, 3))),
    counters: [["1-0:2.8.0", 100n]],
    samples: [{ counts: [2n], powerMw: 3000 }],
  },
  {
    name: "a PIN is entered: the finer value in the steps that are known",
    pieces: [...twice(one(unsigned(12, 1), 3)), one(unsigned(129_999, 4), -1)],
    counters: [["1-0:1.8.0", 1_000_000n]],
    samples: [{ counts: [12n] }, { counts: [12n] }],
  },
  {
    name: "names and values of more than fourteen bytes",
    pieces: twice(
      smlFile([
        ...twoWay(1, 2, 3),
        entry({ name: [96, 1, 0], value: octets(new Array(300).fill(7)) }),
      ]),
    ),
    counters: BOTH,
    samples: [{ counts: [1n, 2n], powerMw: 3000 }],
  },
  ...powers(),
];

/** Data that looks like escapes, at every distance from a multiple of four. */
function escapes(): SmlVector[] {
  const runs: [string, number[]][] = [
    ["three", [0x1b, 0x1b, 0x1b]],
    ["four", [0x1b, 0x1b, 0x1b, 0x1b]],
    ["five", [0x1b, 0x1b, 0x1b, 0x1b, 0x1b]],
    ["nine", new Array(9).fill(0x1b)],
    ["a start", [0x1b, 0x1b, 0x1b, 0x1b, 1, 1, 1, 1]],
    ["an end", [0x1b, 0x1b, 0x1b, 0x1b, 0x1a, 0, 0, 0]],
    ["two starts", [0x1b, 0x1b, 0x1b, 0x1b, 1, 1, 1, 1, 0x1b, 0x1b, 0x1b, 0x1b, 1, 1, 1, 1]],
  ];
  return runs.flatMap(([name, run]) =>
    [0, 1, 2, 3].map((shift) => {
      const transaction = new Array(shift + 1).fill(7);
      const pieces = twice(smlFile(twoWay(1, 2, 3), { server: [7, ...run, 7], transaction }));
      const samples = [{ counts: [1n, 2n], powerMw: 3000 }];
      return { name: `data of ${name}, shifted by ${shift}`, pieces, counters: BOTH, samples };
    }),
  );
}

export const TAKEN_FILES: readonly SmlVector[] = [...TAKEN, ...escapes()];
