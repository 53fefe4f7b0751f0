// SPDX-License-Identifier: Apache-2.0
/**
 * What a node checks of its gateway before it acts: signatures, its place in the order book, fill
 * and price.
 */
import { bytesEqual, toHex } from "#core/codec/bytes";
import { encodeCbor } from "#core/codec/cbor";
import { openSigned, type RecordType, verifySigned } from "#core/codec/record";
import { mapHolds } from "#core/crypto/map-proof";
import { merkleVerify } from "#core/crypto/merkle";
import type { Crypto } from "#core/crypto/port";
import { ACCEPT, refuse, type Verdict } from "#core/errors/codes";
import { nodeIdOf } from "#core/identity";
import { accountKey, accountLeaf } from "#core/ledger/account-leaf";
import { checkFill } from "#core/market/check";
import { ecashMicro } from "#core/market/cost";
import { guidedRule } from "#core/market/rule";
import type { MarketOrder, MarketRule } from "#core/market/types";
import { EffectKind, effectStruct, headerRecord } from "#core/records/block";
import { type ClearingRecord, summaryFromWire } from "#core/records/clearing";
import type { Contract } from "#core/records/contract";
import { type Demand, MarketMode, MarketPricing, type Notice } from "#core/records/notice";
import { Side } from "#core/records/order";
import type { BalanceProof } from "#core/records/proof";
import type { Settlement } from "#core/records/settlement";
import type { SlotMemory } from "./state.ts";

/** Opens a record that only this node's gateway may have signed, for this network; undefined otherwise. */
export function fromGateway<T extends { net: string }>(
  type: RecordType<T>,
  crypto: Crypto,
  gatewayKey: Uint8Array,
  net: string,
  bytes: Uint8Array,
): { value: T; id: Uint8Array } | undefined {
  const opened = openSigned(type, crypto, bytes);
  if (!opened.ok || opened.value.net !== net) return undefined;
  if (!verifySigned(crypto, gatewayKey, opened)) return undefined;
  return { value: opened.value, id: opened.id };
}

/** What came in another order than it was said is no lie. */
export const OTHER_BLOCK = "of another block than the account";

/**
 * What is wrong with the proof of a balance, or undefined: it has to be the one of the statement of account
 * `account`, and stand under the state root of that statement's block.
 */
export function proofFault(
  crypto: Crypto,
  gatewayKey: Uint8Array,
  net: string,
  proof: BalanceProof,
  account: { header: Uint8Array; freeMicro: number; lockedMicro: number },
  commitment: Uint8Array,
): string | undefined {
  const header = fromGateway(headerRecord, crypto, gatewayKey, net, proof.header);
  if (!header) return "no header of the gateway";
  if (!bytesEqual(header.id, account.header)) return OTHER_BLOCK;
  const key = accountKey(crypto, proof.node);
  const leaf = accountLeaf(proof.node, proof);
  if (!mapHolds(crypto, header.value.stateRoot, key, leaf, proof.path))
    return "not under the state root";
  if (proof.balanceMicro !== account.freeMicro || proof.lockedMicro !== account.lockedMicro)
    return `${proof.balanceMicro} and ${proof.lockedMicro} µc under the state root`;
  return bytesEqual(proof.commitment, commitment) ? undefined : "the addresses of another";
}

/**
 * The block that settled a trade, or what is wrong with the proof: an effect under the block's effects root
 * that moved coins from or to the node's address `own`. Of the block `known` the node knows that it is one.
 */
export function settledBy(
  crypto: Crypto,
  gatewayKey: Uint8Array,
  net: string,
  { header, effect, index, effects, path }: Settlement,
  own: Uint8Array,
  known: Uint8Array | undefined,
): { height: number; id: Uint8Array } | string {
  const opened = openSigned(headerRecord, crypto, header);
  if (!opened.ok || opened.value.net !== net) return "no header";
  if (!known || !bytesEqual(opened.id, known))
    if (!verifySigned(crypto, gatewayKey, opened)) return "no header of the gateway";
  const { kind, from, to } = effect;
  if (kind !== EffectKind.pay && kind !== EffectKind.arbitrate) return "no payment";
  const leaf = encodeCbor(effectStruct.encode(effect, "effect"));
  if (!merkleVerify(crypto, leaf, index, effects, path, opened.value.effectsRoot))
    return "not among the block's effects";
  if (!from || !to || !(bytesEqual(from, own) || bytesEqual(to, own))) return "of another";
  return { height: opened.value.height, id: opened.id };
}

