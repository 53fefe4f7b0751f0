// SPDX-License-Identifier: Apache-2.0
/**
 * Cap selection (ledger 4.3). A cap is eligible iff it is valid (what is in the graph is), neither it nor a
 * parent of it is older than A_max, and the caller's own votes are respected. The first is the end of a
 * biased walk, the second any eligible one, or the oldest in one of four: so none is left behind (I17).
 * Sealed blocks fill up where there are too few.
 */
import { assert } from "../errors/assert.ts";
import { GONE } from "./columns.ts";
import type { Draws } from "./draws.ts";
import type { Graph } from "./graph.ts";
import { NONE } from "./handles.ts";
import type { Load } from "./load.ts";
import { BiasedWalk } from "./walk.ts";

/** Draws of the second cap that may come out as the first before it is drawn from the others. */
const REDRAWS = 4;
/** One second cap in so many is the oldest that is eligible. */
const OLDEST_ONE_IN = 4;

/** When a cap is too old, and which the caller must not approve. */
export interface Rule {
  /** Protocol time of the transaction that will approve. */
  nowMs: number;
  ageMaxMs: number;
  /** The same of a cap's parents; absent: as its own. */
  parentsMaxMs?: number;
  /** Whether approving this one is compatible with the caller's own votes; all are without it. */
  accepts?: (handle: number) => boolean;
}

/** A transaction or a block to approve. */
export interface Parent {
  id: Uint8Array;
  tMs: number;
  block: boolean;
}

export class CapSelector {
  private readonly graph: Graph;
  private readonly draws: Draws;
  readonly load: Load;
  private readonly walk: BiasedWalk;

  constructor(graph: Graph, draws: Draws, load: Load) {
    this.graph = graph;
    this.draws = draws;
    this.load = load;
    this.walk = new BiasedWalk(graph, draws);
  }

  /** Steps of the last walk. */
  get steps(): number {
    return this.walk.steps;
  }

  /** One or two parents by the rule; none only where nothing is eligible and no block is known. */
  parents(rule: Rule): Parent[] {
    const { graph } = this;
    const first = this.first(rule);
    const second = first === NONE ? NONE : this.second(rule, first);
    const chosen: Parent[] = [];
    for (const handle of [first, second])
      if (handle !== NONE)
        chosen.push({ id: graph.idOf(handle).slice(), tMs: graph.timeMs(handle), block: false });
    const { blocks } = graph;
    for (let place = blocks.count - 1; place >= 0 && chosen.length < 2; place--)
      chosen.push({ id: blocks.idOf(place).slice(), tMs: blocks.timeMs(place), block: true });
    return chosen;
  }

  /** Cap 1: where a walk ends, if that is eligible; else any. NONE where no cap is eligible. */
  first(rule: Rule): number {
    this.load.note(this.graph.caps.live);
    for (let i = 0; i <= REDRAWS; i++) {
      const end = this.walk.end(this.load);
      if (end !== NONE && this.graph.caps.has(end) && this.eligible(end, rule)) return end;
    }
    return this.uniform(rule, NONE);
  }

  /** Cap 2: another one than `first`, or NONE where that is the only one. */
  second(rule: Rule, first: number): number {
    for (let i = 0; i <= REDRAWS; i++) {
      const oldest = this.draws.below(OLDEST_ONE_IN) === 0;
      const handle = oldest ? this.oldest(rule) : this.uniform(rule, NONE);
      if (handle !== first) return handle;
    }
    return this.uniform(rule, first);
  }

  /** Whether a cap may be approved now. */
  eligible(handle: number, rule: Rule): boolean {
    return this.young(handle, rule) && (rule.accepts === undefined || rule.accepts(handle));
  }

  /** The age rules alone: a cap that fails them fails them for ever, as protocol time only goes forward. */
  private young(handle: number, { nowMs, ageMaxMs, parentsMaxMs = ageMaxMs }: Rule): boolean {
    const { graph } = this;
    if (graph.timeMs(handle) < nowMs - ageMaxMs) return false;
    const earliestMs = nowMs - parentsMaxMs;
    for (let which = 0; which < 2; which++) {
      const parent = graph.parent(handle, which);
      if (parent === GONE || (parent >= 0 && graph.timeMs(parent) < earliestMs)) return false;
    }
    return true;
  }

  /** Any eligible cap but `but`; what is too old is retired on the way. */
  private uniform(rule: Rule, but: number): number {
    const { caps } = this.graph;
    let refused = 0;
    while (caps.live > 0 && refused < REDRAWS) {
      const handle = caps.at(this.draws.below(caps.live));
      if (!this.young(handle, rule)) caps.retire(handle);
      else if (handle !== but && this.eligible(handle, rule)) return handle;
      else refused++;
    }
    return this.counted(rule, but);
  }

  /** The same by counting, where most are not eligible. */
  private counted(rule: Rule, but: number): number {
    const { caps } = this.graph;
    let count = 0;
    for (let i = 0; i < caps.live; i++)
      if (caps.at(i) !== but && this.eligible(caps.at(i), rule)) count++;
    if (count === 0) return NONE;
    let left = this.draws.below(count);
    for (let i = 0; i < caps.live; i++)
      if (caps.at(i) !== but && this.eligible(caps.at(i), rule) && left-- === 0) return caps.at(i);
    assert(false, "DAG_COUNT");
  }

  /** The eligible cap of least T, ties by id: its wait has a bound. */
  private oldest(rule: Rule): number {
    const { graph } = this;
    const { caps } = graph;
    let best = NONE;
    for (let place = 0; place < caps.live; ) {
      const handle = caps.at(place);
      if (!this.young(handle, rule)) {
        caps.retire(handle); // another takes its place
        continue;
      }
      const earlier = best === NONE || graph.compare(handle, best) < 0;
      if (earlier && this.eligible(handle, rule)) best = handle;
      place++;
    }
    return best;
  }
}
