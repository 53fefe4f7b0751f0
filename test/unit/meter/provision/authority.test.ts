// SPDX-License-Identifier: Apache-2.0
/** The certificate of the broker's authority: by the console, in the store, over cuts and resets. */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import fc from "fast-check";
import { countingStore, memoryStore, PowerCut } from "#host-sim/fleet/store";
import { decodeBase64 } from "#meter/provision/base64";
import { certificate, newKey, pem } from "#test/helpers/certificates";
import { AUTHORITY, FULL, restarted, TestDevice } from "./device.ts";

const { faults } = TestDevice;
const OTHER = certificate({ subject: "another", key: newKey(), ca: true });
const shown = (bytes: Uint8Array) => createHash("sha256").update(bytes).digest("hex").slice(0, 16);

function stored(device: TestDevice): string | undefined {
  const { authority } = device.provisioner.link().broker;
  return authority && shown(authority);
}

test("an mqtts broker needs its authority, and a plain one does not", () => {
  const device = new TestDevice({ wifi: null });
  assert.deepEqual(device.set(...FULL).missing, ["ca"]);
  assert.equal(device.provisioner.provisioned(), undefined);
  assert.deepEqual(device.provisioner.missing(), ["ca"]);
  const answer = device.trust(AUTHORITY);
  assert.deepEqual(answer, { cmd: "ca", ok: true, ca: shown(AUTHORITY), missing: [] });
  assert.ok(device.provisioner.provisioned());
  assert.deepEqual(device.changes, ["settings", "settings"]);
  assert.deepEqual(device.command("ca clear").missing, ["ca"]);
  assert.deepEqual(device.set("broker=mqtt://h").missing, []);
});

test("what is shown is its fingerprint, and it is kept over a start", () => {
  const device = new TestDevice();
  assert.equal(device.command("show").ca, undefined);
  device.trust(AUTHORITY);
  assert.equal(device.command("show").ca, shown(AUTHORITY));
  const again = restarted(device.store);
  assert.equal(again.command("show").ca, shown(AUTHORITY));
  assert.equal(stored(again), shown(AUTHORITY));
  assert.equal(again.said.includes(AUTHORITY.toString("base64").slice(100, 140)), false);
});

test("the lines of a PEM file, and any other lengths", () => {
  for (const lineBytes of [1, 48, 360]) {
    const device = new TestDevice();
    assert.equal(device.trust(AUTHORITY, lineBytes).ca, shown(AUTHORITY));
  }
  const device = new TestDevice();
  device.command("ca begin");
  for (const line of pem(AUTHORITY).split("\n").slice(1, -2)) device.command(`ca add ${line}`);
  assert.equal(device.command("ca end").ca, shown(AUTHORITY));
});

test("the same one again changes nothing; another replaces it", () => {
  const device = new TestDevice();
  device.trust(AUTHORITY);
  device.trust(AUTHORITY);
  assert.deepEqual(device.changes, ["settings"]);
  device.trust(OTHER);
  assert.equal(stored(device), shown(OTHER));
  device.command("ca clear");
  device.command("ca clear");
  assert.deepEqual(device.changes, ["settings", "settings", "settings"]);
  assert.equal(stored(restarted(device.store)), undefined);
});

