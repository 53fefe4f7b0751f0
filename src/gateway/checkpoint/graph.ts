// SPDX-License-Identifier: Apache-2.0
/**
 * A graph of objects as plain data, and back into a graph of the same making. Objects that are reached
 * twice are one object again; what is outside has a name, and functions are left as the new graph has them.
 */
import { assert } from "#core/errors/assert";

/** A value in a plain graph: itself, or where its node is. */
export type Flat = string | number | bigint | boolean | undefined | null | Ref;
type Ref = { at: number } | { outside: string };

export type Node =
  | { list: Flat[] }
  | { map: [Flat, Flat][] }
  | { set: Flat[] }
  | { bytes: Bytes }
  /** Of a class by its name; "" for a plain object. */
  | { of: string; fields: [string, Flat][]; functions: boolean };

export type PlainGraph = readonly Node[];
export type Bytes =
  | (Uint8Array | Uint16Array | Uint32Array)
  | (Int8Array | Int16Array | Int32Array)
  | Float64Array;
type Fields = Record<string, unknown>;

export class GraphFault extends Error {
  override get name(): string {
    return "GraphFault";
  }
}

/** What is left out of a graph: fields by the name of their class, "" for those of plain objects. */
export type LeftOut = Readonly<Record<string, readonly string[]>>;

/**
 * `outside`: objects that are not part of it, by name. The first node is the root. With `leftOut` the graph is
 * canonical: without these fields, the others in the order of their names, and none that is undefined in a
 * plain object.
 */
export function flatten(
  root: object,
  outside: ReadonlyMap<string, unknown>,
  leftOut?: LeftOut,
): PlainGraph {
  const names = new Map([...outside].map(([name, value]) => [value, name]));
  const nodes: Node[] = [];
  const places = new Map<object, number>();
  const work: (() => void)[] = [];
  const flat = (value: unknown): Flat | typeof LEFT_OUT => {
    if (typeof value === "function") return LEFT_OUT;
    if (typeof value !== "object" || value === null) return value as Flat;
    const name = names.get(value);
    if (name !== undefined) return { outside: name };
    const known = places.get(value);
    if (known !== undefined) return { at: known };
    const at = nodes.length;
    places.set(value, at);
    nodes.push({ list: [] });
    work.push(() => {
      nodes[at] = nodeOf(value, flat, leftOut);
    });
    return { at };
  };
  flat(root);
  for (let next = work.pop(); next; next = work.pop()) next();
  return nodes;
}

const LEFT_OUT = Symbol("left out");

function nodeOf(
  value: object,
  flat: (value: unknown) => Flat | typeof LEFT_OUT,
  leftOut: LeftOut | undefined,
): Node {
  const whole = (item: unknown): Flat => {
    const found = flat(item);
    if (found === LEFT_OUT) throw new GraphFault("a function among values");
    return found as Flat;
  };
  if (Array.isArray(value)) return { list: Array.from(value, whole) };
  if (value instanceof Map)
    return { map: [...value].map(([key, item]) => [whole(key), whole(item)]) };
  if (value instanceof Set) return { set: [...value].map(whole) };
  if (ArrayBuffer.isView(value)) return { bytes: (value as Bytes).slice() };
  const fields: [string, Flat][] = [];
  let functions = false;
  const of = className(value);
  for (const [name, item] of entriesOf(value, of, leftOut)) {
    const found = flat(item);
    if (found === LEFT_OUT) functions = true;
    else fields.push([name, found as Flat]);
  }
  return { of, fields, functions };
}

function entriesOf(value: object, of: string, leftOut: LeftOut | undefined): [string, unknown][] {
  const all = Object.entries(value);
  if (!leftOut) return all;
  const not = leftOut[of] ?? [];
  return all
    .filter(([name, item]) => !not.includes(name) && (of !== "" || item !== undefined))
    .sort(([a], [b]) => (a < b ? -1 : 1));
}

function className(value: object): string {
  const proto = Object.getPrototypeOf(value);
  return proto === Object.prototype || proto === null ? "" : proto.constructor.name;
}

