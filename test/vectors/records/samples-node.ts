// SPDX-License-Identifier: Apache-2.0
/**
 * Values of what nodes say: usual ones, and those at which the encoding changes its width. Byte strings
 * count up from a first byte, so that a swap of two fields shows.
 */
import { arrivalRecord } from "#core/records/arrival";
import { EventKind, EventRegister, eventRecord } from "#core/records/event";
import { memberRecord } from "#core/records/member";
import { orderRecord } from "#core/records/order";
import { readingRecord } from "#core/records/reading";
import { upRecord } from "#core/records/receipt";
import { type Body, bodyRecord, type PotToken, type TxLeg, TxType } from "#core/records/tx";
import { walletsRecord } from "#core/records/wallets";
import {
  atMs,
  COINS_MAX,
  counting,
  hash,
  NAME_MAX,
  net,
  node,
  SAFE_MAX,
  type Sample,
  sample,
  U32_MAX,
  U64_MAX,
  wallet,
} from "./sample.ts";

const members: Sample[] = [
  sample(memberRecord, "a member with one address", {
    net,
    publicKey: hash(0x40),
    name: "meter-12",
    capacityWh: 9200,
    set: 0,
    addresses: 1,
    walletKey: hash(0x60),
    walletProof: counting(64, 0x80),
  }),
  sample(memberRecord, "the longest names and most addresses", {
    net: NAME_MAX,
    publicKey: hash(0x41),
    name: ` ~${NAME_MAX.slice(2)}`,
    capacityWh: 1_000_000_000,
    set: U32_MAX,
    addresses: 256,
    walletKey: hash(0x61),
    walletProof: counting(64, 0x81),
  }),
];

const wallets: Sample[] = [
  sample(walletsRecord, "the second set of addresses", {
    net,
    node,
    set: 1,
    addresses: 64,
    walletKey: hash(0x62),
    walletProof: counting(64, 0x82),
    said: 24,
  }),
];

const arrivals: Sample[] = [
  sample(arrivalRecord, "a node that comes with a chain of transactions", {
    net,
    node,
    gateway: counting(16, 0xa0),
    from: counting(8, 0xb0),
    txSeq: 24,
    txid: hash(0x50),
    dropped: 3,
    said: 24,
  }),
  sample(arrivalRecord, "one without, and with a full outbox", {
    net: NAME_MAX,
    node,
    gateway: counting(16, 0xa1),
    from: counting(8, 0xb1),
    txSeq: 0,
    txid: undefined,
    dropped: 320,
    said: SAFE_MAX,
  }),
];

const readings: Sample[] = [
  sample(readingRecord, "a reading", {
    net,
    node,
    boundary: 96,
    atMs: atMs + 96 * 900_000,
    quality: 2,
    importMwh: 12_345_678n,
    exportMwh: 4_294_967_296n,
    boot: 3,
    said: 24,
  }),
  sample(readingRecord, "the first reading of a new meter", {
    net,
    node,
    boundary: 0,
    atMs: 0,
    quality: 0,
    importMwh: 0n,
    exportMwh: 0n,
    boot: 0,
    said: 1,
  }),
  sample(readingRecord, "registers beyond 2^53 and at 2^64 - 1", {
    net: NAME_MAX,
    node,
    boundary: U32_MAX,
    atMs: SAFE_MAX,
    quality: 1,
    importMwh: 9_007_199_254_740_993n,
    exportMwh: U64_MAX,
    boot: U32_MAX,
    said: SAFE_MAX,
  }),
  sample(readingRecord, "registers at 2^32 - 1 and 2^53", {
    net,
    node,
    boundary: 0x10000,
    atMs: 0x100000000,
    quality: 2,
    importMwh: 0xffffffffn,
    exportMwh: 9_007_199_254_740_992n,
    boot: 0x100,
    said: 0x10000,
  }),
];

const orders: Sample[] = [
  sample(orderRecord, "an offer", {
    net,
    node,
    slot: 95,
    side: 2,
    qtyWh: 1250,
    priceMicro: 80_000,
    reserve: undefined,
    said: 25,
  }),
  sample(orderRecord, "a bid that names its RESERVE", {
    net,
    node,
    slot: 95,
    side: 1,
    qtyWh: 255,
    priceMicro: 220_000,
    reserve: hash(0xa0),
    said: 26,
  }),
  sample(orderRecord, "neither", {
    net,
    node,
    slot: 0xffff,
    side: 0,
    qtyWh: 0,
    priceMicro: 0,
    reserve: undefined,
    said: 0x100000000,
  }),
];

