// SPDX-License-Identifier: Apache-2.0
/** The operator's bank in the configuration file: what may stand there, and the terms that come of it. */
import * as v from "valibot";
import { LOAN_MICRO_MAX, LOAN_MONTHS_MAX, RATE_PPM_MAX } from "#core/credit/bounds";
import { GRADES, gradeName, gradeNumber } from "#core/credit/grade";
import { LENDING_POLICIES } from "#core/records/bank";
import { formatCoins } from "#core/units/money";
import { HOUR_MS } from "#core/units/time";
import { DEFAULT_CAPITAL_MICRO, TERM_DEFAULTS, termsOf } from "#gateway/credit/terms";
import type { GatewayOptions } from "#gateway/options";
import { coins, hours, whole } from "./config-fields.ts";
import type { Help } from "./config-schema.ts";

/** A hundred years. */
const HOURS_MAX = 100 * 365 * 24;
const { starterGrade, loanMaxMicro, starterMicro, months, costPpm, alphaMaxPpm } = TERM_DEFAULTS;
const { usePermille, validMs, bufferMs, patienceMs, periodMs } = TERM_DEFAULTS;

export const creditEntries = {
  policy: v.optional(v.picklist(LENDING_POLICIES), "meter-backed"),
  capitalCoins: v.optional(coins(), formatCoins(DEFAULT_CAPITAL_MICRO)),
  loanMaxCoins: v.optional(coins(LOAN_MICRO_MAX), formatCoins(loanMaxMicro)),
  starterCoins: v.optional(coins(LOAN_MICRO_MAX), formatCoins(starterMicro)),
  starterGrade: v.optional(
    v.pipe(
      v.string(),
      v.check((name) => gradeNumber(name) !== undefined),
    ),
    gradeName(starterGrade),
  ),
  months: v.optional(whole(1, LOAN_MONTHS_MAX), months),
  costPpm: v.optional(whole(1, RATE_PPM_MAX), costPpm),
  alphaMaxPpm: v.optional(whole(1, RATE_PPM_MAX), alphaMaxPpm),
  usePermille: v.optional(whole(1, 1000), usePermille),
  validHours: v.optional(hours(0.001, HOURS_MAX), validMs / HOUR_MS),
  bufferHours: v.optional(hours(0.001, HOURS_MAX), bufferMs / HOUR_MS),
  patienceHours: v.optional(hours(0.001, HOURS_MAX), patienceMs / HOUR_MS),
  periodHours: v.optional(hours(0.001, HOURS_MAX), periodMs / HOUR_MS),
};

type ParsedCredit = v.InferOutput<ReturnType<typeof creditObject>>;
const creditObject = () => v.strictObject(creditEntries);

export interface CreditConfig extends Omit<ParsedCredit, "starterGrade"> {
  starterGrade: string;
}

const someHours = `0.001 to ${HOURS_MAX} hours`;

export const CREDIT_HELP: Readonly<Record<string, Help>> = {
  credit: { allowed: "null or {policy, capitalCoins, …}", cure: "Use null for no bank" },
  "credit.policy": {
    allowed: LENDING_POLICIES.map((name) => `"${name}"`).join(" or "),
    cure: "meter-backed has a starter line for who has no coins yet",
  },
  "credit.capitalCoins": { allowed: "coins", cure: "Give what the bank can lend at most" },
  "credit.loanMaxCoins": { allowed: "coins", cure: "Give the most of one loan" },
  "credit.starterCoins": { allowed: "coins", cure: "Give the most without wealth and income" },
  "credit.starterGrade": {
    allowed: `a grade, ${gradeName(1)} to ${gradeName(GRADES)}`,
    cure: "It stands in where there is no loan to judge by",
  },
  "credit.months": {
    allowed: `a whole number, 1 to ${LOAN_MONTHS_MAX}`,
    cure: "Give the length of a loan",
  },
  "credit.costPpm": {
    allowed: `a whole number, 1 to ${RATE_PPM_MAX}`,
    cure: "Give what a coin lent costs the bank in a month; 10000 is 1 %",
  },
  "credit.alphaMaxPpm": {
    allowed: `a whole number, 1 to ${RATE_PPM_MAX}`,
    cure: "Give the highest penalty on a loan; 350000 is 35 %",
  },
  "credit.usePermille": {
    allowed: "a whole number, 1 to 1000",
    cure: "Give how much of its connection a home uses that has no readings yet",
  },
  "credit.validHours": { allowed: someHours, cure: "Give how long a token pays" },
  "credit.bufferHours": { allowed: someHours, cure: "Give the time to repay after that" },
  "credit.patienceHours": { allowed: someHours, cure: "Give how long a late loan is waited for" },
  "credit.periodHours": { allowed: someHours, cure: "Give how often profit is shared out" },
};

/** The bank of the gateway's options, in an area with these prices. */
export function bankOf(
  config: CreditConfig,
  prices: { feedInMicro: number; retailMicro: number },
): NonNullable<GatewayOptions["credit"]> {
  const { policy, capitalCoins: capitalMicro, months, costPpm, alphaMaxPpm, usePermille } = config;
  return {
    capitalMicro,
    terms: termsOf(policy, prices, {
      loanMaxMicro: config.loanMaxCoins,
      starterMicro: config.starterCoins,
      starterGrade: gradeNumber(config.starterGrade),
      ...{ months, costPpm, alphaMaxPpm, usePermille },
      validMs: config.validHours,
      bufferMs: config.bufferHours,
      patienceMs: config.patienceHours,
      periodMs: config.periodHours,
    }),
  };
}

/** As it stands in a file, with every default in it. */
export function renderCredit(config: CreditConfig | undefined): unknown {
  if (!config) return null;
  const plain = (micro: number) => formatCoins(micro).replace(/\.?0+$/, "");
  return {
    ...config,
    capitalCoins: plain(config.capitalCoins),
    loanMaxCoins: plain(config.loanMaxCoins),
    starterCoins: plain(config.starterCoins),
    validHours: config.validHours / HOUR_MS,
    bufferHours: config.bufferHours / HOUR_MS,
    patienceHours: config.patienceHours / HOUR_MS,
    periodHours: config.periodHours / HOUR_MS,
  };
}
