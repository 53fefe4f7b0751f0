// SPDX-License-Identifier: Apache-2.0
/** The bank in the gateway's configuration. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { LENDING_POLICIES } from "#core/records/bank";
import { DAY_MS } from "#core/units/time";
import { termsOf } from "#gateway/credit/terms";
import { gatewayConfig, gatewayOptions } from "#node/config/gateway-config";
import { renderGatewayConfig } from "#node/config/render-config";

const read = (credit: unknown, tariff?: unknown) =>
  gatewayConfig(
    { area: "street", credit, ...(tariff ? { tariff } : {}) },
    { file: "gw.json", dir: "/" },
  );
const bankIn = (config: ReturnType<typeof read>) =>
  gatewayOptions(config, new Uint8Array(32), 0).credit;

test("by default there is no bank; an empty object is one with all defaults", () => {
  assert.equal(bankIn(read(null)), undefined);
  assert.equal(bankIn(gatewayConfig({ area: "a" }, { file: "gw.json", dir: "/" })), undefined);
  const prices = { feedInMicro: 80_000, retailMicro: 300_000 };
  const bank = bankIn(read({}));
  assert.deepEqual(bank, { capitalMicro: 1e9, terms: termsOf("meter-backed", prices) });
  assert.deepEqual([bank?.terms.priceMicro, bank?.terms.gridMicro], [190_000, 300_000]);
  assert.equal(bank?.terms.patienceMs, 365 * DAY_MS);
});

test("what is chosen reaches the terms, and reads back from what is printed", () => {
  const chosen = {
    ...{ policy: "paper", capitalCoins: "12.5", loanMaxCoins: "7", starterCoins: "3" },
    ...{ starterGrade: "A1", months: 2, costPpm: 5, alphaMaxPpm: 900, usePermille: 30 },
    ...{ validHours: 1.5, bufferHours: 2, patienceHours: 3, periodHours: 4 },
  };
  const config = read(chosen, { feedInPerKwh: "0.1", retailPerKwh: "0.5" });
  const bank = bankIn(config)!;
  assert.equal(bank.capitalMicro, 12_500_000);
  const { policy, starterGrade, validMs, periodMs, priceMicro } = bank.terms;
  assert.deepEqual(
    [LENDING_POLICIES[policy], starterGrade, validMs, periodMs, priceMicro],
    ["paper", 1, 5_400_000, 4 * 3_600_000, 300_000],
  );
  const again = JSON.parse(renderGatewayConfig(config));
  const tariff = { feedInPerKwh: "0.1", retailPerKwh: "0.5" };
  assert.deepEqual(bankIn(read(again.credit, tariff)), bank);
  assert.equal(JSON.parse(renderGatewayConfig(read(null))).credit, null);
});

test("what cannot be a bank is refused with its place", () => {
  const refused: [unknown, RegExp][] = [
    [{ policy: "friends" }, /credit\.policy: found "friends"; allowed: "paper" or "meter-backed"/],
    [{ starterGrade: "H1" }, /credit\.starterGrade: found "H1"; allowed: a grade, A1 to G5/],
    [{ months: 0 }, /credit\.months: found 0/],
    [{ validHours: 0 }, /credit\.validHours: found 0/],
    [{ capital: "5" }, /credit\.capital: found an unknown key.*capitalCoins/s],
    [7, /credit: found 7/],
  ];
  for (const [credit, message] of refused) assert.throws(() => read(credit), message);
});
