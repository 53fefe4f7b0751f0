// SPDX-License-Identifier: Apache-2.0
/** Certificates: what opens, and for whom and when they count. */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import fc from "fast-check";
import { encodeCbor } from "#core/codec/cbor";
import { Subject } from "#core/records/authority";
import { type Certificate, certificateRecord } from "#core/records/certificate";
import {
  type CertificateRule,
  certificateFault,
  encodeSealed,
  openCertificate,
  SEALED_BYTES_MAX,
} from "#core/trust/certificate";
import { anyBytes, cborLikeBytes } from "../codec/arbitraries.ts";
import {
  ANCHOR,
  anchorOf,
  crypto,
  envelope,
  GATEWAY,
  NET,
  NODE,
  NOW_MS,
  OF_GATEWAY,
  OF_NODE,
  SEAL,
  STRANGER,
} from "./world.ts";

const ANCHOR_SIGNATURE = anchorOf(OF_GATEWAY);

function codeOf(bytes: Uint8Array): string {
  const opened = openCertificate(crypto, bytes);
  return opened.ok ? "opens" : opened.code;
}

test("a node's certificate opens with its seal and without an anchor", () => {
  const bytes = encodeSealed(certificateRecord.encode(OF_NODE), SEAL, undefined);
  const opened = openCertificate(crypto, bytes);
  assert.ok(opened.ok);
  assert.deepEqual(opened.value, OF_NODE);
  assert.deepEqual(opened.seal, SEAL);
  assert.equal(opened.anchor, undefined);
  assert.deepEqual(opened.record, certificateRecord.encode(OF_NODE), "what is sealed, as received");
  const id = createHash("sha256").update("wattle/certificate/1\0").update(opened.record).digest();
  assert.deepEqual(Buffer.from(opened.id), id, "the hash of the record in its domain");
});

test("a gateway's certificate opens with its seal and its anchor", () => {
  const bytes = encodeSealed(certificateRecord.encode(OF_GATEWAY), SEAL, ANCHOR_SIGNATURE);
  const opened = openCertificate(crypto, bytes);
  assert.ok(opened.ok);
  assert.deepEqual(opened.value, OF_GATEWAY);
  assert.deepEqual(opened.anchor, ANCHOR_SIGNATURE);
});

test("the bytes of an envelope by hand", () => {
  const record = Buffer.from(certificateRecord.encode(OF_GATEWAY));
  const hex = [
    "83", // array of 3
    `58${record.length.toString(16)}${record.toString("hex")}`, // bytes, the length in one byte
    `5850${"07".repeat(80)}`, // the seal
    `5840${Buffer.from(ANCHOR_SIGNATURE).toString("hex")}`, // the anchor
  ].join("");
  const bytes = encodeSealed(record, SEAL, ANCHOR_SIGNATURE);
  assert.equal(Buffer.from(bytes).toString("hex"), hex);
});

test("the largest certificate is within the limit of its envelope", () => {
  const text = "x".repeat(40);
  const largest = {
    ...OF_GATEWAY,
    net: text,
    area: text,
    meter: text,
    serial: Number.MAX_SAFE_INTEGER,
    connectionW: 1_000_000_000,
    fromMs: Number.MAX_SAFE_INTEGER,
    untilMs: Number.MAX_SAFE_INTEGER,
  };
  const bytes = encodeSealed(certificateRecord.encode(largest), SEAL, anchorOf(largest));
  assert.ok(bytes.length <= SEALED_BYTES_MAX, `${bytes.length} bytes`);
  assert.ok(openCertificate(crypto, bytes).ok);
});

test("envelopes of another form", () => {
  const record = certificateRecord.encode(OF_NODE);
  const good = encodeCbor([record, SEAL, 0]);
  assert.equal(codeOf(good), "opens");
  const malformed = [
    new Uint8Array(0),
    record,
    encodeCbor([]),
    encodeCbor([record, SEAL]),
    encodeCbor([record, SEAL, 0, 0]),
    encodeCbor([SEAL, record, 0]),
    encodeCbor([record, SEAL.slice(1), 0]),
    encodeCbor([record, Uint8Array.of(...SEAL, 0), 0]),
    encodeCbor([record, "s".repeat(80), 0]),
    encodeCbor(["r", SEAL, 0]),
    encodeCbor([record, SEAL, 1]),
    encodeCbor([record, SEAL, "0"]),
    encodeCbor([record, SEAL, new Uint8Array(0)]),
    encodeCbor([record, SEAL, ANCHOR_SIGNATURE.slice(1)]),
    encodeCbor([record, SEAL, [ANCHOR_SIGNATURE]]),
    Uint8Array.of(...good, 0),
    good.slice(0, -1),
  ];
  malformed.forEach((bytes, i) => {
    assert.equal(codeOf(bytes), "MALFORMED", `number ${i}`);
  });
  // 0 in two bytes, where one does.
  assert.equal(codeOf(Uint8Array.of(...good.slice(0, -1), 0x18, 0)), "NON_CANONICAL");
  assert.equal(codeOf(new Uint8Array(SEALED_BYTES_MAX + 1)), "OVERSIZED");
  assert.equal(codeOf(new Uint8Array(SEALED_BYTES_MAX)), "MALFORMED");
});

test("a seal or an anchor of another length is our own bug", () => {
  const record = certificateRecord.encode(OF_GATEWAY);
  assert.throws(() => encodeSealed(record, SEAL.slice(1), undefined), { code: "CERT_SEAL_BYTES" });
  assert.throws(() => encodeSealed(record, SEAL, SEAL), { code: "CERT_ANCHOR_BYTES" });
});

