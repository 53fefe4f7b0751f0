// SPDX-License-Identifier: Apache-2.0
/**
 * Proof-of-work for the right to lead (paper 1, II-B-5: Hash(φ + history) < Difficulty). All of it is
 * integers: each gateway comes to the same target, and to the same order of two proposals.
 */
import { concatBytes } from "../codec/bytes.ts";
import { encodeCbor } from "../codec/cbor.ts";
import { domainHash } from "../crypto/domain.ts";
import type { Crypto } from "../crypto/port.ts";
import { assert } from "../errors/assert.ts";
import { WORK_SPAN_BLOCKS } from "./limits.ts";

/** A target that every hash is below. */
export function easiestTarget(): bigint {
  return 1n << 256n;
}

/** What work is done over: it serves one block of one gateway in one round on one chain. */
export interface WorkSubject {
  readonly net: string;
  /** The last block of the chain, as its application names it. */
  readonly prev: Uint8Array;
  readonly height: number;
  readonly round: number;
  readonly proposer: Uint8Array;
  readonly block: Uint8Array;
}

/** The hash that the nonces are tried on, so that a try costs one SHA-256 of 40 bytes. */
export function workSeed(crypto: Crypto, subject: WorkSubject): Uint8Array {
  const { net, prev, height, round, proposer, block } = subject;
  const parts = encodeCbor([net, prev, height, round, proposer, block]);
  return domainHash(crypto, "wattle/work/1", parts);
}

/** SHA-256(seed ‖ nonce in 8 bytes, big-endian): the work is done where it is below the target. */
export function workHash(crypto: Crypto, seed: Uint8Array, nonce: number): Uint8Array {
  assert(Number.isSafeInteger(nonce) && nonce >= 0, "WORK_NONCE", String(nonce));
  const tail = new Uint8Array(8);
  let rest = nonce;
  for (let i = 7; i >= 0; i--) {
    tail[i] = rest % 256;
    rest = Math.floor(rest / 256);
  }
  return crypto.sha256(concatBytes(seed, tail));
}

/** A hash as an unsigned integer, big-endian. */
export function workValue(hash: Uint8Array): bigint {
  let value = 0n;
  for (let i = 0; i < hash.length; i++) value = (value << 8n) | BigInt(hash[i]);
  return value;
}

/** Whether `nonce` is below the target. */
export function isWork(crypto: Crypto, seed: Uint8Array, nonce: number, target: bigint): boolean {
  return workValue(workHash(crypto, seed, nonce)) < target;
}

/**
 * The target of the block at `height`. Every WORK_SPAN_BLOCKS blocks it moves by how long the last so many
 * took, measured against `intervalMs` each, to at most the double and at least the half; between it stays.
 * `timesMs`: header times of the blocks before, oldest first; as many as there are, WORK_SPAN_BLOCKS + 1
 * suffice.
 */
export function nextTarget(
  target: bigint,
  height: number,
  timesMs: readonly number[],
  intervalMs: number,
): bigint {
  assert(intervalMs > 0, "WORK_INTERVAL");
  if (height % WORK_SPAN_BLOCKS !== 0 || timesMs.length <= WORK_SPAN_BLOCKS) return target;
  const expectedMs = WORK_SPAN_BLOCKS * intervalMs;
  const last = timesMs[timesMs.length - 1];
  const tookMs = last - timesMs[timesMs.length - 1 - WORK_SPAN_BLOCKS];
  const boundedMs = Math.min(Math.max(tookMs, Math.ceil(expectedMs / 2)), 2 * expectedMs);
  const moved = (target * BigInt(boundedMs)) / BigInt(expectedMs);
  const most = easiestTarget();
  if (moved > most) return most;
  return moved > 0n ? moved : 1n;
}

/** The first nonce from `from` on that is below the target, within `tries`; undefined where none is. */
export function findWork(
  crypto: Crypto,
  seed: Uint8Array,
  target: bigint,
  from: number,
  tries: number,
): number | undefined {
  for (let nonce = from; nonce < from + tries; nonce++)
    if (isWork(crypto, seed, nonce, target)) return nonce;
  return undefined;
}
