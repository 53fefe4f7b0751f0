// SPDX-License-Identifier: Apache-2.0
/** The scenarios by name (docs/scenarios.md). */
import type { World } from "../worlds/types.ts";
import { harvesting } from "./harvesting.ts";
import { microgrid } from "./microgrid.ts";
import type { ScenarioOptions } from "./parts.ts";
import { v2g } from "./v2g.ts";

interface Scenario {
  /** How long it runs where nothing is said. */
  days: number;
  make(options: ScenarioOptions): World;
}

const SCENARIOS: Readonly<Record<string, Scenario>> = Object.freeze({
  microgrid: { days: 1, make: microgrid },
  harvesting: { days: 1, make: harvesting },
  // The first day teaches the aggregator what to expect of the second.
  v2g: { days: 2, make: v2g },
});

export const SCENARIO_NAMES: readonly string[] = Object.freeze(Object.keys(SCENARIOS));

/** @param name one of SCENARIO_NAMES */
export function scenarioWorld(
  name: string,
  options: { seed: number; days?: number; slotSeconds?: number },
): World {
  const { days, make } = SCENARIOS[name];
  const { seed, slotSeconds = 900 } = options;
  return make({ seed, days: options.days ?? days, slotSeconds });
}
