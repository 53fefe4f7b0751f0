// SPDX-License-Identifier: Apache-2.0
/**
 * Where walks end by their definition (ledger 4.3), computed anew from the edges alone: slow, and nothing
 * of what the graph keeps about weights goes into it.
 */
import type { Graph } from "#core/dag/graph";
import { NONE } from "#core/dag/handles";

/** Direct approvers of a transaction. */
export function approversOf(graph: Graph, handle: number): number[] {
  const found: number[] = [];
  for (let at = graph.firstChild(handle); at !== NONE; at = graph.nextChild(handle, at))
    found.push(at);
  return found;
}

/** All that approve it, and itself. */
export function futureOf(graph: Graph, handle: number): Set<number> {
  const seen = new Set([handle]);
  for (const one of seen) for (const approver of approversOf(graph, one)) seen.add(approver);
  return seen;
}

/** The chance of each cap to be the end of a walk from `start` with the bias `alpha`. */
export function walkChances(graph: Graph, start: number, alpha: number): Map<number, number> {
  const future = [...futureOf(graph, start)].sort((a, b) => graph.compare(a, b)); // topological
  const chances = new Map([[start, 1]]);
  const ends = new Map<number, number>();
  for (const one of future) {
    const chance = chances.get(one) ?? 0;
    const approvers = approversOf(graph, one);
    if (approvers.length === 0) ends.set(one, chance);
    const weights = approvers.map((approver) => futureOf(graph, approver).size);
    const heaviest = Math.max(...weights);
    const shares = weights.map((weight) => Math.exp(alpha * (weight - heaviest)));
    const total = shares.reduce((sum, share) => sum + share, 0);
    approvers.forEach((approver, i) => {
      chances.set(approver, (chances.get(approver) ?? 0) + (chance * shares[i]) / total);
    });
  }
  return ends;
}

/** Half the sum of the differences between two distributions. */
export function totalVariation(
  a: ReadonlyMap<number, number>,
  b: ReadonlyMap<number, number>,
): number {
  let sum = 0;
  for (const key of new Set([...a.keys(), ...b.keys()]))
    sum += Math.abs((a.get(key) ?? 0) - (b.get(key) ?? 0));
  return sum / 2;
}
