// SPDX-License-Identifier: Apache-2.0
/** A bank's standing offer: what it lends by, and its capital. No device reads these records. */
import { recordType } from "../codec/record.ts";
import { type Infer, list, struct, uint } from "../codec/schema.ts";
import { ETA_PERMILLE_MAX, LOAN_MONTHS_MAX, RATE_PPM_MAX } from "../credit/bounds.ts";
import { MEMBERS_MAX } from "../limits.ts";
import { micro, ms, netName, nodeId, price, RecordKind } from "./common.ts";

/** Policies by their number on the wire. */
export const LENDING_POLICIES = Object.freeze(["paper", "meter-backed"] as const);

export const bankTerms = struct({
  /** Index in LENDING_POLICIES. */
  policy: uint(LENDING_POLICIES.length - 1),
  /** Most in one loan, and most without wealth or a regular income, µc. */
  loanMaxMicro: micro,
  starterMicro: micro,
  /** Grade, 1 … 35, of who has no loan to judge by, under `meter-backed`. */
  starterGrade: uint(35),
  /** An income is regular where there was a sale on so many of seven days. */
  incomeDaysMin: uint(7),
  /** t, c, η and the highest penalty rate. */
  months: uint(LOAN_MONTHS_MAX),
  costPpm: uint(RATE_PPM_MAX),
  etaPermille: uint(ETA_PERMILLE_MAX),
  alphaMaxPpm: uint(RATE_PPM_MAX),
  /** p, and what the grid asks, µc per kWh. */
  priceMicro: price,
  gridMicro: price,
  /** Use of a connection that is assumed of who has no day of readings, permille of its capacity. */
  usePermille: uint(1000),
  /** The token's time, the repayment buffer after it, and the bank's patience after that, ms. */
  validMs: uint(),
  bufferMs: uint(),
  patienceMs: uint(),
  /** Its profit is shared out whenever so long is over, counted from 1970, ms. */
  periodMs: uint(Number.MAX_SAFE_INTEGER),
});
export type BankTerms = Infer<typeof bankTerms>;

const bankFields = {
  net: netName,
  /** The gateway whose bank it is. */
  bank: nodeId,
  /** 1 opens the bank; a higher one changes its terms for loans to come. */
  version: uint(0xffffffff),
  /** What its operator put in at the first version; the same ever after. */
  capitalMicro: micro,
  terms: bankTerms,
  atMs: ms,
};

/** Signed by the gateway; a block enters it. */
export type BankOffer = Infer<typeof bankFields>;
export const bankRecord = recordType("bank", RecordKind.bank, 1, bankFields, 512);

const blacklistFields = {
  net: netName,
  bank: nodeId,
  /** All borrowers with whom no bank deals any more, by rising id. */
  nodes: list(nodeId, MEMBERS_MAX),
  /** The block after which it holds. */
  height: uint(0xffffffff),
  atMs: ms,
};

/** Broadcast (paper 1, III-3, case three); it follows from the chain. */
export type Blacklist = Infer<typeof blacklistFields>;
export const blacklistRecord = recordType(
  "blacklist",
  RecordKind.blacklist,
  1,
  blacklistFields,
  MEMBERS_MAX * 17 + 256,
);
