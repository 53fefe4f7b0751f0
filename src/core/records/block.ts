// SPDX-License-Identifier: Apache-2.0
/** Blocks of the consortium chain (paper 1, II-B-5; ledger 5): a header to sign, and the contents. */
import { recordType } from "../codec/record.ts";
import {
  bytes,
  type Field,
  hash,
  type Infer,
  list,
  optional,
  struct,
  uint,
} from "../codec/schema.ts";
import { BLOCK_TXS_MAX, WIRE_ARRAY_MAX } from "../limits.ts";
import { rejectedStruct } from "./account.ts";
import { micro, ms, netName, nodeId, qtyWh, RecordKind, slotNumber, wallet } from "./common.ts";

const headerFields = {
  net: netName,
  height: uint(0xffffffff),
  /** Id of the header before; absent in the genesis block. */
  prev: optional(hash),
  epoch: uint(0xffffffff),
  /** The gateway that proposed it. */
  leader: nodeId,
  atMs: ms,
  /** The market slot in which it was sealed. */
  slot: slotNumber,
  txCount: uint(BLOCK_TXS_MAX),
  /** Merkle roots (RFC 6962 form) over the block's lists. */
  cutRoot: hash,
  txRoot: hash,
  rejectedRoot: hash,
  effectsRoot: hash,
  eventsRoot: hash,
  /** Root of the map of all that the ledger holds after this block (core/ledger/leaves.ts). */
  stateRoot: hash,
};

export type BlockHeader = Infer<typeof headerFields>;
export const headerRecord = recordType("header", RecordKind.header, 2, headerFields, 1024);

/** What moved coins. `pay` settles a SOLD leg by its BOUGHT; `arbitrate` by the two meters (ledger 4.6). */
export const EffectKind = Object.freeze({
  genesis: 1,
  deposit: 2,
  withdraw: 3,
  lock: 4,
  pay: 5,
  release: 6,
  arbitrate: 7,
  /** A bank's capital comes in. */
  capital: 8,
  /** Into a shared wallet: from the bank's reserve, or the borrower's own. */
  lend: 9,
  topUp: 10,
  /** To the bank's reserve: from the borrower, or out of the shared wallet. */
  repay: 11,
  /** Out of a shared wallet, or of a lock on it, to the borrower: no debt is left. */
  refund: 12,
  /** No coins move. `micro`: what is owed from now on; what the bank has lost. */
  late: 13,
  default: 14,
  writeOff: 15,
  /** The bank's profit of a period to an account. */
  share: 16,
  /** New coins: the leader's for this block; of proof-of-flow, for `qtyWh` more than the next one supplied. */
  reward: 17,
  flow: 18,
});

/** The highest of them. */
export const EFFECT_KIND_MAX = 18;

export const effectStruct = struct({
  kind: uint(EFFECT_KIND_MAX),
  /** The RESERVE (lock, pay, release, arbitrate), or the loan's token. */
  reserve: optional(hash),
  /** The SOLD and its leg, and the BOUGHT (pay). */
  sold: optional(hash),
  leg: uint(31),
  bought: optional(hash),
  from: optional(wallet),
  to: optional(wallet),
  micro,
  qtyWh,
});
export type Effect = Infer<typeof effectStruct>;

/** The signed header's envelope; with several gateways a quorum certificate stands beside it. */
export const headerBytes: Field<Uint8Array> = bytes(1, 2048);

const blockFields = {
  header: headerBytes,
  /** Antichain of DAG tips whose past the block finalises. */
  cut: list(hash, WIRE_ARRAY_MAX),
  /** Ids of the transactions that became FINAL, in the order applied: by effective time, then id. */
  txs: list(hash, BLOCK_TXS_MAX),
  rejected: list(rejectedStruct, BLOCK_TXS_MAX),
  effects: list(effectStruct, WIRE_ARRAY_MAX),
  /** Ids of other signed records (members, wallets, readings, clearings), in the order applied. */
  events: list(hash, WIRE_ARRAY_MAX),
  /** Slots closed by this block: their open locks are released. */
  closed: list(slotNumber, 16),
};

const BLOCK_BYTES_MAX = 4 * 1024 * 1024;
export type Block = Infer<typeof blockFields>;
export const blockRecord = recordType("block", RecordKind.block, 1, blockFields, BLOCK_BYTES_MAX);
