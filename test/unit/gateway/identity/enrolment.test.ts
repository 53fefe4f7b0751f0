// SPDX-License-Identifier: Apache-2.0
/** Who may take part: certificates that are asked for, given, renewed, expired and revoked in a running area. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { toHex } from "#core/codec/bytes";
import { Subject } from "#core/records/authority";
import { claimHash } from "#core/trust/claim";
import { audit } from "#gateway/audit/audit";
import { Gateway } from "#gateway/gateway";
import { TestAuthority, TestShelf } from "#test/helpers/authority";
import { crypto, LocalArea, type LocalAreaSetup, named, worldOf } from "#test/helpers/local-area";

const CLAIM = "ABCD-EFGH";
/** Two homes that trade in every slot, and one that is idle. */
const SLOTS = 12;
const rows = [1000, -1000, 0].map((netWh) => new Array(SLOTS).fill(netWh));
const START_MS = worldOf(rows).startMs;
const SLOT_MS = 900_000;

interface Made {
  area: LocalArea;
  authority: TestAuthority;
  shelf: TestShelf;
  keys: Uint8Array[];
}

/** An area of an authority; nobody has a certificate yet but the gateway. */
function make(setup: Partial<LocalAreaSetup> = {}): Made {
  const authority = new TestAuthority("test");
  const shelf = new TestShelf();
  const gatewayKey = crypto.publicKey(named("gateway"));
  shelf.authorityBytes = authority.record();
  shelf.held.push(authority.issue(gatewayKey, { subject: Subject.gateway, area: "a" }));
  const area = new LocalArea({
    world: worldOf(rows),
    identity: { shelf, seals: authority.seals() },
    authority: authority.anchorKey,
    enrolment: () => ({ meter: "", connectionW: 40_000, claim: CLAIM }),
    options: { clock: { kind: "running", ratePermille: 1000 } },
    ...setup,
  });
  const keys = rows.map((_, home) => crypto.publicKey(area.secretKeyOf(home)));
  return { area, authority, shelf, keys };
}

/** Gives every home a certificate before anything begins; its serial is home + 2. */
function certifyAll({ authority, shelf, keys }: Made, fields = {}): void {
  for (const key of keys) shelf.held.push(authority.issue(key, fields));
}

/** The operator's folder has changed. */
async function look({ area }: Made): Promise<void> {
  await area.gateway.lookAtIdentities();
  await area.settle();
}

/** Goes on until `count` more slots are settled. */
async function runSlots(area: LocalArea, count: number): Promise<void> {
  const end = area.gateway.area.settledSlots + count;
  await area.run(() => area.gateway.area.settledSlots >= end);
}

/** The log holds what it should, by the offline check. */
function verified({ area }: Made): void {
  const result = audit(area.store.read(), { crypto });
  assert.deepEqual(result.ok ? [] : result.faults, []);
}

const idOf = ({ area }: Made, home: number) => area.running[home]!.node.id;
const refusals = ({ area }: Made, code: string) =>
  area.gateway.area.counters.byCode.get(code as never) ?? 0;
const codesAt = ({ area }: Made, home: number) =>
  area.logs
    .filter(({ who, event }) => who === `home ${home}` && event === "not-admitted")
    .map(({ facts }) => (facts as { code: string }).code);

test("from nothing: nodes ask, the operator decides, and the area trades", async () => {
  const made = make();
  const { area, shelf, keys } = made;
  await area.start();
  await area.settle();
  assert.equal(area.gateway.area.sessions.size, 0);
  assert.equal(shelf.requests.size, keys.length);
  for (const [home, key] of keys.entries()) {
    const asked = shelf.asked(idOf(made, home));
    assert.deepEqual(asked.claim, claimHash(crypto, key, CLAIM));
    assert.equal(asked.renews, 0);
    assert.deepEqual(codesAt(made, home), ["NOT_ENROLLED", "ENROL_PENDING"]);
  }
  certifyAll(made);
  await look(made);
  assert.equal(area.gateway.area.sessions.size, keys.length);
  await area.run();
  assert.equal(area.gateway.area.settledSlots, SLOTS);
  assert.equal(area.gateway.area.tradedWh, SLOTS * 1000);
  assert.deepEqual(area.gateway.area.missedSlots, []);
  verified(made);
});

test("a revoked member is out at once, the others go on, and it still hears its balance", async () => {
  const made = make();
  const { area, authority, shelf } = made;
  certifyAll(made);
  await area.start();
  await runSlots(area, 3);
  const before = area.gateway.area.tradedWh;
  shelf.heldLists.push(authority.list([3])); // home 1, the seller
  await look(made);
  await runSlots(area, 2);
  assert.ok(area.gateway.area.tradedWh <= before + 1000, "no more than what was under way");
  assert.ok(refusals(made, "CERT_REVOKED") > 0);
  const accounts: number[] = [];
  const id = idOf(made, 1);
  area.bus.subscribe(area.gateway.area.topics.down(id, "account"), () => {
    accounts.push(1);
  });
  area.stopNode(1);
  area.startNode(1);
  await area.settle();
  assert.equal(codesAt(made, 1).at(-1), "CERT_REVOKED");
  assert.ok(accounts.length > 0, "balance");
  await area.run();
  assert.equal(area.gateway.area.settledSlots, SLOTS);
  area.gateway.area.chain.state.assertConserved();
  verified(made);
});

