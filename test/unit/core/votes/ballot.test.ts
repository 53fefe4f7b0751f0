// SPDX-License-Identifier: Apache-2.0
/** States, bounds, and the proofs of double votes (ledger 4.5). */
import assert from "node:assert/strict";
import { test } from "node:test";
import { AssertionFailure } from "#core/errors/assert";
import { EPOCHS_COUNTED, RIVALS_MAX } from "#core/limits";
import type { Ballot, VotedTx } from "#core/votes/ballot";
import { fullBallot, GATEWAY_BALLOT } from "#core/votes/full-ballot";
import { TxState } from "#core/votes/tally";
import { epochOf, named, nodeOf, range } from "./model.ts";

const bytes = new Uint8Array(0);

function ballotOf(n: number, options: { capacity?: number; votesKept?: number } = {}): Ballot {
  const ballot = fullBallot({ capacity: 64, membersMax: 40, earlyPerVoter: 4, ...options });
  ballot.open(epochOf(1, range(n)));
  return ballot;
}

function tx(name: string, from: number, seq: number, parents: VotedTx[] = []): VotedTx {
  const txids = parents.map(({ txid }) => txid);
  return { txid: named(name), from: nodeOf(from), seq, epoch: 1, tMs: seq * 1000, parents: txids };
}
const vote = (voter: number, ...txs: VotedTx[]) => ({
  voter: nodeOf(voter),
  txids: txs.map(({ txid }) => txid),
});

test("from UNSOLID over VALID and ACCEPTED to FINAL", () => {
  const ballot = ballotOf(4);
  const one = tx("a", 0, 1);
  assert.equal(ballot.state(one.txid), TxState.unsolid);
  assert.equal(ballot.threshold(one.txid), undefined);
  assert.deepEqual(ballot.vote(vote(1, one), bytes).accepted, []);
  assert.deepEqual(ballot.add(one).accepted, []);
  assert.equal(ballot.state(one.txid), TxState.valid);
  assert.equal(ballot.count(one.txid), 2, "the author, and the vote that came early");
  assert.equal(ballot.threshold(one.txid), 3);
  for (const again of [vote(1, one), vote(0, one), { voter: named("x", 16), txids: [one.txid] }])
    assert.deepEqual(ballot.vote(again, bytes).accepted, [], "a duplicate, and no member");
  assert.deepEqual(ballot.add(tx("b", 2, 1, [one])).accepted, [one.txid], "by approval");
  assert.equal(ballot.state(one.txid), TxState.accepted);
  ballot.suspend(nodeOf(1));
  assert.equal(ballot.count(one.txid), 2);
  assert.equal(ballot.state(one.txid), TxState.accepted, "it stays");
  ballot.finalize([one.txid, named("unknown")]);
  assert.equal(ballot.state(one.txid), TxState.final);
  ballot.forget(one.tMs);
  assert.equal(ballot.state(one.txid), TxState.final, "not older than that");
  ballot.forget(one.tMs + 1);
  assert.equal(ballot.state(one.txid), TxState.unsolid);
  assert.equal(ballot.size, 1, "b is open");
});

test("n = 1 accepts what its member makes; tokens of gateways wait for the block", () => {
  const ballot = ballotOf(1);
  const one = tx("a", 0, 1);
  assert.deepEqual(ballot.add(one).accepted, [one.txid]);
  const other = { ...tx("b", 0, 2), finalOnly: true };
  assert.deepEqual(ballot.add(other).accepted, []);
  assert.equal(ballot.count(other.txid), 1);
  assert.equal(ballot.state(other.txid), TxState.valid);
});

test("a block decides a number: its rivals are rejected, and never two are final", () => {
  const ballot = ballotOf(4);
  const [one, other] = [tx("a", 0, 1), tx("b", 0, 1)];
  const race = { ...tx("c", 1, 1), keys: ["offer"] };
  for (const each of [one, other, race, { ...tx("d", 2, 1), keys: ["offer"] }]) ballot.add(each);
  assert.deepEqual(ballot.finalize([other.txid, race.txid]), [one.txid]);
  assert.equal(ballot.state(one.txid), TxState.rejected);
  assert.equal(ballot.state(named("d")), TxState.valid, "what a key says only the block knows");
  assert.throws(() => ballot.finalize([one.txid]), AssertionFailure);
  assert.throws(() => ballot.reject([other.txid]), AssertionFailure);
  ballot.reject([named("d"), one.txid]);
  for (const voter of [0, 1, 3]) ballot.vote(vote(voter, tx("d", 2, 1)), bytes);
  assert.equal(ballot.state(named("d")), TxState.rejected, "votes change nothing any more");
});

test("who voted for a rival that was forgotten counts for none of the others", () => {
  const ballot = ballotOf(4);
  const [one, other] = [tx("a", 0, 1), { ...tx("b", 0, 1), tMs: 5000 }];
  ballot.add(one);
  ballot.add(other);
  ballot.vote(vote(1, one), bytes);
  ballot.reject([one.txid]);
  ballot.forget(2000);
  for (const voter of [1, 2]) ballot.vote(vote(voter, other), bytes);
  assert.deepEqual(ballot.voters(other.txid), [nodeOf(2)], "not the author, nor 1");
});

