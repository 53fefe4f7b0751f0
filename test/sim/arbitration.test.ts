// SPDX-License-Identifier: Apache-2.0
/**
 * A street that trades directly, in which a buyer does not answer a SOLD (ledger 4.6): its reading is missing,
 * comes late, or shows less than was sold. The audit of the log finds nothing, coins stay, and a restart agrees.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { toHex } from "#core/codec/bytes";
import { nodeIdOf } from "#core/identity";
import { EffectKind } from "#core/records/block";
import { audit } from "#gateway/audit/audit";
import type { Settlement } from "#gateway/audit/types";
import { FEEDER_DEFAULTS } from "#gateway/feeder/terms";
import { Gateway } from "#gateway/gateway";
import { PROOF_OF_TIME } from "#host-sim/setup";
import { TableWorld } from "#host-sim/worlds/table-world";
import { AreaRun, type AreaRunOptions } from "../helpers/area-run.ts";
import { codesOf, faultsOf, resealLast } from "../unit/gateway/audit/plant.ts";

/** Sellers 0 and 2, buyers 1 and 3 of as much; 4 is the area's feeder meter where there is one. */
const NET_WH = [-400, 400, -300, 300];
const BUYER = 1;
/** The slot in which something goes wrong with the buyer. */
const LIE = 4;
const SLOTS = 8;
const GENESIS_MICRO = 100_000_000;

/** Buyer's meter in the slot in question, Wh. */
function worldOf(lieWh: number, feeder: boolean, slots = SLOTS): TableWorld {
  const netWh = (home: number, slot: number): number => {
    if (home < NET_WH.length) return home === BUYER && slot === LIE ? lieWh : NET_WH[home];
    return NET_WH.reduce((sum, _, other) => sum + netWh(other, slot), 0);
  };
  const count = NET_WH.length + (feeder ? 1 : 0);
  return new TableWorld({
    name: "pairs",
    homes: Array.from({ length: count }, (_, i) => ({ name: `home_${i}`, capacityWh: 9200 })),
    slotSeconds: 900,
    slots,
    startMs: 1_600_000_200_000,
    feedInMicroPerKwh: 80_000,
    load: (home, slot) => Math.max(0, netWh(home, slot)),
    generation: (home, slot) => Math.max(0, -netWh(home, slot)),
    retail: () => 250_000,
  });
}

async function street(lieWh: number, changes: AreaRunOptions = {}) {
  const gateway = { pot: PROOF_OF_TIME, deposit: undefined, ...changes.gateway };
  const policy = (home: number) => ({ trade: home < NET_WH.length, direct: home < NET_WH.length });
  const world = worldOf(lieWh, changes.gateway?.feeder !== undefined);
  const run = new AreaRun({ world, policy, stuckAfter: 500, ...changes, gateway });
  assert.ok(await run.finish(), "the run came to its end");
  const settled: Settlement[] = [];
  const { crypto } = run;
  const result = audit(run.entries(), { crypto }, { onSettlement: (one) => settled.push(one) });
  assert.deepEqual(result.ok ? [] : result.faults, [], "the audit finds nothing");
  assert.equal(result.summary.tradedWh, run.area.tradedWh);
  const { state } = run.area.chain;
  const { walletsMicro, lockedMicro } = state.sums();
  assert.equal(walletsMicro + lockedMicro, world.homes.length * GENESIS_MICRO, "coins conserved");
  const again = new Gateway(run.area.options, run.area.ports);
  await again.start();
  const roots = [again, run.gateway].map(({ area }) => toHex(area.chain.state.root(crypto)));
  assert.equal(roots[0], roots[1], "the log replays");
  const ids = NET_WH.map((_, home) => toHex(nodeIdOf(crypto, crypto.publicKey(run.keyOf(home)))));
  const [deal] = settled.filter(({ slot, buyer }) => slot === LIE && buyer === ids[BUYER]);
  const others = settled.filter((one) => one !== deal);
  assert.ok(others.length >= 5 && others.every(({ arbitrated }) => !arbitrated), "agreed on");
  const disputes = ids.slice(0, 2).map((id) => state.disputes.get(id) ?? 0);
  return { run, state, deal, disputes, summary: result.summary };
}

