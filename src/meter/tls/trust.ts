// SPDX-License-Identifier: Apache-2.0
/**
 * Whether a server is who it should be: from its certificate up to the one authority that the node was given
 * (RFC 5280 section 6), and its name (RFC 6125). There is no revocation, and no second authority.
 */
import { bytesEqual } from "#core/codec/bytes";
import { CA_BYTES_MAX } from "#core/limits";
import { TLS_CHAIN_MAX } from "#core/limits-device";
import { type Certificate, type PublicKey, readCertificate } from "./certificate.ts";
import { isSignedBy, type SignatureCrypto } from "./signature.ts";

/** Why a server is refused, for the log. */
export type TrustFault =
  /** The node does not know the time of day, and so cannot judge dates. */
  | "no-time"
  /** The stored authority cannot be read, or its own time is not now. */
  | "authority"
  | "authority-time"
  /** No certificate, too many, or one that cannot be read. */
  | "certificate"
  | "expired"
  | "not-yet-valid"
  | "not-for-servers"
  | "other-name"
  /** None of the certificates leads to the authority. */
  | "other-authority";

export interface Trust {
  /** The authority's certificate, DER. */
  authority: Uint8Array;
  /** What the broker is called in the settings: a host name or an IPv4 address. */
  host: string;
  /** UTC, ms; undefined where the time of day is not known. */
  nowMs: number | undefined;
}

export type Verdict = { ok: true; key: PublicKey } | { ok: false; fault: TrustFault };

/** The authority's certificate, or what keeps it from being one, in words. */
export function readAuthority(der: Uint8Array): Certificate | string {
  if (der.length > CA_BYTES_MAX) return `longer than ${CA_BYTES_MAX} bytes`;
  const authority = readCertificate(der);
  if (typeof authority === "string") return authority;
  return authority.isAuthority ? authority : "not an authority's (no CA:TRUE)";
}

/** Judges the certificates that a server shows, its own first. */
export function judgeServer(
  chain: readonly Uint8Array[],
  trust: Trust,
  crypto: SignatureCrypto,
): Verdict {
  const { nowMs } = trust;
  if (nowMs === undefined) return refused("no-time");
  const authority = readAuthority(trust.authority);
  if (typeof authority === "string") return refused("authority");
  if (timeFault(authority, nowMs)) return refused("authority-time");
  if (chain.length === 0 || chain.length > TLS_CHAIN_MAX) return refused("certificate");
  const own = readCertificate(chain[0]);
  if (typeof own === "string") return refused("certificate");
  const late = timeFault(own, nowMs);
  if (late) return refused(late);
  if (!own.isServer) return refused("not-for-servers");
  if (!isNamed(own, trust.host)) return refused("other-name");
  const fault = climb(own, chain, authority, nowMs, crypto);
  return fault ? refused(fault) : { ok: true, key: own.key };
}

function refused(fault: TrustFault): Verdict {
  return { ok: false, fault };
}

/** Follows the issuers up to the authority; undefined where it is reached. */
function climb(
  own: Certificate,
  chain: readonly Uint8Array[],
  authority: Certificate,
  nowMs: number,
  crypto: SignatureCrypto,
): TrustFault | undefined {
  let below = own;
  for (let i = 1; ; i++) {
    if (isIssuedBy(below, authority, i - 1, crypto)) return undefined;
    if (i >= chain.length) return "other-authority";
    const above = readCertificate(chain[i]);
    if (typeof above === "string") return "certificate";
    // Who issued something has to be an authority: any server of the authority could else be this one.
    if (!isIssuedBy(below, above, i - 1, crypto)) return "other-authority";
    const late = timeFault(above, nowMs);
    if (late) return late;
    below = above;
  }
}

/** `between`: authorities that stand below the issuer already. */
function isIssuedBy(
  certificate: Certificate,
  issuer: Certificate,
  between: number,
  crypto: SignatureCrypto,
): boolean {
  if (!issuer.isAuthority || !bytesEqual(certificate.issuer, issuer.subject)) return false;
  if (issuer.pathMax !== undefined && between > issuer.pathMax) return false;
  if (certificate.signatureKind !== issuer.key.kind) return false;
  return isSignedBy(issuer.key, certificate.signed, certificate.signature, crypto);
}

function timeFault({ fromMs, toMs }: Certificate, nowMs: number): TrustFault | undefined {
  if (nowMs < fromMs) return "not-yet-valid";
  return nowMs > toMs ? "expired" : undefined;
}

/** The subject's common name counts for nothing (RFC 6125 section 6.4.4). */
function isNamed({ dnsNames, addresses }: Certificate, host: string): boolean {
  const address = ipv4(host);
  if (address) return addresses.some((one) => bytesEqual(one, address));
  const name = host.toLowerCase();
  return dnsNames.some((pattern) => matches(pattern, name));
}

/** `*` stands for one whole label, the first, above a name of at least two (RFC 6125 section 6.4.3). */
function matches(pattern: string, name: string): boolean {
  if (pattern === name) return true;
  if (pattern.slice(0, 2) !== "*.") return false;
  const rest = pattern.slice(1);
  const dot = name.indexOf(".");
  return dot > 0 && name.slice(dot) === rest && rest.indexOf(".", 1) > 0;
}

function ipv4(host: string): Uint8Array | undefined {
  if (!/^\d{1,3}(\.\d{1,3}){3}$/.test(host)) return undefined;
  const parts = host.split(".").map(Number);
  return parts.every((part) => part <= 255) ? Uint8Array.from(parts) : undefined;
}
