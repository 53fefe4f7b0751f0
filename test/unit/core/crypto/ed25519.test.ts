// SPDX-License-Identifier: Apache-2.0
/** noble (with and without a table) and sodium: the same bytes and the same verdicts. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { ed25519 } from "@noble/curves/ed25519.js";
import fc from "fast-check";
import { fromHex, toHex } from "#core/codec/bytes";
import { nobleCrypto } from "#core/crypto/noble";
import type { Crypto } from "#core/crypto/port";
import { sodiumCrypto } from "#node/crypto/sodium";
import { requireData } from "../../../data.ts";
import {
  checkSigning,
  checkVectors,
  type Ed25519SigningVector,
  type Ed25519Vector,
} from "../../../vectors/ed25519/check.ts";

const noble = nobleCrypto();
const IMPLEMENTATIONS: [string, Crypto][] = [
  ["noble", noble],
  ["noble without a table", nobleCrypto({ windowBits: 1 })],
  ["sodium", sodiumCrypto()],
];

function load<T>(file: string): T[] {
  return JSON.parse(
    readFileSync(new URL(`../../../vectors/ed25519/${file}`, import.meta.url), "utf8"),
  );
}

/** noble's own verification as a control: it has the cofactor, so some vectors must catch it. */
const cofactored: Crypto = {
  ...noble,
  verify(publicKey, message, signature) {
    try {
      return ed25519.verify(signature, message, publicKey);
    } catch {
      return false;
    }
  },
};

const bytes32 = fc.uint8Array({ minLength: 32, maxLength: 32 });

for (const [name, crypto] of IMPLEMENTATIONS) {
  test(`${name}: RFC 8032 section 7.1`, () => {
    const vectors = load<Ed25519SigningVector>("rfc8032.json");
    assert.equal(vectors.length, 5);
    assert.deepEqual(checkVectors(crypto, vectors), []);
    assert.deepEqual(checkSigning(crypto, vectors), []);
  });

  test(`${name}: small order, non-canonical, large S and wrong shapes`, () => {
    const vectors = load<Ed25519Vector>("edge.json");
    assert.ok(vectors.length >= 80);
    assert.deepEqual(checkVectors(crypto, vectors), []);
  });

  test(`${name}: mixed order, without the cofactor`, () => {
    const vectors = load<Ed25519Vector>("mixed-order.json");
    assert.ok(vectors.filter((v) => v.valid).length >= 14);
    assert.ok(vectors.filter((v) => !v.valid).length >= 16);
    assert.deepEqual(checkVectors(crypto, vectors), []);
  });

  test(`${name}: Wycheproof`, (t) => {
    const path = requireData(t, "vectors/wycheproof-ed25519.json");
    if (path === undefined) return;
    const file = JSON.parse(readFileSync(path, "utf8"));
    const vectors: Ed25519Vector[] = [];
    for (const group of file.testGroups) {
      for (const { tcId, comment, msg, sig, result } of group.tests) {
        vectors.push({
          name: `${tcId} ${comment}`,
          publicKey: group.publicKey.pk,
          message: msg,
          signature: sig,
          valid: result === "valid",
        });
      }
    }
    assert.equal(vectors.length, file.numberOfTests);
    assert.deepEqual(checkVectors(crypto, vectors), []);
  });

  test(`${name}: a secret key of another length is our own bug`, () => {
    for (const length of [0, 31, 33, 64]) {
      assert.throws(() => crypto.publicKey(new Uint8Array(length)), { code: "CRYPTO_SECRET_KEY" });
      assert.throws(() => crypto.sign(new Uint8Array(length), new Uint8Array(1)), {
        code: "CRYPTO_SECRET_KEY",
      });
    }
  });

  test(`${name}: verify never throws, whatever the lengths`, () => {
    const any = fc.uint8Array({ maxLength: 100 });
    fc.assert(
      fc.property(any, any, any, (publicKey, message, signature) => {
        assert.equal(crypto.verify(publicKey, message, signature), false);
      }),
    );
    fc.assert(
      fc.property(bytes32, any, bytes32, bytes32, (publicKey, message, r, s) => {
        const signature = Uint8Array.of(...r, ...s);
        assert.equal(crypto.verify(publicKey, message, signature), false);
      }),
      { numRuns: 30 },
    );
  });

  test(`${name}: more keys than the cache keeps, and no cached array escapes`, () => {
    const keys = Array.from({ length: 12 }, (_, i) => new Uint8Array(32).fill(i));
    const expected = keys.map((key) => toHex(ed25519.getPublicKey(key)));
    for (let round = 0; round < 2; round++) {
      keys.forEach((key, i) => {
        const publicKey = crypto.publicKey(key);
        assert.equal(toHex(publicKey), expected[i]);
        publicKey.fill(0); // a caller that scribbles on its copy
      });
    }
  });
}

