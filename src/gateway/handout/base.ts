// SPDX-License-Identifier: Apache-2.0
/**
 * A state in the log: behind it the log can be executed without what came before. Its pieces follow it. Where
 * the newest is, is kept beside the log; the name is written before the entries, so that it may be of none.
 */
import { bytesEqual } from "#core/codec/bytes";
import { list, struct, uint } from "#core/codec/schema";
import { merkleRoot } from "#core/crypto/merkle";
import type { Crypto } from "#core/crypto/port";
import type { PublicPlace } from "../chain/public.ts";
import {
  EntryKind,
  packEntry,
  pieceEntry,
  type StateEntry,
  stateEntry,
  unpackEntry,
} from "../entries.ts";
import type { LogEntry, LogStore } from "../ports.ts";
import { type HeldState, wholeOf } from "./held.ts";

const KEPT = "base";
/** The newest and the one before it. */
const keptStruct = struct({ at: list(uint(), 2) });

const HEAD: readonly number[] = Object.freeze([
  EntryKind.world,
  EntryKind.consortium,
  EntryKind.rewards,
]);

/** Where a state is: its own entry, and the first one behind its pieces. */
export interface Base {
  readonly index: number;
  readonly next: number;
  readonly entry: StateEntry;
}

/** A state is damaged: nothing behind it can be executed. */
export class StateDamaged extends Error {
  override readonly name = "StateDamaged";
}

export function entriesOf(
  { name, pieces }: Pick<HeldState, "name" | "pieces">,
  offers: readonly Uint8Array[],
  place?: PublicPlace,
): { kind: number; bytes: Uint8Array }[] {
  const { height, turn, format, size, root } = name;
  const made = { pieces: pieces.length, offers: [...offers], place };
  const entry: StateEntry = { height, turn, format, size, root, ...made };
  return [
    { kind: EntryKind.state, bytes: packEntry(stateEntry, entry) },
    ...pieces.map((bytes) => ({ kind: EntryKind.piece, bytes: packEntry(pieceEntry, { bytes }) })),
  ];
}

/** The next entry to be appended is a state's. */
export function announceBase(store: LogStore): void {
  const [newest] = basesIn(store);
  const at = [store.length + 1, ...(newest ? [newest.index] : [])];
  store.keep(KEPT, packEntry(keptStruct, { at }));
}

/** States in the log, the newest first. */
export function basesIn(store: LogStore): Base[] {
  const kept = store.kept(KEPT);
  if (!kept) return [];
  return unpackEntry(keptStruct, kept).at.flatMap((index) => {
    const entry = index <= store.length ? firstFrom(store, index) : undefined;
    if (entry?.index !== index || entry.kind !== EntryKind.state) return [];
    const state = unpackEntry(stateEntry, entry.bytes);
    return [{ index, next: index + 1 + state.pieces, entry: state }];
  });
}

/** The bytes of a state of the log. StateDamaged where they are not what was put there. */
export function readState(
  crypto: Crypto,
  store: LogStore,
  { index, next, entry }: Base,
): Uint8Array {
  const pieces: Uint8Array[] = [];
  for (const { kind, bytes, index: at } of store.read(index + 1)) {
    if (at >= next || kind !== EntryKind.piece) break;
    pieces.push(unpackEntry(pieceEntry, bytes).bytes);
  }
  if (pieces.length !== entry.pieces || !bytesEqual(merkleRoot(crypto, pieces), entry.root))
    throw new StateDamaged(`the state at entry ${index} is damaged`);
  return wholeOf(pieces);
}

/** At a restart: what is known already, if this gateway came to the state itself. */
export function passState(kind: number, bytes: Uint8Array, index: number): true {
  if (kind === EntryKind.state && unpackEntry(stateEntry, bytes).offers.length > 0)
    throw new StateDamaged(`what comes before the state at entry ${index} does not lead to it`);
  return true;
}

/** How many entries the log begins with that are needed whatever it drops: world, gateways, rewards. */
export function headOf(store: LogStore): number {
  let head = 0;
  for (const { kind, index } of store.read()) {
    if (!HEAD.includes(kind) || index !== head + 1) break;
    head = index;
  }
  return head;
}

function firstFrom(store: LogStore, index: number): LogEntry | undefined {
  for (const entry of store.read(index)) return entry;
  return undefined;
}
