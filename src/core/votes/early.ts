// SPDX-License-Identifier: Apache-2.0
/** Votes that came before what they are for: each voter has a share of its own, so that none fills it all. */
import { toHex } from "../codec/bytes.ts";

export class EarlyVotes {
  private readonly perVoter: number;
  private readonly voters = new Map<string, Uint8Array[]>();
  private readonly queues = new Map<string, string[]>();

  /** `perVoter`: how many are kept of each, the latest. */
  constructor(perVoter: number) {
    this.perVoter = perVoter;
  }

  add(txid: Uint8Array, voter: Uint8Array): void {
    const id = toHex(txid);
    const who = toHex(voter);
    let queue = this.queues.get(who);
    if (!queue) {
      queue = [];
      this.queues.set(who, queue);
    }
    if (queue.includes(id)) return;
    queue.push(id);
    const voters = this.voters.get(id);
    if (voters) voters.push(voter.slice());
    else this.voters.set(id, [voter.slice()]);
    if (queue.length > this.perVoter) this.drop(queue.shift()!, who);
  }

  private drop(id: string, who: string): void {
    const left = this.voters.get(id)!.filter((voter) => toHex(voter) !== who);
    if (left.length > 0) this.voters.set(id, left);
    else this.voters.delete(id);
  }

  /** Who voted for `txid`, which is here now. */
  take(txid: Uint8Array): readonly Uint8Array[] {
    if (this.voters.size === 0) return [];
    const id = toHex(txid);
    const voters = this.voters.get(id);
    if (!voters) return [];
    this.voters.delete(id);
    for (const voter of voters) {
      const who = toHex(voter);
      const queue = this.queues.get(who)!.filter((other) => other !== id);
      if (queue.length > 0) this.queues.set(who, queue);
      else this.queues.delete(who);
    }
    return voters;
  }
}
