// SPDX-License-Identifier: Apache-2.0
/** What a secure demo found, for report.json (`secure`) and for the page. */
import { escapeXml } from "./format.ts";

export interface SecureNode {
  name: string;
  id: string;
  serial: number;
  /** End of its certificate, protocol time, ISO. */
  until: string;
}

export interface BarredNode extends SecureNode {
  /** The slot in which it lost its right, and the first one that was begun without it. */
  slot: number;
  firstSlotWithout: number | null;
  /** What it showed after another start, and what the ledger has, micro-coins. */
  shownMicro: number | null;
  ledgerMicro: number;
  /** Codes that it was told, in order of their first time. */
  told: string[];
}

/** One thing that was required and measured. */
export interface SecureCheck {
  what: string;
  required: string;
  measured: string;
  pass: boolean;
}

export interface SecureFacts {
  authority: { name: string; anchorKey: string };
  tls: { version: string; cipher: string };
  enrolled: SecureNode[];
  revoked: BarredNode & { reason: string; askedAfterSlot: number };
  expired: BarredNode;
  /** Counts by code, as the gateway's metrics have them. */
  notAccepted: Record<string, number>;
  connectRefused: Record<string, number>;
  publishDenied: Record<string, number>;
  checks: SecureCheck[];
}

/** A section of the page; empty where the run was not secure. */
export function secureSection(facts: SecureFacts | undefined): string {
  if (!facts) return "";
  const { tls, enrolled, revoked, expired, authority } = facts;
  const rows: [string, string][] = [
    ["Authority", `${authority.name}, anchor ${authority.anchorKey.slice(0, 16)}…`],
    ["Transport", `${tls.version}, ${tls.cipher}`],
    ["Enrolled", `${enrolled.length}: ${enrolled.map(({ name }) => name).join(", ")}`],
    ["Revoked", barredText(revoked)],
    ["Expired", barredText(expired)],
    ["Not accepted", counts(facts.notAccepted)],
    ["CONNECT refused", counts(facts.connectRefused)],
    ["Publish denied", counts(facts.publishDenied)],
    ...facts.checks.map(({ what, measured, pass }): [string, string] => [
      what,
      `${pass ? "✓" : "✗"} ${measured}`,
    ]),
  ];
  const body = rows
    .map(
      ([head, cell]) =>
        `<tr><th scope="row">${escapeXml(head)}</th><td style="text-align:left">${escapeXml(cell)}</td></tr>`,
    )
    .join("\n");
  return `<section class="card" style="margin-top:14px"><h2>Who took part</h2>
<table><tbody>
${body}
</tbody></table></section>`;
}

function barredText({ name, serial, slot, firstSlotWithout, told }: BarredNode): string {
  const from = firstSlotWithout === null ? "never out" : `out from slot ${firstSlotWithout} on`;
  return `${name}, serial ${serial}: in slot ${slot}, ${from}; told ${told.join(", ")}`;
}

/** `CODE 3, OTHER 1`, the most frequent first. */
export function counts(byCode: Readonly<Record<string, number>>): string {
  const entries = Object.entries(byCode).sort(([, a], [, b]) => b - a);
  return entries.map(([code, count]) => `${code} ${count}`).join(", ") || "none";
}

/** The same for a terminal. */
export function secureLines(facts: SecureFacts): string[] {
  const { tls, enrolled, revoked, expired } = facts;
  return [
    `enrolled ${enrolled.length} nodes with claim codes, over ${tls.version} (${tls.cipher})`,
    `revoked  ${barredText(revoked)}`,
    `expired  ${barredText(expired)}`,
    `refused  ${counts(facts.notAccepted)}`,
    `         CONNECT: ${counts(facts.connectRefused)}; publish: ${counts(facts.publishDenied)}`,
    ...facts.checks.map(
      ({ what, required, measured, pass }) =>
        `${pass ? "ok  " : "FAIL"}     ${what}: ${measured}${pass ? "" : ` (required: ${required})`}`,
    ),
  ];
}
