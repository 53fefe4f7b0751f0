// SPDX-License-Identifier: Apache-2.0
/**
 * Frames of the CSE7766 with what they say. The observed ones are of chips in the field; the others are put
 * together here. Imports nothing of Node, so that the same checks run on the XS engine.
 */
import { fromHex } from "#core/codec/bytes";
import { Cse7766 } from "#drivers/cse7766/cse7766";
import { checksumOf, parseFrame } from "#drivers/cse7766/frame";
import { type Values, valuesOf } from "#drivers/cse7766/values";
import type { EnergySample } from "#drivers/types";
import { FakeSerial, ManualTimer } from "../../helpers/driver-io.ts";
import { same } from "./same.ts";

export interface Cse7766Vector {
  name: string;
  hex: string;
  /** What parseFrame answers where the frame is refused. */
  fault?: string;
  pulses?: number;
  /** On a board with a divider of 1 MΩ and a shunt of 1 mΩ. */
  values?: Values;
}

/** The fields of a frame, for putting one together. */
export interface FrameFields {
  state: number;
  voltage: [coefficient: number, cycle: number];
  current: [coefficient: number, cycle: number];
  power: [coefficient: number, cycle: number];
  adjust: number;
  pulses: number;
}

export const TYPICAL: Readonly<FrameFields> = Object.freeze<FrameFields>({
  state: 0x55,
  voltage: [192_000, 834],
  current: [16_200, 4_050],
  power: [5_300_000, 5_760],
  adjust: 0x71,
  pulses: 1000,
});

export function frameOf(fields: Partial<FrameFields>): Uint8Array {
  const all = { ...TYPICAL, ...fields };
  const bytes = new Uint8Array(24);
  const words = [...all.voltage, ...all.current, ...all.power];
  bytes.set([all.state, 0x5a]);
  words.forEach((word, i) => {
    bytes.set([word >> 16, (word >> 8) & 0xff, word & 0xff], 2 + 3 * i);
  });
  bytes.set([all.adjust, all.pulses >> 8, all.pulses & 0xff], 20);
  bytes[23] = checksumOf(bytes);
  return bytes;
}

export const CSE7766_VECTORS: readonly Cse7766Vector[] = [
  {
    name: "observed: 21 W",
    hex: "555a02f7600003ab00401002605d51a65803e9ef710b7a36",
    pulses: 0x0b7a,
    values: { voltageMv: 207_029, currentMa: 105, powerMw: 20_862 },
  },
  {
    name: "observed: 116 W, bit 7 of the update register set",
    hex: "555a02f1e800079d003f3e0035f850db3800b2a2f1d6973e",
    pulses: 0xd697,
    values: { voltageMv: 99_025, currentMa: 1172, powerMw: 115_876 },
  },
  {
    name: "observed: power cycle not whole, current just above the floor",
    hex: "555a02f76000035a004010048b9f51a65818727561aca130",
    pulses: 0xaca1,
    values: { voltageMv: 226_573, currentMa: 55 },
  },
  {
    name: "observed: power cycle over range, no load",
    hex: "f25a02f76000036100401005724051a65863101be17f4d4e",
    pulses: 0x7f4d,
    values: { voltageMv: 224_740, powerMw: 0 },
  },
  {
    name: "observed: no mains at the voltage input",
    hex: "fa5a02eec8feff01003f66000000512188fadb2901000054",
    fault: "device",
  },
  {
    name: "composed: 920 W",
    hex: "555a02ee00000342003f48000fd250df200016807103e8de",
    pulses: 1000,
    values: { voltageMv: 230_216, currentMa: 4000, powerMw: 920_139 },
  },
  { name: "not calibrated", hex: composed({ state: 0xaa }), fault: "device" },
  { name: "voltage cycle over range", hex: composed({ state: 0xf8 }), fault: "device" },
  { name: "current cycle over range", hex: composed({ state: 0xf4 }), fault: "device" },
  { name: "coefficients damaged", hex: composed({ state: 0xf1 }), fault: "device" },
  { name: "power cycle and voltage cycle", hex: composed({ state: 0xfa }), fault: "device" },
  { name: "fault state without a fault", hex: composed({ state: 0xf0 }), fault: "range" },
  { name: "other state", hex: composed({ state: 0x56 }), fault: "framing" },
  { name: "voltage coefficient 0", hex: composed({ voltage: [0, 834] }), fault: "range" },
  { name: "power cycle 0, said to be whole", hex: composed({ power: [5, 0] }), fault: "range" },
  {
    name: "power cycle 0, not said to be whole",
    hex: composed({ power: [5, 0], adjust: 0x61 }),
    pulses: 1000,
    values: { voltageMv: 230_216, currentMa: 4000 },
  },
  {
    name: "nothing measured yet",
    hex: composed({ adjust: 0x01 }),
    pulses: 1000,
    values: {},
  },
  {
    name: "largest counter and coefficients",
    hex: composed({ power: [0xffffff, 0xffffff], pulses: 0xffff, current: [1, 0xffffff] }),
    pulses: 0xffff,
    values: { voltageMv: 230_216, powerMw: 1000 },
  },
  { name: "wrong sum", hex: "555a02f7600003ab00401002605d51a65803e9ef710b7a37", fault: "checksum" },
  {
    name: "no check byte",
    hex: "555b02f7600003ab00401002605d51a65803e9ef710b7a36",
    fault: "framing",
  },
  { name: "cut short", hex: "555a02f7600003ab", fault: "framing" },
];

