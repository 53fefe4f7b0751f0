// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { test } from "node:test";
import { toHex } from "#core/codec/bytes";
import { countingStore, memoryStore, PowerCut, type WriteMoment } from "#host-sim/fleet/store";
import { Journal } from "#meter/journal";
import type { KeyValueStore } from "#meter/ports";
import { firstState, type NodeState } from "#meter/state";
import { FULL, restarted, seeded, TestDevice } from "./device.ts";

const { faults } = TestDevice;
const SAID = 3;
/** What another part of the firmware keeps: no reset may touch it. */
const FOREIGN = ["r0", "r1", "u0", "x"];

/** A node in use: set up, with a journal of `SAID` messages, one of them without a receipt. */
function used(): KeyValueStore {
  const store = memoryStore();
  const device = new TestDevice({ store, entropy: seeded(1) });
  device.set(...FULL, "cal.volt=77", "direction=reversed");
  device.command('wifi "Old Home" old-passphrase --untried');
  const journal = new Journal(store);
  const state = journal.recover();
  state.boot = 9;
  state.registers = registersAt(123_456n);
  state.txSeq = 2;
  state.txid = new Uint8Array(32).fill(8);
  state.boundary = 40;
  for (let n = 1; n <= SAID; n++) journal.say(state, "reading", Uint8Array.of(n));
  state.receiptedSeq = SAID - 1;
  journal.receipted(SAID - 1);
  journal.save(state);
  for (const key of FOREIGN) store.set(key, Uint8Array.of(1, 2, 3));
  return store;
}

/** Registers of a node that has metered. */
function registersAt(importMwh: bigint): NodeState["registers"] {
  const counters = [{ counts: 5n, importRest: 1n, exportRest: 0n }];
  const { registers } = firstState();
  return { ...registers, seq: 5, importMwh, exportMwh: importMwh + 1n, counters };
}

interface Found {
  key: string;
  said: number;
  txSeq: number;
  boundary: number;
  boot: number;
  outbox: number;
  registers: string;
  foreign: string;
}

/** What a device finds after a start, as the node application would. */
function found(store: KeyValueStore): Found {
  const { identity } = restarted(store).provisioner;
  const journal = new Journal(store);
  const state = journal.recover();
  return {
    key: identity.ok ? toHex(identity.publicKey) : identity.fault,
    said: state.saidSeq,
    txSeq: state.txSeq,
    boundary: state.boundary,
    boot: state.boot,
    outbox: journal.outbox.length,
    registers: JSON.stringify(state.registers, (_, value) =>
      typeof value === "bigint" ? String(value) : value,
    ),
    foreign: FOREIGN.map((key) => toHex(store.get(key) ?? new Uint8Array(0))).join(),
  };
}

const DIGITS = (device: TestDevice) => String(device.command("show").publicKey).slice(0, 8);

test("a reset of the settings forgets the owner, and keeps board, identity, journal and registers", () => {
  const store = used();
  const before = found(store);
  const device = restarted(store);
  const claim = device.command("claim").claim;
  assert.deepEqual(faults(device.command("reset settings")), [
    "settings forgets Wi-Fi, broker and its authority, area, gateway, name and prices",
  ]);
  assert.deepEqual(found(store), before, "nothing happens without --yes");
  assert.equal(device.command("reset settings --yes").ok, true);
  assert.deepEqual(device.changes, ["reset"]);
  assert.deepEqual(found(store), before);
  const again = restarted(store);
  assert.equal(again.command("claim").claim, claim);
  const { settings, ssid } = again.command("show");
  assert.equal(ssid, undefined);
  assert.deepEqual(settings, {
    ntp: "pool.ntp.org",
    net: "wattle",
    wallets: 64,
    trade: "yes",
    capacity: "4312Wh",
    driver: "bl0942",
    direction: "reversed",
    "cal.volt": 77,
  });
});

