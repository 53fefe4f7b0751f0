// SPDX-License-Identifier: Apache-2.0
/** The rules of what is certified, and that what is certified is taken by those who check it. */
import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { test } from "node:test";
import { toHex } from "#core/codec/bytes";
import { decodePublicKey } from "#core/crypto/boneh-boyen/keys";
import { createVerifier } from "#core/crypto/boneh-boyen/verify";
import { REVOKED_MAX } from "#core/limits";
import { Revoked, Subject } from "#core/records/authority";
import { openAuthority, openGatewayCertificate, openRevocations } from "#core/trust/anchor";
import { certificateFault, DOMAIN, openCertificate } from "#core/trust/certificate";
import { RevocationList } from "#core/trust/revocations";
import { DAY_MS, HOUR_MS } from "#core/units/time";
import { type Authority, sealedOf, VALID_DAYS_MAX } from "#node/authority/authority";
import { type Issued, stateOf } from "#node/authority/certificates";
import { openFolder, writeCertificate, writeLists } from "#node/authority/folder";
import {
  anchorKey,
  CODE,
  crypto,
  idOf,
  NET,
  NOW_MS,
  newAuthority,
  reopened,
  request,
  secretOf,
  tempFolder,
  vault,
  year,
} from "./tools.ts";

const at = tempFolder();
let count = 0;
const fresh = () => newAuthority(at(`register-${count++}`));
const issue = (authority: Authority, number: number, more = {}, terms = {}, nowMs = NOW_MS) =>
  authority.issueNode(request(number, more), { ...year(nowMs), ...terms }, nowMs);
const gatewayTerms = { publicKey: crypto.publicKey(secretOf(50)), area: "street", ...year() };

function certificateOf(issued: Issued) {
  const opened = openCertificate(crypto, sealedOf(issued));
  assert.ok(opened.ok);
  return opened;
}

function listed(authority: Authority, subject: "node" | "gateway") {
  const opened = openRevocations(crypto, authority.list(subject), anchorKey, NET);
  assert.ok(opened.ok);
  return opened.value;
}

test("a node's certificate says what was asked for, and its seal is the authority's", () => {
  const authority = fresh();
  const issued = issue(authority, 1, {}, { claim: CODE });
  assert.equal(issued.claimed, true);
  const { value, seal, record, anchor } = certificateOf(issued);
  assert.deepEqual(value, {
    net: NET,
    authority: authority.id,
    serial: 1,
    subject: Subject.node,
    id: Uint8Array.from(Buffer.from(idOf(1), "hex")),
    publicKey: crypto.publicKey(secretOf(1)),
    area: "",
    wallets: new Uint8Array(32).fill(1),
    meter: "M-1",
    connectionW: 17_250,
    ...year(),
  });
  assert.equal(anchor, undefined, "only a gateway's has the anchor's signature");

  const own = openAuthority(crypto, authority.record(), anchorKey);
  assert.ok(own.ok);
  assert.deepEqual([own.value.net, own.value.name], [NET, vault.name]);
  const key = decodePublicKey(own.value.sealKey);
  assert.ok(key);
  const verifier = createVerifier(key, { windowBits: 1 });
  assert.equal(verifier.verify(DOMAIN, record, seal), true);
  const forged = record.slice();
  forged[forged.length - 1] ^= 1;
  assert.equal(verifier.verify(DOMAIN, forged, seal), false);
  const rule = { net: NET, authority: authority.id, subject: Subject.node, revoked: () => false };
  assert.equal(certificateFault(value, { ...rule, atMs: NOW_MS }), undefined);
  assert.equal(certificateFault(value, { ...rule, atMs: year().untilMs }), "CERT_EXPIRED");
});

test("a gateway's certificate is signed by the anchor beside its seal", () => {
  const authority = fresh();
  const issued = authority.issueGateway(gatewayTerms, NOW_MS);
  const opened = openGatewayCertificate(crypto, sealedOf(issued), anchorKey);
  assert.ok(opened.ok);
  assert.equal(opened.value.area, "street");
  assert.equal(opened.value.subject, Subject.gateway);
  assert.deepEqual([opened.value.meter, opened.value.connectionW], ["", 0]);
  const key = decodePublicKey(
    (openAuthority(crypto, authority.record()) as { value: { sealKey: Uint8Array } }).value.sealKey,
  );
  assert.ok(
    key && createVerifier(key, { windowBits: 1 }).verify(DOMAIN, opened.record, opened.seal),
  );
  assert.throws(
    () => authority.issueGateway(gatewayTerms, NOW_MS),
    /gateway \w+ has serial 1, which counts until 2028-01-01.*renews that one/,
  );
  const next = authority.issueGateway({ ...gatewayTerms, renews: 1 }, NOW_MS);
  assert.deepEqual([next.serial, next.renews], [2, 1]);
});

