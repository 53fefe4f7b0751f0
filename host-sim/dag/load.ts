// SPDX-License-Identifier: Apache-2.0
/**
 * Issuers under load (ledger 4.3): λ transactions in each latency h, everybody sees each one h after it was
 * issued, and attaches by one rule. It counts what never finds an approver. Times are in units of 1/1000 h.
 */
import { bytesEqual } from "#core/codec/bytes";
import { BLOCK } from "#core/dag/columns";
import { Draws } from "#core/dag/draws";
import { Graph } from "#core/dag/graph";
import { NONE } from "#core/dag/handles";
import { Load } from "#core/dag/load";
import { remedyFor } from "#core/dag/promote";
import { CapSelector, type Rule } from "#core/dag/select";
import { BiasedWalk } from "#core/dag/walk";
import { seededEntropy } from "../fleet/entropy.ts";
import { mulberry32, type Random } from "../worlds/random.ts";

/** One latency h. */
const H = 1000;
/** How long an approval is waited for. */
const WAIT = 20 * H;
/** The beginning and the end do not count. */
const WARM_UP = 20 * H;

/**
 * How deep the walks of the rules that are compared start: as for 25 under way, which is 125 to 250 back.
 * What a walk alone leaves behind depends on it, and with this it is what ledger 4.3 gives.
 */
const WALK_IN_FLIGHT = 25;

export interface LoadSetup {
  seed: number;
  /** λ·h: transactions in one latency. */
  inFlight: number;
  /** Length of the run in latencies. */
  latencies: number;
  /** `hybrid` is the choice of ledger 4.3, `walk` two walks, `uniform` two caps at random. */
  rule: "uniform" | "walk" | "hybrid";
  /** α of the walk where it is not chosen by the load. */
  alpha?: number;
  /** How deep the walks that are compared start: as for so many under way. Default WALK_IN_FLIGHT. */
  walkInFlight?: number;
  /** Draws of a second cap that came out as the first; without it one parent is enough then. */
  redraws?: number;
  /** Share of issuers that always attach to the first two transactions. */
  lazy?: number;
  /** A_max in latencies; without it no age rule. */
  ageMax?: number;
  /** Authors promote what nobody approves. */
  promotes?: boolean;
}

export interface LoadResult {
  /** Caps that an issuer sees, on the average. */
  caps: number;
  /** Time to the first visible approval, in latencies: mean and 99th percentile. */
  mean: number;
  p99: number;
  /** Shares of honest transactions without one in 20 latencies, and of lazy ones with one. */
  never: number;
  lazyApproved: number;
  /** The longest walk. */
  steps: number;
}

interface Issued {
  id: Uint8Array;
  parents: Uint8Array[];
  stampMs: number;
  author: number;
  seq: number;
  lazy: boolean;
  approvedMs: number;
  promoted: boolean;
}

export function runLoad(setup: LoadSetup): LoadResult {
  return new LoadRun(setup).run();
}

class LoadRun {
  private readonly setup: LoadSetup;
  private readonly random: Random;
  private readonly draws: Draws;
  private readonly graph: Graph;
  private readonly walk: BiasedWalk;
  private readonly selector: CapSelector;
  private readonly issued: Issued[] = [];
  private visible = 0;
  private caps = 0;
  private steps = 0;

  constructor(setup: LoadSetup) {
    this.setup = setup;
    this.random = mulberry32(setup.seed);
    this.draws = new Draws(seededEntropy(setup.seed, 0), 256);
    this.graph = new Graph({ capacity: 2048, grows: true, window: 2048, authors: 1 });
    this.graph.blocks.add(this.idOf(2 ** 32 - 1), 0);
    this.walk = new BiasedWalk(this.graph, this.draws);
    this.selector = new CapSelector(this.graph, this.draws, new Load());
  }

  run(): LoadResult {
    const { inFlight, latencies, lazy = 0, promotes } = this.setup;
    let nowMs = 0;
    while (nowMs < latencies * H) {
      nowMs += (-Math.log(1 - this.random.next()) * H) / inFlight;
      this.arrive(nowMs);
      const isLazy = this.issued.length > 2 && this.random.next() < lazy;
      const late = promotes ? this.unapproved(nowMs) : undefined;
      const parents = isLazy ? this.issued.slice(0, 2).map(({ id }) => id) : this.parents(nowMs);
      if (late && !parents.some((id) => bytesEqual(id, late))) parents[0] = late;
      this.issue(nowMs, parents, isLazy);
    }
    return this.result(nowMs);
  }

