// SPDX-License-Identifier: Apache-2.0
/** Nodes of a gateway that is gone go on at another one of its consortium, in the middle of a slot. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { toHex } from "#core/codec/bytes";
import { keyedCrypto } from "#host-sim/smartchain/crypto";
import { smallWorld } from "#host-sim/smartchain/small-world";
import { Town } from "#host-sim/town/town";

const HOUR = 3_600_000;

async function run(gateways: number, turnOfLoss: number) {
  const world = smallWorld(3, 8, 6, 900);
  const alarms: string[] = [];
  const arrivals: string[] = [];
  const log = (_gateway: number, _level: string, event: string) => {
    if (event === "node-alarm") alarms.push(event);
  };
  const town = new Town({ seed: 3, gateways, world, crypto: keyedCrypto(), log });
  await town.start();
  const [next, lost] = town.gateways;
  let gone = false;
  await town.run(world.startMs + HOUR, () => {
    const height = next.gateway?.seat?.replica.at.height ?? 0;
    if (gone || gateways === 1 || height < turnOfLoss) return;
    gone = true;
    lost.crash(Number.POSITIVE_INFINITY);
    for (const node of town.nodes) if (node.at === lost) node.move(next, 2_000);
  });
  for (const { node } of town.nodes)
    if (node.state.arrived !== 0 || node.state.gateways.length > 2) arrivals.push(node.id);
  return { town, alarms, arrivals, gone };
}

test("one of four is lost at any turn: the totals are those of one gateway alone", async () => {
  const alone = await run(1, 0);
  const { area } = alone.town.gateways[0].gateway!;
  assert.ok(area.tradedWh > 0);
  for (const turn of [3, 17, 28, 33, 41]) {
    const { town, alarms, arrivals, gone } = await run(4, turn);
    assert.ok(gone, `turn ${turn} came`);
    const heads = new Set<string>();
    for (const { gateway } of town.gateways) {
      if (!gateway) continue;
      assert.equal(gateway.area.settledSlots, 6);
      assert.deepEqual(gateway.area.missedSlots, [], `turn ${turn}`);
      assert.equal(gateway.area.tradedWh, area.tradedWh, `turn ${turn}`);
      heads.add(toHex(gateway.area.chain.head!.id));
    }
    assert.equal(heads.size, 1);
    assert.deepEqual(
      [alarms, arrivals],
      [[], []],
      "no alarm, and no arrival: the ledger is the same",
    );
  }
});
