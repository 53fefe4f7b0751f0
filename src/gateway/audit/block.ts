// SPDX-License-Identifier: Apache-2.0
/**
 * Blocks: the chain of headers, what each block holds, and what it does on the auditor's own
 * ledger.
 */
import { bytesEqual, toHex } from "#core/codec/bytes";
import { openSigned } from "#core/codec/record";
import { AssertionFailure } from "#core/errors/assert";
import { type BlockPlan, blockRoots, type PreparedBlock, prepareBlock } from "#core/ledger/execute";
import { rewardPlan } from "#core/ledger/rewards";
import { PARENT_BLOCKS_MAX, PARENT_SLACK_SLOTS } from "#core/limits";
import { type Block, type BlockHeader, blockRecord, headerRecord } from "#core/records/block";
import { blockEntry } from "../entries.ts";
import { checkCoins, checkMints } from "./coins.ts";
import { blockEvents, blockTxs } from "./contents.ts";
import { checkCredit } from "./credit.ts";
import { closeFeeder } from "./feeder.ts";
import { openEntry, signedByGateway } from "./open.ts";
import { compareOutcome } from "./outcome.ts";
import { checkPublished } from "./published.ts";
import { checkEnergy, checkPayments, settle } from "./settle.ts";
import { checkMissed } from "./slots.ts";
import { sealTxs } from "./smartchain.ts";
import type { AuditTx, Context } from "./state.ts";

/** Raised where nothing after an entry can be judged. */
export class AuditEnds extends Error {}

/** A block's place in the chain and its roots, whatever it does. */
export function openBlock(
  context: Context,
  bytes: Uint8Array,
): { id: Uint8Array; header: BlockHeader; block: Block } | undefined {
  const { findings, ports } = context;
  const entry = openEntry(findings, blockEntry, bytes);
  if (!entry) return undefined;
  const malformed = (what: string): undefined => void findings.fault("RECORD_MALFORMED", {}, what);
  const decoded = blockRecord.decode(entry.block);
  if (!decoded.ok) return malformed(`block: ${decoded.detail}`);
  const block = decoded.value;
  const opened = openSigned(headerRecord, ports.crypto, block.header);
  if (!opened.ok) return malformed(`header: ${opened.detail}`);
  const { id, value: header } = opened;
  signedByGateway(context, opened, "header", { height: header.height });
  checkHeader(context, header);
  checkRoots(context, header, block);
  return { id, header, block };
}

export function auditBlock(context: Context, bytes: Uint8Array): void {
  const { state, findings, ports } = context;
  checkPublished(context);
  const opened = openBlock(context, bytes);
  if (!opened) return;
  const { block, header } = opened;
  const { height } = header;
  const events = blockEvents(context, height, block);
  const txs = blockTxs(context, height, block);
  const mints = checkMints(context, height, block);
  checkClosed(context, height, block);
  for (const slot of block.closed) {
    const run = state.slots.get(slot);
    if (run) checkMissed(context, run);
  }
  const frozen = new Set(state.ledger.frozen.keys());
  const { rewards } = state;
  const reward = rewards && rewardPlan(ports.crypto, rewards, header.leader, header.atMs);
  const plan = { events, mints, txs, closed: block.closed, ...(reward && { reward }) };
  const prepared = execute(context, height, plan);
  state.ledger.adopt(prepared.fork);
  const result = prepared.body;
  for (const key of state.ledger.frozen.keys()) if (!frozen.has(key)) state.summary.frozen++;
  state.keepPromises(events);
  compareOutcome(context, height, block, result);
  if (!bytesEqual(prepared.roots.stateRoot, header.stateRoot))
    findings.fault("BLOCK_STATE", { height }, toHex(header.stateRoot));
  markSealed(context, txs, result.rejected);
  sealTxs(context, txs, header.atMs);
  checkPayments(context, height, block.effects);
  checkEnergy(context, height, txs);
  checkCoins(context, height);
  checkCredit(context, height);
  settle(context, height, result.effects, block.closed);
  adopt(context, opened.id, header);
  state.unpublished = { id: opened.id, header, block };
  for (const slot of block.closed) {
    if (state.slots.has(slot)) closeFeeder(state, slot);
    state.forgetSlot(slot);
  }
}

function checkHeader({ state, findings }: Context, header: BlockHeader): void {
  const { height } = header;
  const { head } = state;
  const which = { height };
  if (header.net !== state.net || header.epoch !== state.epoch)
    findings.fault("WRONG_ORIGIN", which, `network ${header.net}, epoch ${header.epoch}`);
  const leader = state.consortium ? state.consortium.turn?.leader : state.gatewayId;
  if (!leader || !bytesEqual(header.leader, leader))
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

function execute(
  { state, findings, ports }: Context,
  height: number,
  plan: BlockPlan,
): PreparedBlock {
  try {
    return prepareBlock(
      ports.crypto,
      state.ledger,
      plan,
      (slot) => state.startMs(slot),
      (slot) => state.feeder?.word(slot),
    );
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
    for (const { deals } of state.slots.values()) deals.unheard(toHex(txid));
  }
}

function adopt({ state }: Context, idBytes: Uint8Array, header: BlockHeader): void {
  const id = toHex(idBytes);
  const { height, atMs } = header;
  state.head = { id, idBytes, height, atMs };
  state.blocks.set(id, atMs);
  while (state.blocks.size > PARENT_BLOCKS_MAX)
    state.blocks.delete(state.blocks.keys().next().value!);
  state.forgetTxs(atMs - state.world.ageMaxMs - PARENT_SLACK_SLOTS * state.world.slotMs);
  state.atLeast(atMs);
  state.summary.blocks++;
  state.summary.head = { id, height };
}
