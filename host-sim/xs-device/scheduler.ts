// SPDX-License-Identifier: Apache-2.0
/** Virtual time of a neighbourhood: what happens when, in one order. */

interface Entry {
  atMs: number;
  run: () => void | Promise<void>;
}

export class Scheduler {
  nowMs: number;
  private readonly entries: Entry[] = [];

  constructor(startMs: number) {
    this.nowMs = startMs;
  }

  /** What was asked for first comes first where two fall on one moment. The result takes it back. */
  at(atMs: number, run: () => void | Promise<void>): () => void {
    const entry = { atMs: Math.max(this.nowMs, atMs), run };
    const { entries } = this;
    let i = entries.length;
    while (i > 0 && entries[i - 1].atMs > entry.atMs) i--;
    entries.splice(i, 0, entry);
    return () => {
      const found = entries.indexOf(entry);
      if (found >= 0) entries.splice(found, 1);
    };
  }

  after(delayMs: number, run: () => void | Promise<void>): () => void {
    return this.at(this.nowMs + delayMs, run);
  }

  get nextMs(): number | undefined {
    return this.entries[0]?.atMs;
  }

  /** Goes on to the next entry and runs it. */
  async step(): Promise<void> {
    const entry = this.entries.shift();
    if (!entry) return;
    this.nowMs = Math.max(this.nowMs, entry.atMs);
    await entry.run();
  }
}
