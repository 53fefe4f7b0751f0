// SPDX-License-Identifier: Apache-2.0
/** A state from its leaves: the same, goes on the same, and nothing that is damaged is taken. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { toHex } from "#core/codec/bytes";
import { encodeCbor } from "#core/codec/cbor";
import { openBook } from "#core/credit/account";
import { issueLoan } from "#core/credit/loan";
import { RUN } from "#core/ledger/rewards";
import { stateFromLeaves, stateLeaves } from "#core/ledger/snapshot";
import { frozenKey, type LedgerState } from "#core/ledger/state";
import { termsOf } from "#gateway/credit/terms";
import { Area, anyHistory, anyStep } from "./history.ts";
import { crypto, dumpOf, named, nodeOf } from "./world.ts";

function leavesOf(state: LedgerState): { leaves: Uint8Array[]; root: Uint8Array } {
  const root = state.root(crypto);
  return { leaves: [...stateLeaves(crypto, state)], root };
}

function restored(state: LedgerState): LedgerState {
  const { leaves, root } = leavesOf(state);
  assert.equal(leaves.length, state.map.size);
  const made = stateFromLeaves(crypto, leaves, root);
  assert.ok(made.ok, made.ok ? "" : made.detail);
  return made.state;
}

test("a state that was read back is the same, and goes on the same", () => {
  const counts = { accepted: 0, paid: 0 };
  fc.assert(
    fc.property(
      anyHistory,
      fc.array(anyStep, { minLength: 20, maxLength: 60, size: "max" }),
      (history, later) => {
        const area = new Area();
        for (const step of history) area.take(step);
        const { world } = area;
        const again = restored(world.state);
        assert.equal(toHex(again.root(crypto)), world.root());
        assert.equal(dumpOf(again), dumpOf(world.state));
        assert.deepEqual(again.sums(), world.state.sums());
        const other = restored(world.state);
        const end = (state: LedgerState): unknown => {
          const before = { ...area.counts };
          area.imagine(state, later);
          counts.accepted += area.counts.accepted - before.accepted;
          return [toHex(state.root(crypto)), dumpOf(state)];
        };
        assert.deepEqual(end(other), end(world.state.fork(crypto)), "what follows depends on it");
      },
    ),
    { numRuns: 20 },
  );
});

/** A bank, and a loan of it. */
function borrowed(state: LedgerState, node: string): void {
  const bank = toHex(named("bank", 16));
  const wallet = toHex(named("reserve", 20));
  const prices = { feedInMicro: 80_000, retailMicro: 300_000 };
  const terms = termsOf("meter-backed", prices);
  const place = { bank, wallet, version: 1, terms, distributedMicro: 0 };
  state.banks.set(bank, { ...place, ...openBook(1_000_000) });
  const loanTerms = {
    ok: true,
    principalMicro: 900,
    alphaPpm: 3500,
    betaPpm: 1000,
    months: 1,
  } as const;
  const { loan } = issueLoan(loanTerms, 5, { validMs: 10, bufferMs: 10, patienceMs: 10 });
  const token = toHex(named("request"));
  const shared = toHex(named("shared", 20));
  const line = {
    bank,
    home: bank,
    token,
    wallet: shared,
    unsecured: true,
    uncoveredWh: 7,
    heldMicro: 0,
    loan,
  };
  const known = { onTime: 1, late: 2, points: -3, firstMs: 0, firstImportMwh: 4n };
  const bought = { boughtWh: 5, paidMicro: 6, soldDays: [1, 2], periodWh: 8 };
  state.credits.set(node, { node, ...known, ...bought, line });
}

/** A state with every kind of entry in it. */
function rich(): LedgerState {
  const names = ["a", "b"] as const;
  const area = new Area();
  const { state } = area.world;
  const step = { who: "a", other: "b", amount: 100, flaw: 9 };
  const kinds = ["offer", "reserve", "contract", "acceptOffer", "wallets"] as const;
  for (const kind of kinds) area.take({ ...step, who: "b", other: "a", kind });
  for (const kind of ["reserve", "contract", "offer", "acceptOffer"] as const)
    area.take({ ...step, kind });
  area.take({ ...step, kind: "meter" });
  area.take({ ...step, kind: "meter" });
  area.take({ ...step, kind: "sold" });
  area.take({ ...step, kind: "deal" });
  const [{ reserve }] = state.locks.values();
  const [seller, buyer] = names.map(nodeOf);
  const part = { qtyWh: 5, micro: 6, untilSlot: 99 };
  const sold = { sold: named("sold"), leg: 0, wallet: toHex(named("w", 20)), slot: 1 };
  const frozen = { reserve, seller, buyer, ...sold, ...part };
  state.frozen.set(frozenKey(frozen), frozen);
  state.disputes.set(seller, 2);
  borrowed(state, buyer);
  state.rewardRuns.set(RUN, { count: 3, dueMs: 4, periods: 2 });
  state.operators.set(seller, { gateway: seller, micro: 0 });
  const traded = { soldWh: 5, boughtWh: 6, importMwh: 7n, exportMwh: 8n };
  state.flows.set(seller, { node: seller, ...traded });
  state.closedSlot = 0;
  return state;
}

