// SPDX-License-Identifier: Apache-2.0
/** Certificates for brokers, as nodes and as Node's TLS judge them. */
import assert from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { test } from "node:test";
import { type ConnectionOptions, connect, createServer } from "node:tls";
import { CA_BYTES_MAX } from "#core/limits";
import { DAY_MS, HOUR_MS } from "#core/units/time";
import { readCertificate } from "#meter/tls/certificate";
import { judgeServer, readAuthority } from "#meter/tls/trust";
import {
  type BrokerCertificate,
  createBrokerCertificate,
  createTlsAuthority,
  hostsOf,
} from "#node/authority/x509";
import { nodeSignatures } from "#test/unit/meter/tls/crypto";

const NOW_MS = Date.now();
const HOSTS = ["gateway.local", "*.example.org", "127.0.0.1", "::1"];
const tls = await createTlsAuthority("testnet brokers", NOW_MS);
const broker = await createBrokerCertificate(tls, HOSTS, 365, NOW_MS);

function ders(chainPem: string): Uint8Array[] {
  const parts = chainPem.match(/-----BEGIN[^-]+-----[^-]+-----END[^-]+-----/g) ?? [];
  return parts.map((pem) => Uint8Array.from(new X509Certificate(pem).raw));
}

function judged(made: BrokerCertificate, host: string, nowMs = NOW_MS): string {
  const trust = { authority: tls.certificate, host, nowMs };
  const verdict = judgeServer(ders(made.chainPem), trust, nodeSignatures);
  return verdict.ok ? "ok" : verdict.fault;
}

test("a node takes the authority, and the broker under each of its names", () => {
  const authority = readAuthority(tls.certificate);
  assert.ok(typeof authority !== "string", String(authority));
  assert.deepEqual([authority.isAuthority, authority.pathMax], [true, 0]);
  assert.ok(tls.certificate.length <= CA_BYTES_MAX / 4, `${tls.certificate.length} bytes`);
  assert.deepEqual(ders(broker.chainPem)[1], tls.certificate, "the chain ends with the authority");
  for (const host of ["gateway.local", "a.example.org", "127.0.0.1"])
    assert.equal(judged(broker, host), "ok", host);
  for (const host of ["other.local", "example.org", "127.0.0.2"])
    assert.equal(judged(broker, host), "other-name", host);
});

test("a node keeps to its validity, which begins an hour before it was made", () => {
  const inTime = [NOW_MS - HOUR_MS + 1000, NOW_MS + 365 * DAY_MS - 1000];
  for (const nowMs of inTime) assert.equal(judged(broker, "127.0.0.1", nowMs), "ok");
  assert.equal(judged(broker, "127.0.0.1", NOW_MS + 365 * DAY_MS + 1000), "expired");
  assert.equal(judged(broker, "127.0.0.1", NOW_MS - HOUR_MS - 1000), "authority-time");
});

