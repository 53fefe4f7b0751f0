// SPDX-License-Identifier: Apache-2.0
/** A node that goes to another gateway and back: it trades at both, and signs nothing twice. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { bytesEqual, toHex } from "#core/codec/bytes";
import { Subject } from "#core/records/authority";
import { EventKind } from "#core/records/event";
import { countingStore, memoryStore, PowerCut, type WriteMoment } from "#host-sim/fleet/store";
import { speaksElsewhere } from "#meter/state";
import { openMemoryStore } from "#node/store/memory";
import { TestAuthority, TestShelf } from "../helpers/authority.ts";
import { crypto, named } from "../helpers/local-area.ts";
import { checkBoth, ROAMER, type RoamerLog, Roaming } from "./roaming.ts";

/** What an honest node may hear: a slot that it comes into did not wait for it. */
const EXCUSED = new Set(["order ORDER_LATE", "order ORDER_NO_RESERVE", "order ORDER_REPEATED"]);

function noneRefused(logs: readonly RoamerLog[]): void {
  const refused = logs.flatMap((log) => log.refused);
  assert.deepEqual(
    refused.filter((line) => !EXCUSED.has(line)),
    [],
  );
}

function noAlarms(roaming: Roaming): void {
  for (const area of roaming.areas) {
    const alarms = area.logs.filter(({ event }) => event === "alarm" || event === "state-lost");
    assert.deepEqual(alarms, []);
  }
}

const legsFrom = ({ legs }: RoamerLog, fromMwh: bigint) =>
  legs.filter((leg) => leg.fromMwh >= fromMwh);

test("to another gateway and back: it trades at each, and no energy counts twice", async () => {
  const roaming = new Roaming({ flash: memoryStore() });
  await roaming.start();
  await roaming.run(4);
  roaming.roam();
  await roaming.run(7);
  const back = roaming.node.state.registers;
  const [soldMwh, boughtMwh] = [back.exportMwh, back.importMwh];
  roaming.roam();
  await roaming.run(7);
  noAlarms(roaming);
  const [a, b] = checkBoth(roaming);
  noneRefused([a, b]);
  assert.deepEqual([a.arrivals.length, b.arrivals.length], [1, 1]);
  for (const sold of [true, false]) {
    assert.ok(
      b.legs.some((leg) => leg.sold === sold),
      "it sells and buys at the second",
    );
    const after = legsFrom(a, sold ? soldMwh : boughtMwh);
    assert.ok(
      after.some((leg) => leg.sold === sold),
      "and at the first, when it is back",
    );
  }
  // The chain goes on over both ledgers: each arrival names its head.
  const [{ txSeq, txid, dropped }] = b.arrivals;
  assert.equal(a.txs.get(txSeq) ?? toHex(txid!), toHex(txid!));
  assert.equal(Math.min(...b.txs.keys()), txSeq + 1);
  assert.ok(dropped > 0, "it left in the middle of something");
  assert.equal(Math.min(...[...a.txs.keys()].filter((n) => n > txSeq)), a.arrivals[0].txSeq + 1);
  const known = roaming.node.state.gateways.map(({ mark }) => toHex(mark));
  assert.deepEqual(
    known,
    roaming.areas.map((area) => area.gateway.area.id.slice(0, 16)),
  );
  // Between the stays nobody counts: the first interval begins with the first reading.
  const gaps = a.readings.filter(
    ({ boundary }, i) => i > 0 && boundary > a.readings[i - 1].boundary + 1,
  );
  assert.equal(gaps.length, 1);
});

/** There and back, with the power cut at one moment of one write after the roamer leaves for the last time. */
async function cutAfterLeaving(write: number, moment: WriteMoment, backAgain: boolean) {
  let left = false;
  let writes = 0;
  let cut = false;
  const flash = countingStore(memoryStore(), (_, now) => {
    if (!left) return;
    if (now === "before") writes++;
    if (cut || writes !== write || now !== moment) return;
    cut = true;
    throw new PowerCut(`write ${write}`);
  });
  const roaming = new Roaming({ flash });
  await roaming.start();
  await roaming.run(3);
  left = !backAgain;
  roaming.roam();
  await roaming.run(4);
  left = true;
  roaming.roam();
  await roaming.run(4);
  roaming.roam();
  await roaming.run(3);
  return { roaming, cut };
}

for (const backAgain of [false, true])
  test(`power cuts while it goes ${backAgain ? "back" : "there"}: before, in and after each write`, async () => {
    let cases = 0;
    for (let write = 1; write <= 6; write++)
      for (const moment of ["before", "during", "after"] as const) {
        const { roaming, cut } = await cutAfterLeaving(write, moment, backAgain);
        assert.ok(cut, `write ${write} ${moment}`);
        noAlarms(roaming);
        const logs = checkBoth(roaming);
        noneRefused(logs);
        for (const { arrivals, legs } of logs) {
          assert.ok(arrivals.length >= 1 && arrivals.length <= 2);
          assert.ok(legs.length > 0);
        }
        cases++;
      }
    assert.equal(cases, 18);
  });

