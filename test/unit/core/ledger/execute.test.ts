// SPDX-License-Identifier: Apache-2.0
/** Executing a block: the same input gives the same output, whoever does it, and roots cover every list. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { toHex } from "#core/codec/bytes";
import { WIRE } from "#core/errors/codes";
import { type BlockPlan, blockRoots, executeBlock, type LedgerEvent } from "#core/ledger/execute";
import { LedgerState, type Pair } from "#core/ledger/state";
import { type Block, blockRecord } from "#core/records/block";
import { TxType } from "#core/records/tx";
import {
  crypto,
  legOf,
  memberOf,
  named,
  nodeOf,
  pairOf,
  readingOf,
  reserve,
  setOf,
  slotStartMs,
  txOf,
  walletOf,
} from "./world.ts";

const TERMS = { qtyWh: 100, ecashMicro: 15_000 };
const RESERVE = reserve("rb", "b", 1, 500, 20_000);
const SOLD = txOf("sold", "s", { type: TxType.sold, legs: [legOf("s", "b", RESERVE, TERMS, 0n)] });
const BOUGHT = txOf("bought", "b", {
  type: TxType.bought,
  legs: [legOf("b", "s", SOLD, TERMS, 0n)],
});

const member = (name: string): LedgerEvent => ({
  id: named(`member ${name}`),
  type: "member",
  node: nodeOf(name),
  member: memberOf(name),
  wallets: setOf(name),
});
const reading = (name: string, boundary: number, mwh: bigint): LedgerEvent => ({
  id: named(`reading ${name} ${boundary}`),
  type: "reading",
  node: nodeOf(name),
  reading: readingOf(name, boundary, mwh, mwh),
});
const clearing = (...pairs: Pair[]): LedgerEvent => {
  return { id: named("clearing"), type: "clearing", pairs };
};

const GENESIS: BlockPlan = {
  events: [member("s"), member("b"), reading("s", 1, 0n), reading("b", 1, 0n)],
  mints: [
    { kind: "genesis", wallet: toHex(walletOf("b")), micro: 30_000 },
    { kind: "deposit", wallet: toHex(walletOf("b")), micro: 5_000 },
  ],
  txs: [{ tx: RESERVE, tMs: 10 }],
  closed: [0],
};

/** Everything of one slot in one block; the second RESERVE does not fit. */
const TRADE: BlockPlan = {
  events: [
    reading("s", 2, 150_000n),
    reading("b", 2, 150_000n),
    clearing(pairOf(1, "s", "b", RESERVE, TERMS.qtyWh, TERMS.ecashMicro)),
  ],
  mints: [],
  txs: [
    { tx: reserve("second", "b", 1, 1, 1), tMs: 11 },
    { tx: SOLD, tMs: 1_800_001 },
    { tx: BOUGHT, tMs: 1_800_002 },
  ],
  closed: [1],
};

function run(state: LedgerState, plan: BlockPlan): Omit<Block, "header"> {
  const { rejected, effects } = executeBlock(state, plan, slotStartMs);
  const txs = plan.txs.map(({ tx }) => tx.txid);
  const events = plan.events.map(({ id }) => id);
  return { cut: txs.slice(-1), txs, rejected, effects, events, closed: plan.closed };
}

test("a block applies members, readings and contracts, then coins, transactions and closings", () => {
  const state = new LedgerState();
  const first = run(state, GENESIS);
  assert.deepEqual(first.rejected, [], "the RESERVE of a member of the same block counts");
  assert.deepEqual([state.freeOf(nodeOf("b")), state.lockedOf(nodeOf("b"))], [15_000, 20_000]);
  const second = run(state, TRADE);
  const code = WIRE.RESERVE_REPEATED;
  assert.deepEqual(second.rejected, [{ txid: TRADE.txs[0].tx.txid, code }], "rejected with code");
  assert.deepEqual([state.freeOf(nodeOf("b")), state.freeOf(nodeOf("s"))], [20_000, 15_000]);
  assert.equal(state.closedSlot, 1, "the slot is closed last, after its trades");
  assert.deepEqual([state.totals.genesisMicro, state.totals.mintedMicro], [30_000, 5_000]);
});

test("two executions give the same bytes, roots and state", () => {
  const [one, other] = [new LedgerState(), new LedgerState()];
  for (const plan of [GENESIS, TRADE]) {
    const [a, b] = [run(one, plan), run(other, structuredClone(plan))];
    const header = Uint8Array.of(1);
    const bytes = blockRecord.encode({ header, ...a });
    assert.equal(toHex(blockRecord.encode({ header, ...b })), toHex(bytes), "the same block");
    assert.deepEqual(blockRoots(crypto, a), blockRoots(crypto, b), "the same roots");
    assert.deepEqual(one.root(crypto), other.root(crypto), "the same state root");
    const decoded = blockRecord.decode(bytes);
    assert.ok(decoded.ok, "the block reads back");
    const { header: _, ...lists } = decoded.value;
    assert.deepEqual(blockRoots(crypto, lists), blockRoots(crypto, a), "with the same roots");
  }
});

