// SPDX-License-Identifier: Apache-2.0
/** The parts of the arena: time, links, plans, shrinking. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { Agenda } from "#host-sim/agenda";
import { Network } from "#host-sim/chaos/network";
import { type Plan, planOf } from "#host-sim/chaos/plan";
import { shrink, sizeOf } from "#host-sim/chaos/shrink";

const FAIR = {
  dropPermille: 0,
  duplicatePermille: 0,
  delayMs: 10,
  stragglerPermille: 0,
  stragglerMs: 1,
};

function network(weather: Partial<typeof FAIR> = {}, keen: number[] = []) {
  const agenda = new Agenda();
  const came: string[] = [];
  const all = { ...FAIR, ...weather };
  const net = new Network<string>(agenda, 1, all, new Set(keen), (to, from, message) =>
    came.push(`${from}>${to} ${message}`),
  );
  const play = (untilMs = 1e6): string[] => {
    while (agenda.step(untilMs));
    return came.splice(0).sort();
  };
  return { agenda, net, play };
}

test("things happen in the order of their time, and of their saying", () => {
  const agenda = new Agenda();
  const done: number[] = [];
  for (const [i, ms] of [30, 10, 20, 10, 0].entries()) agenda.in(ms, () => done.push(i));
  assert.ok(agenda.step(0));
  assert.equal(agenda.step(5), undefined);
  while (agenda.step(30));
  assert.deepEqual(done, [4, 1, 3, 2, 0]);
  assert.equal(agenda.nowMs, 30);
});

test("a split, a deaf host and a lossy link keep messages from arriving, until they are healed", () => {
  const { net, play, agenda } = network({}, [3]);
  net.split([0, 1], 100);
  for (const to of [1, 2]) net.send(0, to, "prevote", "a");
  assert.deepEqual(play(50), ["0>1 a"]);
  net.deafen([1, 3], "prevote", 100);
  for (const kind of ["prevote", "precommit"] as const) net.send(0, 1, kind, kind);
  net.send(2, 3, "prevote", "b");
  assert.deepEqual(play(90), ["0>1 precommit", "2>3 b"], "the adversary hears all");
  agenda.in(0, () => {});
  play(300);
  net.send(0, 2, "prevote", "c");
  assert.deepEqual(play(), ["0>2 c"], "both are over");
  const lossy = network({ dropPermille: 1000 });
  lossy.net.send(0, 1, "status", "d");
  assert.deepEqual(lossy.play(), []);
  lossy.net.heal(5);
  lossy.net.send(0, 1, "status", "d");
  assert.deepEqual(lossy.play(), ["0>1 d"]);
  assert.equal(lossy.net.counts.dropped, 1);
  const twice = network({ duplicatePermille: 1000 });
  twice.net.send(0, 1, "status", "e");
  assert.deepEqual(twice.play(), ["0>1 e", "0>1 e"]);
});

test("a plan follows from its seed, and no set has more faulty ones than it can stand", () => {
  for (let seed = 1; seed <= 400; seed++) {
    const plan = planOf(seed);
    assert.deepEqual(planOf(seed), plan);
    const faulty = new Set(plan.byzantine.map(({ host }) => host));
    for (const fault of plan.faults)
      if (fault.kind === "crash" && (fault.loss === "state" || fault.loss === "disk"))
        faulty.add(fault.host);
    for (const { members } of plan.sets) {
      const count = members.filter(({ host }) => faulty.has(host)).length;
      assert.ok(
        count <= Math.floor((members.length - 1) / 3),
        `seed ${seed}: ${count} of ${members.length}`,
      );
    }
  }
  assert.equal(
    planOf(3, { gateways: 16, rule: "unanimous", leader: "proof-of-work" }).gateways,
    16,
  );
});

test("the seeds have everything that can go wrong", () => {
  const seen = new Set<string>();
  for (let seed = 1; seed <= 400; seed++) {
    const { faults, byzantine, leader, rule, sets } = planOf(seed);
    for (const fault of faults)
      seen.add(fault.kind === "crash" ? `crash ${fault.loss}` : fault.kind);
    for (const { tactics } of byzantine) for (const tactic of tactics) seen.add(tactic);
    for (const what of [leader, rule, `${sets.length} sets`]) seen.add(what);
  }
  const crashes = ["nothing", "unsynced", "state", "disk"].map((loss) => `crash ${loss}`);
  const rest = [
    "pause",
    "split",
    "slow",
    "deaf",
    "clock",
    "silent",
    "favour",
    "two-votes",
    "2 sets",
  ];
  for (const what of [...crashes, ...rest, "unanimous", "proof-of-work"])
    assert.ok(seen.has(what), what);
});

test("a failing plan is shrunk to what it fails by", () => {
  const plan = [...Array(100).keys()]
    .map((seed) => planOf(seed))
    .find(({ faults }) => faults.length > 8)!;
  const culprit = plan.faults[3];
  const judge = (candidate: Plan): string | undefined =>
    candidate.faults.includes(culprit) ? "I19" : undefined;
  const { plan: least, runs } = shrink(plan, judge);
  assert.deepEqual(least.faults, [culprit]);
  assert.deepEqual(least.byzantine, []);
  assert.ok(sizeOf(least) < sizeOf(plan) && runs <= 200);
  const passing = shrink(plan, () => undefined);
  assert.deepEqual(passing, { plan, runs: 1 });
  const other = (candidate: Plan): string => (candidate.faults.length > 0 ? "I19" : "liveness");
  assert.ok(shrink(plan, other).plan.faults.length > 0, "only what breaks the same checker");
});
