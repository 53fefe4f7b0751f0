// SPDX-License-Identifier: Apache-2.0
/** Wallet addresses: fixed vectors, proofs that hold for nothing else, and sets that share nothing. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { fromHex, toHex } from "#core/codec/bytes";
import { nobleCrypto } from "#core/crypto/noble";
import { nodeIdOf } from "#core/identity";
import {
  claimWallets,
  listWallets,
  type WalletClaim,
  walletCommitment,
  walletOf,
  walletSecretOf,
  walletsProved,
} from "#core/wallets";
import { sodiumCrypto } from "#node/crypto/sodium";

const NET = "street-7";
const crypto = sodiumCrypto();
const keyOf = (first: number): Uint8Array => new Uint8Array(32).fill(first);
const idOf = (first: number): Uint8Array => nodeIdOf(crypto, crypto.publicKey(keyOf(first)));

interface Vector extends Record<string, string | number> {
  set: number;
  addresses: number;
}
const file = new URL("../../vectors/wallets/wallets.json", import.meta.url);
const vectors = JSON.parse(readFileSync(file, "utf8")) as Vector[];

for (const other of [crypto, nobleCrypto()])
  test(`the vectors (${other.name})`, () => {
    assert.equal(vectors.length, 3);
    for (const vector of vectors) {
      const { set, addresses } = vector;
      const hex = (name: string): Uint8Array => fromHex(String(vector[name]))!;
      const secretKey = hex("secretKey");
      const secret = walletSecretOf(other, secretKey, set);
      assert.equal(toHex(secret), vector.walletSecret);
      const claim = claimWallets(other, secretKey, NET, hex("node"), set, addresses);
      assert.equal(toHex(claim.walletKey), vector.walletKey);
      assert.equal(toHex(claim.walletProof), vector.walletProof);
      const { wallets, commitment } = listWallets(other, claim);
      assert.equal(toHex(commitment), vector.commitment);
      assert.equal(wallets.length, addresses);
      assert.deepEqual([wallets[0], wallets[addresses - 1]], [vector.first, vector.last]);
      assert.equal(toHex(walletOf(other, claim.walletKey, addresses - 1)), vector.last);
    }
  });

test("a proof holds for its node, network, set and number of addresses only", () => {
  const node = idOf(1);
  const claim = claimWallets(crypto, keyOf(1), NET, node, 3, 64);
  assert.ok(walletsProved(crypto, NET, node, claim));
  const others: [string, string, Uint8Array, WalletClaim][] = [
    ["another node", NET, idOf(2), claim],
    ["another network", "street-8", node, claim],
    ["another set", NET, node, { ...claim, set: 4 }],
    ["more addresses", NET, node, { ...claim, addresses: 65 }],
    ["another key", NET, node, { ...claim, walletKey: crypto.publicKey(keyOf(9)) }],
  ];
  for (const [what, net, id, changed] of others)
    assert.equal(walletsProved(crypto, net, id, changed), false, what);
  const none = claimWallets(crypto, keyOf(1), NET, node, 3, 0);
  assert.equal(walletsProved(crypto, NET, node, none), false, "a set of nothing");
});

test("no two sets share a key, a commitment or an address, nor do they show the node's key", () => {
  const seen = new Set<string>();
  for (const first of [1, 2])
    for (const set of [0, 1, 256, 65_536, 2 ** 24]) {
      const claim = claimWallets(crypto, keyOf(first), NET, idOf(first), set, 64);
      const { wallets, commitment } = listWallets(crypto, claim);
      for (const value of [toHex(claim.walletKey), toHex(commitment), ...wallets]) {
        assert.ok(!seen.has(value), `${first} ${set}: ${value}`);
        seen.add(value);
      }
      assert.equal(toHex(commitment), toHex(walletCommitment(crypto, claim.walletKey)));
    }
  assert.equal(seen.size, 10 * 66);
});