test("a certificate that ends in the middle: refused from that slot on, and a renewal goes on", async () => {
  const untilMs = START_MS + 4 * SLOT_MS;
  const made = make();
  const { area, authority, shelf, keys } = made;
  shelf.held.push(authority.issue(keys[0], { fromMs: START_MS - SLOT_MS, untilMs }));
  for (const home of [1, 2]) shelf.held.push(authority.issue(keys[home]));
  await area.start();
  await runSlots(area, 5);
  assert.ok(refusals(made, "CERT_EXPIRED") > 0);
  const asked = shelf.asked(idOf(made, 0));
  assert.equal(asked.renews, 2, "asked for more time before it was over");
  const traded = area.gateway.area.tradedWh;
  assert.ok(traded < 5000);
  shelf.held.push(authority.issue(keys[0]));
  await look(made);
  area.stopNode(0);
  area.startNode(0);
  await area.run();
  assert.ok(area.gateway.area.tradedWh > traded, "it trades again");
  verified(made);
});

test("a refused request, one too many, and a capacity beyond the connection", async () => {
  const made = make();
  const { area, authority, shelf, keys } = made;
  shelf.requestsMax = 2;
  await area.start();
  await area.settle();
  assert.deepEqual(codesAt(made, 2), ["NOT_ENROLLED", "ENROL_FULL"]);
  shelf.refusedIds.add(shelf.asked(idOf(made, 0)).request);
  area.running[0]!.node.enrolment!.onRefused(20); // asks at once
  await area.settle();
  assert.equal(codesAt(made, 0).at(-1), "ENROL_REFUSED");
  // 10 kWh in a quarter of an hour are 40 kW.
  shelf.held.push(authority.issue(keys[1], { connectionW: 39_999 }));
  await look(made);
  assert.equal(codesAt(made, 1).at(-1), "CAPACITY_OVER");
  assert.equal(area.gateway.area.sessions.size, 0);
});

test("what is in the folder and not of this authority is worth nothing", async () => {
  const made = make();
  const { area, shelf, keys } = made;
  const other = new TestAuthority("test", "another");
  const foreign = new TestAuthority("elsewhere");
  shelf.held.push(other.issue(keys[0], { authority: made.authority.id, serial: 9 }));
  shelf.held.push(foreign.issue(keys[1]));
  const damaged = made.authority.issue(keys[2]);
  damaged[damaged.length - 5] ^= 1;
  shelf.held.push(damaged, Uint8Array.of(1, 2, 3));
  shelf.heldLists.push(other.list([1]), Uint8Array.of(0x80));
  await area.start();
  await area.settle();
  assert.equal(area.gateway.area.sessions.size, 0);
  assert.equal(area.gateway.area.registry.listBytes(Subject.node), undefined);
  const ignored = area.logs.filter(({ event }) => event === "identity-ignored");
  assert.equal(ignored.length, 6);
});

test("a node brings its certificate along; another's, or a forged one, is worth nothing", async () => {
  const made = make();
  const { area, authority, shelf, keys } = made;
  await area.start();
  await area.settle();
  const show = async (home: number, encoded: Uint8Array) => {
    const id = idOf(made, home);
    area.bus.publish(area.gateway.area.topics.up(id, "certificate"), encoded, { retain: false });
    await area.settle();
    await look(made);
  };
  await show(0, authority.issue(keys[1]));
  assert.equal(refusals(made, "NODE_MISMATCH"), 1);
  await show(0, new TestAuthority("test", "another").issue(keys[0]));
  assert.equal(refusals(made, "CERT_INVALID"), 1);
  await show(0, authority.issue(keys[0]));
  assert.equal(area.gateway.area.registry.certificateOf(idOf(made, 0))?.certificate.serial, 3);
  assert.equal(shelf.held.length, 1, "not by way of the folder");
});

test("a node with an anchor says nothing to a gateway without a certificate, or with a revoked one", async () => {
  const made = make();
  const { area, authority, shelf } = made;
  shelf.held.length = 0;
  certifyAll(made);
  await area.start();
  await area.settle();
  assert.equal(area.gateway.area.sessions.size, 0);
  const gatewayKey = crypto.publicKey(named("gateway"));
  shelf.held.push(authority.issue(gatewayKey, { subject: Subject.gateway, area: "b" }));
  await look(made);
  assert.equal(area.gateway.area.sessions.size, 0, "for another area");
  shelf.held.push(authority.issue(gatewayKey, { subject: Subject.gateway, area: "a" }));
  await look(made);
  assert.equal(area.gateway.area.sessions.size, 3);
  await runSlots(area, 2);
  const said = area.running[0]!.node.state.saidSeq;
  shelf.heldLists.push(authority.list([6], Subject.gateway));
  await look(made);
  assert.equal(area.running[0]!.node.speaker.open, false);
  assert.ok(said > 0);
});

test("a restart has the same authority, certificates and lists from its log", async () => {
  const made = make();
  const { area, authority, shelf } = made;
  certifyAll(made);
  await area.start();
  await runSlots(area, 2);
  shelf.heldLists.push(authority.list([3]));
  await look(made);
  await runSlots(area, 2);
  const again = new Gateway(area.options, {
    ...area.portsForReplay(),
    identity: { shelf: new TestShelf(), seals: authority.seals() },
  });
  await again.start();
  const [before, after] = [area.gateway.area, again.area];
  assert.deepEqual(after.registry.listBytes(Subject.node), before.registry.listBytes(Subject.node));
  for (const id of before.sessions.keys()) {
    assert.equal(after.barred(id), before.barred(id));
    assert.equal(
      after.registry.certificateOf(id)?.certificate.serial,
      before.registry.certificateOf(id)?.certificate.serial,
    );
  }
  assert.equal(
    toHex(after.chain.head!.header.stateRoot),
    toHex(before.chain.head!.header.stateRoot),
  );
});
