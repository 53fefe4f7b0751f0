// SPDX-License-Identifier: Apache-2.0
/** How much firmware goes out: to each node, and to all together, so that the market's messages get through. */
import { FETCH_BURST, FETCH_PER_SECOND, FIRMWARE_BYTES_PER_SECOND } from "#core/limits";
import { SECOND_MS } from "#core/units/time";

/** What may be taken at once, and what comes back in a second. */
class Bucket {
  private level: number;
  private readonly most: number;
  private readonly perSecond: number;
  private lastMs: number;

  constructor(most: number, perSecond: number, nowMs: number) {
    this.level = most;
    this.most = most;
    this.perSecond = perSecond;
    this.lastMs = nowMs;
  }

  has(amount: number, nowMs: number): boolean {
    // A clock that is set back gives nothing.
    const elapsedMs = Math.max(0, nowMs - this.lastMs);
    this.lastMs = nowMs;
    this.level = Math.min(this.most, this.level + (elapsedMs * this.perSecond) / SECOND_MS);
    return this.level >= amount;
  }

  take(amount: number): void {
    this.level -= amount;
  }
}

export class FetchRate {
  private readonly all: Bucket;
  /** One for each member that has ever asked. */
  private readonly nodes = new Map<string, Bucket>();

  constructor(nowMs: number) {
    this.all = new Bucket(FIRMWARE_BYTES_PER_SECOND, FIRMWARE_BYTES_PER_SECOND, nowMs);
  }

  /** Whether one more request of `node` for `bytes` may be answered; then it counts. */
  allow(node: string, bytes: number, nowMs: number): boolean {
    let own = this.nodes.get(node);
    if (!own) {
      own = new Bucket(FETCH_BURST, FETCH_PER_SECOND, nowMs);
      this.nodes.set(node, own);
    }
    const ownHas = own.has(1, nowMs);
    if (!this.all.has(bytes, nowMs) || !ownHas) return false;
    own.take(1);
    this.all.take(bytes);
    return true;
  }
}
