// SPDX-License-Identifier: Apache-2.0
/** Merkle trees against the roots of Certificate Transparency's tests and a plain recursion. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { concatBytes, fromHex, toHex } from "#core/codec/bytes";
import { merkleProof, merkleRoot, merkleVerify } from "#core/crypto/merkle";
import { sodiumCrypto } from "#node/crypto/sodium";

const crypto = sodiumCrypto();
const hex = (text: string) => fromHex(text) as Uint8Array;

/** The eight leaves of the reference implementation's tests, and the root after each. */
const LEAVES = [
  "",
  "00",
  "10",
  "2021",
  "3031",
  "40414243",
  "5051525354555657",
  "606162636465666768696a6b6c6d6e6f",
].map(hex);
const ROOTS = [
  "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
  "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
  "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
  "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
  "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
  "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
  "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
  "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
];

/** RFC 6962 section 2.1 word for word: slow, recursive, and obviously the definition. */
function definedRoot(leaves: readonly Uint8Array[]): Uint8Array {
  if (leaves.length === 0) return crypto.sha256(new Uint8Array(0));
  if (leaves.length === 1) return crypto.sha256(concatBytes(Uint8Array.of(0), leaves[0]));
  const k = split(leaves.length);
  const left = definedRoot(leaves.slice(0, k));
  return crypto.sha256(concatBytes(Uint8Array.of(1), left, definedRoot(leaves.slice(k))));
}

/** RFC 6962 section 2.1.1: PATH(m, D[n]). */
function definedPath(index: number, leaves: readonly Uint8Array[]): Uint8Array[] {
  if (leaves.length <= 1) return [];
  const k = split(leaves.length);
  return index < k
    ? [...definedPath(index, leaves.slice(0, k)), definedRoot(leaves.slice(k))]
    : [...definedPath(index - k, leaves.slice(k)), definedRoot(leaves.slice(0, k))];
}

function split(n: number): number {
  let k = 1;
  while (2 * k < n) k *= 2;
  return k;
}

const anyLeaves = fc.array(fc.uint8Array({ maxLength: 40 }), { minLength: 1, maxLength: 40 });

test("the empty tree is the hash of nothing", () => {
  const empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
  assert.equal(toHex(merkleRoot(crypto, [])), empty);
});

test("roots of the reference's eight leaves", () => {
  ROOTS.forEach((root, i) => {
    const leaves = LEAVES.slice(0, i + 1);
    assert.equal(toHex(merkleRoot(crypto, leaves)), root, `${i + 1} leaves`);
    assert.equal(toHex(definedRoot(leaves)), root, `${i + 1} leaves by definition`);
  });
});

test("roots and paths are those of the definition, for every size and index", () => {
  for (let size = 1; size <= 33; size++) {
    const leaves = Array.from({ length: size }, (_, i) => Uint8Array.of(size, i));
    const root = merkleRoot(crypto, leaves);
    assert.deepEqual(root, definedRoot(leaves));
    for (let index = 0; index < size; index++) {
      const proof = merkleProof(crypto, leaves, index);
      assert.deepEqual(proof, definedPath(index, leaves), `leaf ${index} of ${size}`);
      assert.equal(merkleVerify(crypto, leaves[index], index, size, proof, root), true);
    }
  }
});

test("a proof holds for its leaf, index, size and root only", () => {
  fc.assert(
    fc.property(anyLeaves, fc.nat(), fc.nat(), fc.nat(), (leaves, at, where, bit) => {
      const size = leaves.length;
      const index = at % size;
      const leaf = leaves[index];
      const root = merkleRoot(crypto, leaves);
      const proof = merkleProof(crypto, leaves, index);
      const verify = (l: Uint8Array = leaf, i = index, n = size, p = proof, r = root) =>
        merkleVerify(crypto, l, i, n, p, r);
      assert.equal(verify(), true);
      assert.equal(verify(concatBytes(leaf, Uint8Array.of(0))), false);
      assert.equal(verify(leaf, index, size, [...proof, root]), false);
      assert.equal(verify(leaf, index, 2 * size + 1), false);
      assert.equal(verify(leaf, index, size, proof, crypto.sha256(root)), false);
      if (proof.length > 0) {
        assert.equal(verify(leaf, index, size, proof.slice(1)), false);
        const bent = proof.map((hash) => hash.slice());
        bent[where % bent.length][bit % 32] ^= 1 << (bit % 8);
        assert.equal(verify(leaf, index, size, bent), false);
      }
    }),
  );
});

test("verifying never throws and never takes long", () => {
  const root = merkleRoot(crypto, LEAVES);
  const proof = merkleProof(crypto, LEAVES, 3);
  const verify = (index: number, size: number, p = proof, r = root) =>
    merkleVerify(crypto, LEAVES[3], index, size, p, r);
  for (const index of [-1, 8, 3.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 53]) {
    assert.equal(verify(index, 8), false, `index ${index}`);
  }
  for (const size of [0, -8, 3, 8.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 53]) {
    assert.equal(verify(3, size), false, `size ${size}`);
  }
  assert.equal(verify(3, 8, []), false);
  assert.equal(verify(3, 8, Array(1_000_000).fill(root)), false);
  assert.equal(verify(3, 8, [proof[0], proof[1], new Uint8Array(31)]), false);
  assert.equal(verify(3, 8, proof, new Uint8Array(0)), false);
  assert.equal(verify(2 ** 32 - 1, 2 ** 32, Array(32).fill(root)), false);
});

test("an index outside of the leaves is our own bug", () => {
  for (const index of [-1, 8, 0.5, Number.NaN]) {
    assert.throws(() => merkleProof(crypto, LEAVES, index), { code: "MERKLE_INDEX" });
  }
  assert.throws(() => merkleProof(crypto, [], 0), { code: "MERKLE_INDEX" });
});