const events: Sample[] = [
  sample(eventRecord, "energy counted while the node was off", {
    net,
    node,
    boot: 4,
    atMs: atMs + 96 * 900_000,
    quality: 2,
    event: EventKind.offCounted,
    register: EventRegister.import,
    beforeMwh: 12_345_678n,
    afterMwh: 4_294_967_296n,
    valueMwh: 4_282_621_618n,
    detail: 0,
    suppressed: 0,
    said: 27,
  }),
  sample(eventRecord, "a gap before the time was known", {
    net,
    node,
    boot: 1,
    atMs: 0,
    quality: 0,
    event: EventKind.gap,
    register: EventRegister.none,
    beforeMwh: 0n,
    afterMwh: 0n,
    valueMwh: 0n,
    detail: 0,
    suppressed: 0,
    said: 1,
  }),
  sample(eventRecord, "the largest of everything, and a kind that is not known yet", {
    net: NAME_MAX,
    node,
    boot: U32_MAX,
    atMs: SAFE_MAX,
    quality: 1,
    event: 63,
    register: EventRegister.export,
    beforeMwh: U64_MAX,
    afterMwh: U64_MAX,
    valueMwh: U64_MAX,
    detail: SAFE_MAX,
    suppressed: U32_MAX,
    said: SAFE_MAX,
  }),
];

const saleLeg: TxLeg = {
  to: counting(16, 0x30),
  wallet: wallet(0x70),
  ref: hash(0xc0),
  qtyWh: 1250,
  ecashMicro: 187_500,
  meter: { fromMwh: 4_294_000_000n, toMwh: 4_295_250_000n },
};
const reserveLeg: TxLeg = {
  to: undefined,
  wallet: wallet(0x70),
  ref: undefined,
  qtyWh: 2300,
  ecashMicro: COINS_MAX,
  meter: undefined,
};

/** A RESERVE, a SOLD with two legs and the largest body: what the tx vectors are made of too. */
export const BODIES: readonly { name: string; body: Body; pot: PotToken[] }[] = [
  {
    name: "a RESERVE on a sealed block",
    body: {
      net,
      epoch: 1,
      type: TxType.reserve,
      from: node,
      seq: 1,
      prev: undefined,
      legs: [reserveLeg],
      expiryMs: atMs + 1_800_000,
      cancels: undefined,
      parents: [hash(0xd0)],
      tsMs: atMs,
      tick: 0,
      slot: 96,
    },
    pot: [],
  },
  {
    name: "a SOLD of two legs with a token",
    body: {
      net,
      epoch: 2,
      type: TxType.sold,
      from: node,
      seq: 2,
      prev: hash(0xe0),
      legs: [saleLeg, { ...saleLeg, to: counting(16, 0x31), qtyWh: 0, ecashMicro: 0 }],
      expiryMs: 0,
      cancels: undefined,
      parents: [hash(1), hash(2)],
      tsMs: atMs,
      tick: 30,
      slot: 95,
    },
    pot: [
      {
        witness: counting(16, 0x32),
        tMs: atMs + 5,
        random: counting(16, 0),
        signature: counting(64, 1),
      },
    ],
  },
  {
    name: "the largest body: 32 legs and a CANCEL",
    body: {
      net: NAME_MAX,
      epoch: U32_MAX,
      type: 5,
      from: node,
      seq: SAFE_MAX,
      prev: hash(0xe1),
      legs: Array.from({ length: 32 }, () => ({
        ...saleLeg,
        qtyWh: 1_000_000_000,
        ecashMicro: COINS_MAX,
        meter: { fromMwh: U64_MAX - 1n, toMwh: U64_MAX },
      })),
      expiryMs: SAFE_MAX,
      cancels: counting(256, 0),
      parents: [hash(1), hash(2)],
      tsMs: SAFE_MAX,
      tick: SAFE_MAX,
      slot: U32_MAX,
    },
    pot: [],
  },
];
const bodies: Sample[] = BODIES.map(({ name, body }) => sample(bodyRecord, name, body));

const ups: Sample[] = [
  sample(upRecord, "a message of one byte", { seq: 1, content: Uint8Array.of(0) }),
  sample(upRecord, "a long message with the largest number", {
    seq: SAFE_MAX,
    content: counting(257, 0),
  }),
];

/** Every record that a node says, but for transactions, which are made of BODIES. */
export const NODE_SAMPLES: readonly Sample[] = [
  ...members,
  ...wallets,
  ...arrivals,
  ...readings,
  ...orders,
  ...events,
  ...bodies,
  ...ups,
];
