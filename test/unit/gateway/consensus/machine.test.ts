// SPDX-License-Identifier: Apache-2.0
/** The rules of agreement, one by one, on one machine that hears what the test says. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { WIRE } from "#core/errors/codes";
import { equivocationRecord, Phase, proposedRecord } from "#core/records/consensus";
import { Bench, Consortium } from "../../../helpers/consortium.ts";

const group = new Consortium(4);
const [a, b] = [group.block(1), group.block(2)];
const NIL = "";
const { prevote, precommit } = Phase;
/** Leader of round 0 at height 0 is gateway 0, of round 1 gateway 1. */
const FIRST = [0, 0] as const;

/** Gateway 3 with the block a of round 0 before it, audited. */
function withProposal(): Bench {
  const bench = new Bench(group, 3);
  bench.hear(group.proposal(0, FIRST, a));
  assert.deepEqual(
    bench.all("check").map(({ block }) => block.key),
    [a.key],
  );
  return bench;
}

/** The same, bound to a in round 0 and now in round 1. */
function locked(): Bench {
  const bench = withProposal();
  bench.checked(0, a);
  bench.hear(group.prevote(0, FIRST, a), group.prevote(1, FIRST, a));
  assert.deepEqual(bench.votes(), [{ phase: precommit, round: 0, block: a.key }]);
  bench.hear(group.precommit(0, FIRST), group.precommit(1, FIRST));
  bench.timer("precommit", 0, 0);
  assert.deepEqual(bench.machine.at, { height: 0, round: 1, step: 1, silent: false });
  return bench;
}

test("one gateway decides in the turn in which its block is made", () => {
  const alone = new Consortium(1);
  const bench = new Bench(alone, 0);
  bench.take({ type: "wanted" });
  assert.deepEqual(bench.all("make"), [{ type: "make", height: 0, round: 0 }]);
  bench.take({ type: "made", height: 0, round: 0, block: a });
  const types = bench.out.map(({ type }) => type);
  assert.equal(types[0], "persist");
  assert.deepEqual(
    bench.all("decide").map(({ block }) => block.key),
    [a.key],
  );
  bench.take({ type: "applied", context: alone.context(1) });
  assert.deepEqual(bench.out, [], "and is quiet then");
});

test("nothing is done while nothing is wanted", () => {
  const bench = new Bench(group, 3);
  assert.deepEqual(bench.all("timer"), []);
  bench.take({ type: "wanted" });
  assert.deepEqual(
    bench.all("timer").map(({ kind }) => kind),
    ["propose", "repeat"],
  );
  assert.deepEqual(bench.all("make"), [], "it is not its turn");
  const other = new Bench(group, 0);
  other.hear(group.status(3, { wants: 1 }));
  assert.equal(other.all("make").length, 1, "the leader hears that somebody wants a block");
});

test("a sound block of the leader is prevoted, once it is audited and stored", () => {
  const bench = withProposal();
  assert.deepEqual(bench.votes(), []);
  bench.checked(0, a);
  assert.deepEqual(bench.votes(), [{ phase: prevote, round: 0, block: a.key }]);
  assert.deepEqual(
    bench.out.slice(0, 2).map(({ type }) => type),
    ["persist", "send"],
  );
});

test("a wrong block, and none at all, are answered by nil with the reason", () => {
  const wrong = withProposal();
  wrong.checked(0, a, WIRE.BLOCK_PREV);
  assert.deepEqual(wrong.votes(), [{ phase: prevote, round: 0, block: NIL }]);
  const message = group.open("vote", wrong.all("send")[0].bytes);
  assert.ok(message.type === "vote" && message.vote.code === WIRE.BLOCK_PREV);
  const late = new Bench(group, 3);
  late.take({ type: "wanted" });
  late.timer("propose", 0, 0);
  assert.deepEqual(late.votes(), [{ phase: prevote, round: 0, block: NIL }]);
  late.timer("propose", 0, 0);
  assert.deepEqual(late.votes(), [], "the timer again");
});

test("only the leader's proposal counts, and what it leans on has to be there", () => {
  const bench = new Bench(group, 3);
  bench.hear(group.proposal(1, FIRST, a));
  assert.deepEqual(bench.codes(), ["PROPOSAL_LEADER"]);
  const round1 = [0, 1] as const;
  const polka = [0, 1, 2].map((voter) => group.voteBytes(voter, prevote, FIRST, b));
  const cases = [
    { validRound: 0, polka: [] },
    { validRound: 0, polka: polka.slice(1) },
    { validRound: 0, polka: [polka[0], polka[1], polka[1]] },
    { validRound: 1, polka },
    { polka },
    { validRound: 0, polka: [0, 1, 2].map((voter) => group.voteBytes(voter, precommit, FIRST, b)) },
    { validRound: 0, polka: [0, 1, 2].map((voter) => group.voteBytes(voter, prevote, FIRST, a)) },
    { validRound: 0, polka: [0, 1, 2].map((voter) => group.voteBytes(voter, prevote, [1, 0], b)) },
  ];
  for (const [i, more] of cases.entries()) {
    bench.hear(group.proposal(1, round1, b, more));
    assert.deepEqual(bench.codes(), ["PROPOSAL_POLKA"], `case ${i}`);
  }
  bench.hear(group.proposal(1, round1, b, { validRound: 0, polka }));
  assert.deepEqual(bench.codes(), []);
});

