// SPDX-License-Identifier: Apache-2.0
/**
 * SOLD and BOUGHT that pass the intake and break one rule of the ledger (V8 to V10), and those that
 * do not.
 */
import { compareBytes, toHex } from "#core/codec/bytes";
import { domainHash } from "#core/crypto/domain";
import type { Code } from "#core/errors/codes";
import type { Contract } from "#core/records/contract";
import { bodyRecord, type Tx, type TxLeg, TxType } from "#core/records/tx";
import { crypto } from "../helpers/local-area.ts";
import type { Attacker, Shot } from "./attacker.ts";
import type { Range } from "./range.ts";
import { sayTx } from "./tx-mutations.ts";

/** What was sold to whom in the present slot: seller's id → its SOLD. */
export type Solds = Map<string, { tx: Tx; tMs: number }>;

export function contractOf(range: Range, who: Attacker, slot: number): Contract | undefined {
  const made = range.area.runs.get(slot)?.contracts ?? [];
  return made.find(({ contract }) => toHex(contract.node) === who.id && contract.legs.length > 0)
    ?.contract;
}

/** The legs that fulfil a contract: the energy in one stretch after what is claimed. */
function legsOf(range: Range, who: Attacker, contract: Contract, solds?: Solds): TxLeg[] {
  const account = range.local.state.account(who.id);
  let fromMwh = solds ? account.claimedImportMwh : account.claimedExportMwh;
  return contract.legs.map((leg) => {
    const { counterparty: to, qtyWh, ecashMicro } = leg;
    const meter = { fromMwh, toMwh: fromMwh + BigInt(qtyWh) * 1000n };
    fromMwh = meter.toMwh;
    const ref = solds ? solds.get(toHex(to))!.tx.txid : leg.reserve;
    // A purchase is paid under the address of its RESERVE.
    return { to, wallet: who.wallets[solds ? 0 : 1], ref, qtyWh, ecashMicro, meter };
  });
}

type LegFault = readonly [Code, (leg: TxLeg, range: Range) => TxLeg];

/** Changes of one field of a leg, whichever the type. */
function legFaults(noTerms: Code, noRef: Code): readonly LegFault[] {
  return [
    ["LEGS", (leg) => ({ ...leg, to: undefined })],
    ["LEGS", (leg) => ({ ...leg, ref: undefined })],
    ["LEGS", (leg) => ({ ...leg, meter: undefined })],
    [noTerms, (leg, { rng }) => ({ ...leg, qtyWh: leg.qtyWh + 1 + rng.below(100) })],
    [noTerms, (leg) => ({ ...leg, ecashMicro: leg.ecashMicro - 1 })],
    ["WALLET_FOREIGN", (leg, { rng }) => ({ ...leg, wallet: rng.bytes(20) })],
    [noRef, (leg, { rng }) => ({ ...leg, ref: rng.bytes(32) })],
    ["METER_RANGE", (leg) => shifted(leg, -1n, -1n)],
    ["METER_RANGE", (leg) => shifted(leg, 0n, 1n)],
    ["METER_RANGE", (leg) => shifted(leg, 1n, 0n)],
    ["METER_RANGE", (leg) => shifted(leg, 10n ** 12n, 10n ** 12n)],
  ];
}

function shifted(leg: TxLeg, fromMwh: bigint, toMwh: bigint): TxLeg {
  const meter = { fromMwh: leg.meter!.fromMwh + fromMwh, toMwh: leg.meter!.toMwh + toMwh };
  return { ...leg, meter };
}

const SOLD_FAULTS: readonly LegFault[] = [
  ...legFaults("SOLD_TERMS", "SOLD_NO_RESERVE"),
  ["SOLD_NO_CONTRACT", (leg, { rng }) => ({ ...leg, to: rng.bytes(16) })],
];
const BOUGHT_FAULTS: readonly LegFault[] = [
  ...legFaults("BOUGHT_TERMS", "BOUGHT_NO_SOLD"),
  ["BOUGHT_NO_SOLD", (leg, { rng }) => ({ ...leg, to: rng.bytes(16) })],
];

/** One leg of the right ones made wrong. */
function faulty(range: Range, legs: TxLeg[], faults: readonly LegFault[]): [Code, TxLeg[]] {
  const [code, change] = range.rng.pick(faults);
  const wrong = range.rng.below(legs.length);
  return [code, legs.map((leg, i) => (i === wrong ? change(leg, range) : leg))];
}

