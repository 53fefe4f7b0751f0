// SPDX-License-Identifier: Apache-2.0
/** An area of thirteen members, one of which witnesses, and bodies that the others ask about. */
import { openSigned, type Signed, signRecord } from "#core/codec/record";
import { nodeIdOf } from "#core/identity";
import { signCancel } from "#core/pot/cancel";
import { Committees } from "#core/pot/committee";
import { DEFAULT_EPSILON_MS, DEFAULT_TAU_MS, potParams } from "#core/pot/params";
import type { Epoch } from "#core/records/epoch";
import { type Body, bodyRecord, TxType } from "#core/records/tx";
import { type Ask, askRecord } from "#core/records/witness";
import { tickOf } from "#core/units/time";
import type { WitnessContext } from "#meter/witness/ports";
import { sodiumCrypto } from "#node/crypto/sodium";

export const crypto = sodiumCrypto();
export const NET = "street-7";
export const ORIGIN_MS = 1_700_000_000_000;
export const TICK_MS = 30_000;
export const EPOCH_MS = 40 * TICK_MS;
export const AGE_MAX_MS = 4 * TICK_MS;
export const PARENT = new Uint8Array(32).fill(9);

export const keyOf = (i: number): Uint8Array => new Uint8Array(32).fill(i + 1);
const members = Array.from({ length: 13 }, (_, i) => {
  const publicKey = crypto.publicKey(keyOf(i));
  return { i, node: nodeIdOf(crypto, publicKey), publicKey };
}).sort((a, b) => Buffer.compare(a.node, b.node));
/** The witness of the tests is member 0. */
export const idOf = (i: number): Uint8Array => members.find((member) => member.i === i)!.node;

export function epochOf(epoch: number, change: Partial<Epoch> = {}): Committees {
  return new Committees(crypto, {
    net: NET,
    gateway: new Uint8Array(16),
    epoch,
    beacon: new Uint8Array(32).fill(epoch),
    reveals: new Uint8Array(0),
    startMs: ORIGIN_MS + (epoch - 1) * EPOCH_MS,
    epsilonMs: DEFAULT_EPSILON_MS,
    tauMs: DEFAULT_TAU_MS,
    ...potParams(members.length),
    members: members.map(({ node, publicKey }) => ({ node, publicKey })),
    ...change,
  });
}

/** What a node knows at `nowMs`: the epoch in force and the one before. */
export function contextAt(nowMs: number, change: Partial<WitnessContext> = {}): WitnessContext {
  const epoch = Math.floor((nowMs - ORIGIN_MS) / EPOCH_MS) + 1;
  const committees = epoch > 1 ? [epochOf(epoch), epochOf(epoch - 1)] : [epochOf(epoch)];
  const parentTime = () => ({ tMs: ORIGIN_MS, block: true });
  const fixed = { originMs: ORIGIN_MS, tickMs: TICK_MS, ageMaxMs: AGE_MAX_MS };
  return { committees, parentTime, ...fixed, ...change };
}

export interface BodyOptions extends Partial<Body> {
  /** Takes back bodies of its number and an earlier tick than this. */
  beforeTick?: number;
  /** Who signs that. */
  cancelKey?: Uint8Array;
}

/** A body of member `author`, stamped `tsMs`. */
export function bodyAt(author: number, seq: number, tsMs: number, options: BodyOptions = {}): Body {
  const { beforeTick, cancelKey, ...change } = options;
  const from = idOf(author);
  const cancel = { net: NET, from, seq, beforeTick: beforeTick ?? 0 };
  return {
    net: NET,
    epoch: Math.floor((tsMs - ORIGIN_MS) / EPOCH_MS) + 1,
    type: TxType.reserve,
    from,
    seq,
    prev: undefined,
    legs: [],
    expiryMs: tsMs + 60_000,
    cancels:
      beforeTick === undefined ? undefined : signCancel(crypto, cancelKey ?? keyOf(author), cancel),
    parents: [PARENT],
    tsMs,
    tick: tickOf(tsMs, ORIGIN_MS, TICK_MS),
    slot: 1,
    ...change,
  };
}

/** The ask of member `author` for a body, as it is opened. */
export function askOf(author: number, body: Body, signer = author): Signed<Ask> {
  const publicKey = crypto.publicKey(keyOf(author));
  const value = { net: NET, publicKey, body: bodyRecord.encode(body) };
  const opened = openSigned(
    askRecord,
    crypto,
    signRecord(askRecord, crypto, keyOf(signer), value).bytes,
  );
  if (!opened.ok) throw new Error(opened.detail);
  return opened;
}