test("a quorum of prevotes binds, and the precommit says whose audits were heard", () => {
  const bench = withProposal();
  bench.checked(0, a);
  bench.hear(group.prevote(0, FIRST, a), group.prevote(1, FIRST));
  assert.deepEqual(bench.votes(), [], "two of three");
  assert.deepEqual(
    bench.all("timer").map(({ kind }) => kind),
    ["prevote"],
  );
  bench.hear(group.prevote(2, FIRST, a));
  const [send] = bench.all("send");
  const vote = group.open("vote", send.bytes);
  assert.ok(vote.type === "vote" && vote.vote.phase === precommit && vote.block === a.key);
  assert.deepEqual([...vote.vote.heard], [0b1111]);
  assert.deepEqual([...vote.vote.agreed], [0b1101]);
});

test("three precommits decide, and the leader sends the block again to who disagreed", () => {
  const bench = new Bench(group, 0);
  bench.take({ type: "wanted" });
  bench.take({ type: "made", height: 0, round: 0, block: a });
  bench.hear(group.prevote(1, FIRST, a), group.prevote(2, FIRST, a));
  bench.hear(group.precommit(3, FIRST), group.precommit(1, FIRST, a), group.precommit(2, FIRST, a));
  const [decide] = bench.all("decide");
  assert.equal(decide.block.key, a.key);
  assert.deepEqual(
    decide.quorum.voices.map(({ voter }) => voter),
    [0, 1, 2],
  );
  const sends = bench.all("send").map(({ kind, to }) => `${kind} ${group.set.indexOf(to ?? "")}`);
  assert.deepEqual(sends, ["quorum 1", "quorum 2", "decision 3"]);
  bench.hear(group.precommit(3, FIRST, a));
  assert.deepEqual(bench.codes(), ["HEIGHT_PAST"]);
});

test("who is bound prevotes no other block, but one that a quorum prevoted since", () => {
  const refuses = locked();
  refuses.hear(group.proposal(1, [0, 1], b));
  assert.deepEqual(refuses.votes(), [{ phase: prevote, round: 1, block: NIL }]);
  const same = locked();
  same.hear(group.proposal(1, [0, 1], a));
  assert.deepEqual(same.votes(), [{ phase: prevote, round: 1, block: a.key }]);
  const polka = [0, 1, 2].map((voter) => group.voteBytes(voter, prevote, [0, 1], b));
  const freed = locked();
  freed.timer("propose", 0, 1);
  freed.hear(group.precommit(0, [0, 1]), group.precommit(1, [0, 1]), group.precommit(2, [0, 1]));
  freed.timer("precommit", 0, 1);
  freed.hear(group.proposal(2, [0, 2], b, { validRound: 1, polka }));
  freed.checked(0, b);
  assert.deepEqual(freed.votes(), [{ phase: prevote, round: 2, block: b.key }]);
});

test("a quorum of a round before the lock frees nobody", () => {
  const bench = withProposal();
  bench.checked(0, a);
  // Round 1: another block, and a quorum for it; bound to b in round 1.
  bench.hear(group.precommit(0, FIRST), group.precommit(1, FIRST), group.precommit(2, FIRST));
  bench.timer("precommit", 0, 0);
  bench.hear(group.proposal(1, [0, 1], b));
  bench.checked(0, b);
  bench.hear(group.prevote(0, [0, 1], b), group.prevote(1, [0, 1], b));
  bench.hear(group.precommit(0, [0, 1]), group.precommit(1, [0, 1]), group.precommit(2, [0, 1]));
  bench.timer("precommit", 0, 1);
  const polka = [0, 1, 2].map((voter) => group.voteBytes(voter, prevote, FIRST, a));
  bench.hear(group.proposal(2, [0, 2], a, { validRound: 0, polka }));
  assert.deepEqual(bench.votes(), [{ phase: prevote, round: 2, block: NIL }]);
});

test("a leader proposes what a quorum prevoted, with its prevotes", () => {
  const bench = locked();
  for (const round of [1, 2]) {
    bench.timer("propose", 0, round);
    const at = [0, round] as const;
    bench.hear(group.precommit(0, at), group.precommit(1, at), group.precommit(2, at));
    bench.timer("precommit", 0, round);
  }
  assert.deepEqual(bench.all("make"), []);
  const proposed = bench.all("send").find(({ kind }) => kind === "proposed");
  assert.ok(proposed);
  const message = group.open("proposed", proposed.bytes);
  assert.ok(message.type === "proposed");
  assert.equal(message.proposal.validRound, 0);
  assert.equal(message.block.key, a.key);
  assert.equal(message.polka.length, 3);
});

