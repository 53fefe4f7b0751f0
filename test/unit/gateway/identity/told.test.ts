// SPDX-License-Identifier: Apache-2.0
/**
 * Members that may not take part any more hear of it at once, though a broker takes nothing of theirs but requests:
 * the wire of these tests does as its rules do.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { toHex } from "#core/codec/bytes";
import { nodeIdOf } from "#core/identity";
import { CERTIFICATES_PER_IMPORT } from "#core/limits";
import { Subject } from "#core/records/authority";
import type { SealJob } from "#gateway/identity/ports";
import { TestAuthority, TestShelf } from "#test/helpers/authority";
import { crypto, LocalArea, named, worldOf } from "#test/helpers/local-area";

const SLOTS = 14;
const SLOT_MS = 900_000;
const rows = [1000, -1000].map((netWh) => new Array(SLOTS).fill(netWh));
const START_MS = worldOf(rows).startMs;

/** Two homes with certificates, the first of which is valid until `untilMs`. */
async function begin(untilMs: number) {
  const authority = new TestAuthority("test");
  const shelf = new TestShelf();
  const gatewayKey = crypto.publicKey(named("gateway"));
  shelf.authorityBytes = authority.record();
  shelf.held.push(authority.issue(gatewayKey, { subject: Subject.gateway, area: "a" }));
  const area: LocalArea = new LocalArea({
    world: worldOf(rows),
    identity: { shelf, seals: authority.seals() },
    authority: authority.anchorKey,
    enrolment: () => ({ meter: "", connectionW: 40_000, claim: "" }),
    options: { clock: { kind: "running", ratePermille: 1000 } },
    up: (home, topic) => {
      const barred = area.gateway.area.barred(area.running[home]?.node.id ?? "");
      return !barred || /\/up\/(enrol|certificate)$/.test(topic);
    },
  });
  const keys = rows.map((_, home) => crypto.publicKey(area.secretKeyOf(home)));
  shelf.held.push(authority.issue(keys[0], { fromMs: START_MS - SLOT_MS, untilMs }));
  shelf.held.push(authority.issue(keys[1]));
  await area.start();
  const slots = async (count: number) => {
    const end = area.gateway.area.settledSlots + count;
    await area.run(() => area.gateway.area.settledSlots >= end);
  };
  const look = async () => {
    await area.gateway.lookAtIdentities();
    await area.settle();
  };
  const codes = (home: number) =>
    area.logs
      .filter(({ who, event }) => who === `home ${home}` && event === "not-admitted")
      .map(({ facts }) => (facts as { code: string }).code);
  return { area, authority, shelf, keys, slots, look, codes };
}

test("revoked: told once, with the list", async () => {
  const { area, authority, shelf, slots, look, codes } = await begin(Number.MAX_SAFE_INTEGER);
  await slots(3);
  assert.deepEqual(codes(1), []);
  shelf.heldLists.push(authority.list([3]));
  await look();
  assert.deepEqual(codes(1), ["CERT_REVOKED"]);
  assert.equal(area.gateway.area.counters.byCode.get("CERT_REVOKED"), 1);
  assert.equal(area.running[1]!.node.speaker.open, false, "it says nothing that nobody takes");
  await slots(3);
  assert.deepEqual([codes(0), codes(1)], [[], ["CERT_REVOKED"]]);
});

test("expired: told within a slot; with a new certificate it goes on without a new connection", async () => {
  const { area, authority, shelf, keys, slots, look, codes } = await begin(START_MS + 4 * SLOT_MS);
  await slots(6);
  assert.deepEqual(codes(0)[0], "CERT_EXPIRED");
  assert.equal(area.running[0]!.node.speaker.open, false);
  assert.equal(shelf.asked(area.running[0]!.node.id).renews, 2);
  const traded = area.gateway.area.tradedWh;
  assert.ok(traded > 0 && traded < 5000);
  shelf.held.push(authority.issue(keys[0]));
  await look();
  assert.equal(area.running[0]!.node.speaker.open, true);
  await area.run();
  assert.equal(area.gateway.area.settledSlots, SLOTS);
  assert.ok(area.gateway.area.tradedWh >= traded + 3000, `${area.gateway.area.tradedWh} Wh`);
});

test("a folder with more certificates than are checked at once is read to its end", async () => {
  const authority = new TestAuthority("test");
  const shelf = new TestShelf();
  shelf.authorityBytes = authority.record();
  const all = CERTIFICATES_PER_IMPORT + 3;
  const keyOf = (i: number) => crypto.publicKey(named(`one of many ${i}`));
  for (let i = 0; i < all; i++) shelf.held.push(authority.issue(keyOf(i)));
  const asked: number[] = [];
  const seals = {
    verifySeals: (_: Uint8Array, jobs: readonly SealJob[]) => {
      asked.push(jobs.length);
      return jobs.map(() => true);
    },
    verifyAll: () => true,
  };
  const area = new LocalArea({ world: worldOf(rows), identity: { shelf, seals } });
  await area.start();
  await area.settle();
  assert.deepEqual(asked.slice(0, 2), [CERTIFICATES_PER_IMPORT, 3]);
  const { registry } = area.gateway.area;
  const held = (i: number) => registry.certificateOf(toHex(nodeIdOf(crypto, keyOf(i))));
  for (let i = 0; i < all; i++) assert.ok(held(i), `certificate ${i}`);
});
