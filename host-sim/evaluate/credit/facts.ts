// SPDX-License-Identifier: Apache-2.0
/** What must hold whatever was drawn: the evaluation fails where it does not. */
import type { Fact } from "../report.ts";
import type { Convergence } from "./convergence.ts";
import type { CreditEvaluation } from "./evaluate.ts";
import { confirmationMinutes, speedCeiling } from "./speed.ts";

type Measured = Omit<CreditEvaluation, "about" | "run" | "setup" | "facts">;

export function creditFacts(measured: Measured): Fact[] {
  return [...priceFacts(measured), ...speedFacts(measured), ...portfolioFacts(measured)];
}

function fact(what: string, required: string, measured: string, pass: boolean): Fact {
  return { what, required, measured, pass };
}

function priceFacts({ worseOff, fig8Steps, fig9a, fig9b, algorithm1, budgets }: Measured): Fact[] {
  const falls = fig9a.every(({ bank }, i) => i === 0 || bank < fig9a[i - 1].bank);
  const rises = fig9b.every(({ borrower }, i) => i === 0 || borrower > fig9b[i - 1].borrower);
  const talkLoss = Math.max(...fig8Steps.map((one: Convergence) => -one.finalLossPercent));
  const [printed] = algorithm1;
  const corrected = algorithm1[algorithm1.length - 1].percent ?? 0;
  const fits = budgets.every(({ benefitPercent: b, shadow: mu }, i) => {
    const before = i === 0 ? { benefitPercent: 100, shadow: 0 } : budgets[i - 1];
    return b <= before.benefitPercent + 1e-9 && mu >= before.shadow;
  });
  const worse = `${worseOff.equilibrium} %`;
  return [
    fact("nobody is worse off by the equilibrium", "0 %", worse, worseOff.equilibrium === 0),
    fact("Fig. 9(a): the bank's benefit falls in γ", "strictly", String(falls), falls),
    fact("Fig. 9(b): the borrower's utility rises in λ", "strictly", String(rises), rises),
    fact("no grid of rates beats the closed form", "≤ 0 %", `${talkLoss} %`, talkLoss <= 1e-9),
    fact("with fewer coins a bank gains less, and μ rises", "always", String(fits), fits),
    fact(
      "Algorithm 1 as printed ends after one round",
      "1 round, no loan",
      `${printed.iterations} rounds, ${printed.loans} loans`,
      printed.iterations === 1 && printed.loans === 0,
    ),
    fact(
      "corrected, it comes to the equilibrium",
      "99.99 to 100 %",
      `${corrected} %`,
      corrected > 99.99 && corrected <= 100 + 1e-9,
    ),
  ];
}

function speedFacts({ fig5a, fig5b }: Measured): Fact[] {
  const exact = fig5a.every(
    ({ f, traditionalMin, energyMin }) =>
      traditionalMin === confirmationMinutes(f, 60) && energyMin === confirmationMinutes(f, 10),
  );
  const slack = 1e-9;
  const ordered = fig5b.every(({ f, speeds: { traditional, energy, credit20, credit100 } }) => {
    const rising = [traditional, energy, credit20, credit100, f];
    return rising.every((value, i) => i === 0 || value >= rising[i - 1] - slack);
  });
  const share = Math.min(...fig5b.map(({ f, speeds }) => speeds.credit100 / f));
  const fastest = Math.max(...fig5b.map(({ speeds }) => speeds.traditional));
  const ceiling = speedCeiling(60);
  return [
    fact("Fig. 5(a) without limits is f · 4 · T", "exactly", String(exact), exact),
    fact("traditional ≤ energy ≤ credit ≤ f", "for each f", String(ordered), ordered),
    fact("credit (L = 100) keeps up with f", "≥ 0.99", share.toFixed(4), share >= 0.99),
    fact(
      "traditional stays below what its coins allow",
      `≤ ${ceiling.toFixed(2)} per pair-hour`,
      fastest.toFixed(2),
      fastest <= ceiling,
    ),
  ];
}

function portfolioFacts({ portfolios }: Measured): Fact[] {
  return portfolios.map(({ policy, faults, checks }) =>
    fact(
      `I1 to I3 and I23 to I29 in the street under ${policy}`,
      `0 of ${checks} checks fail`,
      faults.length === 0 ? "0" : `${faults.length}: ${faults[0]}`,
      faults.length === 0,
    ),
  );
}
