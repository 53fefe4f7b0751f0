// SPDX-License-Identifier: Apache-2.0
/** The papers' scenarios on the simulator: the ledger checks out, nothing is made or lost, plans are kept. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { GatewayOptions } from "#gateway/options";
import { meteredWorld } from "#host-sim/battery/metered";
import type { NodeEngine } from "#host-sim/fleet/types";
import { v8Engine } from "#host-sim/fleet/v8-engine";
import { xsEngine } from "#host-sim/fleet/xs-engine";
import { assembleRun } from "#host-sim/report/assemble";
import { ZERO_COUNTS } from "#host-sim/report/counts";
import { SCENARIO_NAMES, scenarioWorld } from "#host-sim/scenarios/index";
import { gatewayOptions, nodeSetups, seededKey, tariffOf } from "#host-sim/setup";
import { runSim } from "#host-sim/sim/run";
import { firstSlots } from "#host-sim/worlds/window";
import { worldStats } from "#host-sim/worlds/world-stats";
import { sodiumCrypto } from "#node/crypto/sodium";
import { openMemoryStore } from "#node/store/memory";
import { xsOrSkip } from "../xs/xs-or-skip.ts";

const crypto = sodiumCrypto();
const GENESIS_MICRO = 100_000_000;

interface Choices {
  slots: number;
  seed?: number;
  timing?: GatewayOptions["market"]["timing"];
  engine?: NodeEngine;
  /** Over the gateway's options. */
  gateway?: Partial<GatewayOptions>;
  /** One way between a node and the gateway, ms. */
  latencyMs?: number;
}

async function run(
  name: string,
  { slots, seed = 1, timing = "ex-post", engine = v8Engine(), gateway, latencyMs }: Choices,
) {
  const world = firstSlots(scenarioWorld(name, { seed }), slots);
  const gatewayKey = seededKey(crypto, seed, "gateway", 0);
  const store = openMemoryStore();
  const refused: string[] = [];
  const result = await runSim({
    world,
    options: {
      ...gatewayOptions(world, gatewayKey, {
        genesisMicro: GENESIS_MICRO,
        deposit: undefined,
        market: { timing, mode: "auction", pricing: "uniform", kPermille: 500 },
        slotTimeoutMs: 30_000,
        pot: false, // shorter; proof-of-time knows nothing of batteries
      }),
      ...gateway,
    },
    ...(latencyMs && { latencyMs: () => latencyMs }),
    tariff: tariffOf(world),
    setups: nodeSetups(crypto, world, seed, crypto.publicKey(gatewayKey)),
    engine,
    crypto,
    store,
    log: (level, event, facts) => {
      if (level === "warn" || level === "error") refused.push(`${event} ${JSON.stringify(facts)}`);
    },
  });
  const { batteries } = result;
  const assembled = assembleRun({
    world,
    entries: store.read(),
    crypto,
    engine: { name: "v8", version: "", crypto: "sodium", xs: undefined },
    counts: ZERO_COUNTS,
    seed,
    wallSeconds: 0,
    batteries,
  });
  const { coins } = assembled.summary;
  const came = BigInt(coins.genesisMicro) + BigInt(coins.mintedMicro);
  assert.equal(came, BigInt(world.homes.length * GENESIS_MICRO));
  assert.equal(BigInt(coins.walletsMicro) + BigInt(coins.lockedMicro), came, "coins");
  assert.deepEqual(assembled.summary.missedSlots, []);
  assert.deepEqual(result.failed, []);
  return { world, result, assembled, refused, metered: worldStats(meteredWorld(world, batteries)) };
}

test("there is one scenario for each of the papers'", () => {
  assert.deepEqual(SCENARIO_NAMES, ["microgrid", "harvesting", "v2g"]);
});

test("microgrid: buildings buy what panels and turbine of all have left", async () => {
  const { assembled, refused, metered } = await run("microgrid", { slots: 60 });
  assert.deepEqual(refused, []);
  assert.ok(assembled.summary.tradedWh > 10_000, `${assembled.summary.tradedWh} Wh`);
  assert.ok(metered.tradableWh - assembled.summary.tradedWh < 60, "all but remainders is traded");
  const sellers = new Set(assembled.settlements.map(({ seller }) => seller));
  assert.ok(sellers.has("shared-panels") && sellers.has("shared-turbine"));
});