test("a node refuses a broker of another authority of the same name, and a broker as authority", async () => {
  const other = await createTlsAuthority("testnet brokers", NOW_MS);
  const made = await createBrokerCertificate(other, HOSTS, 365, NOW_MS);
  assert.equal(judged(made, "127.0.0.1"), "other-authority");
  assert.match(String(readAuthority(ders(broker.chainPem)[0])), /not an authority's/);
});

test("extensions, serial and key are those of a server's certificate", () => {
  const [own, ca] = ders(broker.chainPem);
  const read = readCertificate(own);
  assert.ok(typeof read !== "string");
  assert.deepEqual([read.isAuthority, read.isServer], [false, true]);
  const x509 = new X509Certificate(own);
  assert.equal(x509.serialNumber.toLowerCase(), broker.serial);
  assert.match(broker.serial, /^[4-7][0-9a-f]{31}$/, "127 bits, positive");
  assert.equal(x509.fingerprint256.replace(/:/g, "").toLowerCase(), broker.fingerprint);
  assert.deepEqual(x509.keyUsage, ["1.3.6.1.5.5.7.3.1"]);
  assert.equal(x509.verify(new X509Certificate(ca).publicKey), true);
  assert.equal(x509.checkIssued(new X509Certificate(ca)), true);
  assert.equal(new X509Certificate(ca).ca, true);
  assert.equal(x509.publicKey.asymmetricKeyDetails?.namedCurve, "prime256v1");
});

test("each has its own key and serial", async () => {
  const again = await createBrokerCertificate(tls, HOSTS, 365, NOW_MS);
  assert.notEqual(again.serial, broker.serial);
  assert.notEqual(again.keyPem, broker.keyPem);
  assert.equal(again.caPem, broker.caPem);
});

/** The answer of a server with the broker's certificate, or why there is none. */
async function asked(options: ConnectionOptions): Promise<string> {
  const server = createServer({ cert: broker.chainPem, key: broker.keyPem }, (socket) => {
    socket.on("error", () => {});
    socket.end("hello");
  });
  server.on("tlsClientError", () => {});
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const { promise, resolve } = Promise.withResolvers<string>();
  const client = connect({ host: "127.0.0.1", port, ...options });
  client.on("data", (data) => resolve(String(data)));
  client.on("error", (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
  try {
    return await promise;
  } finally {
    client.destroy();
    server.close();
  }
}

test("Node's client takes a server with it by ca.pem, by each name, and by TLS 1.2 as nodes have it", async () => {
  const ca = broker.caPem;
  assert.equal(await asked({ ca }), "hello");
  for (const servername of ["gateway.local", "a.example.org"])
    assert.equal(await asked({ ca, servername }), "hello");
  const old = { maxVersion: "TLSv1.2", ciphers: "ECDHE-ECDSA-AES128-GCM-SHA256" } as const;
  assert.equal(await asked({ ca, ...old }), "hello");
});

test("Node's client refuses it without ca.pem, and under another name", async () => {
  assert.match(await asked({}), /SELF_SIGNED_CERT_IN_CHAIN|UNABLE_TO/);
  const ca = broker.caPem;
  assert.equal(await asked({ ca, servername: "other.local" }), "ERR_TLS_CERT_ALTNAME_INVALID");
});

test("a certificate ends no later than its authority, also where that is after 2050", async () => {
  const late = await createTlsAuthority("late", Date.UTC(2045, 0, 1));
  const authority = readAuthority(late.certificate);
  assert.ok(typeof authority !== "string");
  assert.ok(authority.toMs > Date.UTC(2065, 0, 1), "GeneralizedTime (RFC 5280 section 4.1.2.5)");
  const nowMs = Date.UTC(2064, 0, 1);
  assert.ok(await createBrokerCertificate(late, ["a"], 365, nowMs));
  await assert.rejects(
    createBrokerCertificate(late, ["a"], 3650, nowMs),
    /authority's own certificate counts from 2044-12-31.*fewer --days/,
  );
  await assert.rejects(
    createBrokerCertificate(late, ["a"], 1, NOW_MS),
    /Look at this machine's clock/,
  );
});

test("names and addresses are read, and what is neither is refused", async () => {
  assert.deepEqual(hostsOf("Gateway.local, 192.168.1.5,a,a,::1,*.b.c"), [
    ...["gateway.local", "192.168.1.5", "a", "::1", "*.b.c"],
  ]);
  for (const wrong of [
    "",
    "a,",
    "a b",
    "a_b",
    "-a",
    "a-",
    "*.a",
    "a.*.b",
    "1.2.3",
    "1.2.3.400",
    "a..b",
  ])
    assert.throws(() => hostsOf(wrong), /neither a name nor an address.*gateway\.local/, wrong);
  assert.throws(() => hostsOf(`${"a".repeat(64)}.b`), /neither/);
  assert.throws(() => hostsOf(Array.from({ length: 17 }, (_, i) => `a${i}`).join()), /at most 16/);
  const long = Array.from({ length: 16 }, (_, i) => `${`${"a".repeat(60)}.`.repeat(4)}b${i}`);
  await assert.rejects(createBrokerCertificate(tls, long, 1, NOW_MS), /Give fewer names/);
});
