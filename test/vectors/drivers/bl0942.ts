// SPDX-License-Identifier: Apache-2.0
/**
 * Requests and packets of the BL0942 with what they say. Imports nothing of Node, so that the same checks run
 * on the XS engine.
 */
import { fromHex, toHex } from "#core/codec/bytes";
import { Bl0942 } from "#drivers/bl0942/bl0942";
import {
  checksumOf,
  encodeRead,
  encodeWrite,
  type Packet,
  parsePacket,
  parseRegister,
} from "#drivers/bl0942/frame";
import {
  type Bl0942Calibration,
  type Bl0942Values,
  counterOf,
  frequencyOf,
  valuesOf,
} from "#drivers/bl0942/values";
import type { EnergySample } from "#drivers/types";
import { FakeSerial, ManualTimer } from "../../helpers/driver-io.ts";
import { same } from "./same.ts";

export interface Bl0942Vector {
  name: string;
  address: number;
  hex: string;
  /** What parsePacket answers where the packet is refused. */
  fault?: string;
  packet?: Packet;
  values?: Bl0942Values;
  frequencyMhz?: number;
}

/** Of a reference board: 15873.36 units a V, 251213.46 an A, 623 a W. */
export const CALIBRATION: Bl0942Calibration = {
  voltage: { numerator: 1_587_336, denominator: 100 },
  current: { numerator: 25_121_346, denominator: 100 },
  power: { numerator: 62_300, denominator: 100 },
};

/** The fields of a packet, for putting one together. */
export interface PacketFields {
  currentRms: number;
  voltageRms: number;
  fastCurrentRms: number;
  watt: number;
  pulses: number;
  period: number;
  status: number;
}

export const TYPICAL: Readonly<PacketFields> = Object.freeze({
  currentRms: 1_004_854,
  voltageRms: 3_650_872,
  fastCurrentRms: 1_010_000,
  watt: 573_160,
  pulses: 123_456,
  period: 20_000,
  status: 0,
});

export function packetOf(fields: Partial<PacketFields>, address = 0): Uint8Array {
  const all = { ...TYPICAL, ...fields };
  const { currentRms, voltageRms, fastCurrentRms, watt, pulses, period, status } = all;
  const bytes = new Uint8Array(23);
  bytes[0] = 0x55;
  [currentRms, voltageRms, fastCurrentRms, watt, pulses, period, status].forEach((word, i) => {
    bytes.set([word & 0xff, (word >> 8) & 0xff, (word >> 16) & 0xff], 1 + 3 * i);
  });
  bytes[22] = checksumOf(address, bytes);
  return bytes;
}

const FORWARD: Packet = {
  currentRms: 1_004_854,
  voltageRms: 3_650_872,
  watt: 573_160,
  pulses: 123_456,
  periodUs: 20_000,
  lastPulseOut: false,
};

export const BL0942_VECTORS: readonly Bl0942Vector[] = [
  {
    name: "920 W drawn",
    address: 0,
    hex: "5536550f38b53750690fe8be0840e201204e000000008d",
    packet: FORWARD,
    values: { voltageMv: 230_000, currentMa: 4000, powerMw: 920_000 },
    frequencyMhz: 50_000,
  },
  {
    name: "920 W fed in",
    address: 0,
    hex: "5536550f38b5370900001841f741e201214e00010000a7",
    packet: {
      ...FORWARD,
      watt: -573_160,
      pulses: 123_457,
      periodUs: 20_001,
      lastPulseOut: true,
    },
    values: { voltageMv: 230_000, currentMa: 4000, powerMw: -920_000 },
    frequencyMhz: 49_998,
  },
  {
    name: "address 3, no load, last counter before the wrap, 60 Hz",
    address: 3,
    hex: "5500000038b537000000000000ffffff1b4100030100ce",
    packet: {
      currentRms: 0,
      voltageRms: 3_650_872,
      watt: 0,
      pulses: 0xffffff,
      periodUs: 16_667,
      lastPulseOut: true,
    },
    values: { voltageMv: 230_000, currentMa: 0, powerMw: 0 },
    frequencyMhz: 59_999,
  },
  {
    name: "extremes of the registers",
    address: 0,
    hex: "55ffffffffffff000000000080000000010000000000d7",
    packet: {
      currentRms: 0xffffff,
      voltageRms: 0xffffff,
      watt: -0x800000,
      pulses: 0,
      periodUs: 1,
      lastPulseOut: false,
    },
    values: { voltageMv: 1_056_942, currentMa: 66_785, powerMw: -13_464_860 },
  },
  {
    name: "watt register −1, no mains frequency",
    address: 0,
    hex: "55050000070000000000ffffff010000ffff0002030045",
    packet: {
      currentRms: 5,
      voltageRms: 7,
      watt: -1,
      pulses: 1,
      periodUs: 0xffff,
      lastPulseOut: false,
    },
    values: { voltageMv: 0, currentMa: 0, powerMw: -2 },
  },
  { name: "period 0", address: 0, hex: toHex(packetOf({ period: 0 })), fault: "range" },
  {
    name: "period of 17 bits",
    address: 0,
    hex: toHex(packetOf({ period: 65_536 })),
    fault: "range",
  },
  { name: "status bit 2", address: 0, hex: toHex(packetOf({ status: 4 })), fault: "range" },
  { name: "status bit 16", address: 0, hex: toHex(packetOf({ status: 65_536 })), fault: "range" },
  {
    name: "of another address",
    address: 1,
    hex: toHex(packetOf({})),
    fault: "checksum",
  },
  {
    name: "wrong sum",
    address: 0,
    hex: "5536550f38b53750690fe8be0840e201204e000000008c",
    fault: "checksum",
  },
  {
    name: "no head",
    address: 0,
    hex: "5636550f38b53750690fe8be0840e201204e000000008c",
    fault: "framing",
  },
  { name: "cut short", address: 0, hex: "5536550f38b537", fault: "framing" },
];

