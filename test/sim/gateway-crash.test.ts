// SPDX-License-Identifier: Apache-2.0
/**
 * The gateway dies at every append to its log, before it is durable and after it, before anything
 * was said (architecture: trust and faults): a new gateway on the same log ends with the same
 * totals, nothing is applied twice, and every receipt that a node ever got still holds.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { toHex } from "#core/codec/bytes";
import type { Receipt } from "#core/records/receipt";
import type { GatewayOptions } from "#gateway/options";
import type { LogStore } from "#gateway/ports";
import { openMemoryStore } from "#node/store/memory";
import { LocalArea, openReceipt, worldOf } from "../helpers/local-area.ts";
import { auditLog } from "../helpers/log-audit.ts";

const NET_WH = [
  [400, -900, 500, -700],
  [-900, 600, -200, 800],
  [300, 500, -600, -100],
  [-200, 200, 300, 400],
];

class Crash extends Error {
  override readonly name = "Crash";
}

type Moment = "before" | "after";

interface CrashCase {
  /** Number of the append, from 1; 0: none. */
  append: number;
  moment: Moment;
  market?: Partial<GatewayOptions["market"]>;
}

interface CrashResult {
  appends: number;
  crashes: number;
  clearedWh: Map<number, number>;
  paidWh: number;
  paidMicro: number;
  registers: string;
  settled: number;
}

/** A log that fails once, at append `append`; a later gateway finds in it what was durable. */
function crashingStore(crash: CrashCase, counted: { appends: number }): LogStore {
  const inner = openMemoryStore();
  return {
    append(entries) {
      const now = ++counted.appends === crash.append;
      if (now && crash.moment === "before") throw new Crash(`append ${crash.append}`);
      inner.append(entries);
      if (now) throw new Crash(`append ${crash.append}`);
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

async function runCrash(crash: CrashCase): Promise<CrashResult> {
  const counted = { appends: 0 };
  let crashes = 0;
  const receipts: { home: number; receipt: Receipt }[] = [];
  const area = new LocalArea({
    world: worldOf(NET_WH),
    store: crashingStore(crash, counted),
    down: (home, topic, payload) => {
      if (topic.endsWith("/down/receipt")) receipts.push({ home, receipt: openReceipt(payload) });
      return true;
    },
    onGatewayFailure: (error) => {
      if (!(error instanceof Crash)) throw error;
      crashes++;
    },
    options: {
      market: {
        timing: "ex-post",
        mode: "auction",
        pricing: "uniform",
        kPermille: 500,
        ...crash.market,
      },
    },
  });
  await area.start();
  await area.run();
  const { area: gateway } = area.gateway;
  const audit = auditLog(area.store);
  gateway.chain.state.assertConserved();
  for (const { home, receipt } of receipts) {
    const digest = audit.said.get(area.nodeId(home))!.digests[receipt.upTo];
    assert.ok(digest, `home ${home} has a receipt up to ${receipt.upTo}, which the log has not`);
    assert.equal(toHex(digest), toHex(receipt.digest), "the receipt is over what the log has");
  }
  for (const [id, said] of audit.said) {
    assert.deepEqual([...new Set(said.codes)], [0], `nothing that ${id} says is refused`);
    const session = gateway.sessions.get(id)!;
    assert.equal(toHex(session.digest), toHex(said.digests.at(-1)!));
  }
  assert.deepEqual(gateway.missedSlots, [], "nobody is missing because the gateway was away");
  const alarms = area.logs.filter((line) => line.event === "alarm" || line.event === "tx-rejected");
  assert.deepEqual(alarms, []);
  const registers = [...audit.said]
    .map(([id, { registers: read }]) => `${id} ${read.at(-1)!.importMwh} ${read.at(-1)!.exportMwh}`)
    .sort()
    .join("\n");
  const { clearedWh, paidWh, paidMicro } = audit;
  const settled = gateway.settledSlots;
  return { appends: counted.appends, crashes, clearedWh, paidWh, paidMicro, registers, settled };
}

const MARKETS: [string, CrashCase["market"]][] = [
  ["auction", {}],
  ["guided", { mode: "guided" }],
  ["forecasts", { timing: "ex-ante" }],
];

for (const [name, market] of MARKETS)
  test(`the gateway dies at every append: ${name}`, async (t) => {
    const whole = await runCrash({ append: 0, moment: "before", market });
    assert.ok(whole.paidWh > 0);
    let cases = 0;
    for (let append = 1; append <= whole.appends; append++)
      for (const moment of ["before", "after"] as const) {
        const crash = { append, moment, market };
        const what = JSON.stringify(crash);
        const result = await runCrash(crash).catch((error: unknown) => {
          throw new Error(what, { cause: error });
        });
        cases++;
        assert.equal(result.crashes, 1, what);
        assert.deepEqual(
          { ...result, appends: 0, crashes: 0 },
          { ...whole, appends: 0, crashes: 0 },
          what,
        );
      }
    t.diagnostic(`${whole.appends} appends, ${cases} cases`);
  });
