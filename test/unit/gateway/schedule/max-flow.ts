// SPDX-License-Identifier: Apache-2.0
/** The largest flow through a small net of capacities, by depth-first search: slow, and short. */
export function maxFlow(capacity: number[][], source: number, sink: number): number {
  const left = capacity.map((row) => [...row]);
  let total = 0;
  for (;;) {
    const seen = new Set<number>([source]);
    const dive = (at: number, most: number): number => {
      if (at === sink) return most;
      for (let to = 0; to < left.length; to++) {
        if (left[at][to] <= 0 || seen.has(to)) continue;
        seen.add(to);
        const got = dive(to, Math.min(most, left[at][to]));
        if (got === 0) continue;
        left[at][to] -= got;
        left[to][at] += got;
        return got;
      }
      return 0;
    };
    const got = dive(source, Number.MAX_SAFE_INTEGER);
    if (got === 0) return total;
    total += got;
  }
}

/** An edge with a cost per unit. */
export interface CostEdge {
  from: number;
  to: number;
  capacity: number;
  cost: number;
}

/** Least cost of a largest flow, by the cheapest path again and again (Bellman and Ford). */
export function leastCost(edges: readonly CostEdge[], nodes: number, source: number, sink: number) {
  const arcs = edges.flatMap((edge, i) => [
    { ...edge, left: edge.capacity, back: 2 * i + 1 },
    { from: edge.to, to: edge.from, cost: -edge.cost, left: 0, back: 2 * i },
  ]);
  let flow = 0;
  let cost = 0;
  for (;;) {
    const distance = new Array<number>(nodes).fill(Number.POSITIVE_INFINITY);
    const via = new Array<number>(nodes).fill(-1);
    distance[source] = 0;
    for (let changed = true; changed; ) {
      changed = false;
      arcs.forEach((arc, i) => {
        if (arc.left === 0 || distance[arc.from] + arc.cost >= distance[arc.to]) return;
        distance[arc.to] = distance[arc.from] + arc.cost;
        via[arc.to] = i;
        changed = true;
      });
    }
    if (via[sink] < 0) return { flow, cost };
    let most = Number.POSITIVE_INFINITY;
    for (let at = sink; at !== source; at = arcs[via[at]].from)
      most = Math.min(most, arcs[via[at]].left);
    for (let at = sink; at !== source; at = arcs[via[at]].from) {
      arcs[via[at]].left -= most;
      arcs[arcs[via[at]].back].left += most;
    }
    flow += most;
    cost += most * distance[sink];
  }
}
