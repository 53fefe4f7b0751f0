// SPDX-License-Identifier: Apache-2.0
/**
 * A simulated battery behind its charger: what the node commands flows through the meter and into the
 * battery, less losses, until it is full or empty; a vehicle leaves and comes back by its calendar. Energy is
 * counted in W·ms (3600 of them are a mWh), so that nothing is lost between two looks.
 */
import { openSigned } from "#core/codec/record";
import type { Crypto } from "#core/crypto/port";
import { assert } from "#core/errors/assert";
import { windowRecord } from "#core/records/plan";
import { powerIn } from "#meter/profile/decide";
import type { BatteryPort, Departure } from "#meter/profile/types";
import type { BatterySpec, Counters, Trip, World } from "../worlds/types.ts";

const WMS_PER_WH = 3_600_000;
const WMS_PER_MWH = 3600;

/** What a battery did, by slot. */
export interface BatteryTrace {
  home: number;
  capacityWh: number;
  /** At the start of each slot, and at the end of the last. */
  stateWh: number[];
  /** Through the meter in each slot. */
  drawnWh: number[];
  fedWh: number[];
  /** What the gateway's window for the slot had, W, negative to feed back; absent where there was none. */
  windowW: (number | null)[];
  departures: { slot: number; needWh: number; stateWh: number }[];
  /** Used on the road, and lost in the charger. */
  usedWh: number;
  lostWh: number;
}

export class Pack implements BatteryPort {
  readonly home: number;
  private readonly spec: BatterySpec;
  private readonly slotMs: number;
  private readonly slots: number;
  private readonly startMs: number;
  /** Up to where everything is counted, ms since the world's start. */
  private nowMs = 0;
  private powerW = 0;
  private stateWms: number;
  private drawnWms = 0;
  private fedWms = 0;
  private usedWms = 0;
  private readonly windows = new Map<number, number>();
  private readonly marks: { stateWh: number; drawnWh: number; fedWh: number }[] = [];
  private readonly departures: BatteryTrace["departures"] = [];

  /** @param startMs protocol time at which the world begins */
  constructor(home: number, spec: BatterySpec, world: World, startMs: number) {
    this.home = home;
    this.spec = spec;
    this.slotMs = world.slotSeconds * 1000;
    this.slots = world.slots;
    this.startMs = startMs;
    this.stateWms = spec.startWh * WMS_PER_WH;
    this.mark();
  }

  setPowerW(powerW: number, atMs: number): void {
    const { chargeW, dischargeW } = this.spec;
    assert(Number.isSafeInteger(powerW), "battery-power", `${powerW} W`);
    this.advance(atMs - this.startMs);
    this.powerW = Math.max(-dischargeW, Math.min(chargeW, powerW));
  }

  stateWh(atMs: number): number {
    this.advance(atMs - this.startMs);
    return Math.floor(this.stateWms / WMS_PER_WH);
  }

  planFor(slot: number): Departure | undefined {
    for (const { departSlot, returnSlot, needWh } of this.spec.trips) {
      if (slot < departSlot) return { departSlot, needWh };
      if (slot < returnSlot) return undefined;
    }
    return { departSlot: 0, needWh: 0 };
  }

  /** The charger's part of the node's counters at `sinceMs` of the world. */
  counters(sinceMs: number): Counters {
    this.advance(sinceMs);
    const mwh = (wms: number) => BigInt(Math.floor(wms / WMS_PER_MWH));
    return { importMwh: mwh(this.drawnWms), exportMwh: mwh(this.fedWms) };
  }

  /** Looks at a message to the node: a window is noted for the report. */
  hear(crypto: Crypto, topic: string, payload: Uint8Array): void {
    if (!topic.endsWith("/down/window")) return;
    const opened = openSigned(windowRecord, crypto, payload);
    if (!opened.ok) return;
    const { slot, windows } = opened.value;
    this.windows.set(slot, powerIn(windows, slot));
  }

