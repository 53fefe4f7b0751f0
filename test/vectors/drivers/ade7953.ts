// SPDX-License-Identifier: Apache-2.0
/**
 * Transfers of the ADE7953 and what its registers say. Imports nothing of Node, so that the same checks run on
 * the XS engine.
 */
import { fromHex, toHex } from "#core/codec/bytes";
import { Ade7953, type Ade7953Options } from "#drivers/ade7953/ade7953";
import { decode, encodeAddress, encodeWrite, signed24 } from "#drivers/ade7953/frame";
import type { EnergySample } from "#drivers/types";
import { FakeI2c } from "../../helpers/driver-i2c.ts";
import { ManualTimer } from "../../helpers/driver-io.ts";
import { SimulatedAde7953 } from "../../unit/drivers/ade7953/chip.ts";
import { same } from "./same.ts";

/** A board with two circuits: 26000 counts a V, 100000 an A, 154 a W. */
export const BOARD: Pick<Ade7953Options, "channels" | "voltage"> = {
  voltage: { numerator: 26_000, denominator: 1 },
  channels: [
    {
      input: "A",
      current: { numerator: 100_000, denominator: 1 },
      power: { numerator: 154, denominator: 1 },
      energy: { mwh: 10, perCounts: 129 },
    },
    {
      input: "B",
      current: { numerator: 100_000, denominator: 1 },
      power: { numerator: 154, denominator: 1 },
      energy: { mwh: 20, perCounts: 258 },
      inverted: true,
    },
  ],
};

/** [what, bytes in hex, the register's unsigned value, its value as a signed register of 24 bits] */
export const WORDS: readonly [string, string, number, number | undefined][] = [
  ["8 bits", "40", 0x40, 64],
  ["16 bits", "8004", 0x8004, 32_772],
  ["24 bits, largest", "7fffff", 0x7fffff, 8_388_607],
  ["24 bits, smallest", "800000", 0x800000, -8_388_608],
  ["32 bits, positive", "00012345", 0x12345, 74_565],
  ["32 bits, −1", "ffffffff", 0xffffffff, -1],
  ["32 bits, largest", "007fffff", 0x7fffff, 8_388_607],
  ["32 bits, smallest", "ff800000", 0xff800000, -8_388_608],
  ["32 bits, sign lost", "00800000", 0x800000, undefined],
  ["32 bits, sign too much", "ff7fffff", 0xff7fffff, undefined],
  ["32 bits, more than 24", "01000000", 0x1000000, undefined],
];

/** [what, made, wanted] */
const REQUESTS: readonly [string, Uint8Array, string][] = [
  ["read AENERGYA", encodeAddress(0x31e), "031e"],
  ["unlock", encodeWrite(0x0fe, 0xad), "00fead"],
  ["required setting", encodeWrite(0x120, 0x30), "01200030"],
  ["24 bits", encodeWrite(0x282, 0x3f1234), "02823f1234"],
  ["32 bits", encodeWrite(0x382, 0x5f1234), "0382005f1234"],
  ["CONFIG", encodeWrite(0x102, 0x8084), "01028084"],
];

/** What differs, each with the name of its vector; empty is a pass. */
export function checkAde7953(): string[] {
  const faults: string[] = [];
  for (const [name, hex, value, signed] of WORDS) {
    const bytes = fromHex(hex) ?? new Uint8Array(0);
    const decoded = decode(bytes);
    if (decoded !== value) faults.push(`${name}: ${decoded}`);
    const as24 = signed24(decoded, bytes.length);
    if (as24 !== signed) faults.push(`${name}: signed ${as24}`);
  }
  for (const [name, made, wanted] of REQUESTS)
    if (toHex(made) !== wanted) faults.push(`${name}: ${toHex(made)}`);
  return [...faults, ...checkDriver()];
}

/** What the chip counts before each poll, A and B; B is inverted. */
export const COUNTED: readonly [a: number, b: number][] = [
  [12_900, -2_580],
  [-258, 129_000],
];

/** The driver on a chip that counts both ways. */
function checkDriver(): string[] {
  const timer = new ManualTimer();
  const chip = new SimulatedAde7953();
  const faults: string[] = [];
  const samples: EnergySample[] = [];
  const driver = new Ade7953({
    ...BOARD,
    sensor: new FakeI2c(chip).construction,
    timer,
    onSample: (sample) => samples.push(sample),
    onFault: (fault, detail) => faults.push(`driver: ${fault}, ${detail}`),
  });
  chip.count("A", 5000); // before it is configured
  timer.advance(300);
  for (const [a, b] of COUNTED) {
    chip.set(0x31c, 5_980_000);
    chip.set(0x31a, 400_000);
    chip.set(0x31b, 100_050);
    chip.set(0x312, a < 0 ? -141_680 : 141_680);
    chip.set(0x313, 1_540);
    chip.set(0x10e, 4474);
    chip.count("A", a);
    chip.count("B", b);
    timer.advance(1000);
  }
  driver.close();
  const counts = samples.map((sample) => sample.counts.map(Number));
  const wanted = [
    [12_900, 0, 2_580, 0],
    [12_900, 258, 2_580, 129_000],
  ];
  if (!same(counts, wanted)) faults.push(`driver: counts ${JSON.stringify(counts)}`);
  const { uptimeMs: _, counts: __, ...rest } = samples[1] ?? { uptimeMs: 0, counts: [] };
  const values = {
    phases: [
      { voltageMv: 230_000, currentMa: 4000, powerMw: -920_000 },
      { voltageMv: 230_000, currentMa: 1001, powerMw: -10_000 },
    ],
    powerMw: -930_000,
    frequencyMhz: 50_000,
  };
  if (!same(rest, values)) faults.push(`driver: values ${JSON.stringify(rest)}`);
  return faults;
}
