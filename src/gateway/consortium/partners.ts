// SPDX-License-Identifier: Apache-2.0
/**
 * The gateways of the consortium as its turns changed them: who wants a change puts it into the feed, and
 * with the turn in which a quorum of the present gateways has done so it takes effect, from the next on.
 */
import { bytesEqual, toHex } from "#core/codec/bytes";
import { openSigned, verifySigned } from "#core/codec/record";
import { fitsChange } from "#core/consensus/changes";
import { type QuorumRule, ValidatorSet } from "#core/consensus/validators";
import type { Crypto } from "#core/crypto/port";
import { nodeIdOf } from "#core/identity";
import { CHANGES_OPEN_MAX, CHANGES_SHOWN } from "#core/limits";
import { changedRecord } from "#core/records/certified";
import { type Change, changeRecord } from "#core/records/registry";
import type { Partner } from "./ports.ts";

/** Who is for a change, and its signature. */
interface Wish {
  change: Change;
  record: Uint8Array;
  by: Map<string, Uint8Array>;
}

export class Partners {
  list: readonly Partner[];
  set: ValidatorSet;
  /** Changes that took effect. */
  version = 0;
  /** The latest of them as nodes can check them. */
  readonly proofs: { number: number; bytes: Uint8Array }[] = [];
  private readonly net: string;
  private readonly crypto: Crypto;
  private readonly rule: QuorumRule;
  /** Keys of all that are or were gateways, by id (hex): what they signed before they left still counts. */
  private readonly keys = new Map<string, Uint8Array>();
  /** Who is for the changes that may be the next, by their bytes (hex). */
  private readonly wishes = new Map<string, Wish>();

  constructor(net: string, crypto: Crypto, first: readonly Partner[], rule: QuorumRule) {
    this.net = net;
    this.crypto = crypto;
    this.rule = rule;
    this.list = first;
    this.set = new ValidatorSet(first, rule);
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
   * The gateway `by` (hex) is for this change, which it signed and a turn took in. The change where that makes a
   * quorum: it has taken effect. What is no change that may be the next is left out.
   */
  wish(signed: Uint8Array, by: string): Change | undefined {
    const opened = openSigned(changeRecord, this.crypto, signed);
    if (!opened.ok || !this.has(by) || !this.isNext(opened.value)) return undefined;
    if (!verifySigned(this.crypto, this.keys.get(by)!, opened)) return undefined;
    const name = toHex(opened.record);
    let wish = this.wishes.get(name);
    if (!wish) {
      if (this.wishes.size >= CHANGES_OPEN_MAX) return undefined;
      const { value: change, record } = opened;
      this.wishes.set(name, (wish = { change, record: record.slice(), by: new Map() }));
    }
    wish.by.set(by, opened.signature.slice());
    if (wish.by.size < this.set.quorum) return undefined;
    this.prove(wish);
    this.apply(wish.change);
    return wish.change;
  }

  /** Whether this may be the next change: of the right number, and of gateways that fit. */
  isNext(change: Change): boolean {
    const { net, number, joins } = change;
    if (net !== this.net || number !== this.version + 1) return false;
    if (joins && this.keys.has(toHex(nodeIdOf(this.crypto, joins.publicKey)))) return false;
    return fitsChange(this.crypto, this.list, change);
  }

  /** What nodes follow the change with. */
  private prove({ change, record, by }: Wish): void {
    const voices = [...by]
      .map(([id, signature]) => ({ voter: this.set.indexOf(id), signature }))
      .sort((a, b) => a.voter - b.voter);
    const bytes = changedRecord.encode({ net: this.net, change: record, voices });
    this.proofs.push({ number: change.number, bytes });
    if (this.proofs.length > CHANGES_SHOWN) this.proofs.shift();
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
