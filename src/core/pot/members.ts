// SPDX-License-Identifier: Apache-2.0
/**
 * The members of an epoch as they stand in its record: a hundred of them take 5 KB, as objects on a chip
 * 36 KB, which it does not have. Each is `[bstr 16, bstr 32]`, 52 bytes that are always alike.
 */
import type { Refusal } from "../codec/record.ts";
import { domainHash } from "../crypto/domain.ts";
import type { Crypto } from "../crypto/port.ts";
import { assert } from "../errors/assert.ts";
import { refuse } from "../errors/codes.ts";
import { EPOCH_MEMBERS_MAX } from "../limits.ts";
import { NODE_ID_BYTES } from "../records/common.ts";
import { type Epoch, type EpochMember, epochRecord } from "../records/epoch.ts";

const MEMBER_BYTES = 52;
const NODE_AT = 2;
const KEY_AT = 20;

/** Members in the order of their ids. */
export class Members {
  readonly count: number;
  private readonly bytes: Uint8Array;

  /** `bytes` are `count` members as in the record. */
  constructor(bytes: Uint8Array) {
    assert(bytes.length % MEMBER_BYTES === 0, "POT_MEMBERS", `${bytes.length}`);
    this.bytes = bytes;
    this.count = bytes.length / MEMBER_BYTES;
  }

  static of(members: readonly EpochMember[]): Members {
    const bytes = new Uint8Array(members.length * MEMBER_BYTES);
    members.forEach(({ node, publicKey }, i) => {
      bytes.set(HEADS, i * MEMBER_BYTES);
      bytes.set(node, i * MEMBER_BYTES + NODE_AT);
      bytes.set(KEY_HEAD, i * MEMBER_BYTES + KEY_AT - KEY_HEAD.length);
      bytes.set(publicKey, i * MEMBER_BYTES + KEY_AT);
    });
    return new Members(bytes);
  }

  /** As they stand in the record: a view. */
  get packed(): Uint8Array {
    return this.bytes;
  }

  /** Id of member `index`: a view. */
  nodeOf(index: number): Uint8Array {
    return this.part(index, NODE_AT, NODE_ID_BYTES);
  }

  /** Public key of member `index`: a view. */
  keyOf(index: number): Uint8Array {
    return this.part(index, KEY_AT, 32);
  }

  /** Puts the id of member `index` into `target`: no object for each of a hundred hashes. */
  copyNode(index: number, target: Uint8Array, at: number): void {
    const start = index * MEMBER_BYTES + NODE_AT;
    for (let i = 0; i < NODE_ID_BYTES; i++) target[at + i] = this.bytes[start + i];
  }

  /** All ids, one after the other. */
  nodes(): Uint8Array {
    const nodes = new Uint8Array(this.count * NODE_ID_BYTES);
    for (let i = 0; i < this.count; i++) this.copyNode(i, nodes, i * NODE_ID_BYTES);
    return nodes;
  }

  /** Index of a member, or −1. */
  indexOf(node: Uint8Array): number {
    if (node.length !== NODE_ID_BYTES) return -1;
    let low = 0;
    let high = this.count - 1;
    while (low <= high) {
      const middle = (low + high) >> 1;
      const order = this.order(middle, node);
      if (order === 0) return middle;
      if (order < 0) low = middle + 1;
      else high = middle - 1;
    }
    return -1;
  }

  /** As compareBytes of the member's id and `node`, without a view. */
  private order(index: number, node: Uint8Array): number {
    const start = index * MEMBER_BYTES + NODE_AT;
    for (let i = 0; i < NODE_ID_BYTES; i++) {
      const difference = this.bytes[start + i] - node[i];
      if (difference !== 0) return difference;
    }
    return 0;
  }

  private part(index: number, at: number, length: number): Uint8Array {
    assert(index >= 0 && index < this.count, "POT_MEMBER", `${index}`);
    const start = index * MEMBER_BYTES + at;
    return this.bytes.subarray(start, start + length);
  }
}

/** Array of two, byte string of 16; byte string of 32. */
const HEADS: readonly number[] = Object.freeze([0x82, 0x50]);
const KEY_HEAD: readonly number[] = Object.freeze([0x58, 0x20]);

/** An epoch whose members are not taken apart. */
export interface PackedEpoch {
  fields: Omit<Epoch, "members">;
  members: Members;
}

