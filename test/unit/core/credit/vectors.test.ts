// SPDX-License-Identifier: Apache-2.0
/** Loan pricing against the shared vectors and against our own; the same run on XS (test/xs). */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { requireData } from "../../../data.ts";
import {
  type BudgetVector,
  checkBudgets,
  checkPricing,
  checkQuotes,
  type PricingVector,
  type QuoteVector,
} from "../../../vectors/credit/check.ts";

function cases<T>(name: string): T[] {
  const url = new URL(`../../../vectors/credit/${name}.json`, import.meta.url);
  const { cases: all } = JSON.parse(readFileSync(url, "utf8"));
  assert.ok(all.length >= 5, name);
  return all;
}

test("the shared vectors, to 1e-9", (t) => {
  const path = requireData(t, "vectors/loan-pricing.json");
  if (path === undefined) return;
  const vectors = JSON.parse(readFileSync(path, "utf8"));
  assert.ok(vectors.length >= 10);
  assert.deepEqual(checkPricing(vectors), []);
});

test("loans found by a numeric search", () => {
  const vectors = cases<PricingVector>("pricing");
  assert.deepEqual(checkPricing(vectors), []);
  const codes = new Set(vectors.map(({ code }) => code));
  for (const code of ["LOAN_NO_MARGIN", "LOAN_RATE_CAP", "LOAN_UNBOUNDED"])
    assert.ok(codes.has(code), code);
});

test("budgets solved in the loans", () => {
  assert.deepEqual(checkBudgets(cases<BudgetVector>("budgets")), []);
});

test("rounded terms by exact fractions", () => {
  assert.deepEqual(checkQuotes(cases<QuoteVector>("quotes")), []);
});

test("a wrong expectation is seen", () => {
  const [vector] = cases<PricingVector>("pricing");
  for (const change of [
    { alpha: 1.000001 * vector.alpha! },
    { R: vector.R! + 1e-4 },
    { lend: false },
  ])
    assert.equal(checkPricing([{ ...vector, ...change }]).length, 1, JSON.stringify(change));
  const [quote] = cases<QuoteVector>("quotes");
  const principalMicro = quote.terms!.principalMicro + 1;
  assert.equal(checkQuotes([{ ...quote, terms: { ...quote.terms!, principalMicro } }]).length, 1);
  const [budget] = cases<BudgetVector>("budgets");
  assert.ok(checkBudgets([{ ...budget, budget: budget.budget + 1 }]).length > 0);
});
