// SPDX-License-Identifier: Apache-2.0
/**
 * The TLS authority and certificates of brokers: X.509 version 3, EC P-256, ECDSA over SHA-256 (RFC 5280), in
 * the form that nodes check (docs/provisioning.md).
 */
import "reflect-metadata"; // the library below needs it first
import {
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  hash,
  type KeyObject,
  randomBytes,
  type webcrypto,
} from "node:crypto";
import { isIP } from "node:net";
import * as x509 from "@peculiar/x509";
import { toHex } from "#core/codec/bytes";
import { assert } from "#core/errors/assert";
import { CA_BYTES_MAX } from "#core/limits";
import { TLS_FRAGMENT_BYTES } from "#core/limits-device";
import { DAY_MS } from "#core/units/time";
import { BACKDATED_MS } from "./certificates.ts";
import { AuthorityToolError } from "./error.ts";

const ALGORITHM = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" };
/** Longer than any meter: a node's authority cannot be changed from afar. */
const CA_DAYS = 20 * 366;
/** A positive number of 127 bits, 126 of them random (RFC 5280 section 4.1.2.2). */
const SERIAL_BYTES = 16;
/** Of what a broker shows, the rest of its first flight: hello, key exchange, heads. */
const FLIGHT_BYTES = 512;
const HOSTS_MAX = 16;
const HOST_CHARS_MAX = 253;

export interface TlsAuthority {
  /** PKCS#8, DER. */
  key: Uint8Array;
  /** DER. */
  certificate: Uint8Array;
}

/** A new TLS authority; `name` is printable ASCII without signs that mean something in a name. */
export async function createTlsAuthority(name: string, nowMs: number): Promise<TlsAuthority> {
  assert(/^[A-Za-z0-9][A-Za-z0-9 ._-]*$/.test(name), "TLS_NAME", name);
  const { privateKey } = generateKeyPairSync("ec", { namedCurve: "prime256v1" });
  const keys = pairOf(privateKey);
  const made = await x509.X509CertificateGenerator.createSelfSigned({
    serialNumber: newSerial(),
    name: [{ CN: [name] }],
    notBefore: wholeSecond(nowMs - BACKDATED_MS),
    notAfter: wholeSecond(nowMs + CA_DAYS * DAY_MS),
    signingAlgorithm: ALGORITHM,
    keys,
    extensions: [
      new x509.BasicConstraintsExtension(true, 0, true),
      new x509.KeyUsagesExtension(
        x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign,
        true,
      ),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  });
  const certificate = new Uint8Array(made.rawData);
  assert(certificate.length <= CA_BYTES_MAX, "TLS_CA_BYTES", String(certificate.length));
  return {
    key: Uint8Array.from(privateKey.export({ type: "pkcs8", format: "der" })),
    certificate,
  };
}

export interface BrokerCertificate {
  /** The broker's certificate and the authority's. */
  chainPem: string;
  caPem: string;
  keyPem: string;
  /** Hex. */
  serial: string;
  fingerprint: string;
  fromMs: number;
  untilMs: number;
}

/** A new key and certificate for a broker that is called `hosts`. @throws AuthorityToolError */
export async function createBrokerCertificate(
  authority: TlsAuthority,
  hosts: readonly string[],
  days: number,
  nowMs: number,
): Promise<BrokerCertificate> {
  const ca = new x509.X509Certificate(Buffer.from(authority.certificate));
  const fromMs = nowMs - BACKDATED_MS;
  const untilMs = nowMs + days * DAY_MS;
  if (untilMs > ca.notAfter.getTime() || fromMs < ca.notBefore.getTime() - BACKDATED_MS)
    throw new AuthorityToolError(
      `the authority's own certificate counts from ${ca.notBefore.toISOString()} until ` +
        `${ca.notAfter.toISOString()}. Look at this machine's clock, or give fewer --days`,
    );
  const signer = pairOf(privateKeyOf(authority.key));
  const { privateKey } = generateKeyPairSync("ec", { namedCurve: "prime256v1" });
  const { publicKey } = pairOf(privateKey);
  const serial = newSerial();
  const made = await x509.X509CertificateGenerator.create({
    serialNumber: serial,
    subject: [{ CN: ["wattle broker"] }],
    issuer: ca.subjectName,
    notBefore: wholeSecond(fromMs),
    notAfter: wholeSecond(untilMs),
    signingAlgorithm: ALGORITHM,
    publicKey,
    signingKey: signer.privateKey,
    extensions: [
      new x509.BasicConstraintsExtension(false, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
      new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.serverAuth]),
      new x509.SubjectAlternativeNameExtension(
        hosts.map((host) => ({ type: isIP(host) ? "ip" : "dns", value: host })),
      ),
      await x509.SubjectKeyIdentifierExtension.create(publicKey),
      await x509.AuthorityKeyIdentifierExtension.create(signer.publicKey),
    ],
  });
  const shown = made.rawData.byteLength + authority.certificate.length + FLIGHT_BYTES;
  if (shown > TLS_FRAGMENT_BYTES)
    throw new AuthorityToolError("--host: too much for the memory of nodes. Give fewer names");
  return {
    chainPem: `${made.toString("pem")}\n${ca.toString("pem")}\n`,
    caPem: `${ca.toString("pem")}\n`,
    keyPem: privateKey.export({ type: "pkcs8", format: "pem" }) as string,
    serial,
    fingerprint: hash("sha256", new Uint8Array(made.rawData)),
    fromMs: made.notBefore.getTime(),
    untilMs: made.notAfter.getTime(),
  };
}

/** The names and addresses in `name,address…`. @throws AuthorityToolError */
export function hostsOf(text: string): string[] {
  const hosts = [...new Set(text.split(",").map((host) => host.trim().toLowerCase()))];
  if (hosts.length > HOSTS_MAX)
    throw new AuthorityToolError(`--host: ${hosts.length} names. Give at most ${HOSTS_MAX}`);
  for (const host of hosts)
    if (!isIP(host) && !isDnsName(host))
      throw new AuthorityToolError(
        `--host ${JSON.stringify(host)}: neither a name nor an address. Give what nodes call the ` +
          "broker, such as gateway.local,192.168.1.5",
      );
  return hosts;
}

/** Labels of letters, digits and hyphens (RFC 1123 section 2.1); `*` for the first above two others. */
function isDnsName(host: string): boolean {
  const labels = host.split(".");
  if (labels[0] === "*" && labels.length > 2) labels.shift();
  const ok = labels.every((label) => /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/.test(label));
  // All digits at the end is an address with a mistake in it.
  return ok && host.length <= HOST_CHARS_MAX && !/^\d+$/.test(labels[labels.length - 1]);
}

function newSerial(): string {
  const bytes = Uint8Array.from(randomBytes(SERIAL_BYTES));
  bytes[0] = (bytes[0] & 0x7f) | 0x40; // neither negative nor shorter
  return toHex(bytes);
}

/** X.509 has no milliseconds. */
function wholeSecond(ms: number): Date {
  return new Date(ms - (ms % 1000));
}

function pairOf(privateKey: KeyObject): webcrypto.CryptoKeyPair {
  return {
    privateKey: privateKey.toCryptoKey(ALGORITHM, true, ["sign"]),
    publicKey: createPublicKey(privateKey).toCryptoKey(ALGORITHM, true, ["verify"]),
  };
}

function privateKeyOf(pkcs8: Uint8Array): KeyObject {
  return createPrivateKey({ key: Buffer.from(pkcs8), type: "pkcs8", format: "der" });
}
