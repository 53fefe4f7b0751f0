// SPDX-License-Identifier: Apache-2.0
/**
 * The biased walk of ledger 4.3 (S6: the bias is along the walk). From 50 to 100 transactions back it goes
 * to an approver y with P(x → y) ∝ exp(α H_y), H the cumulative weight, until it reaches a cap. Weights are
 * at hand (weights.ts), so that a step costs as much as x has approvers, and the whole depends on nothing
 * but the last hundred transactions: it costs the same at any size of the DAG.
 */
import type { Draws } from "./draws.ts";
import type { Graph } from "./graph.ts";
import { NONE } from "./handles.ts";
import type { Load } from "./load.ts";

const BACK_MIN = 50;
const BACK_MAX = 100;
/** Transactions under way for which that is deep enough; the start is deeper in proportion for more. */
const BACK_LOAD = 10;
/** Steps after which a walk is given up: within a hundred transactions there are no longer ones. */
export const WALK_STEPS_MAX = 200;

export class BiasedWalk {
  private readonly graph: Graph;
  private readonly draws: Draws;
  /** Steps of the last walk. */
  steps = 0;

  constructor(graph: Graph, draws: Draws) {
    this.graph = graph;
    this.draws = draws;
  }

  /** The cap where a walk ends; NONE where there is nothing to start from, or it would take too long. */
  end(load: Load): number {
    return this.from(this.start(load.inFlight), load.alpha);
  }

  /** The cap where a walk from `handle` ends. */
  from(handle: number, alpha: number): number {
    this.steps = 0;
    for (let at = handle; at !== NONE && this.steps <= WALK_STEPS_MAX; this.steps++) {
      const next = this.step(at, alpha);
      if (next === NONE) return at;
      at = next;
    }
    return NONE;
  }

  /** A transaction 50 to 100 back; where it is forgotten, the nearest older one, or else newer one. */
  start(inFlight: number): number {
    const { weights } = this.graph;
    const deeper = Math.max(1, inFlight / BACK_LOAD);
    const far = Math.min(weights.count - 1, Math.floor(BACK_MAX * deeper));
    const near = Math.min(far, Math.floor(BACK_MIN * deeper));
    const drawn = near + this.draws.below(far - near + 1);
    let start = NONE;
    for (let since = drawn; since <= far && start === NONE; since++) start = weights.back(since);
    for (let since = drawn - 1; since >= 0 && start === NONE; since--) start = weights.back(since);
    return start;
  }

  /** One approver by its weight; NONE from a cap. */
  private step(handle: number, alpha: number): number {
    const { graph } = this;
    let child = graph.firstChild(handle);
    if (child === NONE) return NONE;
    let heaviest = 0;
    let count = 0;
    for (let at = child; at !== NONE; at = graph.nextChild(handle, at), count++)
      heaviest = Math.max(heaviest, graph.weight(at));
    if (count === 1) return child;
    let total = 0;
    for (let at = child; at !== NONE; at = graph.nextChild(handle, at))
      total += Math.exp(alpha * (graph.weight(at) - heaviest));
    let left = this.draws.unit() * total;
    for (let at = child; at !== NONE; at = graph.nextChild(handle, at)) {
      child = at;
      left -= Math.exp(alpha * (graph.weight(at) - heaviest));
      if (left < 0) break;
    }
    return child;
  }
}
