// SPDX-License-Identifier: Apache-2.0
/** What is minted stays within its schedule, and a wash trade never gains. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { fromHex } from "#core/codec/bytes";
import { type Effect, EffectKind } from "#core/records/block";
import { type BlockRewards, blockReward } from "#core/rewards/block";
import {
  countTrades,
  type Flow,
  type FlowTerms,
  flowReward,
  isFlowTerms,
} from "#core/rewards/flow";
import { isSchedule, rewardAt, type Schedule, scheduledBefore } from "#core/rewards/schedule";

const schedules: fc.Arbitrary<Schedule> = fc.record({
  firstMicro: fc.integer({ min: 0, max: 1_000_000_000 }),
  halveEvery: fc.integer({ min: 1, max: 5000 }),
});

test("a schedule only falls, and all of it is at most two of its first eras", () => {
  fc.assert(
    fc.property(schedules, fc.integer({ min: 0, max: 300 }), (schedule, n) => {
      let sum = 0;
      for (let i = 0; i < n; i++) {
        const next = rewardAt(schedule, i);
        assert.ok(Number.isSafeInteger(next) && (i === 0 || next <= rewardAt(schedule, i - 1)));
        sum += next;
      }
      assert.equal(scheduledBefore(schedule, n), sum);
      const { firstMicro, halveEvery } = schedule;
      assert.ok(scheduledBefore(schedule, 1e12) <= 2 * firstMicro * halveEvery);
      assert.equal(rewardAt(schedule, 53 * halveEvery), 0);
      assert.equal(rewardAt(schedule, halveEvery), Math.floor(firstMicro / 2));
    }),
  );
  assert.ok(!isSchedule({ firstMicro: 2 ** 52, halveEvery: 10 }));
  assert.ok(!isSchedule({ firstMicro: 0.5, halveEvery: 10 }));
  assert.throws(() => rewardAt({ firstMicro: 1, halveEvery: 0 }, 1), { code: "REWARD_SCHEDULE" });
});

test("however fast blocks come, the leaders' rewards are those of the time that passed", () => {
  const gaps = fc.array(fc.record({ ms: fc.integer({ min: 1, max: 5000 }), filled: fc.boolean() }));
  fc.assert(
    fc.property(
      schedules,
      fc.integer({ min: 1, max: 10_000 }),
      gaps,
      (schedule, everyMs, blocks) => {
        let rewards: BlockRewards = { count: 0, dueMs: 0 };
        let [minted, atMs] = [0, 0];
        for (const { ms, filled } of blocks) {
          atMs += ms;
          const { micro, after } = blockReward({ schedule, everyMs }, rewards, atMs, filled);
          if (!filled) assert.equal(micro, 0);
          minted += micro;
          rewards = after;
        }
        assert.equal(minted, scheduledBefore(schedule, rewards.count));
        assert.ok(rewards.count <= 1 + Math.floor(atMs / everyMs));
        assert.ok(rewards.count <= blocks.filter(({ filled }) => filled).length);
      },
    ),
  );
});

/** Nodes 0 to 3 are of the group, the others honest; owners of the group by number. */
const NODES = 9;
const GROUP = 4;
const name = (node: number) => `n${node}`;

interface Move {
  from: number;
  to: number;
  wh: number;
}

interface Amounts {
  soldWh: number;
  boughtWh: number;
  gridOutWh: number;
  gridInWh: number;
}

/** What each one trades, and what beside it goes to the grid or comes from there. */
const amounts: fc.Arbitrary<Amounts> = fc.record({
  soldWh: fc.nat(50_000),
  boughtWh: fc.nat(50_000),
  gridOutWh: fc.nat(20_000),
  gridInWh: fc.nat(20_000),
});

const worlds = fc.record({
  all: fc.array(amounts, { minLength: NODES, maxLength: NODES }),
  /** Of each node of the group: which of two owners it is of. */
  owners: fc.array(fc.nat(1), { minLength: GROUP, maxLength: GROUP }),
});

const terms = fc
  .record({
    microPerKwh: fc.nat(60_000),
    more: fc.integer({ min: 1, max: 100_000 }),
    schedule: schedules,
  })
  .map(({ microPerKwh, more, schedule }): FlowTerms => {
    return { schedule, microPerKwh, transportMicroPerKwh: 2 * microPerKwh + more };
  });

function flowsOf(all: readonly Amounts[], moves: readonly Move[]): Flow[] {
  return all.map((own, node) => {
    const out = moves.reduce((sum, { from, wh }) => sum + (from === node ? wh : 0), 0);
    const into = moves.reduce((sum, { to, wh }) => sum + (to === node ? wh : 0), 0);
    return {
      node: name(node),
      soldWh: own.soldWh + out,
      boughtWh: own.boughtWh + into,
      exportMwh: BigInt(own.soldWh + out + own.gridOutWh) * 1000n,
      importMwh: BigInt(own.boughtWh + into + own.gridInWh) * 1000n,
    };
  });
}

const ownerOf =
  (owners: readonly number[]) =>
  (node: string): string => {
    const number = Number(node.slice(1));
    return number < GROUP ? `g${owners[number]}` : node;
  };

/** What the group gets. */
function groupMicro(rule: FlowTerms, flows: readonly Flow[], owners: readonly number[]): number {
  const reward = flowReward(rule, 3, flows, ownerOf(owners));
  return reward?.owner.startsWith("g") ? reward.micro : 0;
}

