// SPDX-License-Identifier: Apache-2.0
/** Proof-of-work: its subject, its target, and when blocks may be. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { blockTimeMs, checkBlockTime } from "#core/consensus/block-time";
import { BLOCK_SKEW_MS, WORK_SPAN_BLOCKS } from "#core/consensus/limits";
import {
  easiestTarget,
  findWork,
  isWork,
  nextTarget,
  workHash,
  workSeed,
  workValue,
} from "#core/consensus/work";
import { nobleCrypto } from "#core/crypto/noble";

const crypto = nobleCrypto();
const subject = {
  net: "test",
  prev: new Uint8Array(32).fill(1),
  height: 3,
  round: 0,
  proposer: new Uint8Array(16).fill(2),
  block: new Uint8Array(32).fill(3),
};

test("work serves one block of one gateway in one round on one chain", () => {
  const seeds = [
    subject,
    { ...subject, net: "other" },
    { ...subject, prev: new Uint8Array(32) },
    { ...subject, height: 4 },
    { ...subject, round: 1 },
    { ...subject, proposer: new Uint8Array(16) },
    { ...subject, block: new Uint8Array(32) },
  ].map((one) => workSeed(crypto, one).join());
  assert.equal(new Set(seeds).size, seeds.length);
});

test("a nonce is found that is below the target, and the one before it is not", () => {
  const seed = workSeed(crypto, subject);
  const target = easiestTarget() >> 6n;
  const nonce = findWork(crypto, seed, target, 0, 10_000);
  assert.ok(nonce !== undefined && nonce > 0);
  assert.ok(isWork(crypto, seed, nonce, target));
  assert.ok(!isWork(crypto, seed, nonce - 1, target));
  assert.equal(findWork(crypto, seed, 1n, 0, 50), undefined);
  assert.ok(isWork(crypto, seed, Number.MAX_SAFE_INTEGER, easiestTarget()));
  assert.notDeepEqual(workHash(crypto, seed, 1), workHash(crypto, seed, 2 ** 32 + 1));
  assert.equal(workValue(Uint8Array.of(1, 2)), 258n);
});

test("the target follows the time that blocks took, by a bounded step", () => {
  const target = 1n << 240n;
  const times = (stepMs: number): number[] =>
    Array.from({ length: WORK_SPAN_BLOCKS + 1 }, (_, i) => 5000 + i * stepMs);
  const next = (stepMs: number): bigint =>
    nextTarget(target, 2 * WORK_SPAN_BLOCKS, times(stepMs), 1000);
  assert.equal(next(1000), target);
  assert.equal(next(1500), (target * 3n) / 2n);
  assert.equal(next(100_000), 2n * target);
  assert.equal(next(500), target / 2n);
  assert.equal(next(1), target / 2n);
  assert.equal(
    nextTarget(target, 2 * WORK_SPAN_BLOCKS + 1, times(1), 1000),
    target,
    "between spans",
  );
  assert.equal(
    nextTarget(target, WORK_SPAN_BLOCKS, times(1).slice(1), 1000),
    target,
    "too few blocks",
  );
  assert.equal(nextTarget(easiestTarget(), 8, times(5000), 1000), easiestTarget());
  assert.equal(nextTarget(1n, 8, times(1), 1000), 1n);
});

test("blocks come at the target interval after some spans, however hard the first one was", () => {
  // A miner of 1000 tries a second; what a block takes is the mean.
  let target = easiestTarget() >> 20n;
  const timesMs = [0];
  for (let height = 1; height <= 40 * WORK_SPAN_BLOCKS; height++) {
    target = nextTarget(target, height, timesMs, 10_000);
    const tries = Number(easiestTarget() / target);
    timesMs.push(timesMs[height - 1] + Math.max(1, tries));
  }
  const lastMs = (timesMs[timesMs.length - 1] - timesMs[timesMs.length - 9]) / 8;
  assert.ok(lastMs > 9_000 && lastMs < 11_000, `${lastMs} ms`);
});

test("the step is bounded whatever the times are", () => {
  const anyTarget = fc.bigInt({ min: 1n, max: easiestTarget() });
  fc.assert(
    fc.property(anyTarget, fc.array(fc.nat(), { minLength: 9, maxLength: 9 }), (target, times) => {
      const next = nextTarget(target, 16, times, 1000);
      assert.ok(next >= 1n && next <= easiestTarget());
      assert.ok(next <= 2n * target && 2n * next + 2n >= target);
    }),
  );
});

test("a block is later than the one before, and not far ahead of the clock", () => {
  const code = (...args: Parameters<typeof checkBlockTime>): string => {
    const verdict = checkBlockTime(...args);
    return verdict.ok ? "ok" : verdict.code;
  };
  assert.equal(code(100, undefined, 100), "ok");
  assert.equal(code(100, 100, 100), "BLOCK_EARLY");
  assert.equal(code(101, 100, 0), "ok");
  assert.equal(code(BLOCK_SKEW_MS, 100, 0), "ok");
  assert.equal(code(BLOCK_SKEW_MS + 1, 100, 0), "BLOCK_FUTURE");
  assert.equal(code(BLOCK_SKEW_MS + 1, 100, undefined), "ok", "a quorum stands for it");
  assert.equal(blockTimeMs(50, undefined), 50);
  assert.equal(blockTimeMs(50, 70), 71, "a clock that is behind the chain");
});
