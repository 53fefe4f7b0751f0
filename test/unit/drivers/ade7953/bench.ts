// SPDX-License-Identifier: Apache-2.0
/** A driver of an ADE7953 on a simulated chip, and a bus that can be disturbed. */
import { Ade7953, type Ade7953Options } from "#drivers/ade7953/ade7953";
import type { EnergySample } from "#drivers/types";
import { FakeI2c, type I2cTarget } from "../../../helpers/driver-i2c.ts";
import { ManualTimer } from "../../../helpers/driver-io.ts";
import { BOARD } from "../../../vectors/drivers/ade7953.ts";
import { SimulatedAde7953 } from "./chip.ts";

/** Stands between the bus and the chip; without hooks it is not there. */
export class Wire implements I2cTarget {
  onWrite: ((bytes: Uint8Array, chip: I2cTarget) => void) | undefined;
  onRead: ((count: number, chip: I2cTarget) => Uint8Array) | undefined;
  private readonly chip: I2cTarget;

  constructor(chip: I2cTarget) {
    this.chip = chip;
  }

  write(bytes: Uint8Array): void {
    if (this.onWrite) this.onWrite(bytes, this.chip);
    else this.chip.write(bytes);
  }

  read(count: number): Uint8Array {
    return this.onRead ? this.onRead(count, this.chip) : this.chip.read(count);
  }
}

export class Bench {
  readonly timer = new ManualTimer();
  readonly chip = new SimulatedAde7953();
  readonly wire = new Wire(this.chip);
  readonly bus = new FakeI2c(this.wire);
  readonly samples: EnergySample[] = [];
  readonly faults: string[] = [];
  /** How many of them are losses. */
  lost = 0;
  readonly driver: Ade7953;

  constructor(options: Partial<Ade7953Options> = {}) {
    this.driver = new Ade7953({
      ...BOARD,
      sensor: this.bus.construction,
      timer: this.timer,
      onSample: (sample) => this.samples.push(sample),
      onFault: (fault, detail) => {
        this.faults.push(`${fault}: ${detail}`);
        if (fault === "lost") this.lost++;
      },
      ...options,
    });
  }

  get counts(): number[] {
    return (this.driver.sample()?.counts ?? []).map(Number);
  }

  /** Kinds of the faults so far. */
  get kinds(): string[] {
    return this.faults.map((fault) => fault.split(":")[0]);
  }

  /** Whether the driver counts what the registers have in them. */
  get running(): boolean {
    return (this.driver as unknown as { step: string }).step === "run";
  }
}

/** Has configured its chip; the next poll is at 1000 ms from here. */
export function ready(options: Partial<Ade7953Options> = {}): Bench {
  const bench = new Bench(options);
  bench.timer.advance(220);
  return bench;
}
