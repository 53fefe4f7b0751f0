// SPDX-License-Identifier: Apache-2.0
/** The blocks of a height, and what the audit of each came to. */
import { toHex } from "#core/codec/bytes";
import type { Block } from "./types.ts";

/** A code, or that it was asked for. */
type Audit = number | "asked" | undefined;

interface Entry {
  readonly block: Block;
  /** The last round that it was proposed in. */
  round: number;
  audit: Audit;
  /** The audit of one that a quorum stands for: without the clock. */
  certified: Audit;
}

export class Blocks {
  private readonly ask: (block: Block, certified: boolean) => void;
  private readonly kept = new Map<string, Entry>();

  /** `ask` is called once for each audit that is needed. */
  constructor(ask: (block: Block, certified: boolean) => void) {
    this.ask = ask;
  }

  add(block: Block, round: number): void {
    const entry = this.kept.get(block.key);
    if (!entry) this.kept.set(block.key, { block, round, audit: undefined, certified: undefined });
    else if (entry.round < round) entry.round = round;
  }

  get(key: string): Block | undefined {
    return this.kept.get(key)?.block;
  }

  /** This gateway made it, or had it audited before it restarted. */
  sound(block: Block, round: number): void {
    this.add(block, round);
    this.kept.get(block.key)!.audit = 0;
  }

  /** 0, a code, or undefined until the audit is done: it is asked for where it was not. */
  audit(key: string, certified: boolean): number | undefined {
    const entry = this.kept.get(key);
    if (!entry) return undefined;
    if (entry.audit === 0) return 0;
    // The second audit waits for the first, which may do for both.
    if (certified && typeof entry.audit === "number") {
      if (entry.certified === undefined) {
        entry.certified = "asked";
        this.ask(entry.block, true);
      }
      return entry.certified === "asked" ? undefined : entry.certified;
    }
    if (entry.audit === undefined) {
      entry.audit = "asked";
      this.ask(entry.block, false);
    }
    return entry.audit === "asked" ? undefined : entry.audit;
  }

  checked(id: Uint8Array, certified: boolean, code: number): void {
    const entry = this.kept.get(toHex(id));
    if (!entry) return;
    if (certified) entry.certified = code;
    else entry.audit = code;
  }

  /** Only these, and what was proposed in `fromRound` or later, are of use. */
  prune(fromRound: number, keys: readonly (string | undefined)[]): void {
    for (const [key, { round }] of this.kept)
      if (round < fromRound && !keys.includes(key)) this.kept.delete(key);
  }
}
