// SPDX-License-Identifier: Apache-2.0
/**
 * Registers between messages: two slots of flash that are written in turn, so that a power cut in one leaves
 * the other. Each message stores the registers too (journal.ts); of all copies the newest counts.
 */
import type { Journal } from "../journal.ts";
import type { KeyValueStore } from "../ports.ts";
import { sealed, unsealed } from "../sealed.ts";
import { saveDue } from "./cadence.ts";
import { packRegisters, type Registers, unpackRegisters } from "./registers.ts";

const SLOT_KEYS = Object.freeze(["r0", "r1"]);

export class RegisterKeeper {
  private readonly store: KeyValueStore;
  private readonly journal: Journal;
  /** What is on flash: the highest `seq`, the sum of both registers, and at which uptime they were stored. */
  private savedSeq = 0;
  private savedMwh = 0n;
  private savedAtMs = -1;

  constructor(store: KeyValueStore, journal: Journal) {
    this.store = store;
    this.journal = journal;
  }

  /** The newer of `known`, from the journal, and what stands in the slots. */
  recover(known: Registers): Registers {
    let newest = known;
    for (const key of SLOT_KEYS) {
      const found = this.load(key);
      if (found && found.seq > newest.seq) newest = found;
    }
    this.savedSeq = newest.seq;
    this.savedMwh = newest.importMwh + newest.exportMwh;
    return newest;
  }

  /** Writes the registers if they changed and it is time; `uptimeMs` is that of the latest sample. */
  keep(kept: Registers, uptimeMs: number): void {
    const { seq, sumMwh } = this.journal.registers;
    if (seq > this.savedSeq) {
      // A message has stored them meanwhile.
      this.savedSeq = seq;
      this.savedMwh = sumMwh;
      this.savedAtMs = uptimeMs;
    }
    if (this.savedAtMs < 0) this.savedAtMs = uptimeMs;
    if (kept.seq <= this.savedSeq) return;
    const changedMwh = kept.importMwh + kept.exportMwh - this.savedMwh;
    if (saveDue(changedMwh, uptimeMs - this.savedAtMs)) this.save(kept, uptimeMs);
  }

  private save(kept: Registers, uptimeMs: number): void {
    kept.writes++;
    kept.seq++;
    this.store.set(SLOT_KEYS[kept.writes % 2], sealed(packRegisters(kept)));
    this.savedSeq = kept.seq;
    this.savedMwh = kept.importMwh + kept.exportMwh;
    this.savedAtMs = uptimeMs;
  }

  private load(key: string): Registers | undefined {
    const value = this.store.get(key);
    const packed = value && unsealed(value);
    return packed && unpackRegisters(packed);
  }
}
