// SPDX-License-Identifier: Apache-2.0
/**
 * Honest gateways in every market, with nodes that fail: no fault, and a summary that is the area's
 * state.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { toHex } from "#core/codec/bytes";
import { audit } from "#gateway/audit/audit";
import type { AuditOptions, Balance, NetFlow, Settlement } from "#gateway/audit/types";
import type { VerifyJob } from "#gateway/ports";
import { AreaRun, type AreaRunOptions, smallWorld } from "../../../helpers/area-run.ts";

async function runOf(options: AreaRunOptions): Promise<AreaRun> {
  const run = new AreaRun({ nodes: 4, slots: 6, ...options });
  assert.ok(await run.finish(), "the run came to its end");
  return run;
}

function summaryOf(run: AreaRun, options: AuditOptions = {}) {
  const result = audit(run.entries(), { crypto: run.crypto }, options);
  assert.deepEqual(result.ok ? [] : result.faults, []);
  assert.equal(run.alarms.size, 0, [...run.alarms].join());
  return result.summary;
}

/** The auditor never saw the gateway's state, so what they agree on is in the log. */
function assertSame(run: AreaRun, options: AuditOptions = {}) {
  const summary = summaryOf(run, options);
  const { area } = run;
  const { counters, chain } = area;
  assert.equal(summary.entries, run.store.length);
  assert.deepEqual(summary.members.map(({ id }) => id).sort(), [...area.sessions.keys()].sort());
  assert.equal(summary.slotsSettled, area.settledSlots);
  assert.equal(summary.slotsWithTrade, area.slotsWithTrade);
  assert.equal(summary.tradedWh, area.tradedWh);
  assert.equal(summary.readings, counters.readings);
  assert.equal(summary.orders, counters.orders);
  assert.equal(summary.transactions, counters.transactions);
  assert.equal(summary.rejectedTxs, counters.rejectedTxs);
  assert.deepEqual(summary.coins, { ...chain.state.totals, ...chain.state.sums() });
  assert.deepEqual(summary.head, {
    id: toHex(chain.head?.id ?? new Uint8Array()),
    height: chain.head?.header.height,
  });
  assert.deepEqual(
    summary.missedSlots.map(({ slot, nodes }) => ({ slot, nodes: [...nodes].sort() })),
    area.missedSlots.map(({ slot, nodes }) => ({ slot, nodes: [...nodes].sort() })),
  );
  return summary;
}

const MARKETS: [string, AreaRunOptions][] = [
  ["auction", {}],
  ["pay-as-bid", { market: { pricing: "pay-as-bid" } }],
  ["guided", { market: { mode: "guided" } }],
  ["ex-ante", { market: { timing: "ex-ante" } }],
  ["ex-ante guided", { market: { timing: "ex-ante", mode: "guided" } }],
  ["one seller's share", { market: { kPermille: 1000 } }],
  ["members who only meter", { policy: (home) => ({ trade: home !== 2 }) }],
  ["poor members with deposits", { gateway: { genesisMicro: 2_000_000 } }],
  ["no coins at all", { gateway: { genesisMicro: 0, deposit: undefined } }],
  ["a running clock", { gateway: { clock: { kind: "running", ratePermille: 1_000_000 } } }],
];
for (const [name, options] of MARKETS)
  test(`${name}: no fault, and the area's own totals`, async () => {
    const summary = assertSame(await runOf(options));
    assert.equal(summary.slotsSettled, 6);
    assert.deepEqual(summary.missedSlots, []);
    assert.equal(summary.tradedWh, summary.contractedWh);
    if (name !== "no coins at all") assert.ok(summary.settlements > 0, "something was traded");
  });

test("callbacks tell every settlement, balance and net flow", async () => {
  const settlements: Settlement[] = [];
  const nets: NetFlow[] = [];
  const balances = new Map<number, Balance[]>();
  const slots: number[] = [];
  const run = await runOf({});
  const summary = assertSame(run, {
    onSettlement: (settlement) => settlements.push(settlement),
    onNet: (net) => nets.push(net),
    onBalances: (slot, _height, after) => balances.set(slot, after),
    onSlot: ({ slot }) => slots.push(slot),
  });
  assert.deepEqual(slots, [0, 1, 2, 3, 4, 5]);
  const sum = (list: number[]) => list.reduce((a, b) => a + b, 0);
  assert.equal(settlements.length, summary.settlements);
  assert.equal(sum(settlements.map(({ qtyWh }) => qtyWh)), summary.tradedWh);
  assert.equal(sum(settlements.map(({ ecashMicro }) => ecashMicro)), summary.paidMicro);
  for (const settlement of settlements) {
    const { qtyWh, priceMicro, ecashMicro } = settlement;
    assert.equal(ecashMicro, Math.ceil((qtyWh * priceMicro) / 1000));
  }
  for (const { node, freeMicro, lockedMicro } of balances.get(5) ?? []) {
    assert.equal(freeMicro, run.area.chain.state.freeOf(node));
    assert.equal(lockedMicro, run.area.chain.state.lockedOf(node));
  }
  assert.equal(balances.get(5)?.length, 4);
  for (const { node, slot, slots: count, importMwh, exportMwh } of nets) {
    const home = run.nodes.findIndex(({ id }) => id === node);
    assert.equal(count, 1);
    assert.equal(importMwh - exportMwh, BigInt(run.world.netWh(home, slot)) * 1000n);
  }
  assert.equal(nets.length, 4 * 6);
});

