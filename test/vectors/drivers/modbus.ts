// SPDX-License-Identifier: Apache-2.0
/**
 * Answers of Modbus meters with what they mean, as data. Frames are hex, spaced by field; floats were worked
 * out by hand from their bits (3F800000 = 1.0). Energy is rounded down: 42F6E666 is 123.449996948… kWh.
 */

export type MeterName = "PZEM-004T" | "SDM120" | "SDM630" | "SDM72" | "SDM72-2";

/** A sample without its time; counts in the order of the driver's counters. */
export interface Expected {
  counts: bigint[];
  powerMw: number;
  phases?: {
    voltageMv: number;
    currentMa: number;
    powerMw: number;
    powerFactorPermille: number;
  }[];
  frequencyMhz?: number;
}

export interface ModbusVector {
  name: string;
  meter: MeterName;
  /** Beside those of its line. */
  options?: { address?: number; register?: "import" | "export"; rangeA?: 10 | 100 };
  /** Request and answer, in the order of the round. */
  exchanges: [request: string, answer: string][];
  sample?: Expected;
  fault?: string;
}

const ASK_PZEM = "01 04 0000 000a 700d";
const ASK_PZEM_ANY = "f8 04 0000 000a 6464";
const ASK_120_PHASE = "01 04 0000 0020 f1d2";
const ASK_120_SUPPLY = "01 04 0046 0006 91dd";
const ASK_630_PHASES = "01 04 0000 0024 f011";
const ASK_630_SYSTEM = "01 04 0034 0018 b1ce";
const ASK_72_POWER = "01 04 0034 0002 3005";
const ASK_72_ENERGY = "01 04 0048 0004 71df";

const PZEM_GOLDEN = "01 04 14 08d1 006c 0000 00f4 0000 0026 0000 01f4 0064 0000 5134";

/** 230.0 V, 5.0 A, 1150.0 W, power factor 1.0. */
const PHASE_IMPORT =
  "010440 43660000 00000000 00000000 40a00000 00000000 00000000 448fc000 00000000 00000000 448fc000" +
  " 00000000 00000000 00000000 00000000 00000000 3f800000 4bac";
const PHASE_IMPORT_MEANS = {
  voltageMv: 230_000,
  currentMa: 5000,
  powerMw: 1_150_000,
  powerFactorPermille: 1000,
};
/** 235.5 V, 10.25 A, −2405.5 W, power factor −0.99599999. */
const PHASE_EXPORT =
  "010440 436b8000 00000000 00000000 41240000 00000000 00000000 c5165800 00000000 00000000 4516de00" +
  " 00000000 00000000 c3480000 00000000 00000000 bf7ef9db 1c03";

/** An SDM120 that imports, with this answer about its supply. */
function sdm120(
  name: string,
  supply: string,
  rest: { counts: bigint[] } | { fault: string },
): ModbusVector {
  const exchanges: [string, string][] = [
    [ASK_120_PHASE, PHASE_IMPORT],
    [ASK_120_SUPPLY, supply],
  ];
  if ("fault" in rest) return { name, meter: "SDM120", exchanges, ...rest };
  const phases = [PHASE_IMPORT_MEANS];
  const sample = { ...rest, powerMw: 1_150_000, phases, frequencyMhz: 50_000 };
  return { name, meter: "SDM120", exchanges, sample };
}

/** A PZEM-004T at address 1. */
function pzem(
  name: string,
  answer: string,
  rest: Pick<ModbusVector, "fault" | "options">,
): ModbusVector {
  return { name, meter: "PZEM-004T", exchanges: [[ASK_PZEM, answer]], ...rest };
}

