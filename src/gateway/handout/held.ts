// SPDX-License-Identifier: Apache-2.0
/** A state in pieces, under one root. */
import { concatBytes } from "#core/codec/bytes";
import { merkleProofs } from "#core/crypto/merkle";
import type { Crypto } from "#core/crypto/port";
import { STATE_PIECE_BYTES } from "#core/limits";
import type { StateOffer } from "#core/records/state";

/**
 * Of the form of these bytes and of all classes in it: raised when one of them changes its fields, so that
 * nobody takes the state of another version for its own (test/unit/gateway/handout/shared.test.ts tells).
 */
export const STATE_FORMAT = 1;

/** What names a state: equal at all that have the same. */
export type StateName = Pick<StateOffer, "height" | "turn" | "format" | "size" | "root">;

export interface HeldState {
  readonly name: StateName;
  readonly pieces: readonly Uint8Array[];
  /** The path of each to the root. */
  readonly paths: readonly (readonly Uint8Array[])[];
}

/** `height` is that of the next turn, `turn` the id of the last one. */
export function holdState(
  crypto: Crypto,
  place: Pick<StateName, "height" | "turn" | "format">,
  bytes: Uint8Array,
): HeldState {
  const pieces: Uint8Array[] = [];
  for (let at = 0; at < bytes.length; at += STATE_PIECE_BYTES)
    pieces.push(bytes.subarray(at, at + STATE_PIECE_BYTES));
  const { root, proofs } = merkleProofs(crypto, pieces);
  return { name: { ...place, size: bytes.length, root }, pieces, paths: proofs };
}

export function piecesOf(size: number): number {
  return Math.ceil(size / STATE_PIECE_BYTES);
}

export function wholeOf(pieces: readonly Uint8Array[]): Uint8Array {
  return concatBytes(...pieces);
}