test("it leaves at any moment of a slot, and comes back at any moment", async () => {
  let arrivals = 0;
  for (let leave = 0; leave < 36; leave += 2) {
    const roaming = new Roaming({ flash: memoryStore() });
    await roaming.start();
    await roaming.run(2);
    await roaming.steps(leave, 8);
    roaming.roam();
    await roaming.steps((leave * 7) % 23, 8);
    roaming.roam();
    await roaming.run(5);
    roaming.roam();
    await roaming.run(4);
    noAlarms(roaming);
    const logs = checkBoth(roaming);
    noneRefused(logs);
    for (const log of logs) arrivals += log.arrivals.length;
    assert.ok(logs[1].legs.length > 0, "in the end it trades there");
  }
  assert.ok(arrivals > 18 && arrivals < 18 * 3, "sometimes it was gone before it was admitted");
});

test("to a third gateway of three, a few addresses in a set: none is used twice", async () => {
  const roaming = new Roaming({ flash: memoryStore(), wallets: 4, gateways: 4 });
  await roaming.start();
  for (const at of [1, 2, 3, 0, 2, 1]) {
    await roaming.run(3);
    roaming.roam(at);
  }
  await roaming.run(3);
  noAlarms(roaming);
  const logs = checkBoth(roaming);
  noneRefused(logs);
  assert.equal(roaming.node.state.gateways.length, 3, "the one it left first is forgotten");
  for (const area of roaming.areas) assert.equal(area.gateway.area.counters.rejectedTxs, 0);
});

test("what it said to one gateway is worth nothing at the other, whoever repeats it there", async () => {
  const roaming = new Roaming({ flash: memoryStore() });
  await roaming.start();
  for (let stay = 0; stay < 5; stay++) {
    await roaming.run(3);
    roaming.roam();
    await roaming.steps(4 + stay, 8);
    for (const [at, area] of roaming.areas.entries()) {
      const { gateway, store } = area;
      const entries = store.length;
      for (const message of roaming.messages)
        if (message.at !== at) gateway.deliver(message.topic, message.payload);
      await gateway.process();
      assert.equal(store.length, entries, "nothing is taken");
    }
  }
  const { byCode } = roaming.areas[0].gateway.area.counters;
  assert.ok((byCode.get("ARRIVAL_ELSEWHERE") ?? 0) > 0, "the arrival has the next number there");
  assert.ok((byCode.get("GAP") ?? 0) > 0 && (byCode.get("DUPLICATE") ?? 0) > 0);
  await roaming.run(3);
  noAlarms(roaming);
  noneRefused(checkBoth(roaming));
});

test("the gateway that it comes back to has lost its log: it says nothing there", async () => {
  const roaming = new Roaming({ flash: memoryStore() });
  await roaming.start();
  await roaming.run(3);
  const [first] = roaming.areas;
  const receipted = roaming.node.state.receiptedSeq;
  roaming.roam();
  await roaming.run(3);
  const { saidSeq } = roaming.node.state;
  Object.assign(first, { store: openMemoryStore() });
  await first.startGateway();
  roaming.roam();
  await first.settle();
  const alarms = first.logs.filter(({ event }) => event === "alarm").map(({ facts }) => facts);
  assert.deepEqual(alarms, [{ code: "GATEWAY_BEHIND", detail: `0 of ${receipted} receipted` }]);
  const { state } = roaming.node;
  assert.deepEqual([state.saidSeq, state.receiptedSeq <= saidSeq], [saidSeq, true]);
  assert.ok(!speaksElsewhere(state, roaming.areas[1].gateway.area.idBytes));
  assert.equal(first.gateway.area.sessions.get(roaming.id)!.saidSeq, 0);
});

test("ledgers replay: a restart of either gateway in the middle changes nothing", async () => {
  const roaming = new Roaming({ flash: memoryStore() });
  await roaming.start();
  await roaming.run(3);
  roaming.roam();
  await roaming.run(3);
  for (const area of roaming.areas) await area.startGateway();
  roaming.roam();
  await roaming.run(4);
  for (const area of roaming.areas) {
    const { state } = area.gateway.area.chain;
    const sessions = [...area.gateway.area.sessions.values()];
    const facts = sessions.map(({ id, saidSeq, txSeq, digest, arrived }) => ({
      ...{ id, saidSeq, txSeq, arrived },
      digest: toHex(digest),
    }));
    await area.startGateway();
    assert.deepEqual(area.gateway.area.chain.state, state);
    const again = [...area.gateway.area.sessions.values()].map(
      ({ id, saidSeq, txSeq, digest, arrived }) => ({
        ...{ id, saidSeq, txSeq, arrived },
        digest: toHex(digest),
      }),
    );
    assert.deepEqual(again, facts);
  }
  noneRefused(checkBoth(roaming));
});

