// SPDX-License-Identifier: Apache-2.0
/** The bank of a run, out of the audit of its ledger, and how fast its payments were. */
import { formatCoins } from "#core/units/money";
import type { AuditSummary } from "#gateway/audit/types";
import type { CreditFacts } from "#gateway/credit/facts";
import type { Quantiles } from "#gateway/credit/latency";
import { escapeXml, grouped, percent } from "./format.ts";

/** Real time at the gateway, from a BOUGHT's arrival: to the bank's signed word, and to its block. */
export interface PaymentTimes {
  paymentMs: Quantiles;
  ledgerMs: Quantiles;
  /** The same in protocol time. */
  ledgerProtocolMs: Quantiles;
}

export interface CreditRun extends CreditFacts {
  /** Energy that neighbours could have traded and the grid took, Wh. */
  lostToGridWh: number;
  tradableWh: number;
  /** Requests, top-ups, repayments and RESERVEs on credit that were refused, by code. */
  refusals: Record<string, number>;
  times?: PaymentTimes;
}

const CREDIT_CODE = /^(LOAN|CREDIT|TOKEN|BANK)_/;

/** Undefined where there was no bank. */
export function creditRun(
  checked: AuditSummary,
  tradableWh: number,
  times: PaymentTimes | undefined,
): CreditRun | undefined {
  if (!checked.credit) return undefined;
  const codes = Object.entries(checked.notAcceptedByCode);
  return {
    ...checked.credit,
    lostToGridWh: Math.max(0, tradableWh - checked.tradedWh),
    tradableWh,
    refusals: Object.fromEntries(codes.filter(([code]) => CREDIT_CODE.test(code))),
    ...(times && { times }),
  };
}

function rowsOf(run: CreditRun): [string, string][] {
  const { banks, loansLive, repaidOnTime, everLate, blacklisted, times } = run;
  const rows: [string, string][] = [];
  for (const bank of banks) {
    const { capitalMicro, reserveMicro, outstandingMicro, interestMicro, penaltiesMicro } = bank;
    rows.push(
      ["Policy", bank.policy],
      ["Capital", `${formatCoins(capitalMicro)} coins`],
      ["Reserve", `${formatCoins(reserveMicro)} coins`],
      ["Lent and not back", `${formatCoins(outstandingMicro)} coins`],
      ["Interest", `${formatCoins(interestMicro)} coins`],
      ["Penalties", `${formatCoins(penaltiesMicro)} coins`],
      ["Written off", `${formatCoins(bank.writtenOffMicro)} coins`],
    );
  }
  const refusals = Object.entries(run.refusals).map(([code, n]) => `${code} ${n}`);
  rows.push(
    ["In shared wallets", `${formatCoins(run.sharedMicro)} coins`],
    ["Loans", `${loansLive} go on, ${repaidOnTime} repaid in time, ${everLate} late`],
    ["Blacklisted", blacklisted.join(", ") || "nobody"],
    ["Refused", refusals.join(", ") || "nothing"],
    [
      "Left to the grid of what was tradable",
      `${grouped(run.lostToGridWh)} Wh (${percent(run.lostToGridWh, run.tradableWh)})`,
    ],
  );
  if (times) {
    const text = ({ count, p50Ms, p99Ms }: Quantiles) =>
      `p50 ${p50Ms} ms, p99 ${p99Ms} ms of ${grouped(count)}`;
    rows.push(
      ["Payment by token, BOUGHT to the bank's word", text(times.paymentMs)],
      ["The same payments, BOUGHT to their block", text(times.ledgerMs)],
      ["The same in protocol time", text(times.ledgerProtocolMs)],
    );
  }
  return rows;
}

/** A section of the page; empty where there was no bank. */
export function creditSection(run: CreditRun | undefined): string {
  if (!run) return "";
  const body = rowsOf(run).map(
    ([head, cell]) => `<tr><th scope="row">${escapeXml(head)}</th><td>${escapeXml(cell)}</td></tr>`,
  );
  return `<section class="card"><h2>Credit</h2>
<table><tbody>
${body.join("\n")}
</tbody></table></section>`;
}

/** The same for a terminal. */
export function creditLines(run: CreditRun | undefined): string[] {
  if (!run) return [];
  const lines = rowsOf(run).map(([head, cell]) => `${head.toLowerCase()}: ${cell}`);
  return lines.map((line) => `credit   ${line}`);
}