test("harvesting: the mobile charger stocks up, and sells to nodes whose buffers are empty", async () => {
  const { assembled, refused, result } = await run("harvesting", { slots: 96 });
  assert.deepEqual(refused, []);
  const [charger] = result.batteries;
  assert.ok(charger.drawnWh.some((wh) => wh > 0) && charger.fedWh.some((wh) => wh > 0));
  const sold = assembled.settlements.filter(({ seller }) => seller === "mobile-charger");
  assert.ok(new Set(sold.map(({ buyer }) => buyer)).size > 3, "several nodes buy from it");
});

for (const timing of ["ex-post", "ex-ante"] as const)
  test(`v2g, ${timing}: every vehicle leaves with its energy, and no connection is overloaded`, async () => {
    const { world, result, assembled, refused } = await run("v2g", {
      slots: 132,
      timing,
    });
    assert.deepEqual(refused, []);
    let departures = 0;
    for (const battery of result.batteries) {
      const { name } = world.homes[battery.home];
      const spec = world.battery(battery.home)!;
      for (const { slot, needWh, stateWh } of battery.departures) {
        departures++;
        assert.ok(
          stateWh >= needWh,
          `${name} leaves in slot ${slot} with ${stateWh} of ${needWh} Wh`,
        );
      }
      battery.stateWh.forEach((wh, slot) => {
        const fed = slot > 0 && battery.fedWh[slot - 1] > 0;
        if (fed) assert.ok(wh >= spec.reserveWh, `${name} below its reserve in slot ${slot}`);
      });
      const answered = battery.windowW.filter((power) => power !== null).length;
      const away = spec.trips.reduce((sum, trip) => sum + trip.returnSlot - trip.departSlot, 0);
      assert.ok(answered >= world.slots - away - 1, `${name}: ${answered} plans were answered`);
    }
    assert.equal(departures, 12);
    const station = world.homes.findIndex(({ name }) => name === "station");
    for (let slot = 1; slot < world.slots; slot++) {
      const vans = result.batteries.filter(({ home }) => world.battery(home)!.station === station);
      const drawn = vans.reduce((sum, { drawnWh }) => sum + drawnWh[slot], 0);
      // Each is rounded by less than a Wh.
      assert.ok(
        drawn <= world.homes[station].capacityWh + vans.length,
        `${drawn} Wh in slot ${slot}`,
      );
    }
    const sellers = new Set(assembled.settlements.map(({ seller }) => seller));
    assert.ok(sellers.has("aggregator-battery"), "the aggregator's surplus is sold");
    assert.ok(
      [...sellers].some((seller) => /^(car|van)-/.test(seller)),
      "and that of vehicles",
    );
  });

test("the same seed is the same run, on V8 and on XS", async (t) => {
  const headOf = async (engine: NodeEngine) => {
    const { assembled, result } = await run("v2g", { slots: 8, seed: 7, engine });
    await engine.close();
    return [assembled.summary.headBlock, JSON.stringify(result.batteries)];
  };
  const first = await headOf(v8Engine());
  assert.deepEqual(await headOf(v8Engine()), first);
  if (await xsOrSkip(t)) assert.deepEqual(await headOf(await xsEngine()), first);
});

test("v2g under a fast clock, with messages that take their time: everything is traded, nothing refused", async () => {
  // As `demo --scenario v2g --speed 225` (src/node/config/pace.ts): half a real second for Δ.
  const tickMs = 112_500;
  const epsilonMs = 225_000;
  const { assembled, refused } = await run("v2g", {
    slots: 6,
    latencyMs: 20,
    gateway: {
      clock: { kind: "running", ratePermille: 225_000 },
      ...{ tickMs, ageMaxMs: 4 * tickMs },
      pot: { epochSlots: 96, epsilonMs, tauMs: 5 * epsilonMs },
    },
  });
  assert.ok(assembled.summary.tradedWh > 0);
  assert.equal(assembled.summary.tradedWh, assembled.summary.tradableWh);
  assert.deepEqual(
    refused.filter((line) => !line.startsWith("no-tokens")),
    [],
  );
});
