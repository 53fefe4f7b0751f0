// SPDX-License-Identifier: Apache-2.0
/** Properties of loan pricing: I25, I26 and I30 of ledger 5, and each clamp. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { nextRate, startAscent, takeAnswer } from "#core/credit/ascent";
import { priceUnderBudget } from "#core/credit/budget";
import {
  bankUtility,
  bestLoan,
  borrowerUtility,
  interestOf,
  type LoanModel,
  shapeOf,
  utilityWithoutLoan,
} from "#core/credit/model";
import { type PriceLimits, priceLoan } from "#core/credit/price";
import { hasMargin, modelOf, quoteLoan } from "#core/credit/quote";
import { anyModels, files, tableModels } from "./models.ts";

const models = fc.oneof(tableModels, anyModels);
const limits: fc.Arbitrary<PriceLimits> = fc.record(
  {
    alphaMax: fc.double({ min: 1e-3, max: 30, noNaN: true }),
    loanMax: fc.double({ min: 1e-3, max: 1e5, noNaN: true }),
    shadow: fc.double({ min: 0, max: 3, noNaN: true }),
  },
  { requiredKeys: [] },
);
const base: LoanModel = {
  ...{ lambda: 0.5, d: 20200, theta: 2250, q: 0, p: 1, t: 5, c: 0.15, gamma: 24 / 35, eta: 3.5 },
};
const code = (model: LoanModel, bounds?: PriceLimits) => {
  const price = priceLoan(model, bounds);
  return price.ok ? "ok" : price.code;
};

/** Not smaller, but for rounding. */
function atLeast(large: number, small: number, scale: number, what: string): void {
  assert.ok(large >= small - 1e-9 * Math.max(1, scale), `${what}: ${large} < ${small}`);
}

test("I25: every loan lies between break-even and choke-off, and both sides gain", () => {
  fc.assert(
    fc.property(models, limits, (model, bounds) => {
      const { breakEven, chokeOff } = shapeOf(model);
      const price = priceLoan(model, bounds);
      if (!price.ok) return;
      const { alpha, beta, loan } = price;
      assert.ok(breakEven < alpha && alpha < chokeOff, `${breakEven} ${alpha} ${chokeOff}`);
      assert.ok(loan > 0 && loan <= (bounds.loanMax ?? Infinity));
      assert.ok(alpha <= (bounds.alphaMax ?? Infinity));
      assert.ok(bankUtility(model, alpha, loan) > 0);
      assert.equal(beta, interestOf(model, alpha));
      const without = utilityWithoutLoan(model);
      const gained = borrowerUtility(model, alpha, loan);
      atLeast(gained, without, model.lambda * model.d * 20, "the borrower");
    }),
    { numRuns: 5000 },
  );
});

test("I25: without limits there is a loan if and only if x > 1", () => {
  let [lent, none] = [0, 0];
  fc.assert(
    fc.property(models, (model) => {
      const { breakEven, chokeOff } = shapeOf(model);
      fc.pre(Math.abs(chokeOff / breakEven - 1) > 1e-9);
      assert.equal(priceLoan(model).ok, chokeOff / breakEven > 1);
      if (chokeOff > breakEven) lent++;
      else none++;
    }),
    { numRuns: 5000 },
  );
  assert.ok(lent > 500 && none > 500, `${lent} ${none}`);
});

test("I26: under any budget the loans fit, and a budget that is no limit changes nothing", () => {
  const applicants = fc.array(fc.record({ model: models, limits }), { maxLength: 25 });
  fc.assert(
    fc.property(applicants, fc.double({ min: 0, max: 1.2, noNaN: true }), (all, share) => {
      const free = priceUnderBudget(all, Number.MAX_VALUE);
      assert.equal(free.shadow, 0);
      const budget = free.total * share;
      const fitting = priceUnderBudget(all, budget);
      assert.ok(fitting.total <= budget || budget === 0, `${fitting.total} of ${budget}`);
      if (share >= 1) assert.deepEqual(fitting, free);
      fitting.prices.forEach((price, i) => {
        const before = free.prices[i];
        if (price.ok) atLeast(before.ok ? before.loan : 0, price.loan, price.loan, "less is lent");
      });
    }),
    { numRuns: 1000 },
  );
});

test("a budget is used up where no limit cuts loans off", () => {
  fc.assert(
    fc.property(fc.array(tableModels, { minLength: 1, maxLength: 20 }), (all) => {
      const applicants = all.map((model) => ({ model }));
      const { total } = priceUnderBudget(applicants, Number.MAX_VALUE);
      const half = priceUnderBudget(applicants, total / 2);
      assert.ok(half.total >= (total / 2) * (1 - 1e-9), `${half.total} of ${total / 2}`);
    }),
    { numRuns: 500 },
  );
});

