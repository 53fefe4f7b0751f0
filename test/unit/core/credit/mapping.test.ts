// SPDX-License-Identifier: Apache-2.0
/** From a meter's history to a loan: the parameters by hand, their properties, and whom a policy admits. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { newAccount } from "#core/credit/account";
import { CREDIT_RULE, newRecord } from "#core/credit/grade";
import {
  fileOf,
  type LoanOffer,
  type MeterHistory,
  needMicro,
  uncoveredWh,
} from "#core/credit/mapping";
import { admit, METER_BACKED, PAPER } from "#core/credit/policy";
import { modelOf, quoteLoan } from "#core/credit/quote";

/** A quarter: 900 kWh imported, 300 of them from neighbours for 60 coins (0.20); 4 coins are left. */
const HISTORY: MeterHistory = {
  ...{ months: 3, importWh: 900_000, boughtWh: 300_000, paidMicro: 60_000_000 },
  balanceMicro: 4_000_000,
};
const OFFER: LoanOffer = {
  ...{ months: 1, priceMicroPerKwh: 160_000, gridMicroPerKwh: 300_000 },
  ...{ costPpm: 4000, etaPermille: 3500 },
};
const mapped = (history: Partial<MeterHistory> = {}, offer: Partial<LoanOffer> = {}) =>
  fileOf({ ...HISTORY, ...history }, newRecord(), 12, { ...OFFER, ...offer });
const code = (found: { ok: true } | { ok: false; code: string }) => (found.ok ? "ok" : found.code);

test("a household's file, by hand", () => {
  const found = mapped();
  assert.ok(found.ok);
  // 300 kWh a month, of which 4 coins at 0.16 pay 25.
  assert.equal(found.file.needWh, 275_000);
  // The habit: 100 kWh a month, that save 0.10 each.
  assert.equal(found.file.thetaWh, 375_000);
  assert.equal(found.file.worthMicro, 10_000_000);
  assert.deepEqual(modelOf(found.file), {
    ...{
      lambda: 0.5,
      gamma: 24 / 35,
      d: 10,
      theta: 375,
      q: 275,
      p: 0.16,
      t: 1,
      c: 0.004,
      eta: 3.5,
    },
  });
  assert.equal(needMicro(found.file), 44_000_001);
  assert.equal(uncoveredWh(found.file, 44_000_000), 0);
  assert.equal(uncoveredWh(found.file, 16_000_000), 175_000);
  const twice = mapped({}, { months: 2 });
  assert.ok(twice.ok);
  assert.deepEqual([twice.file.needWh, twice.file.worthMicro], [575_000, 20_000_000]);
});

test("who never bought from a neighbour has its import for a habit", () => {
  const found = mapped({ boughtWh: 0, paidMicro: 0 });
  assert.ok(found.ok);
  assert.equal(found.file.thetaWh, 575_000);
  assert.equal(found.file.worthMicro, 42_000_000, "300 kWh that save 0.14 each");
});

test("no file without a use for the loan, or of numbers that are none", () => {
  assert.equal(code(mapped({ balanceMicro: 48_000_000 })), "CREDIT_NO_USE");
  assert.equal(code(mapped({ balanceMicro: 1e15 })), "CREDIT_NO_USE");
  assert.equal(code(mapped({ importWh: 0, boughtWh: 0 })), "CREDIT_NO_USE");
  assert.equal(code(mapped({}, { gridMicroPerKwh: 200_000 })), "CREDIT_NO_USE");
  for (const wrong of [{ months: 0 }, { importWh: -1 }, { boughtWh: 900_001 }, { paidMicro: 1e13 }])
    assert.equal(code(mapped(wrong)), "LOAN_TERMS", JSON.stringify(wrong));
  for (const wrong of [{ months: 0 }, { months: 121 }, { priceMicroPerKwh: 0 }, { costPpm: 0.5 }])
    assert.equal(code(mapped({}, wrong)), "LOAN_TERMS", JSON.stringify(wrong));
  assert.equal(code(mapped({ importWh: 4e9 })), "LOAN_TERMS");
});

