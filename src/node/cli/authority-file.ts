// SPDX-License-Identifier: Apache-2.0
/** The certificate of a broker's authority from a file, as `wattle provision --ca` sends it to a node. */
import { X509Certificate } from "node:crypto";
import { readFileSync } from "node:fs";
import { CA_BYTES_MAX } from "#core/limits";

/** The operator's mistake: the message says what to give. */
export class AuthorityError extends Error {
  constructor(message: string) {
    super(message);
    this.name = "AuthorityError";
  }
}

/** The same certificate as PEM. */
export function pemOf(certificate: Buffer): string {
  return new X509Certificate(certificate).toString();
}

/**
 * DER of the one certificate in `path`, which is PEM or DER. The node itself looks at the key; what a clock is
 * needed for is looked at here. @throws AuthorityError
 */
export function authorityFrom(path: string, nowMs: number = Date.now()): Buffer {
  const wrong = (what: string) => new AuthorityError(`--ca ${path}: ${what}`);
  let bytes: Buffer;
  try {
    bytes = readFileSync(path);
  } catch (error) {
    throw wrong(`${(error as NodeJS.ErrnoException).code}. Give a PEM or DER file`);
  }
  const count = bytes.toString("latin1").split("-----BEGIN CERTIFICATE-----").length - 1;
  if (count > 1)
    throw wrong(`${count} certificates. Give a file with the authority's own, and no other`);
  let certificate: X509Certificate;
  try {
    certificate = new X509Certificate(bytes);
  } catch {
    throw wrong("no certificate. Give a PEM or DER file");
  }
  if (!certificate.ca)
    throw wrong("not an authority's certificate (CA:TRUE). Give the one that signed the broker's");
  if (nowMs > Date.parse(certificate.validTo)) throw wrong(`expired on ${certificate.validTo}`);
  if (certificate.raw.length > CA_BYTES_MAX)
    throw wrong(`${certificate.raw.length} bytes; a node takes at most ${CA_BYTES_MAX}`);
  return certificate.raw;
}
