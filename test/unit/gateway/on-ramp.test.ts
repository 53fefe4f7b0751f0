// SPDX-License-Identifier: Apache-2.0
/** Coins in and out through the operator's account: standing orders, conservation, restart and audit. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { EffectKind } from "#core/records/block";
import { audit } from "#gateway/audit/audit";
import { AreaRun } from "../../helpers/area-run.ts";

const COINS = 1_000_000;

test("what an account owns beyond the limit is paid out, burned, and audited", async () => {
  const run = new AreaRun({
    nodes: 4,
    slots: 6,
    gateway: {
      genesisMicro: 100 * COINS,
      deposit: undefined,
      withdraw: { aboveMicro: 60 * COINS, toMicro: 50 * COINS },
    },
  });
  await run.finish();
  const { state } = run.area.chain;
  assert.ok(run.area.tradedWh > 0, "trade goes on");
  // Four accounts of 100 coins are paid out to 50 each; what they trade afterwards stays below the limit.
  assert.equal(state.totals.burnedMicro, 200 * COINS);
  const { walletsMicro, lockedMicro } = state.sums();
  assert.equal(walletsMicro + lockedMicro, 200 * COINS);
  state.assertConserved();
  const result = audit(run.entries(), { crypto: run.crypto });
  assert.ok(result.ok, JSON.stringify("faults" in result ? result.faults : ""));
  assert.equal(result.summary.coins.burnedMicro, 200 * COINS);

  const again = new AreaRun({
    nodes: 4,
    slots: 6,
    store: run.store,
    gateway: { genesisMicro: 100 * COINS, deposit: undefined },
  });
  await again.gateway.start();
  assert.deepEqual(
    again.area.chain.head?.id,
    run.area.chain.head?.id,
    "replayed to the same block",
  );
});

test("a deposit and a withdrawal in one run keep every coin accounted for", async () => {
  const run = new AreaRun({
    nodes: 4,
    slots: 6,
    gateway: {
      genesisMicro: 0,
      deposit: { belowMicro: 5 * COINS, toMicro: 30 * COINS },
      withdraw: { aboveMicro: 30 * COINS, toMicro: 30 * COINS - 1 },
    },
  });
  await run.finish();
  const { totals } = run.area.chain.state;
  assert.ok(totals.mintedMicro >= 4 * 30 * COINS);
  assert.ok(totals.burnedMicro > 0, "sellers earn, and what is above the limit leaves");
  run.area.chain.state.assertConserved();
  assert.equal(EffectKind.withdraw, 3);
  const result = audit(run.entries(), { crypto: run.crypto });
  assert.ok(result.ok, JSON.stringify("faults" in result ? result.faults : ""));
});
