// SPDX-License-Identifier: Apache-2.0
/**
 * X.509 certificates (RFC 5280), as far as a broker's has to be read. Keys are EC P-256 or RSA of 2048 to 4096
 * bits with the exponent 65537, signatures are over SHA-256: what the device's TLS can check, and what cannot
 * be forged for want of checks (an exponent of 3 can).
 */
import { toHex } from "#core/codec/bytes";
import { bitString, DerFault, DerReader, type Element, positive, sequenceOf, Tag } from "./der.ts";

export type PublicKey =
  /** An uncompressed point, 65 bytes. */
  | { kind: "ec"; point: Uint8Array }
  /** Most significant byte first; the exponent is 65537. */
  | { kind: "rsa"; modulus: Uint8Array };

export interface Certificate {
  /** What is signed, and the signature; its kind is the issuer's key's. */
  signed: Uint8Array;
  signature: Uint8Array;
  signatureKind: PublicKey["kind"];
  /** Names as DER. */
  issuer: Uint8Array;
  subject: Uint8Array;
  /** First and last moment of its validity, ms since 1970. */
  fromMs: number;
  toMs: number;
  key: PublicKey;
  /** It may sign other certificates (basicConstraints and, where it is there, keyUsage). */
  isAuthority: boolean;
  /** Authorities that may stand below it; undefined: any number. */
  pathMax: number | undefined;
  /** It may be a server's (extKeyUsage has serverAuth, or is not there). */
  isServer: boolean;
  /** subjectAltName: DNS names in lower case, and addresses. */
  dnsNames: string[];
  addresses: Uint8Array[];
}

/** Object identifiers as hex of their DER contents. */
const Oid = Object.freeze({
  ecPublicKey: "2a8648ce3d0201", // 1.2.840.10045.2.1 (RFC 5480 section 2.1.1)
  p256: "2a8648ce3d030107", // 1.2.840.10045.3.1.7
  rsa: "2a864886f70d010101", // 1.2.840.113549.1.1.1 (RFC 3279 section 2.3.1)
  ecdsaSha256: "2a8648ce3d040302", // 1.2.840.10045.4.3.2 (RFC 5758 section 3.2)
  rsaSha256: "2a864886f70d01010b", // 1.2.840.113549.1.1.11 (RFC 4055 section 5)
  keyUsage: "551d0f",
  subjectAltName: "551d11",
  basicConstraints: "551d13",
  extKeyUsage: "551d25",
  anyExtKeyUsage: "551d2500",
  serverAuth: "2b06010505070301",
});

const SIGNATURES: Readonly<Record<string, PublicKey["kind"]>> = Object.freeze({
  [Oid.ecdsaSha256]: "ec",
  [Oid.rsaSha256]: "rsa",
});

const EXPONENT = "010001";
const RSA_BYTES_MIN = 256;
const RSA_BYTES_MAX = 512;
const POINT_BYTES = 65;
/** keyUsage: keyCertSign is bit 5 of the first byte (RFC 5280 section 4.2.1.3). */
const CERT_SIGN = 0x04;
/** Context tags of a certificate's body and of a subjectAltName. */
const VERSION = 0xa0;
const ISSUER_ID = 0x81;
const SUBJECT_ID = 0x82;
const EXTENSIONS = 0xa3;
const DNS_NAME = 0x82;
const IP_ADDRESS = 0x87;

/** The certificate in `der`, or what is wrong with it in words. */
export function readCertificate(der: Uint8Array): Certificate | string {
  try {
    return parse(der);
  } catch (error) {
    if (error instanceof DerFault) return error.message;
    throw error;
  }
}

function parse(der: Uint8Array): Certificate {
  const outer = sequenceOf(der);
  const signed = outer.next(Tag.sequence);
  const algorithm = outer.next(Tag.sequence);
  const signature = bitString(outer.next(Tag.bitString));
  outer.end();
  const signatureKind = SIGNATURES[oidOf(algorithm.body)];
  if (!signatureKind) throw new DerFault("a signature other than over SHA-256");

  const body = new DerReader(signed.body);
  const version = body.next(VERSION);
  if (toHex(version.body) !== "020102") throw new DerFault("not of version 3");
  body.next(Tag.integer); // the serial number
  const inner = body.next(Tag.sequence);
  if (toHex(inner.whole) !== toHex(algorithm.whole)) throw new DerFault("two algorithms");
  const issuer = body.next(Tag.sequence).whole;
  const validity = new DerReader(body.next(Tag.sequence).body);
  const fromMs = timeOf(validity.any());
  const toMs = timeOf(validity.any());
  validity.end();
  const subject = body.next(Tag.sequence).whole;
  const key = keyOf(body.next(Tag.sequence).body);
  body.optional(ISSUER_ID);
  body.optional(SUBJECT_ID);
  const extensions = body.optional(EXTENSIONS);
  body.end();
  return {
    signed: signed.whole,
    signature,
    signatureKind,
    issuer,
    subject,
    fromMs,
    toMs,
    key,
    ...extensionsOf(extensions),
  };
}