/** A signed epoch as received; its signature is not checked yet (verifySigned). */
export interface SignedEpoch extends PackedEpoch {
  ok: true;
  id: Uint8Array;
  signature: Uint8Array;
}

/**
 * Opens a signed epoch record as openSigned does, with the same outcome, in little memory: the members stay
 * a view on `envelope`, which therefore must not change.
 */
export function openEpoch(crypto: Crypto, envelope: Uint8Array): SignedEpoch | Refusal {
  const malformed = refuse("MALFORMED", "not an epoch in an envelope");
  const record = byteString(envelope, 1);
  if (envelope[0] !== 0x82 || !record) return malformed;
  const signature = byteString(envelope, record.end);
  if (!signature || signature.end !== envelope.length) return malformed;
  if (signature.bytes.length !== 64) return refuse("BAD_SIGNATURE", "signature is not 64 bytes");
  const listAt = lastField(record.bytes);
  const list = listAt === undefined ? undefined : listHead(record.bytes, listAt);
  if (listAt === undefined || !list) return malformed;
  // The fields before them, with no members: the schema checks those.
  const head = new Uint8Array(listAt + 1);
  head.set(record.bytes.subarray(0, listAt));
  head[listAt] = 0x80;
  const decoded = epochRecord.decode(head);
  if (!decoded.ok) return decoded;
  const packed = record.bytes.subarray(list.end);
  if (list.count > EPOCH_MEMBERS_MAX || !areMembers(packed, list.count))
    return refuse("FIELD_RANGE", "not a list of members");
  const id = domainHash(crypto, epochRecord.domain, record.bytes);
  const { members: _, ...fields } = decoded.value;
  return { ok: true, fields, members: new Members(packed), id, signature: signature.bytes };
}

function areMembers(bytes: Uint8Array, count: number): boolean {
  if (bytes.length !== count * MEMBER_BYTES) return false;
  for (let at = 0; at < bytes.length; at += MEMBER_BYTES) {
    const heads = bytes[at] === HEADS[0] && bytes[at + 1] === HEADS[1];
    if (!heads || bytes[at + 18] !== KEY_HEAD[0] || bytes[at + 19] !== KEY_HEAD[1]) return false;
  }
  return true;
}

/** Value of the head at `at` and where it ends, in its shortest form; undefined for others and above 16 bits. */
function headAt(
  bytes: Uint8Array,
  at: number,
): { major: number; value: number; end: number } | undefined {
  if (at >= bytes.length) return undefined;
  const major = bytes[at] >> 5;
  const info = bytes[at] & 31;
  if (info < 24) return { major, value: info, end: at + 1 };
  if (info === 24 && bytes[at + 1] >= 24) return { major, value: bytes[at + 1], end: at + 2 };
  if (info !== 25 || at + 3 > bytes.length) return undefined;
  const value = (bytes[at + 1] << 8) | bytes[at + 2];
  return value >= 256 ? { major, value, end: at + 3 } : undefined;
}

function byteString(bytes: Uint8Array, at: number): { bytes: Uint8Array; end: number } | undefined {
  const head = headAt(bytes, at);
  if (head?.major !== 2 || head.end + head.value > bytes.length) return undefined;
  const end = head.end + head.value;
  return { bytes: bytes.subarray(head.end, end), end };
}

function listHead(bytes: Uint8Array, at: number): { count: number; end: number } | undefined {
  const head = headAt(bytes, at);
  return head?.major === 4 ? { count: head.value, end: head.end } : undefined;
}

/** Elements of the record before its members: kind, version, and the fields up to m. */
const BEFORE_MEMBERS = 12;

/** Where the members begin. */
function lastField(record: Uint8Array): number | undefined {
  if (record[0] !== 0x80 + BEFORE_MEMBERS + 1) return undefined;
  let at = 1;
  for (let i = 0; i < BEFORE_MEMBERS; i++) {
    const major = record[at] >> 5;
    if (major === 0) at += 1 + (INTEGER_BYTES[(record[at] & 31) - 24] ?? 0);
    else {
      const head = headAt(record, at);
      if (!head || (major !== 2 && major !== 3)) return undefined;
      at = head.end + head.value;
    }
  }
  return at < record.length ? at : undefined;
}

/** Bytes that follow the first one of an integer, from 24 on. */
const INTEGER_BYTES: readonly number[] = Object.freeze([1, 2, 4, 8]);