test("energy that goes in a circle, or between nodes of one owner, changes no reward at all", () => {
  const rounds = fc.array(
    fc.record({
      nodes: fc.uniqueArray(fc.nat(GROUP - 1), { minLength: 2, maxLength: GROUP }),
      wh: fc.integer({ min: 1, max: 1_000_000 }),
    }),
    { maxLength: 5 },
  );
  fc.assert(
    fc.property(terms, worlds, rounds, (rule, { all, owners }, circles) => {
      const moves = circles.flatMap(({ nodes, wh }) =>
        nodes.map((from, i): Move => ({ from, to: nodes[(i + 1) % nodes.length], wh })),
      );
      const inside = circles.flatMap(({ nodes: [from, to], wh }): Move[] =>
        owners[from] === owners[to] ? [{ from, to, wh }] : [],
      );
      const before = flowReward(rule, 3, flowsOf(all, []), ownerOf(owners));
      for (const washed of [moves, inside]) {
        const after = flowReward(rule, 3, flowsOf(all, washed), ownerOf(owners));
        assert.deepEqual([after?.owner, after?.micro], [before?.owner, before?.micro]);
      }
    }),
    { numRuns: 500 },
  );
});

test("whatever a group moves among its meters costs at least what it brings, to a micro-coin", () => {
  const moves = fc.array(
    fc.record({
      from: fc.nat(GROUP - 1),
      to: fc.nat(GROUP - 1),
      wh: fc.integer({ min: 1, max: 200_000 }),
    }),
    { minLength: 1, maxLength: 6 },
  );
  fc.assert(
    fc.property(terms, worlds, moves, (rule, { all, owners }, washed) => {
      const gain =
        groupMicro(rule, flowsOf(all, washed), owners) - groupMicro(rule, flowsOf(all, []), owners);
      const movedWh = washed.reduce((sum, { wh }) => sum + wh, 0);
      const cost = (movedWh * rule.transportMicroPerKwh) / 1000;
      assert.ok(gain <= cost + 1, `${gain} for ${cost}`);
      assert.ok(gain <= (2 * movedWh * rule.microPerKwh) / 1000 + 1);
    }),
    { numRuns: 2000 },
  );
});

test("a reward is within its schedule, for the owner that supplied most, in whatever order flows come", () => {
  fc.assert(
    fc.property(terms, worlds, fc.nat(NODES), (rule, { all, owners }, turn) => {
      const flows = flowsOf(all, []);
      const found = flowReward(rule, 3, flows, ownerOf(owners));
      const turned = [...flows.slice(turn), ...flows.slice(0, turn)];
      assert.deepEqual(flowReward(rule, 3, turned, ownerOf(owners)), found);
      if (!found) return;
      assert.ok(found.micro > 0 && found.micro <= rewardAt(rule.schedule, 3));
      assert.ok(found.firstWh > found.secondWh);
      const own = flows.filter(({ node }) => ownerOf(owners)(node) === found.owner);
      const net = own.reduce((sum, { soldWh, boughtWh }) => sum + soldWh - boughtWh, 0);
      assert.ok(found.firstWh <= net, "no more than it sold");
      assert.ok(own.some(({ node }) => node === found.node));
    }),
  );
});

test("energy that came from the grid earns nothing", () => {
  const rule = {
    schedule: { firstMicro: 1e9, halveEvery: 100 },
    ...{ microPerKwh: 1000, transportMicroPerKwh: 3000 },
  };
  const sold: Flow = {
    ...{ node: "a", soldWh: 5000, boughtWh: 0, exportMwh: 5_000_000n, importMwh: 0n },
  };
  assert.equal(flowReward(rule, 0, [sold], (node) => node)?.micro, 5000);
  const stored = { ...sold, importMwh: 4_000_000n };
  assert.equal(flowReward(rule, 0, [stored], (node) => node)?.micro, 1000);
  assert.equal(
    flowReward(rule, 0, [{ ...sold, importMwh: 6_000_000n }], (node) => node),
    undefined,
  );
  const rival = { ...sold, node: "b" };
  assert.equal(
    flowReward(rule, 0, [sold, rival], (node) => node),
    undefined,
    "nobody is ahead",
  );
  assert.ok(!isFlowTerms({ ...rule, transportMicroPerKwh: 2000 }));
  assert.throws(() => flowReward({ ...rule, microPerKwh: 1500 }, 0, [], (node) => node), {
    code: "REWARD_TERMS",
  });
});

test("settled trades are counted by account, and nothing else is", () => {
  const wallet = (digit: string) => digit.repeat(40);
  const effect = (kind: number, qtyWh: number): Effect => ({
    ...{ kind, qtyWh, leg: 0, micro: 1, reserve: undefined, sold: undefined, bought: undefined },
    ...{ from: fromHex(wallet("1")), to: fromHex(wallet("2")) },
  });
  const traded = new Map();
  const nodeOf = (address: string) => ({ "1": "buyer", "2": "seller" })[address[0]];
  const kinds = [EffectKind.pay, EffectKind.arbitrate, EffectKind.lock, EffectKind.release];
  countTrades(
    traded,
    kinds.map((kind, i) => effect(kind, 10 ** i)),
    nodeOf,
  );
  countTrades(traded, [effect(EffectKind.pay, 100)], () => undefined);
  assert.deepEqual(Object.fromEntries(traded), {
    seller: { soldWh: 11, boughtWh: 0 },
    buyer: { soldWh: 0, boughtWh: 11 },
  });
});
