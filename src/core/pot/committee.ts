// SPDX-License-Identifier: Apache-2.0
/**
 * Who witnesses a transaction (ledger 4.4): the first k members, without its author, in the order of
 *
 *   SHA-256("sc/com/1" ‖ 0 ‖ beacon ‖ from ‖ tick as u64 ‖ member)
 *
 * Nothing in a transaction but its author and its tick has a say, so that nobody can pick his witnesses.
 */
import { bytesEqual, compareBytes } from "../codec/bytes.ts";
import type { Crypto } from "../crypto/port.ts";
import { assert } from "../errors/assert.ts";
import { NODE_ID_BYTES } from "../records/common.ts";
import type { Epoch } from "../records/epoch.ts";
import { Members, type PackedEpoch } from "./members.ts";

const DOMAIN = "sc/com/1";
const BEACON_AT = DOMAIN.length + 1;
const FROM_AT = BEACON_AT + 32;
const TICK_AT = FROM_AT + NODE_ID_BYTES;
const MEMBER_AT = TICK_AT + 8;

/** Committees that are kept: one author is asked about several times in a row, seldom more than a few. */
const CACHED = 2;

interface Drawn {
  from: Uint8Array;
  tick: number;
  indices: number[];
}

/** The committees of one epoch. */
export class Committees {
  /** The epoch without its members. */
  readonly epoch: Omit<Epoch, "members">;
  readonly members: Members;
  private readonly crypto: Crypto;
  /** What is hashed, but for author, tick and member. */
  private readonly input: Uint8Array;
  /** The members' ids one after the other, where the port hashes them at once. */
  private readonly nodes: Uint8Array | undefined;
  /** Latest first. */
  private readonly drawn: Drawn[] = [];

  /** Of an epoch, or of one as it was opened (openEpoch). Members have to ascend by id (checkEpochForm). */
  constructor(crypto: Crypto, epoch: Epoch | PackedEpoch) {
    this.crypto = crypto;
    this.epoch = "fields" in epoch ? epoch.fields : epoch;
    this.members = "fields" in epoch ? epoch.members : Members.of(epoch.members);
    this.input = new Uint8Array(MEMBER_AT + NODE_ID_BYTES);
    for (let i = 0; i < DOMAIN.length; i++) this.input[i] = DOMAIN.charCodeAt(i);
    this.input.set(this.epoch.beacon, BEACON_AT);
    this.nodes = crypto.sha256Tails && this.members.nodes();
  }

  /** Indices of members in the order of their rank: k of them, or all others where there are fewer. */
  of(from: Uint8Array, tick: number): number[] {
    const { drawn } = this;
    for (const known of drawn)
      if (known.tick === tick && bytesEqual(known.from, from)) return known.indices;
    const indices = this.draw(from, tick);
    drawn.unshift({ from: from.slice(), tick, indices });
    if (drawn.length > CACHED) drawn.pop();
    return indices;
  }

  /** Index of a member, or −1. */
  indexOf(node: Uint8Array): number {
    return this.members.indexOf(node);
  }

  /** Rank of a node in the committee of (from, tick), or −1. */
  rank(from: Uint8Array, tick: number, node: Uint8Array): number {
    const index = this.indexOf(node);
    return index < 0 ? -1 : this.of(from, tick).indexOf(index);
  }

  /** Whether a node is in the committee of (from, tick). Of a small area all others are: nothing is drawn. */
  has(from: Uint8Array, tick: number, node: Uint8Array): boolean {
    const { count } = this.members;
    if (this.epoch.k < count - 1 || this.indexOf(from) < 0) return this.rank(from, tick, node) >= 0;
    return this.indexOf(node) >= 0 && !bytesEqual(from, node);
  }

  /** Public key of the member with this index. */
  keyOf(index: number): Uint8Array {
    return this.members.keyOf(index);
  }

  private hashOf(index: number): Uint8Array {
    this.members.copyNode(index, this.input, MEMBER_AT);
    return this.crypto.sha256(this.input);
  }

  /** Inserts into a short sorted list: most members are beyond its end and cost one comparison. */
  protected draw(from: Uint8Array, tick: number): number[] {
    const { crypto, input, epoch, members } = this;
    assert(from.length === NODE_ID_BYTES && Number.isSafeInteger(tick) && tick >= 0, "POT_DRAW");
    input.set(from, FROM_AT);
    const view = new DataView(input.buffer, TICK_AT, 8);
    view.setUint32(0, Math.floor(tick / 2 ** 32));
    view.setUint32(4, tick % 2 ** 32);
    const indices: number[] = [];
    const hashes: Uint8Array[] = [];
    const author = members.indexOf(from);
    const all = this.nodes && crypto.sha256Tails?.(input, MEMBER_AT, this.nodes, NODE_ID_BYTES);
    for (let i = 0; i < members.count; i++) {
      if (i === author) continue;
      // Most are beyond the end by their first byte.
      if (all && indices.length === epoch.k && all[32 * i] > hashes[epoch.k - 1]?.[0]) continue;
      const hash = all ? all.subarray(32 * i, 32 * i + 32) : this.hashOf(i);
      let at = indices.length;
      while (at > 0 && compareBytes(hash, hashes[at - 1]) < 0) at--;
      if (at >= epoch.k) continue;
      indices.splice(at, 0, i);
      hashes.splice(at, 0, hash);
      if (indices.length > epoch.k) {
        indices.pop();
        hashes.pop();
      }
    }
    return indices;
  }
}
