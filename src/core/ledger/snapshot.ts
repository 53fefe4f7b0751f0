// SPDX-License-Identifier: Apache-2.0
/**
 * A ledger's state as the list of its leaves, and the state again from that list. Whoever has the state root
 * of a decided block can take the leaves from anybody: what is not exactly that state is refused.
 */
import { bytesEqual, toHex } from "../codec/bytes.ts";
import { type CborValue, decodeCbor } from "../codec/cbor.ts";
import {
  bytes,
  FieldFault,
  hash,
  type Infer,
  list,
  optional,
  struct,
  text,
  u64,
  uint,
} from "../codec/schema.ts";
import type { Crypto } from "../crypto/port.ts";
import { NAME_CHARS_MAX, WALLETS_MAX } from "../limits.ts";
import { nodeId, publicKey, slotNumber, WALLET_BYTES, wallet } from "../records/common.ts";
import type { WalletSet } from "../wallets.ts";
import {
  BANK_SHAPE,
  bankLeaf,
  bankOfLeaf,
  CREDIT_SHAPE,
  creditLeaf,
  creditOfLeaf,
} from "./credit-leaves.ts";
import type { ForkMap } from "./fork-map.ts";
import {
  accountLeafOf,
  disputesLeaf,
  flowLeaf,
  frozenLeaf,
  Leaf,
  lockLeaf,
  memberLeaf,
  offerLeaf,
  operatorLeaf,
  PAIR_STATES,
  pairLeaf,
  registersLeaf,
  rewardsLeaf,
  type StateLeaf,
  totalsLeaf,
  walletsLeaf,
} from "./leaves.ts";
import { RUN } from "./rewards.ts";
import { dealKey, frozenKey, LedgerState, pairKey } from "./state.ts";

/** Sets of one account's addresses: two, and those that open trades still name. */
const SETS_MAX = 64;
const count = uint();

/** What follows its kind in each leaf; the order of fields is that of leaves.ts. */
const SHAPES = Object.freeze({
  [Leaf.account]: struct({
    node: nodeId,
    balanceMicro: count,
    lockedMicro: count,
    walletSet: count,
    commitment: hash,
  }),
  [Leaf.lock]: struct({
    reserve: hash,
    node: nodeId,
    wallet,
    slot: slotNumber,
    tMs: count,
    height: count,
    leftWh: count,
    leftMicro: count,
    promisedMicro: count,
    offer: optional(hash),
  }),
  [Leaf.registers]: struct({
    node: nodeId,
    boundary: count,
    importMwh: u64,
    exportMwh: u64,
    previousBoundary: count,
    previousImportMwh: u64,
    previousExportMwh: u64,
    claimedImportMwh: u64,
    claimedExportMwh: u64,
  }),
  [Leaf.totals]: struct({
    genesisMicro: count,
    mintedMicro: count,
    burnedMicro: count,
    reservesMicro: count,
    closedSlot: count,
  }),
  [Leaf.offer]: struct({
    offer: hash,
    seller: nodeId,
    slot: slotNumber,
    height: count,
    qtyWh: count,
    ecashMicro: count,
    expiryMs: count,
    reservedWh: count,
    soldWh: count,
  }),
  [Leaf.frozen]: struct({
    id: bytes(48),
    slot: slotNumber,
    buyer: nodeId,
    sold: hash,
    leg: count,
    wallet,
    qtyWh: count,
    micro: count,
    untilSlot: count,
  }),
  [Leaf.disputes]: struct({ node: nodeId, times: count }),
  [Leaf.member]: struct({
    node: nodeId,
    publicKey,
    name: text(NAME_CHARS_MAX),
    capacityWh: count,
  }),
  [Leaf.wallets]: struct({
    node: nodeId,
    sets: list(
      struct({ set: count, commitment: hash, wallets: bytes(1, WALLETS_MAX * WALLET_BYTES) }),
      SETS_MAX,
      1,
    ),
  }),
  [Leaf.pair]: struct({
    slot: slotNumber,
    seller: nodeId,
    buyer: nodeId,
    direct: uint(1),
    reserve: hash,
    qtyWh: count,
    priceMicro: count,
    ecashMicro: count,
    state: uint(PAIR_STATES.length - 1),
    sold: optional(struct({ txid: hash, leg: count, tMs: count, wallet })),
  }),
  [Leaf.bank]: BANK_SHAPE,
  [Leaf.credit]: CREDIT_SHAPE,
  [Leaf.rewards]: struct({ count, dueMs: count, periods: count }),
  [Leaf.operator]: struct({ gateway: nodeId, micro: count }),
  [Leaf.flow]: struct({
    node: nodeId,
    soldWh: count,
    boughtWh: count,
    importMwh: u64,
    exportMwh: u64,
  }),
});

