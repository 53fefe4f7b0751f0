// SPDX-License-Identifier: Apache-2.0
/** The gateway's bank: terms that change with a restart, a bank that comes later, words that are said again. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { toHex } from "#core/codec/bytes";
import { openSigned } from "#core/codec/record";
import { paymentRecord } from "#core/records/credit";
import { upRecord } from "#core/records/receipt";
import { openTx, TxType } from "#core/records/tx";
import { UP_KINDS } from "#core/topics";
import { audit } from "#gateway/audit/audit";
import { quantiles } from "#gateway/credit/latency";
import { termsOf } from "#gateway/credit/terms";
import { EntryKind, saidEntry, unpackEntry } from "#gateway/entries";
import { Gateway } from "#gateway/gateway";
import type { LogStore } from "#gateway/ports";
import { CREDIT_NEED } from "#meter/config";
import { openMemoryStore } from "#node/store/memory";
import { crypto, LocalArea, type LocalAreaSetup, worldOf } from "../../helpers/local-area.ts";

const SLOTS = 8;
const NET_WH = [Array(SLOTS).fill(-2000), Array(SLOTS).fill(900), Array(SLOTS).fill(700)];
const PRICES = { feedInMicro: 80_000, retailMicro: 300_000 };
const BANK = { capitalMicro: 20_000_000, terms: termsOf("meter-backed", PRICES) };

async function started(
  setup: Partial<LocalAreaSetup> = {},
  options: LocalAreaSetup["options"] = {},
): Promise<LocalArea> {
  const area = new LocalArea({
    world: worldOf(NET_WH),
    policy: (home) => (home === 0 ? { trade: true } : { trade: true, credit: CREDIT_NEED }),
    ...setup,
    options: { genesisMicro: 0, credit: BANK, ...options },
  });
  await area.start();
  return area;
}

test("other terms at a restart are entered once, for loans to come; capital stays", async () => {
  const area = await started();
  await area.run();
  const [before] = area.state.banks.values();
  assert.equal(before.version, 1);
  const terms = { ...BANK.terms, alphaMaxPpm: 100_000 };
  const options = { ...area.options, slots: SLOTS + 2, credit: { capitalMicro: 1, terms } };
  const other = new Gateway(options, { ...area.portsForReplay() });
  await other.start();
  const entries = area.store.length;
  await other.process();
  const again = new Gateway(options, { ...area.portsForReplay() });
  await again.start();
  assert.equal(area.store.length, entries, "it waits for its block, and is not said again");
  const result = audit(area.store.read(), { crypto });
  assert.ok(result.ok);
});

test("a bank that is opened later lends from then on", async () => {
  const area = await started({}, { credit: undefined });
  await area.run();
  assert.equal(area.state.banks.size, 0);
  assert.equal(area.gateway.area.tradedWh, 0, "nobody had coins");
  Object.assign(area.options, { slots: 2 * SLOTS, credit: BANK });
  await area.startGateway();
  for (const home of NET_WH.keys()) {
    area.stopNode(home);
    area.startNode(home);
  }
  await area.run();
  assert.equal(area.state.banks.size, 1);
  assert.equal(area.state.totals.genesisMicro, BANK.capitalMicro);
  const result = audit(area.store.read(), { crypto });
  assert.ok(result.ok, JSON.stringify(!result.ok && result.faults.slice(0, 2)));
});

test("every loan word that is said again is refused by its number, and nothing changes", async () => {
  const said: { topic: string; payload: Uint8Array }[] = [];
  const area = await started({
    up(_home, topic, payload) {
      if (topic.endsWith("/up/loan")) said.push({ topic, payload });
      return true;
    },
  });
  await area.run();
  assert.ok(said.length >= 2);
  const root = area.state.root(crypto);
  for (const { topic, payload } of said) area.bus.publish(topic, payload, { retain: false });
  const [first, second] = said;
  area.bus.publish(second.topic, first.payload, { retain: false });
  await area.settle();
  assert.deepEqual(area.state.root(crypto), root);
  const { byCode } = area.gateway.area.counters;
  assert.ok((byCode.get("DUPLICATE") ?? 0) >= said.length);
});

test("nearest-rank quantiles", () => {
  assert.deepEqual(quantiles([]), { count: 0, p50Ms: 0, p99Ms: 0 });
  assert.deepEqual(quantiles([5]), { count: 1, p50Ms: 5, p99Ms: 5 });
  const hundred = Array.from({ length: 100 }, (_, i) => 100 - i);
  assert.deepEqual(quantiles(hundred), { count: 100, p50Ms: 50, p99Ms: 99 });
});

test("a gateway that dies after a BOUGHT says its payment when it is back", async () => {
  const heard: string[] = [];
  let dies = true;
  const area = await started({
    // The other buyer is slow, so that the slot stays open.
    up: (home, topic, payload) =>
      !(dies && home === 2 && topic.endsWith("/up/tx") && buys(payload)),
    down(home, topic, payload) {
      const payment = topic.endsWith("/down/credit") && openSigned(paymentRecord, crypto, payload);
      if (home === 1 && payment && payment.ok) heard.push(toHex(payment.value.bought));
      return true;
    },
    store: {
      ...store,
      append(entries) {
        store.append(entries);
        const bought = entries.some(({ kind, bytes }) => {
          if (kind !== EntryKind.said) return false;
          const { kind: index, content } = unpackEntry(saidEntry, bytes);
          const tx = UP_KINDS[index] === "tx" ? openTx(crypto, content) : undefined;
          return tx?.ok && tx.tx.body.type === TxType.bought;
        });
        // Where the block is in the same commit there is nothing left to promise.
        if (!bought || !dies || entries.some(({ kind }) => kind === EntryKind.block)) return;
        dies = false;
        throw new Error("dies");
      },
      get length() {
        return store.length;
      },
    },
    onGatewayFailure: () => {},
  });
  await area.run();
  assert.equal(dies, false);
  const paid = [...paidIn(store)].filter(([, node]) => node === area.nodeId(1));
  for (const [bought] of paid) assert.ok(heard.includes(bought), "each payment was said");
  const { token, ledger } = area.gateway.area.credit.latency;
  assert.ok(token.p99Ms < 60_000 && ledger.p99Ms < 600_000, "and no time is counted from nothing");
});

const store = openMemoryStore();

function buys(payload: Uint8Array): boolean {
  const up = upRecord.decode(payload);
  const tx = up.ok ? openTx(crypto, up.value.content) : undefined;
  return tx?.ok === true && tx.tx.body.type === TxType.bought;
}

/** BOUGHTs of the log by id, with their authors. */
function* paidIn(log: LogStore): Generator<[string, string]> {
  for (const { kind, bytes } of log.read()) {
    if (kind !== EntryKind.said) continue;
    const { kind: index, code, content, node } = unpackEntry(saidEntry, bytes);
    const tx = UP_KINDS[index] === "tx" && code === 0 ? openTx(crypto, content) : undefined;
    if (tx?.ok && tx.tx.body.type === TxType.bought) yield [toHex(tx.tx.txid), toHex(node)];
  }
}
