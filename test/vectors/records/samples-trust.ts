// SPDX-License-Identifier: Apache-2.0
/**
 * Values of what makes somebody known: authority, enrolment, CONNECT. The test key is the authority's anchor, and
 * that of whoever asks, is certified or connects, so that ids and signatures fit.
 */
import { toHex } from "#core/codec/bytes";
import { nobleCrypto } from "#core/crypto/noble";
import { nodeIdOf } from "#core/identity";
import { authorityRecord, Revoked, revocationsRecord, Subject } from "#core/records/authority";
import { certificateRecord, enrolRecord } from "#core/records/certificate";
import { connectRecord } from "#core/records/connect";
import { TEST_SEED } from "./check.ts";
import {
  atMs,
  counting,
  gateway,
  hash,
  NAME_MAX,
  net,
  SAFE_MAX,
  type Sample,
  sample,
} from "./sample.ts";

const crypto = nobleCrypto();
const publicKey = crypto.publicKey(TEST_SEED);
const id = nodeIdOf(crypto, publicKey);
const YEAR_MS = 365 * 86_400_000;
const CONNECTION_W_MAX = 1_000_000_000;

const authorities: Sample[] = [
  sample(authorityRecord, "an authority", {
    net,
    name: "energy office",
    anchorKey: publicKey,
    sealKey: counting(192, 0x11),
    atMs,
  }),
  sample(authorityRecord, "the longest names and the last instant", {
    net: NAME_MAX,
    name: NAME_MAX,
    anchorKey: publicKey,
    sealKey: new Uint8Array(192).fill(0xff),
    atMs: SAFE_MAX,
  }),
  sample(revocationsRecord, "nothing revoked", {
    net,
    authority: id,
    subject: Subject.gateway,
    number: 1,
    atMs,
    revoked: [],
  }),
  sample(revocationsRecord, "three nodes revoked", {
    net,
    authority: id,
    subject: Subject.node,
    number: 24,
    atMs,
    revoked: [
      { serial: 7, reason: Revoked.unspecified, atMs: atMs - YEAR_MS },
      { serial: 0x100, reason: Revoked.key, atMs: atMs - 1 },
      { serial: SAFE_MAX, reason: 15, atMs: SAFE_MAX },
    ],
  }),
];

const usualRequest = {
  net,
  publicKey,
  name: "meter-12",
  meter: "SDM630 2201-4711",
  connectionW: 24_000,
  wallets: hash(0x60),
  claim: hash(0x70),
  renews: 0,
  atMs,
};
const requests: Sample[] = [
  sample(enrolRecord, "a first request", usualRequest),
  sample(enrolRecord, "a renewal for a meter that nobody has named", {
    ...usualRequest,
    meter: "",
    claim: new Uint8Array(32),
    renews: 0x10000,
  }),
  sample(enrolRecord, "every number at its largest", {
    ...usualRequest,
    net: NAME_MAX,
    name: NAME_MAX,
    meter: NAME_MAX,
    connectionW: CONNECTION_W_MAX,
    renews: SAFE_MAX,
    atMs: SAFE_MAX,
  }),
];

const ofNode = {
  net,
  authority: id,
  serial: 24,
  subject: Subject.node,
  id,
  publicKey,
  area: "",
  wallets: hash(0x60),
  meter: "SDM630 2201-4711",
  connectionW: 24_000,
  fromMs: atMs,
  untilMs: atMs + YEAR_MS,
};
const ofGateway = {
  ...ofNode,
  serial: 23,
  subject: Subject.gateway,
  area: "street",
  wallets: new Uint8Array(32),
  meter: "",
  connectionW: 0,
};
const certificates: Sample[] = [
  sample(certificateRecord, "a node's", ofNode),
  sample(certificateRecord, "a gateway's", ofGateway),
  sample(certificateRecord, "every number at its largest", {
    ...ofGateway,
    net: NAME_MAX,
    serial: SAFE_MAX,
    area: NAME_MAX,
    wallets: new Uint8Array(32).fill(0xff),
    meter: NAME_MAX,
    connectionW: CONNECTION_W_MAX,
    fromMs: SAFE_MAX - 1,
    untilMs: SAFE_MAX,
  }),
];

const connects: Sample[] = [
  sample(connectRecord, "a node's token", {
    net,
    gateway,
    client: toHex(id),
    publicKey,
    atMs: atMs + 123,
  }),
  sample(connectRecord, "the longest client id", {
    net: NAME_MAX,
    gateway,
    client: NAME_MAX + NAME_MAX,
    publicKey,
    atMs: SAFE_MAX,
  }),
];

export const TRUST_SAMPLES: readonly Sample[] = [
  ...authorities,
  ...requests,
  ...certificates,
  ...connects,
];