type Kind = keyof typeof SHAPES;
type Shape<K extends Kind> = Infer<(typeof SHAPES)[K]>;

/** All leaves of a state, by kind and then by what they are about. */
export function* stateLeaves(crypto: Crypto, state: LedgerState): IterableIterator<Uint8Array> {
  const sorted = <T>(
    table: ForkMap<T>,
    leaf: (entry: Readonly<T>, key: string) => StateLeaf,
  ): Uint8Array[] => [...table.keys()].sort().map((key) => leaf(table.peek(key)!, key).bytes);
  const { accounts, locks, offers, frozen, disputes, pairs, banks, credits } = state;
  yield* sorted(accounts, (entry) => accountLeafOf(crypto, entry, state.lockedOf(entry.node)));
  yield* sorted(locks, (lock) => lockLeaf(crypto, lock));
  yield* sorted(accounts, (entry) => registersLeaf(crypto, entry));
  yield totalsLeaf(crypto, state.totals, state.closedSlot).bytes;
  yield* sorted(offers, (offer) => offerLeaf(crypto, offer));
  yield* sorted(frozen, (entry) => frozenLeaf(crypto, entry));
  yield* sorted(disputes, (times, node) => disputesLeaf(crypto, node, Number(times)));
  yield* sorted(accounts, (entry) => memberLeaf(crypto, entry));
  yield* sorted(accounts, (entry) => walletsLeaf(crypto, entry));
  yield* sorted(pairs, (pair, key) => pairLeaf(crypto, key, pair));
  yield* sorted(banks, (entry) => bankLeaf(crypto, entry));
  yield* sorted(credits, (entry) => creditLeaf(crypto, entry));
  yield* sorted(state.rewardRuns, (entry) => rewardsLeaf(crypto, entry));
  yield* sorted(state.operators, (entry) => operatorLeaf(crypto, entry));
  yield* sorted(state.flows, (entry) => flowLeaf(crypto, entry));
}

/** The state that these leaves are of, in whatever order; or why they are not all those under `root`. */
export function stateFromLeaves(
  crypto: Crypto,
  leaves: Iterable<Uint8Array>,
  root: Uint8Array,
): { ok: true; state: LedgerState } | { ok: false; detail: string } {
  const builder = new Builder();
  let taken = 0;
  try {
    for (const leaf of leaves) {
      builder.take(leaf);
      taken++;
    }
    builder.finish();
  } catch (error) {
    if (!(error instanceof FieldFault)) throw error;
    return { ok: false, detail: `leaf ${taken}: ${error.message}` };
  }
  const { state } = builder;
  if (!bytesEqual(state.root(crypto), root)) return { ok: false, detail: "another root" };
  if (state.map.size !== taken) return { ok: false, detail: "a leaf twice" };
  return { ok: true, state };
}

/** Puts a state together from what its leaves say; a fault is thrown as a FieldFault. */
class Builder {
  readonly state = new LedgerState();
  /** What there is of each account so far. */
  private readonly members = new Map<string, Shape<7>>();
  private readonly coins = new Map<string, Shape<0>>();
  private readonly registers = new Map<string, Shape<2>>();
  private readonly wallets = new Map<string, WalletSet[]>();

  take(leaf: Uint8Array): void {
    const decoded = decodeCbor(leaf);
    if ("fault" in decoded) throw new FieldFault("leaf", decoded.fault);
    const raw = decoded.value;
    if (!Array.isArray(raw)) throw new FieldFault("leaf", "no array");
    const kind = raw[0] as Kind;
    const known = typeof kind === "number" && SHAPES[kind];
    if (!known) throw new FieldFault("leaf", "of no known kind");
    const shape: { decode(raw: CborValue, path: string): unknown } = known;
    const enter = this.enter[kind] as (fields: unknown) => void;
    enter(shape.decode(raw.slice(1), "leaf"));
  }

