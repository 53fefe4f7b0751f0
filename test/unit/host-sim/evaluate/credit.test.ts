// SPDX-License-Identifier: Apache-2.0
/** The evaluation of credit: against an implementation of P* that shares no code, and piece by piece. */
import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { METER_BACKED, PAPER } from "#core/credit/policy";
import { algorithmOne, commonRatePercent } from "#host-sim/evaluate/credit/algorithm1";
import { convergenceOf, talk } from "#host-sim/evaluate/credit/convergence";
import { draw } from "#host-sim/evaluate/credit/draw";
import { evaluateCredit } from "#host-sim/evaluate/credit/evaluate";
import { creditFacts } from "#host-sim/evaluate/credit/facts";
import { meanGamma, RECALLED, readGrades } from "#host-sim/evaluate/credit/grades";
import { fig7Of } from "#host-sim/evaluate/credit/pooled";
import { runPortfolio } from "#host-sim/evaluate/credit/portfolio";
import { writeCreditEvaluation } from "#host-sim/evaluate/credit/report";
import { runSeed } from "#host-sim/evaluate/credit/schemes";
import { overGamma, overLambda } from "#host-sim/evaluate/credit/sensitivity";
import {
  purchases,
  runSpeed,
  SYSTEMS,
  speedCeiling,
  speedTable,
} from "#host-sim/evaluate/credit/speed";
import { requireData } from "../../../data.ts";
import { protocolP } from "./protocol-p.ts";

const dir = mkdtempSync(join(tmpdir(), "wattle-credit-"));
after(() => rmSync(dir, { recursive: true }));
const drawn = (seeds: number) =>
  Array.from({ length: seeds }, (_, i) => draw(i + 1, RECALLED.counts));
const near = (found: number, expected: number, what: string) =>
  assert.ok(
    Math.abs(found - expected) <= 1e-9 * Math.abs(expected),
    `${what}: ${found} ${expected}`,
  );

test("P* agrees with an independent implementation on seeds 1 to 1000", () => {
  const { bank, self, worse, five } = protocolP(1000);
  const { pooled, worseOff, ...fig7 } = fig7Of(drawn(1000).map(runSeed), 100);
  const percent = (sums: number[], i: number) => 100 * (sums[0] / sums[i] - 1);
  near(pooled.bankVsAas, percent(bank, 1), "banks, AAS");
  near(pooled.bankVsRas, percent(bank, 2), "banks, RAS");
  near(pooled.borrowerVsAas, percent(self, 1), "borrowers, AAS");
  near(pooled.borrowerVsRas, percent(self, 2), "borrowers, RAS");
  assert.deepEqual(
    [worseOff.equilibrium, worseOff.aas, worseOff.ras],
    worse.map((count) => count / 1000),
  );
  const ratios = five.map((sums) => percent(sums, 1)).sort((a, b) => a - b);
  near(fig7.perSeed.borrowerVsAas.median, (ratios[499] + ratios[500]) / 2, "five borrowers");
  // What the specification measured of its own: one number fits both figures of the banks.
  assert.ok(Math.abs(pooled.bankVsAas - 64.8) < 3 && Math.abs(pooled.bankVsRas - 226.9) < 10);
  assert.ok(pooled.borrowerVsAas < 5, "and those of the borrowers are not reproduced");
  assert.ok(Math.abs(fig7.belowNeedPercent - 14) < 0.5, `${fig7.belowNeedPercent}`);
});

test("the draws are those of the protocol", () => {
  const { banks, shares, chosen } = draw(1, RECALLED.counts);
  assert.deepEqual([banks.length, banks[0].length, shares[4].length], [5, 20, 20]);
  assert.equal(new Set(chosen).size, 5);
  for (const { t, lambda, gamma, d, theta, c, q } of banks.flat()) {
    assert.ok(Number.isInteger(t) && t >= 1 && t <= 10);
    assert.ok(lambda > 0 && lambda <= 1 && gamma >= 1 / 35 - 1e-12 && gamma <= 1);
    assert.ok(d >= 20_000 && d < 20_400 && theta >= 2000 && theta < 2500 && c >= 0.1 && c < 0.2);
    assert.ok(q >= 0 && q < 1000);
  }
  // The table by letters is the public one.
  const letters = Array.from({ length: 7 }, (_, i) =>
    RECALLED.counts.slice(5 * i, 5 * i + 5).reduce((sum, count) => sum + count, 0),
  );
  assert.deepEqual(letters, [148202, 254535, 245860, 139542, 70705, 23046, 5489]);
  assert.equal(meanGamma(RECALLED).toFixed(4), "0.6869");
});

