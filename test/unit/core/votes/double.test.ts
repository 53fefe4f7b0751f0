// SPDX-License-Identifier: Apache-2.0
/** Proofs of double votes (ledger 4.5): what is one, and what is not. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { signRecord } from "#core/codec/record";
import { nodeIdOf } from "#core/identity";
import { type Body, bodyRecord, signTx, TxType } from "#core/records/tx";
import { type Evidence, evidenceRecord, Fraud, voteRecord } from "#core/records/vote";
import { checkDoubleVote, doubleVoteEvidence } from "#core/votes/double";
import { sodiumCrypto } from "#node/crypto/sodium";
import { named } from "./model.ts";

const crypto = sodiumCrypto();
const NET = "t";
const SECRET = named("voter's secret");
const KEY = crypto.publicKey(SECRET);
const VOTER = nodeIdOf(crypto, KEY);

function body(from: Uint8Array, seq: number, tsMs: number, parents = [named("block")]): Body {
  return {
    ...{ net: NET, epoch: 1, type: TxType.promote, from, seq, legs: [] },
    ...{ expiryMs: 0, parents, tsMs, tick: 0, slot: 0 },
  } as unknown as Body;
}
const author = named("author", 16);
const sign = (one: Body, secret = SECRET) => signTx(crypto, secret, one, 1);
const [first, second] = [10, 11].map((tsMs) => body(author, 5, tsMs));
const [firstId, secondId] = [first, second].map((one) => sign(one).txid);
const bodies = [first, second].map((one) => bodyRecord.encode(one)) as [Uint8Array, Uint8Array];

function vote(txids: Uint8Array[], atMs: number, secret = SECRET, net = NET): Uint8Array {
  const value = { net, voter: VOTER, epoch: 1, txids, atMs };
  return signRecord(voteRecord, crypto, secret, value).bytes;
}
const votes = [vote([named("x"), firstId], 1), vote([secondId], 2)] as const;

function evidence(items: Uint8Array[], fields: Partial<Evidence> = {}): Evidence {
  return { net: NET, fraud: Fraud.votes, publicKey: KEY, items, ...fields };
}
const verdict = (items: Uint8Array[], fields?: Partial<Evidence>) =>
  checkDoubleVote(crypto, evidence(items, fields));

test("two votes for two bodies of one number", () => {
  const encoded = doubleVoteEvidence(NET, KEY, votes, bodies)!;
  const decoded = evidenceRecord.decode(encoded);
  assert.ok(decoded.ok);
  assert.deepEqual(checkDoubleVote(crypto, decoded.value), {
    ok: true,
    voter: VOTER,
    byVotes: true,
  });
});

test("a vote and a transaction, or one transaction on both", () => {
  const child = sign(body(VOTER, 1, 12, [secondId])).bytes;
  const found = verdict([votes[0], child, ...bodies]);
  assert.deepEqual(found, { ok: true, voter: VOTER, byVotes: false });
  const both = sign(body(VOTER, 1, 12, [firstId, secondId])).bytes;
  assert.ok(verdict([both, both, ...bodies]).ok);
});

test("what proves nothing", () => {
  const other = named("another's secret");
  const elsewhere = bodyRecord.encode({ ...second, net: "u" });
  const later = body(author, 6, 12);
  const wrong: [string, Evidence][] = [
    ["another fraud", evidence([...votes, ...bodies], { fraud: Fraud.bodies })],
    ["an item too few", evidence([...votes, bodies[0]])],
    ["one body twice", evidence([votes[0], votes[0], bodies[0], bodies[0]])],
    [
      "another number",
      evidence([votes[0], vote([sign(later).txid], 2), bodies[0], bodyRecord.encode(later)]),
    ],
    ["another network's body", evidence([...votes, bodies[0], elsewhere])],
    ["no body", evidence([...votes, bodies[0], votes[0]])],
    ["the wrong order", evidence([...votes, bodies[1], bodies[0]])],
    ["the same vote for both, which names one", evidence([votes[0], votes[0], ...bodies])],
    ["another's signature", evidence([votes[0], vote([secondId], 2, other), ...bodies])],
    ["another's key", evidence([...votes, ...bodies], { publicKey: crypto.publicKey(other) })],
    ["another network's vote", evidence([votes[0], vote([secondId], 2, SECRET, "u"), ...bodies])],
    [
      "a transaction of another",
      evidence([votes[0], sign(body(author, 1, 12, [secondId])).bytes, ...bodies]),
    ],
    [
      "a transaction that another signed",
      evidence([votes[0], sign(body(VOTER, 1, 12, [secondId]), other).bytes, ...bodies]),
    ],
    ["bytes", evidence([votes[0], Uint8Array.of(1), ...bodies])],
  ];
  for (const [what, one] of wrong) {
    const found = checkDoubleVote(crypto, one);
    assert.ok(!found.ok && found.code === "EVIDENCE_INVALID", what);
  }
});

test("what does not fit into a message is no proof", () => {
  const long = new Uint8Array(8000);
  assert.equal(doubleVoteEvidence(NET, KEY, [votes[0], long], bodies), undefined);
  const large = new Uint8Array(7900);
  assert.equal(doubleVoteEvidence(NET, KEY, [large, large], [large, bodies[1]]), undefined);
});
