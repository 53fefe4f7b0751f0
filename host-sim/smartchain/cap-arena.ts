// SPDX-License-Identifier: Apache-2.0
/**
 * I17 without blocks: ten transactions under way at a time, as busy as ledger 4.3 measures, each seen by the
 * others one latency after it was issued. Cap selection picks most; what it leaves for A_max / 2 its author
 * promotes. Lazy ones attach to one old pair as long as they may.
 */
import { compareBytes } from "#core/codec/bytes";
import { BLOCK } from "#core/dag/columns";
import { Draws } from "#core/dag/draws";
import { Graph } from "#core/dag/graph";
import { NONE } from "#core/dag/handles";
import { Load } from "#core/dag/load";
import { remedyFor } from "#core/dag/promote";
import { CapSelector } from "#core/dag/select";
import { seededEntropy } from "../fleet/entropy.ts";
import { type Random, randomStream } from "../worlds/random.ts";
import { must } from "./violation.ts";

/** One latency h, ms, and A_max = 10 h. */
const H = 1000;
const AGE_MAX_MS = 10 * H;
const IN_FLIGHT = 10;
const LENGTH_MS = 40 * H;

export interface CapOptions {
  seed: number;
  /** Off: authors leave their own alone. */
  promotes?: boolean;
}

interface Issued {
  id: Uint8Array;
  parents: Uint8Array[];
  stampMs: number;
  approvedMs: number | undefined;
  promoted: boolean;
}

/** Throws a Violation (I17). Returns how long the slowest waited, ms. */
export function capArena({ seed, promotes = true }: CapOptions): number {
  const random = randomStream(seed, 61);
  const draws = new Draws(seededEntropy(seed, 61), 64);
  const graph = new Graph({ capacity: 1024, grows: true, window: 1024, authors: 1 });
  graph.blocks.add(idOf(seed, 0), 0);
  const selector = new CapSelector(graph, draws, new Load());
  const issued: Issued[] = [];
  let open: Issued[] = [];
  let visible = 0;
  let slowest = 0;
  for (let nowMs = H; nowMs < LENGTH_MS; nowMs += gap(random)) {
    for (; visible < issued.length && issued[visible].stampMs + H <= nowMs; visible++)
      arrive(issued[visible]);
    for (const { id, stampMs, approvedMs } of open) {
      const waitedMs = (approvedMs ?? nowMs) - stampMs;
      slowest = Math.max(slowest, waitedMs);
      must(waitedMs <= AGE_MAX_MS, "I17", () => `${id.slice(0, 4)} waits for ${waitedMs} ms`);
    }
    open = open.filter(({ approvedMs }) => approvedMs === undefined);
    const lazy = issued.length > 2 && nowMs < AGE_MAX_MS && random.below(5) === 0;
    const old = issued.slice(0, 2).map(({ id }) => id);
    const parents = lazy ? old : chosen(nowMs);
    const late = promotes && !lazy ? unapproved(nowMs) : undefined;
    if (late && !parents.some((id) => compareBytes(id, late) === 0)) parents[0] = late;
    const rest = { approvedMs: undefined, promoted: false };
    issued.push({ id: idOf(seed, issued.length + 1), parents, stampMs: nowMs, ...rest });
    if (!lazy) open.push(issued[issued.length - 1]);
  }
  return slowest;

  function chosen(nowMs: number): Uint8Array[] {
    const parents = selector.parents({ nowMs, ageMaxMs: AGE_MAX_MS }).map(({ id }) => id);
    const twice = parents.length === 2 && compareBytes(parents[0], parents[1]) === 0;
    return twice ? parents.slice(1) : parents;
  }

  function arrive({ id, parents, stampMs }: Issued): void {
    const handle = graph.add({ id, parents, stampMs, author: 0, seq: visible });
    for (const which of [0, 1]) {
      const parent = graph.parent(handle, which);
      if (parent === NONE || parent === BLOCK) continue;
      const one = issued[graph.seq(parent)];
      one.approvedMs = Math.min(one.approvedMs ?? Number.POSITIVE_INFINITY, stampMs + H);
    }
  }

  /** One that its author promotes now, which it does once. */
  function unapproved(nowMs: number): Uint8Array | undefined {
    for (const one of open) {
      if (one.promoted || one.stampMs + H > nowMs) continue;
      const own = { tMs: one.stampMs, approved: false, sealed: false, quorate: true };
      if (remedyFor(own, nowMs, AGE_MAX_MS) !== "promote") continue;
      one.promoted = true;
      return one.id;
    }
    return undefined;
  }
}

function gap(random: Random): number {
  return (-Math.log(1 - random.next()) * H) / IN_FLIGHT;
}

/** Spread as a hash is. */
function idOf(seed: number, n: number): Uint8Array {
  const id = new Uint8Array(32);
  const view = new DataView(id.buffer);
  view.setUint32(0, Math.imul(seed * 4099 + n + 1, 0x9e3779b1));
  view.setUint32(28, n);
  return id;
}
