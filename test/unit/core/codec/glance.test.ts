// SPDX-License-Identifier: Apache-2.0
/** A look into records accepts what decoding them accepts, and finds the same in them. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { bytesEqual, fromHex } from "#core/codec/bytes";
import { type CborValue, decodeCbor } from "#core/codec/cbor";
import { encodeItem } from "#core/codec/cbor-x";
import { glance, passes } from "#core/codec/glance";
import type { RecordType } from "#core/codec/record";
import type { Field } from "#core/codec/schema";
import { stampOf } from "#core/pot/token";
import { ALL_RECORDS } from "#core/records/index";
import { bodyRecord, openTx, type PotToken, signTx, type Tx, txRecord } from "#core/records/tx";
import { glanceTx, openPackedTx } from "#core/records/tx-glance";
import { sodiumCrypto } from "#node/crypto/sodium";
import { NEGATIVES, VECTORS } from "../records/vectors.ts";
import { anyValue } from "./arbitraries.ts";
import { ANY_RECORDS } from "./record-arbitraries.ts";

const crypto = sodiumCrypto();
const PARTY = new Uint8Array(16).fill(9);

/** Whether both accept `bytes`; each field lies where the look says. */
function same(type: RecordType<unknown>, bytes: Uint8Array): boolean {
  const decoded = type.decode(bytes);
  const places = glance(type, bytes) as Record<string, number> | undefined;
  assert.equal(places !== undefined, decoded.ok, `${type.name} ${decoded.ok || decoded.detail}`);
  if (!places) return false;
  const fields = type.body.fields as Record<string, Field<unknown>>;
  const whole = decodeCbor(bytes);
  assert.ok("value" in whole && Array.isArray(whole.value));
  for (const [i, name] of Object.keys(fields).entries()) {
    const cursor = { at: places[name] };
    assert.ok(passes(fields[name], bytes, cursor));
    const item = decodeCbor(bytes.slice(places[name], cursor.at));
    assert.ok("value" in item);
    assert.deepEqual(item.value, whole.value[i + 2], name);
  }
  return true;
}

test("all vectors of all records, good and bad", () => {
  for (const { record, hex } of VECTORS) {
    const type = ALL_RECORDS.find(({ name }) => name === record)!;
    assert.ok(same(type, fromHex(hex)!), record);
  }
  for (const { hex } of NEGATIVES) for (const type of ALL_RECORDS) same(type, fromHex(hex)!);
});

/** `value` with the item that `path` leads to replaced. */
function replaced(value: CborValue, path: readonly number[], by: CborValue): CborValue {
  if (!Array.isArray(value) || value.length === 0 || path.length === 0) return by;
  const items = [...(value as CborValue[])];
  const at = path[0] % items.length;
  items[at] = replaced(items[at], path.slice(1), by);
  return items;
}

const anyPath = fc.array(fc.nat({ max: 40 }), { minLength: 1, maxLength: 4 });
const anyItem = fc.oneof(
  fc.constantFrom<CborValue>(
    0,
    1,
    "*",
    "",
    24,
    2 ** 32,
    2 ** 53 - 1,
    2n ** 53n,
    2n ** 64n - 1n,
    [],
  ),
  fc.constantFrom<CborValue>(new Uint8Array(0), new Uint8Array(16), new Uint8Array(32)),
  anyValue,
);

for (const { type, values } of ANY_RECORDS)
  test(`${type.name}: random values, changed bytes, other items`, () => {
    const changed = fc.record({ at: fc.nat(), flip: fc.integer({ min: 1, max: 255 }) });
    fc.assert(
      fc.property(values, changed, anyPath, anyItem, (value, { at, flip }, path, item) => {
        const bytes = type.encode(value);
        assert.ok(same(type, bytes));
        const raw = decodeCbor(bytes);
        assert.ok("value" in raw);
        same(type, encodeItem(replaced(raw.value, path, item)));
        same(type, bytes.slice(0, at % bytes.length));
        bytes[at % bytes.length] ^= flip;
        same(type, bytes);
      }),
      { numRuns: 200 },
    );
  });

/** What all three ways of opening say of `encoded`. */
function sameTx(encoded: Uint8Array): boolean {
  const opened = openTx(crypto, encoded);
  const packed = openPackedTx(crypto, encoded);
  assert.equal(packed !== undefined, opened.ok);
  const nets = opened.ok ? [opened.tx.body.net, `${opened.tx.body.net}x`, ""] : ["a", ""];
  for (const net of nets) {
    const seen = glanceTx(crypto, encoded, net, PARTY);
    assert.equal(seen !== undefined, opened.ok && opened.tx.body.net === net);
    if (seen && opened.ok) assert.deepEqual(seen, expected(opened.tx));
  }
  if (!opened.ok || !packed) return false;
  const { pot, ...rest } = packed;
  const tokens: PotToken[] = [];
  for (let i = 0; i < pot.length; i++) tokens.push(pot.get(i));
  assert.deepEqual({ ...rest, pot: tokens }, opened.tx);
  return true;
}

function expected(tx: Tx) {
  const { epoch, from, seq, parents, legs } = tx.body;
  const isLeg = legs.some(({ to }) => to && bytesEqual(to, PARTY));
  const concerns = bytesEqual(from, PARTY) || isLeg;
  return { txid: tx.txid, epoch, from, seq, parents, stampMs: stampOf(tx), concerns };
}

const valuesOf = <T>(type: RecordType<T>) =>
  ANY_RECORDS.find((one) => one.type === (type as RecordType<unknown>))!.values as fc.Arbitrary<T>;

test("transactions: the same by all three ways, of random bodies and tokens, and of what is changed", () => {
  const secretKey = new Uint8Array(32).fill(5);
  const place = fc.nat({ max: 40 });
  const bodies = valuesOf(bodyRecord).filter(({ legs }) => legs.length < 12);
  const any = fc.tuple(bodies, valuesOf(txRecord), place, fc.nat(), anyPath, anyItem);
  let good = 0;
  fc.assert(
    fc.property(any, ([body, { pot, said }, to, at, path, item]) => {
      if (to === 0) body.from = PARTY.slice();
      else if (body.legs.length > 0 && to < 20) body.legs[to % body.legs.length].to = PARTY.slice();
      const { bytes, signature } = signTx(crypto, secretKey, body, said, pot);
      const record = txRecord.encode({ body: bodyRecord.encode(body), pot, said, signature });
      assert.deepEqual(bytes, record, "put together is as encoded");
      assert.ok(sameTx(bytes));
      const outer = decodeCbor(bytes);
      const inner = decodeCbor(bodyRecord.encode(body));
      assert.ok("value" in outer && "value" in inner);
      if (sameTx(encodeItem(replaced(outer.value, path, item)))) good++;
      const odd = encodeItem(replaced(inner.value, path, item));
      if (sameTx(encodeItem(replaced(outer.value, [2], odd)))) good++;
      const flipped = bytes.slice();
      flipped[at % bytes.length] ^= 1 + (at % 255);
      if (sameTx(flipped)) good++;
    }),
    { numRuns: 400 },
  );
  assert.ok(good > 10, "some changes are accepted");
});
