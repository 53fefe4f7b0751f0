// SPDX-License-Identifier: Apache-2.0
/** The rule of a guided slot: apart from the clearing, since a node checks by it and never clears. */
import { assert } from "../errors/assert.ts";
import { isRule } from "./book.ts";
import type { MarketRule } from "./types.ts";

/** The rule that a guided slot is cleared and checked by; `guidance` must lie within the band. */
export function guidedRule(guidanceMicroPerKwh: number, rule: MarketRule): MarketRule {
  assert(isRule(rule), "MARKET_RULE");
  assert(
    guidanceMicroPerKwh >= rule.floorMicroPerKwh && guidanceMicroPerKwh <= rule.ceilingMicroPerKwh,
    "MARKET_GUIDANCE",
    `${guidanceMicroPerKwh} µc/kWh`,
  );
  return {
    pricing: "uniform",
    kPermille: rule.kPermille,
    floorMicroPerKwh: guidanceMicroPerKwh,
    ceilingMicroPerKwh: guidanceMicroPerKwh,
  };
}
