// SPDX-License-Identifier: Apache-2.0
/**
 * When votes come (ledger 4.5): by themselves within a second, and when the gateway calls for them before it
 * seals a block. Under the barrier clock no time passes between messages, so that only that helps.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { isNothing } from "#core/topics";
import { audit } from "#gateway/audit/audit";
import { AreaRun, type AreaRunOptions } from "../helpers/area-run.ts";

const SLOTS = 6;
/** What a gateway waits for the first vote, and how often in vain (src/gateway/smartchain/votes.ts). */
const VOTE_CALL_MS = 2000;
const VOTE_CALLS_IN_VAIN = 3;
const pot = { epochSlots: 96, epsilonMs: 2000, tauMs: 10_000 };

async function street(nodes: number, changes: AreaRunOptions = {}) {
  const gateway = { pot, ...changes.gateway };
  const run = new AreaRun({ nodes, slots: SLOTS, stuckAfter: 2000, ...changes, gateway });
  let calls = 0;
  run.bus.subscribe(run.area.topics.vote, (_, payload) => {
    if (isNothing(payload)) calls++;
  });
  const startMs = run.nowMs;
  assert.ok(await run.finish(), "the run came to its end");
  const result = audit(run.entries(), { crypto: run.crypto });
  assert.deepEqual(result.ok ? [] : result.faults, []);
  const { summary } = result;
  assert.equal(summary.acceptedTxs, run.area.votes.accepted, "the audit counts the same");
  return { run, calls, summary, tookMs: run.nowMs - startMs };
}

test("barrier clock: whatever a block holds was ACCEPTED before, within the same instant", async () => {
  for (const nodes of [4, 12]) {
    const { calls, summary, tookMs } = await street(nodes);
    assert.ok(summary.transactions >= nodes * SLOTS);
    assert.equal(summary.acceptedTxs, summary.transactions);
    assert.ok(calls > 0 && calls <= 2 * SLOTS + 1, `${calls} calls: one before each block`);
    assert.ok(summary.votes <= calls * nodes, "one vote of each member for each call");
    assert.ok(tookMs < VOTE_CALL_MS, `nobody waited: ${tookMs} ms`);
  }
});

test("barrier clock: members that never vote are not waited for again and again", async () => {
  const { calls, summary, tookMs } = await street(4, {
    lose: (_, topic) => topic.endsWith("/up/vote"),
  });
  // Those that sealed a block in which approvals alone were enough do not count.
  assert.ok(calls >= VOTE_CALLS_IN_VAIN && calls <= 2 * SLOTS, `${calls} calls`);
  assert.equal(summary.votes, 0);
  assert.ok(tookMs <= (calls + 1) * VOTE_CALL_MS, `${tookMs} ms`);
});

test("barrier clock: one that never votes holds nobody up, the others are enough", async () => {
  const { summary, tookMs } = await street(12, {
    lose: (home, topic) => home === 5 && topic.endsWith("/up/vote"),
  });
  assert.equal(summary.acceptedTxs, summary.transactions);
  assert.ok(tookMs < VOTE_CALL_MS, `${tookMs} ms`);
});

test("running clock: the same in real time, and no calls where it runs too fast for them", async () => {
  const running = (ratePermille: number) =>
    street(6, { gateway: { clock: { kind: "running", ratePermille } } });
  const real = await running(1000);
  assert.ok(real.summary.transactions >= 30);
  assert.equal(real.summary.acceptedTxs, real.summary.transactions);
  const fast = await running(1_000_000);
  assert.equal(fast.calls, 0);
});
