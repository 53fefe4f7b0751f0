// SPDX-License-Identifier: Apache-2.0
/**
 * The ledger's state: accounts with coins and registers, the account pool, locks, and the contracts of the
 * slots that are not settled. Only apply.ts changes it, and only a block applies anything: on a fork, which
 * becomes the state when the block is decided, and is dropped when it is not.
 *
 * `get` of a table gives an entry to change, `peek` and lists one to look at. What an entry refers to is
 * replaced and never changed, since forks share it. Whatever executing a block looks at is in a leaf under
 * the state root (leaves.ts).
 *
 * Coins belong to the account (paper 1, II-A: an account has one wallet); a wallet address is a pseudonym of
 * the account, the label of one trade.
 */
import type { MerkleMap } from "../crypto/merkle-map.ts";
import type { Crypto } from "../crypto/port.ts";
import { assert } from "../errors/assert.ts";
import type { Member } from "../records/member.ts";
import type { Reading } from "../records/reading.ts";
import type { WalletSet } from "../wallets.ts";
import { type BankEntry, type CreditEntry, sharedFree } from "./credit-state.ts";
import { ForkMap } from "./fork-map.ts";
import type { FlowEntry, OperatorEntry, RewardRun } from "./rewards.ts";
import { StateMap } from "./state-map.ts";

/** Sets of addresses of one account that count: the one in use, and the one that follows it. */
const SETS_KEPT = 2;

/** A member's account. Ids and wallets are hex. */
export interface AccountEntry {
  readonly node: string;
  readonly publicKey: Uint8Array;
  readonly name: string;
  readonly capacityWh: number;
  /** Sets of addresses that count, the newest last. */
  sets: readonly WalletSet[];
  /** Free coins, µc: without those in locks. */
  balanceMicro: number;
  /** Last signed registers, mWh, and the boundary at which they were read; −1 before the first. */
  boundary: number;
  importMwh: bigint;
  exportMwh: bigint;
  /** Registers at the boundary before that: the slot between them is what an order is about. */
  previousBoundary: number;
  previousImportMwh: bigint;
  previousExportMwh: bigint;
  /** Up to where the registers back legs already. */
  claimedImportMwh: bigint;
  claimedExportMwh: bigint;
}

/** Coins that a RESERVE locked for one slot. */
export interface Lock {
  readonly reserve: string;
  readonly node: string;
  /** The address that it was said under. */
  readonly wallet: string;
  readonly slot: number;
  readonly tMs: number;
  /** Of the RESERVE in its author's chain. */
  readonly height: number;
  /** Energy that may still be contracted on it, Wh. */
  leftWh: number;
  /** Coins that it still holds, µc, and how many of them a SOLD has promised. */
  leftMicro: number;
  promisedMicro: number;
  /** The OFFER that it takes; undefined: it is for the market. */
  readonly offer?: string;
}

/** An OFFER to all for one slot (ledger 4.6). */
export interface Offer {
  readonly offer: string;
  readonly seller: string;
  /** Of the OFFER in its author's chain. */
  readonly height: number;
  readonly slot: number;
  /** Energy, and the price for all of it. */
  readonly qtyWh: number;
  readonly ecashMicro: number;
  /** No RESERVE takes it from this protocol time on. */
  readonly expiryMs: number;
  /** Energy that live RESERVEs took, and how much of that was sold, Wh. */
  reservedWh: number;
  soldWh: number;
}

/** A contract between two members for one slot, and how far it has come. */
export interface Pair {
  readonly slot: number;
  readonly seller: string;
  readonly buyer: string;
  readonly reserve: string;
  readonly qtyWh: number;
  readonly priceMicro: number;
  readonly ecashMicro: number;
  state: "open" | "sold" | "paid" | "arbitrated" | "released";
  sold?: Readonly<{ txid: Uint8Array; leg: number; tMs: number; wallet: string }>;
}

