// SPDX-License-Identifier: Apache-2.0
/** The votes of one phase of one round: one of each gateway, the first that came. */
import { bytesEqual } from "#core/codec/bytes";
import type { VoteMessage } from "./types.ts";

export class Tally {
  /** By place of the voter. */
  readonly votes: (VoteMessage | undefined)[];
  /** Voters, whatever they said. */
  count = 0;
  private readonly counts = new Map<string, number>();

  constructor(size: number) {
    this.votes = new Array<VoteMessage | undefined>(size).fill(undefined);
  }

  /** `new`, `known` for the same word again, or the other word that this voter said before. */
  add(place: number, message: VoteMessage): "new" | "known" | VoteMessage {
    const before = this.votes[place];
    if (before) return bytesEqual(before.record, message.record) ? "known" : before;
    this.votes[place] = message;
    this.count++;
    this.counts.set(message.block, this.of(message.block) + 1);
    return "new";
  }

  /** Votes for a block, by its key; of "" for nil. */
  of(block: string): number {
    return this.counts.get(block) ?? 0;
  }

  /** What at least `quorum` said; undefined while there is no such thing. */
  winner(quorum: number): string | undefined {
    for (const [block, count] of this.counts) if (count >= quorum) return block;
    return undefined;
  }

  /** Those for one block, ascending by place. */
  for(block: string): VoteMessage[] {
    return this.votes.filter((vote): vote is VoteMessage => vote?.block === block);
  }

  remove(place: number): void {
    const vote = this.votes[place];
    if (!vote) return;
    this.votes[place] = undefined;
    this.count--;
    this.counts.set(vote.block, this.of(vote.block) - 1);
  }
}
