// SPDX-License-Identifier: Apache-2.0
/** Values of the records of credit: a bank's offer, what borrowers say, and what the bank signs. */
import { bankRecord, blacklistRecord } from "#core/records/bank";
import {
  creditNoticeRecord,
  creditTokenRecord,
  loanRequestRecord,
  paymentRecord,
  paymentsRecord,
  repaymentRecord,
  topUpRecord,
} from "#core/records/credit";
import { counting, gateway, NAME_MAX, net, node, type Sample, sample, U32_MAX } from "./sample.ts";

const MICRO_MAX = 1_000_000_000_000_000;
const SAFE_MAX = Number.MAX_SAFE_INTEGER;
const bank = gateway;
const hash = counting(32, 0x20);
const wallet = counting(20, 0x40);
const DAY_MS = 86_400_000;
const atMs = 1_700_000_000_000;

const TERMS = {
  policy: 1,
  loanMaxMicro: 100_000_000,
  starterMicro: 5_000_000,
  starterGrade: 12,
  incomeDaysMin: 3,
  months: 1,
  costPpm: 10_000,
  etaPermille: 3500,
  alphaMaxPpm: 350_000,
  priceMicro: 190_000,
  gridMicro: 300_000,
  usePermille: 100,
  validMs: 30 * DAY_MS,
  bufferMs: 7 * DAY_MS,
  patienceMs: 365 * DAY_MS,
  periodMs: 30 * DAY_MS,
};

const TOKEN = {
  net,
  bank,
  lender: bank,
  node,
  token: hash,
  wallet,
  version: 3,
  state: 0,
  balanceMicro: 4_100_000,
  heldMicro: 2_000_000,
  amountMicro: 5_000_000,
  principalMicro: 5_000_000,
  debtMicro: 5_500_000,
  alphaPpm: 350_000,
  betaPpm: 100_000,
  months: 1,
  validUntilMs: atMs + 30 * DAY_MS,
  repayByMs: atMs + 37 * DAY_MS,
  defaultAtMs: atMs + 402 * DAY_MS,
  onTime: 0,
  late: 0,
  payments: 2,
  digest: counting(32, 0x60),
  height: 12,
  atMs,
};

const ABOUT = { net, node, bank, token: hash, version: 3, amountMicro: 700_000, said: 9 };
const ABOUT_MAX = {
  ...ABOUT,
  net: NAME_MAX,
  version: 525_600,
  amountMicro: MICRO_MAX,
  said: SAFE_MAX,
};

export const CREDIT_SAMPLES: readonly Sample[] = [
  sample(bankRecord, "a bank opens", {
    net,
    bank,
    version: 1,
    capitalMicro: 1_000_000_000,
    terms: TERMS,
    atMs,
  }),
  sample(bankRecord, "new terms", {
    net: NAME_MAX,
    bank,
    version: U32_MAX,
    capitalMicro: MICRO_MAX,
    terms: { ...TERMS, policy: 0, patienceMs: SAFE_MAX },
    atMs: SAFE_MAX,
  }),
  sample(loanRequestRecord, "a request", {
    net,
    node,
    bank,
    amountMicro: 5_000_000,
    alphaMaxPpm: 350_000,
    walletSet: 0,
    said: 1,
  }),
  sample(loanRequestRecord, "the largest request", {
    net: NAME_MAX,
    node,
    bank,
    amountMicro: MICRO_MAX,
    alphaMaxPpm: 20_000_000,
    walletSet: U32_MAX,
    said: SAFE_MAX,
  }),
  sample(topUpRecord, "a top-up", ABOUT),
  sample(topUpRecord, "the largest top-up", ABOUT_MAX),
  sample(repaymentRecord, "a repayment", ABOUT),
  sample(repaymentRecord, "the largest repayment", ABOUT_MAX),
  sample(creditTokenRecord, "a token", TOKEN),
  sample(creditTokenRecord, "a token whose loan is written off", {
    ...TOKEN,
    net: NAME_MAX,
    version: 525_600,
    state: 5,
    balanceMicro: 0,
    heldMicro: 0,
    debtMicro: 0,
    onTime: 1_000_000_000,
    late: 1_000_000_000,
    payments: SAFE_MAX,
    height: U32_MAX,
    atMs: SAFE_MAX,
  }),
  sample(paymentRecord, "a payment", {
    net,
    bank,
    node,
    token: hash,
    version: 4,
    balanceMicro: 3_900_000,
    sold: counting(32, 1),
    leg: 2,
    bought: counting(32, 2),
    to: counting(20, 3),
    micro: 200_000,
    payments: 3,
    digest: counting(32, 4),
    atMs,
  }),
  sample(creditNoticeRecord, "a request that a block refused", {
    net,
    bank,
    node,
    about: hash,
    code: 165,
    atMs,
  }),
  sample(paymentsRecord, "the payments of a token", {
    net,
    bank,
    node,
    token: hash,
    first: 32,
    links: [counting(32, 5), counting(32, 6)],
  }),
  sample(paymentsRecord, "as many payments as one part holds", {
    net: NAME_MAX,
    bank,
    node,
    token: hash,
    first: SAFE_MAX,
    links: Array.from({ length: 32 }, (_, i) => counting(32, i)),
  }),
  sample(blacklistRecord, "nobody", { net, bank, nodes: [], height: 0, atMs: 0 }),
  sample(blacklistRecord, "two borrowers", {
    net,
    bank,
    nodes: [counting(16, 1), counting(16, 2)],
    height: 99,
    atMs,
  }),
];