test("a request of another network, with another claim code or without a rating is refused", () => {
  const authority = fresh();
  assert.throws(() => issue(authority, 1, { net: "other" }), /for net other, and this is.*testnet/);
  const wrong = { claim: "7K2M-9QX5" };
  assert.throws(() => issue(authority, 1, {}, wrong), /claim code is not the one.*Read it again/);
  assert.throws(() => issue(authority, 1, { connectionW: 0 }), /connection of 0 W.*--connection-w/);
  assert.throws(
    () => issue(authority, 1, {}, { meter: "M".repeat(41) }),
    /--meter takes at most 40/,
  );
  assert.throws(() => issue(authority, 1, {}, { meter: "Zähler" }), /--meter takes/);
  assert.throws(() => issue(authority, 1, {}, { untilMs: NOW_MS }), /ends before it begins/);
  const long = { untilMs: NOW_MS + (VALID_DAYS_MAX + 1) * DAY_MS };
  assert.throws(() => issue(authority, 1, {}, long), /over 3660 days/);
  assert.equal(authority.certificates.all().length, 0, "nothing was written");
  const given = issue(authority, 1, { connectionW: 0 }, { connectionW: 4000, meter: "X" });
  assert.deepEqual([given.connectionW, given.meter, given.claimed], [4000, "X", false]);
});

test("a key has one certificate, unless the new one renews it", () => {
  const authority = fresh();
  issue(authority, 1);
  const later = { atMs: NOW_MS + 1 };
  assert.throws(() => issue(authority, 1, later), /node \w+ has serial 1, which counts until/);
  assert.throws(() => issue(authority, 1, { renews: 9 }), /has serial 1/);
  const second = issue(authority, 1, { renews: 1 });
  assert.deepEqual([second.serial, second.renews], [2, 1]);
  assert.throws(
    () => issue(authority, 1, { renews: 1, atMs: NOW_MS + 2 }),
    /has serial 2/,
    "the newest has to be renewed",
  );
  assert.throws(
    () => issue(authority, 2, { renews: 2 }),
    /serial 2, which this is to renew, is not/,
  );
  const asGateway = { ...gatewayTerms, publicKey: crypto.publicKey(secretOf(1)) };
  assert.throws(
    () => authority.issueGateway(asGateway, NOW_MS),
    /serial 1 is a node's with this key/,
  );
});

test("a key whose certificate is about to end gets another one without renewing", () => {
  const authority = fresh();
  const { untilMs } = issue(authority, 1);
  const again = { atMs: NOW_MS + 1 };
  const from = (fromMs: number) => ({ fromMs, untilMs: fromMs + DAY_MS });
  assert.throws(() => issue(authority, 1, again, from(untilMs - HOUR_MS - 1)), /has serial 1/);
  assert.equal(issue(authority, 1, again, from(untilMs - HOUR_MS)).serial, 2);
  const before = { fromMs: NOW_MS - DAY_MS, untilMs: NOW_MS };
  assert.equal(issue(authority, 1, { atMs: 7 }, before).serial, 3, "before the first one");
});

test("a meter has one node, until that one is revoked", () => {
  const authority = fresh();
  issue(authority, 1, { meter: "M" });
  assert.throws(
    () => issue(authority, 2, { meter: "M" }),
    /meter M has a certificate already: serial 1, node \w+ \(house-1\)/,
  );
  assert.throws(() => issue(authority, 2, {}, { meter: "M" }), /meter M has/);
  issue(authority, 3, { meter: "" });
  issue(authority, 4, { meter: "" }); // nobody said what it is called
  authority.revoke(1, "replaced", NOW_MS);
  assert.equal(issue(authority, 2, { meter: "M" }).serial, 4);
});

test("a request is answered once", () => {
  const authority = fresh();
  issue(authority, 1);
  authority.revoke(1, "retired", NOW_MS);
  assert.throws(() => issue(authority, 1), /serial 1 answers this request/);
  assert.equal(issue(authority, 1, { atMs: NOW_MS + 1 }).serial, 2);
});