test("I30: the bank's gain falls in γ, the borrower's utility rises in λ", () => {
  const gain = (model: LoanModel) => {
    const price = priceLoan(model);
    return price.ok ? bankUtility(model, price.alpha, price.loan) : 0;
  };
  const utility = (model: LoanModel) => {
    const price = priceLoan(model);
    return price.ok ? borrowerUtility(model, price.alpha, price.loan) : utilityWithoutLoan(model);
  };
  const share = fc.double({ min: 0.01, max: 0.999, noNaN: true });
  // θ − Q is above 1 in Table II: satisfaction is positive, and more of it is better.
  fc.assert(
    fc.property(tableModels, share, (model, part) => {
      const worse = { ...model, gamma: model.gamma * part };
      atLeast(gain(worse), gain(model), gain(worse), "γ");
      const unsure = { ...model, lambda: model.lambda * part };
      atLeast(utility(model), utility(unsure), utility(model), "λ");
    }),
    { numRuns: 3000 },
  );
});

test("I30: scaling d and p scales loan and gain, and leaves the rates", () => {
  fc.assert(
    fc.property(tableModels, fc.integer({ min: -20, max: 20 }), (model, power) => {
      // A power of two: then even the last bit is the same.
      const s = 2 ** power;
      const scaled = { ...model, d: model.d * s, p: model.p * s };
      const [one, other] = [priceLoan(model), priceLoan(scaled)];
      assert.equal(one.ok, other.ok);
      if (!one.ok || !other.ok) return;
      assert.equal(other.alpha, one.alpha);
      assert.equal(other.beta, one.beta);
      assert.equal(other.loan, one.loan * s);
      const gains = [one, other].map(({ alpha, loan }, i) =>
        bankUtility(i ? scaled : model, alpha, loan),
      );
      assert.equal(gains[1], gains[0] * s);
    }),
    { numRuns: 2000 },
  );
});

test("I30: the closed form is at least as good as every point of a grid, within its limits", () => {
  fc.assert(
    fc.property(models, limits, (model, { alphaMax = Infinity, loanMax = Infinity }) => {
      const price = priceLoan(model, { alphaMax, loanMax });
      const best = price.ok ? bankUtility(model, price.alpha, price.loan) : 0;
      const { chokeOff } = shapeOf(model);
      for (let i = 1; i <= 200; i++) {
        const alpha = (Math.min(chokeOff, alphaMax) * i) / 200;
        const loan = Math.min(loanMax, bestLoan(model, alpha));
        const gain = bankUtility(model, alpha, loan);
        atLeast(best, gain, Math.abs(best) + model.d, `α ${alpha}`);
      }
    }),
    { numRuns: 1000 },
  );
});

test("the borrower's answer is its best at that rate", () => {
  fc.assert(
    fc.property(tableModels, fc.double({ min: 0.05, max: 15, noNaN: true }), (model, alpha) => {
      const loan = bestLoan(model, alpha);
      const best = borrowerUtility(model, alpha, loan);
      for (const other of [0, 0.5 * loan, 0.99 * loan, 1.01 * loan, loan + 1, 2 * loan])
        atLeast(best, borrowerUtility(model, alpha, other), Math.abs(best), `${other} coins`);
    }),
  );
});

test("the talk on a grid comes to the closed form as its step shrinks", () => {
  const talk = (model: LoanModel, step: number, alphaMax = Infinity) => {
    const ascent = startAscent(step, alphaMax);
    while (!ascent.done) {
      const loan = bestLoan(model, nextRate(ascent));
      takeAnswer(ascent, loan, bankUtility(model, nextRate(ascent), loan));
    }
    return ascent;
  };
  fc.assert(
    fc.property(tableModels, (model) => {
      const price = priceLoan(model);
      const fine = talk(model, 0.01);
      if (!price.ok) {
        assert.ok(fine.gain <= 0);
        return;
      }
      const best = bankUtility(model, price.alpha, price.loan);
      assert.ok(fine.gain <= best * (1 + 1e-12));
      // A grid's point is within half a step of α*, where the gain is flat.
      const { chokeOff, breakEven } = shapeOf(model);
      if (chokeOff > 1.5 * breakEven && price.alpha > 0.2)
        assert.ok(fine.gain > best * 0.98, `${fine.gain} of ${best}`);
    }),
    { numRuns: 500 },
  );
  assert.ok(Math.abs(talk(base, 0.001).alpha - 2.653) < 0.001);
  assert.equal(talk(base, 0.5, 2).alpha, 2, "to the highest rate and no further");
  assert.equal(talk(base, 3, 2).rounds, 0);
  assert.throws(() => startAscent(0, 1), /CREDIT_STEP/);
  const over = talk(base, 1);
  assert.throws(() => takeAnswer(over, 1, 1), /CREDIT_ASCENT_DONE/);
});

