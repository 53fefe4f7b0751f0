// SPDX-License-Identifier: Apache-2.0
/** `monitor/bank`: the bank's loans, sums and payments, for people (docs/protocol.md). */
import { isoTime } from "#core/units/time";
import type { Area } from "../area.ts";
import { creditFacts, type LoanFacts, loanFacts } from "./facts.ts";

/**
 * Loans in one message, and names in its lists: half a kilobyte each, and a monitor takes 16 of
 * them. Late ones are first, then those that go on. `wattle bank <store>` has all.
 */
const LOANS_SHOWN = 24;
const STATES = ["DEFAULT", "LATE", "ACTIVE", "BLACKLIST", "REPAID_LATE", "REPAID"];

type Json = Record<string, unknown>;

/** Undefined where there is no bank. */
export function bankFacts(area: Area): Json | undefined {
  const { chain, sessions, credit } = area;
  const nameOf = (node: string) => sessions.get(node)?.member.name ?? node;
  const facts = creditFacts(chain.state, nameOf);
  if (!facts) return undefined;
  const rank = ({ state }: LoanFacts) => STATES.indexOf(state);
  const loans = [...facts.loans].sort((a, b) => rank(a) - rank(b)).slice(0, LOANS_SHOWN);
  return {
    ...facts,
    at: isoTime(area.world.nowMs()),
    loans,
    lateNow: facts.lateNow.slice(0, LOANS_SHOWN),
    blacklisted: facts.blacklisted.slice(0, LOANS_SHOWN),
    borrowers: facts.loans.length,
    /** Real time since this process started: the bank's word, and the block that has the payment. */
    paymentMs: credit.latency.token,
    ledgerMs: credit.latency.ledger,
    /** The same in protocol time: what it is for people where the run is faster than they are. */
    ledgerProtocolMs: credit.latency.ledgerProtocol,
    refused: Object.fromEntries(credit.refused),
  };
}

/** What a member's own topic says of its loan; nothing where there is none. */
export function debtFacts(area: Area, node: string): Json {
  const entry = area.chain.state.credits.peek(node);
  const loan = entry && loanFacts(entry, node);
  if (!loan) return {};
  const { state, debtMicro, balanceMicro, grade, points } = loan;
  return { credit: { state, debtMicro, balanceMicro, grade, points } };
}