test("revoked certificates are on the lists of their kind, whose numbers rise", () => {
  const authority = fresh();
  for (const number of [1, 2, 3]) issue(authority, number);
  const gateway = authority.issueGateway(gatewayTerms, NOW_MS);
  assert.deepEqual(listed(authority, "node"), {
    net: NET,
    authority: authority.id,
    subject: Subject.node,
    number: 1,
    atMs: NOW_MS,
    revoked: [],
  });
  const list = new RevocationList(Subject.node);
  assert.equal(list.take(listed(authority, "node")), true);
  authority.revoke(3, "misbehaved", NOW_MS + 5);
  assert.equal(list.take(listed(authority, "node")), true);
  authority.revoke(idOf(1), "key", NOW_MS + 9);
  const value = listed(authority, "node");
  assert.deepEqual([value.number, value.atMs], [3, NOW_MS + 9]);
  assert.deepEqual(value.revoked, [
    { serial: 1, reason: Revoked.key, atMs: NOW_MS + 9 },
    { serial: 3, reason: Revoked.misbehaved, atMs: NOW_MS + 5 },
  ]);
  assert.equal(list.take(value), true);
  assert.deepEqual(
    [1, 2, 3].map((serial) => list.has(serial)),
    [true, false, true],
  );
  assert.equal(listed(authority, "gateway").number, 1, "not of this kind");
  authority.revoke(gateway.serial, "retired", NOW_MS + 10);
  assert.deepEqual(
    listed(authority, "gateway").revoked.map(({ serial }) => serial),
    [gateway.serial],
  );
  assert.equal(listed(authority, "node").number, 3);
});

test("there is no way back, and a key that others may have gets no other certificate", () => {
  const authority = fresh();
  issue(authority, 1);
  issue(authority, 1, { renews: 1 });
  assert.equal(authority.revoke(idOf(1), "key", NOW_MS).length, 2, "all of the node");
  assert.throws(
    () => authority.revoke(1, "retired", NOW_MS),
    /nothing of 1 counts: serial 1 is revoked/,
  );
  assert.throws(() => issue(authority, 1, { atMs: 1 }), /somebody else may have this key/);
  assert.throws(() => issue(authority, 1, { renews: 2 }), /somebody else may have this key/);
  assert.equal(authority.certificates.get(1)?.revoked?.reason, "key");
  assert.throws(() => authority.revoke(77, "key", NOW_MS), /no certificate of 77/);
  assert.throws(() => authority.revoke(idOf(9), "key", NOW_MS), /no certificate of/);
  assert.throws(
    () => authority.revoke(idOf(1), "key", year().untilMs + 1),
    /Where the network's time is not UTC give --at/,
  );
});

test("what has long expired leaves the list; a list that is full says so", () => {
  const authority = fresh();
  issue(authority, 1, {}, { untilMs: NOW_MS + DAY_MS });
  issue(authority, 2);
  authority.revoke(1, "retired", NOW_MS);
  authority.revoke(2, "retired", NOW_MS + 8 * DAY_MS - 1);
  assert.deepEqual(listed(authority, "node").revoked.length, 2, "clocks differ");
  issue(authority, 3);
  authority.revoke(3, "retired", NOW_MS + 8 * DAY_MS);
  assert.deepEqual(
    listed(authority, "node").revoked.map(({ serial }) => serial),
    [2, 3],
  );
  // Without the cost of as many signatures: the rule reads the certificates.
  const { certificates } = authority;
  const model = certificates.get(3)!;
  for (let serial = 4; serial <= REVOKED_MAX + 1; serial++) {
    certificates.take({ ...model, serial });
    certificates.take({
      ...{ kind: "revoke", reason: "key", atMs: NOW_MS },
      serial,
      subject: "node",
    });
  }
  assert.equal(listed(authority, "node").revoked.length, REVOKED_MAX);
  certificates.take({ ...model, serial: 9999, id: idOf(9) });
  assert.throws(() => authority.revoke(9999, "key", NOW_MS + 8 * DAY_MS), /holds 512.*is full/);
});

test("renewal follows what is valid, with the same key, meter and connection", () => {
  const authority = fresh();
  const old = issue(authority, 1);
  const later = NOW_MS + 300 * DAY_MS;
  const renew = (number: number, more = {}, nowMs = later) =>
    authority.renew(request(number, more), year(nowMs), nowMs);
  assert.match(renew(1, { atMs: later }) as string, /a first request: issue answers it/);
  assert.equal(renew(2, { renews: 1 }), "serial 1 is not this node's");
  assert.equal(renew(1, { renews: 4 }), "serial 4 is not this node's");
  assert.match(renew(1, { renews: 1, meter: "other" }) as string, /another meter or connection/);
  assert.match(renew(1, { renews: 1, connectionW: 17_251 }) as string, /another meter or/);
  assert.match(renew(1, { renews: 1, connectionW: 17_249 }) as string, /another meter or/);
  assert.equal(renew(1, { renews: 1 }, old.untilMs), "serial 1 is expired");
  assert.equal(renew(1, { renews: 1 }, NOW_MS - 1), "serial 1 is not yet valid");
  const renewed = renew(1, { renews: 1, wallets: new Uint8Array(32).fill(9) });
  assert.ok(typeof renewed !== "string" && !renewed.again);
  const { value } = certificateOf(renewed.issued);
  assert.deepEqual([value.serial, value.meter, value.connectionW], [2, "M-1", 17_250]);
  assert.deepEqual(value.wallets, new Uint8Array(32).fill(9));
  assert.equal(value.untilMs, later + 365 * DAY_MS);
  const again = renew(1, { renews: 1, wallets: new Uint8Array(32).fill(9) });
  assert.ok(typeof again !== "string" && again.again);
  assert.equal(again.issued.serial, 2, "the same request gets the same certificate");
  assert.match(renew(1, { renews: 1, atMs: 5 }) as string, /has serial 2/);
  authority.revoke(2, "retired", later);
  assert.equal(renew(1, { renews: 2 }), "serial 2 is revoked");
  assert.match(
    renew(1, { renews: 1, wallets: new Uint8Array(32).fill(9) }) as string,
    /is revoked/,
  );
});