test("two votes for one number are told once, with the votes", () => {
  const ballot = ballotOf(4, { votesKept: 8 });
  const [one, other, third] = ["a", "b", "c"].map((name) => tx(name, 0, 1));
  for (const each of [one, other, third]) ballot.add(each);
  ballot.vote(vote(1, tx("else", 2, 1), one), Uint8Array.of(1));
  const { code, doubles } = ballot.vote(vote(1, other), Uint8Array.of(2));
  assert.equal(code, "VOTE_DOUBLE");
  assert.deepEqual(doubles, [
    {
      voter: nodeOf(1),
      txids: [other.txid, one.txid],
      statements: [{ vote: Uint8Array.of(2) }, { vote: Uint8Array.of(1) }],
    },
  ]);
  assert.deepEqual(ballot.vote(vote(1, third), Uint8Array.of(3)).doubles, [], "told already");
  assert.equal(ballot.count(one.txid) + ballot.count(other.txid), 0);
});

test("votes that came early prove it too, and a parent beside a vote", () => {
  const ballot = ballotOf(4, { votesKept: 8 });
  const [one, other] = [tx("a", 0, 1), tx("b", 0, 1)];
  ballot.vote(vote(1, one), Uint8Array.of(1));
  ballot.vote(vote(1, other), Uint8Array.of(2));
  ballot.vote(vote(2, one), Uint8Array.of(3));
  assert.deepEqual(ballot.add(one).doubles, []);
  const [double] = ballot.add(other).doubles;
  assert.deepEqual(double.statements, [{ vote: Uint8Array.of(2) }, { vote: Uint8Array.of(1) }]);
  const child = tx("c", 2, 1, [other]);
  const [parent] = ballot.add(child).doubles;
  assert.deepEqual(parent.voter, nodeOf(2));
  assert.deepEqual(parent.statements, [{ tx: child.txid }, { vote: Uint8Array.of(3) }]);
  assert.deepEqual(ballot.voters(one.txid), [nodeOf(2)], "a vote goes before an approval");
});

test("what is kept is bounded", () => {
  const ballot = ballotOf(4, { capacity: 2 });
  ballot.add(tx("a", 0, 1));
  ballot.add(tx("b", 0, 2));
  ballot.add(tx("c", 0, 3));
  assert.equal(ballot.size, 2);
  assert.equal(ballot.state(named("c")), TxState.unsolid);
  const unknown = range(6).map((i) => tx(`early ${i}`, 1, i));
  assert.equal(ballot.vote(vote(1, ...unknown), bytes).code, undefined);
  assert.equal(
    ballot.vote({ voter: named("x", 16), txids: [named("y")] }, bytes).code,
    "VOTE_UNKNOWN",
  );
  ballot.forget(0, 9000);
  ballot.add(unknown[0]);
  ballot.add(unknown[5]);
  const other = ballotOf(4);
  other.vote(vote(2, ...unknown), bytes);
  other.add(unknown[0]);
  other.add(unknown[5]);
  assert.deepEqual(
    [0, 5].map((i) => other.count(unknown[i].txid)),
    [1, 2],
    "the latest four",
  );
});

test("beyond so many rivals votes decide nothing, and those before are not disturbed", () => {
  const ballot = ballotOf(4);
  const all = range(RIVALS_MAX + 2).map((i) => ({ ...tx(`tx ${i}`, 0, i), keys: ["offer"] }));
  for (const one of all) ballot.add(one);
  for (const voter of [1, 2, 3]) ballot.vote(vote(voter, all[RIVALS_MAX + 1]), bytes);
  assert.equal(ballot.state(all[RIVALS_MAX + 1].txid), TxState.valid);
  for (const voter of [1, 2, 3]) ballot.vote(vote(voter, all[0]), bytes);
  assert.equal(ballot.state(all[0].txid), TxState.accepted);
});

test("the oldest epoch goes with its transactions when there are too many", () => {
  const ballot = ballotOf(4);
  ballot.add(tx("a", 0, 1));
  for (let epoch = 2; epoch <= EPOCHS_COUNTED + 1; epoch++) {
    assert.equal(ballot.size, 1);
    ballot.open(epochOf(epoch, range(4)));
  }
  assert.equal(ballot.size, 0);
  ballot.add(tx("b", 0, 2));
  assert.equal(ballot.state(named("b")), TxState.unsolid, "its epoch is not known any more");
});

test("a gateway's ballot takes a full epoch", () => {
  const ballot = fullBallot({ ...GATEWAY_BALLOT, membersMax: 256 });
  ballot.open(epochOf(1, range(256)));
  const one = tx("a", 0, 1);
  ballot.add(one);
  let accepted = 0;
  for (let voter = 1; voter < 256; voter++)
    accepted += ballot.vote(vote(voter, one), bytes).accepted.length * voter;
  assert.equal(ballot.count(one.txid), 256);
  assert.equal(accepted, 170, "with 171 of them, once");
});
