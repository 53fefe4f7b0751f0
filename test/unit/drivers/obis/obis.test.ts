// SPDX-License-Identifier: Apache-2.0
/** Which registers count, in what steps, and what instantaneous values a sample has. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { AssertionFailure } from "#core/errors/assert";
import { COUNTERS_MAX } from "#core/limits-device";
import { CounterSet, type Energies } from "#drivers/obis/counter-set";
import { instantaneousOf } from "#drivers/obis/instantaneous";
import { quantityOf, TARIFFS_MAX, tariffOf, totalOf } from "#drivers/obis/registers";

function energies(codes: Record<string, bigint>, stepMwh = 1000n): Energies {
  return new Map(Object.entries(codes).map(([code, mwh]) => [code, { mwh, stepMwh }]));
}

function names(set: CounterSet): string[] {
  return set.counters.map(({ name }) => name);
}

const code = fc
  .tuple(fc.constantFrom("import" as const, "export" as const), fc.nat(TARIFFS_MAX))
  .map(([direction, tariff]) => tariffOf(direction, tariff));

test("the total of a direction, or all of its tariffs, whatever the telegram's order", () => {
  fc.assert(
    fc.property(fc.uniqueArray(code, { minLength: 1 }), (codes) => {
      const set = new CounterSet();
      const telegram = energies(
        Object.fromEntries(codes.map((each, i) => [each, BigInt(i) * 1000n])),
      );
      assert.equal(set.take(telegram).kind, "learning");
      const taken = set.take(telegram);
      assert.ok(taken.kind === "counts");
      for (const direction of ["import", "export"] as const) {
        const all = codes.filter((each) => each.startsWith(tariffOf(direction, 0).slice(0, 6)));
        const expected = all.includes(totalOf(direction)) ? [totalOf(direction)] : all.sort();
        const counted = set.counters.filter(({ register }) => register === direction);
        assert.deepEqual(
          counted.map(({ name }) => name),
          expected,
        );
      }
      assert.deepEqual(
        taken.counts.map((count, i) => [names(set)[i], count]),
        names(set).map((name) => [name, BigInt(codes.indexOf(name))]),
      );
    }),
  );
  assert.ok(2 * TARIFFS_MAX <= COUNTERS_MAX, "as many counters as the meter layer takes");
});

test("two telegrams in a row must agree in registers and steps", () => {
  const set = new CounterSet();
  const one = energies({ "1-0:1.8.0": 5000n });
  for (const other of [
    energies({ "1-0:1.8.0": 5000n, "1-0:2.8.0": 0n }),
    energies({ "1-0:2.8.0": 5000n }),
    energies({ "1-0:1.8.0": 5000n }, 100n),
    energies({ "1-0:1.8.0": 5000n }, 10_000n),
  ]) {
    assert.equal(set.take(one).kind, "learning");
    assert.equal(set.take(other).kind, "learning");
  }
  assert.equal(set.take(one).kind, "learning");
  set.interrupt();
  assert.equal(set.take(one).kind, "learning");
  assert.deepEqual(set.counters, []);
  assert.deepEqual(set.take(one), { kind: "counts", counts: [5n] });
});

test("what was learned never changes", () => {
  const set = new CounterSet();
  const telegram = energies({ "1-0:1.8.1": 5000n, "1-0:1.8.2": 7000n });
  set.take(telegram);
  set.take(telegram);
  const { counters } = set;
  const taken = set.take(
    energies({ "1-0:1.8.0": 12_000n, "1-0:1.8.1": 5000n, "1-0:1.8.2": 7000n }),
  );
  assert.deepEqual(taken, { kind: "counts", counts: [5n, 7n] });
  const finer = energies({ "1-0:1.8.1": 5999n, "1-0:1.8.2": 7001n }, 1n);
  assert.deepEqual(set.take(finer), { kind: "counts", counts: [5n, 7n] });
  assert.equal(set.take(energies({ "1-0:1.8.1": 6000n })).kind, "refused");
  assert.equal(
    set.take(energies({ "1-0:1.8.1": 0n, "1-0:1.8.2": 0n }, 1_000_000n)).kind,
    "refused",
  );
  set.interrupt();
  assert.equal(set.counters, counters);
  assert.equal(set.take(telegram).kind, "counts");
});

test("registers by option are learned in their steps, in the option's order", () => {
  const set = new CounterSet(["1-0:2.8.0", "1-0:1.8.2"]);
  const telegram = energies({ "1-0:1.8.0": 1000n, "1-0:1.8.2": 2000n, "1-0:2.8.0": 3000n });
  assert.deepEqual(set.take(energies({ "1-0:1.8.0": 1000n })), {
    kind: "refused",
    detail: "no register 1-0:2.8.0",
  });
  assert.equal(set.take(telegram).kind, "learning");
  assert.deepEqual(set.take(telegram), { kind: "counts", counts: [3n, 2n] });
  assert.deepEqual(names(set), ["1-0:2.8.0", "1-0:1.8.2"]);
  assert.throws(() => new CounterSet(["1-0:1.8.0", "1-0:1.8.2"]), AssertionFailure);
});

test("only registers of electricity, present and active", () => {
  assert.equal(quantityOf("1-0:1.8.0"), "energy");
  assert.equal(quantityOf("1-0:2.8.6"), "energy");
  assert.equal(quantityOf("1-0:76.7.0"), "power");
  assert.equal(quantityOf("1-0:52.7.0"), "voltage");
  assert.equal(quantityOf("1-0:71.7.0"), "current");
  for (const other of ["1-0:1.8.7", "1-0:3.8.0", "0-1:24.2.1", "1-0:1.4.0", "constructor", ""])
    assert.equal(quantityOf(other), undefined, other);
});

test("powers have the sign of their direction; what is missing is absent", () => {
  const of = (values: Record<string, number>) => instantaneousOf(new Map(Object.entries(values)));
  assert.deepEqual(of({}), {});
  assert.deepEqual(of({ "1-0:1.7.0": 5 }), { powerMw: 5 });
  assert.deepEqual(of({ "1-0:2.7.0": 5 }), { powerMw: -5 });
  assert.deepEqual(of({ "1-0:1.7.0": 5, "1-0:2.7.0": 7, "1-0:16.7.0": -3 }), { powerMw: -3 });
  const phases = of({ "1-0:42.7.0": 9, "1-0:32.7.0": 230_000, "1-0:56.7.0": -4 });
  assert.deepEqual(phases, { phases: [{ voltageMv: 230_000 }, { powerMw: -4 }] });
  assert.deepEqual(of({ "1-0:14.7.0": 50_000 }), { frequencyMhz: 50_000 });
});
