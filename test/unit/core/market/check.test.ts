// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { test } from "node:test";
import { clear } from "#core/market/auction";
import { checkFill, checkPairPrice } from "#core/market/check";
import type { FillFault } from "#core/market/summary";
import type { ClearingSummary, SideSummary } from "#core/market/types";
import { key, order, RULE } from "./books.ts";

/** Three offers of 1000 Wh share 1000 Wh: one of them gets 334. */
const ORDERS = [
  order(1, "offer", 1000, 80_000),
  order(2, "offer", 1000, 80_000),
  order(3, "offer", 1000, 80_000),
  order(4, "bid", 1000, 300_000),
  order(5, "bid", 50, 70_000),
  order(6, "offer", 20, 200_000),
];
const TRUE = clear(ORDERS, RULE).summary;

/** The true summary with some numbers replaced. */
function forged(
  top: Partial<ClearingSummary>,
  bids: Partial<SideSummary> = {},
  offers: Partial<SideSummary> = {},
): ClearingSummary {
  return {
    ...TRUE,
    ...top,
    bids: { ...TRUE.bids, ...bids },
    offers: { ...TRUE.offers, ...offers },
  };
}

test("each fault has its code", () => {
  const [first, second, , bid, low, dear] = ORDERS;
  const cases: [FillFault | "ok", Parameters<typeof checkFill>][] = [
    ["ok", [first, TRUE, RULE, 334]],
    ["ok", [second, TRUE, RULE, 333]],
    ["ok", [low, TRUE, RULE, 0]],
    ["ok", [dear, TRUE, RULE, 0]],
    ["FILL_WRONG", [first, TRUE, RULE, 333]],
    ["FILL_WRONG", [second, TRUE, RULE, 334]],
    ["FILL_WRONG", [low, TRUE, RULE, 1]],
    ["FILL_WRONG", [bid, TRUE, RULE, Number.NaN]],
    ["RULE_INVALID", [first, TRUE, { ...RULE, kPermille: -1 }, 334]],
    ["ORDER_INVALID", [{ ...first, qtyWh: 0 }, TRUE, RULE, 334]],
    ["PRICE_WRONG", [first, forged({ priceMicroPerKwh: 190_001 }), RULE, 334]],
    ["PRICE_WRONG", [first, TRUE, { ...RULE, kPermille: 501 }, 334]],
    ["PRICE_OUTSIDE_BAND", [first, forged({ priceMicroPerKwh: 300_001 }), RULE, 334]],
    ["PRICE_OUTSIDE_BAND", [bid, forged({}, { levelPriceMicroPerKwh: 79_999 }), RULE, 1000]],
    ["SUMMARY_INVALID", [first, forged({ priceMicroPerKwh: null }), RULE, 334]],
    ["SUMMARY_INVALID", [first, forged({ tradedWh: 1001 }), RULE, 334]],
    ["SUMMARY_INVALID", [first, forged({}, {}, { levelAvailableWh: 3001 }), RULE, 334]],
    ["SUMMARY_INVALID", [first, forged({}, {}, { nextPriceMicroPerKwh: 200_000 }), RULE, 334]],
    ["THRESHOLD_WRONG", [first, forged({}, {}, { threshold: null }), RULE, 333]],
    [
      "THRESHOLD_WRONG",
      [first, forged({}, {}, { threshold: { remainder: 7, key: key(1) } }), RULE, 334],
    ],
    ["ORDER_NOT_COUNTED", [{ ...first, qtyWh: 3001 }, TRUE, RULE, 0]],
    ["ORDER_NOT_COUNTED", [{ ...dear, qtyWh: 21 }, TRUE, RULE, 0]],
    ["ORDER_NOT_COUNTED", [{ ...bid, priceMicroPerKwh: 290_000 }, TRUE, RULE, 0]],
  ];
  for (const [expected, args] of cases) assert.equal(checkFill(...args), expected);
});

