// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { test } from "node:test";
import { toHex } from "#core/codec/bytes";
import { stateFromLeaves, stateLeaves } from "#core/ledger/snapshot";
import { scheduledBefore } from "#core/rewards/schedule";
import { audit } from "#gateway/audit/audit";
import { keyedCrypto } from "#host-sim/smartchain/crypto";
import { smallWorld } from "#host-sim/smartchain/small-world";
import { Town, type TownSetup } from "#host-sim/town/town";

const HOUR = 3_600_000;

async function start(gateways: number, more: Partial<TownSetup> = {}) {
  const world = smallWorld(3, 8, 6, 900);
  const town = new Town({ seed: 3, gateways, world, crypto: keyedCrypto(), ...more });
  await town.start();
  return town;
}

test("four gateways come to one ledger, with the same totals as one alone", async () => {
  const alone = await start(1);
  await alone.run(alone.world.startMs + HOUR);
  const { area } = alone.gateways[0].gateway!;
  assert.ok(area.tradedWh > 0);
  const town = await start(4);
  await town.run(town.world.startMs + HOUR);
  const roots = new Set<string>();
  for (const { gateway } of town.gateways) {
    const one = gateway!.area;
    assert.equal(one.settledSlots, 6);
    assert.equal(one.tradedWh, area.tradedWh);
    assert.deepEqual(one.missedSlots, []);
    roots.add(toHex(one.chain.head!.id));
  }
  assert.equal(roots.size, 1);
  for (const { store, options } of town.gateways) {
    const gatewayKey = town.crypto.publicKey(options.secretKey);
    const result = audit(store.read(), { crypto: town.crypto }, { gatewayKey });
    assert.deepEqual(result.ok ? [] : result.faults, []);
    assert.equal(result.summary.tradedWh, area.tradedWh);
    assert.ok(result.summary.turns > 20);
  }
});

test("a gateway that crashes at any commit catches up, and signs nothing twice", async () => {
  const town = await start(4);
  const victim = town.gateways[1];
  let commits = 0;
  let crashes = 0;
  town.probe = (gateway, stage) => {
    if (gateway !== victim || stage !== "durable") return;
    if (++commits % 7 !== 0) return;
    crashes++;
    victim.crash(500);
  };
  await town.run(town.world.startMs + HOUR);
  assert.ok(crashes > 2, `${crashes} crashes`);
  await town.runFor(20_000);
  const heads = town.gateways.map(({ gateway }) => toHex(gateway!.area.chain.head!.id));
  assert.equal(new Set(heads).size, 1, heads.join());
  for (const { gateway } of town.gateways) assert.equal(gateway!.seat!.replica.liars.size, 0);
});

test("a gateway that loses its disk learns everything again, and votes on", async () => {
  const town = await start(4);
  const victim = town.gateways[2];
  let lost = false;
  await town.run(town.world.startMs + HOUR, () => {
    if (lost || (victim.gateway?.area.settledSlots ?? 0) < 2) return;
    lost = true;
    victim.loseDisk();
    victim.crash(2000);
  });
  assert.ok(lost);
  await town.runFor(30_000);
  const [first, ...others] = town.gateways.map(({ gateway }) => gateway!);
  for (const { area } of others)
    assert.equal(toHex(area.chain.head!.id), toHex(first.area.chain.head!.id));
  for (const { seat } of [first, ...others]) assert.equal(seat!.replica.liars.size, 0);
  const again = victim.gateway!;
  assert.equal(again.area.settledSlots, 6);
  assert.equal(again.seat!.replica.at.silent, false);
});

test("one of four dead: the others go on; two dead: nothing is decided until one is back", async () => {
  const town = await start(4, { options: { slotTimeoutMs: 2000 } });
  const settled = () => town.gateways[0].gateway!.area.settledSlots;
  const until = async (slots: number) => {
    const untilMs = town.agenda.nowMs + 120_000;
    while (settled() < slots && town.agenda.nowMs < untilMs) await town.runFor(100);
  };
  await until(1);
  town.gateways[3].crash(Number.POSITIVE_INFINITY);
  await until(2);
  assert.equal(settled(), 2);
  town.gateways[2].crash(Number.POSITIVE_INFINITY);
  await town.runFor(1000);
  const height = town.gateways[0].gateway!.seat!.replica.at.height;
  await town.runFor(60_000);
  assert.equal(town.gateways[0].gateway!.seat!.replica.at.height, height);
  await town.gateways[2].start();
  await until(6);
  assert.equal(settled(), 6);
});

