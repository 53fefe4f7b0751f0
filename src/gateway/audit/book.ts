// SPDX-License-Identifier: Apache-2.0
/**
 * A published order book against the orders in the log: everyone who was in time is in it, or
 * rightly not.
 */
import { bytesEqual, compareBytes, toHex } from "#core/codec/bytes";
import { merkleRoot } from "#core/crypto/merkle";
import { codeOfWire, WIRE } from "#core/errors/codes";
import type { ClearingRecord } from "#core/records/clearing";
import type { ClearingEntry } from "./clearing.ts";
import type { Context, Matched } from "./state.ts";

export function compareBook(
  context: Context,
  entry: ClearingEntry,
  record: ClearingRecord,
  matched: Matched,
): void {
  const { findings, ports } = context;
  const { slot, orders } = entry;
  const listed = new Set(orders.map(toHex));
  const excluded = new Map(record.excluded.map(({ order, code }) => [toHex(order), code]));
  compareMembers(context, slot, listed, excluded, matched);
  const ascending = orders.every((id, i) => i === 0 || compareBytes(orders[i - 1], id) < 0);
  if (!ascending) findings.fault("BOOK_ORDER", { slot }, `${orders.length} orders`);
  const root = merkleRoot(ports.crypto, orders);
  if (!bytesEqual(root, record.orderRoot) || record.orders !== orders.length)
    findings.fault(
      "BOOK_ROOT",
      { slot },
      `${record.orders} orders published, ${orders.length} logged`,
    );
}

function compareMembers(
  { state, findings }: Context,
  slot: number,
  listed: ReadonlySet<string>,
  excluded: ReadonlyMap<string, number>,
  matched: Matched,
): void {
  const known = new Set<string>();
  for (const { member, id } of matched.orders) {
    const order = toHex(id);
    known.add(order);
    if (listed.has(order) && !excluded.has(order)) continue;
    const which = { node: member.member.name, slot };
    const code = excluded.get(order);
    if (code === undefined) findings.fault("BOOK_DROPPED", which, order);
    else findings.fault("BOOK_EXCLUDED", which, `${order} with ${codeOfWire(code) ?? code}`);
  }
  for (const { order: id } of matched.excluded) {
    const order = toHex(id);
    known.add(order);
    const which = { node: ownerOf(state.members.values(), slot, order), slot };
    const code = excluded.get(order);
    if (listed.has(order)) findings.fault("BOOK_UNFUNDED", which, order);
    else if (code === undefined) findings.fault("BOOK_DROPPED", which, order);
    else if (code !== WIRE.ORDER_NO_RESERVE)
      findings.fault("BOOK_EXCLUDED", which, `${order} with ${codeOfWire(code) ?? code}`);
  }
  for (const order of [...listed, ...excluded.keys()])
    if (!known.has(order)) findings.fault("BOOK_FOREIGN", { slot }, order);
}

function ownerOf(
  members: Iterable<{ member: { name: string }; orders: Map<number, { id: Uint8Array }> }>,
  slot: number,
  order: string,
): string | undefined {
  for (const { member, orders } of members) {
    const own = orders.get(slot);
    if (own && toHex(own.id) === order) return member.name;
  }
  return undefined;
}
