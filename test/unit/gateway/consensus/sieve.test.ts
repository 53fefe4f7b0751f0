// SPDX-License-Identifier: Apache-2.0
/** What a message costs: signatures are checked where something may follow from them, and only there. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { Crypto } from "#core/crypto/port";
import { Phase, polkaRecord } from "#core/records/consensus";
import { openMessage } from "#gateway/consensus/open";
import type { Message, MessageKind, Output } from "#gateway/consensus/types";
import { keyedCrypto } from "#host-sim/smartchain/crypto";
import { Bench, Consortium, NET } from "../../../helpers/consortium.ts";

let checks = 0;
const counted = (crypto: Crypto): Crypto => ({
  ...crypto,
  verify: (...args) => {
    checks++;
    return crypto.verify(...args);
  },
});
const group = new Consortium(4, "quorum", counted(keyedCrypto()));
const SELF = 3;
const [a, b] = [group.block(1), group.block(2)];
const { prevote, precommit } = Phase;

/** Opens it as the gateway of this machine does; the signatures that it took, and what came of it. */
function bring(
  { machine }: Bench,
  kind: MessageKind,
  bytes: Uint8Array,
  sender = 1,
): { checks: number; message?: Message; code?: string } {
  const { crypto, set } = group;
  const keysOf = (id: string) => set.list.slice(set.indexOf(id)).map((one) => one.publicKey);
  const ports = { net: NET, crypto, keysOf: (id: string) => keysOf(id).slice(0, 1) };
  checks = 0;
  const { sieve } = machine;
  const opened = openMessage({ ...ports, sieve }, kind, bytes, set.idHexAt(sender));
  return "code" in opened ? { checks, code: opened.code } : { checks, message: opened };
}

function hear(bench: Bench, kind: MessageKind, bytes: Uint8Array, sender = 1): number {
  const { checks: cost, message, code } = bring(bench, kind, bytes, sender);
  assert.ok(message, code);
  bench.hear(message);
  return cost;
}

function polkaOf(votes: Uint8Array[], { header, plan } = a): Uint8Array {
  return polkaRecord.encode({ header, plan, votes });
}

const vote = (voter: number, at: readonly [number, number], block = a, phase: number = prevote) =>
  group.voteBytes(voter, phase, at, block);

/** With a signature that is none. */
function forged(bytes: Uint8Array): Uint8Array {
  const copy = bytes.slice();
  copy[copy.length - 1] ^= 1;
  return copy;
}

test("prevotes that are no quorum by what they say cost no signature", () => {
  const bench = new Bench(group, SELF);
  const good = [0, 1, 2].map((voter) => vote(voter, [0, 0]));
  const cases: [string, Uint8Array[]][] = [
    ["one vote, 64 times", Array.from({ length: 64 }, () => vote(1, [0, 0]))],
    ["too few", good.slice(1)],
    ["one twice beside a quorum", [...good, good[0]]],
    ["another height", [0, 1, 2].map((voter) => vote(voter, [1, 0]))],
    ["two rounds", [...good.slice(1), vote(0, [0, 1])]],
    ["another block", [...good.slice(1), vote(0, [0, 0], b)]],
    ["another phase", [...good.slice(1), vote(0, [0, 0], a, precommit)]],
  ];
  for (const [name, votes] of cases) {
    const polka = bring(bench, "polka", polkaOf(votes));
    assert.deepEqual([polka.checks, polka.message], [0, undefined], name);
    const more = { validRound: 0, polka: votes };
    const proposed = bring(bench, "proposed", group.proposedBytes(1, [0, 1], a, more));
    assert.deepEqual([proposed.checks, proposed.message], [0, undefined], `proposal: ${name}`);
    const next = bring(bench, "proposed", group.proposedBytes(1, [1, 1], b, more));
    assert.deepEqual([next.checks, next.message], [0, undefined], `next height: ${name}`);
  }
});

test("a quorum's prevotes are checked once, and those that are known not again", () => {
  const bench = new Bench(group, SELF);
  const votes = [0, 1, 2].map((voter) => vote(voter, [0, 0]));
  assert.equal(hear(bench, "vote", votes[0]), 1);
  assert.equal(hear(bench, "polka", polkaOf(votes)), 2);
  assert.deepEqual(bring(bench, "polka", polkaOf(votes)), { checks: 0, code: "DUPLICATE" });
});

test("who shows a vote with a false signature shows no others at this height", () => {
  const bench = new Bench(group, SELF);
  const votes = [0, 1, 2].map((voter) => vote(voter, [0, 0]));
  const wrong = [votes[0], votes[1], forged(votes[2])];
  assert.deepEqual(bring(bench, "polka", polkaOf(wrong)), { checks: 3, code: "BAD_SIGNATURE" });
  for (const shown of [wrong, votes])
    assert.deepEqual(bring(bench, "polka", polkaOf(shown)), { checks: 0, code: "BAD_SIGNATURE" });
  const more = { validRound: 0, polka: wrong };
  const proposed = group.proposedBytes(1, [0, 1], a, more);
  assert.deepEqual(bring(bench, "proposed", proposed), { checks: 0, code: "BAD_SIGNATURE" });
  assert.equal(hear(bench, "proposed", group.proposedBytes(1, [0, 1], a)), 1, "without votes");
  assert.equal(hear(bench, "polka", polkaOf(votes), 2), 3, "of another");
});

