// SPDX-License-Identifier: Apache-2.0
/** What a device took, over all its starts, and what it said meanwhile. */

import { upRecord } from "#core/records/receipt";
import { openTx, TxType } from "#core/records/tx";
import { sodiumCrypto } from "#node/crypto/sodium";
import type { LocalBus } from "../sim/local-bus.ts";
import type { XsStats } from "../xs-host/host.ts";
import type { Board } from "./board.ts";

export interface Spent {
  bytecodes: number;
  collections: number;
}

/** The most that any start took. */
export interface Peaks {
  slots: number;
  chunkBytes: number;
  stackSlots: number;
  /** Of the arena: what slots, chunks and stack had grown to. */
  arenaBytes: number;
  /** At the end, garbage collected. */
  liveSlots: number;
  liveChunkBytes: number;
}

export async function spentOf(board: Board): Promise<Spent> {
  const lives = board.past.map(({ stats }) => stats);
  const all = [...lives, await board.machine.stats()];
  const sum = (of: (stats: XsStats) => number) =>
    all.reduce((total, stats) => total + of(stats), 0);
  return {
    bytecodes: sum(({ meter }) => meter),
    collections: sum(({ collections }) => collections),
  };
}

export function spentSince(before: Spent, after: Spent): Spent {
  return {
    bytecodes: after.bytecodes - before.bytecodes,
    collections: after.collections - before.collections,
  };
}

export async function peaksOf(board: Board): Promise<Peaks> {
  const now = await board.machine.stats();
  const all = [...board.past.map(({ stats }) => stats), now];
  const most = (of: (stats: XsStats) => number) => Math.max(...all.map(of));
  const live = board.alive ? await board.machine.stats(true) : now;
  return {
    slots: most(({ slotsPeak }) => slotsPeak),
    chunkBytes: most(({ chunkBytesPeak }) => chunkBytesPeak),
    stackSlots: most(({ stackPeak }) => stackPeak),
    arenaBytes: most(({ arenaBytes }) => arenaBytes),
    liveSlots: live.slots,
    liveChunkBytes: live.chunkBytes,
  };
}

/** Messages of one node that were heard for the first time. */
export interface Said {
  readings: number;
  orders: number;
  reserves: number;
  /** SOLD and BOUGHT. */
  trades: number;
  events: number;
  /** Sets of wallet addresses. */
  wallets: number;
}

/** Counts what each node says. */
export class SaidCounter {
  private readonly byNode = new Map<string, { seq: number; said: Said }>();

  watch(bus: LocalBus, area: string): void {
    bus.attach([`wattle/1/${area}/node/+/up/+`], (topic, payload) => this.note(topic, payload));
  }

  /** Of the node `id`. */
  of(id: string): Said {
    return this.byNode.get(id)?.said ?? nothing();
  }

  private note(topic: string, payload: Uint8Array): void {
    const [, , , , id, , kind] = topic.split("/");
    if (kind === "enrol" || kind === "update") return;
    const up = upRecord.decode(payload);
    if (!up.ok) return;
    const known = this.byNode.get(id) ?? { seq: 0, said: nothing() };
    this.byNode.set(id, known);
    if (up.value.seq <= known.seq) return;
    known.seq = up.value.seq;
    const { said } = known;
    if (kind === "reading") said.readings++;
    else if (kind === "order") said.orders++;
    else if (kind === "event") said.events++;
    else if (kind === "wallets") said.wallets++;
    else {
      const tx = openTx(sodiumCrypto(), up.value.content);
      if (tx.ok && tx.tx.body.type === TxType.reserve) said.reserves++;
      else said.trades++;
    }
  }
}

function nothing(): Said {
  return { readings: 0, orders: 0, reserves: 0, trades: 0, events: 0, wallets: 0 };
}
