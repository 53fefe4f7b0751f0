// SPDX-License-Identifier: Apache-2.0
/**
 * A match made by the gateway's market: one node's counterparties in one slot, with the proof of
 * its order.
 */
import { recordType } from "../codec/record.ts";
import { hash, type Infer, list, struct, uint } from "../codec/schema.ts";
import { LEGS_MAX, PROOF_MAX } from "../limits.ts";
import {
  micro,
  ms,
  netName,
  nodeId,
  price,
  publicKey,
  qtyWh,
  RecordKind,
  slotNumber,
} from "./common.ts";

/** `award`: a forecast was matched (ex-ante), nothing is owed yet. `final`: to be sold and bought now. */
export const ContractStage = Object.freeze({ final: 0, award: 1 });

export const contractLeg = struct({
  counterparty: nodeId,
  counterpartyKey: publicKey,
  /** The buyer's RESERVE, and the coins that it still holds in the ledger. */
  reserve: hash,
  lockedMicro: micro,
  qtyWh,
  priceMicro: price,
  ecashMicro: micro,
});
export type ContractLeg = Infer<typeof contractLeg>;

const contractFields = {
  net: netName,
  gateway: nodeId,
  node: nodeId,
  slot: slotNumber,
  stage: uint(1),
  /** Id of the clearing that this follows from. */
  clearing: hash,
  /** Side of the node's order, and how much of it was filled over all parts. */
  side: uint(2),
  fillWh: qtyWh,
  /** This order's place in the book under the clearing's root, and the path to it. */
  orderIndex: uint(0xffffffff),
  proof: list(hash, PROOF_MAX),
  /** More than LEGS_MAX counterparties come in several contracts: part `part` of `parts`. */
  part: uint(0xffff),
  parts: uint(0xffff),
  legs: list(contractLeg, LEGS_MAX),
  atMs: ms,
};

export type Contract = Infer<typeof contractFields>;
export const contractRecord = recordType("contract", RecordKind.contract, 2, contractFields);
