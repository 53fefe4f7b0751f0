// SPDX-License-Identifier: Apache-2.0
/**
 * A member that comes from another gateway. Its numbers and its chain of transactions went on there, so they
 * begin here at any number above those that are known. What was not said here is no business of this ledger.
 */
import { bytesEqual } from "#core/codec/bytes";
import { ACCEPT, refuse, type Verdict } from "#core/errors/codes";
import type { Arrival } from "#core/records/arrival";
import { FIRST_DIGEST } from "#core/records/receipt";
import type { Session } from "../session.ts";

/**
 * Checks of an arrival; its signature and number were checked before. One that is refused takes no number:
 * the node's own, for this gateway, is still to come.
 */
export function checkArrival(session: Session, arrival: Arrival, gateway: Uint8Array): Verdict {
  if (!bytesEqual(arrival.gateway, gateway)) return refuse("ARRIVAL_ELSEWHERE");
  const { txSeq, txid } = arrival;
  const detail = `number ${txSeq}, known ${session.txSeq}`;
  if (txSeq < session.txSeq || txSeq > 0 !== (txid !== undefined))
    return refuse("ARRIVAL_CHAIN", detail);
  // At the same number it has to be the same transaction: else it said two with one number.
  if (txid && session.txid && txSeq === session.txSeq && !bytesEqual(txid, session.txid))
    return refuse("ARRIVAL_CHAIN", detail);
  return ACCEPT;
}

/** The conversation begins: the digest at zeros, the chain where it is, the meter with its next reading. */
export function applyArrival(session: Session, { txSeq, txid }: Arrival): void {
  session.digest = FIRST_DIGEST;
  session.txSeq = txSeq;
  session.txid = txid;
  session.arrived = true;
}
