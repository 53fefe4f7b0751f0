// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { test } from "node:test";
import { RESERVE_MARGIN_MICRO, RESERVE_SIZE_MICRO } from "#core/limits";
import { reserveMicro } from "#core/market/cost";
import { MarketMode, type Notice } from "#core/records/notice";
import { Side } from "#core/records/order";
import { firstState, type NodeState, type SlotMemory, slotOf } from "#meter/state";
import { IDLE, planFromForecast, planFromMeter, planReserve, waitsForDemand } from "#meter/trader";

const FEED_IN = 80_000;
const RETAIL = 300_000;
const NOTICE = {
  slot: 0,
  feedInMicro: FEED_IN,
  retailMicro: RETAIL,
  retailNextMicro: RETAIL + 5,
  mode: MarketMode.auction,
} as Notice;
const TRADE = { trade: true };

/** A node whose registers moved by `importMwh` and `exportMwh` in the slot just read. */
function metered(state: NodeState, importMwh: bigint, exportMwh: bigint): NodeState {
  state.lastNetMwh = { import: importMwh, export: exportMwh };
  state.boundaryImportMwh += importMwh;
  state.boundaryExportMwh += exportMwh;
  state.boundary++;
  return state;
}

function funded(state: NodeState, reserveWh: number, slot = 0): SlotMemory {
  const memory = slotOf(state, slot);
  memory.reserve = new Uint8Array(32);
  memory.reserveWh = reserveWh;
  return memory;
}

test("what is less than a Wh is carried from slot to slot and sold exactly once", () => {
  const state = firstState();
  let soldWh = 0;
  let endMwh = 0n;
  for (let slot = 0; slot < 10; slot++) {
    metered(state, 0n, 1_300n);
    const plan = planFromMeter(state, slotOf(state, slot), TRADE, NOTICE);
    assert.equal(plan.plan.side, Side.offer);
    assert.ok(plan.nextMwh >= endMwh, `slot ${slot} begins where the one before ended`);
    assert.ok(plan.nextMwh + BigInt(plan.plan.qtyWh) * 1000n <= state.boundaryExportMwh);
    endMwh = plan.nextMwh + BigInt(plan.plan.qtyWh) * 1000n;
    assert.ok(plan.carryExportMwh < 1000n);
    assert.equal(endMwh + plan.carryExportMwh, state.boundaryExportMwh, "nothing is lost");
    state.carryExportMwh = plan.carryExportMwh;
    soldWh += plan.plan.qtyWh;
  }
  assert.equal(soldWh, 13);
  assert.equal(state.carryExportMwh, 0n);
});

test("import and export each keep their own remainder", () => {
  const state = firstState();
  funded(state, 100);
  metered(state, 2_700n, 0n);
  const bought = planFromMeter(state, slotOf(state, 0), TRADE, NOTICE);
  assert.deepEqual([bought.plan.side, bought.plan.qtyWh], [Side.bid, 2]);
  assert.deepEqual([bought.carryImportMwh, bought.carryExportMwh], [700n, 0n]);
  Object.assign(state, { carryImportMwh: 700n });
  metered(state, 100n, 1_650n);
  const sold = planFromMeter(state, slotOf(state, 1), TRADE, NOTICE);
  assert.deepEqual([sold.plan.side, sold.plan.qtyWh], [Side.offer, 1], "the net of both registers");
  assert.deepEqual([sold.carryImportMwh, sold.carryExportMwh], [700n, 550n]);
});

test("less than a Wh in all is idle and carried", () => {
  const state = metered(firstState(), 0n, 999n);
  const plan = planFromMeter(state, slotOf(state, 0), TRADE, NOTICE);
  assert.equal(plan.plan, IDLE);
  assert.equal(plan.carryExportMwh, 999n);
});

test("a bid is no more than its RESERVE holds, and none without one", () => {
  const state = metered(firstState(), 50_000n, 0n);
  assert.equal(planFromMeter(state, slotOf(state, 0), TRADE, NOTICE).plan, IDLE);
  const memory = funded(state, 30);
  const { plan } = planFromMeter(state, memory, TRADE, NOTICE);
  assert.deepEqual(plan, { side: Side.bid, qtyWh: 30, priceMicro: RETAIL });
});

test("prices are those of the policy, else retail and feed-in of the slot", () => {
  const state = metered(firstState(), 0n, 5_000n);
  const offer = planFromMeter(state, slotOf(state, 0), { trade: true, offerMicro: 123 }, NOTICE);
  assert.equal(offer.plan.priceMicro, 123);
  assert.equal(planFromMeter(state, slotOf(state, 0), TRADE, NOTICE).plan.priceMicro, FEED_IN);
  metered(state, 5_000n, 0n);
  const next = funded(state, 100, 1);
  assert.equal(planFromMeter(state, next, TRADE, NOTICE).plan.priceMicro, RETAIL + 5);
  assert.equal(planFromMeter(state, next, { trade: true, bidMicro: 9 }, NOTICE).plan.priceMicro, 9);
});

