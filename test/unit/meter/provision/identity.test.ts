// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { test } from "node:test";
import { toHex } from "#core/codec/bytes";
import type { Entropy } from "#core/crypto/port";
import { countingStore, memoryStore, PowerCut } from "#host-sim/fleet/store";
import { Journal } from "#meter/journal";
import type { KeyValueStore } from "#meter/ports";
import { newClaim, openClaim } from "#meter/provision/claim";
import { openIdentity, writeIdentity } from "#meter/provision/identity";
import { chess, crypto, restarted, seeded, TestDevice } from "./device.ts";

const log = () => {};

function open(store: KeyValueStore, entropy: Entropy = seeded(5)) {
  return openIdentity({ store, crypto, entropy, log });
}

/** The public key, or what is wrong. */
function keyOf(store: KeyValueStore, entropy?: Entropy): string {
  const identity = open(store, entropy);
  return identity.ok ? toHex(identity.publicKey) : identity.fault;
}

function entries(store: KeyValueStore): Map<string, string> {
  return new Map(store.keys("").map((key) => [key, toHex(store.get(key)!)]));
}

function tear(store: KeyValueStore, key: string): void {
  const value = store.get(key)!;
  store.set(key, value.fill(0xff, Math.floor(value.length / 2)));
}

test("the first start makes a key, and every later one finds it", () => {
  const store = memoryStore();
  const key = keyOf(store, seeded(1));
  assert.match(key, /^[0-9a-f]{64}$/);
  const before = entries(store);
  assert.equal(keyOf(store, seeded(2)), key);
  assert.deepEqual(entries(store), before, "a start writes nothing");
  assert.notEqual(keyOf(memoryStore(), seeded(2)), key);
});

const STUCK: [name: string, entropy: Entropy][] = [
  ["all zeros", { bytes: (length) => new Uint8Array(length) }],
  ["one byte again and again", { bytes: (length) => new Uint8Array(length).fill(0xa5) }],
  ["the same draw twice", { bytes: (length) => Uint8Array.from({ length }, (_, i) => i) }],
  ["nothing", { bytes: () => new Uint8Array(0) }],
];
{
  const buffer = Uint8Array.from({ length: 32 }, (_, i) => i * 3);
  STUCK.push(["one buffer that nobody fills", { bytes: () => buffer }]);
  let byte = 0;
  STUCK.push([
    "equal bytes, other ones each time",
    { bytes: (n) => new Uint8Array(n).fill(++byte) },
  ]);
  let draws = 0;
  const dies = (length: number) => Uint8Array.from({ length }, (_, i) => (draws++ < 1 ? i : 0));
  STUCK.push(["a source that dies after the first byte", { bytes: dies }]);
}

for (const [name, entropy] of STUCK)
  test(`stuck entropy: ${name}`, () => {
    const store = memoryStore();
    assert.equal(keyOf(store, entropy), "entropy");
    assert.deepEqual(store.keys(""), [], "nothing is stored");
    const device = new TestDevice({ store, entropy });
    const shown = device.command("show");
    assert.equal(shown.identity, "entropy");
    assert.match(String(shown.cause), /stuck/);
    assert.match(String(shown.cure), /off and on/);
    assert.equal(device.provisioner.missing()[0], "identity");
    assert.equal(device.command("claim").ok, false);
    assert.equal(device.command("reset identity --yes --confirm new-identity").ok, false);
    assert.match(keyOf(store, seeded(1)), /^[0-9a-f]{64}$/, "a source that lives makes one");
  });

test("a power cut in any write of the first start: one whole identity in the end", () => {
  const made = new Set<string>();
  for (let write = 1; write <= 3; write++)
    for (const moment of ["before", "during", "after"]) {
      const flash = memoryStore();
      const store = countingStore(flash, (n, at) => {
        if (n === write && at === moment) throw new PowerCut("cut");
      });
      assert.throws(() => open(store, seeded(1)), PowerCut);
      const key = keyOf(flash, seeded(2));
      assert.match(key, /^[0-9a-f]{64}$/, `${moment} write ${write}`);
      made.add(key);
      assert.deepEqual([...entries(flash).keys()].sort(), ["i0", "i1", "k0"]);
      assert.equal(keyOf(flash, seeded(3)), key, "and it stays");
    }
  assert.equal(made.size, 2, "the first, where a whole copy of it was left, else a second");
});

test("one damaged copy is mended from the other, whatever was damaged", () => {
  for (const keys of [["i0"], ["i1"], ["k0"], ["i0", "k0"], ["i1", "k0"]])
    for (const damage of [tear, (store: KeyValueStore, key: string) => store.delete(key)]) {
      const store = memoryStore();
      const key = keyOf(store);
      const before = entries(store);
      for (const one of keys) damage(store, one);
      assert.equal(keyOf(store, seeded(9)), key, String(keys));
      assert.deepEqual(entries(store), before, String(keys));
    }
});

test("a key that is damaged twice is an error, and no new key", () => {
  for (const damage of [tear, (store: KeyValueStore, key: string) => store.delete(key)]) {
    const store = memoryStore();
    const lost = keyOf(store);
    damage(store, "i0");
    damage(store, "i1");
    const before = entries(store);
    const identity = open(store, seeded(9));
    assert.ok(!identity.ok);
    assert.equal(identity.fault, "damaged");
    assert.equal(toHex(identity.publicKey!), lost, "whose it was");
    assert.deepEqual(entries(store), before);
    const device = restarted(store);
    assert.equal(device.command("show").identity, "damaged");
    assert.equal(device.command("show").publicKey, lost);
    assert.equal(device.command("claim").ok, false);
    assert.equal(device.provisioner.provisioned(), undefined);
  }
});

