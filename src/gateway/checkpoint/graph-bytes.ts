// SPDX-License-Identifier: Apache-2.0
/**
 * A plain graph as bytes: one form for each graph, whatever the machine, so that gateways can compare hashes
 * of it. Byte strings are written where they are used: whether two fields share one is nobody's business.
 *
 *   graph  = count of nodes, then each: 1 list, 2 map, 3 set, 4 object (class, 1 where it has functions),
 *            5 to 10 numbers of an Int32Array, Uint32Array, Float64Array, Uint16Array, Int16Array, Int8Array;
 *            then the count of its items, and these; of numbers, runs: how many of them, and the item
 *   item   = 0 undefined, 1 null, 2 false, 3 true, 4 and 5 an integer and a negative one, 6 double, 7 bigint
 *            (decimal text), 8 text, 9 text that is lower-case hex (as bytes), 10 bytes, 11 node, 12 outside,
 *            13 at least 256 bytes: how many zeros, how many others, these, and so on up to their length
 *   count  = seven bits a byte, the lowest first; the same for integers and for the units of UTF-16 in text
 */
import { fromHex, toHex } from "#core/codec/bytes";
import { type Bytes, type Flat, GraphFault, type Node, type PlainGraph } from "./graph.ts";

const ARRAYS = Object.freeze([
  ...[Int32Array, Uint32Array, Float64Array],
  ...[Uint16Array, Int16Array, Int8Array],
] as const);
const FIRST_ARRAY = 5;
/** Numbers of one array: several times what the largest table of votes has. */
const NUMBERS_MAX = 1 << 24;
/** Numbers and bytes of all tables together: few bytes can stand for many. */
const ALL_MAX = 1 << 26;
/** Of 256 bits, as targets of proof-of-work have. */
const BIGINT = /^-?[0-9]{1,78}$/;
/** Tables of so many bytes or more are mostly empty. */
const SPARSE_FROM = 256;
/** So many zeros in a row are not written. */
const ZEROS = 4;
const HEX = /^(?:[0-9a-f]{2})+$/;

export function packGraph(graph: PlainGraph): Uint8Array {
  const out = new Writer();
  const places: number[] = [];
  let count = 0;
  for (const node of graph) places.push(isInline(node) ? -1 : count++);
  const item = (flat: Flat): void => {
    if (typeof flat === "object" && flat !== null && "at" in flat) {
      const node = graph[flat.at];
      if (isInline(node))
        return node.bytes.length < SPARSE_FROM
          ? out.tagged(10, node.bytes)
          : out.sparse(node.bytes);
      out.byte(11);
      return out.count(places[flat.at]);
    }
    out.value(flat);
  };
  out.count(count);
  for (const node of graph) if (!isInline(node)) writeNode(out, node, item);
  return out.bytes();
}

function isInline(node: Node): node is { bytes: Uint8Array } {
  return "bytes" in node && node.bytes instanceof Uint8Array;
}

function writeNode(out: Writer, node: Node, item: (flat: Flat) => void): void {
  if ("list" in node) {
    out.head(1, node.list.length);
    node.list.forEach(item);
  } else if ("map" in node) {
    out.head(2, node.map.length);
    for (const [key, value] of node.map) {
      item(key);
      item(value);
    }
  } else if ("set" in node) {
    out.head(3, node.set.length);
    node.set.forEach(item);
  } else if ("fields" in node) {
    out.byte(4);
    out.text(node.of);
    out.head(node.functions ? 1 : 0, node.fields.length);
    for (const [name, value] of node.fields) {
      out.text(name);
      item(value);
    }
  } else {
    const type = ARRAYS.findIndex((one) => node.bytes instanceof one);
    if (type < 0) throw new GraphFault("an array of another type");
    out.head(FIRST_ARRAY + type, node.bytes.length);
    for (let from = 0, to = 0; from < node.bytes.length; from = to) {
      const value = node.bytes[from];
      while (to < node.bytes.length && Object.is(node.bytes[to], value)) to++;
      out.count(to - from);
      out.value(value);
    }
  }
}

