// SPDX-License-Identifier: Apache-2.0
/** Values of what gateways say; see samples-node.ts. */
import { accountRecord } from "#core/records/account";
import { type Effect, headerRecord } from "#core/records/block";
import { clearingRecord } from "#core/records/clearing";
import { contractRecord } from "#core/records/contract";
import { configRecord } from "#core/records/member";
import { capsRecord, demandRecord, noticeRecord } from "#core/records/notice";
import { proofRecord } from "#core/records/proof";
import { publicBlockRecord } from "#core/records/public-block";
import { receiptRecord } from "#core/records/receipt";
import { settlementRecord } from "#core/records/settlement";
import {
  atMs,
  COINS_MAX,
  counting,
  gateway,
  hash,
  net,
  node,
  SAFE_MAX,
  type Sample,
  sample,
  U64_MAX,
  wallet,
} from "./sample.ts";
import { TURN_SAMPLES } from "./samples-turns.ts";

const configs: Sample[] = [
  sample(configRecord, "an admission", {
    net,
    gateway,
    node,
    code: 0,
    upTo: 23,
    digest: hash(0x80),
    txSeq: 24,
    txid: hash(0x90),
    txMs: atMs - 60_000,
    boundary: 97,
    importMwh: 12_345_678n,
    exportMwh: 4_294_967_296n,
    atMs,
  }),
  sample(configRecord, "a refusal with every number at its largest", {
    net: "",
    gateway,
    node,
    code: 0xffff,
    upTo: SAFE_MAX,
    digest: new Uint8Array(32),
    txSeq: SAFE_MAX,
    txid: new Uint8Array(32).fill(0xff),
    txMs: SAFE_MAX,
    boundary: SAFE_MAX,
    importMwh: U64_MAX,
    exportMwh: U64_MAX - 1n,
    atMs: SAFE_MAX,
  }),
];

const usualNotice = {
  net,
  gateway,
  epoch: 1,
  epochStartMs: atMs,
  tickMs: 30_000,
  ageMaxMs: 120_000,
  slot: 95,
  startMs: atMs + 95 * 900_000,
  endMs: atMs + 96 * 900_000,
  nowMs: atMs + 96 * 900_000,
  clock: 0,
  ratePermille: 0,
  realMs: 0,
  timing: 0,
  mode: 0,
  pricing: 0,
  kPermille: 500,
  feedInMicro: 80_000,
  retailMicro: 220_000,
  retailNextMicro: 540_000,
};
const notices: Sample[] = [
  sample(noticeRecord, "a slot of the barrier clock", usualNotice),
  sample(noticeRecord, "a running clock, guided, pay as bid", {
    ...usualNotice,
    clock: 1,
    ratePermille: 1000,
    realMs: 1_767_312_000_123,
    timing: 1,
    mode: 1,
    pricing: 1,
    kPermille: 1000,
  }),
  sample(demandRecord, "a demand", {
    net,
    gateway,
    slot: 95,
    demandWh: 4711,
    guidanceMicro: 150_000,
    atMs,
  }),
  sample(capsRecord, "no caps", { net, gateway, atMs: 0, caps: [] }),
  sample(capsRecord, "a cap and a sealed block", {
    net,
    gateway,
    atMs,
    caps: [
      { id: hash(1), tMs: atMs - 1, block: 0 },
      { id: hash(2), tMs: atMs - 2, block: 1 },
    ],
  }),
];

const emptySide = {
  totalWh: 0,
  levelPriceMicro: undefined,
  levelTotalWh: 0,
  levelAvailableWh: 0,
  nextPriceMicro: undefined,
  threshold: undefined,
};
const clearings: Sample[] = [
  sample(clearingRecord, "a slot without trade", {
    net,
    gateway,
    slot: 1,
    stage: 0,
    pricing: 0,
    kPermille: 500,
    floorMicro: 0,
    ceilingMicro: 1_000_000_000,
    orderRoot: hash(0),
    orders: 0,
    tradedWh: 0,
    priceMicro: undefined,
    bids: emptySide,
    offers: emptySide,
    pairRoot: hash(0),
    pairs: 0,
    excluded: [],
    atMs,
  }),
  sample(clearingRecord, "a rationed slot with an excluded order", {
    net,
    gateway,
    slot: 95,
    stage: 1,
    pricing: 1,
    kPermille: 0,
    floorMicro: 80_000,
    ceilingMicro: 540_000,
    orderRoot: hash(3),
    orders: 1024,
    tradedWh: 65_536,
    priceMicro: { micro: 0 }, // a price of nothing is not the absence of one
    bids: {
      totalWh: 100_000,
      levelPriceMicro: { micro: 220_000 },
      levelTotalWh: 80_000,
      levelAvailableWh: 65_536,
      nextPriceMicro: { micro: 100_000 },
      threshold: { remainder: 17, key: hash(4) },
    },
    offers: { ...emptySide, totalWh: SAFE_MAX, levelPriceMicro: { micro: 80_000 } },
    pairRoot: hash(5),
    pairs: 2048,
    excluded: [{ order: hash(6), code: 56 }],
    atMs,
  }),
];

