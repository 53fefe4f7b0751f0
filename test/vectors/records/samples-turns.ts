// SPDX-License-Identifier: Apache-2.0
/** Values of what gateways tell each other of what they collected and take in; see samples-node.ts. */
import { certifiedRecord, changedRecord } from "#core/records/certified";
import { readersRecord } from "#core/records/readers";
import { changeRecord } from "#core/records/registry";
import { segmentRecord } from "#core/records/segment";
import {
  pieceRecord,
  pieceWantedRecord,
  stateOfferRecord,
  stateWantedRecord,
} from "#core/records/state";
import { cutsRecord, turnRecord, wantedRecord } from "#core/records/turn";
import { counting, gateway, hash, net, node, type Sample, sample } from "./sample.ts";

const segments: Sample[] = [
  sample(segmentRecord, "the first segment of a feed", {
    net,
    gateway,
    seq: 1,
    prev: undefined,
    atMs: 1_792_000_000_000,
    entries: [{ kind: 3, bytes: counting(40, 1) }],
  }),
  sample(segmentRecord, "a later one, of nothing", {
    net,
    gateway,
    seq: 0x100000000,
    prev: hash(0xf1),
    atMs: 1_792_000_900_000,
    entries: [],
  }),
];

const readers: Sample[] = [
  sample(readersRecord, "a key for two gateways", {
    net,
    gateway,
    keyId: counting(16, 3),
    atMs: 1_792_000_000_000,
    keys: [
      { reader: node, nonce: counting(24, 4), box: counting(48, 5) },
      { reader: counting(16, 0x70), nonce: counting(24, 6), box: counting(48, 7) },
    ],
  }),
];

const turns: Sample[] = [
  sample(turnRecord, "the first, which reveals", {
    net,
    height: 0,
    prev: undefined,
    leader: gateway,
    atMs: 1_792_000_000_000,
    terms: hash(0xa1),
    ledger: undefined,
    epoch: undefined,
    reveal: counting(48, 9),
  }),
  sample(turnRecord, "a later one", {
    net,
    height: 77,
    prev: hash(0xa2),
    leader: gateway,
    atMs: 1_792_000_000_250,
    terms: hash(0xa1),
    ledger: hash(0xa3),
    epoch: { number: 3, digest: hash(0xa6) },
    reveal: undefined,
  }),
  sample(cutsRecord, "of two gateways", {
    cuts: [
      { gateway, seq: 12, id: hash(0xa4) },
      { gateway: node, seq: 0x100000000, id: hash(0xa5) },
    ],
  }),
  sample(changeRecord, "a gateway that takes another's place", {
    net,
    number: 2,
    leaves: gateway,
    joins: {
      publicKey: counting(32, 12),
      beaconKey: counting(96, 13),
      area: "street-5",
      url: "mqtts://gateway-5.example:8883",
    },
  }),
  sample(changeRecord, "one that leaves", { net, number: 3, leaves: gateway, joins: undefined }),
  sample(certifiedRecord, "of a turn that names a block", {
    net,
    changes: 2,
    turn: counting(180, 14),
    quorum: counting(300, 15),
    header: counting(400, 16),
  }),
  sample(certifiedRecord, "of one before the first block", {
    net,
    changes: 0,
    turn: counting(140, 14),
    quorum: counting(300, 15),
    header: undefined,
  }),
  sample(changedRecord, "what two of three wanted", {
    net,
    change: counting(180, 17),
    voices: [
      { voter: 0, signature: counting(64, 18) },
      { voter: 2, signature: counting(64, 19) },
    ],
  }),
  sample(wantedRecord, "three segments", { net, gateway, from: 7, count: 3, id: undefined }),
  sample(wantedRecord, "one of several", { net, gateway, from: 7, count: 1, id: hash(0xf3) }),
];

const states: Sample[] = [
  sample(stateWantedRecord, "of one that has nothing", { net, height: 0 }),
  sample(stateOfferRecord, "of two pieces", {
    ...{ net, gateway, height: 2048, turn: hash(0xf4), format: 1, size: 65_000 },
    ...{ root: hash(0xf5), next: counting(500, 20) },
  }),
  sample(pieceWantedRecord, "the second", { net, root: hash(0xf5), index: 1 }),
  sample(pieceRecord, "the second, with its path", {
    ...{ net, root: hash(0xf5), index: 1 },
    ...{ bytes: counting(200, 21), path: [hash(0xf6)] },
  }),
];

export const TURN_SAMPLES: readonly Sample[] = [...segments, ...readers, ...turns, ...states];
