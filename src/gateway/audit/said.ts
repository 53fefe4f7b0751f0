// SPDX-License-Identifier: Apache-2.0
/** Members, and what they said: signatures, numbers, and the intake's rules asked again. */
import { bytesEqual, toHex } from "#core/codec/bytes";
import { openSigned } from "#core/codec/record";
import { type Code, codeOfWire } from "#core/errors/codes";
import { MEANINGS } from "#core/errors/meanings";
import { nodeIdOf } from "#core/identity";
import { memberRecord } from "#core/records/member";
import { isForMarket, type Tx, TxType } from "#core/records/tx";
import { saidKindAt } from "#core/topics";
import { listWallets } from "#core/wallets";
import { checkLoanWord, loanEvent } from "../credit/word.ts";
import { memberEntry, saidEntry } from "../entries.ts";
import { factsOf, numberOf, openContent, type Said } from "../intake/decode.ts";
import { eventName } from "../intake/event.ts";
import { checkHeard, heardBy } from "./consortium.ts";
import { openEntry } from "./open.ts";
import {
  arrivalCode,
  claimFault,
  eventCode,
  orderCode,
  readingCode,
  walletsCode,
} from "./rules.ts";
import { enterTx } from "./smartchain.ts";
import { type AuditMember, type Context, newMember } from "./state.ts";
import { barredCode, mayHaveEnded } from "./trust.ts";
import { chainCode, effectiveMs, NEVER_LOGGED, takesNumber, txCode } from "./tx-rules.ts";
import type { Which } from "./types.ts";

