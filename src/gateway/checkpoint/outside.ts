// SPDX-License-Identifier: Apache-2.0
/** What the graph of an area's objects ends at, and classes of objects that a new area does not have. */
import { Inner, Leaf, MerkleMap } from "#core/crypto/merkle-map";
import { Members } from "#core/pot/members";
import { EpochElectorate } from "#core/votes/electorate";
import type { Area } from "../area.ts";
import { Places } from "../consortium/places.ts";
import { FeederCheck } from "../feeder/check.ts";
import { Drift } from "../feeder/drift.ts";
import { Fit } from "../feeder/fit.ts";
import { Spans } from "../feeder/spans.ts";
import { Suspects } from "../feeder/suspects.ts";
import type { GatewayPorts } from "../ports.ts";
import { DirectDeals } from "../slots/deals.ts";
import { SlotRun } from "../slots/run.ts";
import { KeptCommittees } from "../smartchain/committees.ts";

/** Of objects that an area does not have at its beginning. */
export const CLASSES = [
  SlotRun,
  DirectDeals,
  KeptCommittees,
  EpochElectorate,
  Members,
  MerkleMap,
  Inner,
  Leaf,
  FeederCheck,
  Spans,
  Drift,
  Fit,
  Suspects,
  Places,
];

/** What an area is made with, and its secrets: it has them anyhow. */
export function outsideOf(area: Area, ports: GatewayPorts): Map<string, unknown> {
  const { options, publicChain, consensus } = area;
  const outside = new Map<string, unknown>([
    ["area ports", area.ports],
    ["ports", ports],
    ["options", options],
    ["secret key", options.secretKey],
    ["salt key", publicChain.saltKey],
    ["consensus", consensus],
  ]);
  for (const [name, value] of [...Object.entries(ports), ...Object.entries(area.ports)])
    if (typeof value === "object" && value !== null) outside.set(`port ${name}`, value);
  return outside;
}