  private idOf(n: number): Uint8Array {
    const id = new Uint8Array(32);
    const view = new DataView(id.buffer);
    view.setUint32(0, Math.imul(n + 1, 0x9e3779b1)); // spread as a hash is
    view.setUint32(28, n);
    return id;
  }

  private issue(nowMs: number, parents: Uint8Array[], lazy: boolean): void {
    const seq = this.issued.length;
    const id = this.idOf(seq);
    const never = Number.POSITIVE_INFINITY;
    const rest = { lazy, approvedMs: never, promoted: false };
    this.issued.push({ id, parents, stampMs: nowMs, author: 0, seq, ...rest });
  }

  /** What was issued a latency ago is seen. */
  private arrive(nowMs: number): void {
    for (; this.visible < this.issued.length; this.visible++) {
      const one = this.issued[this.visible];
      if (one.stampMs + H > nowMs) return;
      const handle = this.graph.add(one);
      for (const which of [0, 1]) {
        const parent = this.graph.parent(handle, which);
        if (parent === NONE || parent === BLOCK) continue;
        const approved = this.issued[this.graph.seq(parent)];
        approved.approvedMs = Math.min(approved.approvedMs, one.stampMs + H);
      }
    }
  }

  private parents(nowMs: number): Uint8Array[] {
    const { graph, setup, selector } = this;
    const { rule, ageMax = Number.POSITIVE_INFINITY } = setup;
    const when: Rule = { nowMs, ageMaxMs: ageMax * H };
    if (nowMs > WARM_UP) this.caps += this.graph.caps.count;
    if (rule === "hybrid" && setup.alpha === undefined) {
      const parents = selector.parents(when);
      this.steps = Math.max(this.steps, selector.steps);
      return parents.map(({ id }) => id);
    }
    const first = rule === "uniform" ? this.uniform(when) : this.walked();
    const another = () => (rule === "walk" ? this.walked() : this.uniform(when));
    let second = another();
    for (let i = setup.redraws ?? 0; i > 0 && second === first; i--) second = another();
    const chosen = [...new Set([first, second])].filter((handle) => handle !== NONE);
    if (chosen.length === 0) return [this.graph.blocks.idOf(0).slice()];
    return chosen.map((handle) => graph.idOf(handle).slice());
  }

  private walked(): number {
    const { setup, walk } = this;
    const start = walk.start(setup.walkInFlight ?? WALK_IN_FLIGHT);
    const end = walk.from(start, setup.alpha ?? 0);
    this.steps = Math.max(this.steps, walk.steps);
    return end === NONE ? this.graph.weights.back(0) : end;
  }

  private uniform(rule: Rule): number {
    const { caps } = this.graph;
    while (caps.live > 0) {
      const handle = caps.at(this.draws.below(caps.live));
      if (this.selector.eligible(handle, rule)) return handle;
      caps.retire(handle);
    }
    return NONE;
  }

  /** The latest that its author promotes now, which it does once. */
  private unapproved(nowMs: number): Uint8Array | undefined {
    const ageMaxMs = (this.setup.ageMax ?? 0) * H;
    for (let i = this.visible - 1; i >= 0; i--) {
      const one = this.issued[i];
      if (nowMs - one.stampMs > ageMaxMs) return undefined;
      const own = { tMs: one.stampMs, approved: one.approvedMs <= nowMs };
      const remedy = remedyFor({ ...own, sealed: false, quorate: true }, nowMs, ageMaxMs);
      if (one.lazy || one.promoted || remedy !== "promote") continue;
      one.promoted = true;
      return one.id;
    }
    return undefined;
  }

  private result(endMs: number): LoadResult {
    const counted = this.issued.filter(
      ({ stampMs }) => stampMs > WARM_UP && stampMs < endMs - WAIT - H,
    );
    const honest = counted.filter(({ lazy }) => !lazy);
    const lazy = this.issued.filter((one) => one.lazy && one.stampMs < endMs - WAIT - H);
    const waits = honest
      .map(({ stampMs, approvedMs }) => (approvedMs - stampMs) / H)
      .filter((wait) => wait <= WAIT / H)
      .sort((a, b) => a - b);
    const approved = lazy.filter(({ stampMs, approvedMs }) => approvedMs - stampMs <= WAIT);
    return {
      caps: this.caps / this.issued.filter(({ stampMs }) => stampMs > WARM_UP).length,
      mean: waits.reduce((sum, wait) => sum + wait, 0) / waits.length,
      p99: waits[Math.floor(waits.length * 0.99)],
      never: 1 - waits.length / honest.length,
      lazyApproved: lazy.length === 0 ? 0 : approved.length / lazy.length,
      steps: this.steps,
    };
  }
}
