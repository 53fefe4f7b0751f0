// SPDX-License-Identifier: Apache-2.0
/** Cancels, and proofs of fraud: what proves itself, and that nothing an honest author signs does. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { cancelIn, covers, openCancel } from "#core/pot/cancel";
import { judge } from "#core/pot/evidence";
import { makeEvidence, makeVoteEvidence } from "#core/pot/make-evidence";
import { type Body, bodyRecord } from "#core/records/tx";
import { evidenceRecord, Fraud } from "#core/records/vote";
import { Rng } from "../../../property/rng.ts";
import {
  askOf,
  bodyOf,
  cancelOf,
  crypto,
  epochOf,
  idOf,
  keyOf,
  NET,
  publicKeyOf,
  tokensOf,
  txOf,
  voteOf,
} from "./world.ts";

const AUTHOR = 3;
const key = publicKeyOf(AUTHOR);
const committees = epochOf(12);
const body = bodyOf(AUTHOR);
const later = bodyOf(AUTHOR, { tick: 101, tsMs: body.tsMs + 30_000 });
const replacing = { ...later, cancels: cancelOf(AUTHOR, 5, 101) };
const tx = (of: Body, tokens = 7) => txOf(AUTHOR, of, tokensOf(committees, of, tokens)).bytes;

function fraudOf(a: Uint8Array, b: Uint8Array, publicKey = key): string {
  const evidence = makeEvidence(crypto, NET, publicKey, a, b);
  if (!evidence) return "none";
  const turned = makeEvidence(crypto, NET, publicKey, b, a);
  assert.deepEqual(turned, evidence, "whoever finds it says the same");
  const judged = judge(crypto, overTheWire(evidence));
  assert.ok(judged.ok);
  assert.deepEqual(judged.author, idOf(AUTHOR));
  return Object.keys(Fraud).find((name) => Fraud[name as keyof typeof Fraud] === judged.fraud)!;
}

/** Over the wire. */
function overTheWire(evidence: Parameters<typeof judge>[1]) {
  const decoded = evidenceRecord.decode(evidenceRecord.encode(evidence));
  assert.ok(decoded.ok);
  return decoded.value;
}

test("a cancel covers earlier ticks of one number, and is its author's", () => {
  const from = idOf(AUTHOR);
  const opened = openCancel(crypto, key, NET, from, cancelOf(AUTHOR, 5, 101));
  assert.ok(opened.ok);
  const covered = [
    [5, 100],
    [5, 101],
    [4, 100],
    [6, 100],
  ].map(([seq, tick]) => covers(opened.cancel, seq, tick));
  assert.deepEqual(covered, [true, false, false, false]);
  const code = (...args: Parameters<typeof openCancel>) => {
    const refused = openCancel(...args);
    return refused.ok ? "ok" : refused.code;
  };
  assert.equal(code(crypto, key, "b", from, cancelOf(AUTHOR, 5, 101)), "WRONG_NET");
  assert.equal(code(crypto, key, NET, idOf(4), cancelOf(AUTHOR, 5, 101)), "NODE_MISMATCH");
  assert.equal(code(crypto, publicKeyOf(4), NET, from, cancelOf(AUTHOR, 5, 101)), "BAD_SIGNATURE");
  assert.equal(code(crypto, key, NET, from, new Uint8Array(9)), "MALFORMED");
  assert.deepEqual(cancelIn(crypto, key, body), { ok: true, cancel: undefined });
  assert.ok(cancelIn(crypto, key, replacing).ok);
  assert.equal(cancelIn(crypto, key, { ...replacing, seq: 6 }).ok, false, "of another number");
  assert.equal(cancelIn(crypto, key, { ...replacing, tick: 100 }).ok, false, "of itself");
});

test("two bodies of one number, in asks or transactions", () => {
  const other = { ...body, slot: 2 };
  assert.equal(fraudOf(askOf(AUTHOR, body), askOf(AUTHOR, other)), "bodies", "in one tick");
  assert.equal(fraudOf(askOf(AUTHOR, body), tx(later)), "bodies");
  assert.equal(fraudOf(tx(body), tx(later)), "bodies");
  const early = { ...later, cancels: cancelOf(AUTHOR, 5, 100) };
  assert.equal(
    fraudOf(askOf(AUTHOR, body), askOf(AUTHOR, early)),
    "bodies",
    "taken back too early",
  );
  const foreign = { ...later, cancels: cancelOf(4, 5, 101) };
  assert.equal(fraudOf(askOf(AUTHOR, body), askOf(AUTHOR, foreign)), "bodies", "by somebody else");
});

test("a transaction that is taken back, and two sets of tokens", () => {
  assert.equal(fraudOf(tx(body), askOf(AUTHOR, replacing)), "cancelled");
  assert.equal(fraudOf(tx(body), tx(replacing)), "cancelled");
  assert.equal(fraudOf(tx(body, 7), tx(body, 8)), "tokens");
});

