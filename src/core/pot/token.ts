// SPDX-License-Identifier: Apache-2.0
/**
 * Proof-of-time tokens (ledger 4.2, 4.4): a witness signs when it saw a body.
 *
 *   SHA-256("sc/pot/1" ‖ 0 ‖ CBOR [net, beacon, from, seq, tick, txid, t-ms, random])
 *
 * The random bytes follow from the witness's key and the transaction: the same body gets the same token again,
 * and a witness keeps nothing for it but the time.
 */
import { encodeCbor } from "../codec/cbor.ts";
import { domainHash } from "../crypto/domain.ts";
import type { Crypto } from "../crypto/port.ts";
import { assert } from "../errors/assert.ts";
import type { Body, PotToken } from "../records/tx.ts";

const RANDOM_BYTES = 16;

/** What of a body stands in its tokens beside its id. */
export type TokenBody = Pick<Body, "from" | "seq" | "tick">;

/** What a token is for. */
export interface TokenContext {
  net: string;
  /** The beacon of the body's epoch. */
  beacon: Uint8Array;
  body: TokenBody;
  txid: Uint8Array;
}

/** What a witness signs. */
export function tokenDigest(
  crypto: Crypto,
  net: string,
  beacon: Uint8Array,
  body: TokenBody,
  txid: Uint8Array,
  tMs: number,
  random: Uint8Array,
): Uint8Array {
  const { from, seq, tick } = body;
  const encoded = encodeCbor([net, beacon, from, seq, tick, txid, tMs, random]);
  return domainHash(crypto, "sc/pot/1", encoded);
}

/** The key that a witness's random bytes come from: 32 bytes, as secret as the key it is derived from. */
export function randomKeyOf(crypto: Crypto, secretKey: Uint8Array): Uint8Array {
  return domainHash(crypto, "sc/pot-random-key/1", secretKey);
}

/** Token of the witness with id `witness` (a node, or a gateway as the fall-back) that saw the body at `tMs`. */
export function signToken(
  crypto: Crypto,
  secretKey: Uint8Array,
  randomKey: Uint8Array,
  witness: Uint8Array,
  context: TokenContext,
  tMs: number,
): PotToken {
  const { net, beacon, body, txid } = context;
  const random = domainHash(crypto, "sc/pot-random/1", randomKey, txid).slice(0, RANDOM_BYTES);
  const digest = tokenDigest(crypto, net, beacon, body, txid, tMs, random);
  return { witness, tMs, random, signature: crypto.sign(secretKey, digest) };
}

/** Whether a token is for this context and of the owner of `publicKey`. */
export function checkToken(
  crypto: Crypto,
  publicKey: Uint8Array,
  context: TokenContext,
  token: PotToken,
): boolean {
  const { net, beacon, body, txid } = context;
  const digest = tokenDigest(crypto, net, beacon, body, txid, token.tMs, token.random);
  return crypto.verify(publicKey, digest, token.signature);
}

/** Whether a token's time is what an honest witness gives: not before the stamp, and within τ of it. */
export function isTimely(
  { tMs }: Pick<PotToken, "tMs">,
  { tsMs }: Pick<Body, "tsMs">,
  { tauMs }: { tauMs: number },
): boolean {
  return tMs >= tsMs && tMs - tsMs <= tauMs;
}

/** When a transaction was seen: the median of its tokens' times; without any, when its author says it was. */
export function stampOf({
  body,
  pot,
}: {
  body: { tsMs: number };
  pot: readonly PotToken[];
}): number {
  return pot.length > 0 ? medianMs(pot.map(({ tMs }) => tMs)) : body.tsMs;
}

/** The middle of some times; of an even number the lower of the two. */
export function medianMs(times: readonly number[]): number {
  assert(times.length > 0, "POT_MEDIAN");
  const sorted = times.slice().sort((a, b) => a - b);
  return sorted[(sorted.length - 1) >> 1];
}