test("a button that is held does what the console's reset of the settings does", () => {
  const typed = used();
  restarted(typed).command("reset settings --yes");
  const held = used();
  const device = restarted(held);
  device.provisioner.resetSettings();
  assert.deepEqual(device.changes, ["reset"]);
  assert.equal(device.said, "", "nobody asked on the serial line");
  const contents = (store: KeyValueStore) =>
    store.keys("").map((key) => [key, toHex(store.get(key)!)]);
  assert.deepEqual(contents(held), contents(typed));
  assert.notDeepEqual(contents(held), contents(used()));
});

/** Whether any value in the store holds the old owner's passphrase. */
function holdsSecret(store: KeyValueStore): boolean {
  return store.keys("").some((key) => Buffer.from(store.get(key)!).includes("old-passphrase"));
}

test("after a reset of the settings the passphrase is in neither slot, whatever was cut on the way", () => {
  for (let write = 0; write <= 3; write++)
    for (const moment of ["before", "during", "after"]) {
      const flash = used();
      const before = found(flash);
      assert.equal(holdsSecret(flash), true);
      const store = countingStore(flash, (n, at) => {
        if (n === write && at === moment) throw new PowerCut("cut");
      });
      const device = restarted(store);
      let told = false;
      try {
        told = device.command("reset settings --yes").ok;
      } catch (error) {
        assert.ok(error instanceof PowerCut);
      }
      const again = restarted(flash);
      const done = again.command("show").ssid === undefined;
      assert.ok(done || !told, `${moment} write ${write}: told and not done`);
      assert.equal(holdsSecret(flash), !done, `${moment} write ${write}`);
      assert.deepEqual(found(flash), before);
    }
});

test("registers are reset by nothing", () => {
  const store = used();
  const before = found(store);
  const device = restarted(store);
  const answer = device.command("reset registers --yes");
  assert.match(faults(answer)[0], /^registers are never reset/);
  assert.deepEqual(found(store), before);
});

test("a reset of the identity asks for the key that it gives up, and says what is lost", () => {
  const store = used();
  const before = found(store);
  const device = restarted(store, { waiting: 2 });
  const digits = DIGITS(device);
  for (const line of ["", "--yes", "--yes --confirm 00000000", `--confirm ${digits}`]) {
    const answer = device.command(`reset identity ${line}`);
    assert.match(
      faults(answer)[0],
      /leaves the old account .* and 2 messages that have no receipt/,
    );
    const cure = `write wattle reset identity --yes --confirm ${digits}`;
    assert.equal(answer.errors?.[0].cure, cure);
  }
  assert.deepEqual(device.changes, []);
  assert.deepEqual(found(store), before);
});

test("a reset of the identity: new key and code, numbers from one, registers go on", () => {
  const store = used();
  const before = found(store);
  const device = restarted(store);
  const claim = device.command("claim").claim;
  assert.equal(device.command(`reset identity --yes --confirm ${DIGITS(device)}`).ok, true);
  assert.deepEqual(device.changes, ["reset"]);
  assert.equal(
    device.provisioner.identity.ok && toHex(device.provisioner.identity.publicKey),
    before.key,
  );
  const after = found(store);
  assert.notEqual(after.key, before.key);
  assert.deepEqual(after, {
    ...before,
    key: after.key,
    said: 0,
    txSeq: 0,
    boundary: 0,
    outbox: 0,
  });
  const again = restarted(store);
  assert.notEqual(again.command("claim").claim, claim);
  assert.equal((again.command("show").settings as Record<string, string>).area, "street");
  assert.equal(store.get("k2"), undefined);
  // No old numbers wait in the slot that does not count at present.
  for (const slot of ["s0", "s1"]) {
    const kept = store.get(slot)!;
    store.delete(slot);
    assert.equal(new Journal(store).recover().saidSeq, 0, `without ${slot}`);
    store.set(slot, kept);
  }
  assert.deepEqual(found(store), after, "it happens once");
});

