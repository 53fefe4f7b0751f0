// SPDX-License-Identifier: Apache-2.0
/** What drives an area's nodes from slot to slot: signed by the gateway, retained on the epoch topic. */
import { recordType } from "../codec/record.ts";
import { hash, type Infer, list, struct, uint } from "../codec/schema.ts";
import { CAPS_MAX } from "../limits.ts";
import { ms, netName, nodeId, price, qtyWh, RecordKind, slotNumber } from "./common.ts";

/**
 * `barrier`: protocol time stands still but for signed messages. `running`: it runs at a rate of
 * real time.
 */
export const ClockKind = Object.freeze({ barrier: 0, running: 1 });
/** `expost`: orders are the metered net of the slot just ended. `exante`: orders are forecasts. */
export const MarketTiming = Object.freeze({ expost: 0, exante: 1 });
/** `auction`: all send orders. `guided`: sellers answer the broadcast demand (paper 1, II-B-3). */
export const MarketMode = Object.freeze({ auction: 0, guided: 1 });
export const MarketPricing = Object.freeze({ uniform: 0, payAsBid: 1 });

const noticeFields = {
  net: netName,
  gateway: nodeId,
  epoch: uint(0xffffffff),
  epochStartMs: ms,
  /** Δ: least protocol time between two transactions of one node (ledger 4.4), ms. */
  tickMs: uint(86_400_000),
  /** A_max: oldest that a parent may be, in effective time, ms (ledger 4.2 V5); sealed blocks excepted. */
  ageMaxMs: uint(),
  slot: slotNumber,
  startMs: ms,
  endMs: ms,
  /** Protocol time of this notice. */
  nowMs: ms,
  clock: uint(1),
  /** Protocol milliseconds in 1000 ms of real time; 0 for the barrier clock. */
  ratePermille: uint(),
  /** Real time (UTC ms) at `nowMs`, for the running clock. */
  realMs: uint(),
  timing: uint(1),
  mode: uint(1),
  pricing: uint(1),
  kPermille: uint(1000),
  feedInMicro: price,
  retailMicro: price,
  /** Retail price of the next slot: what a RESERVE for it has to cover. */
  retailNextMicro: price,
};

export type Notice = Infer<typeof noticeFields>;
export const noticeRecord = recordType("notice", RecordKind.notice, 1, noticeFields, 512);

const demandFields = {
  net: netName,
  gateway: nodeId,
  slot: slotNumber,
  demandWh: qtyWh,
  guidanceMicro: price,
  atMs: ms,
};

/** Total demand and price guidance, which sellers answer with offers (paper 1, II-B-3). */
export type Demand = Infer<typeof demandFields>;
export const demandRecord = recordType("demand", RecordKind.demand, 1, demandFields, 256);

const capsFields = {
  net: netName,
  gateway: nodeId,
  atMs: ms,
  caps: list(struct({ id: hash, tMs: ms, block: uint(1) }), CAPS_MAX),
};

/**
 * What to attach to, with effective times: the caps, and the two latest sealed blocks (`block` 1), which are
 * always eligible. A hint: parents are checked at intake.
 */
export type Caps = Infer<typeof capsFields>;
export const capsRecord = recordType("caps", RecordKind.caps, 1, capsFields, 2048);
