// SPDX-License-Identifier: Apache-2.0
/** A small ledger to test with: members by letter, transactions without signatures, and snapshots. */
import { createHash } from "node:crypto";
import { toHex } from "#core/codec/bytes";
import type { Verdict } from "#core/errors/codes";
import { applyTx, closeSlot, contract, mint } from "#core/ledger/apply";
import type { FeederWord } from "#core/ledger/arbitrate";
import { LedgerState, type Pair } from "#core/ledger/state";
import type { Effect } from "#core/records/block";
import type { Member } from "#core/records/member";
import type { Reading } from "#core/records/reading";
import { type Body, type Tx, type TxLeg, TxType } from "#core/records/tx";
import type { WalletSet } from "#core/wallets";
import { sodiumCrypto } from "#node/crypto/sodium";

export const crypto = sodiumCrypto();
export const SLOT_MS = 900_000;
export const slotStartMs = (slot: number): number => slot * SLOT_MS;

/** `size` bytes that follow from a name. */
export function named(name: string, size = 32): Uint8Array {
  return new Uint8Array(createHash("sha256").update(name).digest().subarray(0, size));
}

/** A member's id, and its wallet `index`. */
export const idOf = (name: string): Uint8Array => named(`node ${name}`, 16);
export const nodeOf = (name: string): string => toHex(idOf(name));
export const walletOf = (name: string, index = 0): Uint8Array => named(`${name}/${index}`, 20);

export function memberOf(name: string): Member {
  return {
    net: "t",
    publicKey: named(`key ${name}`),
    name,
    capacityWh: 10_000,
    set: 0,
    addresses: 2,
    walletKey: named(`wallets ${name}`),
    walletProof: new Uint8Array(64),
  };
}

/** A member's set of two addresses; set `set` begins with wallet 2 × `set`. */
export function setOf(name: string, set = 0): WalletSet {
  const wallets = [0, 1].map((index) => toHex(walletOf(name, 2 * set + index)));
  return { set, commitment: named(`set ${set} of ${name}`), wallets };
}

export function readingOf(
  name: string,
  boundary: number,
  importMwh: bigint,
  exportMwh: bigint,
): Reading {
  const atMs = slotStartMs(boundary);
  const node = idOf(name);
  return { net: "t", node, boundary, atMs, quality: 2, importMwh, exportMwh, boot: 1, said: 1 };
}

/** A transaction as the DAG and the ledger see it; nobody there looks at signatures. */
export function txOf(name: string, from: string, changes: Partial<Body>): Tx {
  const body: Body = {
    net: "t",
    epoch: 1,
    type: TxType.reserve,
    from: idOf(from),
    // A chain has an OFFER or a RESERVE below the SOLD or BOUGHT that follows from it.
    seq: changes.type ?? TxType.reserve,
    prev: undefined,
    legs: [],
    expiryMs: 0,
    cancels: undefined,
    parents: [],
    tsMs: 0,
    tick: 0,
    slot: 1,
    ...changes,
  };
  const txid = named(`tx ${name}`);
  const signature = new Uint8Array(64);
  return { body, pot: [], said: 1, signature, txid, digest: txid, bytes: txid };
}

export function reserve(
  name: string,
  from: string,
  slot: number,
  qtyWh: number,
  micro: number,
): Tx {
  const leg: TxLeg = {
    to: undefined,
    wallet: walletOf(from),
    ref: undefined,
    qtyWh,
    ecashMicro: micro,
    meter: undefined,
  };
  return txOf(name, from, { type: TxType.reserve, slot, legs: [leg] });
}

/** An OFFER of `qtyWh` for `micro` that is over when its slot begins. */
export function offer(name: string, from: string, slot: number, qtyWh: number, micro: number): Tx {
  const { body } = reserve(name, from, slot, qtyWh, micro);
  return txOf(name, from, { ...body, type: TxType.offer, expiryMs: slotStartMs(slot) });
}

/** The RESERVE of `qtyWh` of an OFFER by `seller`. */
export function take(
  name: string,
  from: string,
  seller: string,
  taken: Tx,
  qtyWh: number,
  micro: number,
): Tx {
  const { body } = reserve(name, from, taken.body.slot, qtyWh, micro);
  const legs = [{ ...body.legs[0], to: idOf(seller), ref: taken.txid }];
  return txOf(name, from, { ...body, legs });
}

/** A leg of a SOLD or a BOUGHT by `from`, backed by its register from `fromMwh` on. */
export function legOf(
  from: string,
  to: string,
  ref: Tx,
  pair: { qtyWh: number; ecashMicro: number },
  fromMwh: bigint,
): TxLeg {
  return {
    to: idOf(to),
    wallet: walletOf(from),
    ref: ref.txid,
    qtyWh: pair.qtyWh,
    ecashMicro: pair.ecashMicro,
    meter: { fromMwh, toMwh: fromMwh + BigInt(pair.qtyWh) * 1000n },
  };
}

export function pairOf(
  slot: number,
  seller: string,
  buyer: string,
  lock: Tx,
  qtyWh: number,
  ecashMicro: number,
): Pair {
  return {
    slot,
    seller: nodeOf(seller),
    buyer: nodeOf(buyer),
    reserve: toHex(lock.txid),
    qtyWh,
    priceMicro: 150_000,
    ecashMicro,
    state: "open",
  };
}

/** The ledger with the effects of everything applied so far. */
export class World {
  state = new LedgerState();
  readonly effects: Effect[] = [];

  constructor(...names: string[]) {
    for (const name of names) this.state.addAccount(nodeOf(name), memberOf(name), setOf(name));
  }
  mint(name: string, micro: number): void {
    mint(this.state, "genesis", toHex(walletOf(name)), micro, this.effects);
  }
  read(name: string, boundary: number, importMwh: bigint, exportMwh: bigint): void {
    this.state.read(nodeOf(name), readingOf(name, boundary, importMwh, exportMwh));
  }
  contract(...pairs: Pair[]): void {
    contract(this.state, pairs);
  }
  apply(tx: Tx, tMs: number): Verdict {
    return applyTx(this.state, tx, tMs, slotStartMs, this.effects);
  }
  close(slot: number, word?: FeederWord): void {
    closeSlot(this.state, slot, this.effects, { slotStartMs, word: () => word });
  }
  free(name: string): number {
    return this.state.freeOf(nodeOf(name));
  }
  root(): string {
    return toHex(this.state.root(crypto));
  }
  /** Everything in the state and the number of effects, more than the root covers. */
  snapshot(): string {
    return `${this.root()} ${dumpOf(this.state)} ${JSON.stringify(this.effects)}`;
  }
}

/** Everything in a state, in an order that does not depend on how it came there. */
export function dumpOf(state: LedgerState): string {
  const { accounts, owners, locks, pairs, offers, frozen, disputes, totals, closedSlot } = state;
  const maps = [accounts, owners, locks, pairs, offers, frozen, disputes].map((table) =>
    [...table].sort((a, b) => (a[0] < b[0] ? -1 : 1)),
  );
  // Fields by name, too: those of one that was read back are in another order.
  return JSON.stringify([maps, totals, closedSlot], (_, value) => {
    if (typeof value === "bigint") return String(value);
    if (value instanceof Uint8Array) return toHex(value);
    if (typeof value !== "object" || !value || Array.isArray(value)) return value;
    return Object.fromEntries(Object.entries(value).sort());
  });
}
