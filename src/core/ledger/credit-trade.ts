// SPDX-License-Identifier: Apache-2.0
/** Where trades and credit meet: RESERVEs out of a shared wallet, payments with its coins, credit values. */

import { TOKEN_VERSIONS_MAX } from "../credit/bounds.ts";
import { afterTrade, CREDIT_RULE } from "../credit/grade.ts";
import { payFrom } from "../credit/loan.ts";
import { assert } from "../errors/assert.ts";
import { type Refusal, refuse } from "../errors/codes.ts";
import { MEMBERS_MAX } from "../limits.ts";
import { DAY_MS } from "../units/time.ts";
import { daysWith } from "./credit-price.ts";
import { type CreditLine, creditOf, hasCredit, holdsFrom, lineAt } from "./credit-state.ts";
import type { LedgerState, Lock, Pair } from "./state.ts";

/** From this version on a token takes no RESERVE: what was reserved before still has to be paid with it. */
const VERSIONS_LAST = TOKEN_VERSIONS_MAX - 4 * MEMBERS_MAX;

/** Why a RESERVE of `micro` for a slot that ends at `endMs` may not be paid with `line`'s token. */
export function tokenFault(line: CreditLine, micro: number, endMs: number): Refusal | undefined {
  const { loan, heldMicro } = line;
  if (loan.state === "BLACKLIST") return refuse("CREDIT_BLACKLISTED");
  if (loan.state !== "ACTIVE") return refuse("LOAN_STATE", loan.state);
  if (loan.version > VERSIONS_LAST) return refuse("LOAN_STATE", `${loan.version} versions`);
  // Its slot has to be settled while the token holds.
  if (loan.swept || endMs > loan.validUntilMs)
    return refuse("TOKEN_EXPIRED", `at ${loan.validUntilMs} ms`);
  const free = loan.balanceMicro - heldMicro;
  return micro > free ? refuse("TOKEN_OVERDRAWN", `${micro} of ${free} µc`) : undefined;
}

/** A RESERVE takes coins of the shared wallet into its lock, or gives them back. */
export function hold(state: LedgerState, node: string, micro: number): void {
  const entry = creditOf(state, node);
  assert(entry.line, "CREDIT_LINE", node);
  entry.line = { ...entry.line, heldMicro: entry.line.heldMicro + micro };
  assert(entry.line.heldMicro >= 0, "CREDIT_HELD", node);
}

/** Coins of a lock went to a seller: where they were of a shared wallet, its token has paid. */
export function spendHeld(state: LedgerState, lock: Readonly<Lock>, micro: number): void {
  if (!hasCredit(state) || micro === 0 || !holdsFrom(state, lock)) return;
  const entry = creditOf(state, lock.node);
  const line = lineAt(state, lock.node, lock.wallet);
  assert(line, "CREDIT_LINE", lock.node);
  // The lock is FINAL, and taken while the token held: time does not come into it.
  const paid = payFrom(line.loan, line.loan.validUntilMs - 1, line.loan.version, micro);
  assert(paid.ok, "CREDIT_PAY", paid.ok ? "" : paid.code);
  entry.line = { ...line, heldMicro: line.heldMicro - micro, loan: paid.loan };
}

/** A trade is settled: the credit value of both rises, and what a bank looks at goes on. */
export function countTrade(
  state: LedgerState,
  { seller, buyer, slot }: Pick<Pair, "seller" | "buyer" | "slot">,
  paid: { qtyWh: number; micro: number },
  slotStartMs: (slot: number) => number,
): void {
  if (!hasCredit(state)) return;
  const day = Math.floor(slotStartMs(slot) / DAY_MS);
  for (const node of [seller, buyer]) {
    const entry = creditOf(state, node);
    entry.periodWh += paid.qtyWh;
    entry.points = afterTrade(entry, CREDIT_RULE).points;
    if (node === seller) entry.soldDays = daysWith(entry.soldDays, day);
    else {
      entry.boughtWh += paid.qtyWh;
      entry.paidMicro += paid.micro;
    }
  }
}

/** A member's first reading since there is a bank. */
export function countReading(state: LedgerState, node: string, atMs: number): void {
  if (!hasCredit(state)) return;
  if ((state.credits.peek(node)?.firstMs ?? -1) >= 0) return;
  const entry = creditOf(state, node);
  entry.firstMs = Math.max(0, atMs);
  entry.firstImportMwh = state.accountOf(node).importMwh;
}
