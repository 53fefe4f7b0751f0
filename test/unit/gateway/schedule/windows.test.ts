// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { test } from "node:test";
import { Role } from "#core/records/plan";
import { MarketHistory } from "#gateway/schedule/history";
import { windowsOf } from "#gateway/schedule/windows";

function outlook(retailMicro: number[]) {
  const none = retailMicro.map(() => 0);
  const slots = retailMicro.length;
  const prices = { retailMicro, feedInMicro: 1 };
  return { first: 5, slots, slotSeconds: 900, ...prices, surplusW: none, demandW: none };
}

test("slots of one power are one window, with the price that it costs at most or brings at least", () => {
  const powers = Int32Array.of(0, 500, 500, -300, -300, -200, 0, 500);
  const prices = [1, 2, 3, 4, 5, 6, 7, 8];
  assert.deepEqual(windowsOf(powers, outlook(prices)), [
    { slot: 6, slots: 2, role: Role.charging, powerW: 500, priceMicro: 3 },
    { slot: 8, slots: 2, role: Role.discharging, powerW: 300, priceMicro: 4 },
    { slot: 10, slots: 1, role: Role.discharging, powerW: 200, priceMicro: 6 },
    { slot: 12, slots: 1, role: Role.charging, powerW: 500, priceMicro: 8 },
  ]);
});

test("of too many windows the nearest are said", () => {
  const powers = Int32Array.from({ length: 96 }, (_, t) => 100 + t);
  const windows = windowsOf(powers, outlook([...powers]));
  assert.equal(windows.length, 24);
  assert.equal(windows[23].slot, 28);
});

test("a slot is expected as on the days before, and without any like the latest", () => {
  const history = new MarketHistory();
  const wh = (surplusWh: number) => ({ surplusWh, demandWh: 2 * surplusWh });
  assert.deepEqual(history.expect(3, 4), wh(0));
  history.add(0, wh(100));
  history.add(1, wh(7));
  assert.deepEqual(history.expect(4, 4), wh(100), "the day before");
  assert.deepEqual(history.expect(6, 4), wh(7), "the latest");
  history.add(4, wh(201));
  assert.deepEqual(
    history.expect(8, 4),
    { surplusWh: 150, demandWh: 301 },
    "the mean, rounded down",
  );
});
