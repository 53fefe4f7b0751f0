// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import { test } from "node:test";
import fc from "fast-check";
import { readCertificate } from "#meter/tls/certificate";
import { isSignedBy } from "#meter/tls/signature";
import { judgeServer, readAuthority, type Trust } from "#meter/tls/trust";
import {
  certificate,
  der,
  extension,
  newKey,
  sequence,
  type Wanted,
} from "#test/helpers/certificates";
import { nodeSignatures } from "./crypto.ts";

const NOW_MS = Date.UTC(2026, 0, 1);
const KEYS = {
  ca: newKey(),
  rsaCa: newKey("rsa"),
  server: newKey(),
  rsaServer: newKey("rsa"),
  other: newKey(),
};
const CA = { subject: "authority", key: KEYS.ca };
const RSA_CA = { subject: "rsa authority", key: KEYS.rsaCa };
const authority = certificate({ ...CA, ca: true });
const rsaAuthority = certificate({ ...RSA_CA, ca: true, keyUsage: 0x06 });

function server(more: Partial<Wanted> = {}): Buffer {
  const wanted = { subject: "broker", key: KEYS.server, issuer: CA, ca: false };
  return certificate({ ...wanted, dns: ["broker.example"], ip: [[10, 0, 0, 7]], ...more });
}

function judge(chain: Uint8Array[], trust: Partial<Trust> = {}): string {
  const all = { authority, host: "broker.example", nowMs: NOW_MS, ...trust };
  const verdict = judgeServer(chain, all, nodeSignatures);
  return verdict.ok ? `ok ${verdict.key.kind}` : verdict.fault;
}

test("the helper's certificates are certificates", () => {
  const x509 = new X509Certificate(server());
  assert.equal(x509.verify(new X509Certificate(authority).publicKey), true);
  assert.match(x509.subjectAltName ?? "", /DNS:broker\.example, IP Address:10\.0\.0\.7/);
  assert.equal(new X509Certificate(authority).ca, true);
});

test("a server's certificate of the authority, alone or with the authority's after it", () => {
  assert.equal(judge([server()]), "ok ec");
  assert.equal(judge([server(), authority]), "ok ec");
  assert.equal(judge([server(), rsaAuthority]), "ok ec", "what comes after is not needed");
  const rsa = server({ key: KEYS.rsaServer, issuer: RSA_CA });
  assert.equal(judge([rsa, rsaAuthority], { authority: rsaAuthority }), "ok rsa");
  assert.equal(judge([server({ issuer: RSA_CA })], { authority: rsaAuthority }), "ok ec");
  assert.equal(judge([server({ key: KEYS.rsaServer })]), "ok rsa");
});

test("by way of authorities between, as many as the one above allows", () => {
  const between = { subject: "between", key: KEYS.other };
  const middle = certificate({ ...between, issuer: CA, ca: true, path: 0 });
  assert.equal(judge([server({ issuer: between }), middle]), "ok ec");
  const second = { subject: "second", key: KEYS.rsaCa };
  const lower = certificate({ ...second, issuer: between, ca: true });
  const own = server({ issuer: second });
  assert.equal(judge([own, lower, middle]), "other-authority", "path 0: nothing below it");
  const wide = certificate({ ...between, issuer: CA, ca: true, path: 1 });
  assert.equal(judge([own, lower, wide]), "ok ec");
  assert.equal(judge([own, lower, wide, authority, authority]), "certificate", "too many");
  const bounded = certificate({ ...CA, ca: true, path: 0 });
  assert.equal(
    judge([server({ issuer: between }), middle], { authority: bounded }),
    "other-authority",
  );
});

