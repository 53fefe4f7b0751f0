// SPDX-License-Identifier: Apache-2.0
/**
 * I17: no cap starves. One that is valid is approved within A_max, or a block makes it final: the next one,
 * and no later than two slots after A_max (a slot has a block, and some a slot that waits for the missing).
 */
import { TxType } from "#core/records/tx";
import type { GatewayOptions } from "#gateway/options";
import type { SeenTx } from "./check-dag.ts";
import { must } from "./violation.ts";

interface Waiting {
  tx: SeenTx;
  /** Its T, or when it came: it may have been held back. */
  sinceMs: number;
  /** Of the last block that was there before it. */
  height: number;
}

export class CapCheck {
  /** The longest that one was neither approved nor final, protocol ms; and those beyond A_max. */
  mostMs = 0;
  beyond = 0;
  private readonly ageMaxMs: number;
  private readonly slotMs: number;
  private readonly waiting = new Map<string, Waiting>();
  private readonly known = new Set<string>();
  private looked = "";

  constructor({ ageMaxMs, slotMs }: Pick<GatewayOptions, "ageMaxMs" | "slotMs">) {
    this.ageMaxMs = ageMaxMs;
    this.slotMs = slotMs;
  }

  /** After each event; `block`: the latest. */
  look(
    txs: ReadonlyMap<string, SeenTx>,
    finalIds: ReadonlySet<string>,
    block: { height: number; atMs: number } | undefined,
    nowMs: number,
  ): void {
    const change = `${txs.size} ${block?.height} ${nowMs}`;
    if (change === this.looked) return;
    this.looked = change;
    const height = block?.height ?? -1;
    for (const tx of txs.values()) {
      if (this.known.has(tx.id)) continue;
      this.known.add(tx.id);
      this.waiting.set(tx.id, { tx, height, sinceMs: Math.max(tx.tMs, nowMs) });
    }
    for (const [id, { tx, height: before, sinceMs }] of this.waiting) {
      const final = finalIds.has(id);
      must(final || height <= before, "I17", () => `block ${height} leaves ${id} out`);
      const untilMs = tx.childMs ?? (final ? block!.atMs : nowMs);
      // Nobody waits for a PROMOTE, which spends nothing: that of a PROMOTE would have no end.
      if (tx.tx.body.type !== TxType.promote) this.waits(id, untilMs - sinceMs);
      if (!final) continue;
      if (untilMs - sinceMs > this.ageMaxMs) this.beyond++;
      this.waiting.delete(id);
    }
  }

  private waits(id: string, ms: number): void {
    this.mostMs = Math.max(this.mostMs, ms);
    const mostMs = this.ageMaxMs + 2 * this.slotMs;
    must(ms <= mostMs, "I17", () => `${id} waits for ${ms} ms, A_max ${this.ageMaxMs}`);
  }

  /** When a run is over nothing is left, but for what came after the `last` block. */
  finish(last: number = Number.POSITIVE_INFINITY): void {
    for (const [id, { tx, height }] of this.waiting) {
      const fine = tx.approved || height >= last || tx.tx.body.type === TxType.promote;
      must(fine, "I17", () => `${tx.tx.body.seq} of ${id} starved`);
    }
  }
}
