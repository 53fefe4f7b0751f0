// SPDX-License-Identifier: Apache-2.0
/** A driver of a BL0942 on a line to a simulated chip. */
import assert from "node:assert/strict";
import { Bl0942, type Bl0942Options } from "#drivers/bl0942/bl0942";
import type { EnergySample } from "#drivers/types";
import { FakeSerial, ManualTimer } from "../../../helpers/driver-io.ts";
import { Rng } from "../../../property/rng.ts";
import { CALIBRATION } from "../../../vectors/drivers/bl0942.ts";
import { SimulatedBl0942 } from "./chip.ts";

export class Bench {
  readonly timer = new ManualTimer();
  readonly serial = new FakeSerial();
  readonly chip: SimulatedBl0942;
  readonly samples: EnergySample[] = [];
  readonly faults: string[] = [];
  readonly driver: Bl0942;

  constructor(options: Partial<Bl0942Options> = {}, pulses = 1000) {
    this.chip = new SimulatedBl0942(this.serial, this.timer, new Rng(1), pulses, options.address);
    this.driver = new Bl0942({
      sensor: this.serial.construction,
      timer: this.timer,
      calibration: CALIBRATION,
      onSample: (sample) => this.samples.push(sample),
      onFault: (fault, detail) => this.faults.push(`${fault}: ${detail}`),
      ...options,
    });
  }

  seconds(count: number): this {
    this.timer.advance(1000 * count);
    return this;
  }

  get counts(): number[] {
    return this.samples.map(({ counts }) => Number(counts[0]));
  }
}

/** Has its mode set, and one sample. */
export function ready(options: Partial<Bl0942Options> = {}, pulses = 1000): Bench {
  const bench = new Bench(options, pulses);
  bench.timer.advance(900);
  assert.equal(bench.samples.length, 1);
  bench.chip.requests.length = 0;
  return bench;
}
