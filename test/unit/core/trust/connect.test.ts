// SPDX-License-Identifier: Apache-2.0
/** The token in the password of CONNECT: for one gateway, one client and a short while, and once. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { toHex } from "#core/codec/bytes";
import { encodeCbor } from "#core/codec/cbor";
import { signRecord } from "#core/codec/record";
import { CONNECT_AGE_MS } from "#core/limits";
import { authorityRecord } from "#core/records/authority";
import { type Connect, connectRecord } from "#core/records/connect";
import { connectToken, openConnectToken, type TokenRule } from "#core/trust/connect";
import { anyBytes, cborLikeBytes } from "../codec/arbitraries.ts";
import { crypto, GATEWAY, NET, NODE, NOW_MS, STRANGER } from "./world.ts";

const CLIENT = toHex(NODE.id);
const TOKEN: Connect = {
  net: NET,
  gateway: GATEWAY.id,
  client: CLIENT,
  publicKey: NODE.publicKey,
  atMs: NOW_MS,
};
const RULE: TokenRule = {
  net: NET,
  gateway: GATEWAY.id,
  client: CLIENT,
  nowMs: NOW_MS,
  afterMs: NOW_MS - CONNECT_AGE_MS,
};

function tokenOf(change: Partial<Connect> = {}, by = NODE): Uint8Array {
  return connectToken(crypto, by.secretKey, { ...TOKEN, ...change });
}

function faultOf(password: Uint8Array, change: Partial<TokenRule> = {}): string {
  const opened = openConnectToken(crypto, password, { ...RULE, ...change });
  return opened.ok ? "taken" : opened.fault;
}

describe("a node's token", () => {
  test("is taken, and says whose it is", () => {
    const opened = openConnectToken(crypto, tokenOf(), RULE);
    assert.ok(opened.ok);
    assert.deepEqual(opened.token, TOKEN);
  });

  test("from a buffer of a socket, too", () => {
    assert.equal(faultOf(Buffer.from(tokenOf())), "taken");
  });

  test("is of this network, for this gateway", () => {
    assert.equal(faultOf(tokenOf({ net: "street-8" })), "TOKEN_NET");
    assert.equal(faultOf(tokenOf(), { net: "street-8" }), "TOKEN_NET");
    assert.equal(faultOf(tokenOf({ gateway: STRANGER.id })), "TOKEN_GATEWAY");
    assert.equal(faultOf(tokenOf(), { gateway: STRANGER.id }), "TOKEN_GATEWAY");
  });

  test("is for the client id of its CONNECT", () => {
    assert.equal(faultOf(tokenOf(), { client: toHex(STRANGER.id) }), "TOKEN_CLIENT");
    assert.equal(faultOf(tokenOf({ client: toHex(STRANGER.id) })), "TOKEN_CLIENT");
    assert.equal(faultOf(tokenOf({ client: "" })), "TOKEN_CLIENT");
    assert.equal(faultOf(tokenOf(), { client: "x".repeat(200) }), "TOKEN_CLIENT");
  });

  test("has the key that the client id follows from", () => {
    const stolen = tokenOf({ publicKey: STRANGER.publicKey }, STRANGER);
    assert.equal(faultOf(stolen), "TOKEN_CLIENT", "well signed by another key");
    const upper = CLIENT.toUpperCase();
    assert.notEqual(upper, CLIENT);
    assert.equal(faultOf(tokenOf({ client: upper }), { client: upper }), "TOKEN_CLIENT");
    const others = tokenOf({ client: upper, publicKey: STRANGER.publicKey }, STRANGER);
    assert.equal(faultOf(others, { client: upper }), "TOKEN_CLIENT", "no way around in capitals");
  });

  test("is signed by that key", () => {
    assert.equal(faultOf(tokenOf({}, STRANGER)), "TOKEN_SIGNATURE");
    assert.equal(faultOf(tokenOf({}, GATEWAY)), "TOKEN_SIGNATURE");
  });

  test("counts up to CONNECT_AGE_MS before and after the gateway's time", () => {
    const at = (atMs: number) => faultOf(tokenOf({ atMs }), { afterMs: 0 });
    assert.equal(at(NOW_MS - CONNECT_AGE_MS - 1), "TOKEN_TIME");
    assert.equal(at(NOW_MS - CONNECT_AGE_MS), "taken");
    assert.equal(at(NOW_MS + CONNECT_AGE_MS), "taken");
    assert.equal(at(NOW_MS + CONNECT_AGE_MS + 1), "TOKEN_TIME");
    assert.equal(at(0), "TOKEN_TIME");
    assert.equal(at(Number.MAX_SAFE_INTEGER), "TOKEN_TIME");
  });

  test("counts once, and a later one counts after it", () => {
    const first = tokenOf();
    assert.equal(faultOf(first), "taken");
    const afterMs = TOKEN.atMs; // what the broker keeps of it
    assert.equal(faultOf(first, { afterMs }), "TOKEN_REPLAYED");
    assert.equal(faultOf(tokenOf({ atMs: NOW_MS - 1 }), { afterMs }), "TOKEN_REPLAYED");
    assert.equal(faultOf(tokenOf({ atMs: NOW_MS + 1 }), { afterMs }), "taken");
  });

  test("from before the start of the broker does not count", () => {
    assert.equal(faultOf(tokenOf({ atMs: NOW_MS - 1 }), { afterMs: NOW_MS - 1 }), "TOKEN_REPLAYED");
  });
});

test("what is no token", () => {
  const authority = {
    net: NET,
    name: "",
    anchorKey: NODE.publicKey,
    sealKey: new Uint8Array(192),
    atMs: NOW_MS,
  };
  const good = tokenOf();
  for (const password of [
    new Uint8Array(0),
    Uint8Array.of(...good, 0),
    good.slice(0, -1),
    connectRecord.encode(TOKEN),
    encodeCbor([connectRecord.encode(TOKEN), new Uint8Array(63)]),
    signRecord(authorityRecord, crypto, NODE.secretKey, authority).bytes,
    new Uint8Array(100_000),
  ])
    assert.equal(faultOf(password), "TOKEN_MALFORMED", `${password.length} bytes`);
});

test("cheap checks come before the signature", () => {
  let verified = 0;
  const counting = {
    ...crypto,
    verify: () => {
      verified++;
      return false;
    },
  };
  const forged = tokenOf({}, STRANGER);
  const open = (rule: TokenRule) => openConnectToken(counting, forged, rule);
  for (const change of [
    { net: "" },
    { gateway: STRANGER.id },
    { client: "a" },
    { nowMs: 0 },
    { afterMs: NOW_MS },
  ])
    assert.equal(open({ ...RULE, ...change }).ok, false);
  assert.equal(verified, 0);
  assert.equal(open(RULE).ok, false);
  assert.equal(verified, 1);
});

test("a client id that is no node's is any key's: who may use it is not for the token to say", () => {
  const client = "operator-anna";
  for (const who of [NODE, STRANGER]) {
    const opened = openConnectToken(crypto, tokenOf({ client, publicKey: who.publicKey }, who), {
      ...RULE,
      client,
    });
    assert.ok(opened.ok);
    assert.deepEqual(opened.token.publicKey, who.publicKey, "the key is there to be looked up");
  }
  assert.equal(faultOf(tokenOf({ client }, STRANGER), { client }), "TOKEN_SIGNATURE");
  // Hex of another length is no node's id.
  for (const other of ["ab", "ab".repeat(15), "ab".repeat(17), `${"ab".repeat(15)}a`])
    assert.equal(faultOf(tokenOf({ client: other }), { client: other }), "taken", other);
});

test("no token with a changed byte is taken", () => {
  const good = tokenOf();
  fc.assert(
    fc.property(fc.nat(good.length - 1), fc.integer({ min: 1, max: 255 }), (at, flip) => {
      const changed = good.slice();
      changed[at] ^= flip;
      assert.notEqual(faultOf(changed, { afterMs: 0 }), "taken", `byte ${at} xor ${flip}`);
    }),
    { numRuns: 3000 },
  );
});

test("random bytes are no token and nothing throws", () => {
  fc.assert(
    fc.property(fc.oneof(anyBytes, cborLikeBytes), (bytes) => {
      assert.equal(faultOf(bytes), "TOKEN_MALFORMED");
    }),
  );
});
