// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import fc from "fast-check";
import { Committees } from "#core/pot/committee";
import { sha256Tails } from "#node/crypto/sha256-tails";
import { sodiumCrypto } from "#node/crypto/sodium";

const sha256 = (data: Uint8Array) => createHash("sha256").update(data).digest();

test("digests are those of SHA-256, wherever the endings begin", () => {
  const bytes = (length: number) => fc.uint8Array({ minLength: length, maxLength: length });
  const shape = fc
    .record({ blocks: fc.nat(3), before: fc.nat(38), size: fc.integer({ min: 1, max: 17 }) })
    .chain(({ blocks, before, size }) =>
      fc.record({
        head: bytes(64 * blocks + before),
        size: fc.constant(size),
        tails: bytes(3 * size),
      }),
    );
  fc.assert(
    fc.property(shape, ({ head, size, tails }) => {
      const input = new Uint8Array(head.length + size);
      input.set(head);
      const digests = sha256Tails(input, head.length, tails, size).slice();
      assert.equal(digests.length, 3 * 32);
      for (let i = 0; i < 3; i++) {
        input.set(tails.subarray(i * size, (i + 1) * size), head.length);
        assert.deepEqual(Buffer.from(digests.subarray(32 * i, 32 * i + 32)), sha256(input));
      }
    }),
  );
});

test("what does not fit into the last block is a bug", () => {
  assert.throws(() => sha256Tails(new Uint8Array(56), 40, new Uint8Array(16), 16));
  assert.throws(() => sha256Tails(new Uint8Array(50), 40, new Uint8Array(16), 16));
});

test("committees are the same with it and without", () => {
  const fast = sodiumCrypto();
  const slow = { ...fast, sha256Tails: undefined };
  const hash = (label: string) => fast.sha256(Uint8Array.from(Buffer.from(label)));
  for (const count of [3, 17, 100]) {
    const members = Array.from({ length: count }, (_, i) => ({
      node: hash(`node ${i}`).slice(0, 16),
      publicKey: hash(`key ${i}`),
    })).sort((a, b) => Buffer.compare(a.node, b.node));
    const epoch = {
      ...{ net: "n", gateway: new Uint8Array(16), epoch: 1, beacon: hash("beacon") },
      ...{ reveals: new Uint8Array(0), startMs: 0, epsilonMs: 1, tauMs: 1, k: 7, m: 5, members },
    };
    const [one, other] = [fast, slow].map((crypto) => new Committees(crypto, epoch));
    for (let tick = 0; tick < 200; tick++) {
      const from = tick % 2 === 0 ? members[tick % count].node : hash(`guest ${tick}`).slice(0, 16);
      assert.deepEqual(one.of(from, 1e10 + tick), other.of(from, 1e10 + tick));
    }
  }
});