test("Fig. 8: the talk never goes beyond the equilibrium, and finer steps take longer", () => {
  const banks = drawn(20).flatMap((one) => one.banks);
  const rows = [0.1, 0.2, 0.5].map((step) =>
    convergenceOf(
      banks.map((models) => talk(models, step)),
      step,
    ),
  );
  assert.ok(rows[0].medianIterations > rows[1].medianIterations);
  assert.ok(rows[1].medianIterations > rows[2].medianIterations);
  for (const { finalLossPercent } of rows) assert.ok(finalLossPercent > 0 && finalLossPercent < 2);
  const { totals, equilibrium } = talk(banks[0], 0.2);
  for (let i = 1; i < totals.length; i++) assert.ok(totals[i] >= totals[i - 1]);
  assert.ok(totals[totals.length - 1] <= equilibrium);
});

test("Fig. 9: benefits fall in γ and rise in λ", () => {
  const borrowers = drawn(20).flatMap((one) => one.banks.flat());
  const [a, b] = [overGamma(borrowers), overLambda(borrowers)];
  assert.deepEqual([a.length, a[0].grade, a[34].grade, b.length], [35, "G5", "A1", 20]);
  for (let i = 1; i < 35; i++) assert.ok(a[i].bank < a[i - 1].bank, a[i].grade);
  for (let i = 1; i < 20; i++) assert.ok(b[i].borrower > b[i - 1].borrower, `${b[i].lambda}`);
});

test("Algorithm 1 as printed gives nobody a loan", () => {
  const banks = drawn(3).flatMap((one) => one.banks);
  const [printed, flipped, skipped, corrected] = algorithmOne(banks.flat());
  assert.deepEqual([printed.iterations, printed.loans, printed.percent], [1, 0, undefined]);
  assert.deepEqual([flipped.iterations, flipped.loans, flipped.percent], [1, 0, 0]);
  assert.ok((skipped.percent ?? 100) < 1);
  assert.ok((corrected.percent ?? 0) > 99.99);
  const common = commonRatePercent(banks);
  assert.ok(common > 50 && common < 95, `${common}`);
});

test("Fig. 5: coins under way limit trades, and credit takes the limit away", () => {
  for (const { f, speeds } of speedTable(10)) {
    const { traditional, energy, credit20, credit100 } = speeds;
    assert.ok(traditional <= energy && energy <= credit20 && credit20 <= credit100, `f ${f}`);
    assert.ok(credit100 >= 0.99 * f && credit100 <= f + 1e-9, `f ${f}: ${credit100}`);
    assert.ok(traditional <= speedCeiling(60));
  }
  assert.equal(speedCeiling(60).toFixed(2), "3.81");
  const wanted = purchases(1, 3);
  assert.equal(wanted.length, 50 * 3 * 4, "f trades of each pair in each hour");
  assert.ok(
    wanted.every(({ buyer, seller, value }) => buyer !== seller && value >= 1 && value <= 20),
  );
  // Forty hours, the mean of the specification: 2.53 and 2.60 at 60 minutes.
  const [, , , four, five] = speedTable(5, 2400);
  assert.ok(Math.abs(four.speeds.traditional - 2.53) < 0.05, `${four.speeds.traditional}`);
  assert.ok(Math.abs(five.speeds.traditional - 2.6) < 0.05, `${five.speeds.traditional}`);
});

test("a purchase waits for the coins that are under way, and a debt is repaid first", () => {
  const [traditional, energy, credit] = SYSTEMS;
  const buy = (atMin: number, buyer: number, seller: number, value: number) => ({
    ...{ atMin, buyer, seller, value },
  });
  // 0 pays 1 all its coins; 1 has 20 + 20 when they are confirmed.
  const wanted = [buy(0, 0, 1, 20), buy(5, 1, 2, 15), buy(6, 1, 3, 15)];
  assert.equal(runSpeed(traditional, wanted, 30).started, 2);
  assert.equal(runSpeed(traditional, wanted, 60).started, 3);
  assert.equal(runSpeed(energy, wanted, 30).started, 3);
  assert.deepEqual(runSpeed(credit, wanted, 0), { started: 3, perPairHour: Infinity, debt: 0 });
  const short = [buy(0, 0, 1, 20), buy(1, 0, 1, 20), buy(2, 0, 1, 1), buy(3, 2, 0, 15)];
  const { started, debt } = runSpeed(credit, short, 60);
  assert.deepEqual([started, debt], [4, 6], "20 lent, 15 repaid, then 1 more");
});

test("the street's loans come to each of their ends, and break no invariant", () => {
  for (const policy of [PAPER, METER_BACKED]) {
    const { ends, faults, unsecured, refused, book } = runPortfolio(policy, 1);
    assert.deepEqual(faults, []);
    for (const state of ["REPAID", "REPAID_LATE", "BLACKLIST"] as const)
      assert.ok(ends[state] > 0, `${policy.name}: ${state}`);
    assert.ok(book.writtenOffMicro > 0 && book.interestMicro > 0 && book.penaltiesMicro > 0);
    assert.equal(unsecured > 0, policy.name === "meter-backed");
    assert.equal((refused.CREDIT_NO_INCOME ?? 0) > 0, policy.name === "paper");
  }
  assert.deepEqual(runPortfolio(PAPER, 2), runPortfolio(PAPER, 2), "the seed says it all");
});