test("what cannot be used is refused, and the stored one stays", () => {
  const device = new TestDevice();
  device.trust(AUTHORITY);
  const reasons = [
    [certificate({ subject: "x", key: newKey() }), /cannot be used: not an authority's/],
    [certificate({ subject: "x", key: newKey(), ca: true, hash: "sha384" }), /over SHA-256/],
    [Buffer.from("no certificate at all"), /cannot be used/],
    [Buffer.alloc(0), /cannot be used: cut short/],
    [Buffer.alloc(2049), /is longer than 2048 bytes/],
  ] as const;
  for (const [bytes, reason] of reasons) {
    const [fault] = faults(device.trust(bytes));
    assert.match(fault, /^ca /);
    assert.match(fault, reason);
    assert.equal(stored(device), shown(AUTHORITY));
  }
  assert.match(faults(device.command("ca end"))[0], /was not begun/);
  assert.match(faults(device.command("ca add AAAA"))[0], /was not begun/);
  device.command("ca begin");
  assert.match(faults(device.command("ca add A-B="))[0], /no base64/);
  assert.match(faults(device.command("ca end"))[0], /was not begun/, "it was given up");
  for (const line of ["ca", "ca add", "ca begin now", "ca show", "ca add AAAA BBBB"])
    assert.match(faults(device.command(line))[0], /is none of the four/);
  assert.deepEqual(device.changes, ["settings"]);
});

test("a power cut in any write leaves the old one or the new one", () => {
  for (const before of [undefined, AUTHORITY])
    for (const moment of ["before", "during", "after"]) {
      const flash = memoryStore();
      const first = new TestDevice({ store: flash });
      if (before) first.trust(before);
      const store = countingStore(flash, (_, at) => {
        if (at === moment) throw new PowerCut("cut");
      });
      let told = false;
      try {
        told = restarted(store).trust(OTHER).ok;
      } catch (error) {
        assert.ok(error instanceof PowerCut);
      }
      const after = stored(restarted(flash));
      assert.ok(after === shown(OTHER) || (!told && after === (before && shown(before))), moment);
    }
});

test("one that is damaged is none, and is said; the one before it counts", () => {
  const device = new TestDevice();
  const tear = (key: string) => {
    const bytes = device.store.get(key)!;
    bytes[20] ^= 1;
    device.store.set(key, bytes);
  };
  device.trust(OTHER);
  device.trust(AUTHORITY);
  tear("tlsca0");
  const before = restarted(device.store);
  assert.equal(stored(before), shown(OTHER));
  assert.ok(before.logs.includes('warn authority-damaged {"damaged":1}'));
  tear("tlsca1");
  const none = restarted(device.store);
  assert.equal(stored(none), undefined);
  assert.ok(none.logs.includes('error authority-damaged {"damaged":2}'));
  none.command("ca clear");
  assert.equal(
    restarted(device.store).logs.some((line) => line.includes("damaged")),
    false,
  );
});

test("nothing of it is left in the store once it is forgotten", () => {
  const device = new TestDevice();
  device.trust(AUTHORITY);
  device.trust(OTHER);
  device.command("ca clear");
  for (const key of device.store.keys("tlsca")) assert.ok(device.store.get(key)!.length < 20, key);
});

test("a reset of the settings forgets it first, one of the identity keeps it", () => {
  const device = new TestDevice();
  device.set(...FULL);
  device.trust(AUTHORITY);
  const kept = restarted(device.store);
  const digits = String(kept.command("show").publicKey).slice(0, 8);
  kept.command(`reset identity --yes --confirm ${digits}`);
  assert.equal(stored(restarted(device.store)), shown(AUTHORITY));
  let write = 0;
  const cut = countingStore(device.store, (_, at) => {
    if (at === "before" && ++write === 2) throw new PowerCut("cut");
  });
  assert.throws(() => restarted(cut).command("reset settings --yes"), PowerCut);
  const half = restarted(device.store);
  assert.equal(stored(half), undefined, "never the old authority for a new owner");
  half.command("reset settings --yes");
  assert.equal(restarted(device.store).command("show").ca, undefined);
});

test("base64 is RFC 4648's, with one text for the bytes", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 60 }), (bytes) => {
      assert.deepEqual(decodeBase64(Buffer.from(bytes).toString("base64")), bytes);
    }),
  );
  fc.assert(
    fc.property(fc.string({ maxLength: 12 }), (text) => {
      const bytes = decodeBase64(text);
      if (bytes) assert.equal(Buffer.from(bytes).toString("base64"), text);
    }),
  );
  for (const text of ["A", "AB", "ABC", "AB=C", "A===", "AB==CDEF", "AB-_", "AB==\n", "AR=="])
    assert.equal(decodeBase64(text), undefined, text);
});