/** [what, made, wanted] */
const REQUESTS: readonly [string, Uint8Array, string][] = [
  ["read the packet", encodeRead(0, 0xaa), "58aa"],
  ["read mode, address 2", encodeRead(2, 0x19), "5a19"],
  ["write mode", encodeWrite(0, 0x19, 0x8f), "a8198f0000af"],
  ["unlock, address 3", encodeWrite(3, 0x1d, 0x55), "ab1d550000e2"],
  ["write 24 bits", encodeWrite(0, 0x1c, 0x5a5b5c), "a81c5c5b5a2a"],
];

export function bytesOf(hex: string): Uint8Array {
  const bytes = fromHex(hex);
  if (bytes === undefined) throw new Error(`not hex in a vector: ${hex}`);
  return bytes;
}

/** What differs, each with the name of its vector; empty is a pass. */
export function checkBl0942(): string[] {
  const faults: string[] = [];
  for (const vector of BL0942_VECTORS) {
    const parsed = parsePacket(vector.address, bytesOf(vector.hex));
    if (parsed.kind === "fault") {
      if (parsed.fault !== vector.fault) faults.push(`${vector.name}: ${parsed.fault}`);
      continue;
    }
    const { value } = parsed;
    if (!same(value, vector.packet)) faults.push(`${vector.name}: ${JSON.stringify(value)}`);
    const values = valuesOf(value, CALIBRATION);
    if (!same(values, vector.values)) faults.push(`${vector.name}: ${JSON.stringify(values)}`);
    const frequency = frequencyOf(value.periodUs);
    if (frequency !== vector.frequencyMhz) faults.push(`${vector.name}: ${frequency} mHz`);
  }
  for (const [name, made, wanted] of REQUESTS)
    if (toHex(made) !== wanted) faults.push(`${name}: ${toHex(made)}`);
  const mode = parseRegister(0, 0x19, bytesOf("8f0000ff"));
  if (!same(mode, { kind: "value", value: 0x8f })) faults.push("mode register");
  const { mwh, perCounts } = counterOf(CALIBRATION);
  // 1048576/(9·623)
  if (`${mwh}/${perCounts}` !== "1048576/5607") faults.push(`a pulse is ${mwh}/${perCounts} mWh`);
  return [...faults, ...checkDriver()];
}

/** The driver on a chip whose mode is set, across a wrap of the counter. */
function checkDriver(): string[] {
  const timer = new ManualTimer();
  const serial = new FakeSerial();
  const samples: EnergySample[] = [];
  const faults: string[] = [];
  let pulses = 0xffffff;
  serial.onWrite = (request) => {
    if (toHex(request) === "5819") serial.send(bytesOf("8f0000ff"));
    else serial.send(packetOf({ pulses, watt: -573_160, status: 1 }));
  };
  const driver = new Bl0942({
    sensor: serial.construction,
    timer,
    calibration: CALIBRATION,
    onSample: (sample) => samples.push(sample),
    onFault: (fault, detail) => faults.push(`driver: ${fault}, ${detail}`),
  });
  timer.advance(900);
  pulses = 0;
  timer.advance(1000);
  driver.close();
  const counts = samples.map((sample) => Number(sample.counts[0]));
  if (!same(counts, [0xffffff, 0])) faults.push(`driver: counts ${counts.join(", ")}`);
  const { uptimeMs: _, counts: __, ...rest } = samples[1] ?? { uptimeMs: 0, counts: [] };
  const wanted = {
    reverse: true,
    powerMw: -920_000,
    phases: [{ voltageMv: 230_000, currentMa: 4000, powerMw: -920_000 }],
    frequencyMhz: 50_000,
  };
  if (!same(rest, wanted)) faults.push("driver: sample");
  return faults;
}
