// SPDX-License-Identifier: Apache-2.0
/** The slot engine where a block is decided later than it is proposed, as several gateways do it. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { nobleCrypto } from "#core/crypto/noble";
import { audit } from "#gateway/audit/audit";
import type { GatewayOptions } from "#gateway/options";
import { LateConsensus } from "../../helpers/late-consensus.ts";
import { LocalArea, type LocalAreaSetup, named, worldOf } from "../../helpers/local-area.ts";

/** Two sellers and two buyers. */
const NET_WH = [
  [-600, -600, 0],
  [-400, 100, -400],
  [700, 200, 700],
  [300, 300, 300],
];
const MARKET: GatewayOptions["market"] = {
  timing: "ex-post",
  mode: "auction",
  pricing: "uniform",
  kPermille: 500,
};

async function runOf(setup: Partial<LocalAreaSetup>): Promise<LocalArea> {
  const area = new LocalArea({ world: worldOf(NET_WH), ...setup });
  await area.start();
  await area.run();
  area.state.assertConserved();
  return area;
}

function totalsOf(area: LocalArea) {
  const { tradedWh, slotsWithTrade, settledSlots, missedSlots } = area.gateway.area;
  const coins = NET_WH.map((_, home) => area.state.freeOf(area.nodeId(home)));
  return { tradedWh, slotsWithTrade, settledSlots, missedSlots, coins };
}

/** Blocks are decided after as many messages of nodes as `delays` says, one after the other, or when all waits. */
function late(delays: readonly number[]): { setup: Partial<LocalAreaSetup>; made: LateConsensus } {
  const made = new LateConsensus(nobleCrypto(), named("gateway"));
  let left = delays[0] ?? 0;
  const tick = () => {
    if (left-- > 0) return;
    made.agree();
    left = delays[made.count % Math.max(1, delays.length)] ?? 0;
  };
  const up = () => {
    tick();
    return true;
  };
  return { setup: { consensus: made, up, onWake: () => made.agree() }, made };
}

for (const timing of ["ex-post", "ex-ante"] as const)
  for (const mode of ["auction", "guided"] as const)
    test(`${timing}, ${mode}: the same totals and coins as with blocks decided at once`, async () => {
      const options = { market: { ...MARKET, timing, mode } };
      const expected = totalsOf(await runOf({ options }));
      assert.ok(expected.tradedWh > 0);
      await fc.assert(
        fc.asyncProperty(fc.array(fc.nat(12), { minLength: 1, maxLength: 6 }), async (delays) => {
          const { setup, made } = late(delays);
          const area = await runOf({ options, ...setup });
          assert.deepEqual(totalsOf(area), expected);
          assert.ok(made.count >= area.gateway.area.settledSlots);
        }),
        { numRuns: 6 },
      );
    });

test("a restart while a block is being decided proposes it again", async () => {
  const expected = totalsOf(await runOf({}));
  const { setup, made } = late([3, 9, 1]);
  let restarts = 0;
  const area = new LocalArea({ world: worldOf(NET_WH), ...setup });
  await area.start();
  await area.run(() => area.gateway.area.sealing);
  while (!area.gateway.area.finished) {
    made.forget();
    await area.startGateway();
    restarts++;
    await area.run(() => area.gateway.area.sealing && made.count > restarts);
  }
  assert.ok(restarts > 2, `${restarts} restarts`);
  assert.deepEqual(totalsOf(area), expected);
  const result = audit(area.store.read(), { crypto: nobleCrypto() });
  assert.ok(result.ok, JSON.stringify(result.ok ? "" : result.faults[0]));
});
