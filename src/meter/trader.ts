// SPDX-License-Identifier: Apache-2.0
/** Choosing roles (paper 1, II-B-2): what a slot's metered net makes of a node, and what it orders. */
import { RESERVE_MARGIN_MICRO, RESERVE_SIZE_MICRO } from "#core/limits";
import { reserveMicro } from "#core/market/cost";
import { MarketMode, MarketTiming, type Notice } from "#core/records/notice";
import { Side } from "#core/records/order";
import { MWH_PER_WH } from "#core/units/energy";
import type { TradePolicy } from "./config.ts";
import type { NodeState, SlotMemory } from "./state.ts";

export interface Plan {
  side: number;
  qtyWh: number;
  priceMicro: number;
}

export const IDLE: Plan = Object.freeze({ side: Side.idle, qtyWh: 0, priceMicro: 0 });

/** A plan with what it does to the registers once it is said. */
export interface MeteredPlan {
  plan: Plan;
  /** Where on the import (bid) or export (offer) register the order's energy begins, mWh. */
  nextMwh: bigint;
  carryImportMwh: bigint;
  carryExportMwh: bigint;
}

/**
 * The order for the slot that ends at the node's last boundary: the metered net, in whole Wh. What is less
 * than a Wh is carried into the next slot (ledger 4.2). Changes nothing: the caller says it and keeps it.
 */
export function planFromMeter(
  state: NodeState,
  memory: SlotMemory,
  policy: TradePolicy,
  notice: Notice,
): MeteredPlan {
  const { import: importMwh, export: exportMwh } = state.lastNetMwh;
  const { carryImportMwh, carryExportMwh } = state;
  const idle = { plan: IDLE, nextMwh: 0n, carryImportMwh, carryExportMwh };
  if (!policy.trade || importMwh === exportMwh) return idle;
  if (importMwh > exportMwh) {
    const energyMwh = importMwh - exportMwh + carryImportMwh;
    return {
      plan: bid(Number(energyMwh / MWH_PER_WH), memory, policy, notice),
      nextMwh: state.boundaryImportMwh - importMwh - carryImportMwh,
      carryImportMwh: energyMwh % MWH_PER_WH,
      carryExportMwh,
    };
  }
  const energyMwh = exportMwh - importMwh + carryExportMwh;
  return {
    plan: offer(Number(energyMwh / MWH_PER_WH), policy, notice),
    nextMwh: state.boundaryExportMwh - exportMwh - carryExportMwh,
    carryImportMwh,
    carryExportMwh: energyMwh % MWH_PER_WH,
  };
}

/**
 * The order for a slot to come (ex-ante): the net of the slot just metered, as it was, or what a battery is
 * to draw in it, or to feed back where that is negative.
 */
export function planFromForecast(
  state: NodeState,
  memory: SlotMemory,
  policy: TradePolicy,
  notice: Notice,
  expectedWh?: number,
): Plan {
  const net = state.lastNetMwh;
  if (!policy.trade || state.boundary < 2) return IDLE;
  if (expectedWh !== undefined)
    return expectedWh >= 0
      ? bid(expectedWh, memory, policy, notice)
      : offer(-expectedWh, policy, notice);
  if (net.import >= net.export)
    return bid(Number((net.import - net.export) / MWH_PER_WH), memory, policy, notice);
  return offer(Number((net.export - net.import) / MWH_PER_WH), policy, notice);
}

function bid(qtyWh: number, memory: SlotMemory, policy: TradePolicy, notice: Notice): Plan {
  // No more than the RESERVE holds: what it does not cover is grid import.
  const fundedWh = memory.reserve ? Math.min(qtyWh, memory.reserveWh) : 0;
  if (fundedWh === 0) return IDLE;
  const priceMicro = policy.bidMicro ?? bidCap(notice, memory);
  return { side: Side.bid, qtyWh: fundedWh, priceMicro };
}

function bidCap(notice: Notice, memory: SlotMemory): number {
  return memory.slot === notice.slot ? notice.retailMicro : notice.retailNextMicro;
}

function offer(qtyWh: number, policy: TradePolicy, notice: Notice): Plan {
  if (qtyWh === 0) return IDLE;
  return { side: Side.offer, qtyWh, priceMicro: policy.offerMicro ?? notice.feedInMicro };
}

/** Whether a seller waits for the broadcast demand before it offers (paper 1, II-B-3). */
export function waitsForDemand(notice: Notice, plan: Plan): boolean {
  return notice.mode === MarketMode.guided && plan.side === Side.offer;
}

/** Whether orders of this area are forecasts. */
export function isExAnte(notice: Notice): boolean {
  return notice.timing === MarketTiming.exante;
}

/**
 * What to lock for a slot: the connection's largest import at the price cap, or as much of it as there are
 * coins for; undefined where there is nothing to lock.
 */
export function planReserve(
  capacityWh: number,
  capMicro: number,
  fundsMicro: number,
): { qtyWh: number; ecashMicro: number } | undefined {
  if (capacityWh === 0) return undefined;
  // Every member may be a counterparty, and each leg rounds up by less than 1 µc.
  const full = reserveMicro(capacityWh, capMicro, RESERVE_MARGIN_MICRO);
  if (fundsMicro >= full) return { qtyWh: capacityWh, ecashMicro: commonSize(full, fundsMicro) };
  if (fundsMicro <= RESERVE_MARGIN_MICRO) return undefined;
  // Largest quantity whose reserve fits: ⌈q·cap/1000⌉ + RESERVE_MARGIN_MICRO ≤ funds.
  const qtyWh = Number(
    (BigInt(fundsMicro - RESERVE_MARGIN_MICRO) * 1000n) / BigInt(Math.max(1, capMicro)),
  );
  const fundedWh = Math.min(qtyWh, capacityWh);
  if (fundedWh === 0) return undefined;
  return { qtyWh: fundedWh, ecashMicro: reserveMicro(fundedWh, capMicro, RESERVE_MARGIN_MICRO) };
}

/**
 * `fullMicro` rounded up to one of few sizes: the exact sum is a mark of connection and price that outsiders
 * would see in each slot. Only where the two locks that may be made before this one ends stay affordable.
 */
function commonSize(fullMicro: number, fundsMicro: number): number {
  let sizeMicro = RESERVE_SIZE_MICRO;
  while (sizeMicro < fullMicro) sizeMicro *= 2;
  return sizeMicro + 2 * fullMicro <= fundsMicro ? sizeMicro : fullMicro;
}
