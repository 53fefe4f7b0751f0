// SPDX-License-Identifier: Apache-2.0
/** The leaves of a ledger's state as a Merkle map, brought up to date with what a block changed. */

import { MerkleMap } from "../crypto/merkle-map.ts";
import type { Crypto } from "../crypto/port.ts";
import { bankLeaf, creditLeaf } from "./credit-leaves.ts";
import {
  accountLeafOf,
  disputesLeaf,
  flowLeaf,
  frozenLeaf,
  lockLeaf,
  memberLeaf,
  offerLeaf,
  operatorLeaf,
  pairLeaf,
  registersLeaf,
  rewardsLeaf,
  type StateLeaf,
  totalsLeaf,
  walletsLeaf,
} from "./leaves.ts";
import type { AccountEntry, LedgerState } from "./state.ts";

const MEMBER = Object.freeze(["node", "publicKey", "name", "capacityWh"] as const);
const REGISTERS = Object.freeze([
  "boundary",
  "importMwh",
  "exportMwh",
  "previousBoundary",
  "previousImportMwh",
  "previousExportMwh",
  "claimedImportMwh",
  "claimedExportMwh",
] as const);

export class StateMap {
  map: MerkleMap;
  /** The leaves of what is settled. */
  private settled: MerkleMap;

  constructor(base?: StateMap) {
    this.map = this.settled = base ? base.settled : MerkleMap.empty();
  }

  /** What was folded in, here or on a fork, is settled; whether that made a difference. */
  settle(fork?: StateMap): boolean {
    if (fork) this.map = fork.map;
    const changed = this.map !== this.settled;
    this.settled = this.map;
    return changed;
  }

  /** Enters what differs in `state` from what is settled; the root after that. */
  fold(crypto: Crypto, state: LedgerState): Uint8Array {
    this.map = this.settled;
    const put = ({ key, bytes }: StateLeaf): void => {
      this.map = this.map.with(key, crypto.sha256(bytes));
    };
    const drop = ({ key }: StateLeaf): void => {
      this.map = this.map.without(key);
    };
    /** Accounts of which the leaf with the coins may differ. */
    const moved = new Set<string>();
    for (const [node, before, after] of state.accounts.changes()) {
      if (!after) continue; // nobody leaves
      if (!same(before, after, ["balanceMicro", "sets"])) moved.add(node);
      if (!same(before, after, REGISTERS)) put(registersLeaf(crypto, after));
      if (!same(before, after, MEMBER)) put(memberLeaf(crypto, after));
      if (!same(before, after, ["sets"])) put(walletsLeaf(crypto, after));
    }
    for (const [, before, after] of state.locks.changes()) {
      moved.add((after ?? before)!.node);
      if (after) put(lockLeaf(crypto, after));
      else drop(lockLeaf(crypto, before!));
    }
    for (const node of moved)
      put(accountLeafOf(crypto, state.accountOf(node), state.lockedOf(node)));
    for (const [, before, after] of state.offers.changes()) {
      if (after) put(offerLeaf(crypto, after));
      else drop(offerLeaf(crypto, before!));
    }
    for (const [id, before, after] of state.pairs.changes()) {
      if (after) put(pairLeaf(crypto, id, after));
      else drop(pairLeaf(crypto, id, before!));
    }
    for (const [, before, after] of state.frozen.changes()) {
      if (after) put(frozenLeaf(crypto, after));
      else drop(frozenLeaf(crypto, before!));
    }
    for (const [node, before, after] of state.disputes.changes()) {
      if (after) put(disputesLeaf(crypto, node, after));
      else drop(disputesLeaf(crypto, node, before!));
    }
    for (const [, before, after] of state.banks.changes())
      put(bankLeaf(crypto, (after ?? before)!)); // banks and borrowers stay
    for (const [, before, after] of state.credits.changes())
      put(creditLeaf(crypto, (after ?? before)!));
    for (const [, before, after] of state.rewardRuns.changes())
      put(rewardsLeaf(crypto, (after ?? before)!));
    for (const [, before, after] of state.operators.changes())
      put(operatorLeaf(crypto, (after ?? before)!));
    for (const [, before, after] of state.flows.changes())
      put(flowLeaf(crypto, (after ?? before)!));
    put(totalsLeaf(crypto, state.totals, state.closedSlot));
    return this.map.root(crypto);
  }
}

function same(
  before: Readonly<AccountEntry> | undefined,
  after: Readonly<AccountEntry>,
  fields: readonly (keyof AccountEntry)[],
): boolean {
  return before !== undefined && fields.every((name) => before[name] === after[name]);
}
