// SPDX-License-Identifier: Apache-2.0
/** Blocks: the chain of headers, what each block holds, and what it does on the auditor's own ledger. */
import { bytesEqual, compareBytes, toHex } from "#core/codec/bytes.ts";
import { encodeCbor } from "#core/codec/cbor.ts";
import { openSigned } from "#core/codec/record.ts";
import { AssertionFailure } from "#core/errors/assert.ts";
import {
  antichain,
  type BlockPlan,
  blockRoots,
  executeBlock,
  type LedgerEvent,
} from "#core/ledger/execute.ts";
import { stateRoot } from "#core/ledger/root.ts";
import { BLOCK_TXS_MAX } from "#core/limits.ts";
import { type Block, type BlockHeader, blockRecord, headerRecord } from "#core/records/block.ts";
import { blockEntry } from "../entries.ts";
import { checkCoins, checkMints } from "./coins.ts";
import { openEntry, signedByGateway } from "./open.ts";
import { compareOutcome } from "./outcome.ts";
import { checkEnergy, checkPayments, settle } from "./settle.ts";
import { checkMissed } from "./slots.ts";
import { type AuditTx, type Context, EPOCH } from "./state.ts";

/** Raised where nothing after an entry can be judged. */
export class AuditEnds extends Error {}

export function auditBlock(context: Context, bytes: Uint8Array): void {
  const { state, findings, ports } = context;
  const entry = openEntry(findings, blockEntry, bytes);
  if (!entry) return;
  const decoded = blockRecord.decode(entry.block);
  if (!decoded.ok) return findings.fault("RECORD_MALFORMED", {}, `block: ${decoded.detail}`);
  const block = decoded.value;
  const opened = openSigned(headerRecord, ports.crypto, block.header);
  if (!opened.ok) return findings.fault("RECORD_MALFORMED", {}, `header: ${opened.detail}`);
  const header = opened.value;
  const { height } = header;
  signedByGateway(context, opened, "header", { height });
  checkHeader(context, header);
  checkRoots(context, header, block);
  const txs = blockTxs(context, height, block);
  const events = blockEvents(context, height, block);
  const mints = checkMints(context, height, block);
  checkClosed(context, height, block);
  for (const slot of block.closed) {
    const run = state.slots.get(slot);
    if (run) checkMissed(context, run);
  }
  const result = execute(context, height, { events, mints, txs, closed: block.closed });
  compareOutcome(context, height, block, result);
  if (!bytesEqual(stateRoot(ports.crypto, state.ledger), header.stateRoot))
    findings.fault("BLOCK_STATE", { height }, toHex(header.stateRoot));
  markSealed(context, txs, result.rejected);
  checkPayments(context, height, block.effects);
  checkEnergy(context, height, txs);
  checkCoins(context, height);
  settle(context, height, result.effects, block.closed);
  adopt(context, opened.id, header);
  for (const slot of block.closed) state.forgetSlot(slot);
}

function checkHeader({ state, findings }: Context, header: BlockHeader): void {
  const { height } = header;
  const { head } = state;
  const which = { height };
  if (header.net !== state.net || header.epoch !== EPOCH)
    findings.fault("WRONG_ORIGIN", which, `network ${header.net}, epoch ${header.epoch}`);
  if (!bytesEqual(header.leader, state.gatewayId))
    findings.fault("BLOCK_CHAIN", which, `leader ${toHex(header.leader)}`);
  if (height !== (head ? head.height + 1 : 0))
    findings.fault("BLOCK_CHAIN", which, `after ${head ? head.height : "nothing"}`);
  const linked = head
    ? header.prev !== undefined && bytesEqual(header.prev, head.idBytes)
    : header.prev === undefined;
  if (!linked) findings.fault("BLOCK_CHAIN", which, "prev is not the block before");
  if (head && header.atMs < head.atMs)
    findings.fault("BLOCK_CHAIN", which, `${head.atMs - header.atMs} ms before its predecessor`);
}

/** The header's roots over the block's own lists. */
function checkRoots(context: Context, header: BlockHeader, block: Block): void {
  const roots = blockRoots(context.ports.crypto, block);
  const which = { height: header.height };
  if (roots.txCount !== header.txCount)
    context.findings.fault("BLOCK_ROOT", which, `txCount ${header.txCount}, not ${roots.txCount}`);
  const names = ["cutRoot", "txRoot", "rejectedRoot", "effectsRoot", "eventsRoot"] as const;
  for (const name of names)
    if (!bytesEqual(roots[name], header[name])) context.findings.fault("BLOCK_ROOT", which, name);
}

