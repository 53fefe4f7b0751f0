// SPDX-License-Identifier: Apache-2.0
/** Checks loan pricing against vectors. Imports nothing of Node, so that it also runs on XS. */
import { type Applicant, priceUnderBudget } from "#core/credit/budget";
import {
  bankUtility,
  borrowerUtility,
  type LoanModel,
  utilityWithoutLoan,
} from "#core/credit/model";
import { type PriceLimits, priceLoan } from "#core/credit/price";
import { type LoanFile, quoteLoan } from "#core/credit/quote";

/** The paper's letters, as the shared vectors have them; null stands for no limit. */
interface Letters {
  l: number;
  d: number;
  th: number;
  Q: number;
  p: number;
  t: number;
  c: number;
  g: number;
  eta: number;
  alphaMax?: number | null;
  Rmax?: number | null;
  mu?: number;
}

export interface PricingVector extends Letters {
  name: string;
  lend: boolean;
  /** Of a refusal; the shared vectors have none. */
  code?: string;
  alpha?: number;
  beta?: number;
  R?: number;
  uBank?: number;
  uBorrower?: number;
}

export interface BudgetVector {
  name: string;
  borrowers: Letters[];
  budget: number;
  shadow: number;
  loans: number[];
}

export interface QuoteVector {
  name: string;
  file: LoanFile;
  alphaMaxPpm: number;
  loanMaxMicro: number;
  code?: string;
  terms?: { principalMicro: number; alphaPpm: number; betaPpm: number; months: number };
}

const RELATIVE = 1e-9;

export function modelOfLetters({ l, d, th, Q, p, t, c, g, eta }: Letters): LoanModel {
  return { lambda: l, d, theta: th, q: Q, p, t, c, gamma: g, eta };
}

export function limitsOfLetters({ alphaMax, Rmax, mu }: Letters): PriceLimits {
  return {
    ...{ alphaMax: alphaMax ?? Infinity, loanMax: Rmax ?? Infinity, shadow: mu ?? 0 },
    inelastic: "quote",
  };
}

function near(found: number, expected: number | undefined): boolean {
  return expected !== undefined && Math.abs(found - expected) <= RELATIVE * Math.abs(expected);
}

function pricingFault(vector: PricingVector): string | undefined {
  const model = modelOfLetters(vector);
  const price = priceLoan(model, limitsOfLetters(vector));
  if (price.ok !== vector.lend) return price.ok ? `${price.loan} coins` : price.code;
  if (!price.ok) {
    if (vector.code !== undefined && price.code !== vector.code) return price.code;
    // The borrower then has the utility of its own energy alone.
    if (vector.uBorrower !== undefined && !near(utilityWithoutLoan(model), vector.uBorrower))
      return `u ${utilityWithoutLoan(model)}`;
    return undefined;
  }
  const { alpha, beta, loan } = price;
  if (!near(alpha, vector.alpha)) return `α ${alpha}`;
  if (!near(beta, vector.beta)) return `β ${beta}`;
  if (!near(loan, vector.R)) return `R ${loan}`;
  const bank = bankUtility(model, alpha, loan);
  if (!near(bank, vector.uBank)) return `bank ${bank}`;
  const borrower = borrowerUtility(model, alpha, loan);
  if (!near(borrower, vector.uBorrower)) return `borrower ${borrower}`;
  return undefined;
}

/** What disagrees, each with the name of its vector; empty is a pass. */
export function checkPricing(vectors: readonly PricingVector[]): string[] {
  return vectors.flatMap((vector) => {
    const fault = pricingFault(vector);
    return fault === undefined ? [] : [`${vector.name}: ${fault}`];
  });
}

export function checkBudgets(vectors: readonly BudgetVector[]): string[] {
  return vectors.flatMap(({ name, borrowers, budget, shadow, loans }) => {
    const applicants: Applicant[] = borrowers.map((letters) => ({
      ...{ model: modelOfLetters(letters), limits: limitsOfLetters(letters) },
    }));
    const found = priceUnderBudget(applicants, budget);
    if (found.total > budget) return [`${name}: ${found.total} coins`];
    if (Math.abs(found.shadow - shadow) > RELATIVE) return [`${name}: μ ${found.shadow}`];
    return found.prices.flatMap((price, i) => {
      const loan = price.ok ? price.loan : 0;
      return Math.abs(loan - loans[i]) <= 1e-6 ? [] : [`${name}, borrower ${i}: ${loan}`];
    });
  });
}

export function checkQuotes(vectors: readonly QuoteVector[]): string[] {
  return vectors.flatMap(({ name, file, alphaMaxPpm, loanMaxMicro, code, terms }) => {
    const found = quoteLoan(file, { alphaMaxPpm, loanMaxMicro });
    if (!found.ok) return found.code === code ? [] : [`${name}: ${found.code}`];
    const { principalMicro, alphaPpm, betaPpm, months } = found;
    const same =
      terms?.principalMicro === principalMicro &&
      terms.alphaPpm === alphaPpm &&
      terms.betaPpm === betaPpm &&
      terms.months === months;
    return same ? [] : [`${name}: ${JSON.stringify(found)}`];
  });
}
