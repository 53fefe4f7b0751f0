// SPDX-License-Identifier: Apache-2.0
/**
 * What a gateway has in memory, kept beside its log, so that a restart executes only what came after. It is
 * a cache: made by this very software from this very log, or else it is left alone and the log is replayed
 * whole.
 */
import { bytesEqual } from "#core/codec/bytes";
import { Inner, Leaf, MerkleMap } from "#core/crypto/merkle-map";
import { Members } from "#core/pot/members";
import { EpochElectorate } from "#core/votes/electorate";
import type { Area } from "../area.ts";
import { termsDigest } from "../consortium/terms.ts";
import { packEntry, worldEntry } from "../entries.ts";
import { FeederCheck } from "../feeder/check.ts";
import { Drift } from "../feeder/drift.ts";
import { Fit } from "../feeder/fit.ts";
import { Spans } from "../feeder/spans.ts";
import { Suspects } from "../feeder/suspects.ts";
import type { GatewayPorts, LogEntry } from "../ports.ts";
import { worldOf } from "../replay.ts";
import { DirectDeals } from "../slots/deals.ts";
import { SlotRun } from "../slots/run.ts";
import { KeptCommittees } from "../smartchain/committees.ts";
import { flatten, GraphFault, type PlainGraph, restore } from "./graph.ts";

/** Plain data to bytes and back, on the engine that the gateway runs on. */
export interface Packer {
  /** Of the software: a checkpoint of another one is not read. */
  readonly build: string;
  pack(value: unknown): Uint8Array;
  unpack(bytes: Uint8Array): unknown;
}

const NAME = "checkpoint";
/** Log entries from one checkpoint to the next: a second or two of replay. */
const EVERY_ENTRIES = 5000;

/** Of objects that an area does not have at its beginning. */
const CLASSES = [
  SlotRun,
  DirectDeals,
  KeptCommittees,
  EpochElectorate,
  Members,
  MerkleMap,
  Inner,
  Leaf,
  FeederCheck,
  Spans,
  Drift,
  Fit,
  Suspects,
];

interface Packed {
  build: string;
  /** Digest of the settings: with others the log is executed, and what does not fit is found. */
  terms: Uint8Array;
  /** The last entry of the log that it has, and SHA-256 of that. */
  index: number;
  last: Uint8Array;
  graph: PlainGraph;
}

export class Checkpoints {
  private readonly area: Area;
  private readonly ports: GatewayPorts;
  /** What is kept beside the area; its functions and ports are left as they are. */
  private readonly beside: () => object;
  private readonly outside: ReadonlyMap<string, unknown>;
  private lastIndex = 0;

  constructor(area: Area, ports: GatewayPorts, beside: () => object) {
    this.area = area;
    this.ports = ports;
    this.beside = beside;
    this.outside = outsideOf(area, ports);
  }

  /** Keeps what there is now, if enough has come since the last time. */
  look(): void {
    const { packer, store } = this.ports;
    if (packer && store.length >= this.lastIndex + EVERY_ENTRIES) this.save();
  }

  /** Keeps what there is now. */
  save(): void {
    const { packer, store, crypto, log } = this.ports;
    const last = firstOf(store.read(store.length));
    if (!packer || !last || store.length === this.lastIndex) return;
    try {
      const graph = flatten(this.root(), this.outside);
      const { build } = packer;
      const packed: Packed = {
        build,
        terms: this.terms,
        index: last.index,
        last: crypto.sha256(last.bytes),
        graph,
      };
      store.keep(NAME, packer.pack(packed));
      this.lastIndex = last.index;
    } catch (error) {
      if (!(error instanceof GraphFault)) throw error;
      log("warn", "no-checkpoint", { cause: error.message });
      this.lastIndex = store.length; // not again at every turn
    }
  }

  /**
   * The entry from which on the log has to be executed: behind the checkpoint, whose state is in place then,
   * or the first.
   */
  load(): number {
    const { packer, store, crypto, log } = this.ports;
    const bytes = packer && store.kept(NAME);
    if (!packer || !bytes) return 1;
    const packed = packer.unpack(bytes) as Packed;
    if (packed.build !== packer.build || packed.index > store.length) return 1;
    if (!bytesEqual(packed.terms, this.terms) || !this.isOwn()) return 1;
    const last = firstOf(store.read(packed.index));
    if (!last || !bytesEqual(crypto.sha256(last.bytes), packed.last)) return 1;
    try {
      restore(packed.graph, this.root(), this.outside, CLASSES);
    } catch (error) {
      if (!(error instanceof GraphFault)) throw error;
      log("warn", "no-checkpoint", { cause: error.message });
      return 1; // nothing was filled in yet
    }
    this.lastIndex = packed.index;
    // A slot waits for its members only while the gateway runs.
    if (!this.area.shared)
      for (const run of this.area.runs.values()) run.phaseRealMs = this.ports.time.nowMs();
    const { state, head } = this.area.chain;
    if (head && !bytesEqual(state.root(crypto), head.header.stateRoot))
      throw new GraphFault("the ledger of the checkpoint is not that of its last block");
    log("info", "checkpoint", { entries: packed.index });
    return packed.index + 1;
  }

  /** Whether the log is of this gateway and world; where it is not, executing it says what is different. */
  private isOwn(): boolean {
    const first = firstOf(this.ports.store.read(1));
    return (
      first !== undefined && bytesEqual(first.bytes, packEntry(worldEntry, worldOf(this.area)))
    );
  }

  private get terms(): Uint8Array {
    const { crypto, tariff } = this.ports;
    return termsDigest(crypto, this.area.options, tariff, undefined);
  }

  private root(): object {
    return { area: this.area, beside: this.beside() };
  }
}

/** What an area is made with, and its secrets: it has them anyhow. */
function outsideOf(area: Area, ports: GatewayPorts): Map<string, unknown> {
  const { options, publicChain, consensus } = area;
  const outside = new Map<string, unknown>([
    ["area ports", area.ports],
    ["ports", ports],
    ["options", options],
    ["secret key", options.secretKey],
    ["salt key", publicChain.saltKey],
    ["consensus", consensus],
  ]);
  for (const [name, value] of [...Object.entries(ports), ...Object.entries(area.ports)])
    if (typeof value === "object" && value !== null) outside.set(`port ${name}`, value);
  return outside;
}

/** The first of these. */
function firstOf(entries: Iterable<LogEntry>): LogEntry | undefined {
  for (const entry of entries) return entry;
  return undefined;
}
