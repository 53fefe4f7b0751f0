// SPDX-License-Identifier: Apache-2.0
/**
 * A restart of the whole gateway from its checkpoint, where its log has a million transactions: SQLite store,
 * checkpoint, and 4999 entries behind it, the most there can be. What comes before the checkpoint are copies
 * of the same gateway's own entries, so many that there are a million transactions: a start reads the first
 * of them and no other, which is what is shown here, and signatures in the tail are not checked again.
 */
import { mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { toHex } from "#core/codec/bytes";
import { assert } from "#core/errors/assert";
import { Gateway } from "#gateway/gateway";
import type { LogEntry, LogStore } from "#gateway/ports";
import { processorMs } from "#host-sim/evaluate/smartchain/costs";
import { enginePacker } from "#node/process/packer";
import { openMemoryStore } from "#node/store/memory";
import { openStore } from "#node/store/sqlite";
import { makeOwnLog, type OwnLog, portsOver } from "./replay.ts";
import { progress } from "./target.ts";

const MEMBERS = 64;
/** A checkpoint is made every 5000 entries (checkpoint/checkpoint.ts). */
const TAIL = 4999;
const BATCH = 10_000;

export interface WholeRestart {
  members: number;
  entries: number;
  storeBytes: number;
  checkpointBytes: number;
  /** To open the store, and to start the gateway: processor time and elapsed, ms. */
  openMs: number;
  startMs: number;
  elapsedMs: number;
}

export async function restartWhole(transactions: number): Promise<WholeRestart> {
  const own = await makeOwnLog(MEMBERS);
  const entries = [...own.store.read()];
  progress(`${own.transactions} transactions in ${entries.length} entries of ${MEMBERS} members`);
  const cycles = Math.ceil(transactions / own.transactions) - 1;
  const before = cycles * (entries.length - 1);
  const expected = await headAfter(own);
  const dir = mkdtempSync(join(tmpdir(), "wattle-restart-"));
  try {
    const path = join(dir, "gateway.db");
    const store = openStore(path);
    const checkpoint = await checkpointOf(own, entries, before);
    store.append([entries[0]]);
    for (let cycle = 0; cycle <= cycles; cycle++)
      for (let at = 1; at < entries.length; at += BATCH)
        store.append(entries.slice(at, at + BATCH));
    store.keep("checkpoint", checkpoint);
    store.close();
    progress(`${before + entries.length} entries are written`);
    const [fromMs, fromWallMs] = [processorMs(), performance.now()];
    const again = openStore(path);
    const openMs = processorMs() - fromMs;
    const gateway = new Gateway(own.options, {
      ...portsOver(again, own.tariff),
      packer: enginePacker(),
    });
    let taken = false;
    Object.assign(portsIn(gateway), {
      log: (_: string, event: string) => (taken ||= event === "checkpoint"),
    });
    await gateway.start();
    const startMs = processorMs() - fromMs - openMs;
    const elapsedMs = performance.now() - fromWallMs;
    assert(taken, "BENCH_CHECKPOINT");
    assert(toHex(gateway.area.chain.head!.id) === expected, "BENCH_RESTART");
    again.close();
    const storeBytes = statSync(path).size;
    const facts = { members: MEMBERS, entries: before + entries.length, storeBytes };
    return { ...facts, checkpointBytes: checkpoint.length, openMs, startMs, elapsedMs };
  } finally {
    rmSync(dir, { recursive: true });
  }
}

function portsIn(gateway: Gateway): object {
  return (gateway as unknown as { ports: object }).ports;
}

/** The last block that the whole log leads to. */
async function headAfter({ options, store, tariff }: OwnLog): Promise<string> {
  const gateway = new Gateway(options, portsOver(store, tariff));
  await gateway.start();
  return toHex(gateway.area.chain.head!.id);
}

/** As the gateway kept it TAIL entries before the end, in a log that has so many more entries before. */
async function checkpointOf(
  { options, tariff }: OwnLog,
  entries: readonly LogEntry[],
  before: number,
): Promise<Uint8Array> {
  const packer = enginePacker();
  const store: LogStore = openMemoryStore();
  store.append(entries.slice(0, -TAIL));
  const gateway = new Gateway(options, { ...portsOver(store, tariff), packer });
  await gateway.start();
  gateway.checkpoints.save();
  const kept = store.kept("checkpoint");
  assert(kept, "BENCH_CHECKPOINT");
  const packed = packer.unpack(kept) as { index: number };
  return packer.pack({ ...packed, index: packed.index + before });
}
