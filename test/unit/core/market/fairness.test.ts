// SPDX-License-Identifier: Apache-2.0
/** A gateway that favours one node is found out: by another node, or by whoever recomputes. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { clear } from "#core/market/auction";
import { checkFill, expectedFill } from "#core/market/check";
import { bandPrice } from "#core/market/price";
import { sameSummary } from "#core/market/summary";
import type { Threshold } from "#core/market/types";
import { arbBook, arbRule, fillOf } from "./books.ts";

test("property: every order accepts an honest clearing", () => {
  fc.assert(
    fc.property(arbBook(1000, 16), arbRule, (orders, rule) => {
      const clearing = clear(orders, rule);
      orders.forEach((o, i) => {
        assert.equal(checkFill(o, clearing.summary, rule, fillOf(clearing, i)), "ok");
      });
    }),
    { numRuns: 1000 },
  );
});

test("property: with a truthful summary, the victim of any moved Wh objects", () => {
  fc.assert(
    fc.property(arbBook(1000), arbRule, fc.nat(), fc.nat(), fc.nat(), (book, rule, a, b, n) => {
      const clearing = clear(book, rule);
      if (clearing.fills.length === 0 || book.length < 2) return;
      const victim = clearing.fills[a % clearing.fills.length];
      const favoured = (victim.index + 1 + (b % (book.length - 1))) % book.length;
      const movedWh = 1 + (n % victim.fillWh);
      const left = victim.fillWh - movedWh;
      const got = fillOf(clearing, favoured) + movedWh;
      assert.equal(checkFill(book[victim.index], clearing.summary, rule, left), "FILL_WRONG");
      assert.equal(checkFill(book[favoured], clearing.summary, rule, got), "FILL_WRONG");
    }),
    { numRuns: 1000 },
  );
});

test("property: with truthful totals, no false threshold passes everywhere and adds up", () => {
  fc.assert(
    fc.property(arbBook(40, 10), arbRule, (book, rule) => {
      const { summary } = clear(book, rule);
      for (const name of ["bid", "offer"] as const) {
        const side = name === "bid" ? summary.bids : summary.offers;
        if (side.levelAvailableWh === side.levelTotalWh) continue;
        const level = book.filter(
          (o) => o.side === name && bandPrice(o, rule) === side.levelPriceMicroPerKwh,
        );
        const lies: (Threshold | null)[] = [null];
        for (const o of level) {
          const own = (o.qtyWh * side.levelAvailableWh) % side.levelTotalWh;
          for (const remainder of [own - 1, own, own + 1]) lies.push({ remainder, key: o.key });
        }
        for (const threshold of lies) {
          const lie = { ...side, threshold };
          const told = name === "bid" ? { ...summary, bids: lie } : { ...summary, offers: lie };
          const honest = level.map((o) => expectedFill(o, summary, rule));
          // What each node would be told so that its own check passes, if anything would.
          const fills = level.map((o) => {
            const fill = expectedFill(o, told, rule);
            if (typeof fill === "string") return fill;
            const verdict = checkFill(o, told, rule, fill);
            return verdict === "ok" ? fill : verdict;
          });
          if (fills.some((fill) => typeof fill === "string")) continue;
          const sum = fills.reduce((total: number, fill) => total + (fill as number), 0);
          if (sum === side.levelAvailableWh) assert.deepEqual(fills, honest);
        }
      }
    }),
    { numRuns: 500 },
  );
});

test("property: an order left out of the totals is missed by its owner or by the verifier", () => {
  fc.assert(
    fc.property(arbBook(40, 10), arbRule, fc.nat(), (book, rule, n) => {
      if (book.length === 0) return;
      const gone = n % book.length;
      const told = clear(
        book.filter((_, i) => i !== gone),
        rule,
      ).summary;
      const truth = clear(book, rule);
      // As if the order had never come: it is told 0 Wh.
      const verdict = checkFill(book[gone], told, rule, 0);
      if (verdict === "ok") {
        const harmless = fillOf(truth, gone) === 0;
        assert.ok(harmless || !sameSummary(told, truth.summary));
      }
      if (sameSummary(told, truth.summary)) assert.equal(fillOf(truth, gone), 0);
    }),
    { numRuns: 500 },
  );
});
