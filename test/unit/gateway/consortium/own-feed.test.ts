// SPDX-License-Identifier: Apache-2.0
/** A gateway feeds no more than others keep, whatever its nodes and its operator bring while no turn comes. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { toHex } from "#core/codec/bytes";
import { openSigned } from "#core/codec/record";
import { CERTIFICATES_FED_MAX, FEED_SEGMENTS_MAX } from "#core/limits";
import { type FedEntry, FedKind, segmentRecord } from "#core/records/segment";
import { evidenceRecord } from "#core/records/vote";
import { Load, WITH_PROOF } from "#gateway/consortium/load";
import { EntryKind, segmentEntry, unpackEntry } from "#gateway/entries";
import type { Imported } from "#gateway/identity/import";
import { SIM_NET } from "#host-sim/setup";
import { keyedCrypto } from "#host-sim/smartchain/crypto";
import { smallWorld } from "#host-sim/smartchain/small-world";
import { Town } from "#host-sim/town/town";
import type { TownGateway } from "#host-sim/town/town-gateway";

const LARGE = 15_000;

function large(i: number): Uint8Array {
  const bytes = new Uint8Array(LARGE).fill(i & 0xff);
  bytes[0] = i >> 8;
  return bytes;
}

/** A town whose nodes are members, and where all gateways but the first are gone. */
async function alone(): Promise<{ town: Town; one: TownGateway; others: TownGateway[] }> {
  const world = smallWorld(9, 4, 2, 900);
  const town = new Town({ seed: 9, gateways: 4, world, crypto: keyedCrypto() });
  const [one, ...others] = town.gateways;
  await town.start();
  await town.runFor(300);
  for (const other of others) other.fall(Number.POSITIVE_INFINITY);
  await town.runFor(50);
  return { town, one, others };
}

function backlogOf({ gateway }: TownGateway): number {
  return gateway!.seat!.replica.backlog;
}

/** The others come back, and turns go on. */
async function together(town: Town, one: TownGateway, others: TownGateway[]): Promise<void> {
  for (const other of others) await other.start();
  for (let i = 0; i < 20 && (i === 0 || backlogOf(one) > 0); i++) await town.runFor(1000);
  assert.equal(backlogOf(one), 0);
}

/** Entries of this kind in the segments that the gateway has fed. */
function fed({ store, gateway }: TownGateway, kind: number): FedEntry[] {
  const { area } = gateway!;
  const found: FedEntry[] = [];
  for (const entry of store.read()) {
    if (entry.kind !== EntryKind.segment) continue;
    const { signed } = unpackEntry(segmentEntry, entry.bytes);
    const opened = openSigned(segmentRecord, area.ports.crypto, signed);
    assert.ok(opened.ok);
    const { gateway: by, entries } = opened.value;
    if (toHex(by) === area.id) found.push(...entries.filter((one) => one.kind === kind));
  }
  return found;
}

test("a member that says more than a feed holds is refused, and may say it when turns go on", async () => {
  const { town, one, others } = await alone();
  const node = town.nodes.find(({ at }) => at === one)!;
  const publicKey = town.crypto.publicKey(node.setup.config.secretKey);
  const { area } = one.gateway!;
  const topic = `${area.topics.prefix}/node/${node.node!.id}/up/evidence`;
  const messages = Array.from({ length: 250 }, (_, i) => {
    const item = large(i).subarray(0, LARGE / 2);
    return evidenceRecord.encode({ net: SIM_NET, fraud: 1, publicKey, items: [item, item] });
  });
  for (const message of messages) one.gateway!.deliver(topic, message);
  await town.runFor(100);
  const refused = area.counters.byCode.get("RATE_LIMITED") ?? 0;
  assert.ok(refused > 50 && refused < 200, `${refused} refused`);
  assert.ok(backlogOf(one) <= FEED_SEGMENTS_MAX - WITH_PROOF, `${backlogOf(one)} segments`);
  one.fall(0);
  await town.runFor(50);
  assert.ok(one.gateway, "it starts again");
  await together(town, one, others);
  const before = fed(one, FedKind.heard).length;
  one.gateway.deliver(topic, messages[249]);
  await town.runFor(100);
  assert.equal(fed(one, FedKind.heard).length, before + 1);
});

test("what the operator brings waits for room, and is fed once", async () => {
  const { town, one, others } = await alone();
  const seat = one.gateway!.seat!;
  const certificates = Array.from({ length: 300 }, (_, i) => ({ encoded: large(i) }));
  const found = { certificates, lists: [], refused: [], more: false };
  for (let i = 0; i < 2; i++) seat.feedTrust(found as unknown as Imported);
  const open = () => seat.replica.feeds.countOpen(one.id, FedKind.certificate);
  assert.equal(open(), CERTIFICATES_FED_MAX, "a turn takes no more of one gateway");
  const list = { kind: FedKind.revocations, bytes: large(300) };
  seat.feedTrust({ ...found, certificates: [], lists: [list] } as unknown as Imported);
  assert.equal(fed(one, FedKind.revocations).length, 1, "a list does not wait behind them");
  assert.ok(backlogOf(one) <= FEED_SEGMENTS_MAX);
  await together(town, one, others);
  const names = fed(one, FedKind.certificate).map(({ bytes }) => `${bytes[0]} ${bytes[1]}`);
  assert.equal(names.length, 300);
  assert.equal(new Set(names).size, 300);
});

test("a log with more own segments than others keep replays, and turns take them in", async () => {
  const { town, one, others } = await alone();
  const { replica } = one.gateway!.seat!;
  const entries = Array.from({ length: 3 * FEED_SEGMENTS_MAX + 30 }, (_, i) => {
    return { kind: FedKind.certificate, bytes: large(i) };
  });
  one.store.append(replica.cut(entries));
  one.fall(0);
  await town.runFor(50);
  assert.ok(one.gateway, "it starts");
  assert.ok(backlogOf(one) > FEED_SEGMENTS_MAX);
  await together(town, one, others);
  assert.equal(fed(one, FedKind.certificate).length, entries.length);
});

test("a load has the segments that there is room for", () => {
  const load = new Load(7, 2);
  const entry = { kind: FedKind.heard, bytes: large(1) };
  assert.deepEqual(
    [load.fits(entry), load.fits(entry, 1), load.fits(entry, 2)],
    [true, true, false],
  );
  const numbers = [];
  while (load.fits(entry)) numbers.push(load.add(entry));
  assert.deepEqual(numbers, [7, 7, 7, 8, 8, 8]);
  assert.equal(new Load(1, 0).fits(entry), false);
});
