// SPDX-License-Identifier: Apache-2.0
/** Blocks as the slots need them: everything pending goes in, and the slots go on when they are decided. */
import { toHex } from "#core/codec/bytes";
import type { MintOrder } from "#core/ledger/execute";
import type { Area } from "../area.ts";
import type { Batch } from "../batch.ts";
import type { SealedBlock } from "../chain/chain.ts";
import { blockEntry, EntryKind, packEntry, publishedEntry } from "../entries.ts";
import { sendAccounts } from "../outbound.ts";

/** What is sealed beside all that is pending. */
export interface Sealing {
  slot: number;
  mints: MintOrder[];
  closed: number[];
}

/** What goes on when a block is decided, in the same turn or a later one. */
export type Then = (batch: Batch) => void;

/**
 * Seals everything pending, into as many blocks as it takes, and makes them known. Where gateways have to
 * agree, the area waits (`area.sealing`) until they have, and goes on with `then`.
 */
export function seal(area: Area, batch: Batch, sealing: Sealing, then: Then): void {
  if (!area.chain.overfull) return sealOne(area, batch, sealing, then);
  const part = { slot: sealing.slot, mints: [], closed: [] };
  sealOne(area, batch, part, (later) => seal(area, later, sealing, then));
}

function sealOne(area: Area, batch: Batch, { slot, mints, closed }: Sealing, then: Then): void {
  area.sealing = true;
  area.chain.seal(area.consensus, batch, slot, mints, closed, (block, later) => {
    area.sealing = false;
    entered(area, later, block);
    if (closed.length > 0 || mints.length > 0) sendAccounts(area, later, block);
    then(later);
  });
}

/** A block is in the chain. */
function entered(area: Area, batch: Batch, block: SealedBlock): void {
  batch.log(EntryKind.block, packEntry(blockEntry, { block: block.bytes }));
  batch.log(EntryKind.published, packEntry(publishedEntry, area.publicChain.follow(block)));
  for (const { code } of block.block.rejected) area.countRejected(code);
  unhearRejected(area, block);
  area.countPaid(block);
  area.onBlock(block);
  area.settlements.follow(area.ports.crypto, area.chain.state, block);
  area.votes.seal(block, area.world.ageMaxMs);
  area.credit.decided(area, batch, block);
  area.sendHead(batch, block);
}

/** What a block rejected is waited for again; the same when it is made and when it is replayed. */
export function unhearRejected(area: Area, { block }: SealedBlock): void {
  for (const { txid } of block.rejected)
    for (const run of area.runs.values()) run.unheard(toHex(txid));
}

/** What is pending is sealed first; where nothing is, it goes on at once. */
export function sealPending(area: Area, batch: Batch, slot: number, then: Then): void {
  if (area.chain.pending) seal(area, batch, { slot, mints: [], closed: [] }, then);
  else then(batch);
}
