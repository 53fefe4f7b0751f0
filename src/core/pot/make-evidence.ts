// SPDX-License-Identifier: Apache-2.0
/** Making proofs of fraud: a gateway's work, who hears everything. Members judge them (evidence.ts). */
import { compareBytes } from "../codec/bytes.ts";
import type { Crypto } from "../crypto/port.ts";
import { EVIDENCE_ITEM_BYTES_MAX, MESSAGE_BYTES_MAX } from "../limits.ts";
import { type Evidence, Fraud } from "../records/vote.ts";
import { judge } from "./evidence.ts";

/**
 * Evidence out of two asks or transactions of one author as they came: the fraud that they prove, or
 * undefined where they prove none (or are too large to be carried).
 */
export function makeEvidence(
  crypto: Crypto,
  net: string,
  publicKey: Uint8Array,
  a: Uint8Array,
  b: Uint8Array,
): Evidence | undefined {
  const items = byBytes(a, b);
  const frauds: [number, Uint8Array[]][] = [
    [Fraud.tokens, items],
    [Fraud.cancelled, items],
    [Fraud.cancelled, [items[1], items[0]]],
    [Fraud.bodies, items],
  ];
  for (const [fraud, ordered] of frauds) {
    const evidence = { net, fraud, publicKey, items: ordered };
    if (fits(evidence) && judge(crypto, evidence).ok) return evidence;
  }
  return undefined;
}

/** Evidence out of two signed votes (or one, twice) and the bodies that they are for, in the same order. */
export function makeVoteEvidence(
  crypto: Crypto,
  net: string,
  publicKey: Uint8Array,
  votes: readonly [Uint8Array, Uint8Array],
  bodies: readonly [Uint8Array, Uint8Array],
): Evidence | undefined {
  const evidence = { net, fraud: Fraud.votes, publicKey, items: [...votes, ...bodies] };
  return fits(evidence) && judge(crypto, evidence).ok ? evidence : undefined;
}

/** One order for one pair: two who find the same fraud say the same. */
function byBytes(a: Uint8Array, b: Uint8Array): Uint8Array[] {
  return compareBytes(a, b) <= 0 ? [a, b] : [b, a];
}

/** Name of the network, key and heads in evidence. */
const HEAD_BYTES = 128;

function fits({ items }: Evidence): boolean {
  let length = HEAD_BYTES;
  for (const item of items) {
    if (item.length > EVIDENCE_ITEM_BYTES_MAX) return false;
    length += item.length;
  }
  return length <= MESSAGE_BYTES_MAX;
}