/** Numbers of a node's chain that are remembered with their body, as at the gateway. */
const RECENT_MAX = 256;
/** Names that a gateway admits: they stand in logs, on terminals and in topics. */
const MEMBER_NAME = /^[A-Za-z0-9][A-Za-z0-9 _.#-]*$/;

export function auditMember(context: Context, bytes: Uint8Array): void {
  const { state, findings, ports } = context;
  const entry = openEntry(findings, memberEntry, bytes);
  if (!entry) return;
  const opened = openSigned(memberRecord, ports.crypto, entry.signed);
  if (!opened.ok) return findings.fault("RECORD_MALFORMED", {}, `${opened.code}, ${opened.detail}`);
  checkHeard(context, "member", entry.signed);
  const { value: member, id: message, signature } = opened;
  const { publicKey, name } = member;
  const idBytes = nodeIdOf(ports.crypto, publicKey);
  const id = toHex(idBytes);
  const which = { node: name };
  findings.signature({ publicKey, message, signature }, "SIGNATURE_NODE", which, "member");
  if (member.net !== state.net) findings.fault("WRONG_ORIGIN", which, `network ${member.net}`);
  if (state.members.has(id)) return findings.fault("MEMBER_REPEATED", which, id);
  const barred = barredCode(context, id);
  if (barred) findings.fault("SAID_TAKEN", which, `member: ${meaningOf(barred)}`);
  // Two names must not share a topic of the monitor.
  const level = name.replace(/[^A-Za-z0-9_.-]/g, "_");
  if (state.names.has(level))
    findings.fault("MEMBER_NAME", which, `${id}, and ${state.names.get(level)}`);
  else if (!MEMBER_NAME.test(name)) findings.fault("MEMBER_NAME", which, id);
  const fault = claimFault(context, idBytes, member);
  if (fault) findings.fault("MEMBER_WALLET", which, fault);
  state.names.set(level, id);
  state.members.set(id, newMember(id, idBytes, member));
  state.summary.members.push({ id, name });
  const wallets = listWallets(ports.crypto, member);
  state.promise({ type: "member", id: message, node: id, member, wallets });
}

export function auditSaid(context: Context, bytes: Uint8Array): void {
  const { state, findings, ports } = context;
  const entry = openEntry(findings, saidEntry, bytes);
  if (!entry) return;
  const node = toHex(entry.node);
  const member = state.members.get(node);
  const which: Which = { node: state.nameOf(node), seq: entry.seq };
  if (!member) return findings.fault("SAID_UNKNOWN_NODE", which, node);
  const kind = saidKindAt(entry.kind);
  // What a node said to other gateways lies before its arrival at this one.
  const follows =
    kind === "arrival" ? entry.seq > member.saidSeq : entry.seq === member.saidSeq + 1;
  if (!follows) findings.fault("SAID_NUMBER", which, `${entry.seq} after ${member.saidSeq}`);
  member.saidSeq = Math.max(member.saidSeq, entry.seq);
  member.spokeEpoch = state.epoch;
  if (!kind) return findings.fault("SAID_KIND", which, `kind ${entry.kind}`);
  checkHeard(context, "said", entry.content);
  const said = openContent(ports.crypto, kind, entry.content);
  if ("ok" in said) return findings.fault("RECORD_MALFORMED", which, `${kind}: ${said.detail}`);
  placeOf(said, which);
  const { net, author, job } = factsOf(said, member.member.publicKey);
  findings.signature(job, "SIGNATURE_NODE", which, kind);
  if (net !== state.net || !bytesEqual(author, entry.node))
    findings.fault("SAID_AUTHOR", which, `${kind} of ${toHex(author)} in ${net}`);
  const by = heardBy(context, "said", entry.content);
  const expected = judge(context, member, said, entry, by);
  compareCodes(context, node, which, said, entry.code, expected);
  if (entry.code === 0) accept(context, member, said);
  else refused(context, member, said, entry.code);
}

/** Names the slot and the transaction that a message is about. */
function placeOf(said: Said, which: Which): void {
  if (said.kind === "order") which.slot = said.signed.value.slot;
  if (said.kind === "reading") which.slot = said.signed.value.boundary;
  if (said.kind !== "tx") return;
  which.slot = said.tx.body.slot;
  which.txid = toHex(said.tx.txid);
}

function judge(
  context: Context,
  member: AuditMember,
  said: Said,
  { seq, code }: { seq: number; code: number },
  by: readonly Uint8Array[],
): Code | undefined {
  const { state } = context;
  if (numberOf(said) !== seq) return "SAID_NUMBER";
  if (said.kind === "arrival") return arrivalCode(by, member, said.signed.value);
  const barred = barredCode(context, member.id);
  if (barred) return (said.kind === "tx" && chainCode(member, said.tx)) || barred;
  if (said.kind === "reading") return readingCode(state, member, said.signed.value);
  if (said.kind === "order") return orderCode(state, member, said.signed.value);
  if (said.kind === "event") return eventCode(member, said.signed.value);
  if (said.kind === "wallets") return walletsCode(context, member, said.signed.value);
  if (said.kind === "loan") {
    const bank = state.consortium ? undefined : toHex(state.gatewayId);
    const startMs = (slot: number) => state.startMs(slot);
    const pending = state.pending.values();
    const verdict = checkLoanWord(state.ledger, pending, bank, member.id, said, startMs);
    return verdict.ok ? undefined : verdict.code;
  }
  return txCode(context, member, said.tx, code);
}

/** What the gateway decided against what its rules say. */
function compareCodes(
  context: Context,
  node: string,
  which: Which,
  said: Said,
  wire: number,
  expected: Code | undefined,
): void {
  const { state, findings } = context;
  const found = wire === 0 ? undefined : codeOfWire(wire);
  if (wire !== 0 && !found)
    return findings.fault("SAID_CODE", which, `code ${wire} does not exist`);
  // The gateway refuses these without using up a number: none is ever in a log.
  if (expected && NEVER_LOGGED.has(expected))
    return findings.fault("SAID_REPLAYED", which, `${said.kind}: ${meaningOf(expected)}`);
  if (found === expected) return;
  // A running clock is real time, which no log shows: "in the future" is the gateway's word.
  if (found === "CERT_EXPIRED" && mayHaveEnded(context, node)) return;
  if (found === "TX_TIME" && (state.notice?.clock ?? 0) !== 0 && said.kind === "tx") return;
  if (!found) findings.fault("SAID_TAKEN", which, `${said.kind}: ${meaningOf(expected!)}`);
  else if (!expected) findings.fault("SAID_REFUSED", which, `${said.kind} with ${found}`);
  else findings.fault("SAID_CODE", which, `${said.kind} with ${found}, the rules say ${expected}`);
}

function meaningOf(code: Code): string {
  return `${code}, ${MEANINGS[code].meaning}`;
}

function accept(context: Context, member: AuditMember, said: Said): void {
  const { state } = context;
  const { summary } = state;
  if (said.kind === "order") {
    const { value: order, id } = said.signed;
    member.orders.set(order.slot, { member, order, id });
    summary.orders++;
  } else if (said.kind === "reading") {
    const { value: reading, id } = said.signed;
    summary.readings++;
    state.pending.set(toHex(id), { type: "reading", id, node: member.id, reading });
    const joined = member.arrived ? undefined : member.reading;
    member.arrived = false;
    member.previous = joined;
    member.reading = reading;
    state.feeder?.take(member.id, reading);
    reportNet(context, member);
  } else if (said.kind === "event") {
    summary.events++;
    const name = eventName(said.signed.value.event);
    summary.eventsByKind[name] = (summary.eventsByKind[name] ?? 0) + 1;
  } else if (said.kind === "wallets") {
    const { value, id } = said.signed;
    member.walletSet = value.set;
    const wallets = listWallets(context.ports.crypto, value);
    state.promise({ type: "wallets", id, node: member.id, wallets });
  } else if (said.kind === "loan") {
    state.pending.set(toHex(said.signed.id), loanEvent(member.id, said));
  } else if (said.kind === "arrival") {
    const { txSeq, txid } = said.signed.value;
    member.txSeq = txSeq;
    member.txid = txid;
    member.arrived = true;
  } else {
    summary.transactions++;
    if (said.tx.body.type === TxType.promote) summary.promotes++;
    acceptTx(context, member, said.tx);
  }
}

function reportNet({ options }: Context, member: AuditMember): void {
  const { reading, previous } = member;
  if (reading && !member.first) {
    member.first = reading;
    member.soldToMwh = reading.exportMwh;
    member.boughtToMwh = reading.importMwh;
  }
  if (!reading || !previous || !options.onNet) return;
  options.onNet({
    node: member.id,
    slot: reading.boundary - 1,
    slots: reading.boundary - previous.boundary,
    importMwh: reading.importMwh - previous.importMwh,
    exportMwh: reading.exportMwh - previous.exportMwh,
  });
}

function acceptTx(context: Context, member: AuditMember, tx: Tx): void {
  const { state } = context;
  const id = toHex(tx.txid);
  const tMs = effectiveMs(state, tx) ?? tx.body.tsMs;
  const entry = { id, tx, tMs, sealed: false, rejected: false };
  state.txs.set(id, entry);
  link(member, tx, tMs);
  enterTx(context, member, entry);
  const { type, slot, from } = tx.body;
  if (isForMarket(tx.body)) member.reserves.set(slot, id);
  if (type !== TxType.sold && type !== TxType.bought) return;
  state.trades.set(id, entry);
  state.slots.get(slot)?.deals.heard(tx);
  const contracts = state.slots.get(slot)?.contracts;
  for (const { to, ref, qtyWh, ecashMicro } of tx.body.legs) {
    if (!to || !ref) continue;
    const seller = toHex(type === TxType.sold ? from : to);
    const buyer = toHex(type === TxType.sold ? to : from);
    const contract = contracts?.get(`${seller}|${buyer}`);
    // Other terms than the contract's answer nothing.
    if (contract?.pair.qtyWh !== qtyWh || contract.pair.ecashMicro !== ecashMicro) continue;
    if (type === TxType.bought) contract.bought ||= toHex(ref) === contract.sold;
    else if (bytesEqual(ref, contract.pair.reserve)) contract.sold ??= id;
  }
}

function refused({ state }: Context, member: AuditMember, said: Said, wire: number): void {
  const code = codeOfWire(wire);
  state.summary.refused++;
  state.countCode(code ?? `code ${wire}`);
  if (said.kind === "tx" && code && takesNumber(code)) link(member, said.tx, said.tx.body.tsMs);
}

/** The node's chain has a new head. */
function link(member: AuditMember, tx: Tx, tMs: number): void {
  const { seq, tick } = tx.body;
  member.txSeq = seq;
  member.txid = tx.txid;
  member.txMs = tMs;
  member.txTick = tick;
  member.recent.set(seq, toHex(tx.txid));
  member.recent.delete(seq - RECENT_MAX);
}