test("all of it damaged, seal included, is an error too", () => {
  const store = memoryStore();
  keyOf(store);
  for (const key of ["i0", "i1", "k0"]) tear(store, key);
  assert.equal(keyOf(store, seeded(9)), "damaged");
});

test("a device that has spoken makes no key where its key is gone", () => {
  const store = memoryStore();
  const journal = new Journal(store);
  journal.save(journal.recover());
  assert.equal(keyOf(store), "damaged");
  assert.deepEqual(store.keys("i"), []);
});

test("a torn first copy is no first start where anything else is there", () => {
  const store = memoryStore();
  keyOf(store);
  tear(store, "i0");
  store.delete("i1");
  assert.equal(keyOf(store, seeded(9)), "damaged", "the seal says that there was one");
});

test("copies that differ are an error, unless the seal says which is right", () => {
  const other = memoryStore();
  keyOf(other, seeded(7));
  const store = memoryStore();
  const key = keyOf(store, seeded(1));
  store.set("i0", other.get("i0")!);
  assert.equal(keyOf(store), key);
  store.set("i0", other.get("i0")!);
  store.delete("k0");
  assert.equal(keyOf(store), "damaged");
});

test("a whole copy that is not the seal's key is damage: it would be another node", () => {
  const store = memoryStore();
  keyOf(store);
  const seal = store.get("k0")!;
  writeIdentity(store, crypto, { generation: 1, secretKey: new Uint8Array(32).fill(9) });
  store.set("k0", seal);
  assert.equal(keyOf(store), "damaged");
});

test("the claim code: eight characters of base 32, kept until it is replaced or spent", () => {
  const device = new TestDevice({ qr: true });
  const { claim, qr, publicKey } = device.command("claim");
  assert.match(String(claim), /^[0-9A-HJKMNP-TV-Z]{4}-[0-9A-HJKMNP-TV-Z]{4}$/);
  assert.equal(qr, `WATTLE1:${String(publicKey).toUpperCase()}:${claim}`);
  assert.match(
    String(qr),
    /^[0-9A-Z $%*+\-./:]{82}$/,
    "QR alphanumeric, version 4 level M holds 90",
  );
  assert.equal(device.command("claim").claim, claim);
  const again = restarted(device.store);
  assert.equal(again.command("claim").claim, claim);
  const fresh = again.command("claim new").claim;
  assert.notEqual(fresh, claim);
  again.provisioner.onClaimed();
  const spent = restarted(device.store, { entropy: seeded(100) });
  assert.deepEqual(spent.command("claim"), { cmd: "claim", ok: true, publicKey, claimed: true });
  assert.equal(spent.command("qr").ok, false);
  assert.notEqual(spent.command("claim new").claim, fresh);
});

test("40 bits as base 32: the highest, the lowest, and one by hand", () => {
  // 0x0123456789 = 00000 00100 10001 10100 01010 11001 11100 01001
  const cases: [bytes: number[], code: string][] = [
    [[0, 0, 0, 0, 0], "0000-0000"],
    [[255, 255, 255, 255, 255], "ZZZZ-ZZZZ"],
    [[1, 0x23, 0x45, 0x67, 0x89], "04HM-ASW9"],
  ];
  for (const [bytes, code] of cases) {
    const sha256 = () => Uint8Array.from([...bytes, ...new Uint8Array(27)]);
    const claim = newClaim(memoryStore(), { ...crypto, sha256 }, seeded(1), 1);
    assert.equal(claim?.code, code);
  }
});

test("a torn claim code is made again, and a code of another identity too", () => {
  const store = memoryStore();
  const claim = openClaim(store, crypto, seeded(1), 1)!;
  assert.deepEqual(openClaim(store, crypto, seeded(2), 1), claim);
  assert.notDeepEqual(openClaim(memoryStore(), crypto, seeded(2), 1), claim);
  tear(store, "k1");
  const made = openClaim(store, crypto, seeded(2), 1)!;
  assert.notEqual(made.code, claim.code);
  assert.notEqual(openClaim(store, crypto, seeded(3), 2)?.code, made.code);
});

test("the code is drawn with half blocks, four light modules around it", () => {
  const device = new TestDevice({ qr: true });
  const answer = device.command("qr");
  assert.deepEqual(answer, { cmd: "qr", ok: true, lines: 21 });
  const rows = device.lines.map((line) => line.slice("\x1b[30;107m".length, -"\x1b[0m".length));
  assert.ok(rows.every((row) => [...row].length === 41));
  const { size, modules } = chess(33);
  const dark = (x: number, y: number) =>
    x >= 0 && y >= 0 && x < size && y < size && modules[y * size + x] === 1;
  for (const [i, row] of rows.entries())
    for (const [column, block] of [...row].entries()) {
      const upper = dark(column - 4, 2 * i - 4);
      const lower = dark(column - 4, 2 * i - 3);
      assert.equal(block, upper ? (lower ? "█" : "▀") : lower ? "▄" : " ", `${column},${i}`);
    }
});

test("without an encoder the text is what is there", () => {
  const device = new TestDevice();
  assert.equal(device.command("qr").ok, false);
  assert.equal(device.command("claim").ok, true);
});
