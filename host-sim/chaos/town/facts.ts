// SPDX-License-Identifier: Apache-2.0
/** What the checkers of a town remember of logs, turns and feeds. */
import type { Cut, Turn } from "#core/records/turn";

export interface Entry {
  kind: number;
  bytes: Uint8Array;
}

export interface SegmentFacts {
  id: string;
  idBytes: Uint8Array;
  gateway: string;
  seq: number;
  prev: string | undefined;
  prevBytes: Uint8Array | undefined;
  /** Changes of the gateways that it wishes for. */
  wishes: Uint8Array[];
}

/** What the log of one honest gateway has. */
export interface LogFacts {
  turns: number;
  blocks: number;
  segments: Set<string>;
  /** By node, the highest number. */
  said: Map<string, number>;
}

export interface AgreedTurn {
  header: Uint8Array;
  plan: Uint8Array;
  turn: Turn;
  cuts: Cut[];
}

/** How far turns have gone in a feed, and the segment before that. */
export interface FeedFacts {
  gateway: string;
  seq: number;
  id: Uint8Array;
  before: Uint8Array | undefined;
}