/** Another value of the same type. */
function other(value: unknown): unknown {
  if (typeof value === "number") return value + 1;
  if (typeof value === "bigint") return value + 1n;
  if (value instanceof Uint8Array) return value.map((byte) => byte ^ 1);
  if (Array.isArray(value)) return value.slice(1);
  if (value === "open") return "paid";
  if (value === "sold") return "open";
  if (value === "home") return "house";
  if (typeof value === "string")
    return value.length > 1 ? (value[0] === "0" ? "1" : "0") + value.slice(1) : `${value}'`;
  assert.ok(typeof value === "object" && value, String(value));
  const [name, first] = Object.entries(value)[0];
  return { ...value, [name]: other(first) };
}

test("every field of every entry is under the root", () => {
  const trade = ["accounts", "locks", "pairs", "offers", "frozen", "banks", "credits"] as const;
  const tables = [...trade, "rewardRuns", "operators", "flows"] as const;
  const base = rich();
  base.root(crypto);
  let fields = 0;
  for (const table of tables) {
    assert.ok(base[table].size > 0, table);
    for (const key of base[table].keys())
      for (const [field, value] of Object.entries(base[table].peek(key)!)) {
        if (value === undefined) continue;
        const state = base.fork(crypto);
        const root = toHex(state.root(crypto));
        const changed = { ...state[table].peek(key)!, [field]: other(value) };
        state[table].set(key, changed as never);
        let after = "";
        try {
          after = toHex(state.root(crypto));
        } catch (error) {
          // An account or a lock under another's name is found out at once.
          assert.match((error as Error).message, /ACCOUNT_UNKNOWN|set/, `${table}.${field}`);
        }
        assert.notEqual(after, root, `${table}.${field}`);
        fields++;
      }
  }
  assert.ok(fields > 100, String(fields));
  const single: [string, (state: LedgerState) => void][] = [
    ["disputes", (state) => void state.disputes.set(nodeOf("a"), 3)],
    ["no disputes", (state) => void state.disputes.delete(nodeOf("a"))],
    ["closed slot", (state) => void state.closedSlot++],
    ["genesis", (state) => void state.totals.genesisMicro++],
    ["minted", (state) => void state.totals.mintedMicro++],
    ["burned", (state) => void state.totals.burnedMicro++],
    ["reserves", (state) => void state.totals.reservesMicro++],
  ];
  for (const [what, change] of single) {
    const state = base.fork(crypto);
    const root = toHex(state.root(crypto));
    change(state);
    assert.notEqual(toHex(state.root(crypto)), root, what);
  }
  const made = Object.keys(base).sort();
  const known = ["base", "leaves", "settled", "version"]; // no part of the state itself
  const covered = [...tables, "disputes", "totals", "closedSlot", "owners"]; // owners: of wallets' leaves
  assert.deepEqual(made, [...covered, ...known].sort(), "a new field needs a leaf");
});

test("damage of any kind is refused and nothing throws", () => {
  const { leaves, root } = leavesOf(rich());
  const refused = (changed: Uint8Array[], what: string, of = root): void => {
    const made = stateFromLeaves(crypto, changed, of);
    assert.equal(made.ok, false, what);
  };
  refused([], "nothing");
  refused(leaves, "another root", crypto.sha256(root));
  const kinds = new Set<number>();
  for (let i = 0; i < leaves.length; i++) {
    const kind = leaves[i][1] === 0x18 ? leaves[i][2] : leaves[i][1];
    if (kinds.has(kind)) continue; // the first of each kind
    kinds.add(kind);
    const rest = [...leaves.slice(0, i), ...leaves.slice(i + 1)];
    refused(rest, `without leaf ${i}`);
    refused([...leaves, leaves[i]], `leaf ${i} twice`);
    refused([...rest, new Uint8Array(0)], "an empty one");
    for (let at = 0; at < leaves[i].length; at++)
      for (const bits of [1, 0x80]) {
        const damaged = leaves[i].map((byte, place) => (place === at ? byte ^ bits : byte));
        refused([...rest, damaged], `leaf ${i} byte ${at}`);
      }
  }
  assert.equal(kinds.size, 15);
  refused([...leaves, encodeCbor([99, 1])], "a kind that is none");
  refused([...leaves, encodeCbor(7)], "no array");
  const shuffled = [...leaves].sort((a, b) => a.length - b.length);
  assert.ok(stateFromLeaves(crypto, shuffled, root).ok, "the order does not matter");
});
