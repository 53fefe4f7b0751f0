// SPDX-License-Identifier: Apache-2.0
/** Twelve members of an epoch, their bodies, asks, tokens, transactions and votes. */
import { signRecord } from "#core/codec/record";
import { domainHash } from "#core/crypto/domain";
import { nodeIdOf } from "#core/identity";
import { signCancel } from "#core/pot/cancel";
import { Committees } from "#core/pot/committee";
import { DEFAULT_EPSILON_MS, DEFAULT_TAU_MS, potParams } from "#core/pot/params";
import { randomKeyOf, signToken } from "#core/pot/token";
import type { Epoch, EpochMember } from "#core/records/epoch";
import { type Body, bodyRecord, type PotToken, signTx, type Tx, TxType } from "#core/records/tx";
import { voteRecord } from "#core/records/vote";
import { askRecord } from "#core/records/witness";
import { sodiumCrypto } from "#node/crypto/sodium";

export const crypto = sodiumCrypto();
export const NET = "street-7";
export const TS_MS = 1_700_000_000_000;

export const keyOf = (i: number): Uint8Array => new Uint8Array(32).fill(i + 1);
export const publicKeyOf = (i: number): Uint8Array => crypto.publicKey(keyOf(i));
export const idOf = (i: number): Uint8Array => nodeIdOf(crypto, publicKeyOf(i));
const signers = new Map<string, number>();

export function epochOf(n: number, change: Partial<Epoch> = {}): Committees {
  const members: EpochMember[] = [];
  for (let i = 0; i < n; i++) {
    members.push({ node: idOf(i), publicKey: publicKeyOf(i) });
    signers.set(Buffer.from(idOf(i)).toString("hex"), i);
  }
  members.sort((a, b) => Buffer.compare(a.node, b.node));
  return new Committees(crypto, {
    net: NET,
    gateway: idOf(200),
    epoch: 3,
    beacon: new Uint8Array(32).fill(5),
    reveals: new Uint8Array(0),
    startMs: TS_MS - 1000,
    epsilonMs: DEFAULT_EPSILON_MS,
    tauMs: DEFAULT_TAU_MS,
    ...potParams(n),
    members,
    ...change,
  });
}

export function bodyOf(author: number, change: Partial<Body> = {}): Body {
  return {
    net: NET,
    epoch: 3,
    type: TxType.reserve,
    from: idOf(author),
    seq: 5,
    prev: undefined,
    legs: [],
    expiryMs: TS_MS + 60_000,
    cancels: undefined,
    parents: [new Uint8Array(32).fill(9)],
    tsMs: TS_MS,
    tick: 100,
    slot: 1,
    ...change,
  };
}

export const txidOf = (body: Body): Uint8Array =>
  domainHash(crypto, bodyRecord.domain, bodyRecord.encode(body));

/** The token of `signer` (a number of `keyOf`) for a body. */
export function tokenOf(committees: Committees, body: Body, signer: number, tMs: number): PotToken {
  const key = keyOf(signer);
  const context = { net: NET, beacon: committees.epoch.beacon, body, txid: txidOf(body) };
  return signToken(crypto, key, randomKeyOf(crypto, key), idOf(signer), context, tMs);
}

/** Tokens of the first `count` of the committee, by rank, each a little later than the one before. */
export function tokensOf(committees: Committees, body: Body, count: number): PotToken[] {
  const indices = committees.of(body.from, body.tick).slice(0, count);
  return indices.map((index, i) => {
    const node = committees.members.nodeOf(index);
    const signer = signers.get(Buffer.from(node).toString("hex"))!;
    return tokenOf(committees, body, signer, body.tsMs + 10 * i);
  });
}

export function txOf(author: number, body: Body, pot: PotToken[] = [], said = 9): Tx {
  return signTx(crypto, keyOf(author), body, said, pot);
}

export function askOf(author: number, body: Body): Uint8Array {
  const value = { net: NET, publicKey: publicKeyOf(author), body: bodyRecord.encode(body) };
  return signRecord(askRecord, crypto, keyOf(author), value).bytes;
}

export function cancelOf(author: number, seq: number, beforeTick: number): Uint8Array {
  return signCancel(crypto, keyOf(author), { net: NET, from: idOf(author), seq, beforeTick });
}

export function voteOf(voter: number, ...bodies: Body[]): Uint8Array {
  const vote = { net: NET, voter: idOf(voter), epoch: 3, txids: bodies.map(txidOf), atMs: TS_MS };
  return signRecord(voteRecord, crypto, keyOf(voter), vote).bytes;
}
