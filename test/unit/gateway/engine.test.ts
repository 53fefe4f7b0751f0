// SPDX-License-Identifier: Apache-2.0
/**
 * The slot engine under the barrier clock: members that are missing, that come late, and the
 * markets' totals.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { BLOCK_EVENTS_MAX, RESEND_MAX_MS } from "#core/limits";
import { blockRecord } from "#core/records/block";
import type { Reading } from "#core/records/reading";
import { isNothing } from "#core/topics";
import { Batch } from "#gateway/batch";
import { blockEntry, EntryKind, unpackEntry } from "#gateway/entries";
import type { GatewayOptions } from "#gateway/options";
import { seal } from "#gateway/slots/seal";
import {
  FEED_IN_MICRO,
  LocalArea,
  type LocalAreaSetup,
  named,
  RETAIL_MICRO,
  worldOf,
} from "../../helpers/local-area.ts";
import { auditLog } from "../../helpers/log-audit.ts";

/** Two sellers and two buyers, the same in every slot. */
const NET_WH = [
  [-600, -600, -600, -600],
  [-400, -400, -400, -400],
  [700, 700, 700, 700],
  [300, 300, 300, 300],
];
const [SELLER, , BUYER, SMALL_BUYER] = [0, 1, 2, 3];

const MARKET: GatewayOptions["market"] = {
  timing: "ex-post",
  mode: "auction",
  pricing: "uniform",
  kPermille: 500,
};

function areaWith(setup: Partial<LocalAreaSetup>): LocalArea {
  return new LocalArea({ world: worldOf(NET_WH), ...setup });
}

async function finished(area: LocalArea, homes?: number[]): Promise<LocalArea> {
  await area.start(homes);
  await area.run();
  area.state.assertConserved();
  return area;
}

const missedHomes = (area: LocalArea) =>
  area.gateway.area.missedSlots.map(({ slot, nodes }) => [
    slot,
    nodes.map((node) => NET_WH.findIndex((_, home) => area.nodeId(home) === node)).sort(),
  ]);

test("everybody there: every slot trades in full and no real time passes", async () => {
  const area = areaWith({});
  const startMs = area.nowMs;
  await finished(area);
  assert.equal(area.gateway.area.tradedWh, 4000);
  assert.equal(area.nowMs, startMs);
  assert.deepEqual(missedHomes(area), []);
});

test("a silent member is listed, served by the grid, and not waited for again", async () => {
  const area: LocalArea = areaWith({
    up: (home) => home !== BUYER || (area.gateway.area.world.openSlot ?? -1) < 1,
  });
  const startMs = area.nowMs;
  await finished(area);
  assert.deepEqual(missedHomes(area), [[1, [BUYER]]]);
  const { clearedWh, expected } = auditLog(area.store);
  assert.deepEqual([...clearedWh.values()], [1000, 300, 300, 300], "the others go on trading");
  assert.deepEqual(
    [...expected.values()].map((nodes) => nodes.includes(area.nodeId(BUYER))),
    [true, true, false, false],
  );
  const waitedMs = area.nowMs - startMs;
  assert.equal(waitedMs, area.options.slotTimeoutMs, "one time-out in all");
});

test("a member that reads its meter again takes part again", async () => {
  const slot = () => area.gateway.area.world.openSlot ?? -1;
  const area: LocalArea = areaWith({
    options: { slotTimeoutMs: 2 * RESEND_MAX_MS },
    // While slot 2 waits for the other buyer there is time for the first one to repeat what was
    // lost.
    up: (home) => (home === BUYER && slot() === 1 ? false : home !== SMALL_BUYER || slot() < 2),
  });
  await finished(area);
  assert.deepEqual(missedHomes(area), [
    [1, [BUYER]],
    [2, [SMALL_BUYER]],
  ]);
  const { clearedWh, expected } = auditLog(area.store);
  assert.ok(expected.get(3)!.includes(area.nodeId(BUYER)), "it is waited for again");
  assert.equal(clearedWh.get(3), 700, "it trades again");
});

