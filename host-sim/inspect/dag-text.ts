// SPDX-License-Identifier: Apache-2.0
/** The DAG in the terminal: a line for each transaction and block, by time. */
import { toHex } from "#core/codec/bytes";
import { isoTime } from "#core/units/time";
import { type Compared, comparedIn, comparedText, heightOf } from "./heights.ts";
import type { Ledger, SeenBlock, SeenTx } from "./ledger.ts";
import type { DagWindow } from "./window.ts";
import { instant, short, stateOf, TX_NAMES, tokensOf, votesOf } from "./words.ts";

export function dagText(ledger: Ledger, { centre, txs, blocks, left }: DagWindow): string {
  const lines = [`DAG around ${centre.id}, ${isoTime(centre.tMs)}, slot ${centre.tx.body.slot}`];
  const width = Math.max(...txs.map(({ said }) => ledger.nameOf(said.node).length));
  const rows = [
    ...txs.map((seen) => ({ atMs: seen.tMs, text: txLine(ledger, seen, seen === centre, width) })),
    ...blocks.map((block) => ({ atMs: block.atMs, text: blockLine(block) })),
  ];
  rows.sort((a, b) => a.atMs - b.atMs);
  lines.push(...rows.map(({ text }) => text));
  const shown = new Set(txs);
  const compared = comparedIn(ledger).filter(({ bought }) => shown.has(bought));
  if (compared.length > 0) lines.push(...comparisonLines(ledger, compared));
  if (left > 0) lines.push(`… and ${left} more`);
  return `${lines.join("\n")}\n`;
}

function txLine(ledger: Ledger, seen: SeenTx, isCentre: boolean, width: number): string {
  const { tx, said, tMs, block } = seen;
  const state = stateOf(seen);
  const why = said.code ?? seen.rejected;
  const parents = tx.body.parents.map((parent) => parentText(ledger, toHex(parent)));
  return [
    isCentre ? ">" : " ",
    instant(tMs),
    short(seen.id),
    TX_NAMES[tx.body.type].padEnd(7),
    `${ledger.nameOf(said.node).padEnd(width)} message ${said.seq}, height ${heightOf(seen)};`,
    `${tokensOf(ledger, seen)};`,
    `${votesOf(seen)};`,
    `${why ? `${state} ${why}` : state}${block ? ` in block ${block.height}` : ""}`,
    `<- ${parents.join(", ")}`,
  ].join(" ");
}

/** Both chains side by side, where a trade joins them. */
function comparisonLines(ledger: Ledger, compared: readonly Compared[]): string[] {
  return ["SOLD and BOUGHT:", ...compared.map((one) => `  ${comparedText(ledger, one)}`)];
}

function parentText(ledger: Ledger, id: string): string {
  const block = ledger.blocks.get(id);
  if (block) return `block ${block.height}`;
  return ledger.txs.has(id) ? short(id) : `${short(id)} (unknown)`;
}

function blockLine({ id, height, atMs, block }: SeenBlock): string {
  const rejected = block.rejected.length;
  const besides = rejected > 0 ? `, ${rejected} of them rejected` : "";
  return `  ${instant(atMs)} ${short(id)} block ${height}: ${block.txs.length} transactions${besides}`;
}
