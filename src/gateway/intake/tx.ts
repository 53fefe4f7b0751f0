// SPDX-License-Identifier: Apache-2.0
/**
 * The structural rules of a transaction, V1 to V7 of ledger 4.2, in order. One that passes goes into the DAG;
 * whether its coins and energy fit (V8 to V10) is decided by the order of the block that holds it.
 */
import { bytesEqual, compareBytes, toHex } from "#core/codec/bytes";
import type { Dag } from "#core/dag/dag";
import type { Code } from "#core/errors/codes";
import { ACCEPT, refuse, type Verdict } from "#core/errors/codes";
import type { Tx } from "#core/records/tx";
import { tickOf } from "#core/units/time";
import type { Session } from "../session.ts";
import type { Tokens } from "../smartchain/tokens.ts";
import type { World } from "../world.ts";

/**
 * Refusals after which the transaction still has its place in the author's chain, so that the next
 * can follow.
 */
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

/** Whether a refused transaction takes its number all the same. */
export function takesNumber(verdict: Verdict): boolean {
  return verdict.ok || VOID.has(verdict.code);
}

/** V1 to V7; the signatures (V2, V6) were checked before. */
export function checkTx(session: Session, tx: Tx, dag: Dag, world: World, tokens: Tokens): Verdict {
  return (
    checkChain(session, tx) ??
    checkEpoch(tx, world) ??
    checkParents(tx, dag, world) ??
    (tokens.ok ? undefined : tokens) ??
    checkTime(session, tx, dag, world) ??
    ACCEPT
  );
}

/** V3: the next number, linked to the last. */
export function checkChain(session: Session, tx: Tx): Verdict | undefined {
  const { seq, prev } = tx.body;
  if (seq <= session.txSeq) {
    const used = session.txids.get(seq);
    if (!used || used === toHex(tx.txid)) return refuse("REPLAYED", `number ${seq}`);
    return refuse("TX_EQUIVOCATION", `number ${seq} is used for another body`);
  }
  if (seq !== session.txSeq + 1) return refuse("TX_SEQ", `${seq} after ${session.txSeq}`);
  const linked = session.txid ? !!prev && bytesEqual(prev, session.txid) : prev === undefined;
  return linked ? undefined : refuse("TX_PREV", `number ${seq}`);
}

/** V1: the current or the previous epoch. Once there is one, none may name 0, which has no tokens. */
function checkEpoch(tx: Tx, world: World): Verdict | undefined {
  const { epoch } = tx.body;
  const before = world.epoch > 1 ? world.epoch - 1 : world.epoch;
  const known = epoch === world.epoch || epoch === before;
  return known ? undefined : refuse("TX_EPOCH", `epoch ${epoch}, now ${world.epoch}`);
}

/** V4 and V5: one or two distinct known parents in order, none too old but sealed blocks. */
function checkParents(tx: Tx, dag: Dag, world: World): Verdict | undefined {
  const { parents } = tx.body;
  if (parents.length === 2 && compareBytes(parents[0], parents[1]) >= 0)
    return refuse("TX_PARENTS", "not distinct and ascending");
  for (const parent of parents)
    if (!dag.parentTime(parent)) return refuse("TX_PARENT_UNKNOWN", toHex(parent));
  const tMs = dag.effectiveTime(tx);
  for (const parent of parents) {
    const known = dag.parentTime(parent)!;
    if (!known.block && tMs - known.tMs > world.ageMaxMs)
      return refuse("TX_PARENT_OLD", `${tMs - known.tMs} ms`);
  }
  return undefined;
}

/** V7: T(tx) ≥ T(prev) + Δ, in a later tick, and not in the future. */
function checkTime(session: Session, tx: Tx, dag: Dag, world: World): Verdict | undefined {
  const { tsMs, tick } = tx.body;
  if (tick !== tickOf(tsMs, world.epochStartMs, world.tickMs) || tick <= session.txTick)
    return refuse("TX_TICK", `tick ${tick} after ${session.txTick}`);
  if (session.txid && dag.effectiveTime(tx) < session.txMs + world.tickMs)
    return refuse("TX_TIME", `less than Δ = ${world.tickMs} ms after the last`);
  if (tsMs > world.latestMs()) return refuse("TX_TIME", `${tsMs} ms is in the future`);
  return undefined;
}
