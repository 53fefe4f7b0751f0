// SPDX-License-Identifier: Apache-2.0
/**
 * What a node must not forget. It is small, and it is written whole with every message that the node says
 * (journal.ts), so that after a power cut numbers, registers and claims always belong together.
 */
import { bytesEqual } from "#core/codec/bytes";
import type { CborValue } from "#core/codec/cbor";
import {
  bytes,
  type Field,
  hash,
  type Infer,
  list,
  optional,
  struct,
  u64,
  uint,
} from "#core/codec/schema";
import { assert } from "#core/errors/assert";
import { GATEWAYS_KEPT, SLOTS_KEPT, WALLETS_MAX } from "#core/limits";
import { GATEWAY_MARK_BYTES } from "#core/records/arrival";
import { wallet } from "#core/records/common";
import { Side } from "#core/records/order";
import { FIRST_DIGEST } from "#core/records/receipt";
import { bodyBytes, bodyRecord } from "#core/records/tx";
import { firstRegisters, registers } from "./register/registers.ts";

/** Contracts of one slot come in at most this many parts (a member can trade with every other). */
const PARTS_MAX = 128;

/**
 * A byte string of its own: as decoded it is a view, which would keep the whole entry of the journal,
 * message and all, for as long as it stays.
 */
function kept(item: Field<Uint8Array>): Field<Uint8Array> {
  return {
    encode: (value, path) => item.encode(value, path),
    decode: (raw, path) => item.decode(raw, path).slice(),
  };
}

const id = kept(hash);

const slotMemory = struct({
  slot: uint(0xffffffff),
  /** The RESERVE for this slot: id, energy and coins. */
  reserve: optional(id),
  reserveWh: uint(),
  reserveMicro: uint(),
  reserveMs: uint(),
  /** The address that it was said under: the slot's purchases have the same. */
  reserveWallet: optional(kept(wallet)),
  /** The order: 0 none yet, else 1 + Side. */
  ordered: uint(3),
  order: optional(id),
  qtyWh: uint(),
  priceMicro: uint(),
  /** Where the order's energy begins on the register, mWh; moves on with every leg. */
  nextMwh: u64,
  /** Parts of the contract that were sold or bought. */
  settled: list(uint(0xffff), PARTS_MAX),
});
export type SlotMemory = Infer<typeof slotMemory>;

/** What may be signed of the next number: so many ticks lie between the chain's time and the next body. */
export const Uncertain = Object.freeze({
  nothing: 0,
  /** A body that came to nothing. */
  dropped: 1,
  /**
   * Something of an earlier life, as the state was lost. Its stamp was half of ε or Δ ahead of its clock at
   * most, so that the tick after the present one may be taken too.
   */
  lost: 2,
});

const stateFields = {
  /** Counts every change that was written; the highest wins. */
  version: uint(),
  boot: uint(0xffffffff),
  /** Last number said, last number receipted, and the digest up to the latter. */
  saidSeq: uint(),
  receiptedSeq: uint(),
  digest: kept(bytes(32)),
  /** Head of the node's own chain of transactions. */
  txSeq: uint(),
  txid: optional(id),
  txMs: uint(),
  /** Registers of the node, and where the chip's counters stood when they were brought up to date. */
  registers,
  /** Registers at the last two boundaries read; `boundary` is one more than its number, 0 for none. */
  boundary: uint(),
  boundaryImportMwh: u64,
  boundaryExportMwh: u64,
  lastNetMwh: struct({ import: u64, export: u64 }),
  /** Less than one Wh each that a slot left over for the next one, mWh. */
  carryImportMwh: u64,
  carryExportMwh: u64,
  /** Balance after the last block that the gateway reported, and its time. */
  freeMicro: uint(),
  lockedMicro: uint(),
  accountMs: uint(),
  slots: list(slotMemory, SLOTS_KEPT),
  /** Wallet addresses (purse.ts): the set in use, how many it has, how many are used; the set said last. */
  wallets: struct({
    set: uint(0xffffffff),
    addresses: uint(WALLETS_MAX),
    used: uint(),
    next: uint(0xffffffff),
    nextAddresses: uint(WALLETS_MAX),
  }),
  /** The chain's head while it has no tokens yet, and how many bodies before it came to nothing. */
  pending: optional(struct({ body: kept(bodyBytes), tries: uint(255) })),
  /** Whether witnesses may have signed another body for the next number of the chain: one of Uncertain. */
  uncertain: uint(2),
  /**
   * Gateways that it spoke with, the present one first, and the highest number that each has receipted. Empty
   * before the first, and where the state is of a firmware that knew one gateway only.
   */
  gateways: list(
    struct({ mark: kept(bytes(GATEWAY_MARK_BYTES)), receiptedSeq: uint() }),
    GATEWAYS_KEPT,
  ),
  /** 1: it came from another gateway, and has read no boundary for this one yet. */
  arrived: uint(1),
};

export const nodeState = struct(stateFields);
export type NodeState = Infer<typeof nodeState>;

/** Fields at the end of a state that it has since nodes roam and collect tokens: from `pending` on. */
const SINCE_TOKENS = 4;