test("any history gives whole numbers, or a code; and charges stay below what energy saves", () => {
  const micro = fc.integer({ min: 1, max: 1_000_000 });
  const histories = fc.record({
    months: fc.integer({ min: 1, max: 24 }),
    importWh: fc.nat({ max: 50_000_000 }),
    share: fc.nat({ max: 1000 }),
    meanMicro: micro,
    balanceMicro: fc.nat({ max: 50_000_000 }),
  });
  const offers = fc.record({
    months: fc.integer({ min: 1, max: 12 }),
    priceMicroPerKwh: micro,
    gridMicroPerKwh: micro,
    costPpm: fc.integer({ min: 1, max: 30_000 }),
    etaPermille: fc.integer({ min: 1500, max: 5000 }),
  });
  const records = fc.record({
    onTime: fc.nat({ max: 30 }),
    late: fc.nat({ max: 30 }),
    points: fc.nat({ max: 4000 }),
  });
  let lent = 0;
  fc.assert(
    fc.property(histories, offers, records, ({ share, meanMicro, ...history }, offer, record) => {
      const boughtWh = Math.floor((history.importWh * share) / 1000);
      const paidMicro = Math.floor((boughtWh * meanMicro) / 1000);
      const found = fileOf({ ...history, boughtWh, paidMicro }, record, 9, offer);
      if (!found.ok) return;
      const { file } = found;
      assert.ok(file.needWh > 0 && file.thetaWh > file.needWh, "an elastic need");
      const bounds = { alphaMaxPpm: 20_000_000, loanMaxMicro: needMicro(file) };
      const terms = quoteLoan(file, bounds);
      if (!terms.ok) return;
      lent++;
      assert.ok(terms.principalMicro <= needMicro(file), "never more than the need costs");
      // λβt + (1 − λ)α of a kWh's price is at most what a neighbour's kWh saved: d/H.
      const { lambda, d, theta, q, p, t } = modelOf(file);
      const charge = lambda * (terms.betaPpm / 1e6) * t + (1 - lambda) * (terms.alphaPpm / 1e6);
      const saved = d / (theta - q);
      assert.ok(charge * p <= saved * lambda * (1 + 1e-9), `${charge * p} of ${saved}`);
    }),
    { numRuns: 3000 },
  );
  assert.ok(lent > 200, `${lent}`);
});

test("the paper admits wealth, income and a credit value that is not negative", () => {
  const sound = { wealthMicro: 1, incomeDays: 3 };
  const asked = (standing: object, account = {}, policy = PAPER) =>
    admit({ ...newAccount(), ...account }, { ...sound, ...standing }, policy, CREDIT_RULE);
  assert.deepEqual(asked({}), { ok: true, grade: 35, loanMaxMicro: 100_000_000, unsecured: false });
  assert.equal(code(asked({ wealthMicro: 0 })), "CREDIT_NO_WEALTH");
  assert.equal(code(asked({ incomeDays: 2 })), "CREDIT_NO_INCOME");
  const negative = { record: { onTime: 5, late: 1, points: -1 } };
  for (const policy of [PAPER, METER_BACKED]) {
    assert.equal(code(asked({}, negative, policy)), "CREDIT_NEGATIVE");
    assert.equal(code(asked({}, { blacklisted: true }, policy)), "CREDIT_BLACKLISTED");
  }
});

test("meter-backed gives a starter line, graded by a prior until there is a loan to judge by", () => {
  const poor = { wealthMicro: 0, incomeDays: 0 };
  const asked = (record = newRecord()) =>
    admit({ ...newAccount(), record }, poor, METER_BACKED, CREDIT_RULE);
  assert.deepEqual(asked(), { ok: true, grade: 12, loanMaxMicro: 5_000_000, unsecured: true });
  const known = asked({ onTime: 1, late: 0, points: 250 });
  assert.deepEqual(known, { ok: true, grade: 33, loanMaxMicro: 5_000_000, unsecured: true });
  const rich = { wealthMicro: 1, incomeDays: 7 };
  const secured = admit(newAccount(), rich, METER_BACKED, CREDIT_RULE);
  assert.equal(secured.ok && secured.unsecured, false);
});