/** GraphFault where these are no bytes of a graph. */
export function unpackGraph(bytes: Uint8Array): PlainGraph {
  const from = new Reader(bytes);
  const count = from.count();
  const inline: Node[] = [];
  const keep = (found: Uint8Array): Flat => ({ at: count + inline.push({ bytes: found }) - 1 });
  const nodes: Node[] = [];
  for (let at = 0; at < count; at++) nodes.push(readNode(from, () => from.item(count, keep)));
  if (!from.isDone) throw new GraphFault("bytes after the graph");
  return [...nodes, ...inline];
}

function readNode(from: Reader, item: () => Flat): Node {
  const kind = from.byte();
  const of = kind === 4 ? from.text() : "";
  const functions = kind === 4 && from.byte() === 1;
  const count = from.count();
  const type = ARRAYS[kind - FIRST_ARRAY];
  if (type) return { bytes: numbers(from, new type(from.sized(count)), item) };
  if (count > from.left) throw new GraphFault("more items than bytes");
  const items = <T>(make: () => T): T[] => Array.from({ length: count }, make);
  if (kind === 1) return { list: items(item) };
  if (kind === 2) return { map: items(() => [item(), item()]) };
  if (kind === 3) return { set: items(item) };
  if (kind === 4) return { of, functions, fields: items(() => [from.text(), item()]) };
  throw new GraphFault(`a node of kind ${kind}`);
}

function numbers<T extends Bytes>(from: Reader, array: T, item: () => Flat): T {
  for (let at = 0; at < array.length; ) {
    const run = from.count();
    if (run === 0 || run > array.length - at) throw new GraphFault("a run of numbers");
    array.fill(Number(item()), at, at + run);
    at += run;
  }
  return array;
}

function endOfZeros(bytes: Uint8Array, from: number): number {
  let at = from;
  while (at < bytes.length && bytes[at] === 0) at++;
  return at;
}

class Writer {
  private buffer = new Uint8Array(1 << 16);
  private readonly number = new DataView(new ArrayBuffer(8));
  private at = 0;

  bytes(): Uint8Array {
    return this.buffer.slice(0, this.at);
  }

  byte(value: number): void {
    this.room(1);
    this.buffer[this.at++] = value;
  }

  head(kind: number, count: number): void {
    this.byte(kind);
    this.count(count);
  }

  count(value: number): void {
    let rest = value;
    for (; rest > 127; rest = Math.floor(rest / 128)) this.byte((rest % 128) | 128);
    this.byte(rest);
  }

  text(text: string): void {
    this.count(text.length);
    for (let i = 0; i < text.length; i++) this.count(text.charCodeAt(i));
  }

  tagged(tag: number, bytes: Uint8Array): void {
    this.head(tag, bytes.length);
    this.room(bytes.length);
    this.buffer.set(bytes, this.at);
    this.at += bytes.length;
  }

  sparse(bytes: Uint8Array): void {
    this.head(13, bytes.length);
    for (let at = 0; at < bytes.length; ) {
      const from = endOfZeros(bytes, at);
      let to = from;
      for (let next = from; next < bytes.length && next - to < ZEROS; next++)
        if (bytes[next] !== 0) to = next + 1;
      this.count(from - at);
      this.count(to - from);
      this.room(to - from);
      this.buffer.set(bytes.subarray(from, to), this.at);
      this.at += to - from;
      at = to;
    }
  }

  value(flat: Exclude<Flat, { at: number }>): void {
    if (flat === undefined) this.byte(0);
    else if (flat === null) this.byte(1);
    else if (typeof flat === "boolean") this.byte(flat ? 3 : 2);
    else if (typeof flat === "number") this.numeric(flat);
    else if (typeof flat === "bigint") {
      const text = String(flat);
      if (!BIGINT.test(text)) throw new GraphFault("a bigint of more than 256 bits");
      this.byte(7);
      this.text(text);
    } else if (typeof flat === "string") {
      if (HEX.test(flat)) return this.tagged(9, fromHex(flat)!);
      this.byte(8);
      this.text(flat);
    } else {
      this.byte(12);
      this.text(flat.outside);
    }
  }

