// SPDX-License-Identifier: Apache-2.0
/** What the authority hands out, as files in a folder: a gateway's identity folder, or what is copied there. */
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { bytesEqual, toHex } from "#core/codec/bytes";
import type { Crypto } from "#core/crypto/port";
import { REVOKED_MAX } from "#core/limits";
import { openRevocations } from "#core/trust/anchor";
import { openCertificate, SEALED_BYTES_MAX } from "#core/trust/certificate";
import { type Authority, sealedOf } from "./authority.ts";
import type { Issued } from "./certificates.ts";
import type { SubjectName } from "./entries.ts";
import { AuthorityToolError } from "./error.ts";
import { makeFolder, readBounded, writeWhole } from "./files.ts";

export const CERTIFICATE_SUFFIX = ".cert";
export const AUTHORITY_FILE = "authority.cbor";
/** The certificate of the gateway whose folder it is. */
export const GATEWAY_FILE = "gateway.cert";
export const LIST_FILES: Readonly<Record<SubjectName, string>> = Object.freeze({
  node: "revoked-nodes.cbor",
  gateway: "revoked-gateways.cbor",
});
const ELSEWHERE = "Take it out of the folder";
/** A full list with its envelope. */
const LIST_BYTES_MAX = REVOKED_MAX * 20 + 512;

/**
 * Makes the folder, and compares what is in it with the register: a register that was put back from an older
 * copy would give its serials and numbers of lists a second time. @throws AuthorityToolError
 */
export function openFolder(folder: string, authority: Authority, crypto: Crypto): void {
  makeFolder(folder);
  for (const name of readdirSync(folder)) {
    const path = join(folder, name);
    if (name.endsWith(CERTIFICATE_SUFFIX)) checkCertificate(path, authority, crypto);
    for (const subject of ["node", "gateway"] as const)
      if (name === LIST_FILES[subject]) checkList(path, subject, authority, crypto);
  }
}

function checkCertificate(path: string, authority: Authority, crypto: Crypto): void {
  const bytes = readBounded(path, SEALED_BYTES_MAX, ELSEWHERE);
  const opened = openCertificate(crypto, bytes);
  if (!opened.ok || !bytesEqual(opened.value.authority, authority.id))
    throw new AuthorityToolError(
      `${path} is no certificate of this authority. Take it out of the folder, or give another one`,
    );
  const { serial } = opened.value;
  const known = authority.certificates.get(serial);
  if (!known) throw older(path, `serial ${serial}`);
  if (toHex(bytes) !== known.certificate)
    throw new AuthorityToolError(
      `${path} is another certificate with serial ${serial} than the register's. Take it out of the ` +
        "folder; where it was made by a copy of this authority, that copy must not be used again",
    );
}

function checkList(path: string, subject: SubjectName, authority: Authority, crypto: Crypto): void {
  const bytes = readBounded(path, LIST_BYTES_MAX, ELSEWHERE);
  const opened = openRevocations(crypto, bytes, authority.anchorKey, authority.net);
  if (!opened.ok)
    throw new AuthorityToolError(
      `${path} is no list of this authority (${opened.code}). Take it out of the folder, or give another one`,
    );
  const { number } = opened.value;
  if (number > authority.certificates.listNumber(subject)) throw older(path, `list ${number}`);
}

function older(path: string, what: string): AuthorityToolError {
  return new AuthorityToolError(
    `${path}: ${what} is not in the register, so that the register is an older copy. ` +
      "Take the newest copy, with its .head",
  );
}

/** Writes a node's certificate as `<serial>.cert`, a gateway's as `gateway.cert`; its path. */
export function writeCertificate(folder: string, issued: Issued, crypto: Crypto): string {
  const name =
    issued.subject === "gateway" ? GATEWAY_FILE : `${issued.serial}${CERTIFICATE_SUFFIX}`;
  const path = join(folder, name);
  if (issued.subject === "gateway") refuseOtherGateway(folder, issued.id, crypto);
  writeWhole(path, sealedOf(issued));
  return path;
}

/** A folder is one gateway's, here that of `id`. @throws AuthorityToolError */
export function refuseOtherGateway(folder: string, id: string, crypto: Crypto): void {
  const path = join(folder, GATEWAY_FILE);
  if (!existsSync(path)) return;
  const opened = openCertificate(crypto, readBounded(path, SEALED_BYTES_MAX, ELSEWHERE));
  if (opened.ok && toHex(opened.value.id) !== id)
    throw new AuthorityToolError(
      `${path} is another gateway's. Give each gateway a folder of its own (--out)`,
    );
}

/** Writes both lists of revoked certificates; their paths. */
export function writeLists(folder: string, authority: Authority): string[] {
  return (["node", "gateway"] as const).map((subject) => {
    const path = join(folder, LIST_FILES[subject]);
    writeWhole(path, authority.list(subject));
    return path;
  });
}

/** Writes the authority's own record; its path. */
export function writeAuthority(folder: string, authority: Authority): string {
  const path = join(folder, AUTHORITY_FILE);
  writeWhole(path, authority.record());
  return path;
}