test("what proves nothing", () => {
  assert.equal(fraudOf(askOf(AUTHOR, body), askOf(AUTHOR, replacing)), "none", "a retry");
  assert.equal(fraudOf(askOf(AUTHOR, body), tx(replacing)), "none", "a retry that succeeded");
  assert.equal(fraudOf(askOf(AUTHOR, body), tx(body)), "none", "asked, then complete");
  assert.equal(fraudOf(tx(body), tx(body)), "none");
  assert.equal(fraudOf(tx(body), tx({ ...later, seq: 6 })), "none", "the next number");
  assert.equal(
    fraudOf(askOf(AUTHOR, body), askOf(4, bodyOf(4, { slot: 2 }))),
    "none",
    "two authors",
  );
  assert.equal(
    fraudOf(askOf(AUTHOR, body), askOf(AUTHOR, later), publicKeyOf(4)),
    "none",
    "not his",
  );
  const forged = askOf(AUTHOR, { ...body, slot: 2 }).slice();
  forged[forged.length - 1] ^= 1;
  assert.equal(fraudOf(askOf(AUTHOR, body), forged), "none", "a wrong signature");
  const elsewhere = { ...later, net: "b" };
  assert.equal(fraudOf(askOf(AUTHOR, body), txOf(AUTHOR, elsewhere).bytes), "none", "two networks");
  const said = txOf(AUTHOR, body, tokensOf(committees, body, 7), 10).bytes;
  assert.equal(fraudOf(tx(body), said), "none", "said twice with the same tokens");
});

test("two votes for one number", () => {
  const VOTER = 6;
  const voter = publicKeyOf(VOTER);
  const bodies = [body, later].map((of) => bodyRecord.encode(of)) as [Uint8Array, Uint8Array];
  const votes: [Uint8Array, Uint8Array] = [voteOf(VOTER, body), voteOf(VOTER, bodyOf(4), later)];
  const evidence = makeVoteEvidence(crypto, NET, voter, votes, bodies);
  assert.ok(evidence);
  const judged = judge(crypto, overTheWire(evidence));
  assert.ok(judged.ok);
  assert.deepEqual([judged.author, judged.fraud, judged.seq], [idOf(VOTER), Fraud.votes, 5]);
  const both = voteOf(VOTER, body, later);
  assert.ok(makeVoteEvidence(crypto, NET, voter, [both, both], bodies), "one vote for both");
  const next = bodyRecord.encode({ ...later, seq: 6 });
  const none: [typeof votes, typeof bodies][] = [
    [[votes[0], votes[0]], bodies],
    [[votes[0], voteOf(7, later)], bodies],
    [
      [votes[0], voteOf(VOTER, { ...later, seq: 6 })],
      [bodies[0], next],
    ],
    [
      [votes[0], votes[0]],
      [bodies[0], bodies[0]],
    ],
    [[bodies[0], votes[1]], bodies],
  ];
  none.forEach((args, i) => {
    assert.equal(makeVoteEvidence(crypto, NET, voter, ...args), undefined, `${i}`);
  });
});

test("nothing that an honest author signs proves a fraud, in any pair", () => {
  const rng = new Rng(8);
  for (let round = 0; round < 12; round++) {
    const said: Uint8Array[] = [];
    let tick = 100;
    for (let seq = 1; seq <= 4; seq++) {
      const first = said.length;
      for (let tries = 1 + rng.below(3); tries > 0; tries--) {
        tick += 1 + rng.below(2);
        const cancels =
          rng.below(3) === 0 || said.length > first ? cancelOf(AUTHOR, seq, tick) : undefined;
        const one = bodyOf(AUTHOR, { seq, tick, slot: rng.below(9), cancels });
        said.push(askOf(AUTHOR, one));
        if (tries === 1) said.push(tx(one));
      }
    }
    for (const a of said) for (const b of said) assert.equal(fraudOf(a, b), "none");
  }
});

test("evidence of random bytes or of another shape is refused", () => {
  const rng = new Rng(4);
  const good = makeEvidence(crypto, NET, key, askOf(AUTHOR, body), tx(later))!;
  for (let i = 0; i < 300; i++) {
    const items = good.items.map((item) => item.slice());
    const item = items[rng.below(2)];
    item[rng.below(item.length)] ^= 1 << rng.below(8);
    assert.equal(judge(crypto, { ...good, items }).ok, false);
  }
  const [a, b] = good.items;
  const others = [
    { ...good, fraud: 9 },
    { ...good, fraud: Fraud.votes },
    { ...good, fraud: Fraud.tokens },
    { ...good, items: [a, b, b] },
    { ...good, net: "b" },
    { ...good, publicKey: crypto.publicKey(keyOf(9)) },
  ];
  for (const evidence of others) {
    const judged = judge(crypto, evidence);
    assert.equal(judged.ok ? "ok" : judged.code, "EVIDENCE_INVALID");
  }
});
