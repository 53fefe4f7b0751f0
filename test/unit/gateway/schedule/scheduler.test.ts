// SPDX-License-Identifier: Apache-2.0
/** Plans at the gateway: which are taken, and what the answers are made of. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { openSigned, signRecord, verifySigned } from "#core/codec/record";
import { type Plan, planRecord, Role, windowRecord } from "#core/records/plan";
import { Batch } from "#gateway/batch";
import { decodeMessage } from "#gateway/intake/decode";
import { AreaRun } from "../../../helpers/area-run.ts";

/** An area whose first slots are over, with plans of its first node for the slot to come. */
async function area() {
  const run = new AreaRun({ nodes: 3, slots: 4 });
  await run.finish();
  const [node, other] = run.nodes;
  const session = run.area.sessions.get(node.id)!;
  const slot = run.area.world.openSlot! + 1;
  const connectionW = Math.floor((session.member.capacityWh * 3_600_000) / run.area.options.slotMs);
  const plan = (parts: Partial<Plan> = {}): Plan => ({
    net: run.area.options.net,
    node: node.idBytes,
    slot,
    station: undefined,
    stateWh: 1000,
    capacityWh: 4000,
    reserveWh: 500,
    chargeW: connectionW,
    dischargeW: 0,
    efficiencyPermille: 1000,
    departSlot: slot + 3,
    needWh: 1200,
    bidMicro: 0,
    offerMicro: 0,
    ...parts,
  });
  const take = (parts?: Partial<Plan>) => {
    const verdict = run.area.scheduler.take(run.area, session, plan(parts));
    return verdict.ok ? "taken" : verdict.code;
  };
  return { run, session, slot, plan, take, connectionW, node, other };
}

test("a plan is for the next slot, and within what battery and connection can do", async () => {
  const { take, slot, connectionW, other } = await area();
  assert.equal(take(), "taken");
  assert.equal(take({ slot: slot - 1 }), "PLAN_SLOT");
  assert.equal(take({ slot: slot + 1 }), "PLAN_SLOT");
  assert.equal(take({ needWh: 4001 }), "PLAN_FORM");
  assert.equal(take({ stateWh: 4001 }), "PLAN_FORM");
  assert.equal(take({ reserveWh: 4001 }), "PLAN_FORM");
  assert.equal(take({ chargeW: connectionW + 1 }), "PLAN_FORM");
  assert.equal(take({ dischargeW: connectionW + 1 }), "PLAN_FORM");
  assert.equal(take({ efficiencyPermille: 0 }), "PLAN_FORM");
  assert.equal(take({ departSlot: slot }), "PLAN_FORM");
  assert.equal(take({ departSlot: 0 }), "taken");
  assert.equal(take({ station: new Uint8Array(16).fill(9) }), "PLAN_STATION");
  assert.equal(take({ station: other.idBytes }), "taken");
});

test("each plan is answered once, to its node, signed, for the slot that it is for", async () => {
  const { run, take, slot, node } = await area();
  take({ departSlot: slot + 1 });
  const batch = new Batch();
  run.area.scheduler.announce(run.area, batch, slot);
  assert.equal(batch.entries.length, 0, "nothing of it is in the log");
  assert.deepEqual(
    batch.sends.map(({ topic }) => topic),
    [run.area.topics.down(node.id, "window")],
  );
  const opened = openSigned(windowRecord, run.crypto, batch.sends[0].payload);
  assert.ok(opened.ok && verifySigned(run.crypto, run.area.publicKey, opened));
  assert.equal(opened.value.slot, slot);
  assert.ok(opened.value.windows.every(({ role }) => role === Role.charging));
  assert.ok(opened.value.windows.length > 0);
  const again = new Batch();
  run.area.scheduler.announce(run.area, again, slot);
  assert.equal(again.sends.length, 0);
});

test("a plan is its node's own, of this network and signed by it", async () => {
  const { run, plan, node, other, session } = await area();
  const { net } = run.area.options;
  const context = { net, topics: run.area.topics, crypto: run.crypto, sessions: run.area.sessions };
  const decode = (value: Plan, from = node.id) => {
    const { bytes } = signRecord(planRecord, run.crypto, new Uint8Array(32).fill(1), value);
    return decodeMessage(context, run.area.topics.up(from, "plan"), bytes);
  };
  const own = decode(plan());
  assert.ok("what" in own && own.what === "plan");
  assert.deepEqual(own.job.publicKey, session.member.publicKey, "its signature is to be checked");
  const code = (parsed: ReturnType<typeof decode>) => ("ok" in parsed ? parsed.code : "taken");
  assert.equal(code(decode(plan(), other.id)), "NODE_MISMATCH");
  assert.equal(code(decode(plan({ net: "else" }))), "WRONG_NET");
  assert.equal(code(decode(plan(), "ff".repeat(16))), "UNKNOWN_NODE");
});
