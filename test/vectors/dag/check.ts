// SPDX-License-Identifier: Apache-2.0
/**
 * What issuers choose in a seeded DAG, with the entropy seeded too. Imports nothing of Node, so that the same
 * check runs on the XS engine.
 */
import { Draws } from "#core/dag/draws";
import { Graph } from "#core/dag/graph";
import { NONE } from "#core/dag/handles";
import { Load } from "#core/dag/load";
import { CapSelector } from "#core/dag/select";
import { Rng } from "../../property/rng.ts";

export interface SelectionVector {
  name: string;
  seed: number;
  /** Size of the graph, and whether it grows: a gateway's; else a node's. */
  capacity: number;
  window: number;
  grows: boolean;
  /** Transactions that are issued before one is seen. */
  inFlight: number;
  count: number;
  /** For the last of them: numbers of the parents; −1 is the block. */
  choices: number[][];
  /** Weights of the caps' parents in the end, heaviest first. */
  weights: number[];
}

const BLOCK_ID = 255;
const STEP_MS = 100;

/** Runs the vector's DAG: the choices of the last `last` transactions, and the weights. */
export function selectionsOf(vector: SelectionVector, last: number) {
  const { seed, capacity, window, grows, inFlight, count } = vector;
  const rng = new Rng(seed);
  const graph = new Graph({ capacity, window, grows, authors: 256 });
  graph.blocks.add(new Uint8Array(32).fill(BLOCK_ID), 0);
  const draws = new Draws({ bytes: (length) => rng.bytes(length) }, 8);
  const selector = new CapSelector(graph, draws, new Load());
  const ids: Uint8Array[] = [];
  const chosen: Uint8Array[][] = [];
  for (let n = 0; n < count; n++) {
    const rule = { nowMs: STEP_MS * n, ageMaxMs: 40 * STEP_MS * (inFlight + 1) };
    chosen.push(selector.parents(rule).map(({ id }) => id));
    ids.push(rng.bytes(32));
    const seen = n - inFlight;
    if (seen < 0) continue;
    const seq = seen;
    graph.add({ id: ids[seen], parents: chosen[seen], stampMs: STEP_MS * seen, author: 0, seq });
  }
  const numberOf = (id: Uint8Array): number => {
    const handle = graph.find(id);
    return handle === NONE ? -1 : graph.seq(handle);
  };
  const weights: number[] = [];
  for (let place = 0; place < graph.caps.count; place++) {
    const parent = graph.parent(graph.caps.at(place), 0);
    if (parent >= 0) weights.push(graph.weight(parent));
  }
  return {
    choices: chosen.slice(-last).map((parents) => parents.map(numberOf)),
    weights: weights.sort((a, b) => b - a),
  };
}

/** Names of the vectors that come out differently. */
export function checkSelections(vectors: readonly SelectionVector[]): string[] {
  return vectors
    .filter((vector) => {
      const { choices, weights } = vector;
      const found = selectionsOf(vector, choices.length);
      return JSON.stringify(found) !== JSON.stringify({ choices, weights });
    })
    .map(({ name }) => name);
}