/** A part of a SOLD that two meters do not agree on; it stays in its lock (ledger 4.6). */
export interface Frozen {
  readonly slot: number;
  readonly seller: string;
  readonly buyer: string;
  readonly reserve: string;
  /** The SOLD and its leg, and the seller's address in it. */
  readonly sold: Uint8Array;
  readonly leg: number;
  readonly wallet: string;
  readonly qtyWh: number;
  readonly micro: number;
  /** It is the buyer's again when this slot closes, unless it was decided before. */
  readonly untilSlot: number;
}

export interface Totals {
  genesisMicro: number;
  mintedMicro: number;
  burnedMicro: number;
  /** Bank reserves. */
  reservesMicro: number;
}

/** Coins of members, µc: free ones, and those in locks. */
export interface Sums {
  walletsMicro: number;
  lockedMicro: number;
}

/** Drafts are shallow copies: what entries refer to is replaced, never changed. */
const COPIED = Object.freeze({ copy: <T extends object>(entry: T): T => ({ ...entry }) });
const BY_NODE = Object.freeze({ ...COPIED, groupOf: ({ node }: { node: string }) => node });
const BY_SELLER = Object.freeze({ ...COPIED, groupOf: ({ seller }: { seller: string }) => seller });

export class LedgerState {
  readonly accounts: ForkMap<AccountEntry>;
  /** Wallet address → account: the account pool (paper 1, II-A). */
  readonly owners: ForkMap<string>;
  /** Grouped by account. */
  readonly locks: ForkMap<Lock>;
  /** Contracts of clearings by `pairKey`, direct deals that were sold by `dealKey`; grouped by seller. */
  readonly pairs: ForkMap<Pair>;
  /** By id, until their slot is closed; grouped by seller. */
  readonly offers: ForkMap<Offer>;
  /** By `frozenKey`; grouped by seller. */
  readonly frozen: ForkMap<Frozen>;
  /** How often a member's word on energy was too far from its counterparty's; without those of 0. */
  readonly disputes: ForkMap<number>;
  /** Banks by their gateway's id, and borrowers by node: empty where there is no credit. */
  readonly banks: ForkMap<BankEntry>;
  readonly credits: ForkMap<CreditEntry>;
  /** Where there are rewards: how far they are, coins of gateways' operators, trades of the period. */
  readonly rewardRuns: ForkMap<RewardRun>;
  readonly operators: ForkMap<OperatorEntry>;
  readonly flows: ForkMap<FlowEntry>;
  readonly totals: Totals;
  /** Every slot up to this one is settled. */
  closedSlot: number;
  private readonly base: LedgerState | undefined;
  private readonly leaves: StateMap;
  /** Of the base: how often it changed. Of a fork: the number that it is of. */
  private version: number;
  /** Sums over what is settled: wallets, locks, and shared wallets. */
  private readonly settled: Sums & { sharedMicro: number; totals: string };

  constructor(base?: LedgerState) {
    this.base = base;
    this.accounts = base ? base.accounts.fork() : new ForkMap<AccountEntry>(COPIED);
    this.owners = base ? base.owners.fork() : new ForkMap({});
    this.locks = base ? base.locks.fork() : new ForkMap<Lock>(BY_NODE);
    this.pairs = base ? base.pairs.fork() : new ForkMap<Pair>(BY_SELLER);
    this.offers = base ? base.offers.fork() : new ForkMap<Offer>(BY_SELLER);
    this.frozen = base ? base.frozen.fork() : new ForkMap<Frozen>(BY_SELLER);
    this.disputes = base ? base.disputes.fork() : new ForkMap({});
    this.banks = base ? base.banks.fork() : new ForkMap<BankEntry>(COPIED);
    this.credits = base ? base.credits.fork() : new ForkMap<CreditEntry>(COPIED);
    this.rewardRuns = base ? base.rewardRuns.fork() : new ForkMap({});
    this.operators = base ? base.operators.fork() : new ForkMap<OperatorEntry>(COPIED);
    this.flows = base ? base.flows.fork() : new ForkMap<FlowEntry>(COPIED);
    this.totals = base
      ? { ...base.totals }
      : { genesisMicro: 0, mintedMicro: 0, burnedMicro: 0, reservesMicro: 0 };
    this.closedSlot = base ? base.closedSlot : -1;
    this.leaves = new StateMap(base?.leaves);
    this.version = base ? base.version : 0;
    const none = { walletsMicro: 0, lockedMicro: 0, sharedMicro: 0 };
    this.settled = { ...none, totals: "0,0,0,0,-1", ...base?.settled };
  }

