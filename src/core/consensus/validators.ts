// SPDX-License-Identifier: Apache-2.0
/** The gateways that agree on one height, and how many of them make what (docs/consensus.md, "Quorums"). */
import { bytesEqual, compareBytes, toHex } from "../codec/bytes.ts";
import { assert } from "../errors/assert.ts";
import { GATEWAYS_MAX } from "./limits.ts";

/** A gateway: its id, which stays, and the key that it signs with at this height. */
export interface Validator {
  readonly id: Uint8Array;
  readonly publicKey: Uint8Array;
}

/** Whose voices make a certificate; a node has no more of a set. */
export interface Voters {
  /** Ascending by id. */
  readonly list: readonly Validator[];
  readonly size: number;
  readonly quorum: number;
}

/** `quorum`: the safe rule. `unanimous`: the paper's, where one silent gateway stops all. */
export type QuorumRule = "quorum" | "unanimous";

/** f = ⌊(m − 1) / 3⌋: how many of m gateways may do anything at all. */
export function faultsOf(m: number): number {
  return Math.floor((m - 1) / 3);
}

/** ⌊2m / 3⌋ + 1 of m: two such sets share more than f gateways. */
export function quorumOf(m: number, rule: QuorumRule = "quorum"): number {
  return rule === "unanimous" ? m : Math.floor((2 * m) / 3) + 1;
}

export class ValidatorSet {
  /** Ascending by id: a gateway's place is its number in bit maps and certificates. */
  readonly list: readonly Validator[];
  readonly rule: QuorumRule;
  readonly size: number;
  readonly quorum: number;
  /** More than f: at least one of so many keeps the rules. */
  readonly some: number;
  private readonly ids: readonly string[];
  private readonly places = new Map<string, number>();

  /** At least one gateway and at most GATEWAYS_MAX, of different ids (assertion VALIDATORS). */
  constructor(validators: readonly Validator[], rule: QuorumRule = "quorum") {
    const { length } = validators;
    assert(length > 0 && length <= GATEWAYS_MAX, "VALIDATORS", `${length} gateways`);
    this.list = [...validators].sort((a, b) => compareBytes(a.id, b.id));
    this.rule = rule;
    this.size = length;
    this.quorum = quorumOf(length, rule);
    this.some = faultsOf(length) + 1;
    this.ids = this.list.map(({ id }) => toHex(id));
    for (let i = 0; i < length; i++) this.places.set(this.ids[i], i);
    assert(this.places.size === length, "VALIDATORS", "an id twice");
  }

  /** Id in hex of the gateway at this place. */
  idHexAt(place: number): string {
    return this.ids[place];
  }

  /** Place of the gateway with this id in hex; -1 for none of the set. */
  indexOf(idHex: string): number {
    return this.places.get(idHex) ?? -1;
  }

  /** The same, if it is the one with this key. */
  indexOfKey(idHex: string, publicKey: Uint8Array): number {
    const index = this.indexOf(idHex);
    return index >= 0 && bytesEqual(this.list[index].publicKey, publicKey) ? index : -1;
  }

  /**
   * Round-robin: whose turn it is. Round 0 of each height has the next gateway. Its later rounds have the
   * others, where more than one may be dead in an order of the height's own: dead neighbours then do not fail
   * one after the other.
   */
  leader(height: number, round: number): number {
    const turn = round % this.size;
    return turn === 0 ? height % this.size : turnsAt(height, this.size)[turn];
  }
}

/** Every place once: `height` modulo `size`, and then the others, shuffled by the height alone. */
function turnsAt(height: number, size: number): number[] {
  const first = height % size;
  const places = Array.from({ length: size }, (_, i) => (first + i) % size);
  if (faultsOf(size) < 2) return places;
  let mixed = Math.imul(height + 1, 0x9e3779b1);
  for (let i = size - 1; i > 1; i--) {
    // xorshift32: public and the same everywhere is all that it has to be.
    mixed ^= mixed << 13;
    mixed ^= mixed >>> 17;
    mixed ^= mixed << 5;
    const other = 1 + ((mixed >>> 0) % i);
    const place = places[i];
    places[i] = places[other];
    places[other] = place;
  }
  return places;
}
