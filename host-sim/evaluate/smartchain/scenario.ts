// SPDX-License-Identifier: Apache-2.0
/**
 * What both chains are given (ledger 4.7): the same members with the same coins, and the same contents. Each
 * member locks coins for the next slot once in every slot, so that the balances check has what it has in the
 * field, and the rate of one transaction per member and Δ is kept.
 */
import { toHex } from "#core/codec/bytes";
import type { Crypto } from "#core/crypto/port";
import { nodeIdOf } from "#core/identity";
import { applyTx, closeSlot, mint } from "#core/ledger/apply";
import { LedgerState } from "#core/ledger/state";
import type { Effect } from "#core/records/block";
import type { EpochMember } from "#core/records/epoch";
import type { Member } from "#core/records/member";
import { type Body, type Tx, TxType } from "#core/records/tx";
import { tickOf } from "#core/units/time";
import { claimWallets, listWallets, type WalletSet } from "#core/wallets";
import { newSession, type Session } from "#gateway/session";
import { seededKey } from "../../setup.ts";

export const NET = "evaluation";
/** Enough members that nobody is asked for more than one transaction in Δ. */
export const MEMBERS = 100;
export const TICK_MS = 30_000;
/** One transaction a second: each member's turn comes every hundred seconds. */
const STEP_MS = 1000;
export const SLOT_MS = MEMBERS * STEP_MS;
/** Transactions under way: each is seen by the others when so many more were issued (λh of ledger 4.3). */
export const IN_FLIGHT = 10;
/** A_max = max(10 h, 4 Δ) (ledger 4.2, V5). */
export const AGE_MAX_MS = Math.max(10 * IN_FLIGHT * STEP_MS, 4 * TICK_MS);
const START_MS = 1_700_000_000_000;
const GENESIS_MICRO = 100_000_000;
const LOCKED_MICRO = 100_000;
const QTY_WH = 500;

export interface Person {
  id: string;
  idBytes: Uint8Array;
  secretKey: Uint8Array;
  publicKey: Uint8Array;
  member: Member;
  wallets: WalletSet;
  wallet: Uint8Array;
}

/** The members, ascending by id as an epoch has them. */
export function people(crypto: Crypto, seed: number): Person[] {
  const all = Array.from({ length: MEMBERS }, (_, index): Person => {
    const secretKey = seededKey(crypto, seed, "evaluation", index);
    const publicKey = crypto.publicKey(secretKey);
    const idBytes = nodeIdOf(crypto, publicKey);
    const claim = claimWallets(crypto, secretKey, NET, idBytes, 0, 1);
    const wallets = listWallets(crypto, claim);
    const name = `member ${index}`;
    const member = { net: NET, publicKey, name, capacityWh: 10_000, ...claim };
    const wallet = Uint8Array.from(Buffer.from(wallets.wallets[0], "hex"));
    return { id: toHex(idBytes), idBytes, secretKey, publicKey, member, wallets, wallet };
  });
  return all.sort((a, b) => (a.id < b.id ? -1 : 1));
}

export function epochMembers(persons: readonly Person[]): EpochMember[] {
  return persons.map(({ idBytes, publicKey }) => ({ node: idBytes, publicKey }));
}

/** Protocol time of transaction `index`. */
export function stampMs(index: number): number {
  return START_MS + index * STEP_MS;
}

export const ORIGIN_MS = START_MS;

function slotStartMs(slot: number): number {
  return START_MS + slot * SLOT_MS;
}

/** What a node knows of the members: the ledger, and how far each one's chain has come. */
export class Books {
  readonly state: LedgerState;
  readonly sessions = new Map<string, Session>();

  /** `state`: one that has the members already. */
  constructor(persons: readonly Person[], state?: LedgerState) {
    this.state = state ?? new LedgerState();
    const effects: Effect[] = [];
    for (const { id, idBytes, member, wallets } of persons) {
      this.sessions.set(id, newSession(id, idBytes, member));
      if (state) continue;
      this.state.addAccount(id, member, wallets);
      mint(this.state, "genesis", wallets.wallets[0], GENESIS_MICRO, effects);
    }
  }

  /** The balances check of one transaction, and its effect; slots that are over are closed before. */
  apply(tx: Tx, tMs: number): boolean {
    const effects: Effect[] = [];
    const over = Math.floor((tMs - START_MS) / SLOT_MS) - 1;
    if (over > this.state.closedSlot) {
      const closing = { slotStartMs, word: () => undefined };
      closeSlot(this.state, over, effects, closing);
    }
    return applyTx(this.state, tx, tMs, slotStartMs, effects).ok;
  }
}

/** The body of transaction `index`: the same on both chains but for what it attaches to. */
export function bodyOf(
  index: number,
  { idBytes, wallet }: Person,
  session: Session,
  parents: Uint8Array[],
): Body {
  const tsMs = stampMs(index);
  const slot = Math.floor((tsMs - START_MS) / SLOT_MS) + 1;
  const leg = { to: undefined, wallet, ref: undefined, meter: undefined };
  return {
    net: NET,
    epoch: 1,
    type: TxType.reserve,
    from: idBytes,
    seq: session.txSeq + 1,
    prev: session.txid,
    legs: [{ ...leg, qtyWh: QTY_WH, ecashMicro: LOCKED_MICRO }],
    expiryMs: slotStartMs(slot),
    cancels: undefined,
    parents,
    tsMs,
    tick: tickOf(tsMs, START_MS, TICK_MS),
    slot,
  };
}