  /** A state to execute a block on without touching this one: O(what was changed since the last root). */
  fork(crypto: Crypto): LedgerState {
    assert(!this.base, "FORK_OF_FORK");
    this.root(crypto);
    return new LedgerState(this);
  }

  /** Takes over what a fork changed, with its root; all other forks of this state are void. */
  adopt(fork: LedgerState): void {
    assert(fork.base === this && fork.version === this.version, "FORK_STALE");
    assert(this.settled.totals === this.totalsText(), "FORK_BASE_CHANGED", "totals");
    const sums = { ...fork.sums(), sharedMicro: fork.sharedMicro };
    const changed = fork.tables();
    this.tables().forEach((table, i) => void table.adopt(changed[i]));
    Object.assign(this.totals, fork.totals);
    this.closedSlot = fork.closedSlot;
    this.leaves.settle(fork.leaves);
    this.settle(sums);
  }

  /** The root over all leaves. Only what changed since the last root is hashed. */
  root(crypto: Crypto): Uint8Array {
    assert(!this.base || this.base.version === this.version, "FORK_STALE");
    const root = this.leaves.fold(crypto, this);
    if (this.base) return root;
    const sums = { ...this.sums(), sharedMicro: this.sharedMicro };
    for (const table of this.tables()) table.settle();
    if (this.leaves.settle()) this.settle(sums);
    return root;
  }

  /** The state's map of leaves as of the last root, for proofs. */
  get map(): MerkleMap {
    return this.leaves.map;
  }

  private settle(sums: Sums & { sharedMicro: number }): void {
    this.version++;
    Object.assign(this.settled, sums, { totals: this.totalsText() });
  }

  private totalsText(): string {
    return [...Object.values(this.totals), this.closedSlot].join();
  }

  private tables(): ForkMap<unknown>[] {
    const { accounts, owners, locks, pairs, offers, frozen, disputes, banks, credits } = this;
    const { rewardRuns, operators, flows } = this;
    const trade = [accounts, owners, locks, pairs, offers, frozen, disputes];
    return [...trade, banks, credits, rewardRuns, operators, flows];
  }

  /** The account of a member, to change. */
  account(node: string): AccountEntry {
    const entry = this.accounts.get(node);
    assert(entry, "ACCOUNT_UNKNOWN", node);
    return entry;
  }

  /** The account of a member, to look at. */
  accountOf(node: string): Readonly<AccountEntry> {
    const entry = this.accounts.peek(node);
    assert(entry, "ACCOUNT_UNKNOWN", node);
    return entry;
  }

  addAccount(node: string, member: Member, wallets: WalletSet): AccountEntry {
    assert(!this.accounts.has(node), "ACCOUNT_TWICE", node);
    const entry: AccountEntry = {
      node,
      publicKey: member.publicKey,
      name: member.name,
      capacityWh: member.capacityWh,
      sets: [],
      balanceMicro: 0,
      boundary: -1,
      importMwh: 0n,
      exportMwh: 0n,
      previousBoundary: -1,
      previousImportMwh: 0n,
      previousExportMwh: 0n,
      claimedImportMwh: 0n,
      claimedExportMwh: 0n,
    };
    this.accounts.set(node, entry);
    this.addWallets(node, wallets);
    return entry;
  }

  /** Enters a set of addresses that is newer than the account's others; the older of those may go. */
  addWallets(node: string, added: WalletSet): void {
    const account = this.account(node);
    const newest = account.sets[account.sets.length - 1];
    assert(!newest || added.set > newest.set, "WALLETS_ORDER", node);
    for (const wallet of added.wallets) {
      assert(!this.owners.has(wallet), "WALLET_TWICE", wallet);
      this.owners.set(wallet, node);
    }
    const sets = [...account.sets, added];
    while (sets.length > SETS_KEPT && !this.inUse(node, sets[0])) {
      for (const wallet of sets[0].wallets) this.owners.delete(wallet);
      sets.shift();
    }
    account.sets = sets;
  }

