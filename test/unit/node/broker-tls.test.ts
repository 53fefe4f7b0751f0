// SPDX-License-Identifier: Apache-2.0
/** The broker's TLS: who gets in, what is wrong with files, and another certificate while it runs. */
import assert from "node:assert/strict";
import type { KeyObject } from "node:crypto";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { connect as connectTcp, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, type TestContext, test } from "node:test";
import { type ConnectionOptions, connect as connectTls, type TLSSocket } from "node:tls";
import type { BrokerOptions } from "#node/broker/options";
import { readTls } from "#node/broker/tls-files";
import { ConfigError } from "#node/config/config-error";
import { certificate, newKey, pem, type Wanted } from "../../helpers/certificates.ts";
import { connectNode, person, ROOT, type TokenBroker, tokenBroker } from "./broker-identity.ts";
import { until } from "./mqtt-tools.ts";

const dir = mkdtempSync(join(tmpdir(), "wattle-tls-"));
after(() => rmSync(dir, { recursive: true, force: true }));
const NOW_MS = Date.parse("2026-06-01T00:00:00Z");
const ann = person("ann");
let made = 0;

const caKey = newKey();
const authority = { subject: "street", key: caKey };
const ca = pem(certificate({ ...authority, ca: true }));
const keyPem = (key: KeyObject) => String(key.export({ type: "pkcs8", format: "pem" }));

function issue(key: KeyObject, changes: Partial<Wanted> = {}): string {
  const wanted = { subject: "broker", key, issuer: authority, ip: [[127, 0, 0, 1]] };
  return pem(certificate({ ...wanted, ca: false, ...changes }));
}

/** Writes both into a folder of their own. */
function filesOf(cert: string, key: string) {
  const folder = join(dir, String(++made));
  mkdirSync(folder);
  const files = { cert: join(folder, "broker.pem"), key: join(folder, "broker.key") };
  writeFileSync(files.cert, cert);
  writeFileSync(files.key, key);
  return files;
}

const goodKey = newKey();
const good = () => filesOf(issue(goodKey), keyPem(goodKey));

function secureBroker(t: TestContext, options: Partial<BrokerOptions> = {}): Promise<TokenBroker> {
  return tokenBroker(t, { tls: good(), nowMs: () => NOW_MS, ...options });
}

/** A TLS connection, or the error that it came to. */
async function shake(port: number, options: ConnectionOptions = {}): Promise<TLSSocket> {
  const socket = connectTls({ port, host: "127.0.0.1", ca, ...options });
  await once(socket, "secureConnect");
  return socket;
}

function onTls(broker: TokenBroker, options: object = {}) {
  return connectNode(broker, ann, { protocol: "mqtts", host: "127.0.0.1", ca, ...options });
}

for (const kind of ["ec", "rsa"] as const)
  test(`a client with what a node takes of TLS connects and is heard (${kind})`, async (t) => {
    const key = newKey(kind);
    const broker = await secureBroker(t, { tls: filesOf(issue(key), keyPem(key)) });
    const cipher = `ECDHE-${kind === "ec" ? "ECDSA" : "RSA"}-AES128-GCM-SHA256`;
    const only = { minVersion: "TLSv1.2", maxVersion: "TLSv1.2", ciphers: cipher } as const;
    const node = await onTls(broker, { ...only, ecdhCurve: "P-256" });
    const { stream } = node as unknown as { stream: TLSSocket };
    assert.deepEqual([stream.getProtocol(), stream.getCipher().name], ["TLSv1.2", cipher]);
    const said: string[] = [];
    broker.subscribe(`${ROOT}/node/+/up/+`, (_, payload) => void said.push(String(payload)));
    await node.publishAsync(`${ROOT}/node/${ann.id}/up/tx`, "x".repeat(16_000), { qos: 1 });
    assert.equal(said[0].length, 16_000);
    assert.equal(broker.tlsExpiresMs, Date.UTC(2040, 0, 1));
  });

