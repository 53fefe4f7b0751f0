// SPDX-License-Identifier: Apache-2.0
/**
 * A bank and its borrowers from end to end: real nodes and a real gateway. The three cases of repayment
 * (paper 1, III-3), payments that wait for no block, and what of it is in the ledger.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { toHex } from "#core/codec/bytes";
import { openSigned } from "#core/codec/record";
import { creditFaults } from "#core/ledger/credit-loans";
import { blockRecord, EffectKind, headerRecord } from "#core/records/block";
import {
  type CreditToken,
  creditTokenRecord,
  LOAN_STATES,
  type Payment,
  paymentRecord,
} from "#core/records/credit";
import { audit } from "#gateway/audit/audit";
import { termsOf } from "#gateway/credit/terms";
import { blockEntry, EntryKind, unpackEntry } from "#gateway/entries";
import { Gateway } from "#gateway/gateway";
import type { CreditPolicy } from "#meter/config";
import { crypto, FEED_IN_MICRO, LocalArea, RETAIL_MICRO, worldOf } from "../helpers/local-area.ts";

const SLOT_MS = 900_000;
const CREDIT: CreditPolicy = {
  borrow: "need",
  capMicro: 5_000_000,
  alphaMaxPpm: 350_000,
  repay: "income",
};
const PRICES = { feedInMicro: FEED_IN_MICRO, retailMicro: RETAIL_MICRO };

/** A bank whose token pays for six slots, with six more to repay and eight of patience. */
function shortBank(policy: "paper" | "meter-backed" = "meter-backed") {
  const terms = { starterMicro: 30_000_000 };
  const times = { ...terms, validMs: 6 * SLOT_MS, bufferMs: 6 * SLOT_MS, patienceMs: 8 * SLOT_MS };
  return { capitalMicro: 100_000_000, terms: termsOf(policy, PRICES, times) };
}

/** Slots of one home: what it takes (positive) or gives, Wh, by stretches. */
const stretch = (...parts: [number, number][]) => parts.flatMap(([n, wh]) => Array(n).fill(wh));

const SLOTS = 26;
const JOINS = new Map([
  [4, 6],
  [5, 13],
]);
/** A seller; one that earns in time; one that earns late; one that never does; and two that join, and buy. */
const NET_WH = [
  stretch([6, -4000], [SLOTS - 6, 0]),
  stretch([6, 700], [6, -4000], [SLOTS - 12, 0]),
  stretch([6, 700], [7, 0], [SLOTS - 13, -4000]),
  stretch([6, 700], [SLOTS - 6, 0]),
  stretch([6, 0], [6, 6000], [SLOTS - 12, 0]),
  stretch([13, 0], [6, 6000], [SLOTS - 19, 0]),
];

interface Heard {
  tokens: CreditToken[];
  payments: { payment: Payment; height: number }[];
}

/** Runs it, and keeps what each home heard of the bank. */
async function run(): Promise<{ area: LocalArea; heard: Heard[] }> {
  const heard = NET_WH.map((): Heard => ({ tokens: [], payments: [] }));
  /** The chain's height as each home knows it. */
  const heights = NET_WH.map(() => -1);
  const area: LocalArea = new LocalArea({
    world: worldOf(NET_WH),
    options: { genesisMicro: 0, expectNodes: 4, credit: shortBank() },
    policy: (home) => {
      if (home === 0) return { trade: true };
      return { trade: true, credit: { ...CREDIT, capMicro: JOINS.has(home) ? 30e6 : 5e6 } };
    },
    down: (home, topic, payload) => {
      for (const [joins, slot] of JOINS)
        if (!area.running[joins] && area.gateway.area.settledSlots >= slot - 1)
          area.startNode(joins);
      const isHead = topic.endsWith("/chain/head");
      const head = isHead ? openSigned(headerRecord, crypto, payload) : undefined;
      if (head?.ok) heights[home] = head.value.height;
      if (!topic.endsWith("/down/credit")) return true;
      const token = openSigned(creditTokenRecord, crypto, payload);
      if (token.ok) heard[home].tokens.push(token.value);
      const payment = openSigned(paymentRecord, crypto, payload);
      if (payment.ok) heard[home].payments.push({ payment: payment.value, height: heights[home] });
      return true;
    },
  });
  await area.start([0, 1, 2, 3]);
  await area.run();
  return { area, heard };
}

const statesOf = ({ tokens }: Heard) => {
  const states = tokens.map(({ state }) => LOAN_STATES[state]);
  return states.filter((state, i) => state !== states[i - 1]);
};

const done = run();