test("the vectors tell a cofactored verifier from the rule", () => {
  assert.ok(checkVectors(cofactored, load<Ed25519Vector>("mixed-order.json")).length >= 16);
  assert.ok(checkVectors(cofactored, load<Ed25519Vector>("edge.json")).length >= 16);
});

test("the same key, message and signature bytes from every implementation", () => {
  fc.assert(
    fc.property(bytes32, fc.uint8Array({ maxLength: 300 }), (secretKey, message) => {
      const publicKey = noble.publicKey(secretKey);
      const signature = noble.sign(secretKey, message);
      for (const [name, crypto] of IMPLEMENTATIONS) {
        assert.equal(toHex(crypto.publicKey(secretKey)), toHex(publicKey), name);
        assert.equal(toHex(crypto.sign(secretKey, message)), toHex(signature), name);
        assert.equal(crypto.verify(publicKey, message, signature), true, name);
      }
    }),
    { numRuns: 40 },
  );
});

test("a single flipped bit anywhere is refused by every implementation", () => {
  const message = fc.uint8Array({ minLength: 1, maxLength: 64 });
  fc.assert(
    fc.property(bytes32, message, fc.nat(), (secretKey, message, where) => {
      const parts = [noble.publicKey(secretKey), message, noble.sign(secretKey, message)];
      const bits = 8 * parts.reduce((sum, part) => sum + part.length, 0);
      let bit = where % bits;
      for (const part of parts) {
        if (bit >= 0 && bit < 8 * part.length) part[bit >> 3] ^= 1 << (bit & 7);
        bit -= 8 * part.length;
      }
      for (const [name, crypto] of IMPLEMENTATIONS) {
        assert.equal(crypto.verify(parts[0], parts[1], parts[2]), false, name);
      }
    }),
    { numRuns: 60 },
  );
});

test("a platform's own SHA-512 takes noble's place", async () => {
  const { createHash } = await import("node:crypto");
  const sha512 = (data: Uint8Array) => new Uint8Array(createHash("sha512").update(data).digest());
  const vectors = load<Ed25519SigningVector>("rfc8032.json");
  assert.deepEqual(checkSigning(nobleCrypto({ sha512 }), vectors), []);
});

test("SHA-256: FIPS 180-2 appendix B and CAVP vectors", () => {
  const vectors: [message: Uint8Array, digest: string][] = [
    [new Uint8Array(0), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"],
    [Buffer.from("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"],
    [
      Buffer.from("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"),
      "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1",
    ],
    [
      Buffer.alloc(1_000_000, "a"),
      "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0",
    ],
    // CAVP SHA256ShortMsg, Len = 8 and Len = 32
    [
      fromHex("d3") as Uint8Array,
      "28969cdfa74a12c82f3bad960b0b000aca2ac329deea5c2328ebc6f2ba9802c1",
    ],
    [
      fromHex("74ba2521") as Uint8Array,
      "b16aa56be3880d18cd41e68384cf1ec8c17680c45a02b1575dc1518923ae8b0e",
    ],
  ];
  for (const [name, crypto] of IMPLEMENTATIONS) {
    for (const [message, digest] of vectors) {
      assert.equal(toHex(crypto.sha256(message)), digest, name);
    }
  }
});
