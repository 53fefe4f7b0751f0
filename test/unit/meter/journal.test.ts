// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { test } from "node:test";
import { type CborValue, decodeCbor, encodeCbor } from "#core/codec/cbor";
import { OUTBOX_MAX } from "#core/limits";
import { memoryStore } from "#host-sim/fleet/store";
import { Journal } from "#meter/journal";
import { sealed, unsealed } from "#meter/sealed";
import type { NodeState } from "#meter/state";

const content = (n: number): Uint8Array => Uint8Array.of(n, n, n);

/** A journal after a boot and `said` messages, each with a register as high as its number. */
function written(said: number) {
  const store = memoryStore();
  const journal = new Journal(store);
  const state = journal.recover();
  state.boot++;
  journal.save(state);
  for (let n = 1; n <= said; n++) sayNext(journal, state);
  return { store, journal, state };
}

function sayNext(journal: Journal, state: NodeState): void {
  state.registers.importMwh += 1000n;
  state.registers.seq++;
  journal.say(state, "reading", content(state.saidSeq + 1));
}

function recovered(store: ReturnType<typeof memoryStore>) {
  const journal = new Journal(store);
  const state = journal.recover();
  return { state, seqs: [...journal.outbox], journal };
}

/** Half of what stands under `key`, the rest erased. */
function tear(store: ReturnType<typeof memoryStore>, key: string): void {
  const value = store.get(key)!;
  store.set(key, value.fill(0xff, Math.floor(value.length / 2)));
}

test("an empty store gives the first state", () => {
  const { state, seqs } = recovered(memoryStore());
  assert.equal(state.saidSeq, 0);
  assert.deepEqual(seqs, []);
});

test("what was said comes back with the state after the last of it", () => {
  const { state, seqs, journal } = recovered(written(3).store);
  assert.deepEqual([state.saidSeq, state.registers.importMwh, state.boot], [3, 3000n, 1]);
  assert.deepEqual(seqs, [1, 2, 3]);
  assert.deepEqual(journal.said(2)?.content, content(2));
});

test("numbers sort as numbers although their keys are text", () => {
  const { seqs } = recovered(written(40).store);
  assert.deepEqual(
    seqs,
    Array.from({ length: 40 }, (_, i) => i + 1),
  );
});

for (const [key, seqs, importMwh] of [
  ["o1", [2, 3], 3000n],
  ["o2", [1, 3], 3000n],
  ["o3", [1, 2], 2000n],
  ["s1", [1, 2, 3], 3000n],
] as const)
  test(`a torn entry ${key} is dropped and the newest whole state counts`, () => {
    const { store } = written(3);
    tear(store, key);
    const again = recovered(store);
    assert.deepEqual(again.seqs, [...seqs]);
    assert.equal(again.state.registers.importMwh, importMwh);
    if (key.startsWith("o")) assert.equal(store.get(key), undefined, "what is torn is deleted");
  });

for (const torn of ["s0", "s1"])
  test(`of two states without a message the whole one counts where ${torn} is torn`, () => {
    const { store, journal, state } = written(0); // version 1, in s1
    state.registers.importMwh = 77n;
    state.registers.seq++;
    journal.save(state); // version 2, in s0
    tear(store, torn);
    assert.equal(recovered(store).state.registers.importMwh, torn === "s0" ? 0n : 77n);
  });

test("a single wrong bit anywhere makes an entry torn", () => {
  const { store } = written(1);
  const value = store.get("o1")!;
  for (let at = 0; at < value.length; at += 7) {
    const wrong = value.slice();
    wrong[at] ^= 0x10;
    store.set("o1", wrong);
    assert.deepEqual(recovered(store).seqs, [], `byte ${at}`);
  }
});