/**
 * Fills `root`, which was made as the flattened one was, with what the graph holds. `classes` are those of objects
 * that a new root does not have. What is not known is a GraphFault, and `root` is then of no use.
 */
export function restore(
  graph: PlainGraph,
  root: object,
  outside: ReadonlyMap<string, unknown>,
  classes: readonly { name: string; prototype: object }[],
): void {
  const protos = new Map<string, object>(classes.map(({ name, prototype }) => [name, prototype]));
  const made = match(graph, root);
  const targets = graph.map((node, at) => made.get(at) ?? newObject(node, protos));
  const enter = (flat: Flat): unknown => {
    if (typeof flat !== "object" || flat === null) return flat;
    if ("at" in flat) return targets[flat.at];
    if (!outside.has(flat.outside)) throw new GraphFault(`${flat.outside} is not there`);
    return outside.get(flat.outside);
  };
  graph.forEach((node, at) => {
    fill(node, targets[at], enter);
  });
}

/** Nodes whose object the new root has already, on the same way. */
function match(graph: PlainGraph, root: object): Map<number, object> {
  const made = new Map<number, object>();
  // In a list that has others in it now, one object would stand for two.
  const taken = new Set<object>();
  const work: [Flat, unknown][] = [[{ at: 0 }, root]];
  for (let next = work.pop(); next; next = work.pop()) {
    const [flat, present] = next;
    if (typeof flat !== "object" || flat === null || !("at" in flat) || made.has(flat.at)) continue;
    const node = graph[flat.at];
    assert(node, "GRAPH_NODE", String(flat.at));
    if (!fits(node, present) || taken.has(present)) continue;
    taken.add(present);
    made.set(flat.at, present);
    for (const [item, at] of partsOf(node, present)) work.push([item, at]);
  }
  return made;
}

/** What a node holds, each with what the present object has in its place. */
function partsOf(node: Node, present: object): [Flat, unknown][] {
  if ("fields" in node) return node.fields.map(([name, item]) => [item, (present as Fields)[name]]);
  if ("list" in node) return node.list.map((item, i) => [item, (present as unknown[])[i]]);
  if (!("map" in node)) return [];
  const map = present as Map<unknown, unknown>;
  return node.map.map(([key, item]) => [item, typeof key === "object" ? undefined : map.get(key)]);
}

function fits(node: Node, present: unknown): present is object {
  if (typeof present !== "object" || present === null) return false;
  // What is frozen is a constant of the program where it has functions, and else was data that others follow.
  if (Object.isFrozen(present) && !("fields" in node && node.functions)) return false;
  if ("list" in node) return Array.isArray(present);
  if ("map" in node) return present instanceof Map;
  if ("set" in node) return present instanceof Set;
  return "fields" in node && !Array.isArray(present) && className(present) === node.of;
}

function newObject(node: Node, protos: ReadonlyMap<string, object>): object {
  if ("list" in node) return [];
  if ("map" in node) return new Map();
  if ("set" in node) return new Set();
  if ("bytes" in node) return node.bytes.slice(); // on a buffer of its own, from its beginning
  if (node.functions) throw new GraphFault(`functions of an object of ${node.of || "no class"}`);
  if (node.of === "") return {};
  const proto = protos.get(node.of);
  if (!proto) throw new GraphFault(`objects of ${node.of} are not known`);
  return Object.create(proto) as object;
}

function fill(node: Node, target: object, enter: (flat: Flat) => unknown): void {
  if ("list" in node) {
    const list = target as unknown[];
    list.length = 0;
    for (const item of node.list) list.push(enter(item));
  } else if ("map" in node) {
    const map = target as Map<unknown, unknown>;
    map.clear();
    for (const [key, item] of node.map) map.set(enter(key), enter(item));
  } else if ("set" in node) {
    const set = target as Set<unknown>;
    set.clear();
    for (const item of node.set) set.add(enter(item));
  } else if ("fields" in node && !Object.isFrozen(target))
    for (const [name, item] of node.fields) (target as Fields)[name] = enter(item);
}
