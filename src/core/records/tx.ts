// SPDX-License-Identifier: Apache-2.0
/**
 * Transactions (ledger 4.2): a body, its proof-of-time tokens and the author's signature. A transaction is a
 * block of the DAG; its id is the hash of its body, so that two token sets for one body are equivocation.
 */
import { concatBytes } from "../codec/bytes.ts";
import { encodeCbor } from "../codec/cbor.ts";
import { recordType } from "../codec/record.ts";
import {
  bytes,
  type Field,
  hash,
  type Infer,
  list,
  optional,
  struct,
  u64,
  uint,
} from "../codec/schema.ts";
import { domainHash } from "../crypto/domain.ts";
import type { Crypto } from "../crypto/port.ts";
import { assert } from "../errors/assert.ts";
import type { Code } from "../errors/codes.ts";
import { BODY_BYTES_MAX, LEGS_MAX, PARENTS_MAX, TOKENS_MAX } from "../limits.ts";
import {
  micro,
  ms,
  netName,
  nodeId,
  qtyWh,
  RecordKind,
  signature,
  slotNumber,
  wallet,
} from "./common.ts";

export const TxType = Object.freeze({ offer: 1, reserve: 2, sold: 3, bought: 4, promote: 5 });

/** A stretch [from, to) of one of the author's registers that backs a leg, mWh. */
export const meterRange = struct({ fromMwh: u64, toMwh: u64 });

export const txLeg = struct({
  /** The counterparty; "*" for all. */
  to: optional(nodeId, "*"),
  wallet,
  /** What this leg answers: SOLD the buyer's RESERVE, BOUGHT the seller's SOLD. */
  ref: optional(hash),
  qtyWh,
  ecashMicro: micro,
  meter: optional(meterRange),
});
export type TxLeg = Infer<typeof txLeg>;

const bodyFields = {
  net: netName,
  epoch: uint(0xffffffff),
  type: uint(5),
  from: nodeId,
  seq: uint(),
  prev: optional(hash),
  legs: list(txLeg, LEGS_MAX),
  expiryMs: ms,
  cancels: optional(bytes(1, 256)),
  /** One or two distinct hashes in ascending order: transactions, or one of the latest sealed blocks. */
  parents: list(hash, PARENTS_MAX, 1),
  tsMs: ms,
  /** Token slot of length Δ since the epoch's start (`slot` in ledger 4.2). */
  tick: uint(),
  /** The market slot that this is for. */
  slot: slotNumber,
};

export type Body = Infer<typeof bodyFields>;

/** Whether it is a RESERVE that a bid can name: one that takes no OFFER. */
export function isForMarket({ type, legs }: Body): boolean {
  return type === TxType.reserve && legs[0]?.ref === undefined;
}

export const bodyRecord = recordType(
  "body",
  RecordKind.body,
  1,
  bodyFields,
  BODY_BYTES_MAX,
  "sc/body/1",
);

export const potToken = struct({ witness: nodeId, tMs: ms, random: bytes(16), signature });
export type PotToken = Infer<typeof potToken>;

/** An encoded body. */
export const bodyBytes: Field<Uint8Array> = bytes(1, BODY_BYTES_MAX);

const txFields = {
  body: bodyBytes,
  /** Proof-of-time tokens, sorted by committee rank. */
  pot: list(potToken, TOKENS_MAX),
  /** Number of the message that says it: it can be said under no other. */
  said: uint(),
  signature,
};
const TX_BYTES_MAX = BODY_BYTES_MAX + 128 * (TOKENS_MAX + 1);
export const txRecord = recordType("tx", RecordKind.tx, 1, txFields, TX_BYTES_MAX);

/** A transaction as received: decoded body, its id, and the digest that the author signed. */
export interface Tx {
  body: Body;
  pot: PotToken[];
  said: number;
  signature: Uint8Array;
  /** H_b = SHA-256("sc/body/1" ‖ 0 ‖ body): the transaction's id. */
  txid: Uint8Array;
  /** SHA-256("sc/tx/1" ‖ 0 ‖ H_b ‖ SHA-256([pot, said])): what `signature` is over. */
  digest: Uint8Array;
  bytes: Uint8Array;
}

