// SPDX-License-Identifier: Apache-2.0
/**
 * What a gateway takes to replay its own log, processor time by kind of entry: the log of a simulated street
 * of 24 members for six hours, with proof-of-time.
 */

import { EntryKind } from "#gateway/entries";
import { Gateway } from "#gateway/gateway";
import type { GatewayOptions } from "#gateway/options";
import type { GatewayPorts, LogEntry, LogStore, Tariff } from "#gateway/ports";
import { processorMs } from "#host-sim/evaluate/smartchain/costs";
import { v8Engine } from "#host-sim/fleet/v8-engine";
import { gatewayOptions, nodeSetups, PROOF_OF_TIME, seededKey, tariffOf } from "#host-sim/setup";
import { runSim } from "#host-sim/sim/run";
import { loadWorld } from "#host-sim/worlds/load";
import { firstSlots } from "#host-sim/worlds/window";
import { sodiumCrypto } from "#node/crypto/sodium";
import { openMemoryStore } from "#node/store/memory";

const SLOTS = 24;
const SLOT_SECONDS = 900;

export interface Replayed {
  transactions: number;
  entries: number;
  /** Of the whole start, and of each kind of entry by name, ms. */
  totalMs: number;
  kindMs: Record<string, number>;
}

/** A gateway's log, and what it was made with. */
export interface OwnLog {
  options: GatewayOptions;
  store: LogStore;
  tariff: Tariff;
  transactions: number;
}

/** The log of a simulated street of so many members. */
export async function makeOwnLog(nodes: number): Promise<OwnLog> {
  const crypto = sodiumCrypto();
  const whole = loadWorld({ from: 0, days: 1, nodes, seed: 1, slotSeconds: SLOT_SECONDS });
  const world = firstSlots(whole, SLOTS);
  const secretKey = seededKey(crypto, 1, "gateway", 0);
  const options = gatewayOptions(world, secretKey, {
    ...{ genesisMicro: 100_000_000, deposit: undefined, slotTimeoutMs: 30_000 },
    market: { timing: "ex-post", mode: "auction", pricing: "uniform", kPermille: 500 },
    pot: PROOF_OF_TIME,
  });
  const store = openMemoryStore();
  const tariff = tariffOf(world);
  const setups = nodeSetups(crypto, world, 1, crypto.publicKey(secretKey));
  const log = () => {};
  const { gateway } = await runSim({
    ...{ world, options, tariff, setups, engine: v8Engine(), crypto, store, log },
  });
  return { options, store, tariff, transactions: gateway.area.counters.transactions };
}

/** What a gateway needs that only starts. */
export function portsOver(store: LogStore, tariff: Tariff): GatewayPorts {
  return {
    ...{ crypto: sodiumCrypto(), store, tariff, log: () => {}, probe: () => {} },
    verifier: { verify: (batch) => batch.map(() => true) },
    bus: { publish: () => {}, subscribe: () => {}, close: async () => {} },
    time: { nowMs: () => 0, wakeAfter: () => {} },
  };
}

export async function replayOwnLog(): Promise<Replayed> {
  const { options, store, tariff, transactions } = await makeOwnLog(24);
  const kindMs: Record<string, number> = {};
  const timed: LogStore = { ...store, read: () => timedRead(store, kindMs) };
  Object.defineProperty(timed, "length", { get: () => store.length });
  const entries = store.length;
  const fromMs = processorMs();
  await new Gateway(options, portsOver(timed, tariff)).start();
  return { transactions, entries, totalMs: processorMs() - fromMs, kindMs };
}

/** What passes between two entries is what the first of them took. */
function* timedRead(store: LogStore, kindMs: Record<string, number>): Iterable<LogEntry> {
  for (const entry of store.read()) {
    const fromMs = processorMs();
    yield entry;
    const name = nameOf(entry.kind);
    kindMs[name] = (kindMs[name] ?? 0) + processorMs() - fromMs;
  }
}

function nameOf(kind: number): string {
  const found = Object.entries(EntryKind).find(([, number]) => number === kind);
  return found?.[0] ?? String(kind);
}
