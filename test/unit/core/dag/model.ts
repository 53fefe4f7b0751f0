// SPDX-License-Identifier: Apache-2.0
/** Random DAGs, and what caps, weights and times are by their definitions, from the edges alone. */
import fc from "fast-check";
import { toHex } from "#core/codec/bytes";
import { Graph, type GraphOptions } from "#core/dag/graph";
import { NONE } from "#core/dag/handles";
import { named } from "../ledger/world.ts";

export const GENESIS = named("genesis block");

export interface Edges {
  id: Uint8Array;
  parents: Uint8Array[];
  stampMs: number;
  author: number;
  seq: number;
}

/** Ids that begin alike now and then, so that they meet in the index. */
function idFor(n: number): Uint8Array {
  const id = named(`vertex ${n}`);
  if (n % 3 === 0) id.fill(7, 0, 4);
  return id;
}

/** Each approves one or two of those before it, mostly of the latest `reach`, or the genesis block. */
export function anyEdges(length: number, reach: number): fc.Arbitrary<Edges[]> {
  const draw = fc.tuple(fc.nat(), fc.nat(), fc.integer({ min: 990, max: 1020 }));
  return fc.array(draw, { minLength: 1, maxLength: length }).map((draws) => {
    const all: Edges[] = [];
    const pick = (number: number): Uint8Array => {
      const far = number % 13 === 0 ? all.length : Math.min(reach, all.length);
      const back = number % (far + 1);
      return back === far ? GENESIS : all[all.length - 1 - back].id;
    };
    for (const [first, second, stampMs] of draws) {
      const parents = [...new Set([pick(first), pick(second)])];
      const n = all.length;
      all.push({ id: idFor(n), parents, stampMs, author: n % 5, seq: n });
    }
    return all;
  });
}

/** Any order in which all come, parents first or not. */
export function shuffled<T>(all: readonly T[], draws: readonly number[]): T[] {
  const left = [...all];
  const order: T[] = [];
  while (left.length > 0)
    order.push(left.splice(draws[order.length % draws.length] % left.length, 1)[0]);
  return order;
}

export function emptyGraph(options: Partial<GraphOptions> = {}): Graph {
  const graph = new Graph({ capacity: 64, grows: true, window: 64, authors: 256, ...options });
  graph.blocks.add(GENESIS, 1000);
  return graph;
}

export function capsOf(graph: Graph): string[] {
  const { caps } = graph;
  return Array.from({ length: caps.count }, (_, i) => toHex(graph.idOf(caps.at(i)))).sort();
}

/** By definition: those that no other approves. */
export function capsByDefinition(all: readonly Edges[]): string[] {
  const approved = new Set(all.flatMap(({ parents }) => parents.map(toHex)));
  return all
    .map(({ id }) => toHex(id))
    .filter((id) => !approved.has(id))
    .sort();
}

/** By definition: for each, the number of those that have it in their past, and itself. */
export function weightsByDefinition(all: readonly Edges[]): Map<string, number> {
  const byId = new Map(all.map((one) => [toHex(one.id), one]));
  const weights = new Map<string, number>();
  for (const { id } of all) {
    const past = new Set([toHex(id)]);
    for (const one of past)
      for (const parent of byId.get(one)?.parents ?? [])
        if (byId.has(toHex(parent))) past.add(toHex(parent));
    for (const one of past) weights.set(one, (weights.get(one) ?? 0) + 1);
  }
  return weights;
}

/** Id → weight, of those in the window. */
export function weightsOf(graph: Graph, all: readonly Edges[]): Map<string, number> {
  const weights = new Map<string, number>();
  for (const { id } of all) {
    const handle = graph.find(id);
    if (handle !== NONE && graph.weight(handle) > 0) weights.set(toHex(id), graph.weight(handle));
  }
  return weights;
}
