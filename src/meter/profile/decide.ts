// SPDX-License-Identifier: Apache-2.0
/** What a vehicle does in a slot: charge, discharge, or nothing (paper 2, II-B). */
import { Role, type Window } from "#core/records/plan";
import {
  drawnMwh,
  powerThatFitsW,
  powerToDrawW,
  powerToStoreW,
  storedMwh,
} from "#core/units/battery";
import type { VehicleConfig } from "../config.ts";
import type { Departure } from "./types.ts";

export interface Decision {
  /** One of Role. */
  role: number;
  /** At the meter; positive charges, negative feeds back. */
  powerW: number;
  /** What is then in the battery at the slot's end, Wh. */
  nextWh: number;
}

export interface Situation {
  vehicle: VehicleConfig;
  /** Energy in the battery at the slot's start, Wh. */
  stateWh: number;
  slot: number;
  slotSeconds: number;
  departure: Departure;
  /** The gateway's windows; undefined where it did not say any for this slot. */
  windows: readonly Window[] | undefined;
}

/**
 * The gateway's window, as far as it fits: never below the reserve, and never so that the plan cannot be kept.
 * A vehicle at a station takes no more than its window, since the connection is not its own; one with its own
 * connection, or that hears nothing, charges at the last moment that still does.
 */
export function decide(situation: Situation): Decision {
  const { vehicle, slotSeconds, windows } = situation;
  const windowW = windows ? powerIn(windows, situation.slot) : 0;
  if (windowW < 0) {
    const powerW = Math.min(-windowW, sparePowerW(situation));
    if (powerW > 0) return decided(situation, -powerW);
  }
  const bound = windows !== undefined && vehicle.station !== undefined;
  const wantedW = bound ? windowW : Math.max(windowW, mustW(situation));
  const roomMwh = (vehicle.capacityWh - situation.stateWh) * 1000;
  // The charger stops by itself when the battery is full; a plan needs the last watt.
  const fitsW = powerThatFitsW(roomMwh, slotSeconds, vehicle.efficiencyPermille) + 1;
  return decided(situation, Math.max(0, Math.min(wantedW, vehicle.chargeW, fitsW)));
}

/** What the windows have for a slot, W; negative feeds back. */
export function powerIn(windows: readonly Window[], slot: number): number {
  for (const window of windows) {
    if (slot < window.slot || slot >= window.slot + window.slots) continue;
    return window.role === Role.charging ? window.powerW : -window.powerW;
  }
  return 0;
}

/** Most that can be charged between the end of this slot and the departure, mWh. */
function laterMwh({ vehicle, slot, slotSeconds, departure }: Situation): number {
  const { chargeW, efficiencyPermille } = vehicle;
  return (departure.departSlot - slot - 1) * storedMwh(chargeW, slotSeconds, efficiencyPermille);
}

/** Without this much in this slot the plan cannot be kept any more, W. */
function mustW(situation: Situation): number {
  const { vehicle, stateWh, slotSeconds, departure } = situation;
  if (departure.departSlot === 0) return 0;
  const missingMwh = (departure.needWh - stateWh) * 1000 - laterMwh(situation);
  if (missingMwh <= 0) return 0;
  // The state is rounded down by less than a Wh: all of that is made up for.
  return powerToStoreW(missingMwh, slotSeconds, vehicle.efficiencyPermille);
}

/** What may be fed back in this slot, W. */
function sparePowerW(situation: Situation): number {
  const { vehicle, stateWh, slotSeconds, departure } = situation;
  const stays = departure.departSlot === 0;
  const planMwh = stays ? 0 : departure.needWh * 1000 - laterMwh(situation);
  const spareMwh = stateWh * 1000 - Math.max(vehicle.reserveWh * 1000, planMwh);
  const spareW = powerToDrawW(spareMwh, slotSeconds, vehicle.efficiencyPermille);
  return Math.max(0, Math.min(vehicle.dischargeW, spareW));
}

function decided({ vehicle, stateWh, slotSeconds }: Situation, powerW: number): Decision {
  const { efficiencyPermille, capacityWh } = vehicle;
  if (powerW < 0) {
    const drawnWh = Math.ceil(drawnMwh(-powerW, slotSeconds, efficiencyPermille) / 1000);
    return { role: Role.discharging, powerW, nextWh: Math.max(0, stateWh - drawnWh) };
  }
  const storedWh = Math.floor(storedMwh(powerW, slotSeconds, efficiencyPermille) / 1000);
  const role = powerW === 0 ? Role.idle : Role.charging;
  return { role, powerW, nextWh: Math.min(capacityWh, stateWh + storedWh) };
}
