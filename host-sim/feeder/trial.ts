// SPDX-License-Identifier: Apache-2.0
/** One area for one stretch of time against its feeder meter: what the gateway's check would say, and when. */
import { FeederCheck, type FeederTest } from "#gateway/feeder/check";
import type { FeederTerms } from "#gateway/feeder/terms";
import type { World } from "../worlds/types.ts";
import { drawStreet, type Lie } from "./street.ts";

export interface Trial {
  /** Alarms that began, each with the number of the member that it names first, if any. */
  alarms: { test: FeederTest; slot: number; top: number | undefined }[];
  /** Losses of the whole time, as a share of the flows. */
  lossShare: number;
  /** The highest score that any member had; above 1 for days it is an alarm. */
  scoreMax: number;
  check: FeederCheck;
}

/** Ids of simulated meters: in the order of the world's homes, and the feeder last. */
export function meterId(meter: number): string {
  return meter.toString(16).padStart(32, "0");
}

export function runTrial(
  world: World,
  seed: number,
  limits: Omit<FeederTerms, "node">,
  lie?: Lie,
): Trial {
  const count = world.homes.length;
  const { importWh, exportWh, lossShare } = drawStreet(world, seed, limits, lie);
  const check = new FeederCheck({ ...limits, node: meterId(count) }, world.slotSeconds * 1000);
  const alarms: Trial["alarms"] = [];
  let scoreMax = 0;
  const mwh = (wh: number) => BigInt(wh) * 1000n;
  for (let boundary = 0; boundary <= world.slots; boundary++) {
    for (let meter = 0; meter <= count; meter++) {
      const importMwh = mwh(importWh[meter][boundary]);
      const exportMwh = mwh(exportWh[meter][boundary]);
      check.take(meterId(meter), { boundary, importMwh, exportMwh });
    }
    for (const { test, slot, suspects } of check.close(boundary - 1)) {
      const top = suspects.length > 0 ? Number.parseInt(suspects[0].id, 16) : undefined;
      alarms.push({ test, slot, top });
    }
    scoreMax = Math.max(scoreMax, check.suspects.ranked[0]?.score ?? 0);
  }
  return { alarms, lossShare, scoreMax, check };
}
