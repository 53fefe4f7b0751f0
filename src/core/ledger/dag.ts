// SPDX-License-Identifier: Apache-2.0
/**
 * The DAG of transactions (ledger 4.2): each approves one or two earlier ones or a sealed block. This keeps
 * the part that is not yet final, plus what is final and still young enough to be a parent.
 */
import { compareBytes, fromHex, toHex } from "../codec/bytes.ts";
import { assert } from "../errors/assert.ts";
import { PARENT_BLOCKS_MAX } from "../limits.ts";
import type { Tx } from "../records/tx.ts";

/** Blocks that new transactions are told to attach to; late ones may have attached to PARENT_BLOCKS_MAX. */
const BLOCKS_OFFERED = 2;

/** A transaction in the DAG. */
export interface Vertex {
  readonly id: string;
  readonly tx: Tx;
  /** Effective time T: not before its own stamp, later than its parents (monotone along edges). */
  readonly tMs: number;
  /** Whether a block holds it. */
  sealed: boolean;
}

export class Dag {
  private readonly vertices = new Map<string, Vertex>();
  /** Sealed blocks that are eligible as parents: header id → time, latest last. */
  private readonly blocks = new Map<string, number>();
  private readonly capIds = new Set<string>();
  private openCount = 0;

  get(id: string): Vertex | undefined {
    return this.vertices.get(id);
  }

  /** Number of transactions that no block holds yet. */
  get open(): number {
    return this.openCount;
  }

  /** Effective time of a possible parent, and whether it is a sealed block; undefined if it is unknown. */
  parentTime(id: string): { tMs: number; block: boolean } | undefined {
    const vertex = this.vertices.get(id);
    if (vertex) return { tMs: vertex.tMs, block: false };
    const blockMs = this.blocks.get(id);
    return blockMs === undefined ? undefined : { tMs: blockMs, block: true };
  }

  /** T(tx) = max(stamp, max T(parent) + 1 ms); with tokens the stamp is their median (ledger 4.2). */
  effectiveTime(tx: Tx): number {
    let tMs = tx.body.tsMs;
    for (const parent of tx.body.parents) {
      const known = this.parentTime(toHex(parent));
      assert(known, "DAG_PARENT", toHex(tx.txid));
      tMs = Math.max(tMs, known.tMs + 1);
    }
    return tMs;
  }

  /** Adds a checked transaction whose parents are all here. */
  add(tx: Tx): Vertex {
    const id = toHex(tx.txid);
    assert(!this.vertices.has(id), "DAG_TWICE", id);
    const vertex = { id, tx, tMs: this.effectiveTime(tx), sealed: false };
    for (const parent of tx.body.parents) {
      const parentId = toHex(parent);
      this.capIds.delete(parentId);
    }
    this.vertices.set(id, vertex);
    this.capIds.add(id);
    this.openCount++;
    return vertex;
  }

  /** The caps, oldest first (ties by id, so that every reader of the same DAG sees the same list). */
  caps(): Vertex[] {
    const caps: Vertex[] = [];
    for (const id of this.capIds) caps.push(this.vertices.get(id)!);
    return caps.sort(byTime);
  }

  /** Transactions that no block holds, by effective time, ties by id: a topological order, since T grows
   * along every edge. */
  unsealed(): Vertex[] {
    const open: Vertex[] = [];
    for (const vertex of this.vertices.values()) if (!vertex.sealed) open.push(vertex);
    return open.sort(byTime);
  }

  /** The block `header` holds `vertices`; what is sealed and older than `forgetBeforeMs` goes. */
  seal(header: string, atMs: number, vertices: readonly Vertex[], forgetBeforeMs: number): void {
    for (const vertex of vertices) {
      assert(!vertex.sealed, "DAG_SEALED_TWICE", vertex.id);
      vertex.sealed = true;
    }
    this.openCount -= vertices.length;
    this.blocks.set(header, atMs);
    while (this.blocks.size > PARENT_BLOCKS_MAX)
      this.blocks.delete(this.blocks.keys().next().value!);
    for (const vertex of this.vertices.values()) {
      if (!vertex.sealed || vertex.tMs >= forgetBeforeMs) continue;
      this.vertices.delete(vertex.id);
      this.capIds.delete(vertex.id);
    }
  }

  /** The two latest sealed blocks, latest last: what new transactions are told to attach to. */
  sealedBlocks(): { id: string; idBytes: Uint8Array; tMs: number }[] {
    return [...this.blocks]
      .slice(-BLOCKS_OFFERED)
      .map(([id, tMs]) => ({ id, idBytes: fromHex(id)!, tMs }));
  }
}

function byTime(a: Vertex, b: Vertex): number {
  return a.tMs - b.tMs || compareBytes(a.tx.txid, b.tx.txid);
}
