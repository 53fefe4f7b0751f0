// SPDX-License-Identifier: Apache-2.0
/** The claim code in a request. */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import { toHex } from "#core/codec/bytes";
import { claimHash } from "#core/trust/claim";
import { crypto, NODE, STRANGER } from "./world.ts";

test("the hash of key and code, by Node's SHA-256", () => {
  const expected = createHash("sha256")
    .update("wattle/claimed/1\0")
    .update(NODE.publicKey)
    .update("7K3M-Q2ZX")
    .digest("hex");
  assert.equal(toHex(claimHash(crypto, NODE.publicKey, "7K3M-Q2ZX")), expected);
});

test("another key, another code and another way of writing it have another hash", () => {
  const hashes = [
    claimHash(crypto, NODE.publicKey, "7K3M-Q2ZX"),
    claimHash(crypto, STRANGER.publicKey, "7K3M-Q2ZX"),
    claimHash(crypto, NODE.publicKey, "7K3M-Q2ZY"),
    claimHash(crypto, NODE.publicKey, "7k3m-q2zx"),
    claimHash(crypto, NODE.publicKey, "7K3MQ2ZX"),
    claimHash(crypto, NODE.publicKey, ""),
  ].map(toHex);
  assert.equal(new Set(hashes).size, hashes.length);
});
