// SPDX-License-Identifier: Apache-2.0
/**
 * The structural rules of a transaction (V1 to V7 of ledger 4.2), asked again of the auditor's own
 * state.
 */
import { bytesEqual, compareBytes, toHex } from "#core/codec/bytes";
import type { Code } from "#core/errors/codes";
import { stampOf } from "#core/pot/token";
import { ClockKind } from "#core/records/notice";
import type { Tx } from "#core/records/tx";
import { tickOf } from "#core/units/time";
import { tokensCode } from "./smartchain.ts";
import type { AuditMember, AuditState, Context } from "./state.ts";

/** Refusals after which a transaction still has its place in its author's chain. */
const VOID: ReadonlySet<Code> = new Set<Code>([
  "TX_EPOCH",
  "TX_PARENTS",
  "TX_PARENT_UNKNOWN",
  "TX_PARENT_OLD",
  "TX_TOKENS",
  "TX_TIME",
  "TX_TICK",
  "NOT_ENROLLED",
  "CERT_INVALID",
  "CERT_EXPIRED",
  "CERT_REVOKED",
  "AUTHOR_SUSPENDED",
  "TX_CANCELLED",
]);

/** Refusals that use up no number, so that no log has them: of what was said before or for another number. */
export const NEVER_LOGGED: ReadonlySet<Code> = new Set<Code>([
  "REPLAYED",
  "SAID_NUMBER",
  "ARRIVAL_ELSEWHERE",
  "ARRIVAL_CHAIN",
]);

export function takesNumber(code: Code): boolean {
  return VOID.has(code);
}

/** T(tx) = max(tokens' median or stamp, max T(parent) + 1 ms); undefined where a parent is unknown. */
export function effectiveMs(state: AuditState, tx: Tx): number | undefined {
  let tMs = stampOf(tx);
  for (const parent of tx.body.parents) {
    const id = toHex(parent);
    const parentMs = state.txs.get(id)?.tMs ?? state.blocks.get(id);
    if (parentMs === undefined) return undefined;
    tMs = Math.max(tMs, parentMs + 1);
  }
  return tMs;
}

/** Why a transaction is not the next of its author's chain, or undefined. */
export function chainCode(member: AuditMember, tx: Tx): Code | undefined {
  const { seq, prev } = tx.body;
  if (seq <= member.txSeq) {
    const used = member.recent.get(seq);
    return !used || used === toHex(tx.txid) ? "REPLAYED" : "TX_EQUIVOCATION";
  }
  if (seq !== member.txSeq + 1) return "TX_SEQ";
  const { txid } = member;
  if (txid ? !prev || !bytesEqual(prev, txid) : prev !== undefined) return "TX_PREV";
  return undefined;
}

/** Why a transaction may not enter the DAG, or undefined; `wire` is what the gateway said of it. */
export function txCode(
  context: Context,
  member: AuditMember,
  tx: Tx,
  wire: number,
): Code | undefined {
  const { state } = context;
  const { epoch, parents, tsMs, tick } = tx.body;
  const { txid } = member;
  const chain = chainCode(member, tx);
  if (chain) return chain;
  // Without tokens only where no epoch has begun.
  const before = state.epoch > 1 ? state.epoch - 1 : state.epoch;
  if (epoch !== state.epoch && epoch !== before) return "TX_EPOCH";
  if (parents.length === 2 && compareBytes(parents[0], parents[1]) >= 0) return "TX_PARENTS";
  const tMs = effectiveMs(state, tx);
  if (tMs === undefined) return "TX_PARENT_UNKNOWN";
  for (const parent of parents) {
    // A sealed block is never too old (V5).
    const known = state.txs.get(toHex(parent));
    if (known && tMs - known.tMs > state.world.ageMaxMs) return "TX_PARENT_OLD";
  }
  const tokens = tokensCode(context, member, tx, wire);
  if (tokens) return tokens;
  const { tickMs, slotMs } = state.world;
  if (tick !== tickOf(tsMs, state.epochStartMs, tickMs) || tick <= member.txTick) return "TX_TICK";
  if (txid && tMs < member.txMs + tickMs) return "TX_TIME";
  // Under the barrier clock nodes space their stamps by Δ ahead, within a slot.
  const barrier = state.notice?.clock === ClockKind.barrier;
  return barrier && tsMs > state.nowMs + slotMs ? "TX_TIME" : undefined;
}
