// SPDX-License-Identifier: Apache-2.0
/**
 * What the firmware may take of a chip: the one place. Everything is counted in the engine and the same in
 * every run, so a limit lies 5 to 10 % above what was measured, and what it stops is a change. Larger ones
 * than what the manifests give (104 KB, noble 160 KB) are none; the goal of 96 KB was reached without
 * proof-of-time only.
 */
import type { Costs } from "./costs.ts";
import type { DayFigures } from "./day.ts";
import type { Peaks, Spent } from "./figures.ts";
import type { PotCost, PotFigures } from "./pot-costs.ts";
import type { growthOf } from "./soak.ts";

type Kind = "native" | "noble";

export interface Budget {
  /** The most that it may be. */
  most: number;
  unit: string;
  why: string;
}

/** What a limit is compared with. */
export interface Judged {
  what: string;
  required: string;
  measured: string;
  pass: boolean;
}

function budget(most: number, unit: string, why: string): Budget {
  return Object.freeze({ most, unit, why });
}

const ARENA_WHY = "the manifest gives 104 KB, and the goal was 96";
const NOBLE_WHY = "the goal is 160 KB; the curve's points live on the heap, not in flash";

/** Smallest static arena by bisection, with first pieces that are smaller than what is needed. */
export const SMALLEST = Object.freeze({
  native: budget(101, "KB", ARENA_WHY),
  noble: budget(156, "KB", NOBLE_WHY),
  node: budget(101, "KB", "the application without console, link, driver and update"),
});

/** Of a day in the device's own creation. */
export const PEAKS: Readonly<Record<Kind, Readonly<Record<keyof Peaks, Budget>>>> = Object.freeze({
  native: Object.freeze({
    arenaBytes: budget(105_472, "bytes", "103 KB of 104: one more step of the heap stays free"),
    slots: budget(4350, "slots of 16 bytes", "the heap's first piece has 3328, a step has 64"),
    chunkBytes: budget(26_400, "bytes", "two TCP segments and a clearing record as it is decoded"),
    stackSlots: budget(580, "slots", "the manifest has 640; what needs more ends the machine"),
    liveSlots: budget(
      3600,
      "slots",
      "what stays leaves a quarter of the heap to what comes and goes",
    ),
    liveChunkBytes: budget(19_500, "bytes", "texts, keys and journals that stay"),
  }),
  noble: Object.freeze({
    arenaBytes: budget(161_792, "bytes", "158 KB of 160: two steps stay free"),
    slots: budget(6200, "slots of 16 bytes", "noble's functions and points are 1850 of them"),
    chunkBytes: budget(52_000, "bytes", "big integers, and lists of digits of two scalars"),
    stackSlots: budget(580, "slots", "the manifest has 640; what needs more ends the machine"),
    liveSlots: budget(5400, "slots", "noble's own are 1850 of them"),
    liveChunkBytes: budget(25_500, "bytes", "noble's code is not in flash"),
  }),
});

const HOUR_WHY = "the serial line is looked at 50 times a second, the meter asked once";
const QUIET_WHY = `${HOUR_WHY}; nothing else runs`;
const BOOT_WHY = "the entry module builds the application; its modules are in flash";
const NOBLE_BOOT_WHY = "noble's modules run at each start, and the node's public key is computed";
const READING_WHY =
  "signed, journalled and receipted, with an order, a RESERVE, and the witnessing of a slot";
const TRADE_WHY = "the contract is checked and signed, and goes through the outbox";
const KEYS_WHY = "four signatures and as many checks, without a table";

/** Bytecodes, and collections of garbage. */
export const COSTS: Readonly<
  Record<Kind, Readonly<Record<keyof Costs, Readonly<Record<keyof Spent, Budget>>>>>
> = Object.freeze({
  native: Object.freeze({
    boot: both(150_000, 4, BOOT_WHY),
    hour: both(205_000_000, 10_500, HOUR_WHY),
    quietHour: both(173_000_000, 6200, QUIET_WHY),
    reading: both(4_200_000, 345, READING_WHY),
    trade: both(7_000_000, 490, TRADE_WHY),
  }),
  noble: Object.freeze({
    boot: both(1_780_000, 1700, NOBLE_BOOT_WHY),
    hour: both(880_000_000, 95_000, HOUR_WHY),
    quietHour: both(197_000_000, 8700, QUIET_WHY),
    reading: both(105_000_000, 15_000, `${READING_WHY}: ${KEYS_WHY}`),
    trade: both(178_000_000, 22_500, `${TRADE_WHY}: ${KEYS_WHY}`),
  }),
});

