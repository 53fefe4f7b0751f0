// SPDX-License-Identifier: Apache-2.0
/** A node that lost its store goes on from what the gateway knows; a gateway that lost its log is found out. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { WIRE } from "#core/errors/codes";
import { isNothing } from "#core/topics";
import { audit } from "#gateway/audit/audit";
import { memoryStore } from "#host-sim/fleet/store";
import { openMemoryStore } from "#node/store/memory";
import { crypto, LocalArea, worldOf } from "../../helpers/local-area.ts";
import { auditLog } from "../../helpers/log-audit.ts";

const NET_WH = [
  [-600, -500, -700, -600, -500, -600, -600, -600],
  [700, 650, 700, 720, 700, 700, 700, 700],
  [300, 300, 310, 300, 290, 300, 300, 300],
];

const alarmsOf = (area: LocalArea) =>
  area.logs
    .filter(({ event }) => event === "alarm")
    .map(({ who, facts }) => `${who} ${(facts as { code: string }).code}`);

/** Loses the store of `home` at the first message on `topic` in slot 3. */
async function losing(home: number, topic: string): Promise<{ area: LocalArea; saidSeq: number }> {
  let saidSeq = 0;
  const area: LocalArea = new LocalArea({ world: worldOf(NET_WH) });
  area.bus.attach([`wattle/1/a/${topic}`], () => {
    if (saidSeq > 0 || area.gateway.area.world.openSlot !== 3) return;
    saidSeq = area.running[home]!.node.state.saidSeq;
    area.stopNode(home);
    area.flash[home] = memoryStore();
    area.startNode(home);
  });
  await area.start();
  await area.run();
  return { area, saidSeq };
}

for (const [home, role] of ["seller", "buyer"].entries())
  for (const topic of ["epoch", "node/+/up/order", "market/clearing"])
    test(`a ${role} that loses its store at ${topic} goes on with what the gateway knows`, async () => {
      const { area, saidSeq } = await losing(home, topic);
      const lost = area.logs.filter(({ event }) => event === "state-lost");
      assert.deepEqual(
        lost.map(({ who }) => who),
        [`home ${home}`],
      );
      const { state } = area.running[home]!.node;
      assert.ok(state.saidSeq > saidSeq && state.receiptedSeq === state.saidSeq);
      const { said, clearedWh } = auditLog(area.store); // registers never go back, numbers have no gaps
      const { codes } = said.get(area.nodeId(home))!;
      const refused = codes.filter((code) => code !== 0);
      assert.ok(
        refused.every((code) => code === WIRE.ORDER_LATE),
        refused.join(),
      );
      assert.equal(clearedWh.get(6), 600, "it trades again");
      assert.equal(clearedWh.get(7), 600);
      assert.equal(audit(area.store.read(), { crypto }).summary.faults, 0);
    });

test("a gateway that lost its log clears what is retained, and every node says that it is behind", async () => {
  const area = new LocalArea({ world: worldOf(NET_WH) });
  await area.start();
  await area.run(() => area.gateway.area.settledSlots === 3);
  const saidBefore = area.running.map((running) => running!.node.state.saidSeq);
  for (const home of NET_WH.keys()) area.stopNode(home);
  await area.settle();
  const { topics } = area.gateway.area;
  const retained = [topics.epoch, topics.caps, topics.clearing, topics.chainHead];
  const heard = async () => {
    const found: string[] = [];
    const client = area.bus.attach(retained, (topic, payload) => {
      if (!isNothing(payload)) found.push(topic);
    });
    await area.bus.pump();
    client.detach();
    return found;
  };
  assert.deepEqual((await heard()).sort(), [...retained].sort());

  Object.assign(area, { store: openMemoryStore() });
  await area.startGateway();
  assert.deepEqual(await heard(), []);
  for (const home of NET_WH.keys()) area.startNode(home);
  await area.settle();
  const homes = NET_WH.map((_, home) => `home ${home} GATEWAY_BEHIND`);
  assert.deepEqual(alarmsOf(area).sort(), homes);
  const alarms = [...area.gateway.area.sessions.values()].map(({ alarm }) => alarm);
  assert.ok(
    alarms.every((alarm) => alarm === "GATEWAY_BEHIND"),
    "the gateway shows it, too",
  );
  await area.run(() => area.gateway.area.settledSlots === 1);
  for (const { id } of area.running.map((running) => running!.node))
    assert.equal(area.gateway.area.sessions.get(id)!.saidSeq, 0, "nothing is said to it");
  area.running.forEach((running, home) => {
    const { saidSeq, receiptedSeq } = running!.node.state;
    assert.ok(saidSeq >= saidBefore[home] && receiptedSeq <= saidBefore[home]);
  });
});
