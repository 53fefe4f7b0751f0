// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { test } from "node:test";
import { toHex } from "#core/codec/bytes";
import { keyedCrypto } from "#host-sim/smartchain/crypto";
import { smallWorld } from "#host-sim/smartchain/small-world";
import { Town, type TownSetup } from "#host-sim/town/town";

const HOUR = 3_600_000;

async function start(gateways: number, more: Partial<TownSetup> = {}) {
  const world = smallWorld(3, 8, 6, 900);
  const town = new Town({ seed: 3, gateways, world, crypto: keyedCrypto(), ...more });
  await town.start();
  return town;
}

test("four gateways come to one ledger, with the same totals as one alone", async () => {
  const alone = await start(1);
  await alone.run(alone.world.startMs + HOUR);
  const { area } = alone.gateways[0].gateway!;
  assert.ok(area.tradedWh > 0);
  const town = await start(4);
  await town.run(town.world.startMs + HOUR);
  const roots = new Set<string>();
  for (const { gateway } of town.gateways) {
    const one = gateway!.area;
    assert.equal(one.settledSlots, 6);
    assert.equal(one.tradedWh, area.tradedWh);
    assert.deepEqual(one.missedSlots, []);
    roots.add(toHex(one.chain.head!.id));
  }
  assert.equal(roots.size, 1);
});

test("a gateway that crashes at any commit catches up, and signs nothing twice", async () => {
  const town = await start(4);
  const victim = town.gateways[1];
  let commits = 0;
  let crashes = 0;
  town.probe = (gateway, stage) => {
    if (gateway !== victim || stage !== "durable") return;
    if (++commits % 7 !== 0) return;
    crashes++;
    victim.crash(500);
  };
  await town.run(town.world.startMs + HOUR);
  assert.ok(crashes > 2, `${crashes} crashes`);
  await town.runFor(20_000);
  const heads = town.gateways.map(({ gateway }) => toHex(gateway!.area.chain.head!.id));
  assert.equal(new Set(heads).size, 1, heads.join());
  for (const { gateway } of town.gateways) assert.equal(gateway!.seat!.replica.liars.size, 0);
});