function composed(fields: Partial<FrameFields>): string {
  let hex = "";
  for (const byte of frameOf(fields)) hex += (byte + 256).toString(16).slice(1);
  return hex;
}

export function bytesOf(vector: Cse7766Vector): Uint8Array {
  const bytes = fromHex(vector.hex);
  if (bytes === undefined) throw new Error(`not hex in a vector: ${vector.name}`);
  return bytes;
}

/** What differs, each with the name of its vector; empty is a pass. */
export function checkCse7766(): string[] {
  const faults: string[] = [];
  const unity = { numerator: 1, denominator: 1 };
  for (const vector of CSE7766_VECTORS) {
    const parsed = parseFrame(bytesOf(vector));
    if (parsed.kind === "fault") {
      if (parsed.fault !== vector.fault) faults.push(`${vector.name}: ${parsed.fault}`);
      continue;
    }
    const values = valuesOf(parsed.frame, { voltage: unity, current: unity });
    if (vector.fault !== undefined || parsed.frame.pulses !== vector.pulses)
      faults.push(`${vector.name}: ${parsed.frame.pulses} pulses`);
    if (!same(values, vector.values)) faults.push(`${vector.name}: ${JSON.stringify(values)}`);
  }
  return [...faults, ...checkDriver()];
}

/** The driver across a wrap of the counter, frame by frame as the chip sends. */
function checkDriver(): string[] {
  const timer = new ManualTimer();
  const serial = new FakeSerial();
  const samples: EnergySample[] = [];
  const faults: string[] = [];
  const driver = new Cse7766({
    sensor: serial.construction,
    timer,
    intervalMs: 0,
    onSample: (sample) => samples.push(sample),
    onFault: (fault, detail) => faults.push(`driver: ${fault}, ${detail}`),
  });
  // Eight to learn the coefficients from, and four that count.
  for (let i = 0; i < 12; i++) {
    serial.send(frameOf({ pulses: (65_526 + i) % 65_536 }));
    timer.advance(55);
  }
  driver.close();
  const expected = [65_535, 0].map((pulses, i) => ({
    uptimeMs: 55 * (9 + i),
    counts: [BigInt(pulses)],
    phases: [{ voltageMv: 230_216, currentMa: 4000, powerMw: 920_139 }],
    powerMw: 920_139,
  }));
  if (!same(samples, expected)) faults.push("driver: samples");
  const [spec] = driver.counters;
  // 5.3 J, that is 53/36 mWh
  if (spec?.mwh.toString() !== "53" || spec.perCounts.toString() !== "36")
    faults.push(`driver: a pulse is ${spec?.mwh}/${spec?.perCounts} mWh`);
  return faults;
}
