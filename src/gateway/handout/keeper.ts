// SPDX-License-Identifier: Apache-2.0
/**
 * Makes a state every so many turns, for others; and where the log is to be kept short, puts one into it now
 * and then, and drops what came before the one before.
 */
import type { Area } from "../area.ts";
import { GraphFault } from "../checkpoint/graph.ts";
import type { Replica } from "../consortium/replica.ts";
import { packSegment } from "../entries.ts";
import type { GatewayPorts } from "../ports.ts";
import { announceBase, basesIn, entriesOf, headOf } from "./base.ts";
import type { HeldState } from "./held.ts";
import { packShared } from "./shared.ts";
import { stateTurnsOf } from "./states.ts";

/** Entries that are dropped with one turn: some ten milliseconds. */
const DROP_ENTRIES = 2048;

export class StateKeeper {
  private readonly area: Area;
  private readonly ports: GatewayPorts;
  private readonly replica: Replica;
  /** What is before this entry is to be dropped; undefined: nothing is. */
  private dropTo: number | undefined;

  constructor(area: Area, ports: GatewayPorts, replica: Replica) {
    this.area = area;
    this.ports = ports;
    this.replica = replica;
    // A drop that a restart came upon goes on.
    const [, older] = basesIn(ports.store);
    const { gap } = ports.store;
    if (gap && older && older.index > gap.before) this.dropTo = older.index;
  }

  /** A turn is executed and in the log. */
  settled(): void {
    const { past, states } = this.replica;
    states.handout.settled();
    const { before } = past;
    if (before.height % stateTurnsOf(this.area.options) === 0) this.make();
    this.drop();
  }

  private make(): void {
    const { area, ports, replica } = this;
    const { height, prev } = replica.past.before;
    if (!prev) return;
    try {
      const held = replica.states.handout.hold(height, prev, packShared(area, ports, replica));
      if (held) this.log(held);
    } catch (error) {
      if (!(error instanceof GraphFault)) throw error;
      ports.log("warn", "no-state", { cause: error.message });
    }
  }

  /** The log keeps at least `keepTurns`: when the last state in it is so old, what came before goes. */
  private log(held: HeldState): void {
    const { store } = this.ports;
    const { keepTurns } = this.area.options.consortium ?? {};
    if (keepTurns === undefined) return;
    const [last] = basesIn(store);
    if (last && held.name.height < last.entry.height + keepTurns) return;
    announceBase(store);
    // What no turn took in yet comes again behind the state: what is before it may not be read any more.
    const open = this.replica.feeds.ready();
    const entries = entriesOf(held, [], this.area.publicChain.place);
    const first = store.length + 1 + entries.length;
    store.append([...entries, ...open.map(({ bytes }) => packSegment(bytes))]);
    open.forEach((segment, i) => {
      this.replica.logged(segment, first + i);
    });
    if (last) this.dropTo = last.index;
  }

  private drop(): void {
    const { dropTo, ports, replica } = this;
    if (dropTo === undefined) return;
    const { store } = ports;
    const head = headOf(store);
    const before = Math.min(dropTo, Math.max(store.gap?.before ?? 0, head + 1) + DROP_ENTRIES);
    store.drop(head, before);
    if (before < dropTo) return;
    this.dropTo = undefined;
    replica.archive.forget(dropTo);
    ports.log("info", "log-pruned", { first: dropTo });
  }
}
