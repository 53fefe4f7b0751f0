// SPDX-License-Identifier: Apache-2.0
/**
 * Energy harvesting (paper 1, I-2 and II-A): industrial nodes that live on panels or a small turbine with a
 * buffer, and buy what they miss; a mobile charger that stocks up and sells to them; and a base station with
 * panels, whose computer is the aggregator.
 */
import type { World } from "../worlds/types.ts";
import { buffered, type Entity, nothing, Parts, type ScenarioOptions } from "./parts.ts";

const NODES = 8;

export function harvesting(options: ScenarioOptions): World {
  const parts = new Parts(options);
  const entities: Entity[] = [];
  for (let i = 0; i < NODES; i++) {
    const powerW = 40 + 20 * i;
    const source = i % 3 === 2 ? parts.wind(6 * powerW, i) : parts.sun(7 * powerW);
    const flows = buffered(parts.slots, 4 * powerW, parts.steady(powerW, i), source);
    entities.push({ name: `sensor-${i + 1}`, connectionW: 2000, ...flows });
  }
  const base = { loadWh: parts.steady(600, 20), generationWh: parts.sun(2500) };
  entities.push({ name: "base-station", connectionW: 7000, ...base });
  entities.push({
    name: "mobile-charger",
    connectionW: 1500,
    loadWh: nothing,
    generationWh: nothing,
    battery: {
      capacityWh: 4000,
      reserveWh: 400,
      startWh: 2500,
      chargeW: 1500,
      dischargeW: 1500,
      efficiencyPermille: 920, // by induction, either way
      bidMicro: 160_000,
      offerMicro: 200_000,
      trips: [],
    },
  });
  return parts.world("harvesting", entities);
}