test("a false certificate is checked once of each that shows it", () => {
  const bench = new Bench(group, SELF);
  const quorum = group.quorum([0, 0], a, [0, 1, 2]);
  const voices = quorum.voices.map((voice, i) =>
    i === 2 ? { ...voice, signature: forged(voice.signature) } : voice,
  );
  const show = (from: number, shown = { ...quorum, voices }): number => {
    checks = 0;
    bench.hear({ type: "quorum", quorum: shown, block: a.key, from: group.set.idHexAt(from) });
    return checks;
  };
  assert.equal(show(1), 3);
  assert.deepEqual(bench.codes(), ["QUORUM_INVALID"]);
  assert.equal(show(1), 0);
  assert.equal(show(1, quorum), 0);
  assert.equal(show(2, quorum), 3);
});

test("a vote that is known, proved or not kept costs no signature", () => {
  const bench = new Bench(group, SELF, { context: group.context(2) });
  const idle = (bytes: Uint8Array, code: string): void =>
    assert.deepEqual(bring(bench, "vote", bytes), { checks: 0, code });
  assert.equal(hear(bench, "vote", vote(1, [2, 0])), 1);
  idle(vote(1, [2, 0]), "DUPLICATE");
  assert.equal(hear(bench, "vote", vote(1, [2, 0], b)), 1);
  assert.equal(bench.all("evidence").length, 1);
  idle(group.voteBytes(1, prevote, [2, 0], undefined), "EQUIVOCATION");
  idle(vote(1, [1, 0]), "HEIGHT_PAST");
  for (const round of [7, 8, 9]) assert.equal(hear(bench, "vote", vote(1, [2, round])), 1);
  idle(vote(1, [2, 6]), "ROUND_FUTURE");
  // The next height: each word once, and as many as are kept.
  for (let round = 0; round < 8; round++) assert.equal(hear(bench, "vote", vote(1, [3, round])), 1);
  idle(vote(1, [3, 2]), "HEIGHT_FUTURE");
  idle(vote(1, [3, 8]), "HEIGHT_FUTURE");
  // Heights beyond: one that goes up by ones is not followed step by step.
  let cost = 0;
  for (let height = 4; height < 4100; height++) {
    const { checks: one, message } = bring(bench, "vote", vote(2, [height, 0]));
    if (message) bench.hear(message);
    cost += one;
  }
  assert.ok(cost >= 10 && cost <= 12, `${cost}`);
  bench.hear(group.precommit(0, [2, 9]), group.precommit(2, [2, 9]));
  bench.timer("precommit", 2, bench.machine.at.round);
  assert.ok(bench.machine.at.round >= 9);
  idle(vote(2, [2, 0]), "ROUND_PAST");
});

const place = fc.nat(2);
const height = fc.constantFrom(0, 0, 0, 0, 1, 2, 9);
const round = fc.constantFrom(0, 0, 0, 1, 1, 2, 5, 6, 7, 8, 20);
const block = fc.constantFrom(a, a, a, b, undefined);
const phase = fc.constantFrom<number>(prevote, precommit);
const act = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({ do: fc.constant("vote"), place, height, round, block, phase }),
  },
  {
    weight: 3,
    arbitrary: fc.record({ do: fc.constant("propose"), place, height, round, block, phase }),
  },
  {
    weight: 3,
    arbitrary: fc.record({ do: fc.constant("polka"), place, height, round, block, phase }),
  },
  {
    weight: 3,
    arbitrary: fc.record({ do: fc.constant("checked"), place, height, round, block, phase }),
  },
  {
    weight: 3,
    arbitrary: fc.record({ do: fc.constant("timer"), place, height, round, block, phase }),
  },
);
type Act = typeof act extends fc.Arbitrary<infer T> ? T : never;

/** Does it to the machine; `sifted`: what its sieve refuses it does not hear. */
function apply(bench: Bench, one: Act, sifted: boolean): readonly Output[] {
  const { place: who, height: at, round: number, block: chosen = a, phase: of } = one;
  if (one.do === "checked") return bench.checked(0, chosen);
  if (one.do === "timer")
    return bench.timer(of === prevote ? "propose" : "precommit", 0, bench.machine.at.round);
  const message = messageOf(one, who, [at, number]);
  if (sifted && bench.machine.sieve.fault(message, message.from)) return [];
  return bench.hear(message);
}

function messageOf(one: Act, who: number, at: readonly [number, number]): Message {
  if (one.do === "vote") return group.open("vote", group.voteBytes(who, one.phase, at, one.block));
  const { block: chosen = a } = one;
  const voters = one.phase === prevote ? [0, 1, 2] : [0, 1];
  if (one.do === "polka")
    return group.open(
      "polka",
      polkaOf(
        voters.map((voter) => vote(voter, at, chosen)),
        chosen,
      ),
      who,
    );
  const leader = group.set.leader(...at);
  if (leader === SELF || at[1] === 0 || one.block === undefined)
    return group.proposal(leader === SELF ? who : leader, at, chosen);
  const validRound = at[1] - 1;
  const polka = voters.map((voter) => vote(voter, [at[0], validRound], chosen));
  return group.proposal(leader, at, chosen, { validRound, polka });
}

const done = (outputs: readonly Output[]) => outputs.filter(({ type }) => type !== "drop");

test("a machine that hears only what its sieve lets through does the same", () => {
  fc.assert(
    fc.property(fc.array(act, { minLength: 20, maxLength: 60 }), (acts) => {
      const [all, some] = [new Bench(group, SELF), new Bench(group, SELF)];
      for (const one of acts)
        assert.deepEqual(done(apply(some, one, true)), done(apply(all, one, false)));
    }),
    { numRuns: 200 },
  );
});