const contractLeg = (first: number) => ({
  counterparty: counting(16, first),
  counterpartyKey: hash(first + 1),
  reserve: hash(first + 3),
  lockedMicro: 1_000_000,
  qtyWh: 1000 + first,
  priceMicro: 150_000,
  ecashMicro: 150 * (1000 + first),
});
const usualContract = {
  net,
  gateway,
  node,
  slot: 95,
  stage: 0,
  clearing: hash(0xb0),
  side: 2,
  fillWh: 2003,
  orderIndex: 2,
  proof: [hash(7), hash(8)],
  part: 0,
  parts: 1,
  legs: [contractLeg(1), contractLeg(2)],
  atMs,
};
const contracts: Sample[] = [
  sample(contractRecord, "an offer sold to two", usualContract),
  sample(contractRecord, "an unfilled order", { ...usualContract, fillWh: 0, proof: [], legs: [] }),
  sample(contractRecord, "32 legs and a path of 16", {
    ...usualContract,
    stage: 1,
    proof: Array.from({ length: 16 }, (_, i) => hash(i)),
    legs: Array.from({ length: 32 }, (_, i) => contractLeg(i)),
  }),
];

const receipts: Sample[] = [
  sample(receiptRecord, "a receipt", {
    net,
    gateway,
    node,
    upTo: 255,
    digest: hash(0x81),
    refused: [],
    atMs,
  }),
  sample(receiptRecord, "a receipt with two refusals", {
    net,
    gateway,
    node,
    upTo: 0x100,
    digest: hash(0x82),
    refused: [
      { seq: 254, code: 50 },
      { seq: 256, code: 0xffff },
    ],
    atMs,
  }),
];

const usualHeader = {
  net,
  height: 96,
  prev: hash(0xf0),
  epoch: 1,
  leader: gateway,
  atMs,
  slot: 95,
  txCount: 3,
  cutRoot: hash(1),
  txRoot: hash(2),
  rejectedRoot: hash(3),
  effectsRoot: hash(4),
  eventsRoot: hash(5),
  stateRoot: hash(6),
};
/** The header of the block vectors. */
export const HEADER = usualHeader;

const payEffect: Effect = {
  kind: 5,
  reserve: hash(1),
  sold: hash(2),
  leg: 31,
  bought: hash(3),
  from: wallet(4),
  to: wallet(5),
  micro: 187_500,
  qtyWh: 1250,
};
/** What a block lists beside its header. */
export const BLOCK = {
  cut: [hash(0x11)],
  txs: [hash(0x12), hash(0x13), hash(0x11)],
  rejected: [{ txid: hash(0x13), code: 93 }],
  effects: [
    payEffect,
    { ...payEffect, kind: 2, reserve: undefined, sold: undefined, leg: 0, bought: undefined },
  ],
  events: [hash(0x14)],
  closed: [94, 95],
};
const chain: Sample[] = [
  sample(headerRecord, "a header", usualHeader),
  sample(headerRecord, "the genesis header", { ...usualHeader, height: 0, prev: undefined }),
  sample(accountRecord, "an account with a rejected transaction", {
    net,
    gateway,
    node,
    height: 96,
    header: hash(0xf1),
    slot: 95,
    freeMicro: COINS_MAX,
    lockedMicro: 0x100000000,
    rejected: [{ txid: hash(0x13), code: 93 }],
    walletSet: 3,
    salts: [hash(0xf2), hash(0xf3)],
    atMs,
  }),
];

const effect = { kind: 4, from: wallet(6), to: undefined, micro: 187_500, qtyWh: 0 };
const published: Sample[] = [
  sample(publicBlockRecord, "a public block", {
    net,
    area: "oak-street",
    height: 96,
    prev: hash(0xf4),
    header: hash(0xf5),
    slot: 95,
    atMs,
    effects: [effect, { ...effect, kind: 5, to: wallet(7), qtyWh: 1250 }],
    items: [hash(0xf6), hash(0xf7)],
  }),
  sample(publicBlockRecord, "the first public block", {
    net,
    area: "oak-street",
    height: 0,
    prev: undefined,
    header: hash(0xf5),
    slot: 0,
    atMs,
    effects: [],
    items: [],
  }),
];
const proofs: Sample[] = [
  sample(proofRecord, "the proof of a balance", {
    net,
    gateway,
    node,
    header: counting(300, 9),
    path: counting(4 * 33, 0xe1),
    balanceMicro: COINS_MAX,
    lockedMicro: 0x100000000,
    walletSet: 3,
    commitment: hash(0xe5),
  }),
];

const settlements: Sample[] = [
  sample(settlementRecord, "the proof of a payment", {
    header: counting(300, 11),
    effect: {
      kind: 5,
      reserve: hash(0xc1),
      sold: hash(0xc2),
      leg: 1,
      bought: hash(0xc3),
      from: wallet(1),
      to: wallet(2),
      micro: COINS_MAX,
      qtyWh: 1234,
    },
    index: 5,
    effects: 9,
    path: [hash(0xd1), hash(0xd2), hash(0xd3), hash(0xd4)],
    walletSet: 3,
    wallet: 255,
  }),
];

/** Every record that a gateway says, but for blocks, which hold a signed header. */
export const GATEWAY_SAMPLES: readonly Sample[] = [
  ...configs,
  ...notices,
  ...clearings,
  ...contracts,
  ...receipts,
  ...chain,
  ...published,
  ...proofs,
  ...TURN_SAMPLES,
  ...settlements,
];
