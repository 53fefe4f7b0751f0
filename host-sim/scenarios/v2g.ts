// SPDX-License-Identifier: Apache-2.0
/**
 * Vehicle-to-grid (paper 1, I-3; paper 2, II): vehicles at home and at a charging station that charge at load
 * valley, feed back at load peaks and leave with what their drivers need; the station with panels on its
 * roof; the aggregator's own surplus, a field of panels and a battery, with accounts like everybody's.
 */
import type { BatterySpec, Trip, World } from "../worlds/types.ts";
import { type Entity, nothing, Parts, type ScenarioOptions } from "./parts.ts";

const HOMES = 8;
const OWN = 2;
const VANS = 4;
const HOUR_S = 3600;

export function v2g(options: ScenarioOptions): World {
  const parts = new Parts(options);
  const entities: Entity[] = [];
  for (let i = 0; i < HOMES; i++)
    entities.push({ name: `home-${i + 1}`, connectionW: 14_500, ...parts.home(i, i < 2) });
  const station = entities.length;
  const roof = { loadWh: parts.steady(300, 30), generationWh: parts.sun(10_000) };
  entities.push({ name: "station", connectionW: 33_000, ...roof });
  const field = { loadWh: nothing, generationWh: parts.sun(12_000) };
  entities.push({ name: "aggregator-panels", connectionW: 17_000, ...field });
  const store: BatterySpec = {
    capacityWh: 12_000,
    reserveWh: 1200,
    startWh: 5000,
    chargeW: 6000,
    dischargeW: 6000,
    efficiencyPermille: 960,
    bidMicro: 140_000,
    offerMicro: 180_000,
    trips: [],
  };
  entities.push(vehicle("aggregator-battery", 6000, store));
  for (let i = 0; i < OWN + VANS; i++) {
    const van = i >= OWN;
    const capacityWh = van ? 60_000 : 40_000 + 10_000 * i;
    const chargeW = van ? 11_000 : 7400;
    const battery: BatterySpec = {
      station: van ? station : undefined,
      capacityWh,
      reserveWh: Math.floor(capacityWh / 5),
      startWh: Math.floor((capacityWh * (450 + parts.draw(200, i, 0))) / 1000),
      chargeW,
      dischargeW: chargeW,
      efficiencyPermille: 950,
      bidMicro: 100_000 + 10_000 * i,
      offerMicro: 250_000 + 10_000 * i,
      trips: trips(parts, i, capacityWh),
    };
    entities.push(vehicle(van ? `van-${i - OWN + 1}` : `car-${i + 1}`, chargeW, battery));
  }
  return parts.world("v2g", entities);
}

function vehicle(name: string, connectionW: number, battery: BatterySpec): Entity {
  return { name, connectionW, loadWh: nothing, generationWh: nothing, battery };
}

/** One trip a day: away from the morning to the afternoon. */
function trips(parts: Parts, index: number, capacityWh: number): Trip[] {
  return Array.from({ length: parts.options.days }, (_, day) => {
    const late = (what: number, quarters: number) => 900 * parts.draw(quarters, index, day, what);
    const usedWh = Math.floor((capacityWh * (200 + parts.draw(200, index, day, 3))) / 1000);
    return {
      departSlot: parts.slotAt(day, 6 * HOUR_S + late(1, 9)),
      returnSlot: parts.slotAt(day, 15 * HOUR_S + late(2, 13)),
      // It comes back with what is kept in it in any case, and some.
      needWh: usedWh + Math.floor(capacityWh / 4),
      usedWh,
    };
  });
}