test("unanimous, with leaders by proof-of-work, as the paper prints it: one silent gateway stops it", async () => {
  const town = await start(4, {
    consortium: { rule: "unanimous", leader: "proof-of-work", intervalMs: 50 },
  });
  await town.run(town.world.startMs + HOUR);
  const [{ gateway }] = town.gateways;
  assert.equal(gateway!.area.settledSlots, 6);
  const stopped = await start(4, {
    consortium: { rule: "unanimous", leader: "proof-of-work", intervalMs: 50 },
  });
  await stopped.runFor(300);
  stopped.gateways[3].crash(Number.POSITIVE_INFINITY);
  await stopped.runFor(2000);
  const at = () => stopped.gateways[0].gateway!.seat!.replica.at.height;
  const height = at();
  await stopped.runFor(60_000);
  assert.equal(at(), height);
});

test("gateways join and leave by what a quorum of them wants", async () => {
  const town = await start(4, { spare: 1 });
  const [first, second, third, fourth, fifth] = town.gateways;
  const publicKey = town.crypto.publicKey(fifth.options.secretKey);
  const net = first.options.net;
  const joins = { publicKey, beaconKey: publicKey, area: undefined, url: undefined };
  const partners = () => first.gateway!.seat!.replica.partners;
  await town.runFor(300);
  const join = { net, number: 1, leaves: undefined, joins };
  for (const { gateway } of [first, second]) assert.equal(gateway!.wish(join), true);
  await town.runFor(200);
  assert.equal(partners().version, 0); // two of four are no quorum
  assert.equal(third.gateway!.wish(join), true);
  await town.runFor(100);
  assert.equal(partners().version, 1);
  assert.equal(first.gateway!.wish(join), false);
  await fifth.start();
  await town.runFor(1500);
  assert.equal(partners().set.size, 5);
  const leave = { net, number: 2, leaves: fourth.gateway!.area.idBytes, joins: undefined };
  for (const { gateway } of [first, second, fifth, third]) gateway!.wish(leave);
  await town.run(town.world.startMs + HOUR);
  await town.runFor(5000);
  assert.equal(partners().set.size, 4);
  assert.equal(partners().has(fourth.id), false);
  for (const { gateway } of [second, third, fifth]) {
    assert.equal(toHex(gateway!.area.chain.head!.id), toHex(first.gateway!.area.chain.head!.id));
    assert.equal(gateway!.seat!.replica.partners.version, 2);
  }
  const result = audit(fifth.store.read(), { crypto: town.crypto }, { gatewayKey: publicKey });
  assert.deepEqual(result.ok ? [] : result.faults, []);
});

test("leaders and the best seller are rewarded, by the same in every ledger", async () => {
  const rewards = {
    block: { schedule: { firstMicro: 1_000_000, halveEvery: 4 }, everyMs: 60_000 },
    flow: {
      schedule: { firstMicro: 5_000_000, halveEvery: 10 },
      microPerKwh: 10_000,
      transportMicroPerKwh: 50_000,
    },
    periodSlots: 2,
  };
  const town = await start(4, { options: { rewards } });
  await town.run(town.world.startMs + HOUR);
  const [{ gateway, store, options }] = town.gateways;
  const { state, head } = gateway!.area.chain;
  const { genesisMicro, mintedMicro } = state.totals;
  assert.equal(genesisMicro, 8 * 100_000_000);
  const run = state.rewardRuns.peek("")!;
  assert.equal(run.periods, 3);
  const leaders = [...state.operators.values()].reduce((sum, { micro }) => sum + micro, 0);
  assert.equal(leaders, scheduledBefore(rewards.block.schedule, run.count));
  const flows = mintedMicro - leaders;
  assert.ok(flows > 0 && flows <= scheduledBefore(rewards.flow.schedule, run.periods));
  state.assertConserved();
  for (const other of town.gateways)
    assert.equal(toHex(other.gateway!.area.chain.head!.id), toHex(head!.id));
  const gatewayKey = town.crypto.publicKey(options.secretKey);
  const result = audit(store.read(), { crypto: town.crypto }, { gatewayKey });
  assert.deepEqual(result.ok ? [] : result.faults, []);
  const restored = stateFromLeaves(
    town.crypto,
    stateLeaves(town.crypto, state),
    head!.header.stateRoot,
  );
  assert.ok(restored.ok);
});