  /** By kind of leaf. */
  private readonly enter: { readonly [K in Kind]: (fields: Shape<K>) => void } = {
    [Leaf.account]: (fields) => void this.coins.set(toHex(fields.node), fields),
    [Leaf.lock]: ({ reserve, node, wallet, offer, ...rest }) => {
      const id = toHex(reserve);
      const names = { reserve: id, node: toHex(node), wallet: toHex(wallet) };
      this.state.locks.set(id, { ...rest, ...names, offer: offer && toHex(offer) });
    },
    [Leaf.registers]: (fields) => void this.registers.set(toHex(fields.node), fields),
    [Leaf.totals]: ({ closedSlot, ...totals }) => {
      Object.assign(this.state.totals, totals);
      this.state.closedSlot = closedSlot - 1;
    },
    [Leaf.offer]: ({ offer, seller, ...rest }) => {
      const id = toHex(offer);
      this.state.offers.set(id, { ...rest, offer: id, seller: toHex(seller) });
    },
    [Leaf.frozen]: ({ id, buyer, wallet, ...rest }) => {
      const about = { reserve: toHex(id.subarray(0, 32)), seller: toHex(id.subarray(32)) };
      const names = { ...about, buyer: toHex(buyer), wallet: toHex(wallet) };
      this.state.frozen.set(frozenKey(about), { ...rest, ...names });
    },
    [Leaf.disputes]: ({ node, times }) => void this.state.disputes.set(toHex(node), times),
    [Leaf.member]: (fields) => void this.members.set(toHex(fields.node), fields),
    [Leaf.wallets]: ({ node, sets }) => void this.wallets.set(toHex(node), sets.map(setOf)),
    [Leaf.pair]: ({ direct, sold, state, ...rest }) => {
      const seller = toHex(rest.seller);
      const buyer = toHex(rest.buyer);
      const names = { seller, buyer, reserve: toHex(rest.reserve) };
      const said = sold && { sold: { ...sold, wallet: toHex(sold.wallet) } };
      const key = (direct === 1 ? dealKey : pairKey)(rest.slot, seller, buyer);
      this.state.pairs.set(key, { ...rest, ...names, state: PAIR_STATES[state], ...said });
    },
    [Leaf.bank]: (fields) => void this.state.banks.set(toHex(fields.bank), bankOfLeaf(fields)),
    [Leaf.credit]: (fields) =>
      void this.state.credits.set(toHex(fields.node), creditOfLeaf(fields)),
    [Leaf.rewards]: (fields) => void this.state.rewardRuns.set(RUN, fields),
    [Leaf.operator]: ({ gateway, micro }) => {
      const id = toHex(gateway);
      this.state.operators.set(id, { gateway: id, micro });
    },
    [Leaf.flow]: ({ node, ...rest }) => {
      const id = toHex(node);
      this.state.flows.set(id, { node: id, ...rest });
    },
  };

  /** Accounts, once all of their leaves are there. */
  finish(): void {
    const { state } = this;
    for (const [node, { publicKey, name, capacityWh }] of this.members) {
      const coins = this.coins.get(node);
      const registers = this.registers.get(node);
      const sets = this.wallets.get(node);
      if (!coins || !registers || !sets) throw new FieldFault(node, "an account in part");
      const { boundary, previousBoundary, ...mwh } = registers;
      const when = { boundary: boundary - 1, previousBoundary: previousBoundary - 1 };
      const what = { node, publicKey, name, capacityWh, sets, balanceMicro: coins.balanceMicro };
      state.accounts.set(node, { ...mwh, ...when, ...what });
      for (const { wallets } of sets)
        for (const wallet of wallets) {
          if (state.owners.has(wallet)) throw new FieldFault(node, "an address of another");
          state.owners.set(wallet, node);
        }
    }
    for (const { node } of state.locks.values())
      if (!state.accounts.has(node)) throw new FieldFault(node, "a lock of nobody");
    for (const { node, line } of state.credits.values())
      if (
        !state.accounts.has(node) ||
        (line && !(state.banks.has(line.bank) && state.banks.has(line.home)))
      )
        throw new FieldFault(node, "credit of nobody, or of no bank");
    // What an account's leaf says of other leaves is for nodes; here it only has to be so.
    for (const [node, { lockedMicro, walletSet, commitment }] of this.coins) {
      if (!state.accounts.has(node)) throw new FieldFault(node, "an account in part");
      const newest = state.newestSet(node);
      const same = newest.set === walletSet && bytesEqual(newest.commitment, commitment);
      if (!same || state.lockedOf(node) !== lockedMicro)
        throw new FieldFault(node, "not what its other leaves say");
    }
  }
}

function setOf(wire: Shape<8>["sets"][number]): WalletSet {
  const all = toHex(wire.wallets);
  if (wire.wallets.length % WALLET_BYTES !== 0) throw new FieldFault("wallets", "a part of one");
  const wallets: string[] = [];
  for (let at = 0; at < all.length; at += 2 * WALLET_BYTES)
    wallets.push(all.slice(at, at + 2 * WALLET_BYTES));
  return { ...wire, wallets };
}
