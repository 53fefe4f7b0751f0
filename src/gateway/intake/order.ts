// SPDX-License-Identifier: Apache-2.0
/**
 * Whether an order may enter the book of its slot: one per node and slot, in time, backed by meter
 * or RESERVE.
 */
import { toHex } from "#core/codec/bytes";
import { ACCEPT, refuse, type Verdict } from "#core/errors/codes";
import { type Order, Side } from "#core/records/order";
import { whFloor } from "#core/units/energy";
import type { Session } from "../session.ts";
import type { World } from "../world.ts";

interface Market {
  exAnte: boolean;
  /** The node is the area's feeder meter: what flows there is the members' energy. */
  meters: boolean;
}

/** Checks of an order; the signature was checked before. */
export function checkOrder(
  session: Session,
  order: Order,
  world: World,
  { exAnte, meters }: Market,
): Verdict {
  const { slot, side, qtyWh, priceMicro } = order;
  const open = world.openSlot;
  if (open === undefined || slot > open + (exAnte ? 1 : 0))
    return refuse("ORDER_FUTURE", `slot ${slot}`);
  if (!world.takesOrders(slot)) return refuse("ORDER_LATE", `slot ${slot}`);
  if (session.orders.has(slot)) return refuse("ORDER_REPEATED", `slot ${slot}`);
  const idle = side === Side.idle;
  if (
    idle !== (qtyWh === 0) ||
    (idle && priceMicro !== 0) ||
    (side === Side.bid) !== !!order.reserve
  )
    return refuse("ORDER_PRICE", `side ${side}, ${qtyWh} Wh at ${priceMicro} µc/kWh`);
  if (idle) return ACCEPT;
  if (meters) return refuse("FEEDER_TRADES", `slot ${slot}`);
  if (order.reserve && session.reserves.get(slot) !== toHex(order.reserve))
    return refuse("ORDER_NO_RESERVE", `slot ${slot}`);
  return exAnte ? checkForecast(session, order) : checkMetered(session, order);
}

/** Ex-post: no more than the metered net, with the less-than-one-Wh that earlier slots left over. */
function checkMetered(session: Session, order: Order): Verdict {
  const { reading, previous } = session;
  if (reading?.boundary !== order.slot + 1 || previous?.boundary !== order.slot)
    return refuse("ORDER_NO_READING", `slot ${order.slot}`);
  const importedMwh = reading.importMwh - previous.importMwh;
  const exportedMwh = reading.exportMwh - previous.exportMwh;
  const netMwh = order.side === Side.bid ? importedMwh - exportedMwh : exportedMwh - importedMwh;
  const carryMwh = 999n;
  const limitWh = netMwh > 0n ? whFloor(netMwh + carryMwh) : 0;
  if (order.qtyWh > limitWh)
    return refuse("ORDER_OVER_METER", `${order.qtyWh} Wh of ${limitWh} Wh metered`);
  return ACCEPT;
}

/** Ex-ante: a forecast is bounded by the connection only; the meter bounds what is settled. */
function checkForecast(session: Session, order: Order): Verdict {
  if (order.qtyWh > session.member.capacityWh)
    return refuse("ORDER_OVER_METER", `${order.qtyWh} Wh of ${session.member.capacityWh} Wh`);
  return ACCEPT;
}
