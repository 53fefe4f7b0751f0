// SPDX-License-Identifier: Apache-2.0
/**
 * The equilibrium as a talk between bank and borrowers: the paper's Algorithm 1, corrected. The bank names
 * α = Δ, 2Δ, …; each borrower answers with its best amount and shows nothing else of itself; the bank keeps
 * the best rate of each, and is done with a borrower when its gain falls again after it was above 0. The
 * printed algorithm begins at α = 0, and keeps and stops by the same comparison (docs/credit.md).
 *
 * On a grid the gain is short of the best by about (Δ/2α)²·√(AB)/u of it; priceLoan needs no grid.
 */
import { assert } from "../errors/assert.ts";

/** One borrower as the bank sees it in the talk. */
export interface Ascent {
  readonly step: number;
  readonly alphaMax: number;
  /** Rounds so far; the next rate is step·(rounds + 1). */
  rounds: number;
  done: boolean;
  /** The best so far; gain is −Infinity before the first. */
  alpha: number;
  loan: number;
  gain: number;
}

/** `alphaMax` may be Infinity: the talk ends where the gain falls, or where the borrower wants nothing. */
export function startAscent(step: number, alphaMax: number): Ascent {
  assert(step > 0 && step < Infinity && alphaMax > 0, "CREDIT_STEP", `${step} to ${alphaMax}`);
  return {
    ...{ step, alphaMax, rounds: 0, alpha: 0, loan: 0, gain: -Infinity },
    done: step > alphaMax,
  };
}

/** The rate that the bank names next. */
export function nextRate({ step, rounds }: Ascent): number {
  return step * (rounds + 1);
}

/**
 * Takes the borrower's answer to nextRate.
 * @param loan what the borrower would borrow at that rate, ≥ 0
 * @param gain what the bank would gain by it (bankUtility)
 */
export function takeAnswer(ascent: Ascent, loan: number, gain: number): void {
  assert(!ascent.done, "CREDIT_ASCENT_DONE");
  assert(loan >= 0, "CREDIT_ANSWER", `${loan}`);
  const alpha = nextRate(ascent);
  ascent.rounds += 1;
  if (loan > 0 && gain >= ascent.gain) Object.assign(ascent, { alpha, loan, gain });
  // At a higher rate a borrower that wants nothing wants nothing.
  else if (loan === 0 || (ascent.gain > 0 && gain < ascent.gain)) ascent.done = true;
  if (nextRate(ascent) > ascent.alphaMax) ascent.done = true;
}
