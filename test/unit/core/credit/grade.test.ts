// SPDX-License-Identifier: Apache-2.0
/** What a record says about a borrower: λ, grade, γ, and how trades and late loans move it. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { CREDIT_POINTS_MAX, LOANS_COUNTED_MAX } from "#core/credit/bounds";
import {
  afterLate,
  afterOnTime,
  afterTrade,
  CREDIT_RULE,
  type CreditRecord,
  GRADES,
  gradeFactor,
  gradeName,
  gradeNumber,
  gradeOf,
  newRecord,
  repaymentChance,
} from "#core/credit/grade";

const at = (points: number): CreditRecord => ({ ...newRecord(), points });

test("λ is above 0 and below 1 for any record, and rises with s and falls with f", () => {
  assert.deepEqual(repaymentChance(newRecord()), { over: 1, under: 2 });
  assert.deepEqual(repaymentChance({ onTime: 3, late: 1, points: 0 }), { over: 4, under: 6 });
  const count = fc.integer({ min: 0, max: LOANS_COUNTED_MAX - 1 });
  fc.assert(
    fc.property(count, count, (onTime, late) => {
      const record = { onTime, late, points: 0 };
      const { over, under } = repaymentChance(record);
      assert.ok(over > 0 && over < under && Number.isSafeInteger(under));
      const [better, worse] = [afterOnTime(record), afterLate(record, 1, CREDIT_RULE)];
      // a/b < c/d as a·d < c·b, exact.
      const less = (a: CreditRecord, b: CreditRecord) => {
        const [x, y] = [repaymentChance(a), repaymentChance(b)];
        return BigInt(x.over) * BigInt(y.under) < BigInt(y.over) * BigInt(x.under);
      };
      assert.ok(less(record, better) && less(worse, record));
    }),
  );
});

test("grades step from G5 at 0 to A1, each with its γ", () => {
  const step = CREDIT_RULE.gradeStepPoints;
  assert.equal(gradeOf(at(-1), CREDIT_RULE), undefined);
  assert.equal(gradeName(gradeOf(at(0), CREDIT_RULE)!), "G5");
  assert.equal(gradeName(gradeOf(at(step - 1), CREDIT_RULE)!), "G5");
  assert.equal(gradeName(gradeOf(at(step), CREDIT_RULE)!), "G4");
  assert.equal(gradeName(gradeOf(at(34 * step - 1), CREDIT_RULE)!), "A2");
  assert.equal(gradeName(gradeOf(at(34 * step), CREDIT_RULE)!), "A1");
  assert.equal(gradeOf(at(CREDIT_POINTS_MAX), CREDIT_RULE), 1);
  const names = Array.from({ length: GRADES }, (_, i) => gradeName(i + 1));
  assert.equal(new Set(names).size, GRADES);
  assert.deepEqual([names[0], names[4], names[5], names[34]], ["A1", "A5", "B1", "G5"]);
  names.forEach((name, i) => {
    assert.equal(gradeNumber(name), i + 1);
    assert.deepEqual(gradeFactor(i + 1), { over: 35 - i, under: 35 });
  });
  for (const wrong of ["A0", "A6", "H1", "a1", "A", "", "A1 ", "A11"])
    assert.equal(gradeNumber(wrong), undefined, wrong);
  assert.throws(() => gradeName(36), /CREDIT_GRADE/);
  assert.throws(() => gradeFactor(0), /CREDIT_GRADE/);
});

test("a FINAL trade raises the credit value, a late loan lowers it by δ·amount", () => {
  assert.equal(afterTrade(at(7), CREDIT_RULE).points, 8);
  assert.deepEqual(afterLate(at(500), 10_000_000, CREDIT_RULE), {
    ...{ onTime: 0, late: 1, points: 300 },
  });
  assert.equal(afterLate(at(0), 1, CREDIT_RULE).points, -1, "rounded against the borrower");
  assert.deepEqual(afterOnTime(at(4)), { onTime: 1, late: 0, points: 4 });
  assert.equal(afterTrade(at(CREDIT_POINTS_MAX), CREDIT_RULE).points, CREDIT_POINTS_MAX);
  const least = at(-CREDIT_POINTS_MAX);
  assert.equal(afterLate(least, 1_000_000, CREDIT_RULE).points, -CREDIT_POINTS_MAX);
});