  /** Whether a lock or a contract that is not settled names an address of the account's set. */
  private inUse(node: string, { wallets }: WalletSet): boolean {
    for (const lock of this.locks.group(node)) if (wallets.includes(lock.wallet)) return true;
    for (const { sold } of this.pairs.group(node))
      if (sold && wallets.includes(sold.wallet)) return true;
    for (const { wallet } of this.frozen.group(node)) if (wallets.includes(wallet)) return true;
    return false;
  }

  /** The newest set of an account's addresses. */
  newestSet(node: string): WalletSet {
    const { sets } = this.accountOf(node);
    return sets[sets.length - 1];
  }

  /** Takes a reading whose order and bounds were checked at intake. */
  read(node: string, reading: Reading): void {
    const entry = this.account(node);
    assert(reading.boundary > entry.boundary, "READING_ORDER", node);
    assert(reading.importMwh >= entry.importMwh, "REGISTER_ORDER", node);
    assert(reading.exportMwh >= entry.exportMwh, "REGISTER_ORDER", node);
    const first = entry.boundary < 0;
    entry.previousBoundary = entry.boundary;
    entry.previousImportMwh = entry.importMwh;
    entry.previousExportMwh = entry.exportMwh;
    entry.boundary = reading.boundary;
    entry.importMwh = reading.importMwh;
    entry.exportMwh = reading.exportMwh;
    // Where no reading came in time the seller's word took the place of this one: what it does not show backs
    // nothing, and is nobody's debt.
    if (entry.claimedImportMwh > entry.importMwh) entry.claimedImportMwh = entry.importMwh;
    if (!first) return;
    entry.claimedImportMwh = reading.importMwh; // energy from before membership backs nothing
    entry.claimedExportMwh = reading.exportMwh;
  }

  freeOf(node: string): number {
    return this.accountOf(node).balanceMicro;
  }

  lockedOf(node: string): number {
    let locked = 0;
    for (const lock of this.locks.group(node)) locked += lock.leftMicro;
    return locked;
  }

  /** Sums over the wallets of all accounts, operators included, and over locks, µc. */
  sums(): Sums {
    let { walletsMicro, lockedMicro } = this.settled;
    for (const [, before, after] of this.accounts.changes())
      walletsMicro += (after?.balanceMicro ?? 0) - (before?.balanceMicro ?? 0);
    for (const [, before, after] of this.operators.changes())
      walletsMicro += (after?.micro ?? 0) - (before?.micro ?? 0);
    for (const [, before, after] of this.locks.changes())
      lockedMicro += (after?.leftMicro ?? 0) - (before?.leftMicro ?? 0);
    return { walletsMicro, lockedMicro };
  }

  /** Coins in wallets that banks share with borrowers, without those in locks, µc. */
  get sharedMicro(): number {
    let { sharedMicro } = this.settled;
    for (const [, before, after] of this.credits.changes())
      sharedMicro += sharedFree(after) - sharedFree(before);
    return sharedMicro;
  }

  /** I1: genesis + minted = wallets + locked + shared + reserves + burned. A breach is a bug. */
  assertConserved(): void {
    const { walletsMicro, lockedMicro } = this.sums();
    const { genesisMicro, mintedMicro, burnedMicro, reservesMicro } = this.totals;
    const made = genesisMicro + mintedMicro;
    const held = walletsMicro + lockedMicro + this.sharedMicro + reservesMicro + burnedMicro;
    assert(made === held, "COINS_CONSERVED", `${made} made, ${held} held`);
  }
}

/** A lock may pay several sellers, each of them once. */
export function frozenKey({ reserve, seller }: Pick<Frozen, "reserve" | "seller">): string {
  return `${reserve}|${seller}`;
}

/** Apart from the market two members have at most one deal in a slot. */
export function dealKey(slot: number, seller: string, buyer: string): string {
  return `${pairKey(slot, seller, buyer)}|direct`;
}

/** There is at most one contract between two members in a slot. */
export function pairKey(slot: number, seller: string, buyer: string): string {
  return `${slot}|${seller}|${buyer}`;
}
