// SPDX-License-Identifier: Apache-2.0
/** Forks of the state: what is adopted is what direct execution gives, and what is dropped never happened. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { toHex } from "#core/codec/bytes";
import { ForkMap } from "#core/ledger/fork-map";
import { LedgerState } from "#core/ledger/state";
import { Area, anyStep, type Step } from "./history.ts";
import { crypto, dumpOf, memberOf, nodeOf, setOf, World } from "./world.ts";

const anyBlocks = fc.array(
  fc.record({
    steps: fc.array(anyStep, { maxLength: 20, size: "max" }),
    imagined: fc.array(fc.array(anyStep, { maxLength: 12, size: "max" }), { maxLength: 3 }),
  }),
  { minLength: 1, maxLength: 12, size: "max" },
);

/** Steps as a block on a fork, with others tried on forks beside it. */
function forkedBlock(area: Area, steps: readonly Step[], imagined: readonly Step[][]): void {
  const { world } = area;
  const base = world.state;
  const before = dumpOf(base);
  const root = toHex(base.root(crypto));
  const beside = imagined.map(() => base.fork(crypto));
  const fork = base.fork(crypto);
  imagined.forEach((others, i) => void area.imagine(beside[i], others));
  world.state = fork;
  for (const step of steps) area.take(step);
  const decided = toHex(fork.root(crypto));
  assert.equal(dumpOf(base), before, "nothing of it is in the state");
  assert.equal(toHex(base.root(crypto)), root, "nor under its root");
  base.adopt(fork);
  world.state = base;
  assert.equal(toHex(base.root(crypto)), decided, "the root that was prepared");
  for (const other of beside)
    assert.throws(() => base.adopt(other), { code: "FORK_STALE" }, "the others are void");
}

test("blocks on forks give the state and the roots of direct execution, bit for bit", () => {
  const counts = { accepted: 0, paid: 0, closed: 0 };
  fc.assert(
    fc.property(anyBlocks, (blocks) => {
      const [direct, forked] = [new Area(), new Area()];
      for (const { steps, imagined } of blocks) {
        for (const step of steps) direct.take(step);
        forkedBlock(forked, steps, imagined);
        const [one, other] = [direct.world, forked.world];
        assert.equal(other.root(), one.root());
        assert.equal(dumpOf(other.state), dumpOf(one.state));
        assert.deepEqual(other.effects, one.effects);
        assert.deepEqual(other.state.sums(), one.state.sums());
      }
      const inside = ({ world }: Area) => ({ ...world.state, version: 0 });
      assert.deepEqual(inside(forked), inside(direct), "and what nobody sees of it");
      for (const key of Object.keys(counts) as (keyof typeof counts)[])
        counts[key] += direct.counts[key];
    }),
    { numRuns: 30 },
  );
  assert.ok(counts.paid > 5 && counts.closed > 5, JSON.stringify(counts));
});

test("the root kept up to date is that of a state that was never asked before", () => {
  fc.assert(
    fc.property(fc.array(anyStep, { minLength: 20, maxLength: 80, size: "max" }), (steps) => {
      const area = new Area();
      for (const step of steps) area.take(step);
      const fresh = new LedgerState();
      const { state } = area.world;
      for (const name of ["accounts", "owners", "locks", "pairs", "offers", "frozen"] as const)
        for (const [key, entry] of state[name])
          (fresh[name] as ForkMap<unknown>).set(
            key,
            typeof entry === "string" ? entry : { ...entry },
          );
      for (const [key, times] of state.disputes) fresh.disputes.set(key, Number(times));
      Object.assign(fresh.totals, state.totals);
      fresh.closedSlot = state.closedSlot;
      assert.equal(toHex(fresh.root(crypto)), toHex(state.root(crypto)));
      assert.deepEqual(fresh.sums(), state.sums());
    }),
    { numRuns: 30 },
  );
});

test("a change on a fork that is taken back leaves the root as it was", () => {
  const { state } = new World("a", "b");
  const root = toHex(state.root(crypto));
  const fork = state.fork(crypto);
  const account = fork.account(nodeOf("a"));
  account.balanceMicro += 5;
  assert.notEqual(toHex(fork.root(crypto)), root);
  account.balanceMicro -= 5;
  assert.equal(toHex(fork.root(crypto)), root);
});

test("what is settled cannot be changed but through a draft", () => {
  const { state } = new World("a");
  state.root(crypto);
  const shared = [...state.accounts.values()][0] as { balanceMicro: number };
  assert.throws(() => void shared.balanceMicro++, TypeError);
  const fork = state.fork(crypto);
  assert.throws(() => fork.fork(crypto), { code: "FORK_OF_FORK" });
  state.account(nodeOf("a")).balanceMicro++;
  assert.throws(() => state.adopt(fork), { code: "FORK_BASE_CHANGED" }, "beside a fork");
  const { state: other } = new World("a");
  other.totals.mintedMicro++;
  const late = other.fork(crypto);
  other.totals.mintedMicro++;
  assert.throws(() => other.adopt(late), { code: "FORK_BASE_CHANGED" });
  assert.throws(() => new LedgerState().adopt(late), { code: "FORK_STALE" }, "another's fork");
});

test("a fork is void when the state has gone on without it", () => {
  const { state } = new World("a");
  const fork = state.fork(crypto);
  state.addAccount(nodeOf("b"), memberOf("b"), setOf("b"));
  state.root(crypto);
  assert.throws(() => fork.root(crypto), { code: "FORK_STALE" });
  assert.throws(() => state.adopt(fork), { code: "FORK_STALE" });
});

interface Thing {
  by: string;
  n: number;
}

test("a table with forks lists, groups and counts as a plain one does", () => {
  const action = fc.record({
    what: fc.constantFrom("set", "change", "delete", "adopt", "drop"),
    key: fc.constantFrom("k1", "k2", "k3", "k4", "k5"),
    n: fc.nat(9),
  });
  fc.assert(
    fc.property(fc.array(action, { maxLength: 60 }), (actions) => {
      const options = { copy: (one: Thing) => ({ ...one }), groupOf: ({ by }: Thing) => by };
      const base = new ForkMap<Thing>(options);
      let fork = base.fork();
      let settled = new Map<string, Thing>();
      let model = new Map<string, Thing>();
      for (const { what, key, n } of actions) {
        const by = Number(key[1]) % 2 === 0 ? "even" : "odd";
        if (what === "set") {
          fork.set(key, { by, n });
          model.set(key, { by, n });
        } else if (what === "change") {
          const draft = fork.get(key);
          assert.equal(draft !== undefined, model.has(key));
          if (draft) draft.n = n;
          if (draft) model.set(key, { by, n });
        } else if (what === "delete") {
          assert.equal(fork.delete(key), model.delete(key));
        } else {
          if (what === "adopt") base.adopt(fork);
          if (what === "adopt") settled = model;
          model = new Map(settled);
          fork = base.fork();
        }
        for (const [table, plain] of [
          [fork, model],
          [base, settled],
        ] as const) {
          assert.deepEqual(new Map(table), plain);
          assert.equal(table.size, plain.size);
          for (const name of ["even", "odd"])
            assert.deepEqual(
              [...table.group(name)].sort((a, b) => a.n - b.n),
              [...plain.values()].filter((one) => one.by === name).sort((a, b) => a.n - b.n),
            );
        }
      }
    }),
    { numRuns: 300 },
  );
});