test("a member whose will went out is not waited for, and comes back with its birth", async () => {
  const area = areaWith({});
  const startMs = area.nowMs;
  const at = new Map([
    [1, () => area.stopNode(BUYER)],
    [3, () => area.startNode(BUYER)],
  ]);
  area.bus.attach(["wattle/1/a/market/clearing"], (_topic, payload) => {
    if (isNothing(payload)) return;
    const slot = area.gateway.area.world.openSlot!;
    at.get(slot + 1)?.(); // while slot 0 settles it goes, while slot 2 settles it comes
    at.delete(slot + 1);
  });
  await finished(area);
  const { expected } = auditLog(area.store);
  assert.deepEqual(
    [...expected.values()].map((nodes) => nodes.includes(area.nodeId(BUYER))),
    [true, false, false, true],
  );
  const missed = missedHomes(area).map(([slot]) => slot);
  assert.ok(!missed.includes(1) && !missed.includes(2), "nobody waits for it while it is gone");
  assert.ok(area.nowMs - startMs <= area.options.slotTimeoutMs);
});

test("a seller that says no SOLD is listed alone, and its contracts are released", async () => {
  const area: LocalArea = areaWith({
    up: (home, topic) =>
      home !== SELLER ||
      !topic.endsWith("/tx") ||
      area.gateway.area.runs.get(1)?.phase !== "settle",
  });
  await finished(area);
  assert.deepEqual(missedHomes(area)[0], [1, [SELLER]]);
  const audit = auditLog(area.store);
  const paidWh = audit.payments.filter(({ slot }) => slot === 1).map(({ qtyWh }) => qtyWh);
  assert.equal(audit.clearedWh.get(1), 1000);
  assert.equal(
    paidWh.reduce((sum, wh) => sum + wh, 0),
    400,
    "the other seller is paid, by BOUGHT or by the meters",
  );
});

test("a buyer that does not answer a SOLD pays by its meter", async () => {
  const area: LocalArea = areaWith({
    up: (home, topic) =>
      home !== SMALL_BUYER ||
      !topic.endsWith("/tx") ||
      area.gateway.area.runs.get(1)?.phase !== "settle",
  });
  await finished(area);
  assert.deepEqual(missedHomes(area)[0], [1, [SMALL_BUYER]]);
  const paid = auditLog(area.store).payments.filter(({ slot }) => slot === 1);
  assert.equal(
    paid.reduce((sum, { qtyWh }) => sum + qtyWh, 0),
    1000,
  );
});

test("a late joiner is admitted between slots, gets its deposit and trades", async () => {
  const area = areaWith({
    options: { expectNodes: 3, deposit: { belowMicro: 1_000_000, toMicro: 50_000_000 } },
  });
  await area.start([0, 1, 3]);
  let joined = false;
  area.bus.attach(["wattle/1/a/epoch"], () => {
    if (joined || area.gateway.area.world.openSlot !== 1) return;
    joined = true;
    area.startNode(BUYER);
  });
  await area.run();
  area.state.assertConserved();
  const { clearedWh } = auditLog(area.store);
  assert.deepEqual([clearedWh.get(0), clearedWh.get(3)], [300, 1000]);
  assert.equal(area.state.totals.mintedMicro, 50_000_000);
  const owned = area.state.freeOf(area.nodeId(BUYER)) + area.state.lockedOf(area.nodeId(BUYER));
  assert.ok(owned < 50_000_000, "it paid for what it bought");
});

test("a uniform auction pays everybody the price in the middle of the band", async () => {
  const area = await finished(areaWith({}));
  const { paidWh, paidMicro } = auditLog(area.store);
  assert.equal(paidWh, 4000);
  assert.equal(paidMicro, 4000 * 190);
});

