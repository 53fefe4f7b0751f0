// SPDX-License-Identifier: Apache-2.0
/** The first start on a new store. */
import { CHANGES_SHOWN } from "#core/limits";
import { nothingRetained } from "#core/topics";
import type { Area } from "./area.ts";
import type { Batch } from "./batch.ts";
import { consortiumEntry, EntryKind, packEntry, rewardsEntry, worldEntry } from "./entries.ts";
import { consortiumOf, worldOf } from "./replay.ts";

/**
 * What the log begins with; and what an earlier gateway left retained on the broker must drive nobody.
 */
export function beginLog(area: Area, batch: Batch): void {
  const { topics, options } = area;
  const { consortium, rewards } = options;
  batch.log(EntryKind.world, packEntry(worldEntry, worldOf(area)));
  if (consortium)
    batch.log(EntryKind.consortium, packEntry(consortiumEntry, consortiumOf(consortium)));
  if (rewards) batch.log(EntryKind.rewards, packEntry(rewardsEntry, rewards));
  const retained = [topics.epoch, topics.caps, topics.clearing, topics.demand, topics.chainHead];
  retained.push(topics.publicBlock, topics.dagEpoch);
  if (consortium) {
    retained.push(topics.certified);
    for (let place = 0; place < CHANGES_SHOWN; place++) retained.push(topics.changed(place));
  }
  for (const topic of retained) batch.send(topic, nothingRetained(), true);
}