  private numeric(value: number): void {
    if (Number.isSafeInteger(value) && !Object.is(value, -0)) {
      this.byte(value < 0 ? 5 : 4);
      return this.count(Math.abs(value));
    }
    this.byte(6);
    this.number.setFloat64(0, Number.isNaN(value) ? Number.NaN : value);
    for (let i = 0; i < 8; i++) this.byte(this.number.getUint8(i));
  }

  private room(count: number): void {
    if (this.at + count <= this.buffer.length) return;
    const larger = new Uint8Array(Math.max(2 * this.buffer.length, this.at + count));
    larger.set(this.buffer);
    this.buffer = larger;
  }
}

class Reader {
  private readonly from: Uint8Array;
  private at = 0;
  /** What tables may still take. */
  private room = ALL_MAX;

  constructor(from: Uint8Array) {
    this.from = from;
  }

  get left(): number {
    return this.from.length - this.at;
  }

  get isDone(): boolean {
    return this.left === 0;
  }

  byte(): number {
    if (this.left < 1) throw new GraphFault("it ends early");
    return this.from[this.at++];
  }

  count(): number {
    let value = 0;
    for (let scale = 1; ; scale *= 128) {
      const byte = this.byte();
      value += (byte & 127) * scale;
      if (!Number.isSafeInteger(value)) throw new GraphFault("a number that is too large");
      if (byte < 128) return value;
    }
  }

  text(): string {
    const length = this.count();
    if (length > this.left) throw new GraphFault("it ends early");
    let text = "";
    for (let i = 0; i < length; i++) text += String.fromCharCode(this.count());
    return text;
  }

  bytes(): Uint8Array {
    const length = this.count();
    if (length > this.left) throw new GraphFault("it ends early");
    this.at += length;
    return this.from.slice(this.at - length, this.at);
  }

  /** The length of a table, if it may be so long. */
  sized(count: number): number {
    this.room -= count;
    if (count > NUMBERS_MAX || this.room < 0) throw new GraphFault(`a table of ${count}`);
    return count;
  }

  private sparse(): Uint8Array {
    const bytes = new Uint8Array(this.sized(this.count()));
    for (let at = 0; at < bytes.length; ) {
      at += this.count();
      const length = this.count();
      if (length > this.left || at + length > bytes.length) throw new GraphFault("it ends early");
      bytes.set(this.from.subarray(this.at, this.at + length), at);
      this.at += length;
      at += length;
    }
    return bytes;
  }

  /** `nodes`: how many there are; `keep` makes a node of bytes. */
  item(nodes: number, keep: (bytes: Uint8Array) => Flat): Flat {
    const tag = this.byte();
    if (tag < 4) return [undefined, null, false, true][tag];
    if (tag === 4) return this.count();
    if (tag === 5) return -this.count();
    if (tag === 6) return this.double();
    if (tag === 7) return this.bigint();
    if (tag === 8) return this.text();
    if (tag === 9) return toHex(this.bytes());
    if (tag === 10) return keep(this.bytes());
    if (tag === 12) return { outside: this.text() };
    if (tag === 13) return keep(this.sparse());
    const at = this.count();
    if (tag !== 11 || at >= nodes) throw new GraphFault(`an item of kind ${tag}`);
    return { at };
  }

  private double(): number {
    const view = new DataView(new ArrayBuffer(8));
    for (let i = 0; i < 8; i++) view.setUint8(i, this.byte());
    return view.getFloat64(0);
  }

  private bigint(): bigint {
    const text = this.text();
    if (!BIGINT.test(text)) throw new GraphFault("a bigint");
    return BigInt(text);
  }
}
