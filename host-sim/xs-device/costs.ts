// SPDX-License-Identifier: Apache-2.0
/**
 * What a day's work costs by what it is for. After a slot's end a device speaks, and then only asks its meter
 * until the next one: what speaking takes beyond that is the reading's, with the order and the RESERVE of the
 * same slot, and what it takes beyond that where there were trades is theirs.
 */
import type { DeviceDay } from "./day.ts";
import { type Spent, spentOf, spentSince } from "./figures.ts";

export interface Costs {
  /** The provisioned start, until the entry module and its jobs have run. */
  boot: Spent;
  /** Of everything, and of an hour in which nothing is said. */
  hour: Spent;
  quietHour: Spent;
  reading: Spent;
  /** A SOLD or BOUGHT. */
  trade: Spent;
}

/** Everything is said so long after the slot's end, ms. */
const SPEAKING_MS = 300_000;
/** Shorter slots are not looked at. */
const SLOT_MS_LEAST = 900_000;
const HOUR_MS = 3_600_000;

interface Look extends Spent {
  /** The slot ends, or all was said. */
  end: boolean;
  trades: number;
  /** Starts and connections: what they take belongs to neither. */
  disturbed: number;
}

export class CostsMeter {
  private readonly day: DeviceDay;
  private readonly slotMs: number;
  private readonly looks: Look[] = [];

  constructor(day: DeviceDay, slotMs: number) {
    this.day = day;
    this.slotMs = slotMs;
  }

  /** @param startMs time of day of slot 0 */
  begin(startMs: number, slots: number): void {
    const { day, slotMs } = this;
    if (slotMs < SLOT_MS_LEAST) return;
    for (let slot = 1; slot <= slots; slot++) {
      const endMs = startMs + slot * slotMs;
      day.area.scheduler.at(endMs, () => this.look(true));
      day.area.scheduler.at(endMs + SPEAKING_MS, () => this.look(false));
    }
  }

  private async look(end: boolean): Promise<void> {
    const { board, said } = this.day;
    if (!board.alive) return;
    const disturbed = board.starts + board.counts.connections;
    this.looks.push({ ...(await spentOf(board)), end, trades: said.trades, disturbed });
  }

  /** @param spent from the first slot to the last, `hours` long */
  of(boot: Spent, spent: Spent, hours: number): Costs {
    const idle: Spent[] = [];
    const reading: Spent[] = [];
    const trading: (Spent & { trades: number })[] = [];
    const { looks, slotMs } = this;
    for (let i = 0; i + 2 < looks.length; i++) {
      const [from, to, next] = looks.slice(i, i + 3);
      if (!from.end || from.disturbed !== next.disturbed) continue;
      const quiet = scaled(spentSince(to, next), HOUR_MS / (slotMs - SPEAKING_MS));
      const speaking = spentSince(scaled(quiet, SPEAKING_MS / HOUR_MS), spentSince(from, to));
      const trades = to.trades - from.trades;
      idle.push(quiet);
      if (trades === 0) reading.push(speaking);
      else trading.push({ ...speaking, trades });
    }
    const trades = trading.reduce((sum, slot) => sum + slot.trades, 0);
    const beyond = spentSince(meanOf(reading), meanOf(trading));
    return {
      boot,
      hour: scaled(spent, 1 / Math.max(hours, 1e-9)),
      quietHour: meanOf(idle),
      reading: meanOf(reading),
      trade: scaled(beyond, trades > 0 ? trading.length / trades : 0),
    };
  }
}

function meanOf(all: readonly Spent[]): Spent {
  const sum = { bytecodes: 0, collections: 0 };
  for (const { bytecodes, collections } of all) {
    sum.bytecodes += bytecodes;
    sum.collections += collections;
  }
  return scaled(sum, 1 / Math.max(1, all.length));
}

function scaled({ bytecodes, collections }: Spent, by: number): Spent {
  return { bytecodes: bytecodes * by, collections: collections * by };
}
