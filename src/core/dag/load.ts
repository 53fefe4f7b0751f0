// SPDX-License-Identifier: Apache-2.0
/**
 * How busy the DAG is, from what it holds: λ, transactions a second; λ·h, how many are under way; h, the
 * time that one takes to reach the others. With two parents each, 2λh caps are the rule (ledger 4.3: 20.1
 * to 21.0 at λh = 10), and h follows by Little's law. Nothing is recorded and no clock is asked.
 */

import type { Graph } from "./graph.ts";
import { NONE } from "./handles.ts";

/** Weight of the newest number of caps in their mean: the last 32 selections count. */
const SMOOTHING = 1 / 32;
/** Transactions over whose times the rate is taken. */
const RATE_SPAN = 64;
/** The walk's bias by load (ledger 4.3): α = 0.1 / max(1, λh) within these. */
const ALPHA_MIN = 0.001;
const ALPHA_MAX = 0.1;

export class Load {
  private caps = 0;

  /** The number of caps that a selection found. */
  note(caps: number): void {
    this.caps = this.caps === 0 ? caps : this.caps + SMOOTHING * (caps - this.caps);
  }

  /** λ·h: transactions under way. */
  get inFlight(): number {
    return this.caps / 2;
  }

  /** α of the walk. */
  get alpha(): number {
    const alpha = ALPHA_MAX / Math.max(1, this.inFlight);
    return Math.min(ALPHA_MAX, Math.max(ALPHA_MIN, alpha));
  }

  /** λ per second, over the latest transactions of `graph`; 0 while there are fewer than two. */
  ratePerSecond(graph: Graph): number {
    const span = Math.min(RATE_SPAN, graph.weights.count - 1);
    const [newest, oldest] = [graph.weights.back(0), graph.weights.back(Math.max(0, span))];
    if (span < 1 || newest === NONE || oldest === NONE) return 0;
    return (1000 * span) / Math.max(1, graph.timeMs(newest) - graph.timeMs(oldest));
  }

  /** h, ms; 0 while the rate is unknown. */
  latencyMs(graph: Graph): number {
    const rate = this.ratePerSecond(graph);
    return rate > 0 ? (1000 * this.inFlight) / rate : 0;
  }
}
