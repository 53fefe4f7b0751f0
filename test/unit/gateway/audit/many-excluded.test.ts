// SPDX-License-Identifier: Apache-2.0
/** A clearing that excludes an order of every member of the largest area fits into the log and comes back. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { openSigned, signRecord, verifySigned } from "#core/codec/record";
import { WIRE } from "#core/errors/codes";
import { nodeIdOf } from "#core/identity";
import { MEMBERS_MAX, PRICE_MICRO_MAX } from "#core/limits";
import { type ClearingRecord, clearingRecord } from "#core/records/clearing";
import { Findings } from "#gateway/audit/findings";
import { openEntry } from "#gateway/audit/open";
import { clearingEntry, EntryKind, packEntry, unpackEntry } from "#gateway/entries";
import { sodiumCrypto } from "#node/crypto/sodium";
import { openMemoryStore } from "#node/store/memory";

const crypto = sodiumCrypto();
const secretKey = new Uint8Array(32).fill(7);
const hash = (number: number) => crypto.sha256(Uint8Array.of(number >> 8, number & 255));

/** Every number at its largest: no clearing takes more bytes. */
function largest(): ClearingRecord {
  const micro = { micro: PRICE_MICRO_MAX };
  const side = {
    totalWh: Number.MAX_SAFE_INTEGER,
    levelPriceMicro: micro,
    levelTotalWh: Number.MAX_SAFE_INTEGER,
    levelAvailableWh: Number.MAX_SAFE_INTEGER,
    nextPriceMicro: micro,
    threshold: { remainder: Number.MAX_SAFE_INTEGER, key: hash(0) },
  };
  const excluded = Array.from({ length: MEMBERS_MAX }, (_, i) => {
    return { order: hash(i), code: WIRE.ORDER_NO_RESERVE };
  });
  return {
    net: "n".repeat(40),
    gateway: nodeIdOf(crypto, crypto.publicKey(secretKey)),
    slot: 0xffffffff,
    stage: 1,
    pricing: 1,
    kPermille: 1000,
    floorMicro: PRICE_MICRO_MAX,
    ceilingMicro: PRICE_MICRO_MAX,
    orderRoot: hash(1),
    orders: MEMBERS_MAX,
    tradedWh: Number.MAX_SAFE_INTEGER,
    priceMicro: micro,
    bids: side,
    offers: side,
    pairRoot: hash(2),
    pairs: 2 * MEMBERS_MAX,
    excluded,
    atMs: Number.MAX_SAFE_INTEGER,
  };
}

test("1024 excluded orders are signed, logged, and read back by replay and by audit", () => {
  assert.equal(MEMBERS_MAX, 1024);
  const record = largest();
  const { bytes: signed, id } = signRecord(clearingRecord, crypto, secretKey, record);
  const orders = record.excluded.map(({ order }) => order);
  const pair = {
    seller: record.gateway,
    buyer: record.gateway,
    reserve: hash(3),
    qtyWh: 1,
    priceMicro: 1,
    ecashMicro: 1,
  };
  const pairs = Array.from({ length: 2 * MEMBERS_MAX }, () => pair);
  const store = openMemoryStore();
  const bytes = packEntry(clearingEntry, { signed, slot: record.slot, orders, pairs });
  store.append([{ kind: EntryKind.clearing, bytes }]);
  const [entry] = [...store.read()];

  const replayed = unpackEntry(clearingEntry, entry.bytes);
  assert.deepEqual(replayed.orders, orders);
  assert.equal(replayed.pairs.length, 2 * MEMBERS_MAX);
  const opened = openSigned(clearingRecord, crypto, replayed.signed);
  assert.ok(opened.ok, "the record opens");
  assert.deepEqual(opened.id, id);
  assert.ok(verifySigned(crypto, crypto.publicKey(secretKey), opened));
  assert.deepEqual(opened.value, record);

  const findings = new Findings({ crypto });
  assert.deepEqual(openEntry(findings, clearingEntry, entry.bytes), replayed);
  assert.deepEqual(findings.faults(), []);
});
