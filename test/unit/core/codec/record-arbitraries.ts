// SPDX-License-Identifier: Apache-2.0
/** Random values of some records, with a liking for the ends of their ranges. */
import fc from "fast-check";
import type { RecordType } from "#core/codec/record";
import { MICRO_MAX, PRICE_MICRO_MAX, QTY_WH_MAX } from "#core/limits";
import { clearingRecord } from "#core/records/clearing";
import { eventRecord, type MeterEvent } from "#core/records/event";
import { memberRecord } from "#core/records/member";
import { type Order, orderRecord } from "#core/records/order";
import { type Reading, readingRecord } from "#core/records/reading";
import { receiptRecord, upRecord } from "#core/records/receipt";
import { chunkRecord, releaseRecord } from "#core/records/release";
import { type Body, bodyRecord, type TxLeg, txRecord } from "#core/records/tx";
import { walletsRecord } from "#core/records/wallets";
import { anyInteger } from "./arbitraries.ts";

const uint = (max: number = Number.MAX_SAFE_INTEGER) =>
  fc.oneof(
    fc.constantFrom(0, max),
    fc.integer({ min: 0, max: Math.min(max, 300) }),
    fc.nat({ max }),
  );
const sized = (size: number) => fc.uint8Array({ minLength: size, maxLength: size });
const maybe = <T>(item: fc.Arbitrary<T>) => fc.option(item, { nil: undefined });
const name = fc
  .array(fc.integer({ min: 0x20, max: 0x7e }), { maxLength: 40 })
  .map((codes) => String.fromCharCode(...codes));
/** Like decoded values, these have Object's prototype. */
const struct = <T>(fields: { [K in keyof T]: fc.Arbitrary<T[K]> }): fc.Arbitrary<T> =>
  fc.record<T>(fields, { noNullPrototype: true }) as fc.Arbitrary<T>;
const u32 = uint(0xffffffff);

const reading: fc.Arbitrary<Reading> = struct({
  net: name,
  node: sized(16),
  boundary: u32,
  atMs: uint(),
  quality: uint(2),
  importMwh: anyInteger,
  exportMwh: anyInteger,
  boot: u32,
  said: uint(),
});

const event: fc.Arbitrary<MeterEvent> = struct({
  net: name,
  node: sized(16),
  boot: u32,
  atMs: uint(),
  quality: uint(2),
  event: uint(63),
  register: uint(2),
  beforeMwh: anyInteger,
  afterMwh: anyInteger,
  valueMwh: anyInteger,
  detail: uint(),
  suppressed: u32,
  said: uint(),
});

const order: fc.Arbitrary<Order> = struct({
  net: name,
  node: sized(16),
  slot: u32,
  side: uint(2),
  qtyWh: uint(QTY_WH_MAX),
  priceMicro: uint(PRICE_MICRO_MAX),
  reserve: maybe(sized(32)),
  said: uint(),
});

const leg: fc.Arbitrary<TxLeg> = struct({
  to: maybe(sized(16)),
  wallet: sized(20),
  ref: maybe(sized(32)),
  qtyWh: uint(QTY_WH_MAX),
  ecashMicro: uint(MICRO_MAX),
  meter: maybe(struct({ fromMwh: anyInteger, toMwh: anyInteger })),
});

const body: fc.Arbitrary<Body> = struct({
  net: name,
  epoch: u32,
  type: uint(5),
  from: sized(16),
  seq: uint(),
  prev: maybe(sized(32)),
  legs: fc.array(leg, { maxLength: 32 }),
  expiryMs: uint(),
  cancels: maybe(fc.uint8Array({ minLength: 1, maxLength: 256 })),
  parents: fc.array(sized(32), { minLength: 1, maxLength: 2 }),
  tsMs: uint(),
  tick: uint(),
  slot: u32,
});

const token = struct({
  witness: sized(16),
  tMs: uint(),
  random: sized(16),
  signature: sized(64),
});

const tx = struct({
  body: fc.uint8Array({ minLength: 1, maxLength: 400 }),
  pot: fc.array(token, { maxLength: 31 }),
  said: uint(),
  signature: sized(64),
});

const price = uint(PRICE_MICRO_MAX);
const boxed = maybe(struct({ micro: price }));
const side = struct({
  totalWh: uint(),
  levelPriceMicro: boxed,
  levelTotalWh: uint(),
  levelAvailableWh: uint(),
  nextPriceMicro: boxed,
  threshold: maybe(struct({ remainder: uint(), key: sized(32) })),
});

const clearing = struct({
  net: name,
  gateway: sized(16),
  slot: u32,
  stage: uint(1),
  pricing: uint(1),
  kPermille: uint(1000),
  floorMicro: price,
  ceilingMicro: price,
  orderRoot: sized(32),
  orders: uint(1024),
  tradedWh: uint(),
  priceMicro: boxed,
  bids: side,
  offers: side,
  pairRoot: sized(32),
  pairs: uint(2048),
  excluded: fc.array(struct({ order: sized(32), code: uint(0xffff) }), { maxLength: 20 }),
  atMs: uint(),
});

const member = struct({
  net: name,
  publicKey: sized(32),
  name,
  capacityWh: uint(QTY_WH_MAX),
  set: u32,
  addresses: uint(256),
  walletKey: sized(32),
  walletProof: sized(64),
});

const wallets = struct({
  net: name,
  node: sized(16),
  set: u32,
  addresses: uint(256),
  walletKey: sized(32),
  walletProof: sized(64),
  said: uint(),
});

const receipt = struct({
  net: name,
  gateway: sized(16),
  node: sized(16),
  upTo: uint(),
  digest: sized(32),
  refused: fc.array(struct({ seq: uint(), code: uint(0xffff) }), { maxLength: 64 }),
  atMs: uint(),
});

const up = struct({ seq: uint(), content: fc.uint8Array({ minLength: 1, maxLength: 300 }) });

const version = struct({ major: uint(0xffff), minor: uint(0xffff), patch: uint(0xffff) });
const release = struct({
  board: name,
  firmware: version,
  sizeBytes: uint(1 << 24),
  sha256: sized(32),
  minimum: version,
  chunkBytes: uint(4096),
});
const chunk = struct({
  release: sized(32),
  offset: uint(1 << 24),
  bytes: fc.uint8Array({ maxLength: 300 }),
});

/** A record type with values of it. */
export interface AnyRecord {
  type: RecordType<unknown>;
  values: fc.Arbitrary<unknown>;
}

function of<T>(type: RecordType<T>, values: fc.Arbitrary<NoInfer<T>>): AnyRecord {
  return { type: type as RecordType<unknown>, values };
}

export const ANY_RECORDS: readonly AnyRecord[] = [
  of(readingRecord, reading),
  of(orderRecord, order),
  of(eventRecord, event),
  of(bodyRecord, body),
  of(txRecord, tx),
  of(clearingRecord, clearing),
  of(memberRecord, member),
  of(walletsRecord, wallets),
  of(receiptRecord, receipt),
  of(upRecord, up),
  of(releaseRecord, release),
  of(chunkRecord, chunk),
];
