// SPDX-License-Identifier: Apache-2.0
/** Credit in the ledger, step by step: what is granted and refused, what a shared wallet pays, how loans end. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { toHex } from "#core/codec/bytes";
import { debtMicro } from "#core/credit/loan";
import type { Code, Verdict } from "#core/errors/codes";
import { creditFaults } from "#core/ledger/credit-loans";
import { inProportion } from "#core/ledger/credit-share";
import { creditSeen } from "#core/ledger/credit-state";
import { stateFromLeaves, stateLeaves } from "#core/ledger/snapshot";
import { EffectKind } from "#core/records/block";
import { TxType } from "#core/records/tx";
import { CAPITAL, Street } from "./street.ts";
import { crypto, legOf, nodeOf, offer, SLOT_MS, slotStartMs, take, txOf } from "./world.ts";

function refused(verdict: Verdict, code: Code): void {
  assert.equal(verdict.ok ? "ok" : verdict.code, code);
}

test("a starter line: coins from the reserve into a wallet that both share", () => {
  const street = new Street();
  assert.ok(street.ask("b").ok);
  const { state, amountMicro, balanceMicro, version } = street.loan("b");
  assert.deepEqual(
    [state, amountMicro, balanceMicro, version],
    ["ACTIVE", 5_000_000, 5_000_000, 1],
  );
  assert.equal(street.state.totals.reservesMicro, CAPITAL - 5_000_000);
  assert.equal(street.state.sharedMicro, 5_000_000);
  assert.equal(street.free("b"), 0, "none of it is the borrower's own");
  assert.equal(street.line("b")!.unsecured, true);
  assert.deepEqual(street.kinds(), [EffectKind.capital, EffectKind.lend]);
});

test("one live token for each borrower over all banks", () => {
  const street = new Street();
  street.bank("other", CAPITAL);
  assert.ok(street.ask("b").ok);
  refused(street.ask("b", 1_000_000, { bank: "other" }), "LOAN_LIVE");
  assert.ok(street.ask("c", 1_000_000, { bank: "other" }).ok, "others are served there");
  assert.equal(street.line("c")!.bank, nodeOf("other"));
});

test("a bank that is short of coins lends through a neighbour's", () => {
  const street = new Street({}, 1_000_000);
  street.bank("other", CAPITAL, { alphaMaxPpm: 200_000 });
  assert.ok(street.ask("b", 4_000_000).ok);
  const line = street.line("b")!;
  assert.deepEqual([line.bank, line.home], [nodeOf("other"), nodeOf("bank")]);
  assert.equal(line.loan.alphaPpm, 200_000, "by the neighbour's offer");
  street.mint("b", 9_000_000);
  assert.ok(street.repay("b", 9_000_000).ok, "the borrower speaks with the one that it asked");
  const [own, neighbour] = ["bank", "other"].map((bank) => street.state.banks.peek(nodeOf(bank))!);
  assert.equal(own.interestMicro, 0);
  assert.ok(neighbour.interestMicro > 0 && neighbour.reserveMicro > CAPITAL);
});

test("what no bank grants", () => {
  refused(new Street().ask("b", 1, { bank: "none" }), "BANK_UNKNOWN");
  refused(new Street().ask("b", 1_000_000, { set: 7 }), "WALLETS_SET");
  refused(new Street().ask("b", 0), "LOAN_TERMS");
  refused(new Street({}, 0).ask("b"), "LOAN_BUDGET");
  refused(new Street({ policy: 0 }).ask("b"), "CREDIT_NO_WEALTH");
  const rich = new Street({ policy: 0 });
  rich.mint("b", 50);
  refused(rich.ask("b"), "CREDIT_NO_INCOME");
  refused(new Street({ costPpm: 300_000 }).ask("b"), "LOAN_RATE_CAP");
  const covered = new Street();
  covered.mint("b", 900_000_000);
  refused(covered.ask("b"), "CREDIT_NO_USE");
  refused(new Street({ gridMicro: 100_000 }).ask("b"), "CREDIT_NO_USE");
});

test("a loan is no more than the reserve, and the last one empties it", () => {
  const street = new Street({}, 3_000_000);
  assert.ok(street.ask("b", 2_000_000).ok && street.ask("c").ok);
  assert.equal(street.loan("c").principalMicro, 1_000_000);
  assert.equal(street.state.totals.reservesMicro, 0);
  refused(street.ask("s"), "LOAN_BUDGET");
});

test("a RESERVE out of the shared wallet: overdrawn, foreign and expired ones are refused", () => {
  const street = new Street();
  assert.ok(street.ask("b", 1_000_000).ok && street.ask("c", 1_000_000).ok);
  const early = slotStartMs(1) - 10;
  refused(street.apply(street.fromShared("b", 1, 1_000_001), early), "TOKEN_OVERDRAWN");
  assert.ok(street.apply(street.fromShared("b", 1, 600_000), early).ok);
  assert.equal(street.line("b")!.heldMicro, 600_000);
  assert.equal(street.state.sharedMicro, 1_400_000);
  refused(street.apply(street.fromShared("b", 2, 600_000), slotStartMs(2) - 10), "TOKEN_OVERDRAWN");
  // Another's wallet is a forged token.
  refused(street.apply(street.fromShared("b", 2, 1, "c"), early + 1), "WALLET_FOREIGN");
  refused(street.apply(street.fromShared("b", 4, 1), slotStartMs(4) - 10), "TOKEN_EXPIRED");
  assert.ok(street.apply(street.fromShared("b", 3, 1), slotStartMs(3) - 10).ok, "ends with it");
});

test("a bill is paid out of the shared wallet, each with a new version; both gain credit", () => {
  const street = new Street();
  assert.ok(street.ask("b", 1_000_000).ok);
  street.buy(0, 200_000);
  const { version, balanceMicro, spentMicro } = street.loan("b");
  assert.deepEqual([version, balanceMicro, spentMicro], [2, 800_000, 200_000]);
  assert.equal(street.free("s"), 200_000);
  assert.equal(street.record("s").points, 1);
  assert.equal(street.record("b").points, 1);
  street.close(0);
  street.buy(1, 300_000);
  assert.equal(street.loan("b").version, 3);
  assert.equal(creditSeen(street.state, nodeOf("b")).paidMicro, 500_000);
  assert.deepEqual(creditSeen(street.state, nodeOf("s")).soldDays, [0]);
});

test("what a RESERVE leaves goes back to the shared wallet", () => {
  const street = new Street();
  assert.ok(street.ask("b", 1_000_000).ok);
  assert.ok(street.apply(street.fromShared("b", 0, 400_000), -10).ok);
  street.close(0);
  assert.equal(street.line("b")!.heldMicro, 0);
  assert.equal(street.free("b"), 0);
  assert.equal(street.loan("b").balanceMicro, 1_000_000);
});

test("either may top it up; a stale version may not", () => {
  const street = new Street();
  assert.ok(street.ask("b", 1_000_000).ok);
  street.mint("b", 300_000);
  refused(street.topUp("b", 100_000, 7), "TOKEN_STALE");
  refused(street.topUp("b", 300_001), "CREDIT_UNFUNDED");
  refused(street.topUp("b", 0), "CREDIT_UNFUNDED");
  assert.ok(street.topUp("b", 300_000).ok);
  const { version, balanceMicro, principalMicro } = street.loan("b");
  assert.deepEqual([version, balanceMicro, principalMicro], [2, 1_300_000, 1_000_000]);
  assert.ok(street.ask("b", 500_000).ok, "the bank puts in more at the same rates");
  const more = street.loan("b");
  assert.deepEqual([more.version, more.balanceMicro], [3, 1_800_000]);
  assert.equal(more.principalMicro, 1_500_000);
  refused(street.ask("b", 0), "LOAN_LIVE");
});

test("case one: repaid in time, with interest; what is left is the borrower's", () => {
  const street = new Street();
  assert.ok(street.ask("b", 1_000_000).ok);
  const interest = debtMicro(street.loan("b")) - 1_000_000;
  assert.ok(interest > 0);
  street.buy(1, 200_000);
  refused(street.repay("b", 100), "CREDIT_UNFUNDED");
  street.mint("b", 5_000_000);
  assert.ok(street.repay("b", 100_000).ok);
  assert.equal(street.loan("b").state, "ACTIVE");
  assert.ok(street.repay("b", 9_000_000).ok, "more than the debt is not taken");
  assert.equal(street.loan("b").state, "REPAID");
  assert.equal(street.free("b"), 5_000_000 - 200_000 - interest);
  assert.deepEqual(street.record("b"), { onTime: 1, late: 0, points: 1 });
  refused(street.repay("b", 1), "LOAN_STATE");
  assert.ok(street.ask("b", 1_000_000).ok, "and may borrow again");
  assert.equal(street.loan("b").state, "ACTIVE");
});

test("the token's end takes what is in the wallet; what a lock holds stays there", () => {
  const street = new Street();
  assert.ok(street.ask("b", 1_000_000).ok);
  for (let slot = 0; slot < 3; slot++) street.close(slot);
  assert.ok(street.apply(street.fromShared("b", 3, 400_000), slotStartMs(3) - 10).ok);
  street.close(3);
  const { swept, balanceMicro, state } = street.loan("b");
  assert.deepEqual([swept, balanceMicro, state], [true, 0, "ACTIVE"]);
  assert.equal(street.state.sharedMicro, 0);
  const interest = debtMicro(street.loan("b"));
  assert.ok(interest > 0 && interest < 200_000, "all of the principal came back");
});

test("coins that a frozen part of a lock held come back after the token's end", () => {
  const street = new Street();
  assert.ok(street.ask("b", 1_000_000).ok);
  const offered = offer("offer", "s", 0, 1000, 400_000);
  assert.ok(street.apply(offered, -20).ok);
  const taken = take("taken", "b", "s", offered, 1000, 400_000);
  const wallet = new Uint8Array(Buffer.from(street.line("b")!.wallet, "hex"));
  taken.body.legs[0] = { ...taken.body.legs[0], wallet };
  assert.ok(street.apply(taken, -10).ok);
  street.read("s", 1, 0n, 1_000_000n);
  street.read("b", 1, 300_000n, 0n); // far too little: the rest is frozen
  const leg = legOf("s", "b", taken, { qtyWh: 1000, ecashMicro: 400_000 }, 0n);
  assert.ok(street.apply(txOf("sold", "s", { type: TxType.sold, slot: 0, legs: [leg] }), 2000).ok);
  street.close(0);
  assert.ok(street.state.frozen.size === 1 && street.line("b")!.heldMicro > 0);
  let slot = 1;
  while (!street.loan("b").swept) street.close(slot++);
  assert.equal(street.line("b")!.heldMicro, 0, "it is the loan's no more");
  const owed = debtMicro(street.loan("b"));
  const refund = street.state.locks.peek(toHex(taken.txid))!.leftMicro;
  assert.ok(owed > 0 && refund > 0);
  // In default it takes no coins any more: they are the borrower's.
  while (street.state.frozen.size > 0) street.close(slot++);
  assert.ok(street.free("b") > 0);
});

test("cases two and three: late, in default, written off, blacklisted", () => {
  const street = new Street();
  assert.ok(street.ask("b", 2_000_000).ok && street.ask("c", 2_000_000).ok);
  street.buy(0, 500_000);
  for (let slot = 0; slot < 7; slot++) street.close(slot);
  assert.equal(street.loan("b").state, "ACTIVE");
  street.close(7);
  assert.equal(street.loan("b").state, "LATE");
  // c spent nothing: the interest alone is owed, and late all the same.
  assert.equal(street.loan("c").state, "LATE");
  assert.deepEqual(street.record("b"), { onTime: 0, late: 1, points: 1 - 40 });
  refused(street.ask("b"), "CREDIT_NEGATIVE");
  street.mint("c", 10_000_000);
  const penalty = debtMicro(street.loan("c"));
  assert.ok(street.repay("c", 10_000_000).ok);
  assert.equal(street.loan("c").state, "REPAID_LATE");
  assert.equal(street.free("c"), 10_000_000 - penalty);
  street.close(8);
  street.close(9);
  assert.equal(street.loan("b").state, "DEFAULT");
  street.mint("b", 9_000_000);
  refused(street.repay("b", 9_000_000), "LOAN_STATE");
  street.close(10);
  assert.equal(street.loan("b").state, "BLACKLIST");
  refused(street.ask("b"), "CREDIT_BLACKLISTED");
  const lock = street.fromShared("b", 12, 1);
  refused(street.apply(lock, slotStartMs(12) - 10), "CREDIT_BLACKLISTED");
  const [bank] = street.state.banks.values();
  assert.ok(bank.writtenOffMicro > 0 && bank.penaltiesMicro > 0);
  for (const kind of [EffectKind.late, EffectKind.default, EffectKind.writeOff])
    assert.ok(street.kinds().includes(kind), String(kind));
});

test("with wealth and a regular income the line is the whole one, by the borrower's grade", () => {
  const street = new Street({ incomeDaysMin: 1, loanMaxMicro: 8_000_000 });
  assert.ok(street.ask("b").ok);
  street.buy(0, 200_000);
  street.close(0);
  assert.ok(street.ask("s", 8_000_000).ok);
  assert.equal(street.line("s")!.unsecured, false);
  assert.ok(street.loan("s").principalMicro > 5_000_000);
});

test("profit is shared out by traded energy, to the micro-coin", () => {
  assert.deepEqual(inProportion(10, [1, 1, 1]), [4, 3, 3]);
  assert.deepEqual(inProportion(7, [0, 5, 2]), [0, 5, 2]);
  assert.deepEqual(inProportion(7, [0, 0]), [0, 0]);
  const street = new Street({ periodMs: 3 * SLOT_MS });
  assert.ok(street.ask("b", 1_000_000).ok);
  const interest = debtMicro(street.loan("b")) - 1_000_000;
  street.buy(0, 200_000);
  street.mint("b", 5_000_000);
  assert.ok(street.state.closedSlot === -1);
  for (const slot of [0, 1]) street.close(slot);
  assert.ok(street.repay("b", 9_000_000).ok);
  const before = street.free("s");
  street.close(2);
  const [bank] = street.state.banks.values();
  assert.equal(bank.distributedMicro, interest);
  assert.equal(street.free("s") - before, interest / 2, "half of the energy was its");
  assert.deepEqual(creditFaults(street.state), []);
  assert.equal(street.kinds().filter((kind) => kind === EffectKind.share).length, 2);
});

test("new terms are for loans to come; capital is what it was", () => {
  const street = new Street();
  assert.ok(street.ask("b", 1_000_000).ok);
  const { alphaPpm } = street.loan("b");
  refused(street.bank("bank", CAPITAL + 1, {}, 2), "BANK_UNKNOWN");
  refused(street.bank("bank", CAPITAL, {}, 1), "BANK_UNKNOWN");
  assert.ok(street.bank("bank", CAPITAL, { alphaMaxPpm: 100_000 }, 2).ok);
  assert.ok(street.ask("c", 1_000_000).ok);
  assert.equal(street.loan("b").alphaPpm, alphaPpm);
  assert.equal(street.loan("c").alphaPpm, 100_000);
  refused(street.ask("b", 1_000), "LOAN_LIVE");
});

test("a state with loans is read back from its leaves", () => {
  const street = new Street();
  assert.ok(street.ask("b", 1_000_000).ok);
  street.buy(0, 200_000);
  street.close(0);
  const root = street.state.root(crypto);
  const made = stateFromLeaves(crypto, [...stateLeaves(crypto, street.state)], root);
  assert.ok(made.ok, made.ok ? "" : made.detail);
  assert.deepEqual(creditFaults(made.state), []);
  assert.equal(made.state.sharedMicro, street.state.sharedMicro);
});

test("terms that no loan can be made of open no bank", () => {
  const street = new Street();
  for (const changes of [
    { validMs: 0 },
    { patienceMs: 2 ** 50 },
    { months: 0 },
    { etaPermille: 1000 },
  ])
    refused(street.bank("other", CAPITAL, changes), "LOAN_TERMS");
});
