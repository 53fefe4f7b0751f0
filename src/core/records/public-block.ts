// SPDX-License-Identifier: Apache-2.0
/**
 * What an outsider is told of a block: which addresses coins moved between, and hashes that commit to what
 * was in it. The hashes are salted (core/ledger/public.ts): whoever guesses a body right cannot confirm it.
 * No transaction id, node id, register or state root stands here.
 */
import { recordType } from "../codec/record.ts";
import { hash, type Infer, list, optional, struct, uint } from "../codec/schema.ts";
import { WIRE_ARRAY_MAX } from "../limits.ts";
import { EFFECT_KIND_MAX } from "./block.ts";
import { micro, ms, netName, qtyWh, RecordKind, slotNumber, wallet } from "./common.ts";

export const publicEffect = struct({
  /** EffectKind. */
  kind: uint(EFFECT_KIND_MAX),
  from: optional(wallet),
  to: optional(wallet),
  micro,
  /** Of a payment only: what was locked for is nobody else's business. */
  qtyWh,
});
export type PublicEffect = Infer<typeof publicEffect>;

const fields = {
  net: netName,
  area: netName,
  height: uint(0xffffffff),
  /** Id of the public block before. */
  prev: optional(hash),
  /** Salted hash of the block's id. */
  header: hash,
  slot: slotNumber,
  atMs: ms,
  /** In order of kind, from and to, which says nothing about the order in which they came. */
  effects: list(publicEffect, WIRE_ARRAY_MAX),
  /** Salted hashes of the ids of the block's transactions and then of its events, in order. */
  items: list(hash, WIRE_ARRAY_MAX),
};

/** Signed by the gateway, retained on `public/block`. */
export type PublicBlock = Infer<typeof fields>;
/** Effects and items of a block as full as it may be. */
export const PUBLIC_BLOCK_BYTES_MAX: number = 1024 * 1024;
export const publicBlockRecord = recordType(
  "public-block",
  RecordKind.publicBlock,
  1,
  fields,
  PUBLIC_BLOCK_BYTES_MAX,
);
