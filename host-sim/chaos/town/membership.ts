// SPDX-License-Identifier: Apache-2.0
/**
 * Who agrees on which height, counted anew from what decided turns took in: a change holds from the turn
 * after the one in which a quorum of the present gateways had wished for it.
 */
import { toHex } from "#core/codec/bytes";
import { openSigned, verifySigned } from "#core/codec/record";
import type { Validator } from "#core/consensus/validators";
import { type QuorumRule, quorumOf } from "#core/consensus/validators";
import type { Crypto } from "#core/crypto/port";
import { nodeIdOf } from "#core/identity";
import { CHANGES_OPEN_MAX } from "#core/limits";
import { type Change, changeRecord } from "#core/records/registry";

/** The gateways of a height, ascending by id. */
export interface Members {
  list: readonly Validator[];
  ids: readonly string[];
  /** Changes that took effect before it. */
  version: number;
  quorum: number;
}

/** What one gateway's segments say, in the order of the turn. */
export interface Wish {
  by: string;
  bytes: Uint8Array;
}

export class Membership {
  private readonly crypto: Crypto;
  private readonly net: string;
  private readonly rule: QuorumRule;
  private readonly heights: Members[] = [];
  /** Who is for what, of the change that would be the next. */
  private wishes = new Map<string, Set<string>>();
  /** Everybody who ever was one. */
  private readonly ever = new Set<string>();

  constructor(crypto: Crypto, net: string, rule: QuorumRule, first: readonly Validator[]) {
    this.crypto = crypto;
    this.net = net;
    this.rule = rule;
    this.heights.push(this.membersOf(first, 0));
  }

  private membersOf(some: readonly Validator[], version: number): Members {
    const list = [...some].sort((a, b) => (toHex(a.id) < toHex(b.id) ? -1 : 1));
    const ids = list.map(({ id }) => toHex(id));
    for (const id of ids) this.ever.add(id);
    return { list, ids, version, quorum: quorumOf(list.length, this.rule) };
  }

  /** Of a height up to the one that is next; undefined beyond. */
  at(height: number): Members | undefined {
    return this.heights[height];
  }

  /** Of the height that is next. */
  get present(): Members {
    return this.heights[this.heights.length - 1];
  }

  /** The next turn took in these wishes; whether the gateways of the height after it are others. */
  turn(wishes: readonly Wish[]): boolean {
    const before = this.present;
    let members = before;
    for (const { by, bytes } of wishes) {
      const opened = openSigned(changeRecord, this.crypto, bytes);
      if (!opened.ok || !members.ids.includes(by) || !this.fits(members, opened.value)) continue;
      const { publicKey } = members.list[members.ids.indexOf(by)];
      if (!verifySigned(this.crypto, publicKey, opened)) continue;
      const name = toHex(opened.record);
      const known = this.wishes.get(name);
      if (!known && this.openOf(by) >= CHANGES_OPEN_MAX) continue;
      const voices = known ?? new Set<string>();
      this.wishes.set(name, voices.add(by));
      if (voices.size >= members.quorum) members = this.after(members, opened.value);
    }
    this.heights.push(members);
    return members !== before;
  }

  private openOf(by: string): number {
    return [...this.wishes.values()].filter((voices) => voices.has(by)).length;
  }

  private fits(members: Members, { net, number, leaves, joins }: Change): boolean {
    if (net !== this.net || number !== members.version + 1 || (!leaves && !joins)) return false;
    if (leaves && !members.ids.includes(toHex(leaves))) return false;
    if (joins && this.ever.has(toHex(nodeIdOf(this.crypto, joins.publicKey)))) return false;
    return members.ids.length - (leaves ? 1 : 0) + (joins ? 1 : 0) > 0;
  }

  private after({ list, version }: Members, { leaves, joins }: Change): Members {
    this.wishes = new Map();
    const stay = list.filter(({ id }) => !leaves || toHex(id) !== toHex(leaves));
    const fresh = joins && { id: nodeIdOf(this.crypto, joins.publicKey), ...joins };
    return this.membersOf(fresh ? [...stay, fresh] : stay, version + 1);
  }
}
