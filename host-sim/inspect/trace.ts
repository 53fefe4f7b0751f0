// SPDX-License-Identifier: Apache-2.0
/**
 * One trade from reading to FINAL: from any message of it to its slot, and from there to both sides' readings,
 * orders, contracts, transactions with tokens and votes, the blocks that hold them, and what these moved.
 */
import { compareBytes, toHex } from "#core/codec/bytes";
import type { Effect } from "#core/records/block";
import { ContractStage } from "#core/records/contract";
import { Side } from "#core/records/order";
import { type TxLeg, TxType } from "#core/records/tx";
import { formatCoins } from "#core/units/money";
import { comparedIn, comparedText, heightOf } from "./heights.ts";
import type { Ledger, SeenBlock, SeenSaid, SeenTx } from "./ledger.ts";
import { EFFECT_NAMES, short, stateOf, TX_NAMES, tokensOf, votesOf } from "./words.ts";

/** One thing that happened. */
export interface Step {
  /** Protocol time. */
  atMs: number;
  who: string;
  what: string;
  detail: string;
}

export interface Trace {
  said: SeenSaid;
  slot: number;
  steps: Step[];
}

/** The slot that a message is about: a reading ends the one before its boundary. */
function slotOf({ said }: SeenSaid): number | undefined {
  if (said.kind === "tx") return said.tx.body.slot;
  if (said.kind === "order") return said.signed.value.slot;
  return said.kind === "reading" ? said.signed.value.boundary - 1 : undefined;
}

/** What became of message `seq` of `node`; in words why there is nothing to follow. */
export function traceOf(ledger: Ledger, node: string, seq: number): Trace | string {
  const said = ledger.said.find((one) => one.node === node && one.seq === seq);
  const name = ledger.nameOf(node);
  if (!said) return `${name} has no message ${seq} in this log`;
  const slot = slotOf(said);
  if (slot === undefined) return `message ${seq} of ${name} is of no trade: ${said.said.kind}`;
  const sides = new Set([node, ...partnersOf(ledger, node, slot)]);
  const steps = [
    ...saidSteps(ledger, sides, slot),
    ...contractSteps(ledger, node, slot),
    ...txSteps(ledger, node, sides, slot),
  ];
  // What was said earlier in the log comes first where protocol time stands still.
  return { said, slot, steps: steps.sort((a, b) => a.atMs - b.atMs) };
}

/** Those that `node` has a contract with in `slot`, or deals with directly. */
function partnersOf(ledger: Ledger, node: string, slot: number): string[] {
  const partners = pairsOf(ledger, node, slot).flatMap(({ seller, buyer }) => [seller, buyer]);
  for (const { said, tx } of ledger.txs.values())
    if (tx.body.slot === slot)
      for (const { to } of tx.body.legs)
        if (to && (said.node === node || toHex(to) === node)) partners.push(tx.body.from, to);
  return partners.map(toHex);
}

function pairsOf(ledger: Ledger, node: string, slot: number) {
  return ledger.clearings
    .filter((clearing) => clearing.slot === slot)
    .flatMap(({ pairs, stage, atMs }) => pairs.map((pair) => ({ ...pair, stage, atMs })))
    .filter(({ seller, buyer }) => toHex(seller) === node || toHex(buyer) === node);
}

function saidSteps(ledger: Ledger, sides: ReadonlySet<string>, slot: number): Step[] {
  const steps: Step[] = [];
  for (const { node, said, seq, code, logMs } of ledger.said) {
    if (!sides.has(node)) continue;
    const step = { who: ledger.nameOf(node), atMs: logMs };
    const refused = code ? `; REFUSED ${code}` : "";
    if (said.kind === "reading") {
      const { boundary, atMs, importMwh, exportMwh } = said.signed.value;
      if (boundary !== slot && boundary !== slot + 1) continue;
      const end = boundary === slot ? "begins" : "ends";
      const registers = `import ${wh(importMwh)}, export ${wh(exportMwh)}`;
      const detail = `message ${seq}: slot ${slot} ${end} with ${registers}${refused}`;
      steps.push({ ...step, atMs, what: "reading", detail });
    } else if (said.kind === "order" && said.signed.value.slot === slot) {
      const { side, qtyWh, priceMicro } = said.signed.value;
      const words = side === Side.bid ? "bids for" : "offers";
      const order =
        side === Side.idle ? "idle" : `${words} ${qtyWh} Wh at ${formatCoins(priceMicro)} a kWh`;
      steps.push({ ...step, what: "order", detail: `message ${seq}: ${order}${refused}` });
    }
  }
  return steps;
}

function contractSteps(ledger: Ledger, node: string, slot: number): Step[] {
  return pairsOf(ledger, node, slot).map(({ seller, buyer, reserve, ...pair }) => ({
    atMs: pair.atMs,
    who: "gateway",
    what: pair.stage === ContractStage.award ? "award" : "contract",
    detail:
      `${ledger.nameOf(seller)} sells ${pair.qtyWh} Wh to ${ledger.nameOf(buyer)} for ` +
      `${formatCoins(pair.ecashMicro)} from RESERVE ${short(toHex(reserve))}`,
  }));
}