test("f + 1 others in a later round take a gateway along; one does not", () => {
  const bench = new Bench(group, 3);
  bench.hear(group.prevote(0, [0, 9]));
  assert.equal(bench.machine.at.round, 0);
  bench.hear(group.prevote(1, [0, 7]));
  assert.equal(bench.machine.at.round, 7);
});

test("two words of one round are proved, once", () => {
  const bench = new Bench(group, 3);
  bench.hear(group.prevote(1, FIRST, a), group.prevote(1, FIRST, b), group.prevote(1, FIRST));
  const [evidence, ...more] = bench.all("evidence");
  assert.deepEqual(more, []);
  assert.equal(evidence.gateway, group.set.idHexAt(1));
  assert.ok(equivocationRecord.decode(evidence.bytes).ok);
  bench.hear(group.proposal(0, FIRST, a), group.proposal(0, FIRST, b), group.proposal(0, FIRST, b));
  assert.deepEqual(
    bench.all("evidence").map(({ gateway }) => gateway),
    [group.set.idHexAt(0)],
  );
});

test("what was said is remembered over a restart, and not said in another way", () => {
  const bench = locked();
  bench.hear(group.proposal(1, [0, 1], a));
  const state = bench.state;
  bench.restart(group.context(0), state);
  assert.deepEqual(bench.machine.at, { height: 0, round: 1, step: 2, silent: false });
  bench.hear(group.proposal(1, [0, 1], b));
  bench.timer("propose", 0, 1);
  assert.deepEqual(bench.votes(), []);
  // Bound as before: nil in the round after.
  bench.hear(group.precommit(0, [0, 1]), group.precommit(1, [0, 1]), group.precommit(2, [0, 1]));
  bench.timer("precommit", 0, 1);
  bench.hear(group.proposal(2, [0, 2], b));
  assert.deepEqual(bench.votes(), [{ phase: prevote, round: 2, block: NIL }]);
});

test("a leader that restarts does not propose once more in its round", () => {
  const bench = new Bench(group, 0);
  bench.take({ type: "wanted" });
  bench.take({ type: "made", height: 0, round: 0, block: a });
  const [persist] = bench.all("persist");
  assert.ok(Buffer.from(persist.state).includes(Buffer.from(proposalOf(bench))));
  bench.restart(group.context(0));
  assert.deepEqual(bench.all("make"), []);
  bench.take({ type: "made", height: 0, round: 0, block: b });
  assert.deepEqual(bench.all("send"), []);
});

function proposalOf(bench: Bench): Uint8Array {
  const sent = bench.all("send").find(({ kind }) => kind === "proposed");
  const decoded = proposedRecord.decode(sent!.bytes);
  assert.ok(decoded.ok);
  return decoded.value.proposal;
}

test("who lost its state is silent until two heights beyond what a quorum has decided", () => {
  const bench = new Bench(group, 3);
  bench.restart(group.context(5), new Uint8Array(40));
  const [asks] = bench.all("send").map(({ bytes }) => group.open("status", bytes));
  assert.ok(asks.type === "status" && asks.status.ask);
  const answer = asks.status.ask;
  bench.hear(group.proposal(1, [5, 0], a));
  bench.checked(5, a);
  bench.timer("propose", 5, 0);
  assert.deepEqual(bench.votes(), []);
  for (const gateway of [0, 1, 2]) bench.hear(group.status(gateway, { height: 5, answer }));
  assert.equal(bench.all("persist").length, 1, "it is remembered how long");
  for (const height of [5, 6]) {
    assert.equal(bench.machine.at.silent, true);
    bench.hear(group.decision([height, 0], a, [0, 1, 2]));
    bench.checked(height, a);
    assert.equal(bench.all("decide").length, 1, "it goes on with the others");
    bench.take({ type: "applied", context: group.context(height + 1) });
  }
  assert.equal(bench.machine.at.silent, false);
  bench.hear(
    group.proposal(0, [7, 1], a),
    group.prevote(0, [7, 1], a),
    group.prevote(1, [7, 1], a),
  );
  bench.checked(7, a);
  assert.deepEqual(bench.votes()[0], { phase: prevote, round: 1, block: a.key });
});

test("a state of a later height than the chain binds once the chain is there", () => {
  const bench = locked();
  const state = bench.state;
  const behind = new Bench(group, 3, { known: { state, nonce: new Uint8Array(16) } });
  assert.equal(behind.machine.at.round, 0, "words of this round were not stored");
  const ahead = new Consortium(4);
  const later = new Bench(ahead, 3, { context: ahead.context(4) });
  later.take({ type: "wanted" });
  later.timer("propose", 4, 0);
  later.restart(ahead.context(3));
  assert.equal(later.machine.at.silent, true);
  later.hear(ahead.decision([3, 0], a, [0, 1, 2]));
  later.checked(3, a);
  later.take({ type: "applied", context: ahead.context(4) });
  assert.deepEqual(later.machine.at, { height: 4, round: 0, step: 2, silent: false });
});
