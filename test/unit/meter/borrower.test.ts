// SPDX-License-Identifier: Apache-2.0
/** What a node believes of a bank: forged, stale and replayed words, and a list of payments that is not true. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { toHex } from "#core/codec/bytes";
import { openSigned, signRecord } from "#core/codec/record";
import {
  type CreditToken,
  creditTokenRecord,
  type Payments,
  paymentsRecord,
} from "#core/records/credit";
import { termsOf } from "#gateway/credit/terms";
import type { CreditPolicy } from "#meter/config";
import {
  crypto,
  FEED_IN_MICRO,
  LocalArea,
  named,
  RETAIL_MICRO,
  worldOf,
} from "../../helpers/local-area.ts";

const SLOT_MS = 900_000;
const CREDIT: CreditPolicy = {
  borrow: "need",
  capMicro: 5_000_000,
  alphaMaxPpm: 350_000,
  repay: "income",
};
const NET_WH = [Array(8).fill(-2000), Array(8).fill(900)];

interface Told {
  topic: string;
  payload: Uint8Array;
  token?: CreditToken;
  payments?: Payments;
}

/** A seller and a borrower whose token ends after three slots; `change` may put other bytes in a message's place. */
async function told(change: (told: Told) => Uint8Array = ({ payload }) => payload) {
  const heard: Told[] = [];
  const prices = { feedInMicro: FEED_IN_MICRO, retailMicro: RETAIL_MICRO };
  const times = { validMs: 3 * SLOT_MS, bufferMs: 9 * SLOT_MS };
  const terms = termsOf("meter-backed", prices, times);
  const area: LocalArea = new LocalArea({
    world: worldOf(NET_WH),
    options: { genesisMicro: 0, credit: { capitalMicro: 50_000_000, terms } },
    policy: (home) => (home === 0 ? { trade: true } : { trade: true, credit: CREDIT }),
    down(home, topic, payload) {
      if (home !== 1 || !topic.endsWith("/down/credit")) return true;
      const token = openSigned(creditTokenRecord, crypto, payload);
      const payments = openSigned(paymentsRecord, crypto, payload);
      const what: Told = { topic, payload };
      if (token.ok) what.token = token.value;
      if (payments.ok) what.payments = payments.value;
      heard.push(what);
      const bytes = change(what);
      if (bytes === payload) return true;
      area.running[1]!.node.onMessage(topic, bytes);
      return false;
    },
  });
  await area.start();
  await area.run();
  const alarms = area.logs.filter(({ event }) => event === "alarm").map(({ facts }) => facts);
  return { area, heard, alarms, borrower: area.running[1]!.node.slots.borrower! };
}

test("a borrower pays, knows its debt, and is shown all payments when the token is over", async () => {
  const { area, heard, alarms, borrower } = await told();
  assert.deepEqual(alarms, []);
  const lists = heard.flatMap(({ payments }) => (payments ? [payments] : []));
  assert.ok(lists.length > 0 && lists[0].links.length === 3);
  assert.equal(borrower.paid.spent, 3);
  const line = area.state.credits.peek(area.nodeId(1))!.line!;
  assert.ok(borrower.debtMicro > 0);
  assert.equal(borrower.state, "ACTIVE");
  assert.equal(line.loan.spentMicro, borrower.paid.spentMicro);
});

test("a token that another key signed is an alarm and nothing else", async () => {
  const { alarms, borrower } = await told((what) => {
    if (!what.token) return what.payload;
    const more = { ...what.token, balanceMicro: 900_000_000, amountMicro: 900_000_000 };
    return signRecord(creditTokenRecord, crypto, named("somebody"), more).bytes;
  });
  assert.ok(alarms.length > 0);
  for (const alarm of alarms)
    assert.deepEqual(alarm, { code: "GATEWAY_SIGNATURE", detail: "credit" });
  assert.equal(borrower.state, undefined, "it has no token");
});

test("an old token says nothing any more", async () => {
  const { heard, area, alarms, borrower } = await told();
  const [first] = heard.filter(({ token }) => token);
  const before = borrower.debtMicro;
  const { node } = area.running[1]!;
  node.onMessage(first.topic, first.payload);
  assert.equal(borrower.debtMicro, before);
  assert.deepEqual(alarms, []);
});

test("a token of another borrower is not taken", async () => {
  const { area, borrower, heard } = await told();
  const { token } = heard.filter((what) => what.token).at(-1)!;
  const other = { ...token!, node: named("other", 16), debtMicro: 1, version: 9000, height: 9000 };
  const { bytes } = signRecord(creditTokenRecord, crypto, area.options.secretKey, other);
  const before = borrower.debtMicro;
  area.running[1]!.node.onMessage(heard[0].topic, bytes);
  assert.equal(borrower.debtMicro, before);
});

test("payments that do not lead to the token's digest are an alarm", async () => {
  const { alarms, area } = await told((what) => {
    if (!what.payments) return what.payload;
    const links = what.payments.links.map((link, i) => (i === 1 ? named("another") : link));
    const lie = { ...what.payments, links };
    return signRecord(paymentsRecord, crypto, named("gateway"), lie).bytes;
  });
  assert.deepEqual(alarms, [{ code: "GATEWAY_CREDIT", detail: "3 payments" }]);
  assert.equal(toHex(area.options.secretKey), toHex(named("gateway")));
});

test("a RESERVE that the token does not pay: the borrower is told of its insufficient balance", async () => {
  const lie = { balanceMicro: 90_000_000, amountMicro: 90_000_000 };
  const { area } = await told(({ token, payload }) => {
    if (token?.state !== 0) return payload;
    return signRecord(creditTokenRecord, crypto, named("gateway"), { ...token, ...lie }).bytes;
  });
  const notices = area.logs.filter(({ event }) => event === "credit-notice");
  assert.ok(notices.length > 0);
  for (const { facts } of notices) assert.deepEqual(facts, { code: "TOKEN_OVERDRAWN" });
  assert.ok((area.gateway.area.credit.refused.get("TOKEN_OVERDRAWN") ?? 0) > 0);
  const line = area.state.credits.peek(area.nodeId(1))!.line!;
  assert.ok(line.loan.spentMicro <= line.loan.amountMicro);
});

test("without a bank nobody borrows, and all goes on", async () => {
  const area = new LocalArea({
    world: worldOf(NET_WH),
    options: { genesisMicro: 2_000_000 },
    policy: () => ({ trade: true, credit: CREDIT }),
  });
  await area.start();
  await area.run();
  assert.equal(area.state.credits.size, 0);
  assert.ok((area.gateway.area.counters.byCode.get("BANK_UNKNOWN") ?? 0) >= 2);
  assert.ok(area.gateway.area.tradedWh > 0);
  assert.deepEqual(
    area.logs.filter(({ event }) => event === "alarm"),
    [],
  );
});