test("the order in which members joined changes neither root nor effects", () => {
  const names = ["a", "b", "c", "s"];
  const outcome = (order: readonly string[]): string[] => {
    const state = new LedgerState();
    executeBlock(state, { events: order.map(member), mints: [], txs: [], closed: [] }, slotStartMs);
    const mints = names.map((name) => ({
      kind: "genesis" as const,
      wallet: toHex(walletOf(name)),
      micro: 1000,
    }));
    const locks = order.map((name) => ({ tx: reserve(name, name, 1, 1, 100), tMs: 1 }));
    const first = executeBlock(state, { events: [], mints, txs: [], closed: [] }, slotStartMs);
    executeBlock(state, { events: [], mints: [], txs: locks, closed: [] }, slotStartMs);
    const root = toHex(state.root(crypto));
    const last = executeBlock(state, { events: [], mints: [], txs: [], closed: [1] }, slotStartMs);
    const lists = { cut: [], txs: [], events: [], closed: [] };
    const roots = [first, last].map((result) => blockRoots(crypto, { ...lists, ...result }));
    return [root, ...roots.map(({ effectsRoot }) => toHex(effectsRoot))];
  };
  const expected = outcome(names);
  fc.assert(
    fc.property(fc.shuffledSubarray(names, { minLength: 4 }), (order) => {
      assert.deepEqual(outcome(order), expected, order.join(" "));
    }),
    { numRuns: 24 },
  );
});

test("each list and each number of a block stands under a root", () => {
  const state = new LedgerState();
  run(state, GENESIS);
  const block = run(state, TRADE);
  const roots = JSON.stringify(blockRoots(crypto, block));
  const [effect] = block.effects;
  const changes: Partial<typeof block>[] = [
    { cut: [named("x")] },
    { txs: block.txs.slice(1) },
    { txs: [...block.txs].reverse() },
    { rejected: [] },
    { rejected: [{ ...block.rejected[0], code: 1 }] },
    { effects: block.effects.slice(1) },
    { effects: [{ ...effect, micro: effect.micro + 1 }, ...block.effects.slice(1)] },
    { events: block.events.slice(1) },
    { closed: [1, 2] },
    { closed: [] },
  ];
  for (const change of changes)
    assert.notEqual(
      JSON.stringify(blockRoots(crypto, { ...block, ...change })),
      roots,
      changeOf(change),
    );
});

function changeOf(change: object): string {
  return `a change of ${Object.keys(change).join()} shows`;
}

test("every number of accounts, locks, registers and totals stands under the state root", () => {
  const fresh = (): LedgerState => {
    const state = new LedgerState();
    executeBlock(state, { ...GENESIS, closed: [] }, slotStartMs);
    return state;
  };
  const root = toHex(fresh().root(crypto));
  assert.equal(toHex(fresh().root(crypto)), root, "the same again");
  const state = fresh();
  state.root(crypto);
  assert.equal(state.map.size, 4 * 2 + 1 + 1, "4 leaves for each account, 1 lock, totals");
  const lockOf = (state: LedgerState) => state.locks.get(toHex(RESERVE.txid))!;
  const changes: Record<string, (state: LedgerState) => void> = {
    balance: (state) => void state.account(nodeOf("b")).balanceMicro--,
    "set of addresses": (state) => state.addWallets(nodeOf("b"), setOf("b", 1)),
    lock: (state) => void lockOf(state).leftMicro--,
    promise: (state) => void lockOf(state).promisedMicro++,
    "reserved energy": (state) => void lockOf(state).leftWh--,
    import: (state) => void state.account(nodeOf("s")).importMwh++,
    export: (state) => void state.account(nodeOf("s")).exportMwh++,
    "claimed import": (state) => void state.account(nodeOf("s")).claimedImportMwh++,
    "claimed export": (state) => void state.account(nodeOf("s")).claimedExportMwh++,
    boundary: (state) => void state.account(nodeOf("s")).boundary++,
    genesis: (state) => void state.totals.genesisMicro++,
    minted: (state) => void state.totals.mintedMicro++,
    burned: (state) => void state.totals.burnedMicro++,
    reserves: (state) => void state.totals.reservesMicro++,
  };
  for (const [what, change] of Object.entries(changes)) {
    const state = fresh();
    change(state);
    assert.notEqual(toHex(state.root(crypto)), root, `a change of ${what} shows`);
  }
});

test("what a block may never hold is a broken promise of our own", () => {
  const state = new LedgerState();
  run(state, GENESIS);
  const apply = (event: LedgerEvent) =>
    executeBlock(state, { events: [event], mints: [], txs: [], closed: [] }, slotStartMs);
  const pair = pairOf(1, "s", "b", RESERVE, 1, 1);
  assert.throws(() => apply(member("s")), { code: "ACCOUNT_TWICE" }, "a member twice");
  assert.throws(() => apply(reading("x", 2, 0n)), { code: "ACCOUNT_UNKNOWN" }, "a stranger");
  assert.throws(() => apply(reading("s", 1, 0n)), { code: "READING_ORDER" }, "the same boundary");
  apply(reading("s", 2, 10n));
  assert.throws(() => apply(reading("s", 3, 9n)), { code: "REGISTER_ORDER" }, "I7: going back");
  assert.throws(() => apply(clearing(pair, pair)), { code: "PAIR_TWICE" }, "a contract twice");
});