test("honest: everything is agreed on", async () => {
  const { deal, disputes } = await street(400);
  assert.deepEqual([deal.qtyWh, deal.arbitrated], [400, false]);
  assert.deepEqual(disputes, [0, 0]);
});

test("buyer off, its reading late: the seller's reading settles, bounded by the RESERVE", async () => {
  let lost = 0;
  const { run, deal, disputes, state } = await street(400, {
    lose: (home, topic, { area }) => {
      const off = home === BUYER && topic.includes("/up/") && area.oldestRun()?.slot === LIE;
      if (off) lost++;
      return off;
    },
  });
  assert.ok(lost > 0);
  assert.deepEqual([deal.qtyWh, deal.arbitrated], [400, true]);
  assert.deepEqual(disputes, [0, 0]);
  const late = [...run.area.sessions.values()].find(({ member }) => member.name === "home_1");
  assert.ok(late && late.reading!.boundary > LIE + 1, "it comes back with its readings");
  const account = state.account(late.id);
  assert.ok(account.claimedImportMwh <= account.importMwh, "and its meter has shown the energy");
});

test("buyer reads low, within what lines lose: the lower reading settles", async () => {
  const { deal, disputes, summary } = await street(385);
  assert.deepEqual([deal.qtyWh, deal.arbitrated], [385, true]);
  assert.deepEqual(disputes, [0, 0]);
  assert.equal(summary.frozen, 0);
});

test("buyer reads low, beyond it: the difference is frozen and counts against both", async () => {
  const { deal, disputes, summary, state } = await street(250);
  assert.deepEqual([deal.qtyWh, deal.arbitrated], [250, true]);
  assert.deepEqual(disputes, [1, 1]);
  assert.equal(summary.frozen, 1);
  const [frozen] = state.frozen.values();
  assert.equal(frozen.qtyWh, 150);
  const price = deal.ecashMicro / deal.qtyWh;
  assert.ok(Math.abs(frozen.micro - 150 * price) <= 1, "and it is in the lock still");
  assert.equal(state.locks.get(frozen.reserve)?.leftMicro, frozen.micro);
});

test("the same where the area's feeder meter shows that the buyer is right", async () => {
  const probe = new AreaRun({ nodes: NET_WH.length + 1 });
  const { crypto } = probe;
  const key = probe.keyOf(NET_WH.length);
  const node = toHex(nodeIdOf(crypto, crypto.publicKey(key)));
  const feeder = { node, ...FEEDER_DEFAULTS };
  const { deal, disputes, summary } = await street(250, { gateway: { feeder } });
  assert.deepEqual([deal.qtyWh, deal.arbitrated], [250, true]);
  assert.deepEqual(disputes, [0, 0], "the seller's energy went elsewhere");
  assert.equal(summary.frozen, 0);
});

test("a gateway that settles for more than the buyer's meter shows, or for less, is found", async () => {
  const gateway = { pot: PROOF_OF_TIME, deposit: undefined };
  const policy = () => ({ trade: true, direct: true });
  const run = new AreaRun({ world: worldOf(250, false, LIE + 1), policy, gateway });
  assert.ok(await run.finish());
  for (const [qtyWh, code] of [
    [400, "PAY_ARBITRATED"],
    [200, "BLOCK_EFFECTS"],
  ] as const) {
    const entries = resealLast(run, (block) => {
      const effect = block.effects.find(({ kind }) => kind === EffectKind.arbitrate)!;
      effect.micro = Math.ceil((effect.micro * qtyWh) / effect.qtyWh);
      effect.qtyWh = qtyWh;
    });
    const codes = codesOf(faultsOf(run, entries));
    assert.ok(codes.has(code) && codes.has("BLOCK_EFFECTS"), [...codes].join());
  }
});
