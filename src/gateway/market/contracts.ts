// SPDX-License-Identifier: Apache-2.0
/**
 * The contracts that a clearing makes: one statement per admitted order, with the proof that it was
 * counted.
 */
import { toHex } from "#core/codec/bytes";
import type { LedgerState } from "#core/ledger/state";
import { LEGS_MAX } from "#core/limits";
import type { Contract, ContractLeg } from "#core/records/contract";
import type { PairEntry } from "../entries.ts";
import type { Session } from "../session.ts";
import type { Book } from "./book.ts";

interface ContractFrame {
  net: string;
  gateway: Uint8Array;
  slot: number;
  stage: number;
  clearing: Uint8Array;
  atMs: number;
}

/** All contracts of a clearing, in the book's order; those with many legs in parts. */
export function contractsOf(
  frame: ContractFrame,
  book: Book,
  fills: ReadonlyMap<number, number>,
  pairs: readonly PairEntry[],
  state: LedgerState,
  sessions: ReadonlyMap<string, Session>,
): Contract[] {
  const legs = legsByMember(pairs, state, sessions);
  const contracts: Contract[] = [];
  book.orders.forEach(({ session, taken }, index) => {
    const all = legs.get(session.id) ?? [];
    const parts = Math.max(1, Math.ceil(all.length / LEGS_MAX));
    for (let part = 0; part < parts; part++)
      contracts.push({
        ...frame,
        node: session.idBytes,
        side: taken.order.side,
        fillWh: fills.get(index) ?? 0,
        orderIndex: index,
        proof: book.proofs[index],
        part,
        parts,
        legs: all.slice(part * LEGS_MAX, (part + 1) * LEGS_MAX),
      });
  });
  return contracts;
}

function legsByMember(
  pairs: readonly PairEntry[],
  state: LedgerState,
  sessions: ReadonlyMap<string, Session>,
): Map<string, ContractLeg[]> {
  const legs = new Map<string, ContractLeg[]>();
  const add = (node: string, leg: ContractLeg) => {
    const known = legs.get(node);
    if (known) known.push(leg);
    else legs.set(node, [leg]);
  };
  for (const pair of pairs) {
    const seller = toHex(pair.seller);
    const buyer = toHex(pair.buyer);
    const { reserve, qtyWh, priceMicro, ecashMicro } = pair;
    const lockedMicro = state.locks.peek(toHex(reserve))?.leftMicro ?? 0;
    const terms = { reserve, lockedMicro, qtyWh, priceMicro, ecashMicro };
    const sellerKey = sessions.get(seller)!.member.publicKey;
    const buyerKey = sessions.get(buyer)!.member.publicKey;
    add(seller, { counterparty: pair.buyer, counterpartyKey: buyerKey, ...terms });
    add(buyer, { counterparty: pair.seller, counterpartyKey: sellerKey, ...terms });
  }
  return legs;
}