export const MODBUS_VECTORS: readonly ModbusVector[] = [
  {
    name: "pzem: 225.7 V, 108 mA, 24.4 W, 38 Wh",
    meter: "PZEM-004T",
    exchanges: [[ASK_PZEM, PZEM_GOLDEN]],
    sample: {
      counts: [38n],
      powerMw: 24_400,
      phases: [{ voltageMv: 225_700, currentMa: 108, powerMw: 24_400, powerFactorPermille: 1000 }],
      frequencyMhz: 50_000,
    },
  },
  {
    name: "pzem: the same as a meter of generation",
    meter: "PZEM-004T",
    options: { register: "export" },
    exchanges: [[ASK_PZEM, PZEM_GOLDEN]],
    sample: {
      counts: [38n],
      powerMw: -24_400,
      phases: [{ voltageMv: 225_700, currentMa: 108, powerMw: -24_400, powerFactorPermille: 1000 }],
      frequencyMhz: 50_000,
    },
  },
  {
    name: "pzem: alone on its line, by the general address",
    meter: "PZEM-004T",
    options: { address: 0xf8 },
    exchanges: [[ASK_PZEM_ANY, "f8 04 14 08d3 0023 0000 0005 0000 0002 0000 01f5 0006 0000 f8be"]],
    sample: {
      counts: [2n],
      powerMw: 500,
      phases: [{ voltageMv: 225_900, currentMa: 35, powerMw: 500, powerFactorPermille: 60 }],
      frequencyMhz: 50_100,
    },
  },
  {
    name: "pzem: high words, the last Wh, an alarm",
    meter: "PZEM-004T",
    exchanges: [[ASK_PZEM, "01 04 14 08fc 1170 0001 7100 0002 967f 0098 01f3 0063 ffff f054"]],
    sample: {
      counts: [9_999_999n],
      powerMw: 16_000_000,
      phases: [
        {
          voltageMv: 230_000,
          currentMa: 70_000,
          powerMw: 16_000_000,
          powerFactorPermille: 990,
        },
      ],
      frequencyMhz: 49_900,
    },
  },
  pzem(
    "pzem: 70 A through a shunt for 10 A",
    "01 04 14 08fc 1170 0001 7100 0002 967f 0098 01f3 0063 ffff f054",
    { options: { rangeA: 10 }, fault: "range" },
  ),
  pzem("pzem: zeros", "01 04 14 0000 0000 0000 0000 0000 0000 0000 0000 0000 0000 9581", {
    fault: "range",
  }),
  pzem("pzem: 10 MWh", "01 04 14 08fc 0000 0000 0000 0000 9680 0098 01f4 0000 0000 3ae5", {
    fault: "range",
  }),
  pzem("pzem: 2³²−1 mA", "01 04 14 08fc ffff ffff 0000 0000 0026 0000 01f4 0000 0000 d9fd", {
    fault: "range",
  }),
  pzem("pzem: alarm 1", "01 04 14 08fc 0000 0000 0000 0000 0026 0000 01f4 0000 0001 d729", {
    fault: "range",
  }),
  pzem("pzem: wrong CRC", "01 04 14 08d1 006c 0000 00f4 0000 0026 0000 01f4 0064 0000 5135", {
    fault: "checksum",
  }),
  pzem("pzem: CRC with its high byte first", `${PZEM_GOLDEN.slice(0, -4)}3451`, {
    fault: "checksum",
  }),
  pzem("pzem: exception 2", "01 84 02 c2c1", { fault: "device" }),
  pzem("pzem: exception 6", "01 84 06 c302", { fault: "device" }),
  pzem("pzem: exception with a wrong CRC", "01 84 02 c2c0", { fault: "checksum" }),
  {
    name: "pzem: exception by the general address",
    meter: "PZEM-004T",
    options: { address: 0xf8 },
    exchanges: [[ASK_PZEM_ANY, "f8 84 04 92f2"]],
    fault: "device",
  },

  sdm120("sdm120: 123.45 kWh", "01040c 42480000 42f6e666 00000000 1f06", {
    counts: [123_449_996n, 0n],
  }),
  sdm120("sdm120: both above 16 MWh", "01040c 42480000 4683126f 47c34fff 63bf", {
    counts: [16_777_216_796n, 99_999_992_187n],
  }),
  sdm120("sdm120: 1.0 kWh and less than a mWh", "01040c 42480000 3f800000 35800000 de56", {
    counts: [1_000_000n, 0n],
  }),
  sdm120("sdm120: −0 and the least subnormal", "01040c 42480000 80000000 00000001 db4e", {
    counts: [0n, 0n],
  }),
  sdm120("sdm120: the last below 10⁸ kWh", "01040c 42480000 4cbebc1f 00000000 c7be", {
    counts: [99_999_992_000_000n, 0n],
  }),
  sdm120("sdm120: 10⁸ kWh", "01040c 42480000 4cbebc20 00000000 d3bb", { fault: "range" }),
  sdm120("sdm120: not a number", "01040c 42480000 7fc00000 00000000 9586", { fault: "range" }),
  sdm120("sdm120: infinite", "01040c 42480000 3f800000 7f800000 c84e", { fault: "range" }),
  sdm120("sdm120: −2⁻¹⁶ kWh", "01040c 42480000 b7800000 00000000 d9b4", { fault: "range" }),
  sdm120("sdm120: zeros", "01040c 00000000 00000000 00000000 95b7", { fault: "range" }),
  {
    name: "sdm120: power to the grid",
    meter: "SDM120",
    exchanges: [
      [ASK_120_PHASE, PHASE_EXPORT],
      [ASK_120_SUPPLY, "01040c 42480000 3f800000 35800000 de56"],
    ],
    sample: {
      counts: [1_000_000n, 0n],
      powerMw: -2_405_500,
      phases: [
        {
          voltageMv: 235_500,
          currentMa: 10_250,
          powerMw: -2_405_500,
          powerFactorPermille: -995,
        },
      ],
      frequencyMhz: 50_000,
    },
  },
  {
    name: "sdm120: the second read is refused",
    meter: "SDM120",
    exchanges: [
      [ASK_120_PHASE, PHASE_IMPORT],
      [ASK_120_SUPPLY, "01 84 02 c2c1"],
    ],
    fault: "device",
  },
  ...(["SDM630", "SDM72-2"] as const).map(
    (meter): ModbusVector => ({
      name: `${meter}: in on two phases, out on one`,
      meter,
      exchanges: [
        [
          ASK_630_PHASES,
          "010448 43660000 43678000 43654000 41200000 41a00000 3f000000 450fc000 c590b000 42c80000" +
            " 00000000 00000000 00000000 00000000 00000000 00000000 3f800000 bf800000 3f600000 4faa",
        ],
        [
          ASK_630_SYSTEM,
          "010430 c50b6000 00000000 00000000 00000000 00000000 00000000 00000000 00000000 00000000" +
            " 4247f000 44801000 45000400 76a0",
        ],
      ],
      sample: {
        counts: [1_024_500_000n, 2_048_250_000n],
        powerMw: -2_230_000,
        phases: [
          {
            voltageMv: 230_000,
            currentMa: 10_000,
            powerMw: 2_300_000,
            powerFactorPermille: 1000,
          },
          {
            voltageMv: 231_500,
            currentMa: 20_000,
            powerMw: -4_630_000,
            powerFactorPermille: -1000,
          },
          { voltageMv: 229_250, currentMa: 500, powerMw: 100_000, powerFactorPermille: 875 },
        ],
        frequencyMhz: 49_984,
      },
    }),
  ),
  {
    name: "sdm72: import",
    meter: "SDM72",
    exchanges: [
      [ASK_72_POWER, "010404 45c9a000 46b6"],
      [ASK_72_ENERGY, "010408 458c2cf6 41e628f6 09fe"],
    ],
    sample: { counts: [4_485_620_117n, 28_770_000n], powerMw: 6_452_000 },
  },
  {
    name: "sdm72: export",
    meter: "SDM72",
    exchanges: [
      [ASK_72_POWER, "010404 c5c9a000 6f76"],
      [ASK_72_ENERGY, "010408 458c2cf6 41e628f6 09fe"],
    ],
    sample: { counts: [4_485_620_117n, 28_770_000n], powerMw: -6_452_000 },
  },
];