test("a buyer that falls silent: its meter decides, and its late word is refused", async () => {
  const run = await runOf({
    lose: (home, topic, { area }) => {
      const open = area.oldestRun();
      // Time goes on, and the lost word is said again, only where somebody is waited for.
      if (home === 2) return topic.includes("/up/") && open?.slot === 4;
      return home === 1 && topic.endsWith("/up/tx") && open?.slot === 2 && open.phase === "settle";
    },
  });
  const summary = assertSame(run);
  assert.ok(summary.arbitrated > 0, "settled without its BOUGHT");
  assert.ok(summary.refused + summary.rejectedTxs > 0, "BOUGHT came too late");
  assert.ok(summary.missedSlots.some(({ slot }) => slot === 2));
});

test("a seller that falls silent is listed, and no buyer that waits for it", async () => {
  const run = await runOf({
    lose: (home, topic, { area }) => {
      const open = area.oldestRun();
      return home === 0 && topic.endsWith("/up/tx") && open?.slot === 2 && open.phase === "settle";
    },
  });
  const summary = assertSame(run);
  assert.deepEqual(summary.missedSlots, [{ slot: 2, nodes: [run.nodes[0].id] }]);
  assert.ok(summary.tradedWh < summary.contractedWh, "what it did not sell was not paid");
});

test("a node that says nothing for two slots is listed, and comes back", async () => {
  const run = await runOf({
    slots: 8,
    lose: (home, topic, { area }) => {
      const slot = area.world.openSlot ?? 0;
      return home === 2 && topic.includes("/up/") && (slot === 3 || slot === 4);
    },
  });
  const summary = assertSame(run);
  assert.ok(summary.missedSlots.length > 0);
});

test("guided: a silent member is left out of the demand, and listed though it speaks after it", async () => {
  let demanded = false;
  const run = await runOf({
    market: { mode: "guided" },
    lose: (home, topic, { area }) => {
      const open = area.runs.get(2);
      demanded ||= open?.demand !== undefined;
      return home === 1 && topic.includes("/up/") && open !== undefined && !open.demand;
    },
  });
  assert.ok(demanded, "the demand went out without it");
  const summary = assertSame(run);
  assert.deepEqual(summary.missedSlots, [{ slot: 2, nodes: [run.nodes[1].id] }]);
  assert.equal(summary.slots[2].missed.length, 1);
  assert.ok(summary.slots[2].tradedWh > 0, "sellers answered all the same");
});

test("a gateway that restarts with the same log goes on without a fault", async () => {
  const half = new AreaRun({ world: smallWorld(4, 6), gateway: { slots: 3 } });
  assert.ok(await half.finish());
  const whole = new AreaRun({ world: smallWorld(4, 6), store: half.store });
  await whole.gateway.start();
  assert.equal(whole.area.settledSlots, 3);
  const { summary } = audit(whole.entries(), { crypto: whole.crypto });
  assert.equal(summary.faults, 0);
});

test("signatures may be checked in batches elsewhere", async () => {
  const run = await runOf({});
  const { crypto } = run;
  let asked = 0;
  const verifyBatch = (batch: readonly VerifyJob[]) => {
    asked += batch.length;
    return batch.map(({ publicKey, message, signature }) =>
      crypto.verify(publicKey, message, signature),
    );
  };
  const { summary } = audit(run.entries(), { crypto, verifyBatch });
  assert.equal(summary.faults, 0);
  assert.equal(summary.signaturesVerified, asked);
  const refuseAll = (batch: readonly VerifyJob[]) => batch.map(() => false);
  const bad = audit(run.entries(), { crypto, verifyBatch: refuseAll }, { faultsMax: 5 });
  assert.equal(bad.ok, false);
  assert.equal(bad.summary.faults, asked);
  assert.equal(bad.ok ? 0 : bad.faults.length, 5);
});

test("another gateway than the one asked for is a fault", async () => {
  const run = await runOf({ slots: 1 });
  const ports = { crypto: run.crypto };
  const own = audit(run.entries(), ports, { gatewayKey: run.area.publicKey });
  assert.ok(own.ok);
  const other = audit(run.entries(), ports, { gatewayKey: new Uint8Array(32) });
  assert.equal(other.ok ? "" : other.faults[0].code, "WORLD_GATEWAY");
});

test("a day of twelve homes, timed", async (t) => {
  const run = await runOf({ nodes: 12, slots: 96 });
  const begunMs = performance.now();
  const summary = summaryOf(run);
  const tookMs = Math.round(performance.now() - begunMs);
  t.diagnostic(
    `${summary.entries} entries, ${summary.signaturesVerified} signatures: ${tookMs} ms`,
  );
});
