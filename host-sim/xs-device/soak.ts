// SPDX-License-Identifier: Apache-2.0
/**
 * Ten thousand readings, a thousand reconnects: what lives in the machine after a collection must not grow.
 * Between one moment and the next it differs, with what is under way; the least of several moments does not.
 */
import type { World } from "../worlds/types.ts";
import type { XsCreation } from "../xs-host/host.ts";
import { DeviceDay } from "./day.ts";
import { SOAK_CYCLE, soakWorld } from "./worlds.ts";

/** What lived after `done` readings or reconnects, garbage collected. */
export interface Point {
  done: number;
  slots: number;
  chunkBytes: number;
  timers: number;
  sockets: number;
  lookups: number;
}

export interface Soak {
  failure: string | undefined;
  done: number;
  points: Point[];
}

export interface SoakOptions {
  world: World;
  creation: XsCreation;
  /** How many readings, or reconnects. */
  count: number;
  /** Points at which it is looked. */
  points?: number;
  say?: (line: string) => void;
  /** For tests; see DayOptions. */
  plant?: string;
}

const POINTS = 10;
/** As short as the market of a slot lets them be, so that asking the meter is not most of the work. */
const READING_SLOT_S = 4;
/** The slots go on beside the reconnects, LOOKS of which outlast one; there are more than are needed. */
const RECONNECT_SLOT_S = 900;
const RECONNECT_SLOTS = 2000;
/** Connected, subscribed, and has said what there was to say, ms. */
const SETTLED_MS = 15_000;
/** Reconnects after which is looked, one after the other. */
const LOOKS = 8;

/** A reading per slot, and trades: the energies repeat after SOAK_CYCLE slots. */
export async function soakReadings(options: SoakOptions): Promise<Soak> {
  const looks = new Looks(options, SOAK_CYCLE);
  const world = soakWorld(options.world, options.count, READING_SLOT_S);
  const { creation, plant } = options;
  const onSlot = (settled: number, day: DeviceDay) => looks.pass(settled, day);
  const { failure, said } = await DeviceDay.run({
    world,
    crypto: "native",
    creation,
    plant,
    onSlot,
  });
  return { failure, done: said.readings, points: looks.points };
}

/** The connection drops as soon as it has settled: the pauses before the next one grow to their limit. */
export async function soakReconnects(options: SoakOptions): Promise<Soak> {
  const looks = new Looks(options, LOOKS);
  const world = soakWorld(options.world, RECONNECT_SLOTS, RECONNECT_SLOT_S);
  let done = 0;
  const instead = async (day: DeviceDay) => {
    const { area, board } = day;
    while (board.alive && done < options.count) {
      const before = board.counts.connections;
      await board.dropConnections();
      await area.run(board, () => board.counts.connections > before);
      await day.wait(SETTLED_MS);
      await looks.pass(++done, day);
    }
  };
  const { creation, plant } = options;
  const { failure } = await DeviceDay.run({ world, crypto: "native", creation, plant, instead });
  return { failure, done, points: looks.points };
}

/** Looks at each of the last `each` moments before a point, and keeps the least of them. */
class Looks {
  readonly points: Point[] = [];
  private readonly every: number;
  private readonly each: number;
  private readonly say: (line: string) => void;
  private least: Point | undefined;

  constructor({ count, points = POINTS, say = () => {} }: SoakOptions, each: number) {
    this.every = Math.floor(count / points);
    this.each = Math.min(each, this.every);
    this.say = say;
  }

  async pass(done: number, day: DeviceDay): Promise<void> {
    const { machine } = day.board;
    if (this.every - (done % this.every) >= this.each && done % this.every !== 0) return;
    if (machine.failure !== undefined) return;
    const held = await machine.held();
    const { slots, chunkBytes } = await machine.stats(true);
    const { least } = this;
    this.least = { done, ...leastOf({ slots, chunkBytes, ...held }, least) };
    if (done % this.every !== 0) return;
    this.points.push(this.least);
    this.say(`after ${done}: ${this.least.slots} slots, ${this.least.chunkBytes} chunk bytes`);
    this.least = undefined;
  }
}

type Lived = Omit<Point, "done">;

function leastOf(now: Lived, before: Lived | undefined): Lived {
  if (!before) return now;
  return {
    slots: Math.min(now.slots, before.slots),
    chunkBytes: Math.min(now.chunkBytes, before.chunkBytes),
    timers: Math.min(now.timers, before.timers),
    sockets: Math.min(now.sockets, before.sockets),
    lookups: Math.min(now.lookups, before.lookups),
  };
}

/**
 * By how much the last quarter of the points lies above the one before. The first half is left out: in it the
 * DAG's window fills, and the second epoch begins, from which on a node keeps two.
 */
export function growthOf(points: readonly Point[]): Lived {
  const warm = points.slice(Math.floor(points.length / 2));
  const middle = Math.ceil(warm.length / 2);
  const early = warm.slice(0, middle).reduce((a, b) => ({ ...b, ...leastOf(b, a) }));
  const late = warm.slice(middle).reduce((a, b) => ({ ...b, ...leastOf(b, a) }));
  return {
    slots: late.slots - early.slots,
    chunkBytes: late.chunkBytes - early.chunkBytes,
    timers: late.timers - early.timers,
    sockets: late.sockets - early.sockets,
    lookups: late.lookups - early.lookups,
  };
}
