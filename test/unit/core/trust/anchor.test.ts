// SPDX-License-Identifier: Apache-2.0
/** What the authority says with its anchor key: its own record, revocations, and which gateway is one. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { encodeCbor } from "#core/codec/cbor";
import { type RecordType, signRecord } from "#core/codec/record";
import { REVOKED_MAX } from "#core/limits";
import {
  type Authority,
  authorityRecord,
  type Revocations,
  Revoked,
  revocationsRecord,
  Subject,
} from "#core/records/authority";
import { openAuthority, openGatewayCertificate, openRevocations } from "#core/trust/anchor";
import {
  ANCHOR,
  anchorOf,
  crypto,
  envelope,
  GATEWAY,
  NET,
  NOW_MS,
  OF_GATEWAY,
  OF_NODE,
  SEAL,
  STRANGER,
} from "./world.ts";

const AUTHORITY: Authority = {
  net: NET,
  name: "energy office",
  anchorKey: ANCHOR.publicKey,
  sealKey: new Uint8Array(192).fill(9),
  atMs: NOW_MS,
};

const LIST: Revocations = {
  net: NET,
  authority: ANCHOR.id,
  subject: Subject.node,
  number: 3,
  atMs: NOW_MS,
  revoked: [{ serial: 7, reason: Revoked.key, atMs: NOW_MS }],
};

function signed<T>(type: RecordType<T>, value: T, by = ANCHOR): Uint8Array {
  return signRecord(type, crypto, by.secretKey, value).bytes;
}

/** Each byte of `bytes` changed in turn. */
function* changedBytes(bytes: Uint8Array): Generator<Uint8Array> {
  for (let at = 0; at < bytes.length; at++)
    for (const flip of [1, 0x20, 0x80]) {
      const changed = bytes.slice();
      changed[at] ^= flip;
      yield changed;
    }
}

test("the authority's record opens with its own key, known before or not", () => {
  const bytes = signed(authorityRecord, AUTHORITY);
  for (const key of [undefined, ANCHOR.publicKey]) {
    const opened = openAuthority(crypto, bytes, key);
    assert.ok(opened.ok);
    assert.deepEqual(opened.value, AUTHORITY);
  }
});

test("another authority's record is refused, and so is a forged one", () => {
  const codeOf = (bytes: Uint8Array, key?: Uint8Array) => {
    const opened = openAuthority(crypto, bytes, key);
    return opened.ok ? "opens" : opened.code;
  };
  const good = signed(authorityRecord, AUTHORITY);
  assert.equal(codeOf(good, STRANGER.publicKey), "CERT_INVALID");
  const other = { ...AUTHORITY, anchorKey: STRANGER.publicKey };
  assert.equal(codeOf(signed(authorityRecord, other, STRANGER)), "opens", "whoever nobody knows");
  assert.equal(codeOf(signed(authorityRecord, other, STRANGER), ANCHOR.publicKey), "CERT_INVALID");
  assert.equal(codeOf(signed(authorityRecord, AUTHORITY, STRANGER)), "BAD_SIGNATURE");
  assert.equal(codeOf(signed(authorityRecord, other)), "BAD_SIGNATURE");
  assert.equal(codeOf(signed(revocationsRecord, LIST)), "WRONG_KIND");
  assert.equal(codeOf(encodeCbor([0])), "MALFORMED");
  for (const changed of changedBytes(good)) assert.notEqual(codeOf(changed), "opens");
});

function revocationsCode(bytes: Uint8Array, key = ANCHOR.publicKey, net = NET): string {
  const opened = openRevocations(crypto, bytes, key, net);
  return opened.ok ? "opens" : opened.code;
}

test("a list of revoked certificates opens with the anchor key", () => {
  const opened = openRevocations(crypto, signed(revocationsRecord, LIST), ANCHOR.publicKey, NET);
  assert.ok(opened.ok);
  assert.deepEqual(opened.value, LIST);
});

