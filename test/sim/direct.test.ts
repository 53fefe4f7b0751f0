// SPDX-License-Identifier: Apache-2.0
/**
 * Streets that trade directly by OFFER, alone and beside the gateway's market: the audit of the log finds
 * nothing, energy is metered, and coins are those that were there (ledger 4.6).
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { toHex } from "#core/codec/bytes";
import { audit } from "#gateway/audit/audit";
import type { Settlement } from "#gateway/audit/types";
import { Gateway } from "#gateway/gateway";
import { v8Engine } from "#host-sim/fleet/v8-engine";
import { gatewayOptions, nodeSetups, seededKey, tariffOf } from "#host-sim/setup";
import { runSim } from "#host-sim/sim/run";
import { loadWorld } from "#host-sim/worlds/load";
import { firstSlots } from "#host-sim/worlds/window";
import { sodiumCrypto } from "#node/crypto/sodium";
import { openMemoryStore } from "#node/store/memory";

const crypto = sodiumCrypto();
const SLOTS = 60;
const GENESIS_MICRO = 100_000_000;

function rootOf({ area }: Gateway): string {
  return toHex(area.chain.state.root(crypto));
}

async function street(homes: number, direct: (home: number) => boolean) {
  const world = firstSlots(loadWorld({ days: 1, nodes: homes, seed: 1, slotSeconds: 900 }), SLOTS);
  const gatewayKey = seededKey(crypto, 1, "gateway", 0);
  const setups = nodeSetups(crypto, world, 1, crypto.publicKey(gatewayKey)).map((setup, home) => {
    const policy = { trade: true, direct: direct(home) };
    return { ...setup, config: { ...setup.config, policy } };
  });
  const store = openMemoryStore();
  const { gateway } = await runSim({
    world,
    options: gatewayOptions(world, gatewayKey, {
      genesisMicro: GENESIS_MICRO,
      deposit: undefined,
      market: { timing: "ex-post", mode: "auction", pricing: "uniform", kPermille: 500 },
      slotTimeoutMs: 30_000,
    }),
    tariff: tariffOf(world),
    setups,
    engine: v8Engine(),
    crypto,
    store,
    log: () => {},
  });
  // A restart comes to the same ledger.
  const again = new Gateway(gateway.area.options, gateway.area.ports);
  await again.start();
  assert.equal(rootOf(again), rootOf(gateway), "the log replays");
  const settled: Settlement[] = [];
  const result = audit([...store.read()], { crypto }, { onSettlement: (one) => settled.push(one) });
  assert.deepEqual(result.ok ? [] : result.faults, [], "the audit finds nothing");
  assert.equal(result.summary.tradedWh, gateway.area.tradedWh, "and comes to the same energy");
  assert.equal(result.summary.slotsWithTrade, gateway.area.slotsWithTrade);
  const { walletsMicro, lockedMicro } = gateway.area.chain.state.sums();
  assert.equal(walletsMicro + lockedMicro, homes * GENESIS_MICRO, "coins are conserved");
  const names = new Map(result.summary.members.map(({ id, name }) => [id, name]));
  const isDirect = new Map(setups.map(({ config }) => [config.name, config.policy.direct]));
  const directOf = (id: string): boolean => isDirect.get(names.get(id)!)!;
  return { gateway, settled, summary: result.summary, directOf };
}

test("a street that trades directly only", async () => {
  const { gateway, settled, summary } = await street(4, () => true);
  assert.equal(summary.contracts, 0, "the market made no contract");
  assert.ok(settled.length >= 10 && summary.tradedWh > 0, `${settled.length} deals`);
  assert.equal(
    summary.tradedWh,
    settled.reduce((sum, { qtyWh }) => sum + qtyWh, 0),
  );
  const agreed = settled.filter(({ arbitrated }) => !arbitrated).length;
  assert.ok(agreed * 2 >= settled.length, `${agreed} of ${settled.length} were agreed on`);
  for (const { qtyWh, priceMicro, ecashMicro } of settled) {
    assert.ok(priceMicro > 0, "an offer has a price");
    const least = Math.floor((qtyWh * priceMicro) / 1000);
    assert.ok(ecashMicro >= least, `${ecashMicro} µc for ${qtyWh} Wh at ${priceMicro} µc/kWh`);
  }
  assert.deepEqual([...gateway.area.missedSlots], [], "nobody was missed");
  assert.equal(gateway.area.chain.state.offers.size <= 8, true, "old offers are forgotten");
});

test("a street that mixes market and direct trade", async () => {
  const { settled, summary, directOf } = await street(6, (home) => home % 2 === 0);
  const direct = settled.filter(({ seller }) => directOf(seller));
  const market = settled.filter(({ seller }) => !directOf(seller));
  assert.ok(direct.length > 0 && market.length > 0, `${direct.length} and ${market.length}`);
  for (const { seller, buyer } of settled)
    assert.equal(directOf(seller), directOf(buyer), "nobody trades in both ways");
  assert.equal(market.length, summary.contracts, "each contract was settled");
});
