// SPDX-License-Identifier: Apache-2.0
/**
 * The gateways of the consortium as its turns changed them: who wants a change puts it into the feed, and
 * with the turn in which a quorum of the present gateways has done so it takes effect, from the next on.
 */
import { bytesEqual, toHex } from "#core/codec/bytes";
import { GATEWAYS_MAX } from "#core/consensus/limits";
import { type QuorumRule, ValidatorSet } from "#core/consensus/validators";
import type { Crypto } from "#core/crypto/port";
import { nodeIdOf } from "#core/identity";
import { CHANGES_OPEN_MAX } from "#core/limits";
import { type Change, changeRecord } from "#core/records/registry";
import type { Partner } from "./ports.ts";

export class Partners {
  list: readonly Partner[];
  set: ValidatorSet;
  /** Changes that took effect. */
  version = 0;
  private readonly net: string;
  private readonly crypto: Crypto;
  private readonly rule: QuorumRule;
  /** Keys of all that are or were gateways, by id (hex): what they signed before they left still counts. */
  private readonly keys = new Map<string, Uint8Array>();
  /** Who is for the changes that may be the next, by their bytes (hex). */
  private readonly wishes = new Map<string, { change: Change; by: Set<string> }>();

  constructor(net: string, crypto: Crypto, first: readonly Partner[], rule: QuorumRule) {
    this.net = net;
    this.crypto = crypto;
    this.rule = rule;
    // A checkpoint is read into it: the settings stay as they are.
    this.list = first.map((one) => ({ ...one }));
    this.set = new ValidatorSet(this.list, rule);
    this.remember();
  }

  /** The key of a gateway (hex), or of one that was one. */
  keyOf(id: string): Uint8Array | undefined {
    return this.keys.get(id);
  }

  has(id: string): boolean {
    return this.set.indexOf(id) >= 0;
  }

  get(id: Uint8Array): Partner | undefined {
    return this.list.find((one) => bytesEqual(one.id, id));
  }

  /**
   * The gateway `by` (hex) is for this change, which a turn took in. The change where that makes a quorum: it
   * has taken effect. What is no change that may be the next is left out.
   */
  wish(bytes: Uint8Array, by: string): Change | undefined {
    const decoded = changeRecord.decode(bytes);
    if (!decoded.ok || !this.has(by) || !this.isNext(decoded.value)) return undefined;
    const name = toHex(bytes);
    let wish = this.wishes.get(name);
    if (!wish) {
      // Of each gateway so many: one that lies leaves room for the others.
      const own = [...this.wishes.values()].filter((other) => other.by.has(by));
      if (own.length >= CHANGES_OPEN_MAX) return undefined;
      this.wishes.set(name, (wish = { change: decoded.value, by: new Set() }));
    }
    wish.by.add(by);
    if (wish.by.size < this.set.quorum) return undefined;
    this.apply(wish.change);
    return wish.change;
  }

  /** Whether this may be the next change: of the right number, and of gateways that fit. */
  isNext({ net, number, leaves, joins }: Change): boolean {
    if (net !== this.net || number !== this.version + 1 || (!leaves && !joins)) return false;
    if (leaves && !this.get(leaves)) return false;
    if (joins && this.keys.has(toHex(nodeIdOf(this.crypto, joins.publicKey)))) return false;
    const size = this.list.length + (joins ? 1 : 0) - (leaves ? 1 : 0);
    return size > 0 && size <= GATEWAYS_MAX;
  }

  private apply({ leaves, joins }: Change): void {
    const stay = this.list.filter(({ id }) => !leaves || !bytesEqual(id, leaves));
    this.list = joins ? [...stay, { id: nodeIdOf(this.crypto, joins.publicKey), ...joins }] : stay;
    this.set = new ValidatorSet(this.list, this.rule);
    this.version++;
    this.wishes.clear();
    this.remember();
  }

  private remember(): void {
    for (const { id, publicKey } of this.list) this.keys.set(toHex(id), publicKey);
  }
}
