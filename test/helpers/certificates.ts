// SPDX-License-Identifier: Apache-2.0
/** Makes X.509 certificates, those that no tool would make too. DER by hand, keys and signatures of Node. */
import { createPublicKey, generateKeyPairSync, type KeyObject, sign } from "node:crypto";

/** One DER element. */
export function der(tag: number, ...bodies: Uint8Array[]): Buffer {
  const body = Buffer.concat(bodies);
  const { length } = body;
  const head =
    length < 0x80
      ? [tag, length]
      : length < 0x100
        ? [tag, 0x81, length]
        : [tag, 0x82, length >> 8, length & 0xff];
  return Buffer.concat([Buffer.from(head), body]);
}

export const sequence = (...bodies: Uint8Array[]) => der(0x30, ...bodies);
export const oid = (hex: string) => der(0x06, Buffer.from(hex, "hex"));
const bool = (value: boolean) => der(0x01, Buffer.from([value ? 0xff : 0]));
const small = (value: number) => der(0x02, Buffer.from([value]));
const bits = (bytes: Uint8Array) => der(0x03, Buffer.from([0]), bytes);

export function newKey(
  kind: "ec" | "rsa" = "ec",
  options: Record<string, unknown> = {},
): KeyObject {
  const pair =
    kind === "ec"
      ? generateKeyPairSync("ec", { namedCurve: "prime256v1", ...options })
      : generateKeyPairSync("rsa", { modulusLength: 2048, ...options });
  return pair.privateKey;
}

export interface Wanted {
  subject: string;
  key: KeyObject;
  /** Who signs it: itself where absent. */
  issuer?: { subject: string; key: KeyObject };
  from?: string;
  to?: string;
  /** CA:TRUE; `path` authorities below it. */
  ca?: boolean;
  path?: number;
  dns?: string[];
  ip?: number[][];
  /** OIDs in hex. */
  uses?: string[];
  keyUsage?: number;
  /** More extensions as DER. */
  more?: Buffer[];
  hash?: string;
}

const name = (text: string) =>
  sequence(der(0x31, sequence(oid("550403"), der(0x0c, Buffer.from(text)))));

/** `20250101000000Z`: UTCTime up to 2049, as RFC 5280 asks for. */
function time(text: string): Buffer {
  return text < "2050" ? der(0x17, Buffer.from(text.slice(2))) : der(0x18, Buffer.from(text));
}

export function extension(id: string, critical: boolean, value: Uint8Array): Buffer {
  return sequence(oid(id), ...(critical ? [bool(true)] : []), der(0x04, value));
}

const ALGORITHMS: Record<string, Buffer> = {
  "ec sha256": sequence(oid("2a8648ce3d040302")),
  "ec sha384": sequence(oid("2a8648ce3d040303")),
  "rsa sha256": sequence(oid("2a864886f70d01010b"), der(0x05)),
  "rsa sha1": sequence(oid("2a864886f70d010105"), der(0x05)),
};

export function certificate(wanted: Wanted): Buffer {
  const { subject, key, issuer = { subject, key }, hash = "sha256" } = wanted;
  const kind = issuer.key.asymmetricKeyType!;
  const algorithm = ALGORITHMS[`${kind} ${hash}`];
  const { from = "20250101000000Z", to = "20400101000000Z" } = wanted;
  const signed = sequence(
    der(0xa0, small(2)),
    small(7),
    algorithm,
    name(issuer.subject),
    sequence(time(from), time(to)),
    name(subject),
    createPublicKey(key).export({ type: "spki", format: "der" }),
    der(0xa3, sequence(...extensions(wanted))),
  );
  return sequence(signed, algorithm, bits(sign(hash, signed, issuer.key)));
}

function extensions({ ca, path, dns = [], ip = [], uses, keyUsage, more = [] }: Wanted): Buffer[] {
  const made: Buffer[] = [];
  if (ca !== undefined) {
    const parts = ca ? [bool(true), ...(path === undefined ? [] : [small(path)])] : [];
    made.push(extension("551d13", true, sequence(...parts)));
  }
  if (keyUsage !== undefined)
    made.push(extension("551d0f", true, der(0x03, Buffer.from([1, keyUsage]))));
  if (uses) made.push(extension("551d25", false, sequence(...uses.map(oid))));
  const names = [
    ...dns.map((one) => der(0x82, Buffer.from(one))),
    ...ip.map((one) => der(0x87, Buffer.from(one))),
  ];
  if (names.length > 0) made.push(extension("551d11", false, sequence(...names)));
  return [...made, ...more];
}

export function pem(bytes: Uint8Array): string {
  const lines =
    Buffer.from(bytes)
      .toString("base64")
      .match(/.{1,64}/g) ?? [];
  return `-----BEGIN CERTIFICATE-----\n${lines.join("\n")}\n-----END CERTIFICATE-----\n`;
}
