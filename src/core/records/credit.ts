// SPDX-License-Identifier: Apache-2.0
/**
 * What a borrower and its bank say to each other (paper 1, III). The borrower's words are numbered; the bank's
 * are signed by its gateway. A loan has a wallet that both share, and its token is the bank's word on it.
 */
import { ascii, concatBytes } from "../codec/bytes.ts";
import { recordType } from "../codec/record.ts";
import { hash, type Infer, list, uint } from "../codec/schema.ts";
import {
  LOAN_MONTHS_MAX,
  LOANS_COUNTED_MAX,
  PAYMENTS_LISTED_MAX,
  RATE_PPM_MAX,
  TOKEN_VERSIONS_MAX,
} from "../credit/bounds.ts";
import { domainHash } from "../crypto/domain.ts";
import type { Crypto } from "../crypto/port.ts";
import { micro, ms, netName, nodeId, RecordKind, WALLET_BYTES, wallet } from "./common.ts";

const version = uint(TOKEN_VERSIONS_MAX);
const rate = uint(RATE_PPM_MAX);

const requestFields = {
  net: netName,
  node: nodeId,
  /** The gateway whose bank it asks. */
  bank: nodeId,
  /** Most that it borrows, and the highest penalty rate that it takes, ppm. */
  amountMicro: micro,
  alphaMaxPpm: rate,
  /** The set of its addresses: from it the bank knows all of them, and what came and went there. */
  walletSet: uint(0xffffffff),
  /** Number of the message that says it: its nonce. */
  said: uint(),
};

/** Asks for a loan within these terms; a block grants it or refuses it (paper 1, III-1 step 1). */
export type LoanRequest = Infer<typeof requestFields>;
export const loanRequestRecord = recordType(
  "loan-request",
  RecordKind.loanRequest,
  1,
  requestFields,
  256,
);

const aboutLoan = {
  net: netName,
  node: nodeId,
  bank: nodeId,
  /** The loan: id of the request that it was granted for. */
  token: hash,
  /** The newest version that the borrower has seen. */
  version,
  amountMicro: micro,
  said: uint(),
};

/** Puts own coins into the shared wallet. */
export type TopUp = Infer<typeof aboutLoan>;
export const topUpRecord = recordType("top-up", RecordKind.topUp, 1, aboutLoan, 256);

/** Pays a debt from free coins; what is beyond the debt, or not there, is not taken. */
export type Repayment = Infer<typeof aboutLoan>;
export const repaymentRecord = recordType("repayment", RecordKind.repayment, 1, aboutLoan, 256);

/** States of a loan on the wire, in the order of LoanState. */
export const LOAN_STATES = Object.freeze([
  "ACTIVE",
  "REPAID",
  "LATE",
  "REPAID_LATE",
  "DEFAULT",
  "BLACKLIST",
] as const);

const paid = {
  /** How many payments were made with it, and the chain of their hashes (`nextPayment`). */
  payments: uint(),
  digest: hash,
};

const tokenFields = {
  net: netName,
  bank: nodeId,
  /** Whose coins they are: this bank's, or a neighbour's that lends through it. */
  lender: nodeId,
  node: nodeId,
  token: hash,
  /** Address of the shared wallet. */
  wallet,
  version,
  /** Index in LOAN_STATES. */
  state: uint(LOAN_STATES.length - 1),
  /** Coins in the shared wallet, and how many of them RESERVEs hold. */
  balanceMicro: micro,
  heldMicro: micro,
  /** Ever put into it; lent by the bank; owed now. */
  amountMicro: micro,
  principalMicro: micro,
  debtMicro: micro,
  alphaPpm: rate,
  betaPpm: rate,
  months: uint(LOAN_MONTHS_MAX),
  /** Ends of the token, of the repayment buffer, and of the bank's patience. */
  validUntilMs: ms,
  repayByMs: ms,
  defaultAtMs: ms,
  /** The borrower's record of repayment: s and f. */
  onTime: uint(LOANS_COUNTED_MAX),
  late: uint(LOANS_COUNTED_MAX),
  ...paid,
  /** Block after which it holds, and its time. */
  height: uint(0xffffffff),
  atMs: ms,
};

/** The newest token of a loan, signed by the bank: Token_i of paper 1, III-1 step 5. */
export type CreditToken = Infer<typeof tokenFields>;
export const creditTokenRecord = recordType(
  "credit-token",
  RecordKind.creditToken,
  1,
  tokenFields,
  512,
);

const paymentFields = {
  net: netName,
  bank: nodeId,
  node: nodeId,
  token: hash,
  version,
  /** What the shared wallet has after it. */
  balanceMicro: micro,
  /** The SOLD and its leg that are paid, and the BOUGHT that agreed. */
  sold: hash,
  leg: uint(31),
  bought: hash,
  /** The seller's address, and its coins. */
  to: wallet,
  micro,
  ...paid,
  atMs: ms,
};

/** The bank's word that a bill is paid, said before any block has it (paper 1, III-2 steps 3 and 4). */
export type Payment = Infer<typeof paymentFields>;
export const paymentRecord = recordType("payment", RecordKind.payment, 1, paymentFields, 384);

const noticeFields = {
  net: netName,
  bank: nodeId,
  node: nodeId,
  /** The request, top-up, repayment or RESERVE that it is about. */
  about: hash,
  /** Why it was not done. */
  code: uint(0xffff),
  atMs: ms,
};

/** What a block did not do for a borrower: also the notice of insufficient balance. */
export type CreditNotice = Infer<typeof noticeFields>;
export const creditNoticeRecord = recordType(
  "credit-notice",
  RecordKind.creditNotice,
  1,
  noticeFields,
  192,
);

const paymentsFields = {
  net: netName,
  bank: nodeId,
  node: nodeId,
  token: hash,
  /** Number of the first payment listed, and the link of each: the rest follows in further records. */
  first: uint(),
  links: list(hash, PAYMENTS_LISTED_MAX),
};

/** All payments of a token whose time is over, in parts (paper 1, III-3). */
export type Payments = Infer<typeof paymentsFields>;
export const paymentsRecord = recordType("payments", RecordKind.payments, 1, paymentsFields, 2048);

/** The address of the wallet that a bank and a borrower share for the loan asked for under number `said`. */
export function sharedWalletOf(crypto: Crypto, { bank, node, said }: LoanRequest): Uint8Array {
  const number = ascii(String(said));
  return domainHash(crypto, "wattle/shared-wallet/1", concatBytes(bank, node, number)).slice(
    0,
    WALLET_BYTES,
  );
}

/** What stands for a payment in the chain of a token's payments. */
export function paymentLink(
  crypto: Crypto,
  { sold, leg, bought }: Pick<Payment, "sold" | "leg"> & { bought: Uint8Array | undefined },
): Uint8Array {
  const answer = bought ?? new Uint8Array(32); // the meters settled it
  return domainHash(crypto, "wattle/credit-payment/1", sold, Uint8Array.of(leg), answer);
}

/** The chain's digest after one more payment; before the first it is the token's id. */
export function nextPayment(crypto: Crypto, digest: Uint8Array, link: Uint8Array): Uint8Array {
  return domainHash(crypto, "wattle/credit-payments/1", digest, link);
}