test("pay-as-bid pays each pair between its own prices", async () => {
  const offers = [90_000, 120_000];
  const bids = [200_000, 160_000];
  const area = await finished(
    areaWith({
      options: { market: { ...MARKET, pricing: "pay-as-bid" } },
      policy: (home) =>
        home < 2
          ? { trade: true, offerMicro: offers[home] }
          : { trade: true, bidMicro: bids[home - 2] },
    }),
  );
  const { payments, paidWh } = auditLog(area.store);
  assert.equal(paidWh, 4000, "every bid is above every offer");
  const between = new Set(offers.flatMap((offer) => bids.map((bid) => (offer + bid) / 2)));
  for (const { qtyWh, micro } of payments)
    assert.ok(
      [...between].some((price) => Math.ceil((qtyWh * price) / 1000) === micro),
      `${micro} µc for ${qtyWh} Wh`,
    );
});

test("offers above every bid do not trade", async () => {
  const area = await finished(
    areaWith({
      policy: (home) =>
        home < 2 ? { trade: true, offerMicro: 250_000 } : { trade: true, bidMicro: 200_000 },
    }),
  );
  assert.equal(area.gateway.area.tradedWh, 0);
});

test("a guided market trades at the guidance: first the ceiling, then by last offers", async () => {
  const area = await finished(areaWith({ options: { market: { ...MARKET, mode: "guided" } } }));
  const { payments } = auditLog(area.store);
  const prices = [0, 1].map((slot) => {
    const paid = payments.filter((payment) => payment.slot === slot);
    const micro = paid.reduce((sum, payment) => sum + payment.micro, 0);
    return Math.floor(micro / paid.reduce((sum, payment) => sum + payment.qtyWh, 0));
  });
  const half = FEED_IN_MICRO + (RETAIL_MICRO - FEED_IN_MICRO) / 2; // demand equals the last offers
  assert.deepEqual(prices, [RETAIL_MICRO / 1000, half / 1000]);
  assert.equal(area.gateway.area.tradedWh, 4000);
});

test("a market of forecasts settles what both meters show of what was matched", async () => {
  const netWh = [
    [-600, -600, -200, -600],
    [600, 600, 600, 100],
  ];
  const area = await finished(
    new LocalArea({
      world: worldOf(netWh),
      options: { market: { ...MARKET, timing: "ex-ante" } },
    }),
  );
  const { clearedWh, paidWh } = auditLog(area.store);
  // Forecasts are the slot before: none for 0 and 1, 600 for 2, where 200 came; 200 for 3, where
  // 100 went.
  assert.deepEqual([...clearedWh.values()].slice(-2), [200, 100]);
  assert.equal(paidWh, 300);
});

test("more events than one block holds go into several, transactions after the last", async () => {
  const area = areaWith({});
  await area.start([0, 1]);
  await area.settle();
  const { chain } = area.gateway.area;
  const node = area.nodeId(0);
  for (let boundary = 0; boundary <= BLOCK_EVENTS_MAX; boundary++) {
    const reading = { boundary, importMwh: 0n, exportMwh: 0n } as Reading;
    chain.addEvent({ type: "reading", id: named(`reading ${boundary}`), node, reading });
  }
  assert.ok(chain.overfull);
  const batch = new Batch();
  seal(area.gateway.area, batch, { slot: 0, mints: [], closed: [] }, () => {});
  const blocks = batch.entries.filter(({ kind }) => kind === EntryKind.block);
  const sizes = blocks.map(({ bytes }) => {
    const decoded = blockRecord.decode(unpackEntry(blockEntry, bytes).block);
    assert.ok(decoded.ok);
    return decoded.value.events.length;
  });
  assert.deepEqual(sizes, [BLOCK_EVENTS_MAX, 3], "two members and one reading more");
  assert.ok(!chain.pending);
  assert.equal(chain.state.account(node).boundary, BLOCK_EVENTS_MAX);
});
