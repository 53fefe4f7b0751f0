// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { ascii, toHex } from "#core/codec/bytes";
import { nodeIdOf } from "#core/identity";
import { Confidential, type Peer } from "#node/consortium/confidential";
import { sodiumCrypto } from "#node/crypto/sodium";

const crypto = sodiumCrypto();
const TOPIC = "wattle/1/consortium/aa/feed";

function gatewayOf(fill: number): Peer & { seed: Uint8Array } {
  const seed = new Uint8Array(32).fill(fill);
  const publicKey = crypto.publicKey(seed);
  return { id: nodeIdOf(crypto, publicKey), publicKey, seed };
}
const [a, b, c, stranger] = [1, 2, 3, 4].map(gatewayOf);

/** Keys of all three, told to each other; a stranger has read everything. */
function consortium() {
  const all = [a, b, c].map((peer) => ({ peer, box: new Confidential(peer.id, peer.seed) }));
  const readers = all.map(({ peer, box }) => {
    const others = [a, b, c].filter(({ id }) => id !== peer.id);
    return box.readers("test", others, 1);
  });
  const outsider = new Confidential(stranger.id, stranger.seed);
  all.forEach(({ box }, i) => {
    readers.forEach((said, from) => {
      if (from !== i) assert.equal(box.learn(said, all[from].peer.publicKey), true);
    });
  });
  readers.forEach((said, from) => {
    assert.equal(outsider.learn(said, all[from].peer.publicKey), false);
  });
  return { boxes: all.map(({ box }) => box), readers, outsider };
}

test("every reader opens what is sealed, and nobody else", () => {
  const { boxes, outsider } = consortium();
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), (payload) => {
      const sealed = boxes[0].seal(TOPIC, payload);
      for (const box of boxes.slice(1)) {
        const opened = box.open(a.id, TOPIC, sealed);
        assert.ok(typeof opened !== "string");
        assert.deepEqual([...opened], [...payload]);
      }
      assert.equal(outsider.open(a.id, TOPIC, sealed), "unknown key");
    }),
    { numRuns: 50 },
  );
});

test("another topic, another sender, any changed byte: damaged or unknown", () => {
  const { boxes } = consortium();
  const sealed = boxes[0].seal(TOPIC, ascii("segment"));
  assert.equal(boxes[1].open(a.id, `${TOPIC}s`, sealed), "damaged");
  assert.equal(boxes[1].open(c.id, TOPIC, sealed), "unknown key");
  for (let at = 0; at < sealed.length; at++) {
    const changed = sealed.slice();
    changed[at] ^= 1;
    assert.equal(typeof boxes[1].open(a.id, TOPIC, changed), "string", `byte ${at}`);
  }
  for (const length of [0, 1, 40, sealed.length - 1])
    assert.equal(typeof boxes[1].open(a.id, TOPIC, sealed.slice(0, length)), "string");
});

test("the key and the payload are in nothing that goes over the broker", () => {
  const { boxes, readers } = consortium();
  const payload = ascii("who bought what from whom, in clear");
  const seen =
    toHex(boxes[0].seal(TOPIC, payload)) + readers.flatMap((r) => r.keys.map((k) => toHex(k.box)));
  assert.equal(seen.includes(toHex(payload)), false);
  assert.notEqual(toHex(boxes[0].seal(TOPIC, payload)), toHex(boxes[0].seal(TOPIC, payload)));
});

test("a box made by another gateway is not taken for this one's", () => {
  const { readers } = consortium();
  const box = new Confidential(b.id, b.seed);
  assert.equal(box.learn(readers[0], c.publicKey), false);
  assert.equal(box.learn(readers[0], a.publicKey), true);
});

test("after a restart the new key is learnt, and what was sealed just before still opens", () => {
  const box = new Confidential(b.id, b.seed);
  const before = new Confidential(a.id, a.seed);
  const after = new Confidential(a.id, a.seed);
  for (const sender of [before, after]) box.learn(sender.readers("test", [b], 1), a.publicKey);
  for (const sender of [before, after])
    assert.ok(typeof box.open(a.id, TOPIC, sender.seal(TOPIC, ascii("x"))) !== "string");
  box.learn(new Confidential(a.id, a.seed).readers("test", [b], 2), a.publicKey);
  assert.equal(box.open(a.id, TOPIC, before.seal(TOPIC, ascii("x"))), "unknown key");
});
