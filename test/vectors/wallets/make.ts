// SPDX-License-Identifier: Apache-2.0
//
// Writes the vectors of wallet addresses: node test/vectors/wallets/make.ts. They were made once and are
// fixed: a difference afterwards takes every node's addresses away.
import { writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { toHex } from "#core/codec/bytes";
import { nobleCrypto } from "#core/crypto/noble";
import { nodeIdOf } from "#core/identity";
import { claimWallets, walletCommitment, walletOf, walletSecretOf } from "#core/wallets";

const NET = "street-7";
const crypto = nobleCrypto();

function vectorOf(first: number, set: number, addresses: number): object {
  const secretKey = Uint8Array.from({ length: 32 }, (_, i) => first + i);
  const node = nodeIdOf(crypto, crypto.publicKey(secretKey));
  const claim = claimWallets(crypto, secretKey, NET, node, set, addresses);
  const { walletKey, walletProof } = claim;
  return {
    secretKey: toHex(secretKey),
    net: NET,
    node: toHex(node),
    set,
    addresses,
    walletSecret: toHex(walletSecretOf(crypto, secretKey, set)),
    walletKey: toHex(walletKey),
    walletProof: toHex(walletProof),
    commitment: toHex(walletCommitment(crypto, walletKey)),
    first: toHex(walletOf(crypto, walletKey, 0)),
    last: toHex(walletOf(crypto, walletKey, addresses - 1)),
  };
}

const vectors = [vectorOf(1, 0, 64), vectorOf(1, 1, 64), vectorOf(2, 0xffffffff, 256)];
const path = fileURLToPath(new URL("./wallets.json", import.meta.url));
writeFileSync(path, `${JSON.stringify(vectors, null, 2)}\n`);
