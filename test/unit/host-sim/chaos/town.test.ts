// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { test } from "node:test";
import { runTown } from "#host-sim/chaos/town/arena";
import { type BankPlan, type ChangePlan, PLAIN, tolerable } from "#host-sim/chaos/town/features";
import { type TownPlan, townPlan } from "#host-sim/chaos/town/plan";
import { runTowns } from "#host-sim/chaos/town/runs";
import { shrinkTown, sizeOf } from "#host-sim/chaos/town/shrink";
import { sodiumCrypto } from "#node/crypto/sodium";

const WEATHER = { dropPermille: 0, duplicatePermille: 0, delayMs: 1, jitterMs: 5 };
const WEATHER_HERE = {
  ...{ dropPermille: 0, duplicatePermille: 0, delayMs: 1 },
  ...{ stragglerPermille: 0, stragglerMs: 1 },
};

const BANK: BankPlan = {
  banks: [0, 1, 2, 3],
  capitalMicro: 50_000_000,
  genesisMicro: 0,
  validSlots: 1,
  bufferSlots: 1,
  patienceSlots: 1,
  periodSlots: 2,
  slack: [0],
  greedy: [],
  changesTerms: false,
};

/** Four gateways of which nothing is asked but to trade. */
function calm(more: Partial<TownPlan> = {}): TownPlan {
  const { bank: _, rewards: __, stops: ___, ...plan } = townPlan(1, { gateways: 4 });
  return {
    ...plan,
    ...PLAIN,
    slots: 2,
    homes: 4,
    running: false,
    direct: false,
    verifyMs: 0,
    troubleMs: 600,
    peers: WEATHER,
    area: WEATHER_HERE,
    clocks: plan.clocks.map(() => ({ skewMs: 0, driftPpm: 0 })),
    nodeSkewMs: [0, 0, 0, 0],
    liars: [],
    rogues: [],
    faults: [],
    ...more,
  };
}

test("a town in which nothing goes wrong trades, and the same seed gives the same run", async () => {
  const [one, two] = [await runTown(calm()), await runTown(calm())];
  assert.equal(one.violation, undefined);
  assert.ok(one.trades > 0);
  assert.deepEqual(one, two);
});

test("towns of many seeds keep all invariants, in threads or one after the other", async () => {
  const choices = { from: 1, count: 6 };
  const together = await runTowns({ ...choices, threads: 2 });
  const alone = await runTowns({ ...choices, threads: 1 });
  assert.deepEqual(together.failed, []);
  const { cpuMs: _, faults, ...sums } = together;
  const { cpuMs: __, faults: same, ...others } = alone;
  assert.deepEqual(sums, others);
  assert.deepEqual(Object.entries(faults).sort(), Object.entries(same).sort());
});

test("a town with Ed25519", async () => {
  const { violation, trades } = await runTown(calm(), { crypto: sodiumCrypto() });
  assert.equal(violation, undefined);
  assert.ok(trades > 0);
});

test("a gateway falls at any step of its commits and words, and nobody loses anything", async () => {
  for (let steps = 1; steps < 60; steps += 7) {
    const crash = {
      kind: "crash" as const,
      atMs: 20,
      gateway: 1,
      steps,
      downMs: 100,
      loss: "nothing" as const,
    };
    const { violation, faults } = await runTown(calm({ faults: [crash] }));
    assert.equal(violation, undefined, `after ${steps}`);
    assert.ok(Object.keys(faults).some((fault) => fault.startsWith("fell at")));
  }
});

