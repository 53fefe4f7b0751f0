// SPDX-License-Identifier: Apache-2.0
/** `wattle bank`: from a store with a bank, and without one; and the text itself. */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import type { LoanFacts } from "#gateway/credit/facts";
import { termsOf } from "#gateway/credit/terms";
import { CREDIT_NEED } from "#meter/config";
import { bankCommand } from "#node/cli/bank";
import { bankLines } from "#node/cli/bank-text";
import { MonitorView } from "#node/cli/monitor-view";
import { openSealedStore } from "#node/store/sealed";
import { LocalArea, worldOf } from "../../helpers/local-area.ts";

const NET_WH = [Array(6).fill(-2000), Array(6).fill(900)];

async function storeWith(bank: boolean, dir: string): Promise<string> {
  const file = join(dir, `${bank}.db`);
  const store = openSealedStore(file, { create: true });
  const terms = termsOf("meter-backed", { feedInMicro: 80_000, retailMicro: 300_000 });
  const area = new LocalArea({
    world: worldOf(NET_WH),
    store,
    options: {
      genesisMicro: bank ? 0 : 50_000_000,
      ...(bank && { credit: { capitalMicro: 20_000_000, terms } }),
    },
    policy: (home) => (bank && home === 1 ? { trade: true, credit: CREDIT_NEED } : { trade: true }),
  });
  await area.start();
  await area.run();
  store.close();
  return file;
}

async function printed(options: Parameters<typeof bankCommand>[0]) {
  let [out, err] = ["", ""];
  const code = await bankCommand({
    ...options,
    out: (text) => void (out += text),
    err: (text) => void (err += text),
  });
  return { code, out, err };
}

test("loans, sums and grades out of a store; a store without a bank says so", async (t) => {
  const dir = mkdtempSync(join(tmpdir(), "wattle-bank-"));
  t.after(() => rmSync(dir, { recursive: true }));
  const file = await storeWith(true, dir);
  const { code, out } = await printed({ file, area: "a" });
  assert.equal(code, 0);
  assert.match(out, /capital {4}20\.000000 coins; reserve 15\.000000/);
  assert.match(out, /exposure {3}5\.000000 lent and not back, of it 5\.000000 unsecured/);
  assert.match(out, /home 1 {4}G5 {5}ACTIVE \* +5\.000000/);
  const json = JSON.parse((await printed({ file, area: "a", json: true })).out);
  assert.equal(json.loans.length, 1);
  const none = await printed({ file: await storeWith(false, dir), area: "a" });
  assert.equal(none.code, 1);
  assert.match(none.err, /has no bank/);
  const missing = await printed({ file: join(dir, "none.db"), area: "a" });
  assert.equal(missing.code, 2);
  assert.equal((await printed({ area: "a" })).code, 78);
  assert.equal((await printed({ url: "no url", area: "a" })).code, 78);
});

test("what a broker says comes as text and nothing else", () => {
  const loan: LoanFacts = {
    state: "LATE",
    ...{ node: "00", name: "roof\u001b[2J", grade: null, points: -3, onTime: 0 },
    ...{ late: 1, unsecured: false, principalMicro: 5, balanceMicro: 0, heldMicro: 0 },
    ...{ spentMicro: 5, debtMicro: 7, chargePaidMicro: 0, alphaPpm: 350_000, betaPpm: 100_000 },
    ...{ months: 1, version: 2, validUntilMs: 0, repayByMs: 0, uncoveredWh: 0 },
  };
  const lines = bankLines({
    banks: [],
    loans: [loan],
    sharedMicro: 0,
    ...{ loansLive: 1, repaidOnTime: 2, everLate: 1, lateNow: ["roof\u001b[2J"], blacklisted: [] },
    byGrade: { none: 1 },
    borrowers: 3,
    paymentMs: { count: 4, p50Ms: 5, p99Ms: 6 },
    ledgerMs: { count: 4, p50Ms: 7, p99Ms: 8 },
    refused: { LOAN_LIVE: 2 },
  });
  const text = lines.join("\n");
  assert.ok(!text.includes("\u001b"));
  assert.match(text, /roof\?\[2J {2}- {6}LATE/);
  assert.match(text, /payments {3}4 at once: p50 5 ms, p99 6 ms; in a block: p50 7 ms, p99 8 ms/);
  assert.match(text, /refused {4}LOAN_LIVE 2/);
  assert.match(text, /… and 2 more/);
});

test("the monitor has a line for the bank, and what each member owes", () => {
  const view = new MonitorView("street", "mqtt://host");
  view.link = "connected";
  const say = (path: string, value: unknown) =>
    view.apply(`wattle/1/street/${path}`, Buffer.from(JSON.stringify(value)));
  say("monitor/gateway", { state: "online" });
  say("monitor/node/a", { name: "a", node: "00", role: "buyer", credit: { debtMicro: 5_500_000 } });
  const shown = () => view.render(200, 40).join("\n");
  assert.ok(!shown().includes("owes"));
  const bank = { policy: "meter-backed", reserveMicro: 15_000_000, outstandingMicro: 5_000_000 };
  say("monitor/bank", { banks: [bank], loansLive: 1, lateNow: ["a\u001b"], blacklisted: [] });
  assert.match(
    shown(),
    /bank: meter-backed, 1 loans, 5\.00 coins lent, 15\.00 in reserve; LATE a\?/,
  );
  assert.match(shown(), /owes/);
  assert.match(shown(), /5\.50/);
});