/** The rule that the notice announced; in a guided slot, of the guidance broadcast before the offers. */
export function announcedRule(
  notice: Notice,
  memory: SlotMemory,
  demand: Demand | undefined,
): MarketRule {
  const retail = memory.slot === notice.slot ? notice.retailMicro : notice.retailNextMicro;
  const rule: MarketRule = {
    pricing: notice.pricing === MarketPricing.uniform ? "uniform" : "pay-as-bid",
    kPermille: notice.kPermille,
    floorMicroPerKwh: notice.feedInMicro,
    ceilingMicroPerKwh: retail,
  };
  if (notice.mode !== MarketMode.guided || !demand) return rule;
  const { guidanceMicro } = demand;
  if (guidanceMicro < rule.floorMicroPerKwh || guidanceMicro > rule.ceilingMicroPerKwh) return rule;
  return guidedRule(guidanceMicro, rule);
}

/**
 * Whether the contract follows from the clearing, and the clearing from the rule, for this node's order.
 * `delivered`: a forecast was matched before the slot, and the legs are what the meters made of it.
 */
export function checkContract(
  crypto: Crypto,
  contract: Contract,
  clearing: { value: ClearingRecord; id: Uint8Array },
  memory: SlotMemory,
  rule: MarketRule,
  delivered: boolean,
): Verdict {
  if (!memory.order || memory.ordered === 0) return refuse("ORDER_NOT_INCLUDED", "no order");
  if (!bytesEqual(contract.clearing, clearing.id))
    return refuse("CONTRACT_TERMS", "for another clearing");
  const { orders, orderRoot } = clearing.value;
  const { orderIndex, proof } = contract;
  if (!merkleVerify(crypto, memory.order, orderIndex, orders, proof, orderRoot))
    return refuse("ORDER_NOT_INCLUDED", `slot ${contract.slot}`);
  const order: MarketOrder = {
    key: memory.order,
    owner: toHex(contract.node),
    side: memory.ordered - 1 === Side.bid ? "bid" : "offer",
    qtyWh: memory.qtyWh,
    priceMicroPerKwh: memory.priceMicro,
  };
  const fault = checkFill(order, summaryFromWire(clearing.value), rule, contract.fillWh);
  if (fault !== "ok") return refuse("FILL_WRONG", `${fault} in slot ${contract.slot}`);
  return checkLegs(crypto, contract, clearing.value, order, memory, delivered);
}

/** Each leg costs what its energy costs at its price, and the price is one that this node agreed to. */
function checkLegs(
  crypto: Crypto,
  contract: Contract,
  clearing: ClearingRecord,
  order: MarketOrder,
  memory: SlotMemory,
  delivered: boolean,
): Verdict {
  let sumWh = 0;
  for (const leg of contract.legs) {
    sumWh += leg.qtyWh;
    const worse =
      order.side === "bid"
        ? leg.priceMicro > order.priceMicroPerKwh
        : leg.priceMicro < order.priceMicroPerKwh;
    if (worse) return refuse("CONTRACT_TERMS", `${leg.priceMicro} µc/kWh is worse than ordered`);
    if (clearing.pricing === 0 && leg.priceMicro !== clearing.priceMicro?.micro)
      return refuse("CONTRACT_TERMS", "not the uniform price");
    if (leg.ecashMicro !== ecashMicro(leg.qtyWh, leg.priceMicro))
      return refuse("CONTRACT_TERMS", `${leg.ecashMicro} µc for ${leg.qtyWh} Wh`);
    if (leg.ecashMicro > leg.lockedMicro)
      return refuse("CONTRACT_TERMS", "the buyer's RESERVE holds less than the payment");
    if (order.side === "bid" && !(memory.reserve && bytesEqual(leg.reserve, memory.reserve)))
      return refuse("CONTRACT_TERMS", "not this node's RESERVE");
    if (!bytesEqual(nodeIdOf(crypto, leg.counterpartyKey), leg.counterparty))
      return refuse("CONTRACT_TERMS", "the counterparty's key is not its own");
  }
  // With several parts each holds a share, and a forecast's award may be delivered in part; what is settled
  // over all parts is then bounded by the ledger's rules.
  const exact = contract.parts <= 1 && !delivered;
  const fits = exact ? sumWh === contract.fillWh : sumWh <= contract.fillWh;
  return fits ? ACCEPT : refuse("CONTRACT_TERMS", `${sumWh} Wh in legs, ${contract.fillWh} filled`);
}
