// SPDX-License-Identifier: Apache-2.0
/** Field types that several records share. The wire numbers of all record kinds are listed here, once. */
import { bytes, type Field, text, uint } from "../codec/schema.ts";
import { MICRO_MAX, NAME_CHARS_MAX, PRICE_MICRO_MAX, QTY_WH_MAX } from "../limits.ts";

/** First element of every record. A number is never used again for another kind. */
export const RecordKind = Object.freeze({
  member: 1,
  config: 2,
  notice: 3,
  reading: 4,
  order: 5,
  demand: 6,
  clearing: 7,
  contract: 8,
  body: 9,
  tx: 10,
  caps: 11,
  receipt: 12,
  header: 13,
  block: 14,
  account: 15,
  up: 16,
  exportHead: 17,
  exportEnd: 18,
  event: 19,
  release: 20,
  fetch: 21,
  chunk: 22,
  authority: 23,
  revocations: 24,
  enrol: 25,
  certificate: 26,
  connect: 27,
  wallets: 28,
  publicBlock: 29,
  proof: 30,
  epoch: 31,
  ask: 32,
  token: 33,
  cancel: 34,
  vote: 35,
  evidence: 36,
  plan: 37,
  window: 38,
  arrival: 40,
  settlement: 44,
  segment: 48,
  readers: 49,
  proposal: 50,
  proposed: 51,
  gatewayVote: 52,
  quorum: 53,
  decision: 54,
  equivocation: 55,
  status: 56,
  consensusState: 57,
  polka: 58,
  turn: 59,
  cuts: 60,
  wanted: 61,
  change: 62,
  certified: 65,
  changed: 66,
  bank: 70,
  loanRequest: 71,
  topUp: 72,
  repayment: 73,
  creditToken: 74,
  payment: 75,
  creditNotice: 76,
  payments: 77,
  blacklist: 78,
  stateWanted: 80,
  stateOffer: 81,
  pieceWanted: 82,
  piece: 83,
});

/** Bytes of a node's or gateway's id: the start of the hash of its first public key. */
export const NODE_ID_BYTES = 16;
/** Bytes of a wallet address. */
export const WALLET_BYTES = 20;

/** Name of a network or area. */
export const netName: Field<string> = text(NAME_CHARS_MAX);
/** A node's or gateway's id. */
export const nodeId: Field<Uint8Array> = bytes(NODE_ID_BYTES);
/** A wallet address. */
export const wallet: Field<Uint8Array> = bytes(WALLET_BYTES);
/** An Ed25519 public key. */
export const publicKey: Field<Uint8Array> = bytes(32);
/** An Ed25519 signature. */
export const signature: Field<Uint8Array> = bytes(64);
/** Protocol time, ms since 1970 in the world's clock. */
export const ms: Field<number> = uint();
/** A market slot's number. */
export const slotNumber: Field<number> = uint(0xffffffff);
/** Energy of a trade, Wh. */
export const qtyWh: Field<number> = uint(QTY_WH_MAX);
/** Money, µc. */
export const micro: Field<number> = uint(MICRO_MAX);
/** A price, µc per kWh. */
export const price: Field<number> = uint(PRICE_MICRO_MAX);
