// SPDX-License-Identifier: Apache-2.0
/**
 * Three ways to lend, for the same borrowers (paper 1, V-C): the equilibrium; AAS, which gives everybody of a
 * bank its mean equilibrium loan; RAS, which gives everybody a random part of that. The paper's text says
 * "for example" 0.1 for the interest of the latter two, a month.
 */
import {
  bankUtility,
  borrowerUtility,
  type LoanModel,
  utilityWithoutLoan,
} from "#core/credit/model";
import { priceLoan } from "#core/credit/price";
import type { Drawn } from "./draw.ts";

export const SCHEMES = ["equilibrium", "aas", "ras"] as const;
export type Scheme = (typeof SCHEMES)[number];
export const NAMES: Readonly<Record<Scheme, string>> = Object.freeze({
  equilibrium: "equilibrium",
  aas: "AAS",
  ras: "RAS",
});
export type ByScheme<T> = Record<Scheme, T>;

/** Interest of AAS and RAS, a month. */
const FLAT_BETA = 0.1;

/** What one seed gives. Utilities as (2) and (3) have them, coins. */
export interface SeedResult {
  /** Mean over the five banks of the sum over twenty borrowers. */
  bank: ByScheme<number>;
  /** Mean over all borrowers, and over the five that were drawn. */
  borrower: ByScheme<number>;
  chosen: ByScheme<number>;
  /** Borrowers with less utility than without a loan, of 100. */
  worse: ByScheme<number>;
  /** Mean over all borrowers of what they have more than without a loan. */
  gain: ByScheme<number>;
  /** Granted by the equilibrium, and those that do not cover the stated need. */
  loans: number;
  belowNeed: number;
  coins: number;
  alphaMax: number;
}

/** A loan of one scheme to one borrower. */
export interface Lent {
  alpha: number;
  loan: number;
}

/** The equilibrium loan; no coins where there is none. */
export function equilibriumLoan(model: LoanModel): Lent {
  const price = priceLoan(model);
  return price.ok ? { alpha: price.alpha, loan: price.loan } : { alpha: 0, loan: 0 };
}

function utilityOf(model: LoanModel, { alpha, loan }: Lent): number {
  return loan > 0 ? borrowerUtility(model, alpha, loan) : utilityWithoutLoan(model);
}

export function runSeed({ banks, shares, chosen }: Drawn): SeedResult {
  const zero = () => ({ equilibrium: 0, aas: 0, ras: 0 });
  const result: SeedResult = {
    ...{ bank: zero(), borrower: zero(), chosen: zero(), worse: zero(), gain: zero() },
    ...{ loans: 0, belowNeed: 0, coins: 0, alphaMax: 0 },
  };
  const count = banks.length * banks[0].length;
  const looked = new Set(chosen);
  banks.forEach((models, bank) => {
    const best = models.map(equilibriumLoan);
    const mean = best.reduce((sum, { loan }) => sum + loan, 0) / models.length;
    models.forEach((model, i) => {
      const alpha = FLAT_BETA * model.eta * model.t;
      const lent: ByScheme<Lent> = {
        equilibrium: best[i],
        aas: { alpha, loan: mean },
        ras: { alpha, loan: mean * shares[bank][i] },
      };
      const without = utilityWithoutLoan(model);
      for (const scheme of SCHEMES) {
        const utility = utilityOf(model, lent[scheme]);
        result.bank[scheme] +=
          bankUtility(model, lent[scheme].alpha, lent[scheme].loan) / banks.length;
        result.borrower[scheme] += utility / count;
        result.gain[scheme] += (utility - without) / count;
        if (looked.has(bank * models.length + i)) result.chosen[scheme] += utility / chosen.length;
        // A last bit is no loss.
        if (utility < without - 1e-9 * Math.abs(without)) result.worse[scheme]++;
      }
      if (best[i].loan === 0) return;
      result.loans++;
      result.coins += best[i].loan;
      if (best[i].loan < model.q * model.p) result.belowNeed++;
      result.alphaMax = Math.max(result.alphaMax, best[i].alpha);
    });
  });
  return result;
}