test("gateways are stopped while signatures are checked, or as a disk is full, and nobody differs", async () => {
  const counts = { signatures: 0, full: 0 };
  for (const steps of [1, 4]) {
    const stop = { kind: "crash" as const, gateway: 1, downMs: 100, loss: "nothing" as const };
    const faults: TownPlan["faults"] = [
      { ...stop, atMs: 20, steps, orderly: true },
      { kind: "full", atMs: 100, forMs: 200, gateway: 2 },
    ];
    const ran = await runTown(calm({ faults, stops: true, verifyMs: 15 }));
    assert.equal(ran.violation, undefined, `after ${steps}`);
    counts.signatures += ran.faults["stopped at signatures"] ?? 0;
    counts.full += ran.faults["ended on a full disk"] ?? 0;
  }
  assert.ok(counts.signatures > 0 && counts.full > 0, JSON.stringify(counts));
});

test("a gateway that loses its disk learns how far its feed had come before it says more", async () => {
  for (const atMs of [5, 30, 120]) {
    const lost = {
      kind: "crash" as const,
      gateway: 2,
      steps: 5,
      downMs: 50,
      loss: "disk" as const,
    };
    const { violation } = await runTown(calm({ faults: [{ ...lost, atMs }] }));
    assert.equal(violation, undefined);
  }
});

test("of a lost feed a gateway says nothing again that is not on its disk, also after a stop", async () => {
  const crash = { kind: "crash", gateway: 6 } as const;
  const plan = calm({
    ...{ seed: 971_253, gateways: 7, homes: 7, spare: 1, troubleMs: 2333, stops: true },
    ...{ epochSlots: 2, intervalMs: 0 },
    clocks: Array.from({ length: 8 }, () => ({ skewMs: 0, driftPpm: 0 })),
    nodeSkewMs: Array.from({ length: 7 }, () => 0),
    peers: { ...WEATHER, jitterMs: 30, stragglerMs: 1 },
    area: { ...WEATHER_HERE, delayMs: 20 },
    faults: [
      { ...crash, atMs: 338, steps: 3, downMs: 100, loss: "disk" },
      { ...crash, atMs: 897, steps: 6, downMs: 143, loss: "nothing", orderly: true },
    ],
  });
  const { violation, faults } = await runTown(plan);
  assert.equal(violation, undefined);
  assert.equal(faults["stopped at idle"], 1);
});

/** One gateway is replaced while nothing else goes wrong. */
const REPLACE: ChangePlan = {
  number: 1,
  leaves: 3,
  joins: 4,
  atMs: 150,
  by: [0, 1, 2],
  agreed: true,
  insists: false,
};
const ENTRANT = { skewMs: 0, driftPpm: 0 };

function changing(changes: ChangePlan[], more: Partial<TownPlan> = {}): TownPlan {
  const plan = calm(more);
  return { ...plan, spare: 1, clocks: [...plan.clocks, ENTRANT], changes };
}

test("a gateway is replaced, and its nodes go on at another one; a wish of too few is none", async () => {
  const replaced = await runTown(changing([REPLACE]));
  assert.equal(replaced.violation, undefined);
  assert.equal(replaced.faults["gateways changed"], 1);
  assert.ok(replaced.faults["node moved"] > 0 && replaced.trades > 0);
  const few = { ...REPLACE, by: [0], agreed: false, insists: true };
  const left = await runTown(changing([few]));
  assert.equal(left.violation, undefined);
  assert.equal(left.faults["gateways changed"], undefined);
  assert.ok(left.faults["wish of too few"] > 1);
});

test("where a change is due and too few want it the run does not settle", async () => {
  const { violation } = await runTown(changing([{ ...REPLACE, by: [0, 1] }]));
  assert.equal(violation?.checker, "liveness");
});

test("all have to agree and one disk is lost: nothing is broken, but nobody can replace it any more", async () => {
  const crash = { kind: "crash" as const, gateway: 3, atMs: 60, steps: 3, downMs: 50 };
  const more = { rule: "unanimous", faults: [{ ...crash, loss: "disk" }] } as const;
  const { violation } = await runTown(
    changing([{ ...REPLACE, by: [0, 1, 2, 3] }], { ...more, faults: [...more.faults] }),
  );
  assert.equal(violation?.checker, "liveness");
});

