// SPDX-License-Identifier: Apache-2.0
/**
 * Checks the Modbus drivers against modbus.ts, through their serial line. Imports nothing of Node, so that
 * the same function runs in a bundle on the XS engine.
 */
import { fromHex, toHex } from "#core/codec/bytes";
import { scaleFloat32 } from "#drivers/modbus/float32";
import { Pzem004t } from "#drivers/modbus/pzem004t";
import { Sdm } from "#drivers/modbus/sdm";
import type { DriverOptions, EnergySensor, SerialConstruction } from "#drivers/types";
import { FakeSerial, ManualTimer } from "../../helpers/driver-io.ts";
import { type MeterName, MODBUS_VECTORS, type ModbusVector } from "./modbus.ts";
import { same } from "./same.ts";

/** Long enough for one round of any meter, and too short for two. */
const ROUND_MS = 990;

/** The driver of `meter` on a line of its own. */
export function driverOf(
  meter: MeterName,
  options: DriverOptions & { sensor: SerialConstruction } & ModbusVector["options"],
): EnergySensor {
  return meter === "PZEM-004T" ? new Pzem004t(options) : new Sdm({ ...options, model: meter });
}

/** The bytes of hex with spaces. */
export function bytesOf(hex: string): Uint8Array {
  const bytes = fromHex(hex.replace(/ /g, ""));
  if (bytes === undefined) throw new Error(`not hex in a vector: ${hex.slice(0, 40)}`);
  return bytes;
}

/** The answer of the vector to `request`, or undefined where it has none. */
export function answerTo(vector: ModbusVector, request: Uint8Array): Uint8Array | undefined {
  const asked = toHex(request);
  const found = vector.exchanges.find(([hex]) => toHex(bytesOf(hex)) === asked);
  return found && bytesOf(found[1]);
}

function check(vector: ModbusVector): string[] {
  const faults: string[] = [];
  const seen: string[] = [];
  const timer = new ManualTimer();
  const line = new FakeSerial();
  line.onWrite = (request) => {
    const answer = answerTo(vector, request);
    if (answer) line.send(answer);
    else faults.push(`asks for ${toHex(request)}`);
  };
  const driver = driverOf(vector.meter, {
    ...vector.options,
    timer,
    sensor: line.construction,
    onFault: (fault) => void seen.push(fault),
  });
  timer.advance(ROUND_MS);
  const sample = driver.sample();
  driver.close();
  if (line.written.length !== vector.exchanges.length)
    faults.push(`${line.written.length} requests`);
  if (
    !same(sample && { ...sample, uptimeMs: 0 }, vector.sample && { ...vector.sample, uptimeMs: 0 })
  )
    faults.push(`sample with ${sample?.counts.map(String).join(" and ")}`);
  if (seen.join() !== (vector.fault ?? "")) faults.push(`faults ${seen.join()}`);
  if (timer.pending > 0 || line.closed !== 1) faults.push("not closed");
  return faults;
}

/** Every exponent and sign of a float against a division that is done by multiplying. */
function checkFloats(): string[] {
  const faults: string[] = [];
  for (let high = 0; high < 512; high++)
    for (const fraction of [0, 1, 0x3fffff, 0x400001, 0x7fffff]) {
      const bits = high * 0x800000 + fraction;
      if (!floatAgrees(bits, scaleFloat32(bits, 1_000_000n))) faults.push(`float ${bits}`);
    }
  return faults;
}

/** Whether `mwh` is the float's value in kWh times 10⁶, rounded towards zero. */
function floatAgrees(bits: number, mwh: bigint | undefined): boolean {
  const exponent = Math.floor(bits / 0x800000) % 256;
  if (exponent === 255) return mwh === undefined;
  if (mwh === undefined) return false;
  const significand = (bits % 0x800000) + (exponent === 0 ? 0 : 0x800000);
  const power = Math.max(exponent, 1) - 150;
  const numerator = BigInt(significand) * 1_000_000n * 2n ** BigInt(Math.max(power, 0));
  const denominator = 2n ** BigInt(Math.max(-power, 0));
  const magnitude = bits < 0x80000000 ? mwh : -mwh;
  return magnitude * denominator <= numerator && (magnitude + 1n) * denominator > numerator;
}

/** What differs, each with the name of its vector; empty is a pass. */
export function checkModbus(vectors: readonly ModbusVector[] = MODBUS_VECTORS): string[] {
  const faults = vectors.flatMap((vector) =>
    check(vector).map((fault) => `${vector.name}: ${fault}`),
  );
  return [...faults, ...checkFloats()];
}