test("refusals have codes", () => {
  assert.equal(code(base), "ok");
  for (const wrong of [
    { lambda: 0 },
    { lambda: 1.1 },
    { gamma: 0 },
    { eta: 1 },
    { t: 0 },
    { t: 121 },
  ])
    assert.equal(code({ ...base, ...wrong }), "LOAN_TERMS", JSON.stringify(wrong));
  for (const key of Object.keys(base)) {
    assert.equal(code({ ...base, [key]: Number.NaN }), "LOAN_TERMS", key);
    assert.equal(code({ ...base, [key]: Infinity }), "LOAN_TERMS", key);
    assert.equal(code({ ...base, [key]: -1 }), "LOAN_TERMS", key);
  }
  for (const bounds of [{ alphaMax: 0 }, { loanMax: 0 }, { shadow: -1 }, { shadow: Infinity }])
    assert.equal(code(base, bounds), "LOAN_TERMS", JSON.stringify(bounds));
  assert.equal(code({ ...base, q: 2250 }), "LOAN_INELASTIC");
  assert.equal(code({ ...base, q: 2250 }, { inelastic: "quote" }), "LOAN_UNBOUNDED");
  const quote = { inelastic: "quote", alphaMax: 5 } as const;
  assert.equal(code({ ...base, q: 2550 }, quote), "ok");
  assert.equal(code({ ...base, q: 2550 }, { ...quote, loanMax: 300 }), "LOAN_INELASTIC");
  assert.equal(code({ ...base, lambda: 0.01, p: 10 }), "LOAN_NO_MARGIN");
  assert.equal(code(base, { alphaMax: 0.5 }), "LOAN_RATE_CAP");
});

test("where rounding leaves one side without a gain there is no loan", () => {
  // Found by I25: choke-off is a last bit above break-even.
  const tight = { ...base, lambda: 1, d: 1, theta: 1, p: 0.9999999999999999, t: 1, c: 1, gamma: 1 };
  const model = { ...tight, eta: 12.229997249332301 };
  const { breakEven, chokeOff } = shapeOf(model);
  assert.ok(breakEven < chokeOff);
  assert.equal(code(model), "LOAN_NO_MARGIN");
  // At two ppm the interest of twelve months, a ppm each, would be dearer than the penalty.
  const file = {
    ...{ onTime: 0, late: 0, grade: 35, worthMicro: 2, thetaWh: 200_000, needWh: 100_000 },
    ...{ priceMicroPerKwh: 1000, months: 12, costPpm: 1, etaPermille: 1001 },
  };
  const terms = quoteLoan(file, { alphaMaxPpm: 20_000_000, loanMaxMicro: 1e9 });
  assert.equal(terms.ok ? "ok" : terms.code, "LOAN_NO_MARGIN");
  // γ(βt − tc) + (1 − γ)α, A1: nothing but interest over cost counts.
  const best = { ...file, grade: 1, costPpm: 5000 };
  assert.equal(hasMargin(best, 9_000_000, 5000), false);
  assert.equal(hasMargin(best, 9_000_000, 5001), true);
  assert.equal(hasMargin({ ...best, grade: 35 }, 20, 0), false, "34 · 20 against 12 · 5000");
  assert.equal(hasMargin({ ...best, grade: 35 }, 1765, 0), true);
});

test("whole terms keep the bank's margin and the borrower's gain", () => {
  let quoted = 0;
  const bounds = fc.record({
    alphaMaxPpm: fc.integer({ min: 1, max: 20_000_000 }),
    loanMaxMicro: fc.integer({ min: 1, max: 200_000_000 }),
  });
  fc.assert(
    fc.property(files, bounds, (file, limit) => {
      const terms = quoteLoan(file, limit);
      if (!terms.ok) return;
      quoted++;
      const { principalMicro, alphaPpm, betaPpm, months } = terms;
      for (const value of [principalMicro, alphaPpm, betaPpm, months])
        assert.ok(Number.isSafeInteger(value) && value > 0);
      assert.ok(alphaPpm <= limit.alphaMaxPpm && principalMicro <= limit.loanMaxMicro);
      assert.ok(hasMargin(file, alphaPpm, betaPpm));
      // β = α/(ηt), up to the next ppm.
      const exact = (alphaPpm * 1000) / (file.etaPermille * months);
      assert.ok(betaPpm >= exact && betaPpm < exact + 1, `${betaPpm} ${exact}`);
      const model = modelOf(file);
      const price = priceLoan(model, {
        alphaMax: limit.alphaMaxPpm / 1e6,
        loanMax: limit.loanMaxMicro / 1e6,
      });
      assert.ok(price.ok);
      assert.ok(alphaPpm >= price.alpha * 1e6 || alphaPpm === limit.alphaMaxPpm, "α up");
      assert.ok(principalMicro <= price.loan * 1e6, "R down");
      // No more than it would choose at these very rates: it gains, as its utility is concave.
      const { lambda, d, theta, q, p } = model;
      const paid = lambda * (betaPpm / 1e6) * months + (1 - lambda) * (alphaPpm / 1e6);
      assert.ok(principalMicro / 1e6 <= ((lambda * d) / paid + (q - theta) * p) * (1 + 1e-12));
    }),
    { numRuns: 5000 },
  );
  assert.ok(quoted > 1000, `${quoted}`);
});
