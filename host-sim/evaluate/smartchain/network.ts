// SPDX-License-Identifier: Apache-2.0
/**
 * What the network takes of a preparation, modelled (ledger 4.7): k round trips at the same time, of which
 * the m-th answer counts, and a wait for the next tick where fewer than m witnesses answer. Seeded.
 */
import type { PotParams } from "#core/pot/params";
import { type Random, randomStream } from "../../worlds/random.ts";
import { TICK_MS } from "./scenario.ts";
import { type Spread, spread } from "./stats.ts";

/** One way between a node and its gateway, ms: from a wired one to one on a poor radio link. */
export const ONE_WAY_MS = Object.freeze({ least: 10, most: 100 });
/** A witness is there and answers, in one of a hundred (ledger 4.4's table: up 95 %). */
export const UP_PERCENT = 95;
const DRAWS = 20_000;
/** Ticks after which a model gives up: gateways stand in after two. */
const TICKS_MAX = 100;

export interface NetworkResult extends PotParams {
  /** Ask to m tokens, ms, where the first tick's witnesses answer. */
  firstMs: Spread;
  /** Mean over all, with the waits for later ticks, ms. */
  meanMs: number;
  /** Share of ticks with fewer than m answers. */
  noQuorum: number;
}

/** One way of a node, ms. */
export function oneWayMs(random: Random): number {
  return ONE_WAY_MS.least + random.below(ONE_WAY_MS.most - ONE_WAY_MS.least + 1);
}

export function modelNetwork({ k, m }: PotParams, seed: number): NetworkResult {
  const random = randomStream(seed, 7, k, m);
  const first: number[] = [];
  let [sum, ticks, failed] = [0, 0, 0];
  for (let i = 0; i < DRAWS; i++) {
    const own = oneWayMs(random);
    for (let tick = 0; tick < TICKS_MAX; tick++) {
      const answers: number[] = [];
      for (let w = 0; w < k; w++)
        // Ask and answer go through the gateway, which is near: twice the author's way, twice the witness's.
        if (random.below(100) < UP_PERCENT) answers.push(2 * own + 2 * oneWayMs(random));
      ticks++;
      if (answers.length < m) {
        failed++;
        continue;
      }
      const tookMs = m === 0 ? 0 : answers.sort((a, b) => a - b)[m - 1];
      if (tick === 0) first.push(tookMs);
      sum += tick * TICK_MS + tookMs;
      break;
    }
  }
  return { k, m, firstMs: spread(first), meanMs: sum / DRAWS, noQuorum: failed / ticks };
}
