// SPDX-License-Identifier: Apache-2.0
/**
 * The DAG of transactions as a gateway keeps it (ledger 4.2): the part that is not yet final, plus what is
 * final and still young enough to be a parent. The graph holds the edges; beside it, by handle, the
 * transactions.
 */
import { toHex } from "../codec/bytes.ts";
import { assert } from "../errors/assert.ts";
import { DAG_WINDOW } from "../limits.ts";
import { stampOf } from "../pot/token.ts";
import type { Tx } from "../records/tx.ts";
import { Graph } from "./graph.ts";
import { NONE } from "./handles.ts";

/** Blocks that new transactions are told to attach to; late ones may have attached to PARENT_BLOCKS_MAX. */
const BLOCKS_OFFERED = 2;
/** Members that an area ever had: their numbers take two bytes each. */
const AUTHORS_MAX = 65_536;

/** A transaction in the DAG. */
export interface Vertex {
  readonly id: string;
  readonly tx: Tx;
  /** Effective time T: not before its own stamp, later than its parents (monotone along edges). */
  readonly tMs: number;
  /** Its number in the graph while it is there. */
  readonly handle: number;
  /** Whether a block holds it. */
  sealed: boolean;
}

export class Dag {
  /** Edges, caps and weights, for cap selection. */
  readonly graph: Graph;
  private readonly vertices: (Vertex | undefined)[] = [];
  /** Authors by their ids, numbered as they come. */
  private readonly authors = new Map<string, number>();
  private openCount = 0;

  constructor() {
    this.graph = new Graph({
      capacity: DAG_WINDOW,
      grows: true,
      window: DAG_WINDOW,
      authors: AUTHORS_MAX,
      forgotten: (handle) => {
        this.vertices[handle] = undefined;
      },
    });
  }

  get(id: Uint8Array): Vertex | undefined {
    const handle = this.graph.find(id);
    return handle === NONE ? undefined : this.vertices[handle];
  }

  /** Number of transactions that no block holds yet. */
  get open(): number {
    return this.openCount;
  }

  /** Effective time of a possible parent, and whether it is a sealed block; undefined if it is unknown. */
  parentTime(id: Uint8Array): { tMs: number; block: boolean } | undefined {
    return this.graph.parentTime(id);
  }

  /** T(tx) = max(stamp, max T(parent) + 1 ms); with tokens the stamp is their median (ledger 4.2). */
  effectiveTime(tx: Tx): number {
    return this.graph.effectiveTime(tx.body.parents, stampOf(tx));
  }

  /** Adds a checked transaction whose parents are all here. */
  add(tx: Tx): Vertex {
    const { parents, from, seq } = tx.body;
    const author = this.authorOf(toHex(from));
    const handle = this.graph.add({ id: tx.txid, parents, stampMs: stampOf(tx), author, seq });
    const tMs = this.graph.timeMs(handle);
    const vertex: Vertex = { id: toHex(tx.txid), tx, tMs, handle, sealed: false };
    this.vertices[handle] = vertex;
    this.openCount++;
    return vertex;
  }

  private authorOf(id: string): number {
    const known = this.authors.get(id);
    if (known !== undefined) return known;
    const author = this.authors.size;
    assert(author < AUTHORS_MAX, "DAG_AUTHORS", id);
    this.authors.set(id, author);
    return author;
  }

  /** The caps, oldest first (ties by id, so that every reader of the same DAG sees the same list). */
  caps(): Vertex[] {
    const { caps } = this.graph;
    const found: Vertex[] = [];
    for (let place = 0; place < caps.count; place++) found.push(this.vertices[caps.at(place)]!);
    return this.sorted(found);
  }

  /** Transactions that no block holds, by effective time, ties by id: a topological order, since T grows
   * along every edge. */
  unsealed(): Vertex[] {
    const open: Vertex[] = [];
    for (const vertex of this.vertices) if (vertex && !vertex.sealed) open.push(vertex);
    return this.sorted(open);
  }

  private sorted(vertices: Vertex[]): Vertex[] {
    return vertices.sort((a, b) => this.graph.compare(a.handle, b.handle));
  }

  /** The block `header` holds `vertices`; what is sealed and older than `forgetBeforeMs` goes. */
  seal(
    header: Uint8Array,
    atMs: number,
    vertices: readonly Vertex[],
    forgetBeforeMs: number,
  ): void {
    for (const vertex of vertices) {
      assert(!vertex.sealed, "DAG_SEALED_TWICE", vertex.id);
      vertex.sealed = true;
      this.graph.seal(vertex.handle);
    }
    this.openCount -= vertices.length;
    this.graph.blocks.add(header, atMs);
    this.graph.prune(forgetBeforeMs);
  }

  /** The two latest sealed blocks, latest last: what new transactions are told to attach to. */
  sealedBlocks(): { idBytes: Uint8Array; tMs: number }[] {
    const { blocks } = this.graph;
    const found: { idBytes: Uint8Array; tMs: number }[] = [];
    for (let place = Math.max(0, blocks.count - BLOCKS_OFFERED); place < blocks.count; place++)
      found.push({ idBytes: blocks.idOf(place).slice(), tMs: blocks.timeMs(place) });
    return found;
  }
}