/** A state as it is stored, by this firmware or by one that knew one gateway only. Throws a FieldFault. */
export function decodeState(raw: CborValue, path: string): NodeState {
  const fields = Object.keys(stateFields).length;
  const old = Array.isArray(raw) && raw.length === fields - SINCE_TOKENS;
  return nodeState.decode(old ? [...(raw as CborValue[]), 0, 0, [], 0] : raw, path);
}

/** The state of a node that was never on. */
export function firstState(): NodeState {
  return {
    version: 0,
    boot: 0,
    saidSeq: 0,
    receiptedSeq: 0,
    digest: FIRST_DIGEST,
    txSeq: 0,
    txid: undefined,
    txMs: 0,
    registers: firstRegisters(),
    boundary: 0,
    boundaryImportMwh: 0n,
    boundaryExportMwh: 0n,
    lastNetMwh: { import: 0n, export: 0n },
    carryImportMwh: 0n,
    carryExportMwh: 0n,
    freeMicro: 0,
    lockedMicro: 0,
    accountMs: 0,
    slots: [],
    wallets: { set: 0, addresses: 0, used: 0, next: 0, nextAddresses: 0 },
    pending: undefined,
    uncertain: 0,
    gateways: [],
    arrived: 0,
  };
}

/** How gateway `id` stands in `gateways`. */
function markOf(id: Uint8Array): Uint8Array {
  return id.slice(0, GATEWAY_MARK_BYTES);
}

/** Whether the gateway that the node spoke with last is another than `id`. */
export function speaksElsewhere({ gateways }: NodeState, id: Uint8Array): boolean {
  return gateways.length > 0 && !bytesEqual(gateways[0].mark, markOf(id));
}

/** Whether the gateway that the node spoke with last is one of `ids`. */
export function spokeWithAny({ gateways }: NodeState, ids: readonly Uint8Array[]): boolean {
  return gateways.length > 0 && ids.some((id) => bytesEqual(gateways[0].mark, markOf(id)));
}

/** The highest number that gateway `id` has receipted; undefined where the node does not know the gateway. */
export function receiptedBy(state: NodeState, id: Uint8Array): number | undefined {
  const mark = markOf(id);
  return state.gateways.find((known) => bytesEqual(known.mark, mark))?.receiptedSeq;
}

/** The node speaks with gateway `id` from now on, which has receipted `receiptedSeq`. */
export function speakWith(state: NodeState, id: Uint8Array, receiptedSeq: number): void {
  const mark = markOf(id);
  const others = state.gateways.filter((known) => !bytesEqual(known.mark, mark));
  state.gateways = [{ mark, receiptedSeq }, ...others].slice(0, GATEWAYS_KEPT);
}

/** The memory of `slot`, made where it is new; the oldest slots are forgotten. */
export function slotOf(state: NodeState, slot: number): SlotMemory {
  let memory = state.slots.find((entry) => entry.slot === slot);
  if (memory) return memory;
  memory = {
    slot,
    reserve: undefined,
    reserveWh: 0,
    reserveMicro: 0,
    reserveMs: 0,
    reserveWallet: undefined,
    ordered: 0,
    order: undefined,
    qtyWh: 0,
    priceMicro: 0,
    nextMwh: 0n,
    settled: [],
  };
  state.slots.push(memory);
  state.slots.sort((a, b) => a.slot - b.slot);
  while (state.slots.length > SLOTS_KEPT) state.slots.shift();
  return memory;
}

/** Where the slot just metered begins on the register: what a delivered forecast is taken from, mWh. */
export function slotStartMwh(state: NodeState, side: number): bigint {
  return side === Side.offer
    ? state.boundaryExportMwh - state.lastNetMwh.export
    : state.boundaryImportMwh - state.lastNetMwh.import;
}

/** RESERVE `from` was replaced by `to`, stamped `atMs`: nobody had taken the first. */
export function moveReserve(
  state: NodeState,
  from: Uint8Array,
  to: Uint8Array,
  atMs: number,
): void {
  for (const memory of state.slots) {
    if (!memory.reserve || !bytesEqual(memory.reserve, from)) continue;
    memory.reserve = to;
    memory.reserveMs = atMs;
  }
}

/** The body that waits for its tokens comes to nothing: its number is free for one that takes it back. */
export function dropPending(state: NodeState): void {
  if (!state.pending) return;
  const body = bodyRecord.decode(state.pending.body);
  assert(body.ok, "PENDING_BODY");
  if (state.txid) forgetReserve(state, state.txid);
  state.txSeq = body.value.seq - 1;
  state.txid = body.value.prev;
  state.pending = undefined;
  state.uncertain = Uncertain.dropped;
}

/** The gateway did not take RESERVE `txid`: a bid that quoted it would be refused too. */
export function forgetReserve(state: NodeState, txid: Uint8Array): void {
  for (const memory of state.slots) {
    if (!memory.reserve || !bytesEqual(memory.reserve, txid)) continue;
    memory.reserve = undefined;
    memory.reserveWh = 0;
    memory.reserveMicro = 0;
    memory.reserveMs = 0;
    memory.reserveWallet = undefined;
  }
}
