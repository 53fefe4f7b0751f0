// SPDX-License-Identifier: Apache-2.0
/** Proof-of-time at the monitor: what the gateway says of it, and what `wattle monitor` makes of that. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { PROOF_OF_TIME } from "#host-sim/setup";
import { MonitorView } from "#node/cli/monitor-view";
import { AreaRun } from "#test/helpers/area-run";

const TOPIC = "monitor/dag";

test("the gateway counts tokens, and says nothing where there are none", async () => {
  for (const pot of [PROOF_OF_TIME, undefined]) {
    const run = new AreaRun({ nodes: 4, slots: 3, gateway: { pot } });
    await run.finish();
    const topic = run.area.topics.monitor("dag");
    assert.ok(topic.endsWith(TOPIC));
    let payload: Uint8Array | undefined;
    run.bus.attach([topic], (_topic, said) => void (payload = said));
    await run.bus.pump();
    assert.equal(payload !== undefined, pot !== undefined);
    if (!payload) continue;
    const dag = JSON.parse(Buffer.from(payload).toString("latin1"));
    assert.deepEqual([dag.epoch, dag.members, dag.witnesses, dag.tokensNeeded], [1, 4, 3, 2]);
    assert.ok(dag.transactions > 0);
    assert.equal(dag.tokens, 2 * dag.transactions);
    assert.deepEqual([dag.byGateways, dag.suspended], [0, []]);
  }
});

test("a line for people, and another for who is suspended", () => {
  const view = new MonitorView("street", "mqtt://host");
  view.link = "connected";
  const say = (path: string, value: unknown) =>
    view.apply(`wattle/1/street/${path}`, Buffer.from(JSON.stringify(value)));
  say("monitor/gateway", { state: "online" });
  const shown = () => view.render(200, 40).filter((line) => /proof|SUSPENDED/.test(line));
  assert.deepEqual(shown(), []);
  const counts = { transactions: 9, accepted: 8, votes: 7, byGateways: 1 };
  const dag = { epoch: 2, witnesses: 11, tokensNeeded: 7, ...counts, suspended: [] as string[] };
  say(TOPIC, dag);
  const line =
    "proof-of-time: epoch 2, 7 of 11 witnesses; 9 transactions, 8 accepted by 7 votes, 1 by the gateway";
  assert.deepEqual(shown(), [line]);
  say(TOPIC, { ...dag, suspended: ["roof\u001b[2J"] });
  assert.deepEqual(shown(), [line, "SUSPENDED, with proof of fraud: roof?[2J"]);
});
