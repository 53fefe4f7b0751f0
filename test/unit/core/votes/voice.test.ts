// SPDX-License-Identifier: Apache-2.0
/** What an honest member votes for and attaches to, also after a restart and after a loss of state. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { VOTE_PERIOD_MS, VOTE_TXIDS_MAX } from "#core/limits";
import { Ballot, type VotedTx } from "#core/votes/ballot";
import { epochOf, named, nodeOf, range } from "./model.ts";

const ME = nodeOf(0);
const bytes = new Uint8Array(0);

function ballotOf(n = 12, capacity = 256): Ballot {
  const ballot = new Ballot({ capacity, membersMax: 40, own: ME });
  ballot.open(epochOf(1, range(n)));
  return ballot;
}

function tx(name: string, from: number, seq: number, parents: VotedTx[] = []): VotedTx {
  const txids = parents.map(({ txid }) => txid);
  return { txid: named(name), from: nodeOf(from), seq, epoch: 1, tMs: seq * 1000, parents: txids };
}

test("one vote a second, of at most so many, each once", () => {
  const ballot = ballotOf();
  const txs = range(VOTE_TXIDS_MAX + 3).map((i) => tx(`tx ${i}`, 1, i));
  for (const one of txs) ballot.add(one);
  const first = ballot.whatToVote(5000);
  assert.deepEqual(
    first?.txids,
    txs.slice(0, VOTE_TXIDS_MAX).map(({ txid }) => txid),
  );
  assert.equal(first?.epoch, 1);
  assert.equal(ballot.count(txs[0].txid), 2, "ours counts at once, beside the author");
  assert.equal(ballot.whatToVote(5000 + VOTE_PERIOD_MS - 1), undefined);
  assert.equal(ballot.whatToVote(5000 + VOTE_PERIOD_MS)?.txids.length, 3);
  assert.equal(ballot.whatToVote(60_000), undefined, "nothing is left");
});

test("the first of a set that it saw; not what is its own, final, or of other epochs' members", () => {
  const ballot = ballotOf();
  const [first, second] = [tx("a", 1, 1), tx("b", 1, 1)];
  const gone = tx("c", 2, 1);
  for (const one of [first, second, gone, tx("mine", 0, 1)]) ballot.add(one);
  ballot.finalize([gone.txid]);
  assert.deepEqual(ballot.whatToVote(0)?.rows, [
    { from: nodeOf(1), seq: 1, txid: first.txid, tMs: 1000 },
  ]);
  const foreign = new Ballot({ capacity: 8, membersMax: 40, own: named("nobody", 16) });
  foreign.open(epochOf(1, range(3)));
  foreign.add(first);
  assert.equal(foreign.whatToVote(0), undefined);
});

test("what it approved it need not vote for, and it votes for no rival of that", () => {
  const ballot = ballotOf();
  const [first, second] = [tx("a", 1, 1), tx("b", 1, 1)];
  ballot.add(first);
  ballot.add(tx("mine", 0, 1, [first]));
  ballot.add(second);
  assert.deepEqual(ballot.voters(first.txid), [ME], "the author made two and counts for neither");
  assert.equal(ballot.whatToVote(0), undefined);
});

test("what it attached to meanwhile goes before what it would have voted for", () => {
  const ballot = ballotOf();
  const [first, second] = [tx("a", 1, 1), tx("b", 1, 1)];
  ballot.add(first);
  ballot.add(second);
  assert.equal(ballot.mayApprove([second.txid]), true, "nothing was said yet");
  ballot.add(tx("mine", 0, 1, [second]));
  assert.equal(ballot.whatToVote(0), undefined);
  assert.deepEqual(ballot.voters(second.txid), [ME]);
});

test("each epoch has votes of its own", () => {
  const ballot = ballotOf();
  ballot.open(epochOf(2, range(11)));
  ballot.add(tx("a", 1, 1));
  ballot.add({ ...tx("b", 1, 2), epoch: 2 });
  assert.equal(ballot.whatToVote(0)?.epoch, 1);
  assert.equal(ballot.whatToVote(VOTE_PERIOD_MS)?.epoch, 2);
});

test("after a restart its rows bind it again", () => {
  const [first, second] = [tx("a", 1, 1), tx("b", 1, 1)];
  const before = ballotOf();
  before.add(first);
  const rows = before.whatToVote(0)!.rows;
  const ballot = ballotOf();
  ballot.restore(rows);
  ballot.add(second);
  const child = tx("child", 2, 1, [second]);
  ballot.add(child);
  assert.deepEqual(ballot.whatToVote(0)?.txids, [child.txid], "not the rival");
  assert.equal(ballot.mayApprove([second.txid]), false);
  assert.equal(ballot.mayApprove([child.txid]), false, "it has the rival in its past");
  ballot.add(first);
  assert.deepEqual(ballot.voters(first.txid), [ME], "it counts again");
});

test("after a loss of state it keeps away from what it may have spoken for", () => {
  const ballot = ballotOf();
  ballot.abstain(2000);
  const [old, fresh] = [tx("old", 1, 2), tx("new", 1, 3)];
  const child = tx("child", 2, 3, [old]);
  for (const one of [old, fresh, child]) ballot.add(one);
  assert.deepEqual(ballot.whatToVote(0)?.txids, [fresh.txid, child.txid]);
  assert.equal(ballot.mayApprove([old.txid]), false);
  assert.equal(ballot.mayApprove([child.txid]), false);
  assert.equal(ballot.mayApprove([fresh.txid, named("a block")]), true);
  ballot.finalize([old.txid]);
  assert.equal(ballot.mayApprove([child.txid]), true, "what is final needs no care");
});

test("it attaches to no rival of its choice, but where the choice is in the past too", () => {
  const ballot = ballotOf();
  const [choice, rival] = [tx("a", 1, 1), tx("b", 1, 1)];
  const onRival = tx("c", 2, 2, [rival]);
  const onBoth = tx("d", 3, 2, [rival, choice]);
  ballot.add(choice);
  ballot.whatToVote(0);
  for (const one of [rival, onRival, onBoth]) ballot.add(one);
  assert.equal(ballot.mayApprove([choice.txid]), true);
  assert.equal(ballot.mayApprove([rival.txid]), false);
  assert.equal(ballot.mayApprove([onRival.txid]), false);
  assert.equal(ballot.mayApprove([onBoth.txid]), true);
  assert.equal(ballot.mayApprove([onRival.txid, choice.txid]), true);
  assert.equal(ballot.mayApprove([rival.txid, choice.txid]), false, "never by name");
});

test("its own vote may be the one that accepts", () => {
  const ballot = ballotOf(3);
  const one = tx("a", 1, 1);
  assert.deepEqual(ballot.add(one).accepted, []);
  assert.deepEqual(ballot.whatToVote(0)?.accepted, [one.txid]);
  assert.deepEqual(ballot.vote({ voter: nodeOf(2), txids: [one.txid] }, bytes).accepted, []);
});
