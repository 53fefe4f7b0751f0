// SPDX-License-Identifier: Apache-2.0
/**
 * The leaves of the ledger's state. Everything that the execution of a block looks at is in one of them, so
 * that two states with one root go on alike, and a state can be made from its leaves (snapshot.ts). Each is a
 * CBOR array that begins with its kind and what it is about.
 */
import { fromHex } from "../codec/bytes.ts";
import { encodeCbor } from "../codec/cbor.ts";
import type { Crypto } from "../crypto/port.ts";
import { accountLeaf, leafKey } from "./account-leaf.ts";
import type { FlowEntry, OperatorEntry, RewardRun } from "./rewards.ts";
import type { AccountEntry, Frozen, Lock, Offer, Pair, Totals } from "./state.ts";

/** What a leaf is about. Numbers are never used again for something else. */
export const Leaf = Object.freeze({
  account: 0,
  lock: 1,
  registers: 2,
  totals: 3,
  offer: 4,
  frozen: 5,
  disputes: 6,
  member: 7,
  wallets: 8,
  pair: 9,
  bank: 20,
  credit: 21,
  rewards: 30,
  operator: 31,
  flow: 32,
});

/** The wire numbers of a contract's states. */
export const PAIR_STATES: readonly Pair["state"][] = Object.freeze([
  "open",
  "sold",
  "paid",
  "arbitrated",
  "released",
]);

/** A leaf: where it stands, and its bytes. */
export interface StateLeaf {
  key: Uint8Array;
  bytes: Uint8Array;
}

const ONE = new Uint8Array(0);

export function accountLeafOf(
  crypto: Crypto,
  entry: Readonly<AccountEntry>,
  lockedMicro: number,
): StateLeaf {
  const node = hex(entry.node);
  const { set: walletSet, commitment } = entry.sets[entry.sets.length - 1];
  const facts = { balanceMicro: entry.balanceMicro, lockedMicro, walletSet, commitment };
  return { key: leafKey(crypto, Leaf.account, node), bytes: accountLeaf(node, facts) };
}

export function registersLeaf(crypto: Crypto, entry: Readonly<AccountEntry>): StateLeaf {
  return leaf(crypto, Leaf.registers, hex(entry.node), [
    entry.boundary + 1, // 0: no reading yet
    entry.importMwh,
    entry.exportMwh,
    entry.previousBoundary + 1,
    entry.previousImportMwh,
    entry.previousExportMwh,
    entry.claimedImportMwh,
    entry.claimedExportMwh,
  ]);
}

export function memberLeaf(crypto: Crypto, entry: Readonly<AccountEntry>): StateLeaf {
  const { node, publicKey, name, capacityWh } = entry;
  return leaf(crypto, Leaf.member, hex(node), [publicKey, name, capacityWh]);
}

export function walletsLeaf(crypto: Crypto, entry: Readonly<AccountEntry>): StateLeaf {
  const sets = entry.sets.map(({ set, commitment, wallets }) => [
    set,
    commitment,
    hex(wallets.join("")), // addresses are of one length
  ]);
  return leaf(crypto, Leaf.wallets, hex(entry.node), [sets]);
}

export function lockLeaf(crypto: Crypto, lock: Readonly<Lock>): StateLeaf {
  const { node, wallet, slot, tMs, height, leftWh, leftMicro, promisedMicro, offer } = lock;
  const said = [hex(node), hex(wallet), slot, tMs, height];
  const left = [leftWh, leftMicro, promisedMicro, offer === undefined ? 0 : hex(offer)];
  return leaf(crypto, Leaf.lock, hex(lock.reserve), [...said, ...left]);
}

export function offerLeaf(crypto: Crypto, offer: Readonly<Offer>): StateLeaf {
  const { seller, slot, height, qtyWh, ecashMicro, expiryMs, reservedWh, soldWh } = offer;
  const terms = [slot, height, qtyWh, ecashMicro, expiryMs, reservedWh, soldWh];
  return leaf(crypto, Leaf.offer, hex(offer.offer), [hex(seller), ...terms]);
}

/** `id` is the pair's key in the state; the leaf's own is short. */
export function pairLeaf(crypto: Crypto, id: string, pair: Readonly<Pair>): StateLeaf {
  const { slot, seller, buyer, reserve, qtyWh, priceMicro, ecashMicro, state, sold } = pair;
  const direct = id.endsWith("|direct") ? 1 : 0;
  const about = pairAbout(slot, seller, buyer, direct);
  const terms = [hex(reserve), qtyWh, priceMicro, ecashMicro, PAIR_STATES.indexOf(state)];
  const said = sold ? [sold.txid, sold.leg, sold.tMs, hex(sold.wallet)] : 0;
  const parties = [slot, hex(seller), hex(buyer), direct];
  return leaf(crypto, Leaf.pair, about, [...parties, ...terms, said]);
}

function pairAbout(slot: number, seller: string, buyer: string, direct: number): Uint8Array {
  const place = [slot >>> 24, slot >>> 16, slot >>> 8, slot, direct].map((part) => part & 0xff);
  return Uint8Array.of(...place, ...hex(seller), ...hex(buyer));
}

/** A lock may pay several sellers, each of them once. */
export function frozenLeaf(crypto: Crypto, frozen: Readonly<Frozen>): StateLeaf {
  const { slot, seller, buyer, reserve, sold, leg, wallet, qtyWh, micro, untilSlot } = frozen;
  const about = hex(reserve + seller);
  const said = [slot, hex(buyer), sold, leg, hex(wallet)];
  return leaf(crypto, Leaf.frozen, about, [...said, qtyWh, micro, untilSlot]);
}

export function disputesLeaf(crypto: Crypto, node: string, times: number): StateLeaf {
  return leaf(crypto, Leaf.disputes, hex(node), [times]);
}

export function totalsLeaf(
  crypto: Crypto,
  totals: Readonly<Totals>,
  closedSlot: number,
): StateLeaf {
  const { genesisMicro, mintedMicro, burnedMicro, reservesMicro } = totals;
  const sums = [genesisMicro, mintedMicro, burnedMicro, reservesMicro];
  return leaf(crypto, Leaf.totals, ONE, [...sums, closedSlot + 1]);
}

export function rewardsLeaf(
  crypto: Crypto,
  { count, dueMs, periods }: Readonly<RewardRun>,
): StateLeaf {
  return leaf(crypto, Leaf.rewards, ONE, [count, dueMs, periods]);
}

export function operatorLeaf(
  crypto: Crypto,
  { gateway, micro }: Readonly<OperatorEntry>,
): StateLeaf {
  return leaf(crypto, Leaf.operator, hex(gateway), [micro]);
}

export function flowLeaf(crypto: Crypto, entry: Readonly<FlowEntry>): StateLeaf {
  const { node, soldWh, boughtWh, importMwh, exportMwh } = entry;
  return leaf(crypto, Leaf.flow, hex(node), [soldWh, boughtWh, importMwh, exportMwh]);
}

/** A leaf that begins with its kind and, but for the contracts' and the totals', the id that it is about. */
export function leaf(
  crypto: Crypto,
  kind: number,
  id: Uint8Array,
  fields: Parameters<typeof encodeCbor>[0][],
): StateLeaf {
  const head = id === ONE || kind === Leaf.pair ? [kind] : [kind, id];
  return { key: leafKey(crypto, kind, id), bytes: encodeCbor([...head, ...fields]) };
}

export function hex(text: string): Uint8Array {
  return fromHex(text)!;
}
