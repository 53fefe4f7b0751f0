// SPDX-License-Identifier: Apache-2.0
/**
 * An area that traded without proof-of-time, and is started again with it (ledger 4.4): what was under way is
 * settled, everything afterwards has tokens, and there is no way back on the same log.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { openTx, type Tx } from "#core/records/tx";
import { UP_KINDS } from "#core/topics";
import { audit } from "#gateway/audit/audit";
import { EntryKind, saidEntry, unpackEntry } from "#gateway/entries";
import type { GatewayOptions } from "#gateway/options";
import type { LogStore } from "#gateway/ports";
import { StoreMismatch } from "#gateway/replay";
import { openMemoryStore } from "#node/store/memory";
import { crypto, LocalArea, worldOf } from "../helpers/local-area.ts";
import { auditLog } from "../helpers/log-audit.ts";

const POT = { epochSlots: 3, epsilonMs: 2000, tauMs: 10_000 };
const NET_WH = [
  [400, -900, 500, -700, 400],
  [-900, 600, -200, 800, -900],
  [300, 500, -600, -100, 300],
  [-200, 200, 300, 400, -200],
];
const RUNNING: GatewayOptions["clock"] = { kind: "running", ratePermille: 60_000 };

/** A gateway that dies once, when an append to its log is durable and nothing was said. */
interface Death {
  /** Number of the append, from 1; 0: none. */
  append: number;
  clock?: GatewayOptions["clock"];
  /** What that one has; the first has none. */
  pot?: GatewayOptions["pot"];
}

function dyingStore(death: Death, counted: { appends: number }): LogStore {
  const inner = openMemoryStore();
  return {
    append(entries) {
      const now = ++counted.appends === death.append;
      inner.append(entries);
      if (now) throw new Error("dies");
    },
    read: (from) => inner.read(from),
    get length() {
      return inner.length;
    },
    drop: (head, before) => inner.drop(head, before),
    get gap() {
      return inner.gap;
    },
    keep: (name, bytes) => inner.keep(name, bytes),
    kept: (name) => inner.kept(name),
    close: () => inner.close(),
  };
}

async function run(death: Death) {
  const counted = { appends: 0 };
  const { clock, pot } = death;
  const area = new LocalArea({
    world: worldOf(NET_WH),
    store: dyingStore(death, counted),
    options: clock && { clock },
    onGatewayFailure: (error) => {
      if (!(error instanceof Error && error.message === "dies")) throw error;
      area.options.pot = pot;
    },
  });
  await area.start();
  await area.run();
  area.state.assertConserved();
  return { area, appends: counted.appends };
}

/** Transactions as the log has them, in order, with what the gateway said of each. */
function transactions({ store }: LocalArea): { tx: Tx; code: number }[] {
  const found: { tx: Tx; code: number }[] = [];
  for (const { kind, bytes } of store.read()) {
    if (kind !== EntryKind.said) continue;
    const said = unpackEntry(saidEntry, bytes);
    if (UP_KINDS[said.kind] !== "tx") continue;
    const opened = openTx(crypto, said.content);
    assert.ok(opened.ok);
    found.push({ tx: opened.tx, code: said.code });
  }
  return found;
}

function totals({ store, gateway }: LocalArea) {
  const { clearedWh, paidWh, paidMicro } = auditLog(store);
  return { clearedWh, paidWh, paidMicro, missed: gateway.area.missedSlots };
}

/** How many transactions have tokens. */
async function check(area: LocalArea, whole: ReturnType<typeof totals>, what: string) {
  assert.deepEqual(totals(area), whole, what);
  const txs = transactions(area);
  const refused = txs.filter(({ code }) => code !== 0);
  assert.deepEqual(
    refused.map(({ code }) => code),
    [],
    `${what}: nothing is refused`,
  );
  const result = await audit(area.store.read(), { crypto });
  assert.deepEqual(result.ok ? [] : result.faults, [], what);
  const first = txs.findIndex(({ tx }) => tx.body.epoch > 0);
  const after = first < 0 ? [] : txs.slice(first);
  for (const { tx } of txs) assert.equal(tx.pot.length > 0, tx.body.epoch > 0, what);
  assert.deepEqual(
    after.filter(({ tx }) => tx.body.epoch === 0),
    [],
    what,
  );
  return after.length;
}

for (const [name, clock, step] of [
  ["barrier", undefined, 2],
  ["running clock", RUNNING, 7],
] as const)
  test(`proof-of-time from any append on: ${name}`, async (t) => {
    const without = await run({ append: 0, clock });
    const whole = totals(without.area);
    assert.ok(whole.paidWh > 0);
    let withTokens = 0;
    let runs = 0;
    // By the second all are members; under a running clock none may have heard so in time for slot 0.
    for (let append = 3; append <= without.appends; append += step) {
      runs++;
      const { area } = await run({ append, pot: POT, clock });
      if ((await check(area, whole, `append ${append}`)) > 0) withTokens++;
    }
    assert.ok(withTokens > runs / 2, String(withTokens));
    t.diagnostic(`${withTokens} of ${runs} runs with tokens`);
  });

test("a store with epochs is refused without proof-of-time, with cause and cure, and goes on with it", async () => {
  const { area } = await run({ append: 5, pot: POT });
  const whole = totals(area);
  const entries = area.store.length;
  area.options.pot = undefined;
  await assert.rejects(area.startGateway(), (error: Error) => {
    assert.ok(error instanceof StoreMismatch);
    assert.match(
      error.message,
      /epochs of proof-of-time.*Set proofOfTime to true, or give a new store/,
    );
    return true;
  });
  assert.equal(area.store.length, entries, "it wrote nothing");
  area.options.pot = POT;
  await area.startGateway();
  assert.deepEqual(totals(area), whole);
});
