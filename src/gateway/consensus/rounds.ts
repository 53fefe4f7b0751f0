// SPDX-License-Identifier: Apache-2.0
/** What was said in each round of a height, bounded for each sender. */

import { ROUNDS_AHEAD_MAX, ROUNDS_BEHIND_MAX } from "#core/consensus/limits";
import type { Code } from "#core/errors/codes";
import { Tally } from "./tally.ts";
import type { ProposedMessage, TimerKind } from "./types.ts";

export class Round {
  readonly prevotes: Tally;
  readonly precommits: Tally;
  /** By place of the proposer: one in a round by turns, several with proof-of-work. */
  readonly proposals = new Map<number, ProposedMessage>();
  /** Timers that were started: each once. */
  readonly timers = new Set<TimerKind>();

  /** Half of the time for precommits is over: most likely it decides nothing. */
  late = false;
  /** Who was shown the quorum of prevotes that this gateway is bound by. */
  readonly shownTo = new Set<number>();

  constructor(size: number) {
    this.prevotes = new Tally(size);
    this.precommits = new Tally(size);
  }

  forget(place: number): void {
    this.prevotes.remove(place);
    this.precommits.remove(place);
    this.proposals.delete(place);
  }

  /** Nothing that anybody said in it is kept. */
  get isEmpty(): boolean {
    return this.prevotes.count + this.precommits.count + this.proposals.size === 0;
  }
}

export class Rounds {
  /** The highest round that each gateway was heard in; -1 before. */
  readonly heard: number[];
  private readonly size: number;
  private readonly kept = new Map<number, Round>();
  /** Of each gateway the rounds ahead that something of it is kept of. */
  private readonly ahead: number[][];

  constructor(size: number) {
    this.size = size;
    this.heard = new Array<number>(size).fill(-1);
    this.ahead = Array.from({ length: size }, () => []);
  }

  at(number: number): Round {
    let round = this.kept.get(number);
    if (!round) this.kept.set(number, (round = new Round(this.size)));
    return round;
  }

  /** The round if anything was said in it. */
  get(number: number): Round | undefined {
    return this.kept.get(number);
  }

  all(): IterableIterator<[number, Round]> {
    return this.kept.entries();
  }

  /**
   * Makes room for a word of `place` in `number`, where the height is at `current`; else why there is none.
   */
  admit(place: number, number: number, current: number): Code | undefined {
    const code = this.faultOf(place, number, current);
    if (code) return code;
    if (number > this.heard[place]) this.heard[place] = number;
    if (number <= current) return undefined;
    const ahead = this.ahead[place];
    if (ahead.includes(number)) return undefined;
    if (ahead.length >= ROUNDS_AHEAD_MAX) {
      // Where it is now counts for more than where it was.
      const least = Math.min(...ahead);
      ahead.splice(ahead.indexOf(least), 1);
      this.forget(place, least);
    }
    ahead.push(number);
    return undefined;
  }

  /** Why a word of `place` in `number` finds no room, where the height is at `current`. */
  faultOf(place: number, number: number, current: number): Code | undefined {
    if (number < current - ROUNDS_BEHIND_MAX) return "ROUND_PAST";
    const ahead = this.ahead[place];
    const isFull = ahead.length >= ROUNDS_AHEAD_MAX && !ahead.includes(number);
    const isLate = isFull && number > current && number < Math.min(...ahead);
    return isLate ? "ROUND_FUTURE" : undefined;
  }

  /** Who goes through rounds without end leaves no trace in those that it passed. */
  private forget(place: number, number: number): void {
    const round = this.kept.get(number);
    round?.forget(place);
    if (round?.isEmpty) this.kept.delete(number);
  }

  /** The height is at `current` now. */
  moved(current: number): void {
    for (const number of this.kept.keys())
      if (number < current - ROUNDS_BEHIND_MAX) this.kept.delete(number);
    for (const [place, ahead] of this.ahead.entries())
      this.ahead[place] = ahead.filter((number) => number > current);
  }

  /** The highest round that `some` gateways beside this one have reached, if it is beyond `current`. */
  reachedBy(some: number, current: number, self: number): number | undefined {
    const others = this.heard.filter((_, place) => place !== self).sort((a, b) => b - a);
    const reached = others[some - 1];
    return reached !== undefined && reached > current ? reached : undefined;
  }
}
