// SPDX-License-Identifier: Apache-2.0
/**
 * Direct trade under the running clock with crashes (ledger 4.6): a seller or a buyer stops at any step from
 * OFFER to BOUGHT, its message lost or sent, for seconds or for more than a slot. No coin and no energy is lost
 * or made, and what was locked is released.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { toHex } from "#core/codec/bytes";
import { upRecord } from "#core/records/receipt";
import { openTx, TxType } from "#core/records/tx";
import { audit } from "#gateway/audit/audit";
import type { AuditSummary } from "#gateway/audit/types";
import { Gateway } from "#gateway/gateway";
import { PROOF_OF_TIME } from "#host-sim/setup";
import { TableWorld } from "#host-sim/worlds/table-world";
import { AreaRun } from "../helpers/area-run.ts";

const NET_WH = [-400, 400, -300, 300, -200];
const SELLER = 0;
const BUYER = 1;
const SLOTS = 9;
const GENESIS_MICRO = 100_000_000;
/** The slot of the transaction at which the crash is. */
const AT_SLOT = 5;
const SHORT_MS = 5000;
const LONG_MS = 1_000_000;

function world(): TableWorld {
  return new TableWorld({
    name: "pairs",
    homes: NET_WH.map((_, i) => ({ name: `home_${i}`, capacityWh: 9200 })),
    slotSeconds: 900,
    slots: SLOTS,
    startMs: 1_600_000_200_000,
    feedInMicroPerKwh: 80_000,
    load: (home) => Math.max(0, NET_WH[home]),
    generation: (home) => Math.max(0, -NET_WH[home]),
    retail: () => 250_000,
  });
}

interface Crash {
  home: number;
  type: number;
  lost: boolean;
  outageMs: number;
}

async function street({ home, type, lost, outageMs }: Crash) {
  let crashed = 0;
  const run: AreaRun = new AreaRun({
    world: world(),
    policy: () => ({ trade: true, direct: true }),
    stuckAfter: 2000,
    gateway: {
      pot: PROOF_OF_TIME,
      deposit: undefined,
      clock: { kind: "running", ratePermille: 1000 },
    },
    lose: (who, topic, area, payload) => {
      if (crashed > 0 || who !== home || !topic.endsWith("/up/tx")) return false;
      const up = upRecord.decode(payload);
      assert.ok(up.ok);
      const opened = openTx(area.crypto, up.value.content);
      assert.ok(opened.ok);
      const { body } = opened.tx;
      if (body.type !== type || body.slot < AT_SLOT) return false;
      crashed++;
      if (!lost) area.bus.publish(topic, payload, { retain: false });
      area.crash(home, outageMs);
      return true;
    },
  });
  assert.ok(await run.finish(), "the run came to its end");
  assert.equal(crashed, 1, "it crashed");
  return run;
}

function check(run: AreaRun): AuditSummary {
  const { crypto, area } = run;
  const result = audit(run.entries(), { crypto });
  assert.deepEqual(result.ok ? [] : result.faults, [], "the audit finds nothing");
  const { state } = area.chain;
  const { walletsMicro, lockedMicro } = state.sums();
  assert.equal(walletsMicro + lockedMicro, NET_WH.length * GENESIS_MICRO, "coins are conserved");
  const frozen = [...state.frozen.values()].reduce((sum, { micro }) => sum + micro, 0);
  let heldMicro = 0;
  for (const { slot, leftMicro } of state.locks.values())
    if (slot <= state.closedSlot) heldMicro += leftMicro;
  assert.equal(heldMicro, frozen, "locks are released, but for what two meters dispute");
  assert.equal(state.pairs.size, 0, "nothing stays open");
  for (const account of state.accounts.values()) {
    assert.ok(account.claimedImportMwh <= account.importMwh, "bought is metered");
    assert.ok(account.claimedExportMwh <= account.exportMwh, "sold is metered");
  }
  return result.summary;
}

const cases: [string, number, number[]][] = [
  ["seller", SELLER, [TxType.offer, TxType.sold]],
  ["buyer", BUYER, [TxType.reserve, TxType.bought]],
];
for (const [role, home, types] of cases)
  for (const type of types)
    for (const outageMs of [SHORT_MS, LONG_MS])
      test(`a ${role} crashes at its transaction of type ${type} for ${outageMs} ms`, async () => {
        for (const lost of [true, false]) {
          const run = await street({ home, type, lost, outageMs });
          const { settlements } = check(run);
          assert.ok(settlements >= 6, `the others trade on: ${settlements} deals`);
          const again = new Gateway(run.area.options, run.area.ports);
          await again.start();
          const root = ({ area }: Gateway) => toHex(area.chain.state.root(run.crypto));
          assert.equal(root(again), root(run.gateway), "the log replays");
        }
      });

test("a buyer that is gone between SOLD and BOUGHT pays by the meters", async () => {
  const run = await street({ home: BUYER, type: TxType.bought, lost: true, outageMs: LONG_MS });
  const summary = check(run);
  assert.ok(summary.arbitrated >= 1);
  assert.ok(!summary.notAcceptedByCode.METER_RANGE, "and backs nothing twice when it is back");
});

test("a seller that is gone before SOLD is paid nothing, and the lock is released", async () => {
  const run = await street({ home: SELLER, type: TxType.sold, lost: true, outageMs: LONG_MS });
  check(run);
  const released = run.area.missedSlots.some(({ slot }) => slot === AT_SLOT);
  assert.ok(released, "it is listed as missing in its slot");
});
