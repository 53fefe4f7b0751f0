// SPDX-License-Identifier: Apache-2.0
/**
 * What `wattle verify` prints: the ledger in a few lines with units, then each fault with its
 * cause.
 */
import { formatCoins } from "#core/units/money";
import { isoTime } from "#core/units/time";
import { AUDIT_CODES } from "#gateway/audit/codes";
import type { AuditSummary, Fault, Which } from "#gateway/audit/types";
import { FEEDER_MEANINGS } from "#gateway/feeder/check";
import type { VerifyReport } from "./verify.ts";

const NAMES_SHOWN = 12;

export function renderReport(report: VerifyReport): string {
  const { exportFault, audit } = report;
  if (exportFault) {
    const { where, index, kind, code, meaning, detail, offset } = exportFault;
    const record = where === "header" ? "header" : where === "end" ? "end" : `entry ${index}`;
    const at = `${record} (${kind}), at byte ${offset}`;
    return `FAULT ${at}: ${code}\n      ${meaning}${detail && `\n      ${detail}`}\n${verdict(1)}`;
  }
  if (!audit) return "";
  const { summary } = audit;
  const lines = [...head(report, summary), ...body(summary)];
  lines.push(`  signatures  ${count(summary.signaturesVerified)} verified, in ${took(report)}`);
  lines.push(...feederLines(summary));
  const faults = audit.ok ? [] : audit.faults;
  for (const fault of faults) lines.push(...faultLines(fault));
  if (summary.faults > faults.length)
    lines.push(`      … and ${count(summary.faults - faults.length)} more`);
  lines.splice(head(report, summary).length, 0, ...stateLines(summary));
  return `${lines.join("\n")}\n${verdict(summary.faults, summary.state)}`;
}

/** A state in the place of turns: whose word it is, and what of the rest was checked. */
function stateLines({ state }: AuditSummary): string[] {
  if (!state) return [];
  const { entry, height, by, dropped } = state;
  const who = by.length > 0 ? `signed by gateways ${by.join(", ")}` : "this gateway's own word";
  const gone = dropped > 0 ? `; ${count(dropped)} entries before it were dropped` : "";
  return [`  state       entry ${entry}, before turn ${height}: ${who}${gone}`];
}

function verdict(faults: number, state?: AuditSummary["state"]): string {
  if (faults === 0 && state)
    return (
      `OK as far as it goes: from entry ${state.entry} on the gateways' signatures, turns and chain of ` +
      "blocks are right; what these do to the ledger only a log shows that has all turns\n"
    );
  if (faults > 0) return `NOT OK: ${count(faults)} fault${faults === 1 ? "" : "s"}\n`;
  return "OK: every signature, order, clearing, block, balance and register follows the rules\n";
}

function head({ file }: VerifyReport, summary: AuditSummary): string[] {
  const end =
    file.kind === "store"
      ? "store"
      : file.signed
        ? "export, signed by its gateway"
        : "export, NOT SIGNED as a whole: only the signatures inside it count";
  return [
    `Ledger of net ${summary.net}, area ${summary.area}`,
    `  gateway     key ${summary.gatewayKey}`,
    `  file        ${file.path}: ${end}`,
    `              ${count(summary.entries)} entries, ${count(file.bytes)} bytes`,
  ];
}

function body(summary: AuditSummary): string[] {
  const { slots, members } = summary;
  const names = members.slice(0, NAMES_SHOWN).map(({ name }) => name);
  if (members.length > NAMES_SHOWN) names.push("…");
  const first = slots[0]?.slot ?? 0;
  const from = isoTime(summary.worldStartMs + first * summary.slotMs);
  const lengthText = `${summary.slotMs / 1000} s each`;
  const codes = Object.entries(summary.notAcceptedByCode).map(([code, n]) => `${code} ${n}`);
  const events = Object.entries(summary.eventsByKind).map(([kind, n]) => `${kind} ${n}`);
  return [
    `  members     ${count(members.length)}: ${names.join(", ")}`,
    `  slots       ${count(summary.slotsSettled)} settled, ${lengthText}, from ${from}; ` +
      `${count(summary.slotsWithTrade)} with trade`,
    `  missed      ${missedText(summary)}`,
    `  said        ${count(summary.readings)} readings, ${count(summary.orders)} orders, ` +
      `${count(summary.transactions)} transactions; ${count(summary.refused)} refused`,
    ...(events.length > 0 ? [`  meters      ${events.join(", ")}`] : []),
    ...moneyLines(summary),
    `  blocks      ${count(summary.blocks)}; ${count(summary.rejectedTxs)} transactions rejected`,
    ...potLines(summary),
    `  head        ${summary.head ? `${summary.head.id}, height ${summary.head.height}` : "none"}`,
    ...(codes.length > 0 ? [`  refusals    ${codes.join(", ")}`] : []),
  ];
}

