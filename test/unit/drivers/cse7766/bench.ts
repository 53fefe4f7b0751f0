// SPDX-License-Identifier: Apache-2.0
/** A driver of a CSE7766 on a line that a test speaks on. */
import { Cse7766, type Cse7766Options } from "#drivers/cse7766/cse7766";
import type { EnergySample } from "#drivers/types";
import { FakeSerial, ManualTimer } from "../../../helpers/driver-io.ts";
import { type FrameFields, frameOf } from "../../../vectors/drivers/cse7766.ts";
import { FRAME_MS } from "./chip.ts";

export class Bench {
  readonly timer = new ManualTimer();
  readonly serial = new FakeSerial();
  readonly samples: EnergySample[] = [];
  readonly faults: string[] = [];
  readonly driver: Cse7766;

  constructor(options: Partial<Cse7766Options> = {}) {
    this.driver = new Cse7766({
      sensor: this.serial.construction,
      timer: this.timer,
      intervalMs: 0,
      onSample: (sample) => this.samples.push(sample),
      onFault: (fault, detail) => this.faults.push(`${fault}: ${detail}`),
      ...options,
    });
  }

  /** One frame each FRAME_MS. */
  frames(...fields: Partial<FrameFields>[]): this {
    for (const some of fields) {
      this.timer.advance(FRAME_MS);
      this.serial.send(frameOf(some));
    }
    return this;
  }

  /** `count` frames, from `pulses` on, 10 pulses apart. */
  run(count: number, pulses: number, fields: Partial<FrameFields> = {}): this {
    for (let i = 0; i < count; i++) this.frames({ ...fields, pulses: pulses + 10 * i });
    return this;
  }

  get counts(): number[] {
    return this.samples.map(({ counts }) => Number(counts[0]));
  }
}

/** Has learned its chip, and has two frames in line: 980 and 990. */
export function ready(options: Partial<Cse7766Options> = {}): Bench {
  return new Bench(options).run(10, 900);
}
