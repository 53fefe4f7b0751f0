// SPDX-License-Identifier: Apache-2.0
/** A published result and its contracts against those that the auditor computed. */
import { bytesEqual, toHex } from "#core/codec/bytes";
import { encodeCbor } from "#core/codec/cbor";
import { merkleRoot } from "#core/crypto/merkle";
import { ecashMicro } from "#core/market/cost";
import { sameSummary } from "#core/market/summary";
import { type ClearingRecord, summaryFromWire } from "#core/records/clearing";
import { type PairEntry, pairStruct } from "../entries.ts";
import type { ClearingEntry } from "./clearing.ts";
import type { Context, Matched } from "./state.ts";

export function pairKeyOf(pair: PairEntry): string {
  return `${toHex(pair.seller)}|${toHex(pair.buyer)}`;
}

export function compareSummary(
  { findings }: Context,
  slot: number,
  record: ClearingRecord,
  matched: Matched,
): void {
  const published = summaryFromWire(record);
  const { summary } = matched.clearing;
  if (published.priceMicroPerKwh !== summary.priceMicroPerKwh)
    findings.fault(
      "CLEARING_PRICE",
      { slot },
      `${published.priceMicroPerKwh} µc/kWh, the book gives ${summary.priceMicroPerKwh}`,
    );
  const { priceMicroPerKwh } = summary;
  if (!sameSummary({ ...published, priceMicroPerKwh }, summary))
    findings.fault(
      "CLEARING_SUMMARY",
      { slot },
      `${published.tradedWh} Wh traded, the book gives ${summary.tradedWh} Wh`,
    );
}

/** `expected`: what the entry must list; `published`: what the record must be a root over. */
export function comparePairs(
  context: Context,
  entry: ClearingEntry,
  record: ClearingRecord,
  expected: readonly PairEntry[],
  published: readonly PairEntry[],
): void {
  const { findings, ports } = context;
  const { slot, pairs } = entry;
  comparePairLists(context, slot, pairs, expected);
  for (const pair of pairs)
    if (pair.ecashMicro !== ecashMicro(pair.qtyWh, pair.priceMicro))
      findings.fault("PAIR_ECASH", { slot }, describe(context, pair));
  const leaves = published.map((pair) => encodeCbor(pairStruct.encode(pair, "pair")));
  const rootIsRight = bytesEqual(merkleRoot(ports.crypto, leaves), record.pairRoot);
  if (!rootIsRight || record.pairs !== published.length)
    findings.fault("PAIR_ROOT", { slot }, `${record.pairs} contracts published`);
}

function comparePairLists(
  context: Context,
  slot: number,
  pairs: readonly PairEntry[],
  expected: readonly PairEntry[],
): void {
  const { state, findings } = context;
  const before = findings.count;
  const byParties = new Map(pairs.map((pair) => [pairKeyOf(pair), pair]));
  for (const right of expected) {
    const found = byParties.get(pairKeyOf(right));
    byParties.delete(pairKeyOf(right));
    if (found && samePair(found, right)) continue;
    const which = { node: state.nameOf(toHex(right.seller)), slot };
    const made = found ? describe(context, found) : "no contract";
    findings.fault("PAIR_WRONG", which, `${made}; the book gives ${describe(context, right)}`);
  }
  for (const extra of byParties.values()) {
    const which = { node: state.nameOf(toHex(extra.seller)), slot };
    findings.fault("PAIR_WRONG", which, `${describe(context, extra)}; the book gives none`);
  }
  if (findings.count > before) return;
  const inOrder =
    pairs.length === expected.length && pairs.every((p, i) => samePair(p, expected[i]));
  if (!inOrder) findings.fault("PAIR_WRONG", { slot }, "contracts out of order or repeated");
}

function samePair(a: PairEntry, b: PairEntry): boolean {
  return (
    bytesEqual(a.seller, b.seller) &&
    bytesEqual(a.buyer, b.buyer) &&
    bytesEqual(a.reserve, b.reserve) &&
    a.qtyWh === b.qtyWh &&
    a.priceMicro === b.priceMicro &&
    a.ecashMicro === b.ecashMicro
  );
}

function describe({ state }: Context, pair: PairEntry): string {
  const seller = state.nameOf(toHex(pair.seller));
  const buyer = state.nameOf(toHex(pair.buyer));
  return `${seller} → ${buyer} ${pair.qtyWh} Wh for ${pair.ecashMicro} µc`;
}
