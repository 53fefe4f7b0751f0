// SPDX-License-Identifier: Apache-2.0
/** The verify pool answers every batch, in order, whatever becomes of its workers. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { sodiumCrypto } from "#node/crypto/sodium";
import { packBatch, verifyPacked } from "#node/crypto/verify-batch";
import { INLINE_BELOW, type Verification, VerifyPool } from "#node/crypto/verify-pool";

const crypto = sodiumCrypto();
const secretKey = new Uint8Array(32).fill(7);
const publicKey = crypto.publicKey(secretKey);

/** `count` signatures of which every `badEvery`th is wrong, and the verdicts they deserve. */
function makeBatch(count: number, badEvery = 3): { batch: Verification[]; expected: boolean[] } {
  const batch: Verification[] = [];
  const expected: boolean[] = [];
  for (let i = 0; i < count; i++) {
    const message = new Uint8Array(i % 250).fill(i);
    const signature = crypto.sign(secretKey, message);
    const good = i % badEvery !== badEvery - 1;
    if (!good) signature[i % 64] ^= 1;
    batch.push({ publicKey, message, signature });
    expected.push(good);
  }
  return { batch, expected };
}

/** A worker that misbehaves on its first message. */
function workerThat(action: string): URL {
  const source = `import { parentPort } from "node:worker_threads";
    parentPort.on("message", () => { ${action} });`;
  return new URL(`data:text/javascript,${encodeURIComponent(source)}`);
}

test("a packed batch gives the same verdicts", () => {
  for (const count of [0, 1, 33]) {
    const { batch, expected } = makeBatch(count);
    assert.deepEqual(Array.from(verifyPacked(packBatch(batch)), Boolean), expected);
  }
});

test("small batches are verified inline, larger ones in the worker", async () => {
  const pool = new VerifyPool();
  for (const count of [0, 1, INLINE_BELOW - 1, INLINE_BELOW, 500]) {
    const { batch, expected } = makeBatch(count);
    assert.deepEqual(await pool.verify(batch), expected, `${count} signatures`);
  }
  assert.equal(pool.counts.inline, INLINE_BELOW);
  assert.equal(pool.counts.inWorkers, INLINE_BELOW + 500);
  await pool.close();
});

test("many batches at once on two workers each get their own answer", async () => {
  const pool = new VerifyPool({ workers: 2 });
  const batches = Array.from({ length: 20 }, (_, i) => makeBatch(40 + i, 2 + (i % 5)));
  const answers = await Promise.all(batches.map(({ batch }) => pool.verify(batch)));
  batches.forEach(({ expected }, i) => {
    assert.deepEqual(answers[i], expected, `batch ${i}`);
  });
  await pool.close();
});

test("parts of a wrong length are false and spoil nothing", async () => {
  const pool = new VerifyPool();
  const { batch, expected } = makeBatch(64);
  batch[5] = { ...batch[5], publicKey: publicKey.subarray(1) };
  batch[9] = { ...batch[9], signature: new Uint8Array(65) };
  expected[5] = expected[9] = false;
  assert.deepEqual(await pool.verify(batch), expected);
  await pool.close();
});

test("beyond the queue's bound batches are verified inline", async () => {
  const pool = new VerifyPool();
  const { batch, expected } = makeBatch(3000);
  const answers = await Promise.all([batch, batch, batch, batch].map((b) => pool.verify(b)));
  for (const answer of answers) assert.deepEqual(answer, expected);
  assert.equal(pool.counts.inline, 6000);
  await pool.close();
});

for (const [name, action] of [
  ["exits", "process.exit(3)"],
  ["throws", "throw new Error('worker bug')"],
]) {
  test(`a worker that ${name} costs no verdict`, async () => {
    const pool = new VerifyPool({ workerUrl: workerThat(action) });
    const { batch, expected } = makeBatch(64);
    for (let round = 0; round < 6; round++) {
      const answers = await Promise.all([pool.verify(batch), pool.verify(batch)]);
      assert.deepEqual(answers, [expected, expected], `round ${round}`);
    }
    assert.equal(pool.counts.inWorkers, 0);
    assert.ok(pool.counts.workerCrashes >= 1 && pool.counts.workerCrashes <= 4);
    await pool.close();
  });
}

test("closing answers what is under way, and a closed pool still verifies", async () => {
  const pool = new VerifyPool({ workerUrl: workerThat("") });
  const { batch, expected } = makeBatch(64);
  const underWay = pool.verify(batch);
  await pool.close();
  await pool.close();
  assert.deepEqual(await underWay, expected);
  assert.deepEqual(await pool.verify(batch), expected);
});
