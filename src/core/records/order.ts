// SPDX-License-Identifier: Apache-2.0
/** A bid or an offer for one slot, or the statement that the node does neither. */
import { recordType } from "../codec/record.ts";
import { hash, type Infer, optional, uint } from "../codec/schema.ts";
import { netName, nodeId, price, qtyWh, RecordKind, slotNumber } from "./common.ts";

/** The role that a node chose for the slot (paper 1, II-B-2). */
export const Side = Object.freeze({ idle: 0, bid: 1, offer: 2 });

const orderFields = {
  net: netName,
  node: nodeId,
  slot: slotNumber,
  side: uint(2),
  qtyWh,
  priceMicro: price,
  /** A bid names the RESERVE that pays for it. */
  reserve: optional(hash),
  /** Number of the message that says it: it can be said under no other. */
  said: uint(),
};

export type Order = Infer<typeof orderFields>;
export const orderRecord = recordType("order", RecordKind.order, 1, orderFields, 256);
