// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { test } from "node:test";
import { SAVE_MAX_MS, SAVE_MIN_MS, SAVE_QUANTUM_MWH } from "#core/limits-device";
import { type MemoryStore, memoryStore } from "#host-sim/fleet/store";
import { Journal } from "#meter/journal";
import { RegisterKeeper } from "#meter/register/keeper";
import type { Registers } from "#meter/register/registers";

/** A started node's store, journal and keeper. */
function started(store: MemoryStore = memoryStore()) {
  const journal = new Journal(store);
  const state = journal.recover();
  const keeper = new RegisterKeeper(store, journal);
  state.registers = keeper.recover(state.registers);
  state.boot++;
  journal.save(state);
  const kept: Registers = state.registers;
  const slots = () => [...store.entries.keys()].filter((key) => key.startsWith("r")).sort();
  return { store, journal, state, keeper, kept, slots };
}

function flow(kept: Registers, mwh: bigint): void {
  kept.importMwh += mwh;
  kept.seq++;
}

function copyOf(store: MemoryStore): MemoryStore {
  const copy = memoryStore();
  for (const [key, value] of store.entries) copy.set(key, value);
  return copy;
}

const tear = (store: MemoryStore, key: string): void => {
  const value = store.get(key)!;
  store.set(key, value.fill(0xff, Math.floor(value.length / 2)));
};

test("registers that do not change are never written", () => {
  const { keeper, kept, slots } = started();
  for (let ms = 0; ms <= 10 * SAVE_MAX_MS; ms += SAVE_MIN_MS) keeper.keep(kept, ms);
  assert.deepEqual(slots(), []);
  assert.equal(kept.writes, 0);
});

test("a quantum of energy is written, but not before the least time since the last write", () => {
  const { keeper, kept } = started();
  keeper.keep(kept, 1000);
  flow(kept, 5n * SAVE_QUANTUM_MWH);
  keeper.keep(kept, SAVE_MIN_MS + 999);
  assert.equal(kept.writes, 0);
  keeper.keep(kept, SAVE_MIN_MS + 1000);
  assert.equal(kept.writes, 1);
  flow(kept, SAVE_QUANTUM_MWH - 1n);
  keeper.keep(kept, 3 * SAVE_MIN_MS);
  assert.equal(kept.writes, 1, "less than a quantum waits");
  kept.exportMwh += 1n;
  kept.seq++;
  keeper.keep(kept, 3 * SAVE_MIN_MS + 1);
  assert.equal(kept.writes, 2, "both registers count");
});

test("whatever changed is written at the latest after the longest time", () => {
  const { keeper, kept } = started();
  keeper.keep(kept, 0);
  flow(kept, 1n);
  keeper.keep(kept, SAVE_MAX_MS - 1);
  assert.equal(kept.writes, 0);
  keeper.keep(kept, SAVE_MAX_MS);
  assert.equal(kept.writes, 1);
});

test("a message stores the registers too, and the time begins anew", () => {
  const { keeper, kept, journal, state } = started();
  keeper.keep(kept, 0);
  flow(kept, SAVE_QUANTUM_MWH);
  journal.say(state, "reading", Uint8Array.of(1));
  keeper.keep(kept, 2 * SAVE_MIN_MS);
  assert.equal(kept.writes, 0);
  flow(kept, SAVE_QUANTUM_MWH);
  keeper.keep(kept, 3 * SAVE_MIN_MS - 1);
  assert.equal(kept.writes, 0);
  keeper.keep(kept, 3 * SAVE_MIN_MS);
  assert.equal(kept.writes, 1);
});

test("a restart finds what is newer: the slot or the message", () => {
  const first = started();
  first.keeper.keep(first.kept, 0);
  flow(first.kept, SAVE_QUANTUM_MWH);
  first.keeper.keep(first.kept, SAVE_MIN_MS);
  assert.equal(started(copyOf(first.store)).kept.importMwh, SAVE_QUANTUM_MWH);
  flow(first.kept, 5n);
  first.journal.say(first.state, "reading", Uint8Array.of(1));
  const again = started(first.store);
  assert.equal(again.kept.importMwh, SAVE_QUANTUM_MWH + 5n);
  assert.equal(again.kept.writes, 1, "the wear goes on");
});

/** Five writes of registers, each a quantum more; nothing else after the boot. */
function written() {
  const { store, keeper, kept } = started();
  keeper.keep(kept, 0);
  for (let i = 1; i <= 5; i++) {
    flow(kept, SAVE_QUANTUM_MWH);
    keeper.keep(kept, i * SAVE_MIN_MS);
  }
  assert.equal(kept.writes, 5);
  return store;
}

test("writes alternate between two slots, and a torn one leaves the other", () => {
  const newest = written();
  assert.equal(started(newest).kept.importMwh, 5n * SAVE_QUANTUM_MWH);
  const torn = written();
  tear(torn, "r1");
  const { kept, keeper } = started(torn);
  assert.equal(kept.importMwh, 4n * SAVE_QUANTUM_MWH);
  const before = torn.get("r0");
  keeper.keep(kept, 0);
  flow(kept, SAVE_QUANTUM_MWH);
  keeper.keep(kept, SAVE_MIN_MS);
  assert.deepEqual(torn.get("r0"), before, "the whole one is never written over");
  assert.equal(started(torn).kept.importMwh, 5n * SAVE_QUANTUM_MWH);
});

test("where both slots are torn the journal's registers count", () => {
  const store = written();
  tear(store, "r0");
  tear(store, "r1");
  assert.equal(started(store).kept.importMwh, 0n);
});

test("a single wrong bit anywhere makes a slot torn", () => {
  const store = written();
  const value = store.get("r1")!;
  for (let at = 0; at < value.length; at++) {
    const wrong = value.slice();
    wrong[at] ^= 0x04;
    store.set("r1", wrong);
    assert.equal(started(copyOf(store)).kept.importMwh, 4n * SAVE_QUANTUM_MWH, `byte ${at}`);
  }
});