/** What the author signs. */
export function txDigest(crypto: Crypto, txid: Uint8Array, potAndSaid: Uint8Array): Uint8Array {
  return domainHash(crypto, "sc/tx/1", txid, crypto.sha256(potAndSaid));
}

/** Heads of a transaction's record before its body's: the array, kind and version, one byte each. */
const TX_HEAD_BYTES = 3;
/** The signature at its end, with its head. */
const TX_TAIL_BYTES = 2 + 64;
/** Head of an array of two. */
const PAIR = 0x82;

/**
 * The encoding of [pot, said] out of a transaction that was accepted: they stand there one after the
 * other, and what is canonical has one encoding.
 */
export function potAndSaidOf(encoded: Uint8Array, body: Uint8Array): Uint8Array {
  const start = TX_HEAD_BYTES + headOfBytes(body.length).length + body.length;
  const pair = new Uint8Array(1 + encoded.length - TX_TAIL_BYTES - start);
  pair[0] = PAIR;
  pair.set(encoded.subarray(start, encoded.length - TX_TAIL_BYTES), 1);
  return pair;
}

/** Encodes and signs a transaction that is said in message number `said`; `pot` may be empty. */
export function signTx(
  crypto: Crypto,
  secretKey: Uint8Array,
  body: Body,
  said: number,
  pot: PotToken[] = [],
): Tx {
  const encoded = bodyRecord.encode(body);
  const txid = domainHash(crypto, bodyRecord.domain, encoded);
  const signed = sealTx(crypto, secretKey, txid, encoded, said, pot.map(encodeToken));
  return { body, pot, said, txid, ...signed };
}

/** A token as it stands in a transaction. */
export function encodeToken(token: PotToken): Uint8Array {
  return encodeCbor(potToken.encode(token, "token"));
}

/** The same out of what is encoded already, for a chip that has no room for it twice. */
export function sealTx(
  crypto: Crypto,
  secretKey: Uint8Array,
  txid: Uint8Array,
  body: Uint8Array,
  said: number,
  pot: readonly Uint8Array[],
): { signature: Uint8Array; digest: Uint8Array; bytes: Uint8Array } {
  assert(pot.length <= TOKENS_MAX, "TX_TOKENS", String(pot.length));
  const count = pot.length < 24 ? [0x80 | pot.length] : [0x98, pot.length];
  const potAndSaid = concatBytes(Uint8Array.of(PAIR, ...count), ...pot, encodeCbor(said));
  const digest = txDigest(crypto, txid, potAndSaid);
  const signature = crypto.sign(secretKey, digest);
  bodyBytes.encode(body, "body"); // within its bounds
  const bytes = concatBytes(
    Uint8Array.of(0x86, txRecord.kind, txRecord.version, ...headOfBytes(body.length)),
    body,
    potAndSaid.subarray(1),
    Uint8Array.of(...headOfBytes(signature.length)),
    signature,
  );
  return { signature, digest, bytes };
}

/** The head of a byte string of less than 2^16 bytes. */
function headOfBytes(length: number): number[] {
  if (length < 24) return [0x40 | length];
  return length < 0x100 ? [0x58, length] : [0x59, length >> 8, length & 0xff];
}

/** Decodes a transaction; the signature is not checked here. */
export function openTx(
  crypto: Crypto,
  encoded: Uint8Array,
): { ok: true; tx: Tx } | { ok: false; code: Code; detail: string } {
  const outer = txRecord.decode(encoded);
  if (!outer.ok) return outer;
  const inner = bodyRecord.decode(outer.value.body);
  if (!inner.ok) return inner;
  const txid = domainHash(crypto, bodyRecord.domain, outer.value.body);
  const { pot, said, signature: sig } = outer.value;
  const digest = txDigest(crypto, txid, potAndSaidOf(encoded, outer.value.body));
  return {
    ok: true,
    tx: { body: inner.value, pot, said, signature: sig, txid, digest, bytes: encoded },
  };
}
