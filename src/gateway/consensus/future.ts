// SPDX-License-Identifier: Apache-2.0
/** What came for heights ahead, and who is there already; bounded for each sender. */
import { bytesEqual } from "#core/codec/bytes";
import { CONSENSUS_FUTURE_MAX } from "#core/consensus/limits";
import type { DecisionMessage, ProposedMessage, VoteMessage } from "./types.ts";

/** Decisions ahead that are kept while those before are applied; as many are served at a time. */
export const DECISIONS_AHEAD_MAX = 16;

type Word = VoteMessage | ProposedMessage;

export class Future {
  /** Words for one height, by sender. */
  private readonly words = new Map<string, Word[]>();
  private readonly decisions = new Map<number, DecisionMessage>();
  /** The height that each gateway was last heard at. */
  private readonly heights = new Map<string, number>();
  /** The own height at which somebody was asked for decisions last. */
  private askedAt = -1;
  private helper: string | undefined;

  /** Keeps a word for the next height; false where this sender has enough there. */
  keep(message: Word): boolean {
    let words = this.words.get(message.from);
    if (!words) this.words.set(message.from, (words = []));
    if (words.length >= CONSENSUS_FUTURE_MAX) return false;
    words.push(message);
    return true;
  }

  /**
   * Whether a word of a height beyond `own` may bring anything: it is kept, or shows how far its author is.
   * Of what is not kept a height counts that is twice as far as the one before: who goes up by ones is not
   * followed step by step.
   */
  isNew(word: { from: string; record: Uint8Array; height: number }, own: number): boolean {
    const { from, record, height } = word;
    const seen = this.heights.get(from) ?? -1;
    const words = this.words.get(from) ?? [];
    const isKept = height === own + 1 && words.length < CONSENSUS_FUTURE_MAX;
    if (isKept) return !words.some((known) => bytesEqual(known.record, record));
    return seen <= own || height - own >= 2 * (seen - own);
  }

  /** The words kept, which are forgotten here. */
  takeWords(): Word[] {
    const words = [...this.words.values()].flat();
    this.words.clear();
    return words;
  }

  /** Keeps a decision beyond `height`, if it is not far ahead. */
  keepDecision(message: DecisionMessage, height: number): void {
    const { height: ahead } = message.quorum;
    if (ahead <= height + DECISIONS_AHEAD_MAX) this.decisions.set(ahead, message);
  }

  /** The decision of `height`, if it came; all before are forgotten. */
  takeDecision(height: number): DecisionMessage | undefined {
    const found = this.decisions.get(height);
    for (const kept of this.decisions.keys()) if (kept <= height) this.decisions.delete(kept);
    return found;
  }

  /** A gateway says, or shows by what it says, that it is at `height`. */
  seenAt(from: string, height: number): void {
    if (height > (this.heights.get(from) ?? -1)) this.heights.set(from, height);
  }

  /**
   * Whether to ask what was decided at `height`: the first one that is ahead; others when that brought
   * nothing.
   */
  isToAsk(height: number): boolean {
    if (this.askedAt >= height) return false;
    this.askedAt = height;
    return true;
  }

  /** A decision of `height` that came from `from` was one. */
  helped(from: string, height: number): void {
    this.helper = from;
    this.seenAt(from, height + 1);
  }

  /** Whom to ask for what is beyond `height`: who helped last, or who is furthest by its own word. */
  ahead(height: number): string | undefined {
    const { helper } = this;
    if (helper !== undefined && (this.heights.get(helper) ?? -1) > height) return helper;
    let found: string | undefined;
    let most = height;
    for (const [from, at] of this.heights)
      if (at > most) {
        most = at;
        found = from;
      }
    return found;
  }
}
