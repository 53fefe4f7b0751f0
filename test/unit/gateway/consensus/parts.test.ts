// SPDX-License-Identifier: Apache-2.0
/** The parts of the machine: counts, rounds, blocks, timeouts, what is kept of the future, and what is stored. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import {
  CONSENSUS_FUTURE_MAX,
  ROUND_TIMEOUT_MAX_MS,
  ROUNDS_AHEAD_MAX,
  ROUNDS_BEHIND_MAX,
} from "#core/consensus/limits";
import { Blocks } from "#gateway/consensus/blocks";
import { DECISIONS_AHEAD_MAX, Future } from "#gateway/consensus/future";
import { Recovery } from "#gateway/consensus/recovery";
import { Rounds } from "#gateway/consensus/rounds";
import { decodeStored, encodeStored, silentAt } from "#gateway/consensus/stored";
import { Tally } from "#gateway/consensus/tally";
import { DEFAULT_TIMEOUTS, repeatPauseMs, timeoutMs } from "#gateway/consensus/timeouts";
import type { DecisionMessage, ProposedMessage, VoteMessage } from "#gateway/consensus/types";
import { Consortium } from "../../../helpers/consortium.ts";

const group = new Consortium(4);
const [a, b] = [group.block(1), group.block(2)];
const vote = (voter: number, block = a, round = 0): VoteMessage =>
  group.prevote(voter, [0, round], block) as VoteMessage;

test("one vote of each gateway counts, the first", () => {
  const tally = new Tally(4);
  assert.equal(tally.add(0, vote(0)), "new");
  assert.equal(tally.add(0, vote(0)), "known", "the same word in another message");
  const other = tally.add(0, vote(0, b));
  assert.ok(typeof other === "object" && other.block === a.key);
  assert.equal(tally.of(b.key), 0);
  tally.add(2, vote(2));
  assert.equal(tally.winner(3), undefined);
  tally.add(3, vote(3));
  assert.equal(tally.winner(3), a.key);
  assert.deepEqual(
    tally.for(a.key).map(({ block }) => block),
    [a.key, a.key, a.key],
  );
  tally.remove(0);
  tally.remove(0);
  assert.equal(tally.count, 2);
  assert.equal(tally.winner(3), undefined);
});

test("counts are those of the votes, whatever comes in which order", () => {
  const draw = fc.record({ voter: fc.nat(3), block: fc.nat(1) });
  fc.assert(
    fc.property(fc.array(draw, { maxLength: 20 }), (draws) => {
      const tally = new Tally(4);
      const first = new Map<number, number>();
      for (const { voter, block } of draws) {
        tally.add(voter, vote(voter, block === 0 ? a : b));
        if (!first.has(voter)) first.set(voter, block);
      }
      const said = [...first.values()];
      assert.equal(tally.count, first.size);
      assert.equal(tally.of(a.key), said.filter((block) => block === 0).length);
      assert.equal(tally.of(b.key), said.filter((block) => block === 1).length);
    }),
    { numRuns: 50 },
  );
});

test("of rounds ahead the latest of each gateway are kept, and the others' words stay", () => {
  const rounds = new Rounds(4);
  for (const [place, number] of [
    [1, 5],
    [2, 5],
    [1, 6],
    [1, 7],
  ] as const) {
    assert.equal(rounds.admit(place, number, 0), undefined);
    rounds.at(number).prevotes.add(place, vote(place, a, number));
  }
  assert.equal(rounds.admit(1, 4, 0), "ROUND_FUTURE", "three later ones are kept");
  assert.equal(rounds.admit(1, 6, 0), undefined, "again in one that is kept");
  assert.equal(rounds.admit(1, 900, 0), undefined);
  assert.equal(rounds.get(5)?.prevotes.votes[1], undefined, "made room");
  assert.ok(rounds.get(5)?.prevotes.votes[2]);
  assert.equal(rounds.reachedBy(2, 0, 0), 5);
  assert.equal(rounds.reachedBy(2, 5, 0), undefined, "it is there already");
  assert.equal(rounds.reachedBy(1, 0, 1), 5, "without its own");
  assert.equal(rounds.admit(2, 7, 0), undefined);
  rounds.at(7).prevotes.add(2, vote(2, a, 7));
  rounds.moved(6);
  assert.equal(rounds.admit(1, 8, 6), undefined);
  assert.equal(rounds.admit(1, 9, 6), undefined, "rounds that came do not count as ahead");
  rounds.moved(ROUNDS_BEHIND_MAX + 7);
  assert.equal(rounds.get(6), undefined);
  assert.ok(rounds.get(7));
  assert.equal(rounds.admit(2, 6, ROUNDS_BEHIND_MAX + 7), "ROUND_PAST");
});

test("whatever one gateway says of rounds, no more than a few are kept", () => {
  fc.assert(
    fc.property(fc.array(fc.nat(1000), { maxLength: 60 }), (numbers) => {
      const rounds = new Rounds(4);
      for (const number of numbers)
        if (rounds.admit(1, number, 0) === undefined) rounds.at(number).prevotes.add(1, vote(1));
      // With the present one: each input walks all that are kept.
      const kept = [...rounds.all()].map(([number]) => number);
      assert.ok(kept.length <= ROUNDS_AHEAD_MAX + 1, `${kept}`);
    }),
    { numRuns: 50 },
  );
});

test("an audit is asked for once, and once more when a quorum stands for a block found wrong", () => {
  const asked: string[] = [];
  const blocks = new Blocks((block, certified) => asked.push(`${block.header[1]} ${certified}`));
  assert.equal(blocks.audit(a.key, false), undefined);
  assert.deepEqual(asked, [], "of a block that is not there");
  blocks.add(a, 0);
  for (let i = 0; i < 2; i++) assert.equal(blocks.audit(a.key, false), undefined);
  assert.equal(blocks.audit(a.key, true), undefined, "the first audit may do for both");
  assert.deepEqual(asked, ["1 false"]);
  blocks.checked(a.id, false, 203);
  assert.equal(blocks.audit(a.key, false), 203);
  assert.equal(blocks.audit(a.key, true), undefined);
  assert.deepEqual(asked, ["1 false", "1 true"]);
  blocks.checked(a.id, true, 0);
  assert.equal(blocks.audit(a.key, true), 0);
  assert.equal(blocks.audit(a.key, false), 203, "its prevote stands");
  blocks.sound(b, 3);
  assert.equal(blocks.audit(b.key, true), 0);
  blocks.prune(3, [undefined]);
  assert.equal(blocks.get(a.key), undefined);
  assert.equal(blocks.get(b.key), b);
});

test("timeouts grow by the round, to a limit; repeats grow rarer without progress", () => {
  const times = DEFAULT_TIMEOUTS;
  assert.equal(timeoutMs(times, "propose", 0), times.proposeMs);
  assert.equal(timeoutMs(times, "prevote", 3), times.voteMs + 3 * times.stepMs);
  assert.equal(timeoutMs(times, "window", 1), times.windowMs + times.stepMs);
  assert.equal(timeoutMs(times, "precommit", 1e6), ROUND_TIMEOUT_MAX_MS);
  let pauseMs = 0;
  const pauses = Array.from({ length: 6 }, () => (pauseMs = repeatPauseMs(times, pauseMs, false)));
  assert.deepEqual(
    pauses.map((ms) => ms / times.repeatMs),
    [1, 2, 4, 8, 8, 8],
  );
  assert.equal(repeatPauseMs(times, pauseMs, true), times.repeatMs);
});

test("of each sender a few words for the next height are kept", () => {
  const future = new Future();
  for (let i = 0; i < CONSENSUS_FUTURE_MAX; i++) assert.ok(future.keep(vote(1)));
  assert.equal(future.keep(vote(1)), false);
  assert.ok(future.keep(vote(2)));
  assert.equal(future.takeWords().length, CONSENSUS_FUTURE_MAX + 1);
  assert.equal(future.takeWords().length, 0);
});

test("decisions ahead are kept until their height comes, and who is furthest is asked", () => {
  const future = new Future();
  const decision = (height: number) => group.decision([height, 0], a, [0, 1, 2]) as DecisionMessage;
  for (const height of [5, 4, 4 + DECISIONS_AHEAD_MAX]) future.keepDecision(decision(height), 3);
  assert.equal(future.takeDecision(4)?.quorum.height, 4);
  assert.equal(future.takeDecision(6), undefined);
  assert.equal(future.takeDecision(5), undefined, "forgotten with those before");
  assert.equal(future.takeDecision(4 + DECISIONS_AHEAD_MAX), undefined, "too far ahead");
  assert.equal(future.ahead(3), undefined);
  future.seenAt("aa", 9);
  future.seenAt("bb", 12);
  future.seenAt("bb", 4);
  assert.equal(future.ahead(3), "bb");
  assert.equal(future.ahead(12), undefined);
  future.helped("aa", 9);
  assert.equal(future.ahead(3), "aa", "who helped is asked before who says that it is further");
  assert.equal(future.ahead(10), "bb");
  assert.deepEqual([future.isToAsk(3), future.isToAsk(3), future.isToAsk(4)], [true, false, true]);
});

test("what was signed is stored and read again; anything else is no state", () => {
  const { crypto } = group;
  const proposal = group.proposal(0, [3, 1], a) as ProposedMessage;
  const stored = {
    ...silentAt(3, 2),
    round: 1,
    proposal: proposal.bytes,
    prevote: vote(0).bytes,
    locked: { round: 1, block: a.id },
    valid: { round: 1, header: a.header, plan: a.plan, polka: [vote(0).bytes, vote(1).bytes] },
  };
  const bytes = encodeStored(crypto, stored);
  assert.deepEqual(decodeStored(crypto, bytes), stored);
  for (let i = 0; i < bytes.length; i += 7) {
    const damaged = bytes.slice();
    damaged[i] ^= 4;
    assert.equal(decodeStored(crypto, damaged), undefined, `byte ${i}`);
  }
  assert.equal(decodeStored(crypto, bytes.slice(0, -1)), undefined);
  assert.equal(decodeStored(crypto, new Uint8Array(0)), undefined);
});

test("a quorum of others, to whose heights the chain has come, ends the silence two heights on", () => {
  const nonce = new Uint8Array(16).fill(1);
  const { set } = group;
  const recovery = new Recovery(nonce);
  const self = set.idHexAt(0);
  const answer = (place: number, height: number, to = nonce): void =>
    recovery.heard(set.idHexAt(place), {
      net: "test",
      gateway: set.list[place].id,
      height,
      round: 0,
      wants: 0,
      ask: undefined,
      answer: to,
    });
  answer(0, 7);
  answer(1, 7);
  answer(2, 8);
  assert.equal(recovery.speaksFrom(set, self, 8), undefined, "its own does not count");
  answer(3, 7, new Uint8Array(16));
  assert.equal(recovery.speaksFrom(set, self, 8), undefined, "an answer to something else");
  answer(3, 1000);
  assert.equal(recovery.speaksFrom(set, self, 8), undefined, "a claim that is not shown");
  answer(3, 0);
  assert.equal(recovery.speaksFrom(set, self, 7), undefined, "the chain is not at 8 yet");
  // They have decided 7: it may have spoken at 8, and those who do not answer may be one further.
  assert.equal(recovery.speaksFrom(set, self, 8), 10);
});