test("a node that never said its meter and connection keeps what the operator gave it", () => {
  const authority = fresh();
  const silent = { meter: "", connectionW: 0 };
  issue(authority, 1, silent, { meter: "M", connectionW: 9000 });
  const renewed = authority.renew(request(1, { ...silent, renews: 1 }), year(), NOW_MS);
  assert.ok(typeof renewed !== "string");
  assert.deepEqual([renewed.issued.meter, renewed.issued.connectionW], ["M", 9000]);
});

test("states follow time", () => {
  const issued = issue(fresh(), 1);
  const { fromMs, untilMs } = issued;
  assert.deepEqual(
    [fromMs - 1, fromMs, untilMs - 1, untilMs].map((nowMs) => stateOf(issued, nowMs)),
    ["not yet valid", "valid", "valid", "expired"],
  );
});

test("after a crash before the certificate's file serials rise, and export finds it", () => {
  const path = at("crash");
  const lost = issue(newAuthority(path), 1); // and the machine stops
  const authority = reopened(path);
  const next = issue(authority, 2);
  assert.deepEqual([lost.serial, next.serial], [1, 2]);
  assert.deepEqual(sealedOf(authority.certificates.get(1)!), sealedOf(lost));
  assert.throws(() => issue(authority, 1), /export writes it again/);
});

test("the same state gives the same bytes", () => {
  const path = at("same");
  const authority = newAuthority(path);
  issue(authority, 1);
  authority.revoke(1, "key", NOW_MS + 1);
  const other = reopened(path);
  for (const subject of ["node", "gateway"] as const)
    assert.equal(toHex(other.list(subject)), toHex(authority.list(subject)));
  assert.equal(toHex(other.record()), toHex(authority.record()));
});

test("a folder that knows more than the register shows that the register is an older copy", () => {
  const path = at("rolled");
  const authority = newAuthority(path);
  const folder = at("identity");
  const files = [path, `${path}.head`].map((name) => ({ name, bytes: readFileSync(name) }));
  const restore = () => {
    for (const { name, bytes } of files) writeFileSync(name, bytes);
    return reopened(path);
  };
  openFolder(folder, authority, crypto);
  const written = writeCertificate(folder, issue(authority, 1), crypto);
  assert.equal(written, at("identity", "1.cert"));
  openFolder(folder, authority, crypto);
  const older = restore();
  assert.throws(
    () => openFolder(folder, older, crypto),
    /1\.cert: serial 1 is not in the register/,
  );
  issue(older, 2);
  assert.throws(() => openFolder(folder, older, crypto), /another certificate with serial 1/);

  const lists = at("lists");
  openFolder(lists, authority, crypto);
  authority.revoke(1, "key", NOW_MS);
  writeLists(lists, authority);
  openFolder(lists, authority, crypto);
  assert.throws(() => openFolder(lists, restore(), crypto), /list 2 is not in the register/);
});

test("another authority's folder, or another gateway's, is left as it is", () => {
  const authority = fresh();
  const folder = at("other");
  openFolder(folder, authority, crypto);
  writeCertificate(folder, authority.issueGateway(gatewayTerms, NOW_MS), crypto);
  const second = { ...gatewayTerms, publicKey: crypto.publicKey(secretOf(51)) };
  const other = authority.issueGateway(second, NOW_MS);
  assert.throws(
    () => writeCertificate(folder, other, crypto),
    /is another gateway's.*folder of its own/,
  );
  const bytes = readFileSync(at("other", "gateway.cert"));
  assert.ok(openGatewayCertificate(crypto, Uint8Array.from(bytes), anchorKey).ok);
  writeFileSync(at("other", "2.cert"), "no certificate");
  assert.throws(() => openFolder(folder, authority, crypto), /2\.cert is no certificate of this/);
  writeFileSync(at("other", "2.cert"), sealedOf(other));
  writeFileSync(at("other", "revoked-nodes.cbor"), "no list");
  assert.throws(() => openFolder(folder, authority, crypto), /is no list of this authority/);
});