test("a node that does not trade, or whose registers stood still, is idle", () => {
  const state = metered(firstState(), 9_000n, 0n);
  funded(state, 100);
  assert.equal(planFromMeter(state, slotOf(state, 0), { trade: false }, NOTICE).plan, IDLE);
  metered(state, 4_000n, 4_000n);
  assert.equal(planFromMeter(state, slotOf(state, 0), TRADE, NOTICE).plan, IDLE);
});

test("a forecast is the slot before as it was, and idle before there is one", () => {
  const state = metered(firstState(), 0n, 0n);
  assert.equal(planFromForecast(state, slotOf(state, 1), TRADE, NOTICE), IDLE);
  metered(state, 0n, 7_900n);
  const plan = planFromForecast(state, slotOf(state, 2), TRADE, NOTICE);
  assert.deepEqual(plan, { side: Side.offer, qtyWh: 7, priceMicro: FEED_IN });
});

test("in a guided market sellers wait for the demand, and nobody else does", () => {
  const guided = { ...NOTICE, mode: MarketMode.guided } as Notice;
  const offer = { side: Side.offer, qtyWh: 1, priceMicro: 1 };
  assert.ok(waitsForDemand(guided, offer));
  assert.ok(!waitsForDemand(guided, { ...offer, side: Side.bid }));
  assert.ok(!waitsForDemand(guided, IDLE));
  assert.ok(!waitsForDemand(NOTICE, offer));
});

test("a RESERVE is for the whole connection where there are coins for it", () => {
  const full = reserveMicro(1000, RETAIL, RESERVE_MARGIN_MICRO);
  assert.deepEqual(planReserve(1000, RETAIL, full), { qtyWh: 1000, ecashMicro: full });
});

test("where coins are plenty the sum is one of few sizes, whatever the connection and the price", () => {
  const sizes = new Set<number>();
  for (const capacityWh of [1, 1000, 7_400, 11_000, 17_250, 22_000, 43_000])
    for (const priceMicro of [0, FEED_IN, RETAIL, RETAIL + 5, 412_345]) {
      const full = reserveMicro(capacityWh, priceMicro, RESERVE_MARGIN_MICRO);
      const plan = planReserve(capacityWh, priceMicro, 1_000_000_000);
      assert.equal(plan?.qtyWh, capacityWh);
      const { ecashMicro } = plan;
      assert.ok(ecashMicro >= full);
      assert.ok(ecashMicro === RESERVE_SIZE_MICRO || ecashMicro < 2 * full);
      sizes.add(ecashMicro);
    }
  assert.deepEqual(
    [...sizes].sort((a, b) => a - b),
    [1, 2, 4, 8, 16, 32].map((n) => n * RESERVE_SIZE_MICRO),
  );
});

test("no lock is rounded up where the two after it would be short then", () => {
  const full = reserveMicro(11_000, RETAIL, RESERVE_MARGIN_MICRO); // 3.3 coins, rounded to 4
  const enough = 4 * RESERVE_SIZE_MICRO + 2 * full;
  assert.equal(planReserve(11_000, RETAIL, enough)?.ecashMicro, 4 * RESERVE_SIZE_MICRO);
  assert.equal(planReserve(11_000, RETAIL, enough - 1)?.ecashMicro, full);
});

test("with little money a RESERVE is for as much as that pays", () => {
  for (const funds of [300, 1_000, 10_000, 100_000, 299_999].map(
    (micro) => micro + RESERVE_MARGIN_MICRO,
  )) {
    const plan = planReserve(1000, RETAIL, funds);
    assert.ok(plan && plan.qtyWh > 0 && plan.qtyWh < 1000, `${funds} µc`);
    assert.ok(plan.ecashMicro <= funds, `${funds} µc`);
    assert.ok(
      reserveMicro(plan.qtyWh + 1, RETAIL, RESERVE_MARGIN_MICRO) > funds,
      "one Wh more is too much",
    );
  }
});

test("with next to no money, or no connection, there is no RESERVE", () => {
  for (const funds of [0, 1, RESERVE_MARGIN_MICRO, RESERVE_MARGIN_MICRO + 299])
    assert.equal(planReserve(1000, RETAIL, funds), undefined, `${funds} µc`);
  assert.equal(planReserve(0, RETAIL, RESERVE_MARGIN_MICRO), undefined);
});

test("energy that costs nothing can be reserved with the rounding alone", () => {
  const plan = planReserve(1000, 0, RESERVE_MARGIN_MICRO);
  assert.deepEqual(plan, { qtyWh: 1000, ecashMicro: RESERVE_MARGIN_MICRO });
});
