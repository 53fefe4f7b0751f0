// SPDX-License-Identifier: Apache-2.0
/**
 * What a block holds: everything that the log accepted before it and no earlier block has, in the
 * one order that the rules give. Only a block that closes no slot may be full and leave the rest to
 * the next.
 */
import { bytesEqual, compareBytes, toHex } from "#core/codec/bytes";
import { antichain, type LedgerEvent } from "#core/ledger/execute";
import { BLOCK_EVENTS_MAX, BLOCK_TXS_MAX } from "#core/limits";
import type { Block } from "#core/records/block";
import type { AuditTx, Context } from "./state.ts";

/** Members, wallets, readings and clearings, in the order of the log. */
export function blockEvents(context: Context, height: number, block: Block): LedgerEvent[] {
  const { state, findings } = context;
  const events: LedgerEvent[] = [];
  const pending = [...state.pending.keys()];
  block.events.map(toHex).forEach((id, i) => {
    const event = state.pending.get(id);
    if (id !== pending[i]) findings.fault("BLOCK_EVENTS", { height }, `${id} at place ${i}`);
    if (!event) return;
    events.push(event);
    state.pending.delete(id);
  });
  const full = block.events.length >= BLOCK_EVENTS_MAX && block.closed.length === 0;
  if (state.pending.size > 0 && !full)
    findings.fault("BLOCK_EVENTS", { height }, `${state.pending.size} left out`);
  return events;
}

/** Transactions by effective time and id; asked after `blockEvents`. */
export function blockTxs(context: Context, height: number, block: Block): AuditTx[] {
  const { state, findings } = context;
  const txs: AuditTx[] = [];
  const seen = new Set<string>();
  for (const txid of block.txs.map(toHex)) {
    const tx = state.txs.get(txid);
    if (tx && !tx.sealed && !seen.has(txid)) txs.push(tx);
    else findings.fault("BLOCK_TX_UNKNOWN", { height, txid }, tx ? "again" : "never accepted");
    seen.add(txid);
  }
  for (let i = 1; i < txs.length; i++)
    if (!inOrder(txs[i - 1], txs[i]))
      findings.fault("BLOCK_TX_ORDER", { height, txid: txs[i].id }, `T = ${txs[i].tMs} ms`);
  // Transactions wait while there are more events than one block holds.
  const full = block.txs.length >= BLOCK_TXS_MAX || state.pending.size > 0;
  if (!full || block.closed.length > 0) checkNoneMissing(context, height, seen);
  const tips = antichain(txs.map(({ tx }) => tx));
  if (tips.length !== block.cut.length || !tips.every((tip, i) => bytesEqual(tip, block.cut[i])))
    findings.fault("BLOCK_CUT", { height }, `${block.cut.length} tips, not ${tips.length}`);
  return txs;
}

function checkNoneMissing(
  { state, findings }: Context,
  height: number,
  seen: ReadonlySet<string>,
): void {
  for (const { id, sealed, tx } of state.txs.values()) {
    if (sealed || seen.has(id)) continue;
    const which = { height, txid: id, node: state.nameOf(toHex(tx.body.from)) };
    findings.fault("BLOCK_TX_MISSING", which, "accepted before this block");
  }
}

function inOrder(a: AuditTx, b: AuditTx): boolean {
  return a.tMs < b.tMs || (a.tMs === b.tMs && compareBytes(a.tx.txid, b.tx.txid) < 0);
}