test("a list of another authority or net is refused, and so is a forged one", () => {
  const good = signed(revocationsRecord, LIST);
  assert.equal(revocationsCode(good, STRANGER.publicKey), "CERT_INVALID");
  assert.equal(revocationsCode(good, ANCHOR.publicKey, "street-8"), "WRONG_NET");
  assert.ok(openRevocations(crypto, good, ANCHOR.publicKey).ok, "a net is not asked for");
  assert.equal(revocationsCode(signed(revocationsRecord, LIST, STRANGER)), "BAD_SIGNATURE");
  const others = signed(revocationsRecord, { ...LIST, authority: STRANGER.id }, STRANGER);
  assert.equal(revocationsCode(others), "CERT_INVALID");
  assert.equal(revocationsCode(others, STRANGER.publicKey), "opens", "by its own key");
  assert.equal(revocationsCode(signed(authorityRecord, AUTHORITY)), "WRONG_KIND");
  for (const changed of changedBytes(good)) assert.notEqual(revocationsCode(changed), "opens");
});

test("the longest list fits into a message", () => {
  const last = Number.MAX_SAFE_INTEGER;
  const revoked = Array.from({ length: REVOKED_MAX }, (_, i) => {
    return { serial: last - REVOKED_MAX + i, reason: 15, atMs: last };
  });
  const longest = { ...LIST, net: "x".repeat(40), number: last, atMs: last, revoked };
  const bytes = signed(revocationsRecord, longest);
  assert.ok(bytes.length < 16_384, `${bytes.length} bytes`);
  assert.equal(revocationsCode(bytes, ANCHOR.publicKey, longest.net), "opens");
});

function gatewayCode(bytes: Uint8Array, key = ANCHOR.publicKey): string {
  const opened = openGatewayCertificate(crypto, bytes, key);
  return opened.ok ? "opens" : opened.code;
}

test("a gateway's certificate opens with the anchor's signature, whatever its seal", () => {
  const bytes = envelope(OF_GATEWAY, SEAL, anchorOf(OF_GATEWAY));
  const opened = openGatewayCertificate(crypto, bytes, ANCHOR.publicKey);
  assert.ok(opened.ok);
  assert.deepEqual(opened.value, OF_GATEWAY);
  assert.equal(
    gatewayCode(envelope(OF_GATEWAY, new Uint8Array(80), anchorOf(OF_GATEWAY))),
    "opens",
  );
});

test("a gateway's certificate without the anchor, or by another, is refused", () => {
  assert.equal(gatewayCode(envelope(OF_GATEWAY, SEAL, 0)), "CERT_INVALID");
  const byStranger = envelope(OF_GATEWAY, SEAL, anchorOf(OF_GATEWAY, STRANGER.secretKey));
  assert.equal(gatewayCode(byStranger), "CERT_INVALID");
  assert.equal(gatewayCode(byStranger, STRANGER.publicKey), "opens", "it is the stranger's");
  const bySelf = envelope(OF_GATEWAY, SEAL, anchorOf(OF_GATEWAY, GATEWAY.secretKey));
  assert.equal(gatewayCode(bySelf), "CERT_INVALID", "a gateway certifies itself");
});

test("an anchor is for its certificate only", () => {
  const anchor = anchorOf(OF_GATEWAY);
  for (const change of [
    { serial: 9 },
    { area: "lane" },
    { untilMs: OF_GATEWAY.untilMs + 1 },
    { id: STRANGER.id, publicKey: STRANGER.publicKey },
  ])
    assert.equal(gatewayCode(envelope({ ...OF_GATEWAY, ...change }, SEAL, anchor)), "CERT_INVALID");
  const list = signRecord(revocationsRecord, crypto, ANCHOR.secretKey, LIST);
  const signature = list.bytes.slice(-64);
  assert.equal(gatewayCode(envelope(OF_GATEWAY, SEAL, signature)), "CERT_INVALID");
});

test("a node's certificate is none of a gateway, whatever is signed", () => {
  assert.equal(gatewayCode(envelope(OF_NODE, SEAL, 0)), "CERT_INVALID");
  assert.equal(gatewayCode(envelope(OF_NODE, SEAL, anchorOf(OF_NODE))), "CERT_INVALID");
});

test("no changed byte but those of the seal opens", () => {
  const good = envelope(OF_GATEWAY, SEAL, anchorOf(OF_GATEWAY));
  const sealFrom = good.length - 66 - 80;
  for (const changed of changedBytes(good)) {
    const at = changed.findIndex((byte, i) => byte !== good[i]);
    const ofSeal = at >= sealFrom && at < sealFrom + 80;
    assert.equal(gatewayCode(changed) === "opens", ofSeal, `byte ${at}`);
  }
});