test("what happened to its meter is said to the next gateway, where the first did not hear it", async () => {
  let deaf = false;
  const roaming = new Roaming({
    flash: memoryStore(),
    setup: (name) => (name === "a" ? { up: (home) => home !== ROAMER || !deaf } : {}),
  });
  await roaming.start();
  await roaming.run(3);
  deaf = true;
  for (let step = 1; step <= 3; step++) roaming.node.onStep(1, 1 + step * 1000);
  roaming.node.onTimer();
  assert.ok(roaming.node.state.saidSeq > roaming.node.state.receiptedSeq, "said, and not heard");
  deaf = false;
  roaming.roam();
  await roaming.run(3);
  const [a, b] = checkBoth(roaming);
  noneRefused([a, b]);
  const session = roaming.here.gateway.area.sessions.get(roaming.id)!;
  assert.deepEqual(
    session.events.filter(({ event }) => event === EventKind.clockForward).map((e) => e.detail),
    [1000, 2000, 3000],
  );
  assert.ok(b.arrivals[0].dropped >= 3);
});

/** Two gateways of one authority, whose nodes have its anchor key; the roamer was set up for the first. */
function certified(areaOfSecond = "a") {
  const authority = new TestAuthority("test");
  const key = (name: string) => crypto.publicKey(named(name));
  const nodes = ["roamer", "a 1", "a 2", "b 1", "b 2"].map((name) => authority.issue(key(name)));
  const [roamer, ...others] = nodes;
  const shelves: Record<string, TestShelf> = {};
  for (const name of ["a", "b"]) {
    const shelf = new TestShelf();
    shelf.authorityBytes = authority.record();
    const area = name === "a" ? "a" : areaOfSecond;
    const fields = { subject: Subject.gateway, area };
    shelf.held.push(authority.issue(key(`gateway ${name}`), fields), ...others);
    shelves[name] = shelf;
  }
  const roaming = new Roaming({
    flash: memoryStore(),
    setup: (name) => ({
      identity: { shelf: shelves[name], seals: authority.seals() },
      authority: authority.anchorKey,
      enrolment: () => ({ meter: "", connectionW: 40_000, claim: "" }),
      gatewayKey: (home) => (home === ROAMER ? key("gateway a") : undefined),
    }),
  });
  return { roaming, authority, shelves, roamer };
}

test("set up for one gateway, it goes to another that its authority has certified", async () => {
  const { roaming, authority, shelves, roamer } = certified();
  await roaming.start();
  await roaming.run(1);
  const first = roaming.areas[0].gateway;
  shelves.a.held.push(roamer); // the second hears of it from the node itself
  await first.lookAtIdentities();
  await first.process();
  await roaming.run(3);
  roaming.roam();
  await roaming.run(5);
  assert.ok(bytesEqual(roaming.node.gatewayKey, roaming.here.gateway.area.publicKey));
  roaming.roam();
  await roaming.run(4);
  noAlarms(roaming);
  const logs = checkBoth(roaming);
  noneRefused(logs);
  for (const { arrivals, legs } of logs) {
    assert.equal(arrivals.length, 1);
    assert.ok(legs.length > 0);
  }
  // Its certificate is revoked: the node that comes there says nothing.
  const second = roaming.areas[1].gateway;
  shelves.b.heldLists.push(authority.list([7], Subject.gateway));
  await second.lookAtIdentities();
  await second.process();
  roaming.roam();
  await roaming.run(2);
  assert.equal(roaming.node.speaker.open, false);
  assert.equal(roaming.node.state.gateways[0].receiptedSeq > 0, true);
  assert.ok(!speaksElsewhere(roaming.node.state, roaming.areas[0].gateway.area.idBytes));
});

test("a gateway that is certified for another area is none", async () => {
  const { roaming } = certified("elsewhere");
  await roaming.start();
  await roaming.steps(200, 3); // its own nodes do not trade there either
  const { saidSeq } = roaming.node.state;
  roaming.roam();
  await roaming.steps(200, 3);
  assert.ok(bytesEqual(roaming.node.gatewayKey, roaming.areas[0].gateway.area.publicKey));
  assert.equal(roaming.node.state.saidSeq, saidSeq);
  assert.equal(roaming.here.gateway.area.sessions.has(roaming.id), false);
});