/** Nothing for areas without proof-of-time. */
function potLines(summary: AuditSummary): string[] {
  const { epochs, tokensChecked, byGatewayTxs, votes, acceptedTxs, doubleVoters, suspended } =
    summary;
  const { promotes } = summary;
  const proven = [
    ...(doubleVoters.length > 0 ? [`  voted twice ${doubleVoters.join(", ")}`] : []),
    ...(suspended.length > 0 ? [`  suspended   ${suspended.join(", ")}`] : []),
  ];
  if (epochs === 0) return proven;
  return [
    `  witnesses   ${count(epochs)} epochs; ${count(tokensChecked)} tokens; ` +
      `${count(byGatewayTxs)} transactions by the gateway's`,
    `  votes       ${count(votes)}; ${count(acceptedTxs)} transactions accepted before their block`,
    ...(promotes > 0 ? [`  left behind ${count(promotes)} transactions were promoted`] : []),
    ...proven,
  ];
}

function missedText({ missedSlots }: AuditSummary): string {
  const missed = missedSlots.reduce((sum, { nodes }) => sum + nodes.length, 0);
  return missed === 0 ? "nobody, in no slot" : `${missed} in ${missedSlots.length} slots`;
}

function moneyLines(summary: AuditSummary): string[] {
  const { coins, contractedWh, tradedWh, paidMicro } = summary;
  const kwhMicro = tradedWh > 0 ? Math.round((paidMicro / tradedWh) * 1000) : 0;
  const [genesis, minted] = [coins.genesisMicro, coins.mintedMicro].map(formatCoins);
  const [wallets, locked] = [coins.walletsMicro, coins.lockedMicro].map(formatCoins);
  const [reserves, burned] = [coins.reservesMicro, coins.burnedMicro].map(formatCoins);
  return [
    `  contracts   ${count(summary.contracts)} for ${count(contractedWh)} Wh`,
    `  settled     ${count(summary.settlements)} for ${count(tradedWh)} Wh and ` +
      `${formatCoins(paidMicro)} coins (${formatCoins(kwhMicro)} a kWh on average); ` +
      `${count(summary.arbitrated)} by meters alone` +
      (summary.frozen > 0 ? `, ${count(summary.frozen)} with a part frozen` : ""),
    `  coins       ${genesis} genesis + ${minted} minted = ${wallets} in wallets + ` +
      `${locked} locked + ${reserves} reserves + ${burned} burned` +
      (coins.sharedMicro === undefined ? "" : ` + ${formatCoins(coins.sharedMicro)} shared`),
    ...creditLines(summary),
  ];
}

/** Nothing for areas without a bank. */
function creditLines({ credit }: AuditSummary): string[] {
  if (!credit) return [];
  const [{ capitalMicro, reserveMicro, outstandingMicro, interestMicro, ...bank }] = credit.banks;
  const coins = (micro: number) => formatCoins(micro);
  return [
    `  bank        ${coins(capitalMicro)} capital; ${coins(reserveMicro)} reserve, ` +
      `${coins(outstandingMicro)} lent; ${coins(interestMicro)} interest, ` +
      `${coins(bank.penaltiesMicro)} penalties, ${coins(bank.writtenOffMicro)} written off`,
    `  loans       ${credit.loansLive} go on, ${credit.repaidOnTime} repaid in time, ` +
      `${credit.everLate} late, ${credit.blacklisted.length} blacklisted`,
  ];
}

/** What the feeder meter found: no fault of the ledger. */
function feederLines({ feeder }: AuditSummary): string[] {
  if (!feeder) return [];
  const { name, terms, judgedSlots, unjudgedSlots, alarmCount, alarms } = feeder;
  const { lossPermille, classPermille, feederClassPermille } = terms;
  const lines = [
    `  feeder      ${name}: ${count(judgedSlots)} slots judged, ${count(unjudgedSlots)} not; ` +
      `${alarmCount === 0 ? "no alarm" : `${count(alarmCount)} alarms`}`,
    `              by losses of up to ${lossPermille}, meters of class ${classPermille} and ` +
      `a feeder meter of ${feederClassPermille} permille`,
  ];
  for (const { test, slot, missingWh, suspects } of alarms) {
    lines.push(`METER slot ${slot}: ${test}, ${missingWh} Wh missing from the members' meters`);
    lines.push(`      ${FEEDER_MEANINGS[test]}`);
    for (const { node, register, permille, errorPermille } of suspects)
      lines.push(`      suspect ${node}, ${register} by ${permille} ± ${errorPermille} permille`);
  }
  if (alarmCount > alarms.length)
    lines.push(`      … and ${count(alarmCount - alarms.length)} more`);
  return lines;
}

function faultLines({ index, kind, which, code, detail }: Fault): string[] {
  const lines = [`FAULT entry ${index} (${kind})${describe(which)}: ${code}`];
  lines.push(`      ${AUDIT_CODES[code]}`);
  if (detail) lines.push(`      ${detail}`);
  return lines;
}

function describe({ node, slot, height, txid, seq }: Which): string {
  let text = "";
  if (node !== undefined) text += `, ${node}`;
  if (slot !== undefined) text += `, slot ${slot}`;
  if (height !== undefined) text += `, block ${height}`;
  if (seq !== undefined) text += `, message ${seq}`;
  if (txid) text += `, transaction ${txid.slice(0, 16)}`;
  return text;
}

function took({ seconds }: VerifyReport): string {
  return `${seconds.toFixed(1)} s`;
}

/** 12345 as `12 345`. */
function count(value: number): string {
  return String(value).replace(/\B(?=(\d{3})+$)/g, " ");
}
