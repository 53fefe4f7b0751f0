// SPDX-License-Identifier: Apache-2.0
/** What a witness needs: a piece of raw flash for its log, and what the node knows of the area. */
import type { Committees } from "#core/pot/committee";

/**
 * Raw NOR flash: an erase sets all bits of a sector, a write only clears bits. Each call is durable when it
 * returns; false says that the flash did not take it.
 */
export interface FlashRegion {
  /** Smallest part that can be erased, bytes. */
  readonly sectorBytes: number;
  readonly sectors: number;
  /** `offset` counts from the start of the region. What cannot be read is all 0xff. */
  read(offset: number, length: number): Uint8Array;
  /** Never over the end of a sector. */
  write(offset: number, bytes: Uint8Array): boolean;
  erase(sector: number): boolean;
}

/** A parent that the node knows: its effective time, and whether it is a sealed block. */
export interface ParentTime {
  tMs: number;
  block: boolean;
}

/** The area as the node sees it when it is asked. */
export interface WitnessContext {
  /** Of the epoch in force, and of the one before where it is known, in this order. */
  committees: readonly Committees[];
  /** Ticks: floor((ts − origin) / Δ). */
  originMs: number;
  tickMs: number;
  /** A_max of V5, ms. */
  ageMaxMs: number;
  /** undefined: the parent has not come yet. */
  parentTime(id: Uint8Array): ParentTime | undefined;
  /**
   * Under a barrier clock, protocol time stands still while a slot is worked on: bodies are accepted up to
   * this end of the slot, at their own stamp.
   */
  barrierEndMs?: number;
}
