// SPDX-License-Identifier: Apache-2.0
/**
 * Transactions that break one of the structural rules V1 to V7, and the ledger's rules for a
 * RESERVE.
 */
import type { Code } from "#core/errors/codes";
import { MICRO_MAX, QTY_WH_MAX } from "#core/limits";
import { type Body, type Tx, type TxLeg, TxType } from "#core/records/tx";
import { type Attacker, type Shot, TICK_MS } from "./attacker.ts";
import type { Range } from "./range.ts";

/**
 * RESERVEs hold this much: what the connection carries, at a price cap beyond any, and each leg's
 * rounding.
 */
export const RESERVE_WH = 2000;
export const RESERVE_MICRO = 1_000_000;

/** What is said about one transaction: where it stands in time, and what must come of it. */
export interface Plan {
  type?: number;
  slot: number;
  legs: TxLeg[];
  /** Not before this instant. */
  fromMs: number;
  /** Exactly at this instant. */
  atMs?: number;
  blockCode?: Code;
}

export function reserveLeg(who: Attacker): TxLeg {
  return {
    to: undefined,
    wallet: who.wallets[0],
    ref: undefined,
    qtyWh: RESERVE_WH,
    ecashMicro: RESERVE_MICRO,
    meter: undefined,
  };
}

/** The next body of `who` that fits V1 to V7. */
export function draft(range: Range, who: Attacker, plan: Plan): { body: Body; tMs: number } {
  const { epochStartMs } = range.world;
  const earliestMs = Math.max(who.earliestMs(epochStartMs), plan.fromMs);
  const tsMs = plan.atMs ?? earliestMs + range.rng.below(TICK_MS / 4);
  const { ids, tMs } = range.parents(tsMs);
  const { type = TxType.reserve, slot, legs } = plan;
  return { body: who.body(epochStartMs, tsMs, ids, { type, slot, legs }), tMs };
}

/** Says a transaction that passes the intake. */
export function sayTx(
  range: Range,
  who: Attacker,
  plan: Plan,
): { shot: Shot; tx: Tx; tMs: number } {
  const { body, tMs } = draft(range, who, plan);
  const { shot, tx } = who.sayTx(body, tMs, undefined, plan.blockCode);
  range.accepted({ id: tx.txid, tMs });
  return { shot, tx, tMs };
}

type Structural = readonly [Code, (range: Range, who: Attacker, body: Body) => Body | undefined];

const STRUCTURAL: readonly Structural[] = [
  ["TX_EPOCH", ({ rng }, _who, body) => ({ ...body, epoch: 1 + rng.below(1000) })],
  ["TX_SEQ", ({ rng }, _who, body) => ({ ...body, seq: body.seq + 1 + rng.below(1000) })],
  [
    "TX_EQUIVOCATION",
    ({ rng }, { history, txSeq }, body) =>
      history.length > 0
        ? { ...body, seq: txSeq - rng.below(Math.min(history.length, 100)) }
        : undefined,
  ],
  ["TX_PREV", ({ rng }, _who, body) => ({ ...body, prev: rng.bytes(32) })],
  ["TX_PREV", (_range, who, body) => (who.prev ? { ...body, prev: undefined } : undefined)],
  [
    "TX_PARENTS",
    (_range, _who, body) => ({ ...body, parents: [body.parents[0], body.parents[0]] }),
  ],
  [
    "TX_PARENTS",
    (_range, _who, body) =>
      body.parents.length === 2
        ? { ...body, parents: [body.parents[1], body.parents[0]] }
        : undefined,
  ],
  ["TX_PARENT_UNKNOWN", ({ rng }, _who, body) => ({ ...body, parents: [rng.bytes(32)] })],
  [
    "TX_PARENT_OLD",
    (range, _who, body) => {
      const old = range.oldParent(body.tsMs);
      return old && { ...body, parents: [old] };
    },
  ],
  ["TX_TIME", tooSoon],
  ["TX_TICK", ({ rng }, _who, body) => ({ ...body, tick: body.tick + 1 + rng.below(3) })],
  [
    "TX_TICK",
    (_range, _who, body) => (body.tick > 0 ? { ...body, tick: body.tick - 1 } : undefined),
  ],
];

/** In a later tick than its predecessor, but less than Δ after it. */
function tooSoon(range: Range, who: Attacker, body: Body): Body | undefined {
  if (!who.prev) return undefined;
  const tick = who.lastTick + 1;
  const tsMs = range.world.epochStartMs + tick * TICK_MS;
  if (tsMs <= who.lastMs || tsMs >= who.lastMs + TICK_MS) return undefined;
  const { ids, tMs } = range.parents(tsMs);
  return tMs === tsMs ? { ...body, tsMs, tick, parents: ids } : undefined;
}

