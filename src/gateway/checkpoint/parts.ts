// SPDX-License-Identifier: Apache-2.0
/** Parts of a plain graph, for those who need no more of it. */
import type { Flat, Node, PlainGraph } from "./graph.ts";

/** The graph of these fields of the root and of what they reach. */
export function part(graph: PlainGraph, names: readonly string[]): PlainGraph {
  const [root] = graph;
  if (!root || !("fields" in root)) return [];
  const places = new Map<number, number>();
  const found: Node[] = [];
  const work: number[] = [];
  const moved = (flat: Flat): Flat => {
    if (typeof flat !== "object" || flat === null || !("at" in flat)) return flat;
    let at = places.get(flat.at);
    if (at === undefined) {
      places.set(flat.at, (at = found.push(graph[flat.at]) - 1));
      work.push(at);
    }
    return { at };
  };
  found.push(root);
  const fields = root.fields.filter(([name]) => names.includes(name));
  found[0] = { ...root, fields: fields.map(([name, item]) => [name, moved(item)]) };
  for (let at = work.pop(); at !== undefined; at = work.pop()) found[at] = nodeOf(found[at], moved);
  return found;
}

function nodeOf(node: Node, moved: (flat: Flat) => Flat): Node {
  if ("list" in node) return { list: node.list.map(moved) };
  if ("map" in node) return { map: node.map.map(([key, item]) => [moved(key), moved(item)]) };
  if ("set" in node) return { set: node.set.map(moved) };
  if (!("fields" in node)) return node;
  return { ...node, fields: node.fields.map(([name, item]) => [name, moved(item)]) };
}

/** What is at the end of these fields from the root on: a value, or bytes; undefined where nothing is. */
export function valueAt(graph: PlainGraph, path: readonly string[]): unknown {
  let flat: Flat = { at: 0 };
  for (const name of path) {
    const node: Node | undefined = nodeAt(graph, flat);
    if (!node || !("fields" in node)) return undefined;
    flat = node.fields.find(([other]) => other === name)?.[1];
  }
  const node = nodeAt(graph, flat);
  if (!node) return typeof flat === "object" ? undefined : flat;
  return "bytes" in node ? node.bytes : undefined;
}

function nodeAt(graph: PlainGraph, flat: Flat): Node | undefined {
  return typeof flat === "object" && flat !== null && "at" in flat ? graph[flat.at] : undefined;
}
