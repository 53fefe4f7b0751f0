// SPDX-License-Identifier: Apache-2.0
/** What a bank lends by where its operator says nothing else (docs/credit.md). */
import { METER_BACKED } from "#core/credit/policy";
import { type BankTerms, LENDING_POLICIES } from "#core/records/bank";
import { DAY_MS } from "#core/units/time";

export type PolicyName = (typeof LENDING_POLICIES)[number];

/** A thousand coins: the starter lines of two hundred homes. */
export const DEFAULT_CAPITAL_MICRO = 1_000_000_000;

export const TERM_DEFAULTS = Object.freeze({
  loanMaxMicro: METER_BACKED.loanMaxMicro,
  starterMicro: METER_BACKED.starterMicro,
  starterGrade: METER_BACKED.starterGrade,
  incomeDaysMin: METER_BACKED.incomeDaysMin,
  months: 1,
  /** One percent a month. */
  costPpm: 10_000,
  etaPermille: 3_500,
  /** A tenth of the loan as interest, and a good third where it is late. */
  alphaMaxPpm: 350_000,
  /** A household takes a tenth of what its connection carries. */
  usePermille: 100,
  validMs: 30 * DAY_MS,
  bufferMs: 7 * DAY_MS,
  patienceMs: 365 * DAY_MS,
  periodMs: 30 * DAY_MS,
});

/**
 * The terms of a bank in an area with these prices, µc per kWh: p is the middle between what the grid pays
 * and what it asks, where a market without an edge comes to lie.
 */
export function termsOf(
  policy: PolicyName,
  prices: { feedInMicro: number; retailMicro: number },
  chosen: Partial<Omit<BankTerms, "policy">> = {},
): BankTerms {
  const { feedInMicro, retailMicro } = prices;
  return {
    ...TERM_DEFAULTS,
    priceMicro: Math.max(1, Math.floor((feedInMicro + retailMicro) / 2)),
    gridMicro: retailMicro,
    ...chosen,
    policy: LENDING_POLICIES.indexOf(policy),
  };
}