test("a receipted message stays until the next one stands, so that its state is never lost", () => {
  const { store, journal, state } = written(2);
  state.receiptedSeq = 2;
  journal.receipted(2);
  assert.ok(store.get("o2"), "the newest state is in it");
  sayNext(journal, state);
  assert.deepEqual([...store.entries.keys()].sort(), ["o3", "s1"]);
  const again = recovered(store);
  assert.deepEqual(again.seqs, [3]);
  assert.equal(again.state.receiptedSeq, 2);
});

test("torn after a receipt, the message before it is still there", () => {
  const { store, journal, state } = written(2);
  state.receiptedSeq = 2;
  journal.receipted(2);
  sayNext(journal, state);
  // The power went while o3 was written: nothing that came after that write happened.
  const before = written(2).store;
  before.set("o3", store.get("o3")!);
  tear(before, "o3");
  const again = recovered(before);
  assert.equal(again.state.saidSeq, 2);
  assert.deepEqual(again.seqs, [1, 2]);
});

test("a boot in between never overwrites the newest state", () => {
  const { store } = written(1);
  for (let boot = 2; boot < 6; boot++) {
    const journal = new Journal(store);
    const state = journal.recover();
    assert.deepEqual([state.boot, state.registers.importMwh], [boot - 1, 1000n]);
    state.boot++;
    const newest = state.version % 2 === 0 ? "s0" : "s1";
    const kept = store.get(newest);
    journal.save(state);
    if (boot > 2) assert.deepEqual(store.get(newest), kept);
  }
});

test("the outbox is bounded", () => {
  const { journal, state } = written(OUTBOX_MAX);
  assert.ok(journal.full);
  assert.throws(() => journal.say(state, "reading", content(1)), { code: "OUTBOX_FULL" });
});

test("entries of a firmware with another layout count as lost, and are told of", () => {
  const { store } = written(2);
  for (const [key, value] of store.entries) {
    const decoded = decodeCbor(unsealed(value)!);
    assert.ok("value" in decoded);
    const [state, message] = decoded.value as [CborValue[], CborValue];
    store.set(key, sealed(encodeCbor([state.slice(0, -1), message])));
  }
  const { state, seqs, journal } = recovered(store);
  assert.deepEqual([state.saidSeq, seqs], [0, []]);
  assert.equal(journal.foreign, 3);
});

test("a state of a firmware that knew one gateway is read, with all that it has", () => {
  const { store } = written(3);
  for (const key of [...store.entries.keys()]) {
    const { value } = decodeCbor(unsealed(store.get(key)!)!) as { value: [CborValue[], CborValue] };
    const [state, message] = value;
    store.set(key, sealed(encodeCbor([state.slice(0, -4), message])));
  }
  const { state, seqs, journal } = recovered(store);
  assert.equal(journal.foreign, 0);
  assert.deepEqual([state.saidSeq, state.registers.importMwh, state.boot], [3, 3000n, 1]);
  assert.deepEqual([seqs, state.gateways, state.arrived], [[1, 2, 3], [], 0]);
  assert.deepEqual([state.pending, state.uncertain], [undefined, 0]);
  const before = structuredClone(state.wallets);
  sayNext(journal, state);
  assert.deepEqual(recovered(store).state.wallets, before);
});

test("what is given up goes with the next message, and not before", () => {
  const { store, journal, state } = written(3);
  journal.giveUp(state, 9);
  assert.deepEqual(recovered(store).seqs, [1, 2, 3], "cut here, nothing has happened");
  assert.equal(recovered(store).state.saidSeq, 3);
  sayNext(journal, state);
  const again = recovered(store);
  assert.deepEqual(again.seqs, [10]);
  assert.deepEqual([again.state.saidSeq, again.state.receiptedSeq], [10, 9]);
  assert.deepEqual([...store.entries.keys()].sort(), ["oa", "s1"]);
});

test("a full outbox can be given up", () => {
  const { journal, state } = written(OUTBOX_MAX);
  journal.giveUp(state, OUTBOX_MAX);
  assert.equal(journal.full, false);
  sayNext(journal, state);
  assert.deepEqual(journal.outbox, [OUTBOX_MAX + 1]);
});