test("leaders by proof-of-work, and all have to agree: with one that falls", async () => {
  const crash = { kind: "crash" as const, atMs: 100, gateway: 2, steps: 4, downMs: 300 };
  const plan = calm({ rule: "unanimous", leader: "proof-of-work", intervalMs: 50 });
  const { violation, trades } = await runTown({ ...plan, faults: [{ ...crash, loss: "nothing" }] });
  assert.equal(violation, undefined);
  assert.ok(trades > 0);
});

test("the last reading of a slot comes with a turn of a clock that is minutes behind: it ends in time", async () => {
  const right = { skewMs: 0, driftPpm: 0 };
  const peers = { dropPermille: 64, duplicatePermille: 72, delayMs: 3, jitterMs: 29 };
  const plan = calm({
    ...{
      seed: 921_810,
      running: true,
      intervalMs: 0,
      troubleMs: 144_000,
      nodeSkewMs: [0, 0, 0, 0],
    },
    peers: { ...peers, stragglerPermille: 12, stragglerMs: 775 },
    area: WEATHER_HERE,
    clocks: [right, right, { skewMs: -402_502, driftPpm: 0 }, { skewMs: 5635, driftPpm: 8 }],
  });
  const { violation, trades } = await runTown(plan);
  assert.equal(violation, undefined);
  assert.ok(trades > 0, `${trades} trades`);
});

test("towns of any number of gateways from two can be drawn, and two gateways agree", async () => {
  for (let gateways = 2; gateways <= 16; gateways++)
    for (let seed = 1; seed <= 50; seed++)
      assert.ok(tolerable(townPlan(seed, { gateways })), `${gateways} gateways, seed ${seed}`);
  const { failed, turns } = await runTowns({ from: 1, count: 3, threads: 1, gateways: 2 });
  assert.deepEqual(failed, []);
  assert.ok(turns > 10, `${turns} turns`);
});

test("towns with banks lend, and with rewards mint; every plan keeps to what can be tolerated", async () => {
  const plans = Array.from({ length: 400 }, (_, seed) => townPlan(seed));
  for (const plan of plans) assert.ok(tolerable(plan), `seed ${plan.seed}`);
  for (const has of [({ bank }: TownPlan) => bank, ({ rewards }: TownPlan) => rewards])
    assert.ok(plans.filter(has).length > 40);
  for (const kind of ["quorum", "unanimous"])
    assert.ok(plans.filter(({ rule, changes }) => rule === kind && changes.length > 0).length > 4);
  const bank = { ...BANK, greedy: [{ home: 0, atMs: 200 }] };
  const { violation, loans } = await runTown(calm({ bank, slots: 4, troubleMs: 2000 }));
  assert.equal(violation, undefined);
  assert.ok(loans > 0);
});

test("towns whose gateways take states of each other, and keep short logs", async () => {
  let taken = 0;
  let pruned = 0;
  for (const seed of [17, 22, 28]) {
    const { violation } = await runTown(townPlan(seed, { states: true }), {
      trace: (line) => {
        if (line.includes("state-taken")) taken++;
        if (line.includes("log-pruned")) pruned++;
      },
    });
    assert.equal(violation, undefined, `seed ${seed}`);
  }
  assert.ok(taken > 0 && pruned > 3, `${taken} taken, ${pruned} pruned`);
});

test("two liars of four break something, which is seen and shrunk", async () => {
  const tactics = ["false-ledger" as const, "false-terms" as const, "two-votes" as const];
  const liars = [0, 1].map((gateway) => ({ gateway, tactics: ["silent" as const, ...tactics] }));
  const plan = calm({ liars, homes: 4, nodeSkewMs: [100, 0, 0, 0] });
  const judge = async (candidate: TownPlan) => (await runTown(candidate)).violation?.checker;
  assert.equal(await judge(plan), "liveness");
  const { plan: least } = await shrinkTown(plan, judge, 12);
  assert.equal(await judge(least), "liveness");
  assert.ok(sizeOf(least) < sizeOf(plan));
});