/**
 * One transaction that is right but for one structural field; nothing where the mutation does not
 * apply.
 */
export function structuralShot(range: Range, who: Attacker, plan: Plan): Shot | undefined {
  const [code, mutate] = range.rng.pick(STRUCTURAL);
  const { body, tMs } = draft(range, who, plan);
  const mutated = mutate(range, who, body);
  return mutated && who.sayTx(mutated, tMs, code).shot;
}

/** Beyond what the clock allows; its author can say nothing earlier for a while. */
export function futureShot(range: Range, who: Attacker, slot: number): Shot | undefined {
  const { epochStartMs } = range.world;
  const tsMs = range.world.latestMs() + 1;
  if (who.earliestMs(epochStartMs) > tsMs) return undefined;
  const parents = [range.area.dag.sealedBlocks()[0].idBytes];
  const body = who.body(epochStartMs, tsMs, parents, { slot, legs: [reserveLeg(who)] });
  return who.sayTx(body, tsMs, "TX_TIME").shot;
}

/** A transaction said before, as it was or signed again for the next number; it takes none. */
export function replayedShot(range: Range, who: Attacker): Shot | undefined {
  const { history } = who;
  if (history.length === 0) return undefined;
  const tx = history[history.length - 1 - range.rng.below(Math.min(100, history.length))];
  if (range.rng.below(2) === 0)
    return { ...who.numbered("tx", tx.bytes), code: "SAID_NUMBER", form: "mutated" };
  return { ...who.numbered("tx", who.signAgain(tx)), code: "REPLAYED", form: "mutated" };
}

type LegChange = (range: Range, who: Attacker, plan: Plan) => Plan;

/** What a block rejects of RESERVEs for slot `plan.slot`, whose author has none for it yet. */
const RESERVE_FAULTS: readonly (readonly [Code, LegChange])[] = [
  ["LEGS", (_range, _who, plan) => ({ ...plan, legs: [] })],
  ["LEGS", (_range, who, plan) => ({ ...plan, legs: [reserveLeg(who), reserveLeg(who)] })],
  ["LEGS", (_range, who, plan) => ({ ...plan, legs: [{ ...reserveLeg(who), to: who.idBytes }] })],
  [
    "OFFER_UNKNOWN",
    ({ rng }, who, plan) => ({ ...plan, legs: [{ ...reserveLeg(who), ref: rng.bytes(32) }] }),
  ],
  [
    "WALLET_FOREIGN",
    ({ rng }, who, plan) => ({ ...plan, legs: [{ ...reserveLeg(who), wallet: rng.bytes(20) }] }),
  ],
  [
    "WALLET_FOREIGN",
    ({ rng, attackers }, who, plan) => {
      const other = rng.pick(attackers.filter((attacker) => attacker !== who));
      return { ...plan, legs: [{ ...reserveLeg(who), wallet: rng.pick(other.wallets) }] };
    },
  ],
  ["RESERVE_SLOT", (_range, _who, plan) => ({ ...plan, slot: plan.slot - 1 })],
  ["RESERVE_SLOT", ({ rng }, _who, plan) => ({ ...plan, slot: plan.slot + 2 + rng.below(1000) })],
  [
    "RESERVE_UNFUNDED",
    ({ rng }, who, plan) => {
      const ecashMicro = MICRO_MAX - rng.below(1000);
      return { ...plan, legs: [{ ...reserveLeg(who), ecashMicro }] };
    },
  ],
  ["TYPE_UNSUPPORTED", (_range, _who, plan) => ({ ...plan, type: 0 })],
  [
    "OFFER_TERMS",
    (_range, who, plan) => {
      const legs = [{ ...reserveLeg(who), qtyWh: 0 }];
      return { ...plan, type: TxType.offer, legs };
    },
  ],
  [
    "OFFER_OVERSOLD",
    (_range, who, plan) => {
      const legs = [{ ...reserveLeg(who), qtyWh: QTY_WH_MAX }];
      return { ...plan, type: TxType.offer, legs };
    },
  ],
  ["LEGS", (_range, _who, plan) => ({ ...plan, type: TxType.promote })],
];

/** A RESERVE for `plan.slot` that passes the intake and that its block rejects. */
export function badReserveShot(range: Range, who: Attacker, plan: Plan): Shot {
  const [blockCode, change] = range.rng.pick(RESERVE_FAULTS);
  return sayTx(range, who, { ...change(range, who, plan), blockCode }).shot;
}
