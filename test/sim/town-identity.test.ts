// SPDX-License-Identifier: Apache-2.0
/** An authority and several gateways: what one of them finds in its folder counts at all of them. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { toHex } from "#core/codec/bytes";
import { nodeIdOf } from "#core/identity";
import { Subject } from "#core/records/authority";
import { audit } from "#gateway/audit/audit";
import { SIM_NET, seededKey } from "#host-sim/setup";
import { smallWorld } from "#host-sim/smartchain/small-world";
import { Town } from "#host-sim/town/town";
import { TestAuthority, TestShelf } from "#test/helpers/authority";
import { crypto } from "#test/helpers/local-area";

const SEED = 3;

test("certificates and lists in one gateway's folder count everywhere, and forged ones nowhere", async () => {
  const world = smallWorld(SEED, 4, 4, 900);
  const authority = new TestAuthority(SIM_NET);
  const stranger = new TestAuthority(SIM_NET, "stranger");
  const shelves = [0, 1, 2, 3].map((index) => {
    const shelf = new TestShelf();
    shelf.authorityBytes = authority.record();
    const key = crypto.publicKey(seededKey(crypto, SEED, "gateway", index));
    const area = `street-${index + 1}`;
    shelf.held.push(authority.issue(key, { subject: Subject.gateway, area }));
    return shelf;
  });
  const keyOf = (home: number) => crypto.publicKey(seededKey(crypto, SEED, "node", home));
  const ids = world.homes.map((_, home) => toHex(nodeIdOf(crypto, keyOf(home))));
  // Serials from 5 on; the last home has one of somebody else's making only.
  for (const home of [0, 1, 2]) shelves[2].held.push(authority.issue(keyOf(home)));
  shelves[1].held.push(stranger.issue(keyOf(3)));
  const town = new Town({
    seed: SEED,
    gateways: 4,
    world,
    crypto,
    options: { expectNodes: 3, slotTimeoutMs: 5000 },
    identity: {
      of: (gateway) => ({ shelf: shelves[gateway], seals: authority.seals() }),
      anchorKey: authority.anchorKey,
    },
  });
  await town.start();
  const areas = () => town.gateways.map(({ gateway }) => gateway!.area);
  while (areas()[0].settledSlots < 1) await town.runFor(100);
  for (const area of areas())
    assert.deepEqual([...area.sessions.keys()].sort(), ids.slice(0, 3).sort());
  shelves[3].heldLists.push(authority.list([5]));
  await town.gateways[3].gateway!.lookAtIdentities();
  await town.run(world.startMs + 3_600_000);
  for (const area of areas()) {
    assert.equal(area.settledSlots, 4);
    assert.equal(area.barred(ids[0]), "CERT_REVOKED");
    assert.equal(area.barred(ids[1]), undefined);
    assert.equal(toHex(area.chain.head!.id), toHex(areas()[0].chain.head!.id));
  }
  for (const { store } of town.gateways) {
    const result = audit(store.read(), { crypto });
    assert.deepEqual(result.ok ? [] : result.faults, []);
  }
});
