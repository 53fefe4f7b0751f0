// SPDX-License-Identifier: Apache-2.0
/** The intake's rules for readings, orders and wallets, asked again of the auditor's own state. */
import { bytesEqual, fromHex } from "#core/codec/bytes";
import type { Code } from "#core/errors/codes";
import type { Arrival } from "#core/records/arrival";
import { EventKind, EventRegister, eventFault, type MeterEvent } from "#core/records/event";
import { MarketTiming } from "#core/records/notice";
import { type Order, Side } from "#core/records/order";
import type { Reading } from "#core/records/reading";
import type { Wallets } from "#core/records/wallets";
import { listWallets, type WalletClaim, walletsProved } from "#core/wallets";
import { CAPACITY_TOLERANCE_PERMILLE } from "../options.ts";
import type { AuditMember, AuditState, Context } from "./state.ts";

/** Why a reading may not follow the member's last one, or undefined. */
export function readingCode(
  state: AuditState,
  { member, reading: last }: AuditMember,
  reading: Reading,
): Code | undefined {
  const { boundary, atMs, importMwh, exportMwh } = reading;
  if (last && boundary <= last.boundary) return "READING_STALE";
  if (!state.notice || boundary > state.notice.slot + 1) return "READING_FUTURE";
  if (atMs !== state.startMs(boundary)) return "READING_TIME";
  if (!last) return undefined;
  const importedMwh = importMwh - last.importMwh;
  const exportedMwh = exportMwh - last.exportMwh;
  if (importedMwh < 0n || exportedMwh < 0n) return "REGISTER_DECREASED";
  // capacity in Wh × 1000 mWh × permille / 1000, for each slot between the two
  const slotMwh = BigInt(member.capacityWh) * BigInt(CAPACITY_TOLERANCE_PERMILLE);
  const mostMwh = slotMwh * BigInt(boundary - last.boundary);
  return importedMwh > mostMwh || exportedMwh > mostMwh ? "REGISTER_JUMP" : undefined;
}

/** Why an event of a meter may not follow the member's last reading, or undefined. */
export function eventCode({ reading: last }: AuditMember, event: MeterEvent): Code | undefined {
  const fault = eventFault(event);
  if (fault) return fault;
  const { register, beforeMwh, afterMwh } = event;
  // The register of a node that lost its store goes up to what the gateway had of it.
  const lowestMwh = event.event === EventKind.restored ? afterMwh : beforeMwh;
  const read = register === EventRegister.import ? last?.importMwh : last?.exportMwh;
  if (register === EventRegister.none || read === undefined) return undefined;
  return lowestMwh < read ? "EVENT_REGISTER" : undefined;
}

/** Why an arrival from another gateway may not be taken, or undefined. `by`: the gateways that it came by. */
export function arrivalCode(
  by: readonly Uint8Array[],
  member: AuditMember,
  { gateway, txSeq, txid }: Arrival,
): Code | undefined {
  if (!by.some((id) => bytesEqual(id, gateway))) return "ARRIVAL_ELSEWHERE";
  if ((txSeq === 0) !== (txid === undefined)) return "ARRIVAL_CHAIN";
  if (txSeq > member.txSeq) return undefined;
  const same = txid && member.txid ? bytesEqual(txid, member.txid) : txid === member.txid;
  return txSeq === member.txSeq && same ? undefined : "ARRIVAL_CHAIN";
}

/** What is wrong with a claim to a set of addresses, or undefined. */
export function claimFault(
  { ports, state }: Context,
  node: Uint8Array,
  claim: WalletClaim,
): string | undefined {
  const { crypto } = ports;
  if (!walletsProved(crypto, state.net, node, claim)) return `set ${claim.set} is not proved`;
  const { wallets } = listWallets(crypto, claim);
  return wallets.find((wallet) => state.ownsWallet(wallet));
}

/** Why a member's next set of addresses may not be taken, or undefined. */
export function walletsCode(
  context: Context,
  member: AuditMember,
  wallets: Wallets,
): Code | undefined {
  const { ledger } = context.state;
  const known = ledger.accounts.has(member.id) ? ledger.newestSet(member.id).set : undefined;
  if (known !== member.walletSet || wallets.set <= known) return "WALLETS_SET";
  return claimFault(context, member.idBytes, wallets) === undefined
    ? undefined
    : "WALLETS_UNPROVED";
}

/** Why an order may not enter the book of its slot, or undefined. */
export function orderCode(state: AuditState, member: AuditMember, order: Order): Code | undefined {
  const { slot, side, qtyWh, priceMicro, reserve } = order;
  const { notice } = state;
  const forecast = notice?.timing === MarketTiming.exante;
  if (!notice || slot > notice.slot + (forecast ? 1 : 0)) return "ORDER_FUTURE";
  if (slot <= state.closedUpTo || state.closedToOrders.has(slot)) return "ORDER_LATE";
  if (member.orders.has(slot)) return "ORDER_REPEATED";
  if (side === Side.idle)
    return qtyWh === 0 && priceMicro === 0 && !reserve ? undefined : "ORDER_PRICE";
  if (qtyWh === 0 || (side === Side.bid) !== (reserve !== undefined)) return "ORDER_PRICE";
  if (state.feeder?.terms.node === member.id) return "FEEDER_TRADES";
  if (reserve) {
    const own = member.reserves.get(slot);
    if (!own || !bytesEqual(fromHex(own)!, reserve)) return "ORDER_NO_RESERVE";
  }
  if (forecast) return qtyWh > member.member.capacityWh ? "ORDER_OVER_METER" : undefined;
  const netMwh = netOf(member, slot);
  if (netMwh === undefined) return "ORDER_NO_READING";
  const backedMwh = side === Side.bid ? netMwh : -netMwh;
  // Less than one Wh may be left over from earlier slots.
  const backed = backedMwh > 0n && BigInt(qtyWh) * 1000n <= backedMwh + 999n;
  return backed ? undefined : "ORDER_OVER_METER";
}

/**
 * Import less export of a slot by signed readings at both its ends, mWh; undefined without them.
 */
export function netOf({ reading, previous }: AuditMember, slot: number): bigint | undefined {
  if (reading?.boundary !== slot + 1 || previous?.boundary !== slot) return undefined;
  const importedMwh = reading.importMwh - previous.importMwh;
  return importedMwh - (reading.exportMwh - previous.exportMwh);
}
