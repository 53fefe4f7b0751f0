// SPDX-License-Identifier: Apache-2.0
/** Why a message was not taken: its code, the rule behind it, and what would have been right. */
import { compareBytes, toHex } from "#core/codec/bytes";
import { type Code, WIRE } from "#core/errors/codes";
import { MEANINGS } from "#core/errors/meanings";
import { isoTime, tickOf } from "#core/units/time";
import type { Ledger, SeenSaid, SeenTx } from "./ledger.ts";
import { instant, short } from "./words.ts";

/** Rules that structure (V1 to V7) and trade (V8 to V10) follow, where a code's meaning names none. */
const RULES: Partial<Record<Code, string>> = {
  BAD_SIGNATURE: "V2",
  TX_EQUIVOCATION: "V3",
  TX_SEQ: "V3",
  TX_PREV: "V3",
  TX_EPOCH: "V1",
  REPLAYED: "V3",
  TX_CANCELLED: "V3",
};

/** Lines about one refusal. */
export function explain(ledger: Ledger, said: SeenSaid, code: Code): string[] {
  const { action, meaning } = MEANINGS[code];
  const rule = /^(V\d+)/.exec(meaning)?.[1] ?? RULES[code];
  const again = action === "ignore" ? "it may come again" : "never right, however often it comes";
  const lines = [`${code} (${WIRE[code]}): ${meaning}`, `  ${again}`];
  if (rule) lines.push(`  rule ${rule} of ledger 4.2`);
  const seen = said.said.kind === "tx" ? ledger.txs.get(toHex(said.said.tx.txid)) : undefined;
  const right = seen ? txRight(ledger, seen, code) : saidRight(ledger, said, code);
  if (right) lines.push(`  right would have been: ${right}`);
  return lines;
}

function txRight(ledger: Ledger, seen: SeenTx, code: Code): string | undefined {
  const { body, pot } = seen.tx;
  const before = ledger.before(seen);
  const next = (before?.tx.body.seq ?? 0) + 1;
  const tickMs = ledger.world?.tickMs ?? 0;
  if (code === "TX_SEQ" || code === "TX_EQUIVOCATION" || code === "REPLAYED")
    return `number ${next}, after ${before ? short(before.id) : "none"}; it has ${body.seq}`;
  if (code === "TX_PREV")
    return `prev ${before ? short(before.id) : "none"}; it has ${body.prev ? short(toHex(body.prev)) : "none"}`;
  if (code === "TX_EPOCH") return `epoch ${epochsThen(ledger, seen)}; it has ${body.epoch}`;
  if (code === "TX_PARENTS") return "two distinct parents, the lower id first";
  if (code === "TX_PARENT_UNKNOWN" || code === "TX_PARENT_OLD") return parentsRight(ledger, seen);
  if (code === "TX_TOKENS") {
    const epoch = ledger.epochs.get(body.epoch);
    return `${epoch?.m ?? 0} valid tokens of the ${epoch?.k ?? 0} witnesses; it has ${pot.length}`;
  }
  if (code === "TX_TICK") {
    const tick = tickOf(body.tsMs, originMs(ledger), tickMs);
    return `tick ${tick}, after ${before?.tx.body.tick ?? "none"}; it has ${body.tick}`;
  }
  if (code === "TX_TIME") {
    const leastMs = before ? before.tMs + tickMs : originMs(ledger);
    return `T at or after ${instant(leastMs)} and not in the future; it has ${instant(seen.tMs)}`;
  }
  return tradeRight(ledger, seen, code);
}

/** Where ticks are counted from: half a slot before slot 0. */
function originMs({ world }: Ledger): number {
  return world ? world.worldStartMs - Math.floor(world.slotMs / 2) : 0;
}

function epochsThen(ledger: Ledger, { said }: SeenTx): string {
  const begun = [...ledger.epochs.values()].filter(({ startMs }) => startMs <= said.logMs);
  const last = begun.at(-1)?.epoch ?? 0;
  return last > 1 ? `${last} or ${last - 1}` : String(last);
}

function parentsRight(ledger: Ledger, { tx, tMs }: SeenTx): string {
  const ageMaxMs = ledger.world?.ageMaxMs ?? 0;
  const facts = tx.body.parents.map((parent) => {
    const id = toHex(parent);
    const parentMs = ledger.parentMs(id);
    if (parentMs === undefined) return `${short(id)} is unknown`;
    return ledger.blocks.has(id)
      ? `${short(id)} is a block`
      : `${short(id)} is ${tMs - parentMs} ms old`;
  });
  return `known parents of at most ${ageMaxMs} ms, or a recent block; ${facts.join(", ")}`;
}

/** The contract, RESERVE or SOLD that its first leg should have followed. */
function tradeRight(ledger: Ledger, seen: SeenTx, code: Code): string | undefined {
  const { body } = seen.tx;
  const name = ledger.nameOf(seen.said.node);
  const pairs = ledger.clearings
    .filter(({ slot, stage }) => slot === body.slot && stage === 0)
    .flatMap((clearing) => clearing.pairs)
    .filter(({ seller, buyer }) => [seller, buyer].some((id) => !compareBytes(id, body.from)));
  if (code.startsWith("SOLD_") || code.startsWith("BOUGHT_")) {
    if (pairs.length === 0) return `no trade: ${name} has no contract for slot ${body.slot}`;
    const terms = pairs.map(
      ({ seller, buyer, qtyWh, ecashMicro, reserve }) =>
        `${ledger.nameOf(seller)} to ${ledger.nameOf(buyer)} ${qtyWh} Wh for ${ecashMicro} µc ` +
        `from RESERVE ${short(toHex(reserve))}`,
    );
    return terms.join("; ");
  }
  if (code === "SLOT_CLOSED") {
    const closing = [...ledger.blocks.values()].find(({ block }) =>
      block.closed.includes(body.slot),
    );
    return (
      closing &&
      `before block ${closing.height} of ${isoTime(closing.atMs)} closed slot ${body.slot}`
    );
  }
  return undefined;
}

function saidRight(
  ledger: Ledger,
  { node, index, said }: SeenSaid,
  code: Code,
): string | undefined {
  if (said.kind !== "reading") return undefined;
  const last = ledger.said
    .filter((other) => other.node === node && other.index < index && !other.code)
    .findLast(({ said: { kind } }) => kind === "reading")?.said;
  if (last?.kind !== "reading") return undefined;
  const { boundary, importMwh, exportMwh } = last.signed.value;
  if (code === "REGISTER_DECREASED")
    return `import of ${importMwh} mWh and export of ${exportMwh} mWh or more, as in the reading before`;
  return code === "READING_STALE" ? `a boundary after ${boundary}` : undefined;
}
