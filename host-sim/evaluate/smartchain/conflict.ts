// SPDX-License-Identifier: Apache-2.0
/**
 * Two transactions that exclude each other, issued at once (ledger 4.3): how long attaching alone takes to
 * decide, which is what paper 2 says of a double spend ("will die out"). Times are in units of 1/1000 h.
 */
import { Draws } from "#core/dag/draws";
import { Graph } from "#core/dag/graph";
import { NONE } from "#core/dag/handles";
import { Load } from "#core/dag/load";
import { CapSelector } from "#core/dag/select";
import { BiasedWalk } from "#core/dag/walk";
import { seededEntropy } from "../../fleet/entropy.ts";
import { type Random, randomStream } from "../../worlds/random.ts";
import { mean } from "./stats.ts";

const H = 1000;
/** When the two are issued, in latencies. */
const FORK = 20;
/** Latencies after the fork at which the shares are looked at, over the ones before. */
export const LOOKS: readonly number[] = Object.freeze([20, 50, 100]);
const LOOK_BACK = 10;
/** Draws of a cap that does not fit the one before. */
const REDRAWS = 8;
/** Transaction that walks start from where they start before the fork. */
const BEFORE_FORK = 5;
/** Sides as bits: nothing of either, one of the two, and what attaches to both, which nobody may. */
const [NEITHER, BOTH] = [0, 3];
/** Members whose votes bind what they attach to. */
const VOTERS = 50;

export interface ConflictSetup {
  seed: number;
  inFlight: number;
  /** α of two walks; `chosen` is the selection of ledger 4.3, where each issuer keeps to its own vote. */
  alpha: number | "chosen";
  /** Where the walks start: before the fork however old it is, or 50 to 100 back as nodes do. */
  start: "fork" | "bounded";
  runs: number;
}

export interface ConflictResult {
  start: "fork" | "bounded";
  alpha: number | "chosen";
  runs: number;
  /** Share of new transactions on the winning side, at each of LOOKS: the mean over runs. */
  shares: number[];
  /** Runs after which nothing new attaches to either, and runs with a side above 0.95 at the end. */
  orphaned: number;
  decided: number;
}

export function runConflict(setup: ConflictSetup): ConflictResult {
  const { seed, alpha, start, runs } = setup;
  const all = Array.from({ length: runs }, (_, run) =>
    new ConflictRun(randomStream(seed, 5, run), setup).run(),
  );
  const shares = LOOKS.map((_, i) => mean(all.map((looks) => looks[i])));
  const last = LOOKS.length - 1;
  return {
    ...{ start, alpha, runs, shares },
    orphaned: all.filter((looks) => looks[last] < 0.05).length,
    decided: all.filter((looks) => looks[last] > 0.95).length,
  };
}

class ConflictRun {
  private readonly random: Random;
  private readonly setup: ConflictSetup;
  private readonly graph = new Graph({ capacity: 2048, grows: true, window: 2048, authors: 1 });
  private readonly walk: BiasedWalk;
  private readonly selector: CapSelector;
  /** By number: time of issue, and the side that is in its past. */
  private readonly issued: { stampMs: number; side: number; parents: Uint8Array[] }[] = [];
  private visible = 0;
  /** The side that each voter saw first; the author of a new transaction is one of them. */
  private readonly votes: number[];

  constructor(random: Random, setup: ConflictSetup) {
    this.random = random;
    this.setup = setup;
    const draws = new Draws(seededEntropy(random.uint32(), 0), 256);
    this.walk = new BiasedWalk(this.graph, draws);
    this.selector = new CapSelector(this.graph, draws, new Load());
    this.graph.blocks.add(idOf(2 ** 32 - 1), 0);
    this.votes = Array.from({ length: VOTERS }, () => 1 + random.below(2));
  }

  /** The winning side's share at each of LOOKS. */
  run(): number[] {
    const { issued, random } = this;
    const { inFlight } = this.setup;
    let nowMs = 0;
    let forked = false;
    while (nowMs < (FORK + LOOKS[LOOKS.length - 1]) * H) {
      nowMs += (-Math.log(1 - random.next()) * H) / inFlight;
      this.arrive(nowMs);
      if (!forked && nowMs > FORK * H) {
        const parents = this.attach(nowMs, NEITHER).map((handle) => this.idAt(handle));
        for (const side of [1, 2]) issued.push({ stampMs: nowMs, side, parents });
        forked = true;
      } else {
        const handles = this.attach(nowMs, this.votes[random.below(VOTERS)]);
        const side = handles.reduce((sum, handle) => sum | this.sideOf(handle), NEITHER);
        issued.push({ stampMs: nowMs, side, parents: handles.map((one) => this.idAt(one)) });
      }
    }
    return LOOKS.map((look) => this.share((FORK + look) * H));
  }

  private share(atMs: number): number {
    const fresh = this.issued.filter(
      ({ stampMs }) => stampMs <= atMs && stampMs > atMs - LOOK_BACK * H,
    );
    const count = (side: number) => fresh.filter((one) => one.side === side).length;
    return Math.max(count(1), count(2)) / fresh.length;
  }

  private arrive(nowMs: number): void {
    for (; this.visible < this.issued.length; this.visible++) {
      const { stampMs, parents } = this.issued[this.visible];
      if (stampMs + H > nowMs) return;
      const seq = this.visible;
      const there = parents.length > 0 ? parents : [this.graph.blocks.idOf(0).slice()];
      this.graph.add({ id: idOf(seq), parents: there, stampMs, author: 0, seq });
    }
  }

  private sideOf(handle: number): number {
    return this.issued[this.graph.seq(handle)].side;
  }

  private idAt(handle: number): Uint8Array {
    return this.graph.idOf(handle).slice();
  }

  /** One or two caps that do not have both sides in their past. */
  private attach(nowMs: number, vote: number): number[] {
    const { alpha } = this.setup;
    if (alpha === "chosen") return this.chosen(nowMs, vote);
    const first = this.walked(alpha);
    if (first === NONE) return [];
    for (let i = 0; i < REDRAWS; i++) {
      const second = this.walked(alpha);
      const side = this.sideOf(first) | this.sideOf(second);
      if (second !== first && side !== BOTH) return [first, second];
    }
    return [first];
  }

  private chosen(nowMs: number, vote: number): number[] {
    const { selector, graph } = this;
    const accepts = (handle: number) => (this.sideOf(handle) | vote) === vote || vote === NEITHER;
    const chosen = selector.parents({ nowMs, ageMaxMs: 10 * H, accepts });
    return chosen.filter(({ block }) => !block).map(({ id }) => graph.find(id));
  }

  private walked(alpha: number): number {
    const { walk, graph } = this;
    const { start, inFlight } = this.setup;
    const early = start === "fork" && graph.count > BEFORE_FORK;
    const from = early ? graph.find(idOf(BEFORE_FORK)) : walk.start(inFlight);
    const end = walk.from(from, alpha);
    return end === NONE ? graph.weights.back(0) : end;
  }
}

function idOf(n: number): Uint8Array {
  const id = new Uint8Array(32);
  const view = new DataView(id.buffer);
  view.setUint32(0, Math.imul(n + 1, 0x9e3779b1)); // spread as a hash is
  view.setUint32(28, n);
  return id;
}