test("old versions, other ciphers, plain clients and other authorities get nowhere", async (t) => {
  const broker = await secureBroker(t);
  const { port } = broker;
  const old = { minVersion: "TLSv1.1", maxVersion: "TLSv1.1", ciphers: "ALL:@SECLEVEL=0" } as const;
  await assert.rejects(shake(port, old));
  await until(() => broker.counts.connectRefused.TLS_VERSION === 1, "an old version");
  const cbc = { maxVersion: "TLSv1.2", ciphers: "ECDHE-ECDSA-AES128-SHA256" } as const;
  await assert.rejects(shake(port, cbc));
  await until(() => broker.counts.connectRefused.TLS_CIPHER === 1, "another cipher");
  await assert.rejects(connectNode(broker, ann));
  await until(() => broker.counts.connectRefused.TLS_PLAIN === 1, "plain MQTT");
  await assert.rejects(
    shake(port, { ca: pem(certificate({ subject: "x", key: newKey(), ca: true })) }),
  );
  assert.equal((await onTls(broker)).connected, true);
});

/** A TCP connection on which nothing is said. */
async function idle({ port }: TokenBroker, localAddress: string): Promise<Socket> {
  const socket = connectTcp({ port, host: "127.0.0.1", localAddress });
  socket.on("error", () => {});
  socket.resume();
  await once(socket, "connect");
  return socket;
}

test("handshakes that do not end are ended, and there are only so many at once", async (t) => {
  const limits = { handshakeTimeoutMs: 100, handshakesMax: 3, handshakesPerAddressMax: 2 };
  const broker = await secureBroker(t, { limits });
  const first = await idle(broker, "127.0.0.1");
  await idle(broker, "127.0.0.1");
  await idle(broker, "127.0.0.1");
  await until(() => broker.counts.connectRefused.TLS_BUSY === 1, "too many of one");
  await idle(broker, "127.0.0.2");
  await idle(broker, "127.0.0.3");
  await until(() => broker.counts.connectRefused.TLS_BUSY === 2, "too many in all");
  await until(() => first.destroyed, "the oldest made room");
  await until(() => broker.counts.connectRefused.TLS_TIMEOUT === 3, "the time of all is over");
  assert.equal((await onTls(broker)).connected, true);
  await until(() => broker.counts.connections === 1, "nothing is left of the others");
});

test("an address full of handshakes that never end lets others behind it in at once", async (t) => {
  const limits = { handshakeTimeoutMs: 60_000, handshakesPerAddressMax: 3 };
  const broker = await secureBroker(t, { limits });
  const held: Socket[] = [];
  for (let i = 0; i < 3; i++) held.push(await idle(broker, "127.0.0.1"));
  assert.equal((await onTls(broker)).connected, true, "with the timeout far away");
  assert.equal(broker.counts.connectRefused.TLS_BUSY, 1);
  await until(() => held[0].destroyed, "the oldest went");
  assert.deepEqual(
    held.map(({ destroyed }) => destroyed),
    [true, false, false],
  );
});

test("room is made at the most crowded address, and of those that say nothing first", async (t) => {
  let nowMs = 0;
  const limits = { handshakeTimeoutMs: 60_000, handshakesMax: 4, handshakeSilentMs: 1000 };
  const broker = await secureBroker(t, { limits, uptimeMs: () => nowMs });
  const lonely = await idle(broker, "127.0.0.2");
  const speaking = await idle(broker, "127.0.0.1");
  speaking.write(Buffer.from("16030100", "hex")); // the head of a ClientHello that is still to come
  const silent = await idle(broker, "127.0.0.1");
  const young = await idle(broker, "127.0.0.1");
  const allBegun = () => broker.counts.connections === 4;
  await until(allBegun, "all four have begun");
  await shake(broker.port, { localAddress: "127.0.0.3" } as object).then((s) => s.destroy());
  await until(() => speaking.destroyed, "nobody had the time to speak: the oldest of the address");
  await until(() => broker.counts.connections === 3, "its TLS connection is gone too");
  const later = await idle(broker, "127.0.0.1");
  later.write(Buffer.from("16030100", "hex"));
  await until(allBegun, "again");
  nowMs = 2000;
  await shake(broker.port, { localAddress: "127.0.0.3" } as object).then((s) => s.destroy());
  await until(() => silent.destroyed, "it had its time");
  const left = [lonely, young, later].map(({ destroyed }) => destroyed);
  assert.deepEqual(left, [false, false, false]);
  assert.equal(broker.counts.connectRefused.TLS_BUSY, 2);
});

