// SPDX-License-Identifier: Apache-2.0
/** Proof-of-time and votes of a run, out of the audit of its ledger. */
import type { AuditSummary } from "#gateway/audit/types";
import { escapeXml, grouped, percent } from "./format.ts";

export interface WitnessFacts {
  epochs: number;
  /** Transactions in the ledger, and the tokens whose signatures were checked. */
  transactions: number;
  tokens: number;
  /** Signed by the gateway for want of witnesses. */
  byGateway: number;
  votes: number;
  /** Transactions that votes accepted before a block held them; those that a block rejected. */
  accepted: number;
  rejected: number;
  suspended: string[];
}

/** Undefined where there was no proof-of-time. */
export function witnessFacts(checked: AuditSummary): WitnessFacts | undefined {
  if (checked.epochs === 0) return undefined;
  return {
    epochs: checked.epochs,
    transactions: checked.transactions,
    tokens: checked.tokensChecked,
    byGateway: checked.byGatewayTxs,
    votes: checked.votes,
    accepted: checked.acceptedTxs,
    rejected: checked.rejectedTxs,
    suspended: checked.suspended,
  };
}

/** Tokens for one transaction, with one decimal. */
function perTx({ tokens, transactions }: WitnessFacts): string {
  return transactions === 0 ? "-" : (tokens / transactions).toFixed(1);
}

/** A section of the page; empty where there was no proof-of-time. */
export function witnessSection(facts: WitnessFacts | undefined): string {
  if (!facts) return "";
  const { transactions, accepted, suspended } = facts;
  const rows: [string, string][] = [
    ["Epochs", grouped(facts.epochs)],
    ["Tokens", `${grouped(facts.tokens)}, ${perTx(facts)} for each transaction`],
    ["By the gateway, for want of witnesses", grouped(facts.byGateway)],
    ["Votes", grouped(facts.votes)],
    [
      "Accepted before a block held them",
      `${grouped(accepted)} of ${grouped(transactions)} (${percent(accepted, transactions)})`,
    ],
    ["Final", grouped(transactions - facts.rejected)],
    ["Rejected by a block", grouped(facts.rejected)],
    ["Suspended with proof of fraud", suspended.join(", ") || "nobody"],
  ];
  const body = rows.map(([head, cell]) => {
    return `<tr><th scope="row">${escapeXml(head)}</th><td>${escapeXml(cell)}</td></tr>`;
  });
  return `<section class="card"><h2>Proof-of-time</h2>
<table><tbody>
${body.join("\n")}
</tbody></table></section>`;
}

/** The same for a terminal. */
export function witnessLines(facts: WitnessFacts | undefined): string[] {
  if (!facts) return [];
  const { tokens, byGateway, accepted, transactions, votes, suspended } = facts;
  const out = suspended.length > 0 ? `; suspended ${suspended.join(", ")}` : "";
  return [
    `tokens   ${tokens}, ${perTx(facts)} for each transaction; ${byGateway} transactions by the gateway's`,
    `votes    ${votes}; ${accepted} of ${transactions} accepted before a block held them${out}`,
  ];
}
