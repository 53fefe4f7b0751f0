// SPDX-License-Identifier: Apache-2.0
/**
 * The gateways of the consortium as its turns changed them: who wants a change puts it into the feed, and
 * with the turn in which a quorum of the present gateways has done so it takes effect, from the next on.
 */
import { bytesEqual, toHex } from "#core/codec/bytes";
import { openSigned, verifySigned } from "#core/codec/record";
import { type MisfitCode, misfitOf } from "#core/consensus/changes";
import { type QuorumRule, ValidatorSet } from "#core/consensus/validators";
import type { Crypto } from "#core/crypto/port";
import { nodeIdOf } from "#core/identity";
import { CHANGES_OPEN_MAX, CHANGES_SHOWN } from "#core/limits";
import { changedRecord } from "#core/records/certified";
import { type Change, changeRecord } from "#core/records/registry";
import type { Partner, PeerKind } from "./ports.ts";

/** Who left may still ask for the turn that says so. */
const OF_THE_PAST: ReadonlySet<PeerKind> = new Set<PeerKind>(["status", "fetch"]);
/** What proves itself: one that looks on takes it from whoever kept it. */
const PROVEN: ReadonlySet<PeerKind> = new Set<PeerKind>(["decision", "segment"]);

/** Why a change cannot be the next. */
export type ChangeFault = MisfitCode | "net" | "number" | "full";

/** A change that gateways (hex) are for, each with its signature, and not yet a quorum of them. */
export interface Wish {
  readonly change: Change;
  readonly record: Uint8Array;
  readonly by: Map<string, Uint8Array>;
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
    // A checkpoint is read into it: the settings stay as they are.
    this.list = first.map((one) => ({ ...one }));
    this.set = new ValidatorSet(this.list, rule);
    this.remember();
  }

  /** The key of a gateway (hex), or of one that was one. */
  keyOf(id: string): Uint8Array | undefined {
    return this.keys.get(id);
  }

  /** The same as a list. */
  keysOf(id: string): Uint8Array[] {
    const key = this.keys.get(id);
    return key ? [key] : [];
  }

  has(id: string): boolean {
    return this.set.indexOf(id) >= 0;
  }

  /** Whether `self` takes this kind of message from this gateway. */
  hears(self: string, from: string, kind: PeerKind): boolean {
    if (from === self) return false;
    if (this.has(from)) return true;
    return this.has(self) ? OF_THE_PAST.has(kind) && this.keys.has(from) : PROVEN.has(kind);
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
      if (this.isFull(opened.record, by)) return undefined;
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
    return this.faultOf(change) === undefined;
  }

  /** Why it may not be the next. */
  faultOf(change: Change): ChangeFault | undefined {
    const { net, number, joins } = change;
    if (net !== this.net) return "net";
    if (number !== this.version + 1) return "number";
    // A key that left does not come back: what it signed before still counts.
    if (joins && this.keys.has(toHex(nodeIdOf(this.crypto, joins.publicKey)))) return "used";
    return misfitOf(this.crypto, this.list, change);
  }

  /** Changes that may be the next and that some are for. */
  get open(): readonly Wish[] {
    return [...this.wishes.values()];
  }

  /** Whether `by` is for as many changes already as it may be: one that lies leaves room for the others. */
  isFull(record: Uint8Array, by: string): boolean {
    if (this.wishes.has(toHex(record))) return false;
    return this.open.filter((wish) => wish.by.has(by)).length >= CHANGES_OPEN_MAX;
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
