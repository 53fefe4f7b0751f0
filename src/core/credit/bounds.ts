// SPDX-License-Identifier: Apache-2.0
/** Bounds on loans and what they are priced by, each with its reason; ../limits.ts has all others. */

/** Coins in one loan, µc: a million coins, a street's energy of a year; charges then stay below 2^53. */
export const LOAN_MICRO_MAX = 1_000_000_000_000;
/** Penalty rate of a loan, ppm of the loan: twenty times it; the paper's parameters come to 12 times. */
export const RATE_PPM_MAX = 20_000_000;
/** Months of a loan: ten years. */
export const LOAN_MONTHS_MAX = 120;
/** Penalty for interest (η), permille: a hundred times. */
export const ETA_PERMILLE_MAX = 100_000;
/** Loans that a record of repayment counts, in time or late: a new one each minute for 1900 years. */
export const LOANS_COUNTED_MAX = 1_000_000_000;
/** Credit value at most, and at least with its sign: below 2^53 after any loan is late. */
export const CREDIT_POINTS_MAX = 1_000_000_000_000;
/** Payments, top-ups and the end of one token: a payment a minute for a year. */
export const TOKEN_VERSIONS_MAX = 525_600;
/** Energy of one loan's time, Wh: a factory's month; its worth in µc then stays below 2^53. */
export const LOAN_WH_MAX = 1_000_000_000;
/** Borrowers that one bank prices at once under a budget: an area's members. */
export const BORROWERS_MAX = 1024;
/** Payments in one part of a token's list: a kilobyte, which a chip can read at once. */
export const PAYMENTS_LISTED_MAX = 32;
