// SPDX-License-Identifier: Apache-2.0
/** Slots to the bins that a chart can show: the slots themselves, or days, or weeks. */
import type { SlotRecord } from "./types.ts";

export interface Bin {
  startMs: number;
  loadWh: number;
  generationWh: number;
  /** Load met by the home's own panels in the same slot. */
  ownWh: number;
  tradedWh: number;
  /** Grid energy after trade. */
  importWh: number;
  exportWh: number;
  /** Mean over the bin's slots; undefined where the bin has none. */
  retailMicro: number | undefined;
  feedInMicro: number | undefined;
  /** Of trades: mean weighted by energy, least and most; undefined where nothing was traded. */
  priceMicro: number | undefined;
  priceLowMicro: number;
  priceHighMicro: number;
}

export interface Bins {
  bins: Bin[];
  binSeconds: number;
  startMs: number;
  endMs: number;
}

const DAY_SECONDS = 86_400;
/** More steps than this cannot be told apart on a screen. */
const BINS_MOST = 400;

/** @returns undefined where there are no slots */
export function binSlots(slots: readonly SlotRecord[], slotSeconds: number): Bins | undefined {
  if (slots.length === 0) return undefined;
  const times = slots.map((slot) => slot.startMs);
  const startMs = times.reduce((a, b) => Math.min(a, b));
  const endMs = times.reduce((a, b) => Math.max(a, b)) + slotSeconds * 1000;
  const sizes = [slotSeconds, DAY_SECONDS, 7 * DAY_SECONDS, 28 * DAY_SECONDS];
  const fits = (size: number): boolean =>
    size >= slotSeconds && (endMs - startMs) / 1000 / size <= BINS_MOST;
  const binSeconds = sizes.find(fits) ?? Math.ceil((endMs - startMs) / 1000 / BINS_MOST);
  const groups: SlotRecord[][] = Array.from(
    { length: Math.ceil((endMs - startMs) / 1000 / binSeconds) },
    () => [],
  );
  for (const slot of slots) {
    groups[Math.floor((slot.startMs - startMs) / 1000 / binSeconds)]!.push(slot);
  }
  const bins = groups.map((group, i) => sumUp(group, startMs + i * binSeconds * 1000));
  return { bins, binSeconds, startMs, endMs };
}

function sumUp(slots: readonly SlotRecord[], startMs: number): Bin {
  const sum = (pick: (slot: SlotRecord) => number): number =>
    slots.reduce((total, slot) => total + pick(slot), 0);
  const mean = (pick: (slot: SlotRecord) => number): number | undefined =>
    slots.length === 0 ? undefined : sum(pick) / slots.length;
  const tradedWh = sum((slot) => slot.tradedWh);
  const prices = slots.filter((s) => s.tradedWh > 0).map((s) => s.priceMicroPerKwh);
  const value = sum((slot) => (slot.tradedWh > 0 ? slot.tradedWh * slot.priceMicroPerKwh : 0));
  return {
    startMs,
    loadWh: sum((slot) => slot.loadWh),
    generationWh: sum((slot) => slot.generationWh),
    ownWh: sum((slot) => Math.max(0, slot.loadWh - slot.importBeforeWh)),
    tradedWh,
    importWh: sum((slot) => slot.importBeforeWh - slot.tradedWh),
    exportWh: sum((slot) => slot.exportBeforeWh - slot.tradedWh),
    retailMicro: mean((slot) => slot.retailMicroPerKwh),
    feedInMicro: mean((slot) => slot.feedInMicroPerKwh),
    priceMicro: tradedWh > 0 ? value / tradedWh : undefined,
    priceLowMicro: prices.reduce((a, b) => Math.min(a, b), Number.POSITIVE_INFINITY),
    priceHighMicro: prices.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY),
  };
}
