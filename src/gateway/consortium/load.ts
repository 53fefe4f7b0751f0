// SPDX-License-Identifier: Apache-2.0
/** What goes into a gateway's feed in one go: no more than the segments that there is room for. */
import type { FedEntry } from "#core/records/segment";
import { Grouping } from "./segments.ts";

/** A message may come with a proof: each of the two may begin a segment. */
export const WITH_PROOF = 2;

export class Load {
  readonly entries: FedEntry[] = [];
  private readonly groups = new Grouping();
  private readonly firstSeq: number;
  private readonly room: number;

  /** Its segments are numbered from `firstSeq`, and there is room for so many. */
  constructor(firstSeq: number, room: number) {
    this.firstSeq = firstSeq;
    this.room = room;
  }

  /** Whether this one fits too, and leaves room for `spare` further segments. */
  fits(entry: FedEntry, spare = 0): boolean {
    return this.groups.with(entry) <= this.room - spare;
  }

  /** Takes an entry that fits; the number of its segment. */
  add(entry: FedEntry): number {
    this.entries.push(entry);
    this.groups.add(entry);
    return this.firstSeq + this.groups.made.length - 1;
  }
}
