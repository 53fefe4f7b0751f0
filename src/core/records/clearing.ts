// SPDX-License-Identifier: Apache-2.0
/**
 * The published result of a slot's market: the order book's root and every number a node needs to
 * check it.
 */
import { recordType } from "../codec/record.ts";
import { hash, type Infer, list, optional, struct, uint } from "../codec/schema.ts";
import { MEMBERS_MAX } from "../limits.ts";
import type { ClearingSummary, MarketRule, SideSummary } from "../market/types.ts";
import { ms, netName, nodeId, price, RecordKind, slotNumber } from "./common.ts";

const threshold = struct({ remainder: uint(), key: hash });

export const sideSummary = struct({
  totalWh: uint(),
  levelPriceMicro: optional(struct({ micro: price })),
  levelTotalWh: uint(),
  levelAvailableWh: uint(),
  nextPriceMicro: optional(struct({ micro: price })),
  threshold: optional(threshold),
});
type WireSide = Infer<typeof sideSummary>;

/** An order that was in time but not admitted to the book, and why. */
export const excludedOrder = struct({ order: hash, code: uint(0xffff) });

const clearingFields = {
  net: netName,
  gateway: nodeId,
  slot: slotNumber,
  /** ContractStage: 0 final, 1 award. */
  stage: uint(1),
  /** The rule applied; a guided slot has its guidance as both floor and ceiling. */
  pricing: uint(1),
  kPermille: uint(1000),
  floorMicro: price,
  ceilingMicro: price,
  /** Merkle root over the ids of the admitted orders in ascending order, and their number. */
  orderRoot: hash,
  orders: uint(MEMBERS_MAX),
  tradedWh: uint(),
  priceMicro: optional(struct({ micro: price })),
  bids: sideSummary,
  offers: sideSummary,
  /** Merkle root over the contracts of this clearing, each [seller, buyer, reserve, qty, price, ecash]. */
  pairRoot: hash,
  pairs: uint(2 * MEMBERS_MAX),
  excluded: list(excludedOrder, MEMBERS_MAX),
  atMs: ms,
};

export type ClearingRecord = Infer<typeof clearingFields>;
/** Room for as many excluded orders as there are members; without any it takes 300 bytes. */
export const CLEARING_BYTES_MAX: number = 48 * 1024;
export const clearingRecord = recordType(
  "clearing",
  RecordKind.clearing,
  1,
  clearingFields,
  CLEARING_BYTES_MAX,
);

/** The rule that a clearing says it followed. */
export function ruleOf(record: ClearingRecord): MarketRule {
  return {
    pricing: record.pricing === 0 ? "uniform" : "pay-as-bid",
    kPermille: record.kPermille,
    floorMicroPerKwh: record.floorMicro,
    ceilingMicroPerKwh: record.ceilingMicro,
  };
}

/** The market's summary as it stands on the wire. */
export function summaryToWire(summary: ClearingSummary): {
  tradedWh: number;
  priceMicro: { micro: number } | undefined;
  bids: WireSide;
  offers: WireSide;
} {
  return {
    tradedWh: summary.tradedWh,
    priceMicro: boxed(summary.priceMicroPerKwh),
    bids: sideToWire(summary.bids),
    offers: sideToWire(summary.offers),
  };
}

/** The market's summary from the wire. */
export function summaryFromWire(record: ClearingRecord): ClearingSummary {
  return {
    tradedWh: record.tradedWh,
    priceMicroPerKwh: record.priceMicro?.micro ?? null,
    bids: sideFromWire(record.bids),
    offers: sideFromWire(record.offers),
  };
}

function boxed(micro: number | null): { micro: number } | undefined {
  return micro === null ? undefined : { micro };
}

function sideToWire(side: SideSummary): WireSide {
  return {
    totalWh: side.totalWh,
    levelPriceMicro: boxed(side.levelPriceMicroPerKwh),
    levelTotalWh: side.levelTotalWh,
    levelAvailableWh: side.levelAvailableWh,
    nextPriceMicro: boxed(side.nextPriceMicroPerKwh),
    threshold: side.threshold ?? undefined,
  };
}

function sideFromWire(side: WireSide): SideSummary {
  return {
    totalWh: side.totalWh,
    levelPriceMicroPerKwh: side.levelPriceMicro?.micro ?? null,
    levelTotalWh: side.levelTotalWh,
    levelAvailableWh: side.levelAvailableWh,
    nextPriceMicroPerKwh: side.nextPriceMicro?.micro ?? null,
    threshold: side.threshold ?? null,
  };
}