test("what the node says between the reset and the start is counted on the registers", () => {
  const store = used();
  const device = restarted(store);
  const digits = DIGITS(device);
  const journal = new Journal(store);
  const state = journal.recover();
  device.command(`reset identity --yes --confirm ${digits}`);
  state.registers = registersAt(999_999n);
  journal.say(state, "reading", Uint8Array.of(4));
  assert.match(found(store).registers, /999999/);
  assert.equal(found(store).said, 0);
});

test("a damaged identity is replaced on purpose only, and the registers go on", () => {
  const store = used();
  const before = found(store);
  for (const key of ["i0", "i1"]) store.set(key, Uint8Array.of(1, 2, 3, 4, 5, 6));
  assert.equal(found(store).key, "damaged");
  const device = restarted(store);
  const digits = before.key.slice(0, 8);
  assert.equal(device.command(`reset identity --yes --confirm ${digits}`).ok, true);
  const after = found(store);
  assert.match(after.key, /^[0-9a-f]{64}$/);
  assert.notEqual(after.key, before.key);
  assert.deepEqual([after.said, after.registers], [0, before.registers]);
  store.delete("k0");
  for (const key of ["i0", "i1"]) store.set(key, Uint8Array.of(1, 2, 3, 4, 5, 6));
  const nameless = restarted(store);
  assert.equal(nameless.command("reset identity --yes").ok, false);
  assert.equal(nameless.command("reset identity --yes --confirm new-identity").ok, true);
  assert.match(found(store).key, /^[0-9a-f]{64}$/);
});

/** Runs the reset and the start after it, cut at the given writes, until a start gets through. */
function cutReset(
  cuts: readonly number[],
  moment: WriteMoment,
): { after: Found; writes: number; told: boolean } {
  const flash = used();
  const digits = found(flash).key.slice(0, 8);
  let writes = 0;
  const store = countingStore(flash, (_, at) => {
    if (at === "before") writes++;
    if (at === moment && cuts.includes(writes)) throw new PowerCut("cut");
  });
  let told = false;
  for (let start = 0; start <= cuts.length + 1; start++)
    try {
      const device = restarted(store, { entropy: seeded(50 + start) });
      if (!told && device.provisioner.identity.ok && start === 0)
        told = device.command(`reset identity --yes --confirm ${digits}`).ok;
    } catch (error) {
      assert.ok(error instanceof PowerCut);
    }
  return { after: found(flash), writes, told };
}

test("power cuts in every write of a reset, and again in every write after: old or new, never half", (t) => {
  const before = found(used());
  const { writes } = cutReset([], "before");
  assert.ok(writes > 8, `${writes} writes`);
  let cases = 0;
  for (const moment of ["before", "during", "after"] as const)
    for (let first = 1; first <= writes + 1; first++)
      for (let second = first; second <= first + writes; second++) {
        const { after, told } = cutReset([first, second], moment);
        const what = `${moment} writes ${first} and ${second}`;
        cases++;
        assert.equal(after.registers, before.registers, what);
        assert.equal(after.foreign, before.foreign, what);
        assert.equal(after.boot, before.boot, what);
        const { said, txSeq, outbox } = after;
        if (after.key === before.key) {
          assert.equal(told, false, `${what}: told and not done`);
          assert.deepEqual(after, before, what);
        } else assert.deepEqual([said, txSeq, outbox], [0, 0, 0], what);
      }
  t.diagnostic(`${writes} writes, ${cases} cases`);
});

test("a stuck source makes no new identity, and the old one stays", () => {
  const store = used();
  const before = found(store);
  const device = restarted(store, { entropy: { bytes: (length) => new Uint8Array(length) } });
  const answer = device.command(`reset identity --yes --confirm ${DIGITS(device)}`);
  assert.match(faults(answer)[0], /stuck/);
  assert.deepEqual(device.changes, []);
  assert.deepEqual(found(store), before);
});
