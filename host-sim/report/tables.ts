// SPDX-License-Identifier: Apache-2.0
/** The page's tables. Totals are printed exactly as the run gave them; only the unit is moved. */
import { dateTime, duration, escapeXml, grouped, percent, scaled } from "./format.ts";
import type { RunResult, RunSummary, Whole } from "./types.ts";

/** Markup of one table cell. */
type Cell = string;
type Row = readonly [label: string, cell: Cell];

/** The integer itself stays in the page for programs that read it. */
const exact = (value: Whole, shown: string): Cell => `<data value="${value}">${shown}</data>`;
export const energy = (wh: number): Cell => exact(wh, `${scaled(wh, 3)} kWh`);
export const money = (micro: Whole): Cell => exact(micro, `${scaled(micro, 6)} coins`);
const count = (value: Whole): Cell => exact(value, grouped(value));
const words = (value: unknown): Cell => escapeXml(String(value));

function verdict(holds: boolean, otherwise: string): Cell {
  return holds
    ? '<span class="good">✓ adds up</span>'
    : `<span class="bad">✗ ${escapeXml(otherwise)}</span>`;
}

function table(title: string, rows: readonly Row[]): string {
  const body = rows.map(([label, cell]) => {
    return `<tr><th scope="row">${escapeXml(label)}</th><td>${cell}</td></tr>`;
  });
  return `<section class="card"><h2>${escapeXml(title)}</h2>
<table><tbody>${body.join("\n")}</tbody></table></section>`;
}

function energyTable(s: RunSummary): string {
  const offBy = s.importBeforeWh - s.tradedWh - s.importAfterWh;
  const exportOffBy = s.exportBeforeWh - s.tradedWh - s.exportAfterWh;
  return table("Energy", [
    ["Load", energy(s.loadWh)],
    ["PV generation", energy(s.generationWh)],
    ["Grid import without trade", energy(s.importBeforeWh)],
    ["Grid import with trade", energy(s.importAfterWh)],
    ["Grid export without trade", energy(s.exportBeforeWh)],
    ["Grid export with trade", energy(s.exportAfterWh)],
    ["Tradable between neighbours", energy(s.tradableWh)],
    ["Traded", energy(s.tradedWh)],
    ["Slots with trade", `${count(s.slotsWithTrade)} of ${count(s.slots)}`],
    ["Import before − traded = after", verdict(offBy === 0, `off by ${offBy} Wh`)],
    ["Export before − traded = after", verdict(exportOffBy === 0, `off by ${exportOffBy} Wh`)],
  ]);
}

function moneyTable(s: RunSummary): string {
  const c = s.coins;
  const came = BigInt(c.genesisMicro) + BigInt(c.mintedMicro);
  const held = BigInt(c.walletsMicro) + BigInt(c.lockedMicro);
  const offBy = came - held - BigInt(c.reservesMicro) - BigInt(c.burnedMicro);
  const rows: Row[] = [
    ["Genesis", money(c.genesisMicro)],
    ["Minted (deposits, rewards)", money(c.mintedMicro)],
    ["In wallets", money(c.walletsMicro)],
    ["Locked", money(c.lockedMicro)],
    ["Bank reserves", money(c.reservesMicro)],
    ["Burned (withdrawals)", money(c.burnedMicro)],
    ["Came in = is held or burned", verdict(offBy === 0n, `off by ${offBy} µc`)],
  ];
  if (s.gridCostBeforeMicro !== undefined) {
    rows.push(["Grid bills without trade", money(s.gridCostBeforeMicro)]);
  }
  if (s.gridCostAfterMicro !== undefined) {
    rows.push(["Grid bills with trade", money(s.gridCostAfterMicro)]);
  }
  return table("Money", rows);
}

function ledgerTable(s: RunSummary): string {
  return table("Ledger", [
    ["Readings", count(s.readings)],
    ["Transactions", count(s.transactions)],
    ["Blocks", count(s.blocks)],
    ["Signatures verified", count(s.signaturesVerified)],
    ["Messages rejected", count(s.rejected)],
    ["Duplicates dropped", count(s.duplicates)],
  ]);
}

/** What the tables have rows for; other fields of a summary are free ones. */
const SHOWN = new Set(
  [
    "engine crypto nodes slots slotSeconds seed wallSeconds xs missedSlots coins secure credit witnesses",
    "loadWh generationWh importBeforeWh exportBeforeWh tradableWh tradedWh slotsWithTrade",
    "importAfterWh exportAfterWh gridCostBeforeMicro gridCostAfterMicro",
    "readings transactions blocks signaturesVerified rejected duplicates",
  ].flatMap((line) => line.split(" ")),
);

