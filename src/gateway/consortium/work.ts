// SPDX-License-Identifier: Apache-2.0
/** Proof-of-work beside everything else: some tries at a time, until a nonce is found or nobody wants it. */
import { findWork } from "#core/consensus/work";
import type { Crypto } from "#core/crypto/port";
import type { ConsortiumPorts } from "./ports.ts";

/** Tries in one go: about ten milliseconds. */
const TRIES = 4096;

export class Work {
  private readonly crypto: Crypto;
  private readonly after: ConsortiumPorts["after"];
  private current = 0;

  constructor(crypto: Crypto, after: ConsortiumPorts["after"]) {
    this.crypto = crypto;
    this.after = after;
  }

  /** Looks for a nonce; a search that is under way ends. */
  search(seed: Uint8Array, target: bigint, found: (nonce: number) => void): void {
    const mine = ++this.current;
    const go = (from: number): void => {
      if (mine !== this.current) return;
      const nonce = findWork(this.crypto, seed, target, from, TRIES);
      if (nonce === undefined) this.after(0, () => go(from + TRIES));
      else found(nonce);
    };
    this.after(0, () => go(0));
  }

  stop(): void {
    this.current++;
  }
}
