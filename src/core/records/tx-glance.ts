// SPDX-License-Identifier: Apache-2.0
/** What a node that follows its own transactions needs of others', straight from their bytes. */
import { bytesEqual } from "../codec/bytes.ts";
import { type Cursor, glance, headOf, passes, viewAt } from "../codec/glance.ts";
import { domainHash } from "../crypto/domain.ts";
import type { Crypto } from "../crypto/port.ts";
import { medianMs } from "../pot/token.ts";
import {
  bodyRecord,
  type PotToken,
  potAndSaidOf,
  potToken,
  type Tx,
  txDigest,
  txLeg,
  txRecord,
} from "./tx.ts";

/** Of a transaction that `openTx` would accept. All is copied: nothing keeps the message. */
export interface TxGlance {
  txid: Uint8Array;
  epoch: number;
  from: Uint8Array;
  seq: number;
  parents: Uint8Array[];
  /** As `stampOf` has it. */
  stampMs: number;
  /** Whether the party is its author, or stands in one of its legs. */
  concerns: boolean;
}

/** Undefined where `openTx` refuses it, or where it is of another network. The signature is not checked. */
export function glanceTx(
  crypto: Crypto,
  encoded: Uint8Array,
  net: string,
  party: Uint8Array,
): TxGlance | undefined {
  const outer = glance(txRecord, encoded);
  if (!outer) return undefined;
  const body = viewAt(encoded, { at: outer.body });
  const inner = glance(bodyRecord, body);
  if (!inner || !isText(body, { at: inner.net }, net)) return undefined;
  const from = new Uint8Array(viewAt(body, { at: inner.from }));
  const times = tokenTimes(encoded, { at: outer.pot });
  return {
    txid: domainHash(crypto, bodyRecord.domain, body),
    epoch: headOf(body, { at: inner.epoch }),
    from,
    seq: headOf(body, { at: inner.seq }),
    parents: parentsOf(body, { at: inner.parents }),
    stampMs: times.length > 0 ? medianMs(times) : headOf(body, { at: inner.tsMs }),
    concerns: bytesEqual(from, party) || isLeg(body, { at: inner.legs }, party),
  };
}

function isText(bytes: Uint8Array, cursor: Cursor, text: string): boolean {
  if (headOf(bytes, cursor) !== text.length) return false;
  for (let i = 0; i < text.length; i++)
    if (bytes[cursor.at + i] !== text.charCodeAt(i)) return false;
  return true;
}

function parentsOf(bytes: Uint8Array, cursor: Cursor): Uint8Array[] {
  const parents: Uint8Array[] = [];
  for (let left = headOf(bytes, cursor); left > 0; left--)
    parents.push(new Uint8Array(viewAt(bytes, cursor)));
  return parents;
}

function tokenTimes(bytes: Uint8Array, cursor: Cursor): number[] {
  const times: number[] = [];
  for (let left = headOf(bytes, cursor); left > 0; left--) times.push(takeToken(bytes, cursor).tMs);
  return times;
}

/** A token [witness, t-ms, random, signature]. */
function takeToken(bytes: Uint8Array, cursor: Cursor): PotToken {
  headOf(bytes, cursor);
  const witness = viewAt(bytes, cursor);
  const tMs = headOf(bytes, cursor);
  const random = viewAt(bytes, cursor);
  return { witness, tMs, random, signature: viewAt(bytes, cursor) };
}

/** The tokens of a transaction where they stand: seven as objects take 2.5 KB of a chip. */
export class PackedTokens {
  readonly length: number;
  private readonly bytes: Uint8Array;
  private readonly start: number;

  /** @param at where the list begins in a transaction that `glance` has accepted */
  constructor(bytes: Uint8Array, at: number) {
    const cursor = { at };
    this.length = headOf(bytes, cursor);
    this.bytes = bytes;
    this.start = cursor.at;
  }

  get(place: number): PotToken {
    const cursor = { at: this.start };
    for (let i = 0; i < place; i++) passes(potToken, this.bytes, cursor);
    return takeToken(this.bytes, cursor);
  }
}

/** A transaction with its tokens where they stand. */
export type PackedTx = Omit<Tx, "pot"> & { pot: PackedTokens };

/** As `openTx`, for a chip: accepts what it accepts. */
export function openPackedTx(crypto: Crypto, encoded: Uint8Array): PackedTx | undefined {
  const outer = glance(txRecord, encoded);
  if (!outer) return undefined;
  const bytes = viewAt(encoded, { at: outer.body });
  const body = bodyRecord.decode(bytes);
  if (!body.ok) return undefined;
  const txid = domainHash(crypto, bodyRecord.domain, bytes);
  return {
    body: body.value,
    pot: new PackedTokens(encoded, outer.pot),
    said: headOf(encoded, { at: outer.said }),
    signature: viewAt(encoded, { at: outer.signature }),
    txid,
    digest: txDigest(crypto, txid, potAndSaidOf(encoded, bytes)),
    bytes: encoded,
  };
}

/** Whether `party` is the first item, `to`, of one of the legs; "*" is text. */
function isLeg(bytes: Uint8Array, cursor: Cursor, party: Uint8Array): boolean {
  for (let left = headOf(bytes, cursor); left > 0; left--) {
    const to = { at: cursor.at };
    headOf(bytes, to);
    const isId = bytes[to.at] >> 5 === 2;
    if (isId && bytesEqual(viewAt(bytes, to), party)) return true;
    passes(txLeg, bytes, cursor);
  }
  return false;
}
