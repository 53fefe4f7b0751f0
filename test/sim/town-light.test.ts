// SPDX-License-Identifier: Apache-2.0
/** Nodes check what their gateway says against what a quorum of all gateways signed. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { toHex } from "#core/codec/bytes";
import type { Code } from "#core/errors/codes";
import { PROOF_OF_TIME } from "#host-sim/setup";
import { keyedCrypto } from "#host-sim/smartchain/crypto";
import { smallWorld } from "#host-sim/smartchain/small-world";
import { Town, type TownSetup } from "#host-sim/town/town";
import type { TownNode } from "#host-sim/town/town-node";
import { type Lie, LyingGateway } from "../helpers/lying-gateway.ts";

const HOUR = 3_600_000;
const SLOTS = 12;

interface Left {
  node: TownNode;
  code: Code;
  atMs: number;
}

/** Three hours of quarter-hours in real time. Nodes that find their gateway false go to the next one. */
async function start(changes: Partial<TownSetup> = {}): Promise<{ town: Town; left: Left[] }> {
  const town = new Town({
    seed: 3,
    gateways: 4,
    world: smallWorld(3, 8, SLOTS, 900),
    crypto: keyedCrypto(),
    options: {
      clock: { kind: "running", ratePermille: 1000 },
      slotTimeoutMs: 60_000,
      pot: { ...PROOF_OF_TIME, epochSlots: 2 },
    },
    ...changes,
  });
  const left: Left[] = [];
  town.left = (node, code) => {
    left.push({ node, code, atMs: town.agenda.nowMs - town.world.startMs });
    node.move(town.gateways[(node.at.index + 1) % 4], 2000);
  };
  await town.start();
  return { town, left };
}

/** Whether the node knows what it owns by a ledger that it has a quorum's word for. */
function assertOwns(town: Town, { node }: TownNode): void {
  const { state } = town.gateways[0].gateway!.area.chain;
  assert.equal(node.state.freeMicro, state.freeOf(node.id));
  assert.equal(node.state.lockedMicro, state.lockedOf(node.id));
}

async function lied(lies: Lie): Promise<{ town: Town; left: Left[]; victims: TownNode[] }> {
  const { town, left } = await start();
  const liar = town.gateways[1];
  const victims = town.nodes.filter(({ at }) => at === liar);
  const lying = new LyingGateway(lies, town.crypto, () => liar.gateway!.area, victims[0].id);
  await town.runFor(HOUR - 100_000);
  assert.equal(left.length, 0, "nobody leaves an honest gateway");
  town.publishes = (gateway, topic, payload) =>
    gateway === liar ? lying.say(topic, payload) : payload;
  await town.run(town.world.startMs + 4 * HOUR);
  await town.runFor(5000);
  return { town, left, victims };
}

const LIES: readonly [Lie, Code, number][] = [
  ["balance", "GATEWAY_LEDGER", 1800],
  ["settlement", "GATEWAY_LEDGER", 1800],
  ["epoch", "GATEWAY_EPOCH", 2700],
  ["later epoch", "GATEWAY_UNCERTIFIED", 4500],
  ["no certificates", "GATEWAY_UNCERTIFIED", 4000],
  ["forged certificate", "GATEWAY_LEDGER", 1800],
  ["few voices", "GATEWAY_LEDGER", 1800],
];

for (const [lies, code, seconds] of LIES)
  test(`a gateway that lies to its nodes (${lies}) is left, and they go on with their coins`, async () => {
    const { town, left, victims } = await lied(lies);
    assert.ok(left.length > 0, "somebody noticed");
    for (const one of left) {
      assert.ok(victims.includes(one.node), "of the liar's nodes alone");
      assert.equal(one.code, code);
      const afterMs = one.atMs - (HOUR - 100_000);
      assert.ok(afterMs <= seconds * 1000, `${afterMs} ms`);
    }
    for (const node of left.map((one) => one.node)) {
      assert.notEqual(node.at, town.gateways[1]);
      assert.ok(node.node.certifier!.balance! >= 0, "certified at the other one");
    }
    for (const node of town.nodes) if (node.at !== town.gateways[1]) assertOwns(town, node);
    for (const { gateway } of town.gateways) assert.equal(gateway!.area.settledSlots, SLOTS);
  });

test("who keeps the rules is left by nobody, with faults, crashes and restarts", async () => {
  const area = { dropPermille: 30, duplicatePermille: 30, delayMs: 5 };
  const peers = { dropPermille: 30, duplicatePermille: 30, delayMs: 20, jitterMs: 60 };
  const { town, left } = await start({
    seed: 4,
    weather: { area: { ...area, stragglerPermille: 20, stragglerMs: 2000 }, peers },
  });
  for (let round = 0; round < 10; round++) {
    await town.runFor(900_000);
    town.gateways[round % 4].fall(20_000 * round);
    town.nodes[round % 8].crash(30_000);
    const quiet = town.nodes[(round + 3) % 8];
    quiet.disconnect();
    town.agenda.at(town.agenda.nowMs + 120_000 * round, () => quiet.reconnect());
  }
  await town.run(town.world.startMs + 4 * HOUR);
  await town.runFor(5000);
  assert.deepEqual(
    left.map(({ code }) => code),
    [],
  );
  const certified = town.nodes.map(({ node }) => node.certifier!.balance ?? -1);
  assert.ok(certified.filter((height) => height > 0).length >= 6, `${certified}`);
});

test("a consortium that stops for hours is no reason to leave, nor is its going on", async () => {
  const { town, left } = await start();
  await town.runFor(HOUR);
  for (const index of [2, 3]) town.gateways[index].fall(2 * HOUR);
  await town.run(town.world.startMs + 5 * HOUR);
  assert.deepEqual(
    left.map(({ code }) => code),
    [],
  );
});

test("nodes follow gateways that join and leave, and remember it", async () => {
  const { town, left } = await start({ spare: 1 });
  const [first, second, third, fourth, fifth] = town.gateways;
  const publicKey = town.crypto.publicKey(fifth.options.secretKey);
  const joins = { publicKey, beaconKey: publicKey, area: undefined, url: undefined };
  const net = first.options.net;
  await town.runFor(HOUR);
  for (const { gateway } of [first, second, third])
    gateway!.wish({ net, number: 1, leaves: undefined, joins });
  await town.runFor(5000);
  await fifth.start();
  await town.runFor(HOUR / 2);
  for (const { node } of town.nodes) {
    assert.equal(node.certifier!.fellows.version, 1);
    assert.equal(node.certifier!.fellows.size, 5);
    assert.ok(node.conversation.gateways.some((one) => toHex(one.publicKey) === toHex(publicKey)));
  }
  const away = town.nodes[0];
  away.crash(HOUR / 4);
  const leaves = fourth.gateway!.area.idBytes;
  for (const { gateway } of [first, second, third, fifth])
    gateway!.wish({ net, number: 2, leaves, joins: undefined });
  await town.run(town.world.startMs + 4 * HOUR);
  await town.runFor(5000);
  assert.deepEqual(new Set(left.map(({ code }) => code)), new Set(["GATEWAY_UNKNOWN"]));
  for (const node of town.nodes) {
    const { fellows, balance } = node.node.certifier!;
    assert.deepEqual([fellows.version, fellows.size], [2, 4]);
    assert.notEqual(node.at, fourth);
    assert.ok(balance! > 0);
    assertOwns(town, node);
  }
});
