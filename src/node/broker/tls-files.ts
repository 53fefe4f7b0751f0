// SPDX-License-Identifier: Apache-2.0
/** The broker's certificate and its key from two PEM files, with everything that can be wrong with them. */
import { createPrivateKey, type KeyObject, X509Certificate } from "node:crypto";
import { readFileSync, statSync } from "node:fs";
import { createSecureContext, type SecureContextOptions } from "node:tls";
import { ConfigError } from "../config/config-error.ts";

/** Paths. */
export interface TlsFiles {
  cert: string;
  key: string;
}

export interface TlsMaterial {
  /** For a TLS server. */
  context: SecureContextOptions;
  expiresMs: number;
  /** What is no fault and still keeps nodes away. */
  warning: string | undefined;
}

/**
 * Forward secrecy and authenticated encryption only; nodes take the two of AES-128-GCM
 * (docs/provisioning.md). The first three are those of TLS 1.3.
 */
const CIPHERS = [
  "TLS_AES_128_GCM_SHA256",
  "TLS_AES_256_GCM_SHA384",
  "TLS_CHACHA20_POLY1305_SHA256",
  "ECDHE-ECDSA-AES128-GCM-SHA256",
  "ECDHE-RSA-AES128-GCM-SHA256",
  "ECDHE-ECDSA-AES256-GCM-SHA384",
  "ECDHE-RSA-AES256-GCM-SHA384",
].join(":");

/** A file of PEM with a chain of certificates and much text around them has some tens of KB. */
const FILE_BYTES_MAX = 256 * 1024;

/** @throws ConfigError that says which file, what is wrong and what to do; it shows nothing of a key */
export function readTls(files: TlsFiles, nowMs: number): TlsMaterial {
  const cert = readFile(files, "cert");
  const key = readFile(files, "key");
  const certificate = parseCertificate(files, cert);
  const expiresMs = Date.parse(certificate.validTo);
  if (nowMs >= expiresMs)
    throw fault(files, "cert", `expired on ${certificate.validTo}`, "Make or ask for a new one");
  if (nowMs < Date.parse(certificate.validFrom)) {
    const cure = "Set this machine's clock, or wait";
    throw fault(files, "cert", `not valid before ${certificate.validFrom}`, cure);
  }
  if (!certificate.checkPrivateKey(parseKey(files, key))) {
    const cure = "Give the key that the certificate was made for";
    throw fault(files, "key", `a key that does not fit the certificate in ${files.cert}`, cure);
  }
  const context = { cert, key, minVersion: "TLSv1.2", ciphers: CIPHERS } as const;
  try {
    createSecureContext(context);
  } catch (error) {
    // For example a key that OpenSSL takes for too short.
    const { message } = error as Error;
    throw fault(files, "cert", message, "Make a new certificate, with an EC P-256 key");
  }
  const warning = certificate.subjectAltName
    ? undefined
    : "no subjectAltName: nodes refuse it. Make it for the broker's host name or address";
  return { context, expiresMs, warning };
}

/** Changes with the files; undefined while one of them is not there. */
export function stampOf({ cert, key }: TlsFiles): string | undefined {
  try {
    const facts = [cert, key].map((path) => statSync(path));
    return facts.map(({ ino, size, mtimeMs }) => `${ino} ${size} ${mtimeMs}`).join(" ");
  } catch {
    return undefined;
  }
}

function readFile(files: TlsFiles, which: keyof TlsFiles): string {
  let text: string;
  try {
    text = readFileSync(files[which], "latin1");
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    const cure =
      code === "ENOENT"
        ? "Check the path; wattle authority tls makes both files"
        : "Check the owner and the mode of the file";
    throw fault(files, which, code === "ENOENT" ? "no such file" : `${code} while reading`, cure);
  }
  if (text.length > FILE_BYTES_MAX)
    throw fault(files, which, `${text.length} bytes`, "Give a file with nothing else in it");
  return text;
}

function parseCertificate(files: TlsFiles, text: string): X509Certificate {
  if (!text.includes("-----BEGIN CERTIFICATE-----")) {
    const cure = text.includes("PRIVATE KEY-----")
      ? "Swap the two: this is a key"
      : "Convert it: openssl x509 -in <file> -out broker.pem";
    throw fault(files, "cert", "no certificate in PEM", cure);
  }
  try {
    return new X509Certificate(text);
  } catch (error) {
    const found = `a broken certificate (${(error as Error).message})`;
    throw fault(files, "cert", found, "Restore the file");
  }
}

function parseKey(files: TlsFiles, text: string): KeyObject {
  if (/BEGIN ENCRYPTED PRIVATE KEY|^Proc-Type: 4,ENCRYPTED/m.test(text)) {
    const cure = "Decrypt it: openssl pkey -in <file> -out broker.key, then chmod 600 broker.key";
    throw fault(files, "key", "a key with a passphrase, which nobody is there to type", cure);
  }
  if (!text.includes("PRIVATE KEY-----")) {
    const cure = text.includes("BEGIN CERTIFICATE")
      ? "Swap the two: this is a certificate"
      : "Give the private key, not the public one, as PEM";
    throw fault(files, "key", "no private key in PEM", cure);
  }
  try {
    return createPrivateKey(text);
  } catch {
    throw fault(files, "key", "a broken key", "Restore the file");
  }
}

const ALLOWED = {
  cert: "a PEM file: the broker's certificate, and behind it those between it and its authority",
  key: "a PEM file: the certificate's private key, without a passphrase",
};

function fault(files: TlsFiles, which: keyof TlsFiles, found: string, cure: string): ConfigError {
  const problem = { path: `listen.tls.${which}`, found, allowed: ALLOWED[which], cure };
  return new ConfigError(files[which], [problem]);
}