/** Everything that a seller says in a settling slot; its right SOLD is entered in `solds`. */
export function* sellerShots(
  range: Range,
  who: Attacker,
  slot: number,
  solds: Solds,
  count: number,
): Generator<Shot> {
  const contract = contractOf(range, who, slot);
  if (!contract) return;
  const legs = legsOf(range, who, contract);
  yield* earlySolds(range, who, slot, contract, legs);
  const fromMs = range.world.nowMs() + 1;
  const plan = { type: TxType.sold, slot, fromMs };
  for (let i = 0; i < count; i++) {
    const [blockCode, wrong] = faulty(range, legs, SOLD_FAULTS);
    yield sayTx(range, who, { ...plan, legs: wrong, blockCode }).shot;
  }
  yield sayTx(range, who, { ...plan, legs: [], blockCode: "LEGS" }).shot;
  yield sayTx(range, who, { ...plan, slot: slot - 1, legs, blockCode: "SLOT_CLOSED" }).shot;
  const { shot, tx, tMs } = sayTx(range, who, { ...plan, legs });
  solds.set(who.id, { tx, tMs });
  yield shot;
  for (let i = 0; i < 4; i++)
    yield sayTx(range, who, { ...plan, legs: [range.rng.pick(legs)], blockCode: "SOLD_REPEATED" })
      .shot;
}

/** SOLDs with a stamp not later than the RESERVE that they quote. */
function* earlySolds(
  range: Range,
  who: Attacker,
  slot: number,
  contract: Contract,
  legs: TxLeg[],
): Generator<Shot> {
  const index = range.rng.below(legs.length);
  const lock = range.local.state.locks.get(toHex(contract.legs[index].reserve))!;
  const legAtStart = legsOf(range, who, { ...contract, legs: [contract.legs[index]] });
  const { epochStartMs } = range.world;
  for (let i = 0; i < 8; i++) {
    const earliestMs = range.world.startMs(slot) - 390_000;
    const tsMs = Math.max(who.earliestMs(epochStartMs), earliestMs) + range.rng.below(200);
    const { ids, tMs } = range.parents(tsMs);
    if (tMs > lock.tMs) return;
    const rest = { type: TxType.sold, slot, legs: legAtStart };
    const { shot, tx } = who.sayTx(
      who.body(epochStartMs, tsMs, ids, rest),
      tMs,
      undefined,
      "BOUGHT_ORDER",
    );
    range.accepted({ id: tx.txid, tMs });
    yield shot;
  }
}

/**
 * Everything that a buyer says in a settling slot, after all its sellers; `pays`: at the end it
 * does.
 */
export function* buyerShots(
  range: Range,
  who: Attacker,
  slot: number,
  solds: Solds,
  count: number,
  pays: boolean,
): Generator<Shot> {
  const contract = contractOf(range, who, slot);
  if (!contract?.legs.every((leg) => solds.has(toHex(leg.counterparty)))) return;
  const legs = legsOf(range, who, contract, solds);
  yield* earlyBoughts(range, who, slot, contract, solds);
  const fromMs = Math.max(...legs.map((leg) => solds.get(toHex(leg.to!))!.tMs)) + 1;
  const plan = { type: TxType.bought, slot, fromMs };
  for (let i = 0; i < count; i++) {
    const [blockCode, wrong] = faulty(range, legs, BOUGHT_FAULTS);
    yield sayTx(range, who, { ...plan, legs: wrong, blockCode }).shot;
  }
  yield sayTx(range, who, { ...plan, legs: [], blockCode: "LEGS" }).shot;
  yield sayTx(range, who, { ...plan, slot: slot - 1, legs, blockCode: "SLOT_CLOSED" }).shot;
  if (!pays) return;
  yield sayTx(range, who, { ...plan, legs }).shot;
  for (let i = 0; i < 4; i++)
    yield sayTx(range, who, { ...plan, legs: [range.rng.pick(legs)], blockCode: "BOUGHT_REPEATED" })
      .shot;
}

/** BOUGHTs with the very stamp of their SOLD, and an id that puts them after it. */
function* earlyBoughts(
  range: Range,
  who: Attacker,
  slot: number,
  contract: Contract,
  solds: Solds,
): Generator<Shot> {
  const { epochStartMs } = range.world;
  const due = contract.legs
    .map((leg) => ({ leg, sold: solds.get(toHex(leg.counterparty))! }))
    .sort((a, b) => a.sold.tMs - b.sold.tMs);
  for (const { leg, sold } of due) {
    if (who.earliestMs(epochStartMs) > sold.tMs) continue;
    const legs = legsOf(range, who, { ...contract, legs: [leg] }, solds);
    const { ids, tMs } = range.parents(sold.tMs);
    if (tMs !== sold.tMs) continue;
    for (let expiryMs = tMs + 1; ; expiryMs++) {
      const rest = { type: TxType.bought, slot, legs, expiryMs };
      const body = who.body(epochStartMs, tMs, ids, rest);
      const txid = domainHash(crypto, bodyRecord.domain, bodyRecord.encode(body));
      if (compareBytes(txid, sold.tx.txid) < 0) continue;
      range.accepted({ id: txid, tMs });
      yield who.sayTx(body, tMs, undefined, "BOUGHT_ORDER").shot;
      break;
    }
  }
}
