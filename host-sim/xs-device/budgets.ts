// SPDX-License-Identifier: Apache-2.0
/**
 * What the firmware may take of a chip: the one place. Everything is counted in the engine and the same in
 * every run, so a limit lies 5 to 10 % above what was measured, and what it stops is a change. Larger ones
 * than what the manifests give, which are the goals (96 KB, noble 160 KB), are none.
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

const ARENA_WHY = "the goal is 96 KB, and the manifest gives no more";
const NOBLE_WHY = "the goal is 160 KB; the curve's points live on the heap, not in flash";

/** Smallest static arena by bisection, with first pieces that are smaller than what is needed. */
export const SMALLEST = Object.freeze({
  native: budget(93, "KB", ARENA_WHY),
  noble: budget(148, "KB", NOBLE_WHY),
  node: budget(
    93,
    "KB",
    "the application without console, link, driver and update; as much as all",
  ),
});

/** Of a day in the device's own creation. */
export const PEAKS: Readonly<Record<Kind, Readonly<Record<keyof Peaks, Budget>>>> = Object.freeze({
  native: Object.freeze({
    arenaBytes: budget(94_208, "bytes", "92 KB of 96: four steps of the heap stay free"),
    slots: budget(3750, "slots of 16 bytes", "the heap's first piece has 3328, a step has 64"),
    chunkBytes: budget(24_000, "bytes", "two TCP segments and a message as it is stored"),
    stackSlots: budget(580, "slots", "the manifest has 640; what needs more ends the machine"),
    liveSlots: budget(
      3250,
      "slots",
      "what stays leaves a quarter of the heap to what comes and goes",
    ),
    liveChunkBytes: budget(19_500, "bytes", "texts, keys and journals that stay"),
  }),
  noble: Object.freeze({
    arenaBytes: budget(149_504, "bytes", "146 KB of 160"),
    slots: budget(5800, "slots of 16 bytes", "noble's functions and points are 1850 of them"),
    chunkBytes: budget(48_000, "bytes", "big integers, and lists of digits of two scalars"),
    stackSlots: budget(580, "slots", "the manifest has 640; what needs more ends the machine"),
    liveSlots: budget(5250, "slots", "noble's own are 1850 of them"),
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
    boot: both(160_000, 4, BOOT_WHY),
    hour: both(205_000_000, 10_500, HOUR_WHY),
    // Of the heap's first 3328 slots 3100 stay: a few more of them, and it collects more often.
    quietHour: both(173_000_000, 7300, QUIET_WHY),
    reading: both(3_800_000, 345, READING_WHY),
    trade: both(7_500_000, 1000, TRADE_WHY),
  }),
  noble: Object.freeze({
    boot: both(1_780_000, 1700, NOBLE_BOOT_WHY),
    hour: both(760_000_000, 95_000, HOUR_WHY),
    quietHour: both(197_000_000, 8700, QUIET_WHY),
    reading: both(94_000_000, 15_000, `${READING_WHY}: ${KEYS_WHY}`),
    trade: both(130_000_000, 18_000, `${TRADE_WHY}: ${KEYS_WHY}`),
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
    issue: pot(187_000, 6600, ISSUE_WHY),
    witness: pot(73_000, 4900, WITNESS_WHY),
    validate: pot(184_000, 6900, VALIDATE_WHY),
  }),
  noble: Object.freeze({
    issue: pot(15_800_000, 68_000, `${ISSUE_WHY}: seven times noble, without a table`),
    witness: pot(5_400_000, 51_000, `${WITNESS_WHY}: twice noble, without a table`),
    validate: pot(13_800_000, 68_000, `${VALIDATE_WHY}: six times noble, without a table`),
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
