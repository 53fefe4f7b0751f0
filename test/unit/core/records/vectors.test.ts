// SPDX-License-Identifier: Apache-2.0
/** The committed vectors on V8 with both crypto ports, and that they cover what there is. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { toHex } from "#core/codec/bytes";
import { kebab } from "#core/codec/kebab";
import { nobleCrypto } from "#core/crypto/noble";
import type { Crypto } from "#core/crypto/port";
import { RecordKind } from "#core/records/common";
import { ALL_RECORDS, travelsSigned } from "#core/records/index";
import { readingRecord } from "#core/records/reading";
import { sodiumCrypto } from "#node/crypto/sodium";
import {
  checkRecords,
  fromJson,
  type RecordVector,
  toJson,
} from "../../../vectors/records/check.ts";
import { CONTROL_HEX } from "../../../vectors/records/negatives.ts";
import { NEGATIVES, VECTORS } from "./vectors.ts";

const crypto = sodiumCrypto();

for (const port of [nobleCrypto(), crypto] satisfies Crypto[]) {
  test(`every vector and every negative on ${port.name}`, () => {
    assert.deepEqual(checkRecords(port, VECTORS, NEGATIVES), []);
  });
}

test("every record type is listed by rising kind, under the name of its kind", () => {
  const kinds: Record<string, number> = {};
  for (const [name, kind] of Object.entries(RecordKind)) kinds[kebab(name)] = kind;
  let last = 0;
  for (const type of ALL_RECORDS) {
    assert.equal(kinds[type.name], type.kind, `${type.name} has the wire number of its name`);
    assert.ok(type.kind > last, `${type.name} comes after a smaller kind`);
    last = type.kind;
  }
  const domains = new Set(ALL_RECORDS.map((type) => type.domain));
  assert.equal(domains.size, ALL_RECORDS.length, "no two records share a domain");
});

test("every kind has vectors, signed ones where it travels signed, and no two are alike", () => {
  for (const type of ALL_RECORDS) {
    const own = VECTORS.filter((vector) => vector.record === type.name);
    assert.ok(own.length >= 1, `${type.name} has a vector`);
    for (const vector of own) {
      const signed = vector.signedHex !== undefined;
      assert.equal(signed, travelsSigned(type), `${type.name}, ${vector.name}: signed or not`);
      const sealed = vector.sealedHex !== undefined;
      assert.equal(sealed, type.name === "certificate", `${type.name}: sealed or not`);
    }
  }
  assert.equal(new Set(VECTORS.map((vector) => vector.hex)).size, VECTORS.length, "hex is unique");
  const names = [...VECTORS, ...NEGATIVES].map(({ record, name }) => `${record}, ${name}`);
  for (const group of [names.slice(0, VECTORS.length), names.slice(VECTORS.length)])
    assert.equal(new Set(group).size, group.length, "names are unique");
});

test("a vector's record is refused by every other record type", () => {
  for (const vector of VECTORS) {
    const bytes = Buffer.from(vector.hex, "hex");
    for (const type of ALL_RECORDS) {
      if (type.name === vector.record) continue;
      const decoded = type.decode(bytes);
      const code = decoded.ok ? "accepted" : decoded.code;
      assert.match(code, /^(WRONG_KIND|OVERSIZED)$/, `${vector.record} read as ${type.name}`);
    }
  }
});

test("the checker sees a changed byte, field, id, signature or refusal", () => {
  const vector = VECTORS.find((other) => other.record === "reading") as RecordVector;
  const flip = (hex: string) => `${hex.slice(0, -1)}${hex.endsWith("0") ? "1" : "0"}`;
  const fields = fromJson(vector.fields) as { boot: number };
  const wrong: [string, Partial<RecordVector>][] = [
    ["hex", { hex: flip(vector.hex) }],
    ["id", { id: flip(vector.id) }],
    ["signature", { signedHex: flip(vector.signedHex ?? "") }],
    ["no signature", { signedHex: undefined }],
    ["field", { fields: toJson({ ...fields, boot: fields.boot + 1 }) }],
    ["kind", { kind: 5 }],
  ];
  for (const [what, change] of wrong) {
    const faults = checkRecords(crypto, [{ ...vector, ...change }], []);
    assert.notDeepEqual(faults, [], `a changed ${what} is seen`);
  }
  for (const certificate of VECTORS.filter(({ record }) => record === "certificate")) {
    const sealedHex = certificate.sealedHex ?? "";
    for (const changed of [flip(sealedHex), sealedHex.slice(0, -2), "", undefined]) {
      const faults = checkRecords(crypto, [{ ...certificate, sealedHex: changed }], []);
      assert.notDeepEqual(faults, [], `${certificate.name}: another envelope is seen`);
    }
  }
  const good = { name: "good", record: "reading", hex: vector.hex, code: "MALFORMED" };
  assert.equal(checkRecords(crypto, [], [good]).length, 1, "an accepted negative is seen");
});

test("the record that the negatives are made of is good", () => {
  const decoded = readingRecord.decode(Buffer.from(CONTROL_HEX, "hex"));
  assert.ok(decoded.ok, "accepted");
  assert.equal(decoded.value.importMwh, 12345678n);
});

test("JSON keeps bytes, registers and absent fields apart", () => {
  const value = { a: Uint8Array.of(0, 255), b: 7n, c: undefined, d: ["7", 7, ""] };
  assert.deepEqual(fromJson(JSON.parse(JSON.stringify(toJson(value)))), value);
  assert.equal(toHex((fromJson("0x") as Uint8Array) ?? new Uint8Array(1)), "", "no bytes");
});