test("nobody can stand in for the broker", () => {
  const rogue = { subject: "broker", key: KEYS.other };
  const names = { dns: ["broker.example"] };
  const self = certificate({ ...rogue, ...names });
  assert.equal(judge([self]), "other-authority", "signed by itself");
  assert.equal(judge([self, authority]), "other-authority", "the authority's own behind it");
  assert.equal(judge([self, server()]), "other-authority", "the real broker's behind it");
  const claims = certificate({ ...rogue, ...names, issuer: { ...CA, key: KEYS.other } });
  assert.equal(judge([claims, authority]), "other-authority", "says that the authority signed it");
  const neighbour = { subject: "neighbour", key: KEYS.other };
  const theirs = certificate({ ...neighbour, issuer: CA, ca: false });
  const made = server({ issuer: neighbour });
  assert.equal(
    judge([made, theirs]),
    "other-authority",
    "another server of the authority as issuer",
  );
  const noFlag = certificate({ ...neighbour, issuer: CA });
  assert.equal(judge([made, noFlag]), "other-authority", "without basicConstraints");
  const noSign = certificate({ ...neighbour, issuer: CA, ca: true, keyUsage: 0x80 });
  assert.equal(judge([made, noSign]), "other-authority", "keyUsage without keyCertSign");
});

test("dates are judged by the time of day, on the whole way up", () => {
  assert.equal(judge([server()], { nowMs: undefined }), "no-time");
  const old = server({ from: "20200101000000Z", to: "20210101000000Z" });
  assert.equal(judge([old]), "expired");
  assert.equal(judge([old, authority]), "expired");
  const edge = { from: "20260101000000Z", to: "20260101000000Z" };
  assert.equal(judge([server(edge)]), "ok ec", "the first and last second count");
  assert.equal(judge([server(edge)], { nowMs: NOW_MS - 1 }), "not-yet-valid");
  assert.equal(judge([server(edge)], { nowMs: NOW_MS + 1000 }), "expired");
  const between = { subject: "between", key: KEYS.other };
  const middle = certificate({ ...between, issuer: CA, ca: true, to: "20251231235959Z" });
  assert.equal(judge([server({ issuer: between }), middle]), "expired");
  assert.equal(judge([server()], { nowMs: Date.UTC(2045, 0) }), "authority-time");
  assert.equal(judge([server({ to: "20991231235959Z" })]), "ok ec", "GeneralizedTime");
});

const NAMES: [host: string, dns: string[], fits: boolean][] = [
  ["broker.example", ["other.example", "broker.example"], true],
  ["BROKER.example", ["Broker.Example"], true],
  ["broker.example", ["*.example"], false],
  ["a.broker.example", ["*.broker.example"], true],
  ["a.b.broker.example", ["*.broker.example"], false],
  ["broker.example", ["*.broker.example"], false],
  ["abroker.example", ["*broker.example", "a*.example"], false],
  ["10.0.0.7", ["10.0.0.7"], false],
  ["broker.example.", ["broker.example"], false],
];
for (const [host, dns, fits] of NAMES)
  test(`${host} is ${fits ? "" : "not "}named by ${dns}`, () => {
    assert.equal(judge([server({ dns, ip: [] })], { host }), fits ? "ok ec" : "other-name");
  });

test("an address is named by an address", () => {
  assert.equal(judge([server()], { host: "10.0.0.7" }), "ok ec");
  assert.equal(judge([server()], { host: "10.0.0.8" }), "other-name");
  assert.equal(judge([server()], { host: "[fe80::1]" }), "other-name");
  assert.equal(judge([server({ dns: [], ip: [] })]), "other-name", "the common name is none");
});

test("what a certificate may not be", () => {
  assert.equal(judge([]), "certificate");
  assert.equal(judge([Buffer.from("hello")]), "certificate");
  assert.equal(
    judge([Buffer.concat([server(), Buffer.from([0])])]),
    "certificate",
    "something follows",
  );
  assert.equal(
    judge([server({ uses: ["2b06010505070302"] })]),
    "not-for-servers",
    "clientAuth only",
  );
  assert.equal(judge([server({ uses: ["2b06010505070302", "2b06010505070301"] })]), "ok ec");
  const unknown = extension("2a0304", true, der(0x05));
  assert.equal(judge([server({ more: [unknown] })]), "certificate", "critical and unknown");
  assert.equal(judge([server({ more: [extension("2a0304", false, der(0x05))] })]), "ok ec");
  const again = extension("551d13", true, sequence());
  assert.equal(judge([server({ more: [again] })]), "certificate", "an extension twice");
});

