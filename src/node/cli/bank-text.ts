// SPDX-License-Identifier: Apache-2.0
/** The bank's screen: exposure, sums and loans in lines of text. */
import { formatCoins } from "#core/units/money";
import { isoTime } from "#core/units/time";
import type { BankFacts, CreditFacts, LoanFacts } from "#gateway/credit/facts";

/** What `monitor/bank` has beside the ledger's facts. */
export interface LiveFacts {
  at?: string;
  borrowers?: number;
  paymentMs?: { count: number; p50Ms: number; p99Ms: number };
  ledgerMs?: { count: number; p50Ms: number; p99Ms: number };
  refused?: Record<string, number>;
}

const HEAD = ["borrower", "grade", "state", "lent", "spent", "left", "owed", "rate", "repay by"];

export function bankLines(facts: CreditFacts & LiveFacts): string[] {
  const lines: string[] = [];
  for (const bank of facts.banks) lines.push(...sumLines(bank, facts));
  const { byGrade, lateNow, blacklisted, refused = {} } = facts;
  const grades = Object.entries(byGrade).sort(([a], [b]) => (a < b ? -1 : 1));
  lines.push(
    `loans      ${facts.loansLive} go on; ${facts.repaidOnTime} repaid in time, ` +
      `${facts.everLate} late ever`,
    `grades     ${grades.map(([grade, n]) => `${grade} ${n}`).join(", ") || "none"}`,
    `late       ${lateNow.join(", ") || "nobody"}`,
    `blacklist  ${blacklisted.join(", ") || "nobody"}`,
  );
  const codes = Object.entries(refused).map(([code, n]) => `${code} ${n}`);
  if (codes.length > 0) lines.push(`refused    ${codes.join(", ")}`);
  const { paymentMs, ledgerMs } = facts;
  if (paymentMs && ledgerMs && paymentMs.count > 0)
    lines.push(
      `payments   ${paymentMs.count} at once: p50 ${paymentMs.p50Ms} ms, p99 ${paymentMs.p99Ms} ms; ` +
        `in a block: p50 ${ledgerMs.p50Ms} ms, p99 ${ledgerMs.p99Ms} ms`,
    );
  lines.push("", ...table([HEAD, ...facts.loans.map(row)]));
  const hidden = (facts.borrowers ?? facts.loans.length) - facts.loans.length;
  if (hidden > 0) lines.push(`… and ${hidden} more`);
  // What comes over a broker is shown, and drives no terminal.
  return lines.map((line) => line.replace(/[^\u0020-\u007e…]/g, "?"));
}

function sumLines(bank: BankFacts, { at, sharedMicro }: CreditFacts & LiveFacts): string[] {
  const coins = (micro: number) => formatCoins(micro);
  return [
    `bank       ${bank.bank}, policy ${bank.policy}${at === undefined ? "" : `, ${at}`}`,
    `capital    ${coins(bank.capitalMicro)} coins; reserve ${coins(bank.reserveMicro)}`,
    `exposure   ${coins(bank.outstandingMicro)} lent and not back, of it ` +
      `${coins(bank.unsecuredMicro)} unsecured; ${coins(bank.debtMicro)} owed with charges; ` +
      `${coins(sharedMicro)} in shared wallets`,
    `earned     ${coins(bank.interestMicro)} interest, ${coins(bank.penaltiesMicro)} penalties; ` +
      `lost ${coins(bank.writtenOffMicro)}; ${coins(bank.distributedMicro)} shared out to members`,
  ];
}

function row(loan: LoanFacts): string[] {
  const percent = (ppm: number) => `${(ppm / 10_000).toFixed(1)} %`;
  return [
    loan.name,
    loan.grade ?? "-",
    loan.state + (loan.unsecured ? " *" : ""),
    formatCoins(loan.principalMicro),
    formatCoins(loan.spentMicro),
    formatCoins(loan.balanceMicro),
    formatCoins(loan.debtMicro),
    percent(loan.betaPpm * loan.months),
    isoTime(loan.repayByMs).slice(0, 16),
  ];
}

/** Columns as wide as their widest cell; words left, numbers right. */
function table(rows: readonly string[][]): string[] {
  const widths = rows[0].map((_, i) => Math.max(...rows.map((cells) => cells[i].length)));
  return rows.map((cells) =>
    cells
      .map((cell, i) => (i < 3 ? cell.padEnd(widths[i]) : cell.padStart(widths[i])))
      .join("  ")
      .trimEnd(),
  );
}
