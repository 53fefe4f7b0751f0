// SPDX-License-Identifier: Apache-2.0
/** A chip's driver as the application's meter: the newest sample, as long as it is not stale. */
import type { CounterSpec, EnergySample, EnergySensor } from "#drivers/types";
import type { EnergyMeter } from "#meter/ports";

/**
 * Polls that may be missed before a sample is stale: a chip is asked once a second, a telegram comes as
 * often.
 */
const STALE_MS = 3500;

export interface DriverMeterOptions {
  uptimeMs: () => number;
  /** See EnergyMeter. */
  chipStayedOn: boolean | undefined;
  /** Import and export are swapped: a current transformer sits the wrong way round. */
  reversed: boolean;
}

const OTHER = Object.freeze({ import: "export", export: "import", signed: "signed" } as const);

export class DriverMeter implements EnergyMeter {
  readonly chipStayedOn: boolean | undefined;
  private readonly sensor: EnergySensor;
  private readonly options: DriverMeterOptions;
  private swapped: readonly CounterSpec[] | undefined;

  constructor(sensor: EnergySensor, options: DriverMeterOptions) {
    this.sensor = sensor;
    this.options = options;
    this.chipStayedOn = options.chipStayedOn;
  }

  get counters(): readonly CounterSpec[] {
    const { counters } = this.sensor;
    if (!this.options.reversed || counters.length === 0) return counters;
    this.swapped ??= counters.map((spec) => ({ ...spec, register: OTHER[spec.register] }));
    return this.swapped;
  }

  sample(_atMs: number): EnergySample | undefined {
    const sample = this.sensor.sample();
    if (!sample || this.options.uptimeMs() - sample.uptimeMs > STALE_MS) return undefined;
    if (!this.options.reversed || sample.reverse === undefined) return sample;
    return { ...sample, reverse: !sample.reverse };
  }
}