test("an id has to follow from the key, and a subject has to be one", () => {
  assert.equal(codeOf(envelope({ ...OF_NODE, id: STRANGER.id }, SEAL, 0)), "CERT_INVALID");
  const { publicKey } = STRANGER;
  assert.equal(codeOf(envelope({ ...OF_NODE, publicKey }, SEAL, 0)), "CERT_INVALID");
  assert.equal(codeOf(envelope({ ...OF_NODE, subject: 0 }, SEAL, 0)), "FIELD_RANGE");
  const unknown = certificateRecord.encode(OF_NODE);
  const at = 5 + NET.length + 17 + 1; // array, kind, version and net; authority; serial
  assert.equal(unknown[at], Subject.node, "the subject stands there");
  unknown[at] = 3;
  assert.equal(codeOf(encodeCbor([unknown, SEAL, 0])), "FIELD_RANGE");
});

test("an anchor goes with a gateway's certificate and with no other", () => {
  assert.equal(codeOf(envelope(OF_GATEWAY, SEAL, ANCHOR_SIGNATURE)), "opens");
  assert.equal(codeOf(envelope(OF_GATEWAY, SEAL, 0)), "CERT_INVALID");
  assert.equal(codeOf(envelope(OF_NODE, SEAL, ANCHOR_SIGNATURE)), "CERT_INVALID");
});

test("what opens is encoded as it came, and nothing throws", () => {
  const good = envelope(OF_GATEWAY, SEAL, ANCHOR_SIGNATURE);
  const changed = fc.tuple(fc.nat(good.length - 1), fc.integer({ min: 1, max: 255 }));
  const mutation = changed.map(([at, flip]) => {
    const bytes = good.slice();
    bytes[at] ^= flip;
    return bytes;
  });
  fc.assert(
    fc.property(fc.oneof(mutation, anyBytes, cborLikeBytes), (bytes) => {
      const opened = openCertificate(crypto, bytes);
      if (!opened.ok) return;
      const again = encodeSealed(opened.record, opened.seal, opened.anchor);
      assert.deepEqual(again, new Uint8Array(bytes));
    }),
    { numRuns: 2000 },
  );
});

const RULE: CertificateRule = {
  net: NET,
  authority: ANCHOR.id,
  subject: Subject.node,
  atMs: NOW_MS,
  revoked: () => false,
};
const GATEWAY_RULE: CertificateRule = { ...RULE, subject: Subject.gateway, area: "street" };

test("a certificate counts for its net, authority, subject and area", () => {
  assert.equal(certificateFault(OF_NODE, RULE), undefined);
  assert.equal(certificateFault(OF_GATEWAY, GATEWAY_RULE), undefined);
  const faults: [Certificate, CertificateRule, string][] = [
    [OF_NODE, { ...RULE, net: "street-8" }, "WRONG_NET"],
    [OF_NODE, { ...RULE, authority: STRANGER.id }, "CERT_INVALID"],
    [OF_GATEWAY, RULE, "CERT_INVALID"],
    [OF_NODE, GATEWAY_RULE, "CERT_INVALID"],
    [{ ...OF_NODE, area: "street" }, GATEWAY_RULE, "CERT_INVALID"],
    [OF_GATEWAY, { ...GATEWAY_RULE, area: "lane" }, "CERT_INVALID"],
    [OF_GATEWAY, { ...GATEWAY_RULE, area: "" }, "CERT_INVALID"],
  ];
  faults.forEach(([certificate, rule, code], i) => {
    assert.equal(certificateFault(certificate, rule), code, `number ${i}`);
  });
  const anywhere = { ...GATEWAY_RULE, area: undefined };
  assert.equal(certificateFault(OF_GATEWAY, anywhere), undefined, "an area is not asked for");
});

test("a certificate counts for its holder, where one is asked for", () => {
  assert.equal(certificateFault(OF_NODE, { ...RULE, id: NODE.id }), undefined);
  assert.equal(certificateFault(OF_NODE, { ...RULE, id: GATEWAY.id }), "CERT_INVALID");
});

test("a revoked certificate does not count, whatever its time", () => {
  const asked: number[] = [];
  const revoked = (serial: number) => asked.push(serial) > 0;
  for (const atMs of [NOW_MS, OF_NODE.untilMs, undefined])
    assert.equal(certificateFault(OF_NODE, { ...RULE, atMs, revoked }), "CERT_REVOKED");
  assert.deepEqual(asked, [7, 7, 7], "it is asked for the serial");
});

test("a certificate counts from its first instant on and before its last", () => {
  const { fromMs, untilMs } = OF_NODE;
  const faultAt = (atMs: number | undefined) => certificateFault(OF_NODE, { ...RULE, atMs });
  assert.equal(faultAt(fromMs - 1), "CERT_EXPIRED");
  assert.equal(faultAt(fromMs), undefined);
  assert.equal(faultAt(untilMs - 1), undefined);
  assert.equal(faultAt(untilMs), "CERT_EXPIRED");
  assert.equal(faultAt(0), "CERT_EXPIRED", "0 is an instant too");
  assert.equal(faultAt(undefined), undefined, "who does not know the time does not judge it");
  const never = { ...OF_NODE, untilMs: fromMs };
  assert.equal(certificateFault(never, { ...RULE, atMs: fromMs }), "CERT_EXPIRED");
});
