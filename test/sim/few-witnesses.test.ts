// SPDX-License-Identifier: Apache-2.0
/**
 * Eight of twelve members fall silent for good (ledger 4.4): committees have too few witnesses, so that
 * gateway's tokens stand in after two ticks, until an epoch begins that is made of those that are there.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { toHex } from "#core/codec/bytes";
import { openTx, type Tx } from "#core/records/tx";
import { UP_KINDS } from "#core/topics";
import { audit } from "#gateway/audit/audit";
import { EntryKind, saidEntry, unpackEntry } from "#gateway/entries";
import { AreaRun } from "../helpers/area-run.ts";

const SILENT_FROM_SLOT = 2;
const STILL_THERE = 4;
/** The second epoch still has all that spoke in the first; the third has those that spoke in the second. */
const EPOCH_SLOTS = 3;
const THIRD_EPOCH_SLOT = 2 * EPOCH_SLOTS;
const SLOTS = 10;

function transactions(run: AreaRun): Tx[] {
  const txs: Tx[] = [];
  for (const { kind, bytes } of run.entries()) {
    if (kind !== EntryKind.said) continue;
    const said = unpackEntry(saidEntry, bytes);
    if (UP_KINDS[said.kind] !== "tx" || said.code !== 0) continue;
    const opened = openTx(run.crypto, said.content);
    assert.ok(opened.ok);
    txs.push(opened.tx);
  }
  return txs;
}

test("with 8 of 12 nodes off the gateway stands in, and later epochs are made of the rest", async () => {
  const run = new AreaRun({
    nodes: 12,
    slots: SLOTS,
    stuckAfter: 2000,
    gateway: { pot: { epochSlots: EPOCH_SLOTS, epsilonMs: 2000, tauMs: 10_000 } },
    lose: (home, topic, { area }) =>
      home >= STILL_THERE &&
      topic.includes("/up/") &&
      (area.world.openSlot ?? 0) >= SILENT_FROM_SLOT,
  });
  assert.ok(await run.finish(), "the area goes on");
  const byGateway = ({ pot }: Tx) => pot.length === 1 && toHex(pot[0].witness) === run.area.id;
  const txs = transactions(run);
  const between = (from: number, to: number) =>
    txs.filter(({ body }) => body.slot >= from && body.slot < to);

  const before = between(0, SILENT_FROM_SLOT);
  assert.ok(before.length >= 12);
  assert.ok(
    before.every(({ pot }) => pot.length === 7),
    "7 of 11 while all are there",
  );

  const without = between(SILENT_FROM_SLOT + 2, THIRD_EPOCH_SLOT);
  assert.ok(without.length >= STILL_THERE, "those that are left trade on");
  assert.ok(without.every(byGateway), "with the gateway's token alone");
  assert.ok(
    without.every(({ body }) => body.cancels),
    "after they took back what found no witnesses",
  );

  const later = between(THIRD_EPOCH_SLOT + 2, SLOTS);
  assert.ok(later.length >= STILL_THERE);
  assert.equal(run.area.epochs.latest?.epoch.members.length, STILL_THERE);
  assert.ok(
    later.every(({ pot }) => pot.length === 2),
    "2 of 3 in the third epoch",
  );

  const result = await audit(run.entries(), { crypto: run.crypto });
  assert.deepEqual(result.ok ? [] : result.faults, []);
});
