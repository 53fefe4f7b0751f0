// SPDX-License-Identifier: Apache-2.0
/** Releases: versions, what a release may say, and who may sign it. */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import fc from "fast-check";
import { encodeCbor } from "#core/codec/cbor";
import { signRecord } from "#core/codec/record";
import {
  compareVersions,
  formatVersion,
  openRelease,
  parseVersion,
  type Release,
  releaseFault,
  releaseRecord,
} from "#core/records/release";
import { sodiumCrypto } from "#node/crypto/sodium";
import { VECTORS } from "./vectors.ts";

const crypto = sodiumCrypto();
const secretKey = crypto.sha256(Uint8Array.of(1));
const releaseKey = crypto.publicKey(secretKey);

const RELEASE: Release = {
  board: "wattle-c3",
  firmware: { major: 1, minor: 4, patch: 0 },
  sizeBytes: 300_000,
  sha256: crypto.sha256(Uint8Array.of(2)),
  minimum: { major: 1, minor: 0, patch: 0 },
  chunkBytes: 1024,
};
const number = fc.integer({ min: 0, max: 0xffff });
const version = fc.record(
  { major: number, minor: number, patch: number },
  { noNullPrototype: true },
);

test("a version is written and read back", () => {
  fc.assert(
    fc.property(version, (value) => {
      assert.deepEqual(parseVersion(formatVersion(value)), value);
    }),
  );
  for (const text of [
    "",
    "1",
    "1.2",
    "1.2.3.4",
    "01.2.3",
    "1.2.x",
    "1.2.65536",
    " 1.2.3",
    "1.-2.3",
  ])
    assert.equal(parseVersion(text), undefined, text);
});

test("versions are in order, the first number before the second before the third", () => {
  const weight = (value: { major: number; minor: number; patch: number }) =>
    (value.major * 65536 + value.minor) * 65536 + value.patch;
  fc.assert(
    fc.property(version, version, (a, b) => {
      assert.equal(Math.sign(compareVersions(a, b)), Math.sign(weight(a) - weight(b)));
    }),
  );
});

test("what a release may not say", () => {
  assert.equal(releaseFault(RELEASE), undefined);
  const wrong: [Partial<Release>, RegExp][] = [
    [{ board: "" }, /no level of a topic/],
    [{ board: "a/b" }, /no level of a topic/],
    [{ board: "a+" }, /no level of a topic/],
    [{ sizeBytes: 0 }, /empty/],
    [{ chunkBytes: 128 }, /chunks of 128/],
    [{ chunkBytes: 3000 }, /chunks of 3000/],
    [{ minimum: RELEASE.firmware }, /no version from 1\.4\.0/],
  ];
  for (const [change, expected] of wrong)
    assert.match(releaseFault({ ...RELEASE, ...change }) ?? "fine", expected);
});

test("a release opens with the operator's key, and with no other", () => {
  const { bytes, id } = signRecord(releaseRecord, crypto, secretKey, RELEASE);
  const opened = openRelease(crypto, releaseKey, bytes);
  assert.ok(opened.ok);
  assert.deepEqual(opened.value, RELEASE);
  assert.deepEqual(opened.id, id);
  const other = openRelease(crypto, crypto.publicKey(crypto.sha256(Uint8Array.of(3))), bytes);
  assert.equal(other.ok ? "" : other.code, "RELEASE_SIGNATURE");
  assert.ok(openRelease(crypto, undefined, bytes).ok, "anybody may read it");
  for (let at = 0; at < bytes.length; at++) {
    const changed = bytes.slice();
    changed[at] ^= 1;
    assert.equal(openRelease(crypto, releaseKey, changed).ok, false, `byte ${at}`);
  }
});

test("a signature for another domain is none", () => {
  const record = releaseRecord.encode(RELEASE);
  const digest = createHash("sha256").update("wattle/reading/1\0").update(record).digest();
  const forged = encodeCbor([record, crypto.sign(secretKey, digest)]);
  const opened = openRelease(crypto, releaseKey, forged);
  assert.equal(opened.ok ? "" : opened.code, "RELEASE_SIGNATURE");
});

test("a release is refused that is well signed and makes no sense", () => {
  const senseless = { ...RELEASE, minimum: { major: 9, minor: 0, patch: 0 } };
  const { bytes } = signRecord(releaseRecord, crypto, secretKey, senseless);
  const opened = openRelease(crypto, releaseKey, bytes);
  assert.equal(opened.ok ? "" : opened.code, "FIELD_RANGE");
});

test("the bytes of a release by hand", () => {
  const pieces = [
    "88", // array of 8: kind, version, six fields
    "14", // kind 20
    "01", // version 1
    "69 776174746c652d6333", // text of 9: wattle-c3
    "83 01 04 00", // 1.4.0
    "1a 00125d00", // 1203456 bytes
    "58 20", // bytes of 32
    Buffer.from(Array.from({ length: 32 }, (_, i) => 0xc0 + i)).toString("hex"),
    "83 01 02 03", // 1.2.3
    "19 0800", // chunks of 2048
  ];
  const vector = VECTORS.find(({ record, name }) => record === "release" && name === "a release");
  assert.equal(vector?.hex, pieces.join("").replaceAll(" ", ""));
});