function runTable(s: RunSummary): string {
  const missed = s.missedSlots ?? [];
  const some = missed.slice(0, 20).join(", ") + (missed.length > 20 ? ", …" : "");
  const rows: Row[] = [
    ["Nodes", count(s.nodes)],
    ["Slots", `${count(s.slots)} of ${words(duration(s.slotSeconds))}`],
    ["Engine", words(s.engine)],
    ["Cryptography", words(s.crypto)],
    ["Seed", words(s.seed)],
    ["Wall time", `${words(s.wallSeconds)} s`],
  ];
  if (s.xs) {
    rows.push(["XS version", words(s.xs.version)], ["XS bytecodes run", count(s.xs.bytecodes)]);
    rows.push(["XS peak slots", count(s.xs.peakSlots)], ["XS clones", count(s.xs.clones)]);
  }
  if (s.missedSlots) {
    rows.push(["Missed slots", missed.length === 0 ? "none" : `${missed.length}: ${words(some)}`]);
  }
  for (const [key, value] of Object.entries(s)) {
    if (SHOWN.has(key) || value === undefined) continue;
    rows.push([label(key), extra(key, value)]);
  }
  return table("Run", rows);
}

/** A free field: its unit is in its name, as everywhere. */
function extra(key: string, value: unknown): Cell {
  const whole = typeof value === "bigint" || Number.isSafeInteger(value);
  if (whole && key.endsWith("Wh")) return energy(Number(value));
  if (whole && key.endsWith("Micro")) return money(value as Whole);
  if (typeof value === "number" || typeof value === "bigint") return count(value);
  if (typeof value !== "object" || value === null) return words(value);
  const text = JSON.stringify(value, (_, v) => (typeof v === "bigint" ? v.toString() : v)) ?? "";
  return words(text.length > 160 ? `${text.slice(0, 160)}…` : text);
}

/** gridCostBeforeMicro becomes "Grid cost before". */
function label(key: string): string {
  const spaced = key.replace(/(Wh|Micro)$/, "").replace(/([a-z0-9])([A-Z])/g, "$1 $2");
  return spaced.charAt(0).toUpperCase() + spaced.slice(1).toLowerCase();
}

export function summaryTables(s: RunSummary): string {
  return [energyTable(s), moneyTable(s), ledgerTable(s), runTable(s)].join("\n");
}

const TRADES_SHOWN = 25;

/** The first settlements; all of them are in settlements.csv. */
export function settlementTable(result: RunResult): string {
  const total = result.settlements.length;
  if (total === 0) return "<p>No energy was traded, so nothing was settled.</p>";
  const heads = ["Slot", "Start", "Seller", "Buyer", "Energy", "Paid", "Price per kWh", "Block"];
  const rows = result.settlements.slice(0, TRADES_SHOWN).map((s) => {
    const left = [dateTime(s.startMs), s.seller, s.buyer];
    const cells = left.map((cell) => `<td class="word">${words(cell)}</td>`).join("");
    const right = [energy(s.qtyWh), money(s.ecashMicro), money(s.priceMicroPerKwh), words(s.block)];
    return `<tr><td>${s.slot}</td>${cells}${right.map((c) => `<td>${c}</td>`).join("")}</tr>`;
  });
  const header = heads
    .map((head, i) => {
      const word = i >= 1 && i <= 3 ? ' class="word"' : "";
      return `<th scope="col"${word}>${head}</th>`;
    })
    .join("");
  const shown = Math.min(total, TRADES_SHOWN);
  const note =
    `<p>${grouped(shown)} of ${grouped(total)}; ` +
    'all are in <a href="settlements.csv">settlements.csv</a>.</p>';
  const body = rows.join("\n");
  return `<div class="trades"><table><thead><tr>${header}</tr></thead><tbody>
${body}
</tbody></table></div>${note}`;
}

/** Four figures that answer what the run was for. */
export function keyFigures(s: RunSummary): string {
  const avoided = s.importBeforeWh - s.importAfterWh;
  const figures: Row[] = [
    ["traded between neighbours", energy(s.tradedWh)],
    ["of what could be traded", percent(s.tradedWh, s.tradableWh)],
    ["less energy from the grid", percent(avoided, s.importBeforeWh)],
    [`transactions in ${grouped(s.blocks)} blocks`, count(s.transactions)],
  ];
  return figures
    .map(([text, cell]) => `<div class="card"><b>${cell}</b><span>${escapeXml(text)}</span></div>`)
    .join("\n");
}
