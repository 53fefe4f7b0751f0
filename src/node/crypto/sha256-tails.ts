// SPDX-License-Identifier: Apache-2.0
/**
 * SHA-256 (FIPS 180-4) of one input with many endings. A call of the one-shot hash costs 0.9 µs whatever it
 * hashes; here what all of them begin with is compressed once, and each ending is one more block in plain
 * JavaScript: 0.33 µs. A committee is drawn out of 256 such hashes for each transaction.
 */
import { assert } from "#core/errors/assert";

const BLOCK_BYTES = 64;
/** Of a last block: 0x80 and the length stand there too. */
const LAST_BYTES_MAX = BLOCK_BYTES - 9;
const DIGEST_BYTES = 32;

/** Kept from call to call: each would cost an allocation. */
const words = new Int32Array(64);
const state = new Int32Array(8);
let digests = new Uint8Array(0);

/** The first 32 bits of the fractional parts of the roots of the first primes (FIPS 180-4, 4.2.2, 5.3.3). */
const K = new Int32Array(64);
const START = new Int32Array(8);
for (let prime = 2, found = 0; found < 64; prime++) {
  let isPrime = true;
  for (let i = 2; i * i <= prime; i++) if (prime % i === 0) isPrime = false;
  if (!isPrime) continue;
  K[found] = fraction(Math.cbrt(prime));
  if (found < 8) START[found] = fraction(Math.sqrt(prime));
  found++;
}

function fraction(root: number): number {
  return Math.floor((root % 1) * 2 ** 32) | 0;
}

/**
 * Digests of `input` with each of the `size`-byte `tails` at `at` in turn, one after the other, good until the
 * next call. `at` lies in the last block of `input`, and what is in that leaves room for the padding.
 */
export function sha256Tails(
  input: Uint8Array,
  at: number,
  tails: Uint8Array,
  size: number,
): Uint8Array {
  const base = at - (at % BLOCK_BYTES);
  const rest = input.length - base;
  assert(rest <= LAST_BYTES_MAX && at + size <= input.length, "SHA256_TAILS");
  const count = Math.floor(tails.length / size);
  const middle = START.slice();
  for (let from = 0; from < base; from += BLOCK_BYTES) {
    load(input.subarray(from, from + BLOCK_BYTES));
    compress(middle);
  }
  const last = new Uint8Array(BLOCK_BYTES);
  last.set(input.subarray(base));
  last[rest] = 0x80;
  new DataView(last.buffer).setUint32(BLOCK_BYTES - 4, input.length * 8);
  if (digests.length < count * DIGEST_BYTES) digests = new Uint8Array(count * DIGEST_BYTES);
  const view = new DataView(digests.buffer);
  for (let i = 0; i < count; i++) {
    for (let j = 0; j < size; j++) last[at - base + j] = tails[i * size + j];
    load(last);
    state.set(middle);
    compress(state);
    for (let j = 0; j < 8; j++) view.setInt32(i * DIGEST_BYTES + 4 * j, state[j]);
  }
  return digests.subarray(0, count * DIGEST_BYTES);
}

function load(block: Uint8Array): void {
  for (let i = 0; i < 16; i++)
    words[i] =
      (block[4 * i] << 24) | (block[4 * i + 1] << 16) | (block[4 * i + 2] << 8) | block[4 * i + 3];
}

/** One block, whose first 16 `words` are there (FIPS 180-4, 6.2.2). */
function compress(state: Int32Array): void {
  for (let i = 16; i < 64; i++) {
    const x = words[i - 15];
    const y = words[i - 2];
    const s0 = ((x >>> 7) | (x << 25)) ^ ((x >>> 18) | (x << 14)) ^ (x >>> 3);
    const s1 = ((y >>> 17) | (y << 15)) ^ ((y >>> 19) | (y << 13)) ^ (y >>> 10);
    words[i] = (words[i - 16] + s0 + words[i - 7] + s1) | 0;
  }
  let a = state[0];
  let b = state[1];
  let c = state[2];
  let d = state[3];
  let e = state[4];
  let f = state[5];
  let g = state[6];
  let h = state[7];
  for (let i = 0; i < 64; i++) {
    const s1 = ((e >>> 6) | (e << 26)) ^ ((e >>> 11) | (e << 21)) ^ ((e >>> 25) | (e << 7));
    const t1 = (h + s1 + ((e & f) ^ (~e & g)) + K[i] + words[i]) | 0;
    const s0 = ((a >>> 2) | (a << 30)) ^ ((a >>> 13) | (a << 19)) ^ ((a >>> 22) | (a << 10));
    const t2 = (s0 + ((a & b) ^ (a & c) ^ (b & c))) | 0;
    h = g;
    g = f;
    f = e;
    e = (d + t1) | 0;
    d = c;
    c = b;
    b = a;
    a = (t1 + t2) | 0;
  }
  state[0] += a;
  state[1] += b;
  state[2] += c;
  state[3] += d;
  state[4] += e;
  state[5] += f;
  state[6] += g;
  state[7] += h;
}