/** Transactions of `node` for `slot`, and those of its partners that are about it. */
function txSteps(ledger: Ledger, node: string, sides: ReadonlySet<string>, slot: number): Step[] {
  const steps: Step[] = [];
  const held = new Set<SeenBlock>();
  const ours = new Set<string>();
  const reserves = new Set(pairsOf(ledger, node, slot).map(({ reserve }) => toHex(reserve)));
  for (const seen of ledger.txs.values()) {
    const { body } = seen.tx;
    if (body.slot !== slot || !sides.has(seen.said.node)) continue;
    const isOwn = seen.said.node === node || reserves.has(seen.id) || concerns(seen, node, slot);
    if (!isOwn) continue;
    ours.add(seen.id);
    if (seen.block) held.add(seen.block);
    steps.push(...stepsOf(ledger, seen));
  }
  for (const block of held) steps.push(...blockSteps(block, ours));
  for (const one of comparedIn(ledger))
    if (ours.has(one.sold.id) && ours.has(one.bought.id)) {
      const detail = comparedText(ledger, one);
      steps.push({ atMs: one.bought.tMs, who: "area", what: "comparison", detail });
    }
  return steps;
}

/** Whether a leg is for `node`. */
function concerns({ tx }: SeenTx, node: string, slot: number): boolean {
  return tx.body.slot === slot && tx.body.legs.some(({ to }) => to && toHex(to) === node);
}

function stepsOf(ledger: Ledger, seen: SeenTx): Step[] {
  const { tx, said, id, tMs, acceptedMs } = seen;
  const { body, pot } = tx;
  const kind = TX_NAMES[body.type];
  const who = ledger.nameOf(said.node);
  const what = `${kind} ${short(id)}`;
  const steps: Step[] = [];
  if (body.epoch > 0)
    steps.push({ atMs: body.tsMs, who, what, detail: `asks its witnesses, tick ${body.tick}` });
  for (const { witness, tMs: atMs } of pot)
    steps.push({ atMs, who: ledger.nameOf(witness), what, detail: "token" });
  const legs = body.legs.map((leg) => legText(ledger, body.type, leg)).join("; ");
  const refused = said.code ? `; REFUSED ${said.code}` : "";
  const has = body.epoch > 0 ? `, ${tokensOf(ledger, seen)}` : "";
  const at = `height ${heightOf(seen)}`;
  steps.push({
    atMs: tMs,
    who,
    what,
    detail: `message ${said.seq}, ${at}: ${legs}${has}${refused}`,
  });
  for (const { voter, atMs, txids } of ledger.votes)
    if (txids.includes(id)) steps.push({ atMs, who: ledger.nameOf(voter), what, detail: "vote" });
  if (acceptedMs !== undefined)
    steps.push({
      atMs: acceptedMs,
      who: "area",
      what,
      detail: `ACCEPTED; at last ${votesOf(seen)}`,
    });
  if (seen.block) {
    const state = seen.rejected ? `REJECTED ${seen.rejected}` : stateOf(seen);
    const { atMs, height } = seen.block;
    steps.push({ atMs, who: "gateway", what, detail: `${state} in block ${height}` });
  }
  return steps;
}

function legText(ledger: Ledger, type: number, leg: TxLeg): string {
  const to = leg.to ? ledger.nameOf(leg.to) : "all";
  const coins = formatCoins(leg.ecashMicro);
  const ref = leg.ref ? short(toHex(leg.ref)) : "";
  if (type === TxType.reserve)
    return leg.ref ? `reserves ${coins} for ${leg.qtyWh} Wh of OFFER ${ref}` : `reserves ${coins}`;
  if (type === TxType.offer) return `offers ${leg.qtyWh} Wh to ${to} for ${coins}`;
  const words = type === TxType.bought ? "pays" : "to";
  const range = leg.meter ? ` of register ${wh(leg.meter.fromMwh)} to ${wh(leg.meter.toMwh)}` : "";
  return `${words} ${to}, ${leg.qtyWh} Wh${range} for ${coins}`;
}

function blockSteps({ height, atMs, block }: SeenBlock, ours: ReadonlySet<string>): Step[] {
  const about = ({ reserve, sold, bought }: Effect) =>
    [reserve, sold, bought].some((id) => id && ours.has(toHex(id)));
  const text = ({ kind, micro, qtyWh, reserve, sold, bought }: Effect) => {
    const ids = [reserve, sold, bought].filter((id) => id !== undefined).map(toHex);
    const energy = qtyWh > 0 ? ` for ${qtyWh} Wh` : "";
    return `${EFFECT_NAMES[kind]} ${formatCoins(micro)}${energy} (${ids.map(short).join(", ")})`;
  };
  return block.effects
    .filter(about)
    .sort((a, b) => a.kind - b.kind || compareBytes(a.reserve ?? EMPTY, b.reserve ?? EMPTY))
    .map((effect) => {
      return { atMs, who: "gateway", what: `block ${height}`, detail: text(effect) };
    });
}

const EMPTY = new Uint8Array(0);

/** mWh as Wh with three places. */
function wh(mwh: bigint): string {
  return `${mwh / 1000n}.${String(mwh % 1000n).padStart(3, "0")} Wh`;
}
