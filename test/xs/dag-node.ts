// SPDX-License-Identifier: Apache-2.0
/** A node's graph on XS: event 1 makes it, event 2 chooses parents and adds a transaction, event 3 only chooses. */
import { Draws } from "#core/dag/draws";
import { Graph } from "#core/dag/graph";
import { Load } from "#core/dag/load";
import { CapSelector } from "#core/dag/select";
import { NODE_DAG_CAPACITY, NODE_DAG_WINDOW } from "#core/limits";
import type { XsGlobal } from "#host-sim/fleet/xs-crypto";
import { Rng } from "../property/rng.ts";

declare const host: XsGlobal;

const STEP_MS = 1000;

/** The body of the entry module. */
export function runDag(): void {
  const rng = new Rng(1);
  let graph: Graph | undefined;
  let selector: CapSelector | undefined;
  let issued = 0;
  host.onEvent = (kind) => {
    if (kind === 1) {
      graph = new Graph({
        capacity: NODE_DAG_CAPACITY,
        window: NODE_DAG_WINDOW,
        grows: false,
        authors: 256,
      });
      graph.blocks.add(new Uint8Array(32), 0);
      const draws = new Draws({ bytes: (length) => rng.bytes(length) }, 8);
      selector = new CapSelector(graph, draws, new Load());
      return;
    }
    const stampMs = STEP_MS * issued;
    const parents = selector!.parents({ nowMs: stampMs, ageMaxMs: 120 * STEP_MS });
    if (kind === 3) return;
    issued++;
    const id = rng.bytes(32);
    const edges = parents.map((parent) => parent.id);
    graph!.add({ id, parents: edges, stampMs, author: issued % 256, seq: issued });
  };
}
