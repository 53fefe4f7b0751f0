// SPDX-License-Identifier: Apache-2.0
/**
 * Microgrid (paper 1, I-1 and II-A): smart buildings, some with panels, that share a field of panels and a
 * wind turbine, each with an account of its own. Their metering infrastructure is the aggregator.
 */
import type { World } from "../worlds/types.ts";
import { type Entity, nothing, Parts, type ScenarioOptions } from "./parts.ts";

const BUILDINGS = 8;

export function microgrid(options: ScenarioOptions): World {
  const parts = new Parts(options);
  const entities: Entity[] = [];
  for (let i = 0; i < BUILDINGS; i++)
    entities.push({
      name: `building-${i + 1}`,
      connectionW: 14_500,
      ...parts.home(i, i % 2 === 0),
    });
  const school = { loadWh: parts.daily(4000, 1), generationWh: parts.sun(12_000) };
  entities.push({ name: "school", connectionW: 43_000, ...school });
  const field = { loadWh: nothing, generationWh: parts.sun(20_000) };
  entities.push({ name: "shared-panels", connectionW: 22_000, ...field });
  const turbine = { loadWh: parts.steady(40, 2), generationWh: parts.wind(8000, 1) };
  entities.push({ name: "shared-turbine", connectionW: 11_000, ...turbine });
  return parts.world("microgrid", entities);
}