test("another certificate is taken while it runs, and a bad one is not", async (t) => {
  const logged: string[] = [];
  const files = good();
  const broker = await secureBroker(t, {
    tls: files,
    log: (level, event, facts) =>
      void (event.startsWith("tls") && logged.push(`${level} ${facts?.expires ?? facts?.cause}`)),
  });
  const expires = async () => {
    const socket = await shake(broker.port);
    const { valid_to } = socket.getPeerCertificate();
    socket.destroy();
    return new Date(valid_to).toISOString();
  };
  const before = await onTls(broker);
  const key = newKey();
  broker.lookForCertificate();
  assert.deepEqual(logged, [], "nothing has changed");
  writeFileSync(files.cert, issue(key, { to: "20330101000000Z" }));
  broker.lookForCertificate();
  assert.match(logged[0], /^warn .*a key that does not fit the certificate/s);
  assert.equal(await expires(), "2040-01-01T00:00:00.000Z", "the old one, until both are there");
  broker.lookForCertificate();
  assert.equal(logged.length, 1, "said once");
  writeFileSync(files.key, `${keyPem(key)}\n`);
  broker.lookForCertificate();
  assert.equal(logged[1], "info 2033-01-01T00:00:00.000Z");
  assert.equal(await expires(), "2033-01-01T00:00:00.000Z");
  assert.equal(broker.tlsExpiresMs, Date.UTC(2033, 0, 1));
  rmSync(files.key);
  broker.lookForCertificate();
  assert.equal(logged.length, 2);
  assert.equal(before.connected, true);
});

test("what is wrong with the files is said with file, cause and cure", () => {
  const key = keyPem(goodKey);
  const cert = issue(goodKey);
  const pass = { cipher: "aes-256-cbc", passphrase: "p", type: "pkcs8", format: "pem" } as const;
  const rsa = newKey("rsa", { modulusLength: 512 });
  const encrypted = String(goodKey.export(pass));
  const cases: [string, string, RegExp][] = [
    [issue(goodKey, { to: "20260501000000Z" }), key, /tls\.cert: found expired on May .* new one/],
    [
      issue(goodKey, { from: "20260701000000Z" }),
      key,
      /found not valid before Jul .* clock, or wait/,
    ],
    [
      cert,
      keyPem(newKey()),
      /tls\.key: found a key that does not fit the certificate in .*broker\.pem/,
    ],
    [cert, encrypted, /tls\.key: found a key with a passphrase.*openssl pkey -in/],
    [key, cert, /tls\.cert: found no certificate in PEM.*Swap the two/],
    [cert, cert, /tls\.key: found no private key in PEM.*Swap the two/],
    [cert, "junk", /no private key in PEM.*Give the private key/],
    ["junk", key, /no certificate in PEM.*openssl x509/],
    [cert.replace(/\n.{20}/, "\n"), key, /found a broken certificate/],
    [cert, key.replace(/\n.{20}/, "\n"), /found a broken key/],
    [issue(rsa), keyPem(rsa), /tls\.cert: found .*key too small.*EC P-256/],
    [" ".repeat(300_000), key, /found 300000 bytes/],
  ];
  for (const [certText, keyText, message] of cases) {
    const files = filesOf(certText, keyText);
    const read = () => readTls(files, NOW_MS);
    assert.throws(
      read,
      (error: Error) => error instanceof ConfigError && message.test(error.message),
      `${message}`,
    );
    assert.throws(read, (error: Error) => !/PRIVATE KEY-----/.test(error.message));
  }
  const missing = { cert: join(dir, "none.pem"), key: join(dir, "none.key") };
  assert.throws(
    () => readTls(missing, NOW_MS),
    /none\.pem.*\n.*found no such file.*wattle authority tls/,
  );
  const { warning } = readTls(filesOf(issue(goodKey, { ip: [] }), key), NOW_MS);
  assert.match(warning!, /no subjectAltName: nodes refuse it/);
  assert.equal(readTls(good(), NOW_MS).warning, undefined);
});
