// SPDX-License-Identifier: Apache-2.0
/** Registers brought forward by a list of samples, with what was noted on the way. */
import { EventKind } from "#core/records/event";
import type { CounterSpec, EnergySample } from "#drivers/types";
import { chipOf, type Run, startRegisters, takeSample } from "#meter/register/register";
import { firstRegisters, type Registers } from "#meter/register/registers";

/** 9 kW: 2.25 kWh in a slot of a quarter-hour. */
export const CAPACITY_WH = 2250;
export const SLOT_MS = 900_000;

export function counter(changes: Partial<CounterSpec> = {}): CounterSpec {
  return {
    name: "CF",
    register: "import",
    mwh: 1n,
    perCounts: 1n,
    modulus: 0n,
    origin: "kept",
    ...changes,
  };
}

export interface Noted {
  event: string;
  register: number;
  beforeMwh: bigint;
  afterMwh: bigint;
  valueMwh: bigint;
}

const NAMES = new Map(Object.entries(EventKind).map(([name, kind]) => [kind as number, name]));

/** A node's metering without the node: starts, samples, and what came of them. */
export class Steps {
  readonly kept: Registers = { ...firstRegisters(), slotMs: SLOT_MS };
  readonly noted: Noted[] = [];
  counters: readonly CounterSpec[];
  run!: Run;

  constructor(...counters: CounterSpec[]) {
    this.counters = counters;
    this.restart();
  }

  /** The node starts anew; what is kept stays. */
  restart(chipStayedOn?: boolean, counters = this.counters): this {
    this.counters = counters;
    startRegisters(this.kept, chipStayedOn);
    this.run = {
      counters,
      chip: chipOf(counters),
      capacityWh: CAPACITY_WH,
      uptimeMs: -1,
      reverse: false,
      doubtMs: -1,
    };
    return this;
  }

  /** A sample at `second` s of uptime. */
  at(second: number, ...counts: bigint[]): this {
    this.take({ uptimeMs: second * 1000, counts });
    return this;
  }

  /** The same with power to the grid. */
  outAt(second: number, ...counts: bigint[]): this {
    this.take({ uptimeMs: second * 1000, counts, reverse: true });
    return this;
  }

  take(sample: EnergySample): boolean {
    return takeSample(this.kept, this.run, sample, (event, register, before, after, value) => {
      this.noted.push({
        event: NAMES.get(event)!,
        register,
        beforeMwh: before,
        afterMwh: after,
        valueMwh: value,
      });
    });
  }

  get mwh(): [bigint, bigint] {
    return [this.kept.importMwh, this.kept.exportMwh];
  }

  /** Kinds of what was noted, with the energy that they are about. */
  get events(): string[] {
    return this.noted.map(({ event, valueMwh }) =>
      valueMwh > 0n ? `${event} ${valueMwh}` : event,
    );
  }
}
