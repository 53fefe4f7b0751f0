// SPDX-License-Identifier: Apache-2.0
/** A Modbus line with simulated meters on it, and a timer that counts what it runs. */

import type { DriverFault, EnergySample } from "#drivers/types";
import { type MeterName, MODBUS_VECTORS, type ModbusVector } from "#test/vectors/drivers/modbus";
import { answerTo } from "#test/vectors/drivers/modbus-check";
import { FakeSerial, ManualTimer } from "../../../helpers/driver-io.ts";
import { withCrc } from "./corrupt.ts";

/** Counts timers, so that a test can bound the work of a driver. */
export class CountingTimer extends ManualTimer {
  started = 0;

  override after(delayMs: number, run: () => void): () => void {
    this.started++;
    return super.after(delayMs, run);
  }
}

/** What a driver said. */
export class Heard {
  readonly samples: EnergySample[] = [];
  readonly faults: DriverFault[] = [];
  readonly details: string[] = [];
  readonly onSample = (sample: EnergySample) => void this.samples.push(sample);
  readonly onFault = (fault: DriverFault, detail: string) => {
    this.faults.push(fault);
    this.details.push(detail);
  };
}

/** The first vector of a meter that gives a sample without options. */
export function vectorOf(meter: MeterName): ModbusVector {
  const found = MODBUS_VECTORS.find((some) => some.meter === meter && some.sample && !some.options);
  if (!found) throw new Error(`no vector for ${meter}`);
  return found;
}

/** What a meter at `address` with these registers (16 bits each, from 0) answers to `request`. */
export function answerOf(address: number, words: readonly number[], request: Uint8Array) {
  if (request[0] !== address || request[1] !== 4) return undefined;
  const start = request[2] * 256 + request[3];
  const count = request[4] * 256 + request[5];
  const data = words.slice(start, start + count).flatMap((word) => [word >> 8, word & 0xff]);
  return withCrc([address, 4, 2 * count, ...data]);
}

/** Registers of a PZEM-004T with `energyWh`; 225.7 V, 50.0 Hz and no load. */
export function pzemWords(energyWh: number): number[] {
  return [2257, 0, 0, 0, 0, energyWh & 0xffff, energyWh >>> 16, 500, 0, 0];
}

/** A line on which each request is handed to `answer`, whose bytes come `thinkMs` later in one piece. */
export function simLine(
  timer: ManualTimer,
  answer: (request: Uint8Array) => Uint8Array | undefined,
  thinkMs = 40,
): FakeSerial {
  const line = new FakeSerial();
  line.onWrite = (request) => {
    const bytes = answer(request);
    if (bytes) timer.after(thinkMs, () => line.send(bytes));
  };
  return line;
}

/** A line with one meter that answers as in `vector`. */
export function vectorLine(timer: ManualTimer, vector: ModbusVector): FakeSerial {
  return simLine(timer, (request) => answerTo(vector, request));
}