test("keys and signatures that are too weak, or that the device cannot check", () => {
  const reason = (wanted: Partial<Wanted>) =>
    readCertificate(certificate({ subject: "x", key: KEYS.server, ...wanted }));
  assert.equal(reason({ hash: "sha384" }), "a signature other than over SHA-256");
  assert.equal(reason({ key: KEYS.rsaCa, hash: "sha1" }), "a signature other than over SHA-256");
  const p384 = newKey("ec", { namedCurve: "secp384r1" });
  assert.equal(reason({ key: p384 }), "a curve other than P-256");
  assert.match(String(reason({ key: newKey("rsa", { modulusLength: 1024 }) })), /2048 to 4096/);
  const three = newKey("rsa", { publicExponent: 3 });
  assert.equal(reason({ key: three }), "an RSA exponent other than 65537");
});

test("an authority is one by its own certificate", () => {
  assert.equal(typeof readAuthority(authority), "object");
  assert.equal(readAuthority(server()), "not an authority's (no CA:TRUE)");
  assert.match(String(readAuthority(new Uint8Array(3000))), /longer than 2048/);
  assert.equal(judge([server()], { authority: server() }), "authority");
});

test("signatures with zeros, or beyond the order, are none", () => {
  const read = readCertificate(server());
  assert.ok(typeof read === "object");
  const trusted = readCertificate(authority);
  assert.ok(typeof trusted === "object");
  const { key } = trusted;
  const good = (signature: Uint8Array) => isSignedBy(key, read.signed, signature, nodeSignatures);
  assert.equal(good(read.signature), true);
  const int = (bytes: number[]) => der(0x02, Buffer.from(bytes));
  const order = Buffer.from(
    "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551",
    "hex",
  );
  const beyond = int([0, ...order]);
  let asked = 0;
  const trusting = { ...nodeSignatures, verifyP256: () => ++asked > 0 };
  for (const signature of [
    sequence(int([0]), int([0])),
    sequence(int([1]), int([0])),
    sequence(beyond, int([1])),
    sequence(int([1]), beyond),
    sequence(int([0, 1]), int([1])),
    sequence(int([0x81]), int([1])),
    sequence(int([1]), int([1]), int([1])),
    new Uint8Array(0),
  ])
    assert.equal(isSignedBy(key, read.signed, signature, trusting), false);
  assert.equal(asked, 0, "nobody was asked about them");
  assert.equal(isSignedBy(key, read.signed, sequence(int([1]), int([1])), trusting), true);
});

test("RSA: the whole encoding is compared", () => {
  const rsa = server({ issuer: RSA_CA });
  const read = readCertificate(rsa);
  const trusted = readCertificate(rsaAuthority);
  assert.ok(typeof read === "object" && typeof trusted === "object");
  const good = (signature: Uint8Array) =>
    isSignedBy(trusted.key, read.signed, signature, nodeSignatures);
  assert.equal(good(read.signature), true);
  assert.equal(good(read.signature.subarray(1)), false);
  assert.equal(good(new Uint8Array(256)), false);
  assert.equal(good(new Uint8Array(256).fill(0xff)), false, "not below the modulus");
});

test("no bit of a certificate can be changed", () => {
  const good = server();
  fc.assert(
    fc.property(fc.nat(good.length * 8 - 1), (bit) => {
      const bad = Uint8Array.from(good);
      bad[bit >> 3] ^= 1 << (bit & 7);
      assert.notEqual(judge([bad]), "ok ec");
    }),
    { numRuns: 1000 },
  );
});

test("whatever comes, it is judged and nothing is thrown", () => {
  const some = fc.oneof(
    fc.uint8Array({ maxLength: 64 }),
    fc.constantFrom<Uint8Array>(server(), authority, rsaAuthority),
    fc.nat(300).map((length) => server().subarray(0, length)),
  );
  fc.assert(
    fc.property(
      fc.array(some, { maxLength: 5 }),
      fc.uint8Array({ maxLength: 80 }),
      (chain, bytes) => {
        judge(chain);
        readCertificate(bytes);
        readCertificate(sequence(bytes));
        readCertificate(sequence(sequence(bytes)));
      },
    ),
  );
});