test("the three cases of repayment: in time, late, never", async () => {
  const { area, heard } = await done;
  assert.deepEqual(statesOf(heard[1]).slice(0, 2), ["ACTIVE", "REPAID"]);
  assert.deepEqual(statesOf(heard[2]), ["ACTIVE", "LATE", "REPAID_LATE"]);
  assert.deepEqual(statesOf(heard[3]), ["ACTIVE", "LATE", "DEFAULT", "BLACKLIST"]);
  const [inTime, late, never] = [1, 2, 3].map((home) => {
    return area.state.credits.peek(area.nodeId(home))!;
  });
  assert.ok(inTime.onTime >= 1 && inTime.late === 0);
  assert.deepEqual([late.onTime, late.late, never.late], [0, 1, 1]);
  // δ = 20 points a coin of the principal, which was five.
  assert.ok(late.points < -80 && never.points < -80);
  const [first] = heard[1].tokens;
  assert.equal(first.debtMicro, 5_500_000, "interest of a tenth");
  const lateToken = heard[2].tokens.find(({ state }) => LOAN_STATES[state] === "LATE")!;
  const spent =
    first.principalMicro - heard[2].tokens.find(({ debtMicro }) => debtMicro < 2e6)!.debtMicro;
  assert.ok(spent > 0);
  assert.equal(lateToken.alphaPpm, 350_000);
  const loan = late.line!.loan;
  assert.equal(loan.chargePaidMicro, 1_750_000, "the penalty, in place of interest");
  const [bank] = area.state.banks.values();
  assert.ok(bank.interestMicro >= 500_000 && bank.penaltiesMicro >= 1_750_000);
  assert.ok(bank.writtenOffMicro > 0, "what the third spent");
});

test("coins balance with reserves, interest, penalties and what is written off", async () => {
  const { area } = await done;
  area.state.assertConserved();
  assert.deepEqual(creditFaults(area.state), []);
  const result = audit(area.store.read(), { crypto });
  assert.ok(result.ok, JSON.stringify(!result.ok && result.faults.slice(0, 3)));
  const { credit, coins } = result.summary;
  assert.ok(credit && credit.blacklisted.length === 2);
  const { walletsMicro, lockedMicro, reservesMicro, sharedMicro = 0 } = coins;
  assert.equal(walletsMicro + lockedMicro + reservesMicro + sharedMicro, 100_000_000);
});

test("a bill is paid before any block has it, and a block has all that was paid", async () => {
  const { area, heard } = await done;
  const promised = new Map<string, number>();
  for (const [home, { payments }] of heard.entries())
    for (const { payment, height } of payments) {
      if (toHex(payment.node) !== area.nodeId(home)) continue;
      const key = [toHex(payment.sold), payment.leg, toHex(payment.to), payment.micro].join();
      assert.ok(!promised.has(key), "paid once");
      promised.set(key, height);
    }
  assert.ok(promised.size > 20, String(promised.size));
  let final = 0;
  for (const entry of area.store.read()) {
    if (entry.kind !== EntryKind.block) continue;
    const block = blockRecord.decode(unpackEntry(blockEntry, entry.bytes).block);
    assert.ok(block.ok);
    const header = openSigned(headerRecord, crypto, block.value.header);
    assert.ok(header.ok);
    for (const { kind, sold, leg, to, micro } of block.value.effects) {
      if (kind !== EffectKind.pay) continue;
      const height = promised.get([toHex(sold!), leg, toHex(to!), micro].join());
      if (height === undefined) continue;
      assert.ok(height < header.value.height, "said before its block");
      final++;
    }
  }
  assert.equal(final, promised.size, "every promise is FINAL");
});

test("versions of a token rise, its balance stays within what was lent", async () => {
  const { heard } = await done;
  for (const { tokens } of heard) {
    const last = new Map<string, CreditToken>();
    for (const token of tokens) {
      const before = last.get(toHex(token.token));
      assert.ok(!before || token.version >= before.version);
      assert.ok(token.balanceMicro <= token.amountMicro && token.heldMicro <= token.balanceMicro);
      last.set(toHex(token.token), token);
    }
  }
});

test("no node has an alarm, and a gateway that starts again knows the same", async () => {
  const { area } = await done;
  assert.deepEqual(
    area.logs.filter(({ event }) => event === "alarm"),
    [],
  );
  const again = new Gateway(area.options, area.portsForReplay());
  await again.start();
  assert.equal(
    toHex(again.area.chain.state.root(crypto)),
    toHex(area.gateway.area.chain.state.root(crypto)),
  );
  for (const { line } of again.area.chain.state.credits.values())
    if (line && line.loan.state === "ACTIVE")
      assert.deepEqual(
        again.area.credit.paidWith(line.token),
        area.gateway.area.credit.paidWith(line.token),
      );
});
