// SPDX-License-Identifier: Apache-2.0
/** The Merkle map of the ledger's state: changes with a root for each block, proofs, and a state read back. */
import type { Bench } from "tinybench";
import { ascii, toHex } from "#core/codec/bytes";
import { mapHolds } from "#core/crypto/map-proof";
import { MerkleMap } from "#core/crypto/merkle-map";
import { stateFromLeaves, stateLeaves } from "#core/ledger/snapshot";
import { LedgerState } from "#core/ledger/state";
import { sodiumCrypto } from "#node/crypto/sodium";

const SIZES = [10_000, 100_000];
/** Leaves that one block changes. */
const BLOCK = 1000;
const ACCOUNTS = 1000;

const crypto = sodiumCrypto();

/** The first case is the baseline. */
export function ledger(bench: Bench): () => undefined {
  for (const size of SIZES) {
    const keys = hashes("key", size);
    const values = hashes("value", size);
    let map = MerkleMap.empty();
    for (let i = 0; i < size; i++) map = map.with(keys[i], values[i]);
    const root = map.root(crypto);
    const paths = keys.map((key) => map.prove(crypto, key).path.length);
    const mean = Math.round(paths.reduce((sum, length) => sum + length, 0) / size);
    const longest = paths.reduce((most, length) => Math.max(most, length), 0);
    process.stdout.write(`${size} leaves: proofs of ${mean} bytes, ${longest} at most\n`);
    const value = ascii("value0");
    const { path } = map.prove(crypto, keys[0]); // before any case runs
    let round = 0;
    bench.add(`${size} leaves, ${BLOCK} updates and the root`, () => {
      round++;
      for (let i = 0; i < BLOCK; i++)
        map = map.with(keys[(i * 7919 + round) % size], values[(i + round) % size]);
      map.root(crypto);
    });
    const fresh = hashes("fresh", BLOCK);
    bench.add(`${size} leaves, ${BLOCK} inserts and the root`, () => {
      let grown = map;
      for (const key of fresh) grown = grown.with(key, key);
      grown.root(crypto);
    });
    bench.add(`${size} leaves, ${BLOCK} checks of a proof`, () => {
      for (let i = 0; i < BLOCK; i++)
        if (!mapHolds(crypto, root, keys[0], value, path)) throw new Error("the proof is right");
    });
  }
  const state = accounts();
  const root = state.root(crypto);
  const leaves = [...stateLeaves(crypto, state)];
  bench.add(`${ACCOUNTS} accounts, list ${leaves.length} leaves`, () => {
    for (const leaf of stateLeaves(crypto, state)) leaf.length;
  });
  bench.add(`${ACCOUNTS} accounts, from ${leaves.length} leaves`, () => {
    if (!stateFromLeaves(crypto, leaves, root).ok) throw new Error("the leaves are right");
  });
  return () => undefined;
}

function hashes(name: string, count: number): Uint8Array[] {
  return Array.from({ length: count }, (_, i) => crypto.sha256(ascii(`${name}${i}`)));
}

/** Members with 16 addresses each. */
function accounts(): LedgerState {
  const state = new LedgerState();
  for (const hash of hashes("account", ACCOUNTS)) {
    const node = toHex(hash.subarray(0, 16));
    const wallets = hashes(node, 16).map((address) => toHex(address.subarray(0, 20)));
    const key = { walletKey: hash, walletProof: new Uint8Array(64), addresses: 16, set: 0 };
    const member = { net: "n", publicKey: hash, name: node.slice(8), capacityWh: 1, ...key };
    state.addAccount(node, member, { set: 0, commitment: hash, wallets });
  }
  return state;
}
