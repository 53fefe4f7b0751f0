// SPDX-License-Identifier: Apache-2.0
/** What scenarios are put together from: entities with a load, a source and perhaps a battery. */
import { QUARTER_SECONDS, quarterWeight } from "../worlds/profiles.ts";
import { randomStream } from "../worlds/random.ts";
import { drawHome, syntheticWorld } from "../worlds/synthetic.ts";
import { TableWorld } from "../worlds/table-world.ts";
import type { BatterySpec, World } from "../worlds/types.ts";

export interface ScenarioOptions {
  days: number;
  seed: number;
  slotSeconds: number;
}

export interface Entity {
  name: string;
  /** Of its connection, W. */
  connectionW: number;
  loadWh(slot: number): number;
  generationWh(slot: number): number;
  battery?: BatterySpec;
}

/** Streams of the seed; the numbers are part of the scenarios. */
const STREAM = Object.freeze({ wind: 11, load: 12, trip: 13 });
const DAY_SECONDS = 86_400;
/** Synthetic homes that are drawn to find one with panels. */
const DRAWN = 24;

export class Parts {
  readonly options: ScenarioOptions;
  readonly slots: number;
  private readonly base: World;
  private readonly sunny: number;
  private readonly panelWp: number;

  constructor(options: ScenarioOptions) {
    this.options = options;
    this.base = syntheticWorld({ homes: DRAWN, ...options });
    this.slots = this.base.slots;
    const homes = Array.from({ length: DRAWN }, (_, home) => drawHome(options.seed, home));
    this.sunny = homes.findIndex(({ panelWp }) => panelWp > 0);
    if (this.sunny < 0) throw new Error(`no home of seed ${options.seed} has panels`);
    this.panelWp = homes[this.sunny].panelWp;
  }

  /** Number of the slot at a time of day. */
  slotAt(day: number, seconds: number): number {
    return Math.ceil((day * DAY_SECONDS + seconds) / this.options.slotSeconds);
  }

  /** A whole number below `below` for a label, the same in every run of the seed. */
  draw(below: number, ...labels: number[]): number {
    return randomStream(this.options.seed, STREAM.trip, ...labels).below(below);
  }

  /** Load and panels of a synthetic home, without panels or with them. */
  home(index: number, panels: boolean): Pick<Entity, "loadWh" | "generationWh"> {
    return {
      loadWh: (slot) => this.base.loadWh(index, slot),
      generationWh: panels ? this.sun(3000 + 500 * this.draw(9, index)) : nothing,
    };
  }

  /** Panels of this peak power under the neighbourhood's sky. */
  sun(peakW: number): (slot: number) => number {
    return (slot) => Math.floor((this.base.generationWh(this.sunny, slot) * peakW) / this.panelWp);
  }

  /** A turbine: calm and breeze by the hour, a third of its rating in the mean. */
  wind(ratedW: number, label: number): (slot: number) => number {
    const { seed, slotSeconds } = this.options;
    const gust = (hour: number) => randomStream(seed, STREAM.wind, label, hour).below(1001);
    return (slot) => {
      const hour = Math.floor((slot * slotSeconds) / 3600);
      const calm = Math.floor((gust(hour) * gust(hour + 1)) / 1000);
      return Math.floor((ratedW * calm * slotSeconds) / 3_600_000);
    };
  }

  /** About this power, up to a quarter more or less. */
  steady(powerW: number, label: number): (slot: number) => number {
    const { seed, slotSeconds } = this.options;
    return (slot) => {
      const permille = 750 + randomStream(seed, STREAM.load, label, slot).below(501);
      return Math.floor((powerW * permille * slotSeconds) / 3_600_000);
    };
  }

  /** By day as homes have it, with this mean power. */
  daily(powerW: number, label: number): (slot: number) => number {
    const steady = this.steady(powerW, label);
    const { slotSeconds } = this.options;
    return (slot) => {
      const quarter = Math.floor(((slot * slotSeconds) % DAY_SECONDS) / QUARTER_SECONDS);
      return Math.floor((steady(slot) * quarterWeight(quarter, false)) / MEAN_WEIGHT);
    };
  }

  /** The world of these entities, in order. */
  world(name: string, entities: readonly Entity[]): World {
    const { base, slots } = this;
    const { slotSeconds } = this.options;
    const table = (of: (slot: number) => number) =>
      Int32Array.from({ length: slots }, (_, slot) => of(slot));
    const loads = entities.map(({ loadWh }) => table(loadWh));
    const sources = entities.map(({ generationWh }) => table(generationWh));
    return new TableWorld({
      name,
      homes: entities.map(({ name: home, connectionW }) => ({
        name: home,
        capacityWh: Math.ceil((connectionW * slotSeconds) / 3600),
      })),
      slotSeconds,
      slots,
      startMs: base.startMs,
      feedInMicroPerKwh: base.feedInMicroPerKwh,
      load: (home, slot) => loads[home][slot],
      generation: (home, slot) => sources[home][slot],
      retail: (slot) => base.retailMicroPerKwh(slot),
      battery: (home) => entities[home].battery,
    });
  }
}

/** Mean of quarterWeight over a working day. */
const MEAN_WEIGHT = 324;

export const nothing = (): number => 0;

/**
 * A source with a buffer beside its load: what is left over fills the buffer, which helps out until it is
 * empty; only what then is too much or too little passes the meter.
 */
export function buffered(
  slots: number,
  bufferWh: number,
  loadWh: (slot: number) => number,
  generationWh: (slot: number) => number,
): Pick<Entity, "loadWh" | "generationWh"> {
  const load = Int32Array.from({ length: slots }, (_, slot) => loadWh(slot));
  const source = Int32Array.from({ length: slots }, (_, slot) => generationWh(slot));
  let held = Math.floor(bufferWh / 2);
  for (let slot = 0; slot < slots; slot++) {
    const over = source[slot] - load[slot];
    const into = Math.max(-held, Math.min(bufferWh - held, over));
    held += into;
    source[slot] -= into;
  }
  return { loadWh: (slot) => load[slot], generationWh: (slot) => source[slot] };
}