/** The identifier of an AlgorithmIdentifier; its parameters are those of the algorithms that are taken. */
function oidOf(algorithm: Uint8Array): string {
  return toHex(new DerReader(algorithm).next(Tag.oid).body);
}

function keyOf(info: Uint8Array): PublicKey {
  const reader = new DerReader(info);
  const algorithm = new DerReader(reader.next(Tag.sequence).body);
  const bits = bitString(reader.next(Tag.bitString));
  reader.end();
  const kind = toHex(algorithm.next(Tag.oid).body);
  if (kind === Oid.ecPublicKey) {
    if (toHex(algorithm.next(Tag.oid).body) !== Oid.p256)
      throw new DerFault("a curve other than P-256");
    if (bits.length !== POINT_BYTES || bits[0] !== 4)
      throw new DerFault("a point that is not written out");
    return { kind: "ec", point: bits };
  }
  if (kind !== Oid.rsa) throw new DerFault("a key other than EC P-256 and RSA");
  const numbers = sequenceOf(bits);
  const modulus = positive(numbers.next(Tag.integer));
  const exponent = positive(numbers.next(Tag.integer));
  numbers.end();
  if (modulus.length < RSA_BYTES_MIN || modulus.length > RSA_BYTES_MAX)
    throw new DerFault("an RSA key other than of 2048 to 4096 bits");
  if (toHex(exponent) !== EXPONENT) throw new DerFault("an RSA exponent other than 65537");
  return { kind: "rsa", modulus };
}

/** UTCTime and GeneralizedTime as RFC 5280 section 4.1.2.5 has them: with seconds, and in UTC. */
function timeOf({ tag, body }: Element): number {
  let text = "";
  for (let i = 0; i < body.length; i++) text += String.fromCharCode(body[i]);
  if (tag === Tag.utcTime) text = (text < "50" ? "20" : "19") + text;
  else if (tag !== Tag.generalizedTime) throw new DerFault("no time");
  const match = /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)Z$/.exec(text);
  if (!match) throw new DerFault("no time");
  const [year, month, day, hour, minute, second] = match.slice(1).map(Number);
  if (year < 1950 || month < 1 || month > 12 || day < 1 || day > 31)
    throw new DerFault("no such day");
  if (hour > 23 || minute > 59 || second > 59) throw new DerFault("no such time of day");
  return Date.UTC(year, month - 1, day, hour, minute, second);
}

type Extensions = Pick<
  Certificate,
  "isAuthority" | "pathMax" | "isServer" | "dnsNames" | "addresses"
>;

function extensionsOf(element: Element | undefined): Extensions {
  const found: Extensions = {
    isAuthority: false,
    pathMax: undefined,
    isServer: true,
    dnsNames: [],
    addresses: [],
  };
  if (!element) return found;
  let maySign = true;
  const seen: string[] = [];
  const list = sequenceOf(element.body);
  while (!list.done) {
    const extension = new DerReader(list.next(Tag.sequence).body);
    const id = toHex(extension.next(Tag.oid).body);
    const critical = extension.optional(Tag.boolean);
    const { body } = extension.next(Tag.octetString);
    extension.end();
    if (seen.indexOf(id) >= 0) throw new DerFault("an extension twice");
    seen.push(id);
    if (id === Oid.basicConstraints) readConstraints(body, found);
    else if (id === Oid.keyUsage) maySign = signs(body);
    else if (id === Oid.extKeyUsage) found.isServer = isForServers(body);
    else if (id === Oid.subjectAltName) readNames(body, found);
    // What it demands is not known here, so that it cannot be kept to (RFC 5280 section 4.2).
    else if (critical && critical.body[0] !== 0) throw new DerFault("a critical extension");
  }
  found.isAuthority = found.isAuthority && maySign;
  return found;
}

function readConstraints(bytes: Uint8Array, found: Extensions): void {
  const constraints = sequenceOf(bytes);
  const authority = constraints.optional(Tag.boolean);
  found.isAuthority = authority?.body[0] === 0xff;
  const path = constraints.optional(Tag.integer);
  constraints.end();
  // More than a byte can say is no bound.
  if (path?.body.length === 1) found.pathMax = path.body[0];
}

function signs(bytes: Uint8Array): boolean {
  const { body } = new DerReader(bytes).next(Tag.bitString);
  return body.length > 1 && (body[1] & CERT_SIGN) !== 0;
}

function isForServers(bytes: Uint8Array): boolean {
  const uses = sequenceOf(bytes);
  let found = false;
  while (!uses.done) {
    const use = toHex(uses.next(Tag.oid).body);
    if (use === Oid.serverAuth || use === Oid.anyExtKeyUsage) found = true;
  }
  return found;
}

function readNames(bytes: Uint8Array, found: Extensions): void {
  const names = sequenceOf(bytes);
  while (!names.done) {
    const { tag, body } = names.any();
    if (tag === IP_ADDRESS) found.addresses.push(body);
    if (tag !== DNS_NAME) continue;
    let name = "";
    for (let i = 0; i < body.length; i++) name += String.fromCharCode(body[i]);
    found.dnsNames.push(name.toLowerCase());
  }
}