test("grades from a file, with and without a header", (t) => {
  const path = join(dir, "grades.csv");
  const names = "ABCDEFG"
    .split("")
    .flatMap((letter) => [1, 2, 3, 4, 5].map((n) => `${letter}${n}`));
  const rows = names.map((name, i) => `${name},${i * 10}`);
  const read = (lines: string[], end = "\n") => {
    writeFileSync(path, lines.join("\n") + end);
    return readGrades(path);
  };
  const expected = names.map((_, i) => i * 10);
  assert.deepEqual(read(rows).counts, expected);
  assert.deepEqual(read(["grade,count", ...rows], "").counts, expected);
  assert.deepEqual(read(["\uFEFFgrade,count", ...rows.toReversed()]).counts, expected);
  assert.deepEqual(read(rows.map((row) => `${row},0.5`)).counts, expected, "further columns");
  assert.deepEqual(
    read(
      rows.map((row) => row.replace(/(.*),/, '"$1", ')),
      "\r\n",
    ).counts,
    expected,
  );
  const refused = (lines: string[], reason: RegExp) => assert.throws(() => read(lines), reason);
  refused(rows.slice(1), /no row for A1/);
  refused([...rows, "A1,3"], /:36: a second row for A1/);
  refused(["x,1", "y,2", ...rows], /:2: "y" is no grade/);
  refused(rows.with(3, "A4,1.5"), /:4: "1.5" is no count/);
  refused(rows.with(3, "A4,-1"), /:4: "-1" is no count/);
  refused(names, /:1: has one column/);
  refused(rows.with(9, "B5"), /:10: has one column/);
  refused(
    names.map((name) => `${name},0`),
    /counts no loans/,
  );
  assert.throws(() => readGrades(join(dir, "absent.csv")), /cannot be opened/);
  const real = requireData(t, "lending-club/lending_club_2016q1_subgrade.csv");
  if (real === undefined) return;
  const { counts } = readGrades(real);
  assert.deepEqual([counts.length, counts[0], counts[34]], [35, 612, 8]);
});

test("a report has its figures, tables and claims, and no value is missing", () => {
  const phases: string[] = [];
  const evaluation = evaluateCredit({ seeds: 5, grades: RECALLED }, (done, total, what) => {
    assert.ok(done < total);
    phases.push(what);
  });
  assert.ok(phases.length >= 10);
  assert.deepEqual(
    evaluation.facts.filter(({ pass }) => !pass),
    [],
  );
  const paths = writeCreditEvaluation(join(dir, "report"), evaluation);
  for (const path of paths) {
    const text = readFileSync(path, "utf8");
    assert.doesNotMatch(text, /NaN|undefined|Infinity/, path);
    if (path.endsWith(".svg")) assert.match(text, /<title [^>]*>[^<]+<\/title>/, path);
  }
  assert.equal(paths.filter((path) => path.endsWith(".svg")).length, 7);
  const json = JSON.parse(readFileSync(join(dir, "report/evaluation.json"), "utf8"));
  for (const key of ["bankVsAas", "bankVsRas", "borrowerVsAas", "borrowerVsRas"])
    assert.equal(typeof json.pooled[key], "number", key);
  for (const key of ["medianIterations", "p5", "p95"])
    assert.equal(typeof json.fig8[key], "number");
  for (const key of ["equilibrium", "aas", "ras"])
    assert.equal(typeof json.worseOff[key], "number");
  assert.deepEqual([json.fig9a.length, json.fig9b.length], [35, 20]);
  const page = readFileSync(join(dir, "report/evaluation.md"), "utf8");
  assert.equal(page.match(/\*\*Paper 1:\*\*/g)?.length, 9);
  assert.match(page, /Not reproduced/);
  assert.match(page, /Fitted, not predicted/);
});

test("what must hold is judged", () => {
  const evaluation = evaluateCredit({ seeds: 3, grades: RECALLED }, () => {});
  const failed = (change: Partial<typeof evaluation>) =>
    creditFacts({ ...evaluation, ...change }).filter(({ pass }) => !pass).length;
  assert.equal(failed({}), 0);
  assert.equal(failed({ worseOff: { ...evaluation.worseOff, equilibrium: 1 } }), 1);
  assert.equal(failed({ fig9a: evaluation.fig9a.toReversed() }), 1);
  assert.equal(failed({ budgets: evaluation.budgets.toReversed() }), 1);
  assert.equal(failed({ fig9b: evaluation.fig9b.toReversed() }), 1);
  assert.equal(failed({ fig5a: evaluation.fig5a.map((row) => ({ ...row, energyMin: 1 })) }), 1);
  const slow = evaluation.fig5b.map(({ f, speeds }) => ({
    f,
    speeds: { ...speeds, credit100: 0 },
  }));
  assert.equal(failed({ fig5b: slow }), 2);
  assert.equal(failed({ fig8Steps: [{ ...evaluation.fig8, finalLossPercent: -1 }] }), 1);
  const [street] = evaluation.portfolios;
  assert.equal(failed({ portfolios: [{ ...street, faults: ["I3"] }] }), 1);
});