test("a gateway that trades too little, or crosses the margin, is found out", () => {
  const orders = [order(1, "bid", 10, 300_000), order(2, "offer", 10, 100_000)];
  const none = { levelPriceMicroPerKwh: null, levelTotalWh: 0, levelAvailableWh: 0 };
  const idle: ClearingSummary = {
    tradedWh: 0,
    priceMicroPerKwh: null,
    bids: { ...none, totalWh: 10, nextPriceMicroPerKwh: 300_000, threshold: null },
    offers: { ...none, totalWh: 10, nextPriceMicroPerKwh: 100_000, threshold: null },
  };
  assert.equal(checkFill(orders[0], idle, RULE, 0), "NOT_MAXIMAL");
  // Claiming a dearer best offer only moves the objection to that offer's owner.
  const hidden = { ...idle, offers: { ...idle.offers, nextPriceMicroPerKwh: 300_000 } };
  assert.equal(checkFill(orders[1], hidden, RULE, 0), "NOT_MAXIMAL");
  const bids = { ...idle.bids, nextPriceMicroPerKwh: 90_000 };
  assert.equal(checkFill(orders[0], { ...idle, bids }, RULE, 0), "ORDER_NOT_COUNTED");
  const { summary } = clear(orders, RULE);
  const crossed = {
    ...summary,
    bids: { ...summary.bids, levelPriceMicroPerKwh: 90_000 },
  };
  assert.equal(checkFill(orders[1], crossed, RULE, 10), "MARGIN_CROSSED");
});

test("pair prices: uniform is the clearing's, pay-as-bid the pair's own", () => {
  const bid = order(1, "bid", 10, 300_000);
  const offer = order(2, "offer", 10, 100_000);
  const { summary } = clear([bid, offer, order(3, "bid", 5, 100_000)], RULE);
  const own = { ...RULE, pricing: "pay-as-bid" as const };
  assert.equal(checkPairPrice(bid, offer, RULE, summary, 200_000), "ok");
  assert.equal(checkPairPrice(bid, offer, RULE, summary, 199_999), "PAIR_PRICE_WRONG");
  assert.equal(checkPairPrice(bid, offer, own, summary, 200_000), "ok");
  assert.equal(checkPairPrice(bid, offer, own, summary, 150_000), "PAIR_PRICE_WRONG");
  assert.equal(checkPairPrice(offer, bid, own, summary, 200_000), "PAIR_PRICE_WRONG");
  const dear = order(4, "offer", 1, 300_001);
  assert.equal(checkPairPrice(bid, dear, own, summary, 300_000), "PAIR_PRICE_WRONG");
});

test("numbers that cannot stand together, or beside a better order", () => {
  const orders = [
    order(1, "bid", 10, 300_000),
    order(2, "bid", 5, 200_000),
    order(3, "offer", 15, 100_000),
    order(4, "offer", 4, 250_000),
  ];
  const { summary } = clear(orders, RULE);
  const verdict = (offers: Partial<SideSummary>, o = orders[0]): string =>
    checkFill(o, { ...summary, offers: { ...summary.offers, ...offers } }, RULE, o.qtyWh);
  assert.equal(verdict({}), "ok");
  assert.equal(verdict({}, { ...orders[0], qtyWh: 11 }), "ORDER_NOT_COUNTED");
  // 4 Wh are left, so some price is next, and it is worse than the level that traded in full.
  assert.equal(verdict({ nextPriceMicroPerKwh: null }), "SUMMARY_INVALID");
  assert.equal(verdict({ nextPriceMicroPerKwh: 100_000 }), "SUMMARY_INVALID");
  assert.equal(verdict({ threshold: { remainder: 1, key: key(3) } }), "SUMMARY_INVALID");
  const larger = { levelTotalWh: 20, nextPriceMicroPerKwh: 100_000 };
  assert.equal(verdict(larger), "SUMMARY_INVALID");
});
