// SPDX-License-Identifier: Apache-2.0
/** Catching up, certificates, repeats, and words that are dropped, on one machine. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { toHex } from "#core/codec/bytes";
import { WIRE } from "#core/errors/codes";
import { Phase, polkaRecord } from "#core/records/consensus";
import { Bench, Consortium } from "../../../helpers/consortium.ts";

const group = new Consortium(4);
const [a, b] = [group.block(1), group.block(2)];
const NIL = "";
const { prevote, precommit } = Phase;
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

test("who is behind asks the first that is ahead, and decides by certificates", () => {
  const bench = new Bench(group, 3);
  bench.hear(group.prevote(1, [3, 0]), group.prevote(2, [3, 0]));
  const asked = bench.all("send").map(({ kind, to }) => `${kind} ${group.set.indexOf(to ?? "")}`);
  assert.deepEqual(asked, ["status 1"]);
  // They come in any order.
  bench.hear(group.decision([1, 0], b, [0, 1, 2]), group.decision([0, 0], a, [0, 1, 2]));
  bench.checked(0, a);
  assert.deepEqual(
    bench.all("decide").map(({ height }) => height),
    [0],
  );
  bench.take({ type: "applied", context: group.context(1) });
  bench.checked(1, b);
  assert.deepEqual(
    bench.all("decide").map(({ height }) => height),
    [1],
  );
});

test("who is ahead serves who is behind, and answers questions", () => {
  const bench = new Bench(group, 3, { context: group.context(6) });
  bench.hear(group.status(1, { height: 2, ask: new Uint8Array(16).fill(5) }));
  assert.deepEqual(bench.all("serve"), [
    { type: "serve", to: group.set.idHexAt(1), fromHeight: 2 },
  ]);
  const [send] = bench.all("send");
  const message = group.open("status", send.bytes);
  assert.ok(message.type === "status");
  assert.equal(message.status.height, 6);
  assert.equal(toHex(message.status.answer!), "05".repeat(16));
});

test("a certificate without its block is kept, and the block asked for", () => {
  const bench = new Bench(group, 3);
  const { quorum, block } = { quorum: group.quorum(FIRST, a, [0, 1, 2]), block: a.key };
  bench.hear({ type: "quorum", quorum, block, from: group.set.idHexAt(0) });
  assert.equal(bench.all("send")[0].kind, "status");
  bench.hear(group.proposal(0, FIRST, a));
  assert.equal(bench.all("check").length, 1);
  bench.checked(0, a);
  assert.equal(bench.all("decide").length, 1);
  const bad = new Bench(group, 3);
  bad.hear(group.decision(FIRST, a, [0, 1]));
  assert.deepEqual(bad.codes(), ["QUORUM_INVALID"]);
});

test("a block that the clock here is too early for is audited again when a quorum stands for it", () => {
  const bench = withProposal();
  bench.checked(0, a, WIRE.BLOCK_FUTURE);
  assert.deepEqual(bench.votes(), [{ phase: prevote, round: 0, block: NIL }]);
  bench.hear(...[0, 1, 2].map((voter) => group.precommit(voter, FIRST, a)));
  assert.deepEqual(
    bench.all("check").map(({ certified }) => certified),
    [true],
  );
  bench.checked(0, a, 0, true);
  assert.equal(bench.all("decide").length, 1);
  const broken = withProposal();
  broken.checked(0, a, WIRE.BLOCK_PREV);
  broken.hear(...[0, 1, 2].map((voter) => group.precommit(voter, FIRST, a)));
  broken.checked(0, a, WIRE.BLOCK_PREV, true);
  assert.equal(broken.all("disagree").length, 1);
  broken.timer("precommit", 0, 0);
  assert.deepEqual(broken.out, [], "it stops");
});

test("without progress everything is said again, ever more seldom", () => {
  const bench = withProposal();
  bench.checked(0, a);
  const pauses: number[] = [];
  for (let sequence = 1; sequence <= 6; sequence++) {
    bench.timer("repeat", 0, sequence);
    assert.deepEqual(
      bench.all("send").map(({ kind }) => kind),
      ["status", "vote"],
    );
    pauses.push(bench.all("timer")[0].afterMs);
  }
  assert.deepEqual(pauses, [2000, 4000, 8000, 16_000, 16_000, 16_000]);
  bench.timer("repeat", 0, 1);
  assert.deepEqual(bench.out, [], "an old timer");
});

test("those in an earlier round are shown why this one has begun", () => {
  const bench = locked();
  bench.hear(group.prevote(0, [0, 1]));
  bench.timer("repeat", 0, 1);
  const shown = bench.all("send").filter(({ to }) => to !== undefined);
  const places = new Set(shown.map(({ to }) => group.set.indexOf(to!)));
  assert.deepEqual([...places].sort(), [1, 2], "not to gateway 0, which is here");
  assert.equal(shown.length, 2 * 3);
});

test("strangers, other keys, and words too far ahead are dropped with a code", () => {
  const bench = new Bench(group, 3);
  const stranger = new Consortium(7);
  const known = new Set(group.set.list.map(({ id }) => toHex(id)));
  const place = stranger.set.list.findIndex(({ id }) => !known.has(toHex(id)));
  const vote = stranger.open(
    "vote",
    stranger.voteBytes(place, prevote, [0, 0], a, { net: "test" }),
  );
  bench.hear(vote);
  assert.deepEqual(bench.codes(), ["GATEWAY_UNKNOWN"]);
  bench.hear(group.prevote(1, [4, 0]));
  assert.deepEqual(bench.codes(), ["HEIGHT_FUTURE"]);
  bench.hear({ ...group.prevote(1, FIRST, a), publicKey: group.set.list[0].publicKey } as never);
  assert.deepEqual(bench.codes(), ["GATEWAY_UNKNOWN"]);
});

test("others are shown the quorum that binds a gateway, and propose its block then", () => {
  const bench = withProposal();
  bench.checked(0, a);
  bench.hear(group.prevote(0, FIRST, a), group.prevote(1, FIRST, a));
  bench.hear(group.precommit(0, FIRST), group.precommit(1, FIRST, a));
  assert.deepEqual(
    bench.all("timer").map(({ kind }) => kind),
    ["precommit", "show"],
  );
  bench.timer("show", 0, 0);
  const shown = bench.all("send").filter(({ kind }) => kind === "polka");
  assert.deepEqual(
    shown.map(({ to }) => group.set.indexOf(to ?? "")),
    [0, 2],
  );
  bench.timer("show", 0, 0);
  assert.deepEqual(bench.all("send"), [], "once");
  const leader = new Bench(group, 1);
  leader.hear(group.open("polka", shown[0].bytes, 3));
  leader.checked(0, a);
  leader.hear(group.prevote(2, [0, 1]), group.prevote(3, [0, 1]));
  const proposed = leader.all("send").find(({ kind }) => kind === "proposed");
  const message = group.open("proposed", proposed!.bytes);
  assert.ok(message.type === "proposed" && message.proposal.validRound === 0);
  assert.equal(message.block.key, a.key);
});

test("a quorum that is none is dropped", () => {
  const bench = new Bench(group, 1);
  const { header, plan } = a;
  const votes = [0, 2].map((voter) => group.voteBytes(voter, prevote, FIRST, a));
  for (const list of [
    votes,
    [...votes, votes[0]],
    [...votes, group.voteBytes(3, prevote, [0, 1], a)],
  ]) {
    bench.hear(group.open("polka", polkaRecord.encode({ header, plan, votes: list }), 3));
    assert.deepEqual(bench.codes(), ["PROPOSAL_POLKA"]);
  }
});

test("a gateway that restarts can still show why it is in its round", () => {
  const bench = locked();
  bench.hear(group.proposal(1, [0, 1], a));
  bench.restart(group.context(0));
  bench.timer("repeat", 0, 1);
  const shown = bench.all("send").filter(({ to, kind }) => kind === "vote" && to !== undefined);
  assert.equal(shown.length, 3 * 3, "three precommits of round 0 to three others");
});
