// SPDX-License-Identifier: Apache-2.0
/** Values of the records of proof-of-time and votes. */
import { nobleCrypto } from "#core/crypto/noble";
import { nodeIdOf } from "#core/identity";
import { epochRecord } from "#core/records/epoch";
import { bodyRecord } from "#core/records/tx";
import { evidenceRecord, Fraud, voteRecord } from "#core/records/vote";
import { askRecord, cancelRecord, tokenRecord } from "#core/records/witness";
import { TEST_SEED } from "./check.ts";
import {
  atMs,
  counting,
  gateway,
  hash,
  NAME_MAX,
  net,
  node,
  SAFE_MAX,
  type Sample,
  sample,
  U32_MAX,
} from "./sample.ts";
import { BODIES } from "./samples-node.ts";

const crypto = nobleCrypto();
const publicKey = crypto.publicKey(TEST_SEED);
const id = nodeIdOf(crypto, publicKey);
const body = bodyRecord.encode(BODIES[0].body);
const signature = counting(64, 0x80);
const DAY_MS = 86_400_000;

export const SMARTCHAIN_SAMPLES: readonly Sample[] = [
  sample(epochRecord, "an epoch of three members", {
    net,
    gateway,
    epoch: 2,
    beacon: hash(0x31),
    reveals: counting(64, 0x41),
    startMs: atMs,
    epsilonMs: 2000,
    tauMs: 10_000,
    k: 2,
    m: 1,
    members: [0x10, 0x40, 0x70].map((first) => ({
      node: counting(16, first),
      publicKey: counting(32, first),
    })),
  }),
  sample(epochRecord, "the largest epoch", {
    net: NAME_MAX,
    gateway,
    epoch: U32_MAX,
    beacon: hash(0xf0),
    reveals: counting(1024, 7),
    startMs: SAFE_MAX,
    epsilonMs: DAY_MS,
    tauMs: DAY_MS,
    k: 31,
    m: 21,
    members: Array.from({ length: 256 }, (_, i) => ({
      node: counting(16, i),
      publicKey: counting(32, i),
    })),
  }),
  sample(epochRecord, "an epoch without proof-of-time", {
    net,
    gateway,
    epoch: 1,
    beacon: hash(0),
    reveals: new Uint8Array(0),
    startMs: 0,
    epsilonMs: 0,
    tauMs: 0,
    k: 0,
    m: 0,
    members: [],
  }),
  sample(askRecord, "an ask", { net, publicKey, body }),
  sample(tokenRecord, "a token", {
    net,
    txid: hash(0x51),
    witness: node,
    code: 0,
    token: { witness: node, tMs: atMs, random: counting(16, 0x61), signature },
  }),
  sample(tokenRecord, "a refusal", {
    net: NAME_MAX,
    txid: hash(0x52),
    witness: node,
    code: 0xffff,
    token: undefined,
  }),
  sample(cancelRecord, "a cancel", { net, from: id, seq: 12, beforeTick: 97 }),
  sample(cancelRecord, "the largest cancel", {
    net: NAME_MAX,
    from: id,
    seq: SAFE_MAX,
    beforeTick: SAFE_MAX,
  }),
  sample(voteRecord, "a vote for two transactions", {
    net,
    voter: id,
    epoch: 2,
    txids: [hash(0x71), hash(0x72)],
    atMs,
  }),
  sample(voteRecord, "the largest vote", {
    net: NAME_MAX,
    voter: id,
    epoch: U32_MAX,
    txids: Array.from({ length: 64 }, (_, i) => hash(i)),
    atMs: SAFE_MAX,
  }),
  sample(evidenceRecord, "two asks", {
    net,
    fraud: Fraud.bodies,
    publicKey,
    items: [counting(300, 1), counting(300, 2)],
  }),
  sample(evidenceRecord, "the largest items", {
    net: NAME_MAX,
    fraud: 15,
    publicKey,
    items: [counting(7900, 1), counting(7900, 2)],
  }),
];
