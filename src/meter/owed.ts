// SPDX-License-Identifier: Apache-2.0
/**
 * Contracts that the gateway owes. Every order that it took gets a statement with the proof that it
 * was counted, filled or not; so one that was receipted, cleared and not answered was dropped. Only
 * what went over one unbroken connection counts, for otherwise the statement may be what was lost.
 */
import { bytesEqual } from "#core/codec/bytes";
import type { ClearingRecord } from "#core/records/clearing";

interface OwedContract {
  /** Number of the message with the order. */
  seq: number;
  order: Uint8Array;
}

/** Slots after which a statement is overdue: on some brokers one topic may overtake another. */
const PATIENCE_SLOTS = 2;

export class Owed {
  private readonly bySlot = new Map<number, OwedContract>();

  /** An order for `slot` was said. */
  said(slot: number, seq: number, order: Uint8Array): void {
    this.bySlot.set(slot, { seq, order });
  }

  /** Whether there is an order without its statement. */
  get waiting(): boolean {
    return this.bySlot.size > 0;
  }

  answered(slot: number): void {
    this.bySlot.delete(slot);
  }

  /** The gateway did not take these messages. */
  refused(seqs: readonly { seq: number }[]): void {
    for (const [slot, { seq }] of this.bySlot)
      if (seqs.some((refusal) => refusal.seq === seq)) this.bySlot.delete(slot);
  }

  /** The connection is new. */
  forget(): void {
    this.bySlot.clear();
  }

  /**
   * Slots whose clearing went over this node's order, now that `slotNow` has begun; each is named
   * once.
   */
  overdue(
    slotNow: number,
    receiptedSeq: number,
    clearingOf: (slot: number) => ClearingRecord | undefined,
  ): number[] {
    const dropped: number[] = [];
    for (const [slot, { seq, order }] of this.bySlot) {
      if (slot + PATIENCE_SLOTS > slotNow) continue;
      this.bySlot.delete(slot);
      const clearing = seq > receiptedSeq ? undefined : clearingOf(slot);
      if (!clearing) continue;
      // Excluded in public: whether rightly, the audit of the log decides.
      if (!clearing.excluded.some((entry) => bytesEqual(entry.order, order))) dropped.push(slot);
    }
    return dropped;
  }
}
