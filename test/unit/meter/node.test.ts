// SPDX-License-Identifier: Apache-2.0
/** A node and the gateway that is away, back, or says no. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { RESEND_AFTER_MS } from "#core/limits";
import { firstState, forgetReserve, slotOf } from "#meter/state";
import { LocalArea, named, worldOf } from "../../helpers/local-area.ts";
import { auditLog } from "../../helpers/log-audit.ts";

const NET_WH = [
  [-500, -500],
  [500, 500],
];

/** Lets the next wake-up come, whoever asked for it. */
async function wake(area: LocalArea): Promise<void> {
  const next = area.nextWakeMs();
  assert.ok(next !== undefined, "somebody asked to be woken");
  await area.advanceTo(next);
  await area.bus.pump();
}

test("a node asks to be a member until it is answered, with pauses that grow", async () => {
  const asked: number[] = [];
  const area = new LocalArea({
    world: worldOf(NET_WH),
    up: (home, topic) => {
      if (home === 0 && topic.endsWith("/enrol")) asked.push(area.nowMs);
      return true;
    },
  });
  area.startNode(0);
  for (let i = 0; i < 4; i++) await wake(area);
  assert.equal(asked.length, 5, "once at connecting, and at every wake-up");
  assert.ok(asked[1] - asked[0] >= RESEND_AFTER_MS);
  area.startNode(1);
  await area.startGateway();
  await area.run();
  assert.deepEqual([...auditLog(area.store).clearedWh.values()], [500, 500]);
  const count = asked.length;
  assert.ok(count <= 6, "no more than once after the gateway came");
});

test("a node that is not admitted does not ask again", async () => {
  let asked = 0;
  const area = new LocalArea({
    world: worldOf(NET_WH),
    options: { admit: new Set(), expectNodes: 1 },
    up: (_home, topic) => {
      if (topic.endsWith("/enrol")) asked++;
      return true;
    },
  });
  await area.start([0]);
  await area.settle();
  assert.equal(asked, 1);
  assert.equal(area.running[0]!.node.speaker.open, false);
  await area.advanceTo(area.nowMs + 10 * RESEND_AFTER_MS);
  await area.settle();
  assert.equal(asked, 1);
  assert.ok(area.logs.some((line) => line.event === "not-admitted"));
});

test("with an empty store a node knows its coins before its first RESERVE", async () => {
  const area = new LocalArea({ world: worldOf(NET_WH) });
  await area.start();
  await area.settle();
  assert.equal(auditLog(area.store).clearedWh.get(0), 500);
  const late = new LocalArea({ world: worldOf(NET_WH), options: { expectNodes: 2 } });
  let first = true;
  late.bus.attach([`wattle/1/a/node/${late.nodeId(1)}/up/enrol`], () => {
    if (!first) return;
    first = false;
    late.stopNode(1); // gone at once: it comes back when the first slot is open
    late.startNode(1);
  });
  await late.start();
  await late.run();
  assert.equal(auditLog(late.store).clearedWh.get(0), 500);
});

test("a RESERVE that the gateway did not take is forgotten, and no other", () => {
  const state = firstState();
  for (const slot of [1, 2]) {
    const memory = slotOf(state, slot);
    memory.reserve = named(`reserve ${slot}`);
    memory.reserveWh = 100;
    memory.reserveMicro = 5000;
  }
  forgetReserve(state, named("another"));
  forgetReserve(state, named("reserve 1"));
  assert.deepEqual(
    state.slots.map(({ reserve, reserveWh, reserveMicro }) => [!!reserve, reserveWh, reserveMicro]),
    [
      [false, 0, 0],
      [true, 100, 5000],
    ],
  );
});