/** Every transaction accepted before this block and not in an earlier one, in order. */
function blockTxs({ state, findings }: Context, height: number, block: Block): AuditTx[] {
  const txs: AuditTx[] = [];
  const seen = new Set<string>();
  for (const txid of block.txs.map(toHex)) {
    const tx = state.txs.get(txid);
    if (tx && !tx.sealed && !seen.has(txid)) txs.push(tx);
    else findings.fault("BLOCK_TX_UNKNOWN", { height, txid }, tx ? "again" : "never accepted");
    seen.add(txid);
  }
  for (let i = 1; i < txs.length; i++)
    if (txs[i - 1].tMs - txs[i].tMs > 0 || !inOrder(txs[i - 1], txs[i]))
      findings.fault("BLOCK_TX_ORDER", { height, txid: txs[i].id }, `T = ${txs[i].tMs} ms`);
  if (block.txs.length < BLOCK_TXS_MAX)
    for (const { id, sealed, tx } of state.txs.values()) {
      if (sealed || seen.has(id)) continue;
      const which = { height, txid: id, node: state.nameOf(toHex(tx.body.from)) };
      findings.fault("BLOCK_TX_MISSING", which, "accepted before this block");
    }
  const tips = antichain(txs.map(({ tx }) => tx));
  if (tips.length !== block.cut.length || !tips.every((tip, i) => bytesEqual(tip, block.cut[i])))
    findings.fault("BLOCK_CUT", { height }, `${block.cut.length} tips, not ${tips.length}`);
  return txs;
}

function inOrder(a: AuditTx, b: AuditTx): boolean {
  return a.tMs < b.tMs || (a.tMs === b.tMs && compareBytes(a.tx.txid, b.tx.txid) < 0);
}

/** Members, readings and clearings since the last block, all and in order. */
function blockEvents({ state, findings }: Context, height: number, block: Block): LedgerEvent[] {
  const events: LedgerEvent[] = [];
  const pending = [...state.pending.keys()];
  block.events.map(toHex).forEach((id, i) => {
    const event = state.pending.get(id);
    if (id !== pending[i]) findings.fault("BLOCK_EVENTS", { height }, `${id} at place ${i}`);
    if (!event) return;
    events.push(event);
    state.pending.delete(id);
  });
  if (state.pending.size > 0)
    findings.fault("BLOCK_EVENTS", { height }, `${state.pending.size} left out`);
  return events;
}

/** Slots close one at a time, in order, after their clearing. */
function checkClosed({ state, findings }: Context, height: number, block: Block): void {
  if (block.closed.length > 1)
    findings.fault("BLOCK_CLOSED", { height }, `${block.closed.length} slots at once`);
  for (const slot of block.closed) {
    const oldest = Math.min(...state.slots.keys());
    if (slot !== oldest || !state.slots.get(slot)?.contracts)
      findings.fault("BLOCK_CLOSED", { height, slot }, "not the oldest open slot, or not cleared");
  }
}

function execute({ state, findings }: Context, height: number, plan: BlockPlan) {
  try {
    return executeBlock(state.ledger, { ...plan, txs: plan.txs }, (slot) => state.startMs(slot));
  } catch (error) {
    if (!(error instanceof AssertionFailure)) throw error;
    findings.fault("BLOCK_EXECUTE", { height }, error.message);
    throw new AuditEnds(error.message);
  }
}

function markSealed({ state }: Context, txs: AuditTx[], rejected: Block["rejected"]): void {
  for (const tx of txs) tx.sealed = true;
  for (const { txid } of rejected) {
    const tx = state.txs.get(toHex(txid));
    if (tx) tx.rejected = true;
  }
}

function adopt({ state }: Context, idBytes: Uint8Array, header: BlockHeader): void {
  const id = toHex(idBytes);
  const { height, atMs } = header;
  state.head = { id, idBytes, height, atMs };
  state.blocks.set(id, atMs);
  while (state.blocks.size > 2) state.blocks.delete(state.blocks.keys().next().value!);
  state.forgetTxs(atMs - state.world.ageMaxMs - state.world.slotMs);
  state.atLeast(atMs);
  state.summary.blocks++;
  state.summary.head = { id, height };
}