function both(bytecodes: number, collections: number, why: string) {
  return Object.freeze({
    bytecodes: budget(bytecodes, "bytecodes", why),
    collections: budget(collections, "collections", "each stops the application for a moment"),
  });
}

const ISSUE_WHY = "an ask and a transaction are signed, five tokens checked";
const WITNESS_WHY = "an ask is checked, a record written to flash and read back, a token signed";
const VALIDATE_WHY = "the author's signature and five tokens are checked";

/** One transaction with five tokens of seven witnesses, among 20 members. */
export const POT: Readonly<
  Record<Kind, Readonly<Record<Exclude<keyof PotFigures, "keptBytes">, Budgets<PotCost>>>>
> = Object.freeze({
  native: Object.freeze({
    issue: pot(255_000, 9300, ISSUE_WHY),
    witness: pot(75_000, 5900, WITNESS_WHY),
    validate: pot(148_000, 9200, VALIDATE_WHY),
  }),
  noble: Object.freeze({
    issue: pot(15_800_000, 68_000, `${ISSUE_WHY}: seven times noble, without a table`),
    witness: pot(5_400_000, 51_000, `${WITNESS_WHY}: twice noble, without a table`),
    validate: pot(13_800_000, 64_000, `${VALIDATE_WHY}: six times noble, without a table`),
  }),
});

/** What a member keeps for proof-of-time: graph, votes, epoch, places of the witness log. */
export const POT_KEPT = budget(16_800, "bytes", "a sixth of the arena of 96 KB");

type Budgets<T> = Readonly<Record<keyof T, Budget>>;

function pot(bytecodes: number, peakBytes: number, why: string): Budgets<PotCost> {
  return Object.freeze({
    bytecodes: budget(bytecodes, "bytecodes", why),
    peakBytes: budget(peakBytes, "bytes", "it has to find room beside what else is under way"),
  });
}

export function judgePot(crypto: Kind, figures: PotFigures): Judged[] {
  const all = [judge(`${crypto}, kept for proof-of-time`, figures.keptBytes, POT_KEPT)];
  for (const key of ["issue", "witness", "validate"] as const)
    all.push(
      ...judgeAll(`${crypto}, ${key} one transaction, m = 5`, figures[key], POT[crypto][key]),
    );
  return all;
}

/** By how much what lives may lie higher after thousands of readings or reconnects: one slot each is more. */
export const GROWTH: Readonly<Record<keyof ReturnType<typeof growthOf>, Budget>> = Object.freeze({
  slots: budget(16, "slots", "numbers that need a digit more, a list that is at another step"),
  chunkBytes: budget(256, "bytes", "as the slots"),
  timers: budget(0, "timers", "each reconnect starts and ends some"),
  sockets: budget(0, "sockets", "each reconnect opens and closes one"),
  lookups: budget(0, "look-ups", "each reconnect begins and ends one"),
});

export function judge(what: string, measured: number, { most, unit }: Budget): Judged {
  const rounded = Number.isInteger(measured) ? measured : Math.round(measured * 10) / 10;
  return { what, required: `≤ ${most} ${unit}`, measured: `${rounded}`, pass: measured <= most };
}

/** All of `measured` for which `budgets` has a limit. */
export function judgeAll<K extends string>(
  what: string,
  measured: Readonly<Record<K, number>>,
  budgets: Readonly<Record<K, Budget>>,
): Judged[] {
  const keys = Object.keys(budgets) as K[];
  return keys.map((key) => judge(`${what}, ${key}`, measured[key], budgets[key]));
}

/** @param slots as many as were to be run; with the update and the dropped connection */
export function judgeDay(crypto: Kind, figures: DayFigures, slots: number): Judged[] {
  const { failure, missed, said, version, starts, peaks, costs } = figures;
  const fact = (
    what: string,
    required: unknown,
    measured: unknown,
    pass = required === measured,
  ) => ({
    what: `${crypto}, ${what}`,
    required: String(required),
    measured: String(measured),
    pass,
  });
  const all = [
    fact("ended because of", "nothing", failure ?? "nothing"),
    fact("slots settled, missed", `${slots}, 0`, `${figures.slots}, ${missed}`),
    fact("readings", `≥ ${slots}`, said.readings, said.readings >= slots),
    fact("SOLD and BOUGHT", "> 0", said.trades, said.trades > 0),
    fact("starts, version", "3, 1.0.1", `${starts}, ${version}`),
    ...judgeAll(`${crypto}, peak`, peaks, PEAKS[crypto]),
  ];
  for (const [key, limits] of Object.entries(COSTS[crypto]))
    all.push(...judgeAll(`${crypto}, each ${key}`, costs[key as keyof Costs], limits));
  return all;
}
