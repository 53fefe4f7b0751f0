// SPDX-License-Identifier: Apache-2.0
/**
 * What a node keeps of the DAG (ledger 4.2): the latest transactions of its area by id, time and edges,
 * enough to attach its own and to judge others' parents. Transactions themselves are not kept.
 *
 * They come from the gateway, which took them; whoever joins late misses parents until A_max has passed.
 */
import type { Entropy } from "#core/crypto/port";
import { Draws } from "#core/dag/draws";
import { Graph } from "#core/dag/graph";
import { NONE } from "#core/dag/handles";
import { Load } from "#core/dag/load";
import { CapSelector, type Parent } from "#core/dag/select";
import {
  CONE_WAIT_MS,
  EPOCH_MEMBERS_MAX,
  NODE_DAG_CAPACITY,
  NODE_DAG_WINDOW,
  NODE_UNSOLID_MAX,
} from "#core/limits";
import { type Waiting, WaitingPool } from "./waiting.ts";

export type { Waiting } from "./waiting.ts";

/** Random numbers that are fetched at a time: a selection's. */
const DRAWS = 16;

export class Cone {
  private readonly graph = new Graph({
    capacity: NODE_DAG_CAPACITY,
    grows: false,
    window: NODE_DAG_WINDOW,
    authors: EPOCH_MEMBERS_MAX,
  });
  private readonly selector: CapSelector;
  private readonly waiting: WaitingPool;
  /** A_max; before the first notice nobody knows it. */
  ageMaxMs = Number.POSITIVE_INFINITY;

  /** @param bytesMax of what waits for its parents and is to be looked at then */
  constructor(entropy: Entropy, bytesMax: number) {
    this.selector = new CapSelector(this.graph, new Draws(entropy, DRAWS), new Load());
    this.waiting = new WaitingPool({
      countMax: NODE_UNSOLID_MAX,
      bytesMax,
      timeoutMs: CONE_WAIT_MS,
    });
  }

  /** Effective time of a possible parent; undefined where it is unknown. */
  parentTime(id: Uint8Array): { tMs: number; block: boolean } | undefined {
    return this.graph.parentTime(id);
  }

  /** Whether another transaction approves this one; undefined where it is not here. */
  approved(id: Uint8Array): boolean | undefined {
    const handle = this.graph.find(id);
    return handle === NONE ? undefined : this.graph.firstChild(handle) !== NONE;
  }

  /**
   * A transaction as it was heard. Returns what is in the cone now: it, and what waited for it, in the order
   * of the DAG, each with its effective time. `nowMs` is uptime.
   */
  add(heard: Waiting, nowMs: number): { item: Waiting; tMs: number }[] {
    this.waiting.expire(nowMs);
    const added: { item: Waiting; tMs: number }[] = [];
    const known = this.known();
    const queue = [heard];
    for (let next = queue.shift(); next; next = queue.shift()) {
      const { arrival } = next;
      const { id, parents } = arrival;
      if (this.graph.find(id) !== NONE) continue;
      if (!parents.every(known)) {
        this.waiting.add(next, nowMs);
        continue;
      }
      const handle = this.graph.add(arrival);
      const tMs = this.graph.timeMs(handle);
      this.graph.staleBeforeMs = Math.max(this.graph.staleBeforeMs, tMs - this.ageMaxMs);
      added.push({ item: next, tMs });
      queue.push(...this.waiting.arrived(id, known));
    }
    return added;
  }

  /** A sealed block, which can be a parent. What waited for it comes out. */
  seal(id: Uint8Array, atMs: number): Waiting[] {
    if (this.graph.blocks.find(id) !== NONE) return [];
    this.graph.blocks.add(id, atMs);
    return this.waiting.arrived(id, this.known());
  }

  private known(): (id: Uint8Array) => boolean {
    return (id) => this.graph.parentTime(id) !== undefined;
  }

  /** One or two parents, before `beforeMs`, for a transaction of our own (ledger 4.3). */
  parents(
    nowMs: number,
    ageMaxMs: number,
    beforeMs: number,
    mayApprove: (ids: readonly Uint8Array[]) => boolean,
  ): Parent[] {
    const { graph } = this;
    const accepts = (handle: number): boolean =>
      graph.timeMs(handle) < beforeMs - 1 && mayApprove([graph.idOf(handle).slice()]);
    // What a PROMOTE takes in is older than what may be chosen: it must not be old for its sake.
    return this.selector.parents({ nowMs, ageMaxMs, parentsMaxMs: this.ageMaxMs, accepts });
  }

  /** For people and logs. */
  get size(): number {
    return this.graph.count;
  }
}