  trace(): BatteryTrace {
    const { marks, spec, home, departures } = this;
    const steps = marks.slice(1).map((mark, i) => ({
      drawnWh: mark.drawnWh - marks[i].drawnWh,
      fedWh: mark.fedWh - marks[i].fedWh,
    }));
    const startWms = spec.startWh * WMS_PER_WH;
    const lostWms = startWms + this.drawnWms - this.fedWms - this.usedWms - this.stateWms;
    return {
      home,
      capacityWh: spec.capacityWh,
      stateWh: marks.map(({ stateWh }) => stateWh),
      drawnWh: steps.map(({ drawnWh }) => drawnWh),
      fedWh: steps.map(({ fedWh }) => fedWh),
      windowW: steps.map((_, slot) => this.windows.get(slot) ?? null),
      departures,
      usedWh: Math.floor(this.usedWms / WMS_PER_WH),
      lostWh: Math.floor(lostWms / WMS_PER_WH),
    };
  }

  /** Counts up to `toMs`, slot by slot. A look at the past shows the present. */
  private advance(toMs: number): void {
    while (this.nowMs < toMs) {
      const slot = Math.floor(this.nowMs / this.slotMs);
      if (this.nowMs === slot * this.slotMs) this.leave(slot);
      const endMs = Math.min(toMs, (slot + 1) * this.slotMs);
      this.flow(slot, endMs - this.nowMs);
      this.nowMs = endMs;
      if (endMs === (slot + 1) * this.slotMs) this.mark();
    }
  }

  private leave(slot: number): void {
    const trip = this.spec.trips.find(({ departSlot }) => departSlot === slot);
    if (!trip) return;
    const stateWh = Math.floor(this.stateWms / WMS_PER_WH);
    this.departures.push({ slot, needWh: trip.needWh, stateWh });
    this.powerW = 0; // unplugged
    const usedWms = Math.min(this.stateWms, trip.usedWh * WMS_PER_WH);
    this.stateWms -= usedWms;
    this.usedWms += usedWms;
  }

  private flow(slot: number, ms: number): void {
    const away = this.spec.trips.some(
      (trip: Trip) => slot >= trip.departSlot && slot < trip.returnSlot,
    );
    if (away || this.powerW === 0 || slot >= this.slots) return;
    const { capacityWh, efficiencyPermille } = this.spec;
    if (this.powerW > 0) {
      const roomWms = capacityWh * WMS_PER_WH - this.stateWms;
      const mostWms = Math.ceil((roomWms / efficiencyPermille) * 1000);
      const drawn = Math.min(this.powerW * ms, mostWms);
      this.drawnWms += drawn;
      this.stateWms += Math.min(roomWms, Math.floor((drawn / 1000) * efficiencyPermille));
    } else {
      const mostWms = Math.floor((this.stateWms / 1000) * efficiencyPermille);
      const fed = Math.min(-this.powerW * ms, mostWms);
      this.fedWms += fed;
      this.stateWms -= Math.min(this.stateWms, Math.ceil((fed / efficiencyPermille) * 1000));
    }
  }

  private mark(): void {
    if (this.marks.length > this.slots) return;
    const wh = (wms: number) => Math.floor(wms / WMS_PER_WH);
    const { stateWms, drawnWms, fedWms } = this;
    this.marks.push({ stateWh: wh(stateWms), drawnWh: wh(drawnWms), fedWh: wh(fedWms) });
  }
}

/** The packs of a world by home. */
export function packsOf(world: World, startMs: number): Map<number, Pack> {
  const packs = new Map<number, Pack>();
  world.homes.forEach((_, home) => {
    const spec = world.battery(home);
    if (spec) packs.set(home, new Pack(home, spec, world, startMs));
  });
  return packs;
}

/** What the chip of a home shows: what the world has for it, and its battery. */
export function countersOf(
  world: World,
  pack: Pack | undefined,
  home: number,
  sinceMs: number,
): Counters {
  const counters = world.counters(home, sinceMs);
  if (!pack) return counters;
  const battery = pack.counters(sinceMs);
  return {
    importMwh: counters.importMwh + battery.importMwh,
    exportMwh: counters.exportMwh + battery.exportMwh,
  };
}
