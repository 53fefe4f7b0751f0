// SPDX-License-Identifier: Apache-2.0
/** What honest meters can show in one stretch: never an alarm within it, and always one beyond. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { balanceOf, squareRoot } from "#gateway/feeder/bound";
import { FeederCheck } from "#gateway/feeder/check";
import { type Point, Spans } from "#gateway/feeder/spans";
import { FEEDER_DEFAULTS, type FeederTerms } from "#gateway/feeder/terms";

const FEEDER = "ff".repeat(16);
const DAY_SLOTS = 96;
const SLOT_MS = 900_000;
const terms = (changes: Partial<FeederTerms> = {}): FeederTerms => {
  return { ...FEEDER_DEFAULTS, node: FEEDER, ...changes };
};
const idOf = (member: number) => member.toString(16).padStart(32, "0");
const at = (boundary: number, importMwh: bigint, exportMwh = 0n): Point => {
  return { boundary, importMwh, exportMwh };
};

const error = fc.integer({ min: -1000, max: 1000 }); // of a thousandth of the class
const flow = fc.record({
  net: fc.integer({ min: -20_000_000, max: 20_000_000 }),
  error,
  early: fc.integer({ min: -3000, max: 3000 }),
});

test("honest meters within class, loss and slack are never outside of the bounds", () => {
  fc.assert(
    fc.property(
      fc.array(flow, { minLength: 1, maxLength: 20 }),
      fc.integer({ min: 0, max: 1000 }),
      error,
      fc.integer({ min: 0, max: 200 }),
      fc.integer({ min: 1, max: 100 }),
      (flows, lossPart, feederError, lossPermille, classPermille) => {
        const limits = terms({ lossPermille, classPermille });
        // true flows in mWh, each shown with an error of its own, rounded down to Wh
        const shown = (mwh: number, part: number, permille: number, early: number) => {
          const wh = Math.floor((mwh * (1 + (part * permille) / 1e6) + early) / 1000);
          return BigInt(wh) * 1000n;
        };
        const both = (mwh: number, part: number, permille: number, early: number) => ({
          importMwh: mwh > 0 ? shown(mwh, part, permille, Math.max(0, early)) : 0n,
          exportMwh: mwh < 0 ? shown(-mwh, part, permille, Math.max(0, early)) : 0n,
        });
        const sum = flows.reduce((total, { net }) => total + net, 0);
        const gross = flows.reduce((total, { net }) => total + Math.abs(net), 0);
        const loss = (gross * lossPermille * lossPart) / 1e6;
        const balance = balanceOf(
          {
            from: 0,
            to: 1,
            feeder: { id: FEEDER, ...both(sum + loss, feederError, limits.feederClassPermille, 0) },
            members: flows.map(({ net, error, early }, i) => {
              return { id: idOf(i), ...both(net, error, classPermille, early) };
            }),
          },
          limits,
        );
        assert.ok(balance.residualMwh >= balance.lowMwh, `${balance.residualMwh} is too low`);
        assert.ok(balance.residualMwh <= balance.highMwh, `${balance.residualMwh} is too high`);
      },
    ),
    { numRuns: 2000 },
  );
});

test("what is missing beyond class, loss and slack is outside of the bounds", () => {
  const limits = terms();
  const members = [0, 1, 2].map((i) => ({ id: idOf(i), importMwh: 1_000_000n, exportMwh: 0n }));
  const judge = (importMwh: bigint) =>
    balanceOf(
      { from: 0, to: 1, feeder: { id: FEEDER, importMwh, exportMwh: 0n }, members },
      limits,
    );
  const honest = judge(3_100_000n);
  assert.equal(honest.residualMwh, 100_000n);
  assert.equal(honest.flowMwh, 3_000_000n);
  // 3 kWh: 50 ‰ of losses and 10 ‰ of class over 0.99, 5 ‰ of the feeder's over 0.995, 4 · 8 Wh of slack
  assert.equal(honest.highMwh, 151_516n + 30_304n + 15_578n + 32_000n);
  assert.equal(honest.lowMwh, -(30_304n + 15_578n + 32_000n));
  assert.ok(judge(3_240_000n).residualMwh > judge(3_240_000n).highMwh);
  assert.ok(judge(2_910_000n).residualMwh < judge(2_910_000n).lowMwh);
});

test("integer roots are the largest whose square is not above", () => {
  fc.assert(
    fc.property(fc.bigInt({ min: 0n, max: 1n << 140n }), (value) => {
      const root = squareRoot(value);
      assert.ok(root * root <= value && (root + 1n) * (root + 1n) > value);
    }),
  );
});

test("a missing reading makes the stretch longer, and hides nothing", () => {
  const spans = new Spans(FEEDER, 7 * DAY_SLOTS);
  const read = (boundary: number, ids: string[]) => {
    for (const id of ids) spans.take(id, at(boundary, BigInt(boundary) * 5000n));
    return spans.close(boundary - 1);
  };
  const all = [FEEDER, idOf(1), idOf(2)];
  assert.equal(read(0, all), undefined, "there is no start yet");
  assert.deepEqual(
    read(1, all)?.members.map(({ importMwh }) => importMwh),
    [5000n, 5000n],
  );
  assert.equal(read(2, [FEEDER, idOf(1)]), undefined, "a member is missing");
  assert.equal(read(3, [idOf(1), idOf(2)]), undefined, "the feeder is missing");
  const span = read(4, all);
  assert.deepEqual([span?.from, span?.to], [1, 4]);
  assert.equal(span?.feeder.importMwh, 15_000n);
  assert.equal(read(4, all), undefined, "a slot that closes twice");
  assert.equal(spans.close(2), undefined, "one that closes after a later one");
  assert.equal(read(5, all)?.from, 4);
});

test("a new member counts from its first reading; one that is gone for a week is left out", () => {
  const spans = new Spans(FEEDER, 10);
  const read = (boundary: number, ids: string[]) => {
    for (const id of ids) spans.take(id, at(boundary, BigInt(boundary)));
    return spans.close(boundary - 1);
  };
  read(0, [FEEDER, idOf(1)]);
  assert.equal(read(1, [FEEDER, idOf(1)])?.members.length, 1);
  assert.equal(read(2, [FEEDER, idOf(1), idOf(2)]), undefined, "it was not there at the start");
  assert.equal(read(3, [FEEDER, idOf(1), idOf(2)])?.members.length, 2);
  for (let boundary = 4; boundary <= 13; boundary++)
    assert.equal(read(boundary, [FEEDER, idOf(1)]), undefined);
  assert.equal(read(14, [FEEDER, idOf(1)])?.members.length, 1);
  assert.deepEqual([...spans.gone], [idOf(2)]);
  read(15, [FEEDER, idOf(1), idOf(2)]);
  assert.equal(spans.gone.size, 0);
});

test("whatever a log says, the check gives an answer", () => {
  const id = fc.constantFrom(FEEDER, idOf(0), idOf(1), idOf(2));
  const u64 = fc.bigInt({ min: 0n, max: (1n << 64n) - 1n });
  const boundary = fc.integer({ min: 0, max: 40 });
  const step = fc.record({ id, boundary, importMwh: u64, exportMwh: u64, close: fc.boolean() });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
      const check = new FeederCheck(terms({ classPermille: 100 }), 86_400_000);
      let alarms = 0;
      for (const { id, close, ...point } of steps) {
        check.take(id, point);
        if (close) alarms += check.close(point.boundary - 1).length;
      }
      assert.equal(alarms, check.alarmCount);
      assert.ok(check.judgedSlots >= 0);
    }),
    { numRuns: 500 },
  );
});

/** One member that shows `told` permille of what it takes, beside two honest ones, all at 1 kW. */
function street(told: number, days: number, rest = 1000): FeederCheck {
  const check = new FeederCheck(terms(), SLOT_MS);
  for (let boundary = 0; boundary <= days * DAY_SLOTS; boundary++) {
    const trueMwh = BigInt(boundary) * 250_000n;
    check.take(FEEDER, at(boundary, 3n * trueMwh + (3n * trueMwh) / 50n)); // 2 % of losses
    check.take(idOf(0), at(boundary, (trueMwh * BigInt(told)) / 1000n));
    for (const member of [1, 2])
      check.take(idOf(member), at(boundary, (trueMwh * BigInt(rest)) / 1000n));
    check.close(boundary - 1);
  }
  return check;
}

test("a small steady lie adds up until it is found; an honest area never is", () => {
  assert.deepEqual([...street(1000, 60).raised], []);
  const lied = street(930, 60);
  assert.ok(lied.raised.has("missing"), "7 % of one member of three");
  assert.ok(!lied.raised.has("slot"), "no single slot shows it");
  assert.ok(lied.raised.get("missing")! > DAY_SLOTS, "it takes days");
  assert.deepEqual([...street(1000, 60, 1060).raised.keys()], ["surplus"]);
});
