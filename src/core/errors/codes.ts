// SPDX-License-Identifier: Apache-2.0
/**
 * The codes of everything that is not accepted, for receipts and logs, with their numbers on the wire. A
 * number never changes its meaning; meanings.ts gives it, for a node has no use for the text.
 */

export const WIRE = Object.freeze({
  // The message as such
  UNKNOWN_TOPIC: 1,
  OVERSIZED: 2,
  MALFORMED: 3,
  NON_CANONICAL: 4,
  WRONG_KIND: 5,
  UNSUPPORTED_VERSION: 6,
  FIELD_RANGE: 7,
  WRONG_NET: 8,
  NODE_MISMATCH: 9,
  UNKNOWN_NODE: 10,
  BAD_SIGNATURE: 11,
  DUPLICATE: 12,
  GAP: 13,
  REGISTRATION_CLOSED: 14,
  NAME_TAKEN: 15,
  AREA_FULL: 16,
  REPLAYED: 17,
  SAID_NUMBER: 18,
  WALLETS_SET: 19,

  // Who may take part
  NOT_ENROLLED: 20,
  ENROL_PENDING: 21,
  ENROL_REFUSED: 22,
  ENROL_FULL: 23,
  CERT_INVALID: 24,
  CERT_EXPIRED: 25,
  CERT_REVOKED: 26,
  CAPACITY_OVER: 27,
  WALLETS_UNPROVED: 28,
  RATE_LIMITED: 29,

  // Readings
  READING_STALE: 30,
  READING_FUTURE: 31,
  REGISTER_DECREASED: 32,
  REGISTER_JUMP: 33,
  READING_TIME: 34,

  // Events of meters
  EVENT_FORM: 40,
  EVENT_REGISTER: 41,

  // Arrivals from another gateway
  ARRIVAL_ELSEWHERE: 45,
  ARRIVAL_CHAIN: 46,

  // Orders
  ORDER_LATE: 50,
  ORDER_FUTURE: 51,
  ORDER_REPEATED: 52,
  ORDER_NO_READING: 53,
  ORDER_OVER_METER: 54,
  ORDER_PRICE: 55,
  ORDER_NO_RESERVE: 56,
  FEEDER_TRADES: 57,

  // Plans of batteries
  PLAN_SLOT: 60,
  PLAN_FORM: 61,
  PLAN_STATION: 62,

  // Transactions: structure (V1 to V7)
  TX_EPOCH: 70,
  TX_SEQ: 71,
  TX_EQUIVOCATION: 72,
  TX_PREV: 73,
  TX_PARENTS: 74,
  TX_PARENT_UNKNOWN: 75,
  TX_PARENT_OLD: 76,
  TX_TOKENS: 77,
  TX_TIME: 78,
  TX_TICK: 79,
  TX_CANCELLED: 80,
  TX_UNSOLID: 81,
  TX_CONFLICT: 82,
  AUTHOR_SUSPENDED: 83,
  // What a witness answers in place of a token
  WITNESS_NOT_CHOSEN: 84,
  WITNESS_TICK: 85,
  WITNESS_CLOCK: 86,
  WITNESS_BOUND: 87,
  WITNESS_ABSTAINS: 88,
  WITNESS_BUSY: 89,

  // Transactions: the trade (V8 to V10)
  LEGS: 90,
  WALLET_FOREIGN: 91,
  RESERVE_SLOT: 92,
  RESERVE_UNFUNDED: 93,
  RESERVE_REPEATED: 94,
  SOLD_NO_CONTRACT: 95,
  SOLD_TERMS: 96,
  SOLD_NO_RESERVE: 97,
  SOLD_REPEATED: 98,
  METER_RANGE: 99,
  BOUGHT_NO_SOLD: 100,
  BOUGHT_TERMS: 101,
  BOUGHT_REPEATED: 102,
  BOUGHT_ORDER: 103,
  SLOT_CLOSED: 104,
  TYPE_UNSUPPORTED: 105,

  // Votes and proofs of fraud
  VOTE_UNKNOWN: 106,
  VOTE_DOUBLE: 107,
  EVIDENCE_INVALID: 108,

  // Offers to all (V8)
  OFFER_EXPIRED: 110,
  OFFER_OVERSOLD: 111,
  OFFER_UNKNOWN: 112,
  OFFER_TERMS: 113,

  // What a node finds wrong with its gateway
  GATEWAY_EPOCH: 114,
  GATEWAY_SIGNATURE: 120,
  ORDER_NOT_INCLUDED: 121,
  FILL_WRONG: 122,
  CONTRACT_TERMS: 123,
  GATEWAY_CERTIFICATE: 127,
  GATEWAY_BEHIND: 125,
  GATEWAY_BALANCE: 126,
  GATEWAY_TRADE: 128,
  GATEWAY_CREDIT: 129,
  GATEWAY_LEDGER: 130,
  GATEWAY_UNCERTIFIED: 131,
  RECEIPT_DIGEST: 124,

  // Feeds of other gateways
  FEED_GAP: 180,
  FEED_FORK: 181,
  FEED_FAULT: 182,
  FEED_STRANGER: 183,

  // Firmware: what a node finds wrong with a release
  RELEASE_SIGNATURE: 140,
  RELEASE_BOARD: 141,
  RELEASE_OLD: 142,
  RELEASE_FLOOR: 143,
  RELEASE_SIZE: 144,
  RELEASE_BAD: 145,
  // Firmware: how an update ended, or was held up
  UPDATE_GONE: 150,
  UPDATE_FLASH: 151,
  UPDATE_HASH: 152,
  UPDATE_BOOT: 153,
  UPDATE_VERSION: 154,
  TRIAL_CUT: 155,
  TRIAL_GATES: 156,
  // Firmware: what a gateway does not serve
  UPDATE_RATE: 157,

  // Credit: why there is no loan
  LOAN_TERMS: 160,
  LOAN_INELASTIC: 161,
  LOAN_NO_MARGIN: 162,
  LOAN_RATE_CAP: 163,
  LOAN_UNBOUNDED: 164,
  LOAN_LIVE: 165,
  LOAN_BUDGET: 166,
  CREDIT_BLACKLISTED: 167,
  CREDIT_NEGATIVE: 168,
  CREDIT_NO_WEALTH: 169,
  CREDIT_NO_INCOME: 170,
  CREDIT_NO_USE: 171,
  // Credit: what a loan does not take
  LOAN_STATE: 172,
  TOKEN_STALE: 173,
  TOKEN_EXPIRED: 174,
  TOKEN_OVERDRAWN: 175,
  TOKEN_UNKNOWN: 176,
  BANK_UNKNOWN: 177,
  CREDIT_UNFUNDED: 178,

  // Consensus among gateways: what is not taken
  GATEWAY_UNKNOWN: 190,
  HEIGHT_PAST: 191,
  HEIGHT_FUTURE: 192,
  ROUND_PAST: 193,
  ROUND_FUTURE: 194,
  PROPOSAL_LEADER: 195,
  PROPOSAL_WORK: 196,
  PROPOSAL_POLKA: 197,
  PROPOSAL_BLOCK: 198,
  QUORUM_INVALID: 199,
  EQUIVOCATION: 200,
  // What an audit finds, beside what execution does
  BLOCK_PREV: 201,
  BLOCK_EARLY: 202,
  BLOCK_FUTURE: 203,
  AUDIT_NONE: 204,
  AUDIT_LOCKED: 205,
  AUDIT_SPLIT: 206,
  TURN_PLAN: 207,
  TURN_TERMS: 208,
  TURN_LEDGER: 209,
  TURN_REVEAL: 210,
  TURN_EPOCH: 211,
} as const);

export type Code = keyof typeof WIRE;

/** An expected outcome: taken, or not taken and why. */
export type Refusal = { ok: false; code: Code; detail: string };
export type Verdict = { ok: true } | Refusal;

/** The one accepting verdict. */
export const ACCEPT: Verdict = Object.freeze({ ok: true });

/** A verdict that says no, with a detail for the log. */
export function refuse(code: Code, detail = ""): Refusal {
  return { ok: false, code, detail };
}

/** The code with wire number `wire`, or undefined for one of a newer version. */
export function codeOfWire(wire: number): Code | undefined {
  return (Object.keys(WIRE) as Code[]).find((name) => WIRE[name] === wire);
}
