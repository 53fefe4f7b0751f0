// SPDX-License-Identifier: Apache-2.0
/**
 * What a gateway has in memory, kept beside its log, so that a restart executes only what came after. It is
 * a cache: made by this very software from this very log, or else it is left alone and the log is replayed
 * whole.
 */
import { bytesEqual } from "#core/codec/bytes";
import type { Area } from "../area.ts";
import { termsDigest } from "../consortium/terms.ts";
import { packEntry, worldEntry } from "../entries.ts";
import type { GatewayPorts, LogEntry } from "../ports.ts";
import { worldOf } from "../replay.ts";
import { flatten, GraphFault, type PlainGraph, restore } from "./graph.ts";
import { CLASSES, outsideOf } from "./outside.ts";

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
   * or the first. `least`: the log is to be executed from there on at least.
   */
  load(least = 1): number {
    const { packer, store, crypto, log } = this.ports;
    const bytes = packer && store.kept(NAME);
    if (!packer || !bytes?.length) return 1;
    const packed = packer.unpack(bytes) as Packed;
    if (packed.build !== packer.build || packed.index > store.length) return 1;
    if (packed.index + 1 < least) return 1;
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
    if (head && !bytesEqual(state.root(crypto), head.header.stateRoot)) {
      store.keep(NAME, new Uint8Array(0)); // what it filled in cannot be taken back in this life
      throw new GraphFault(
        "the ledger of the checkpoint is not that of its last block. The checkpoint is put away: start the " +
          "gateway again, and it executes its log",
      );
    }
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

/** The first of these. */
function firstOf(entries: Iterable<LogEntry>): LogEntry | undefined {
  for (const entry of entries) return entry;
  return undefined;
}
