// SPDX-License-Identifier: Apache-2.0
/** Requests for certificates, as a gateway puts them into files. */
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { bytesEqual } from "#core/codec/bytes";
import { openSigned, type Signed, verifySigned } from "#core/codec/record";
import type { Crypto } from "#core/crypto/port";
import { type Enrol, enrolRecord } from "#core/records/certificate";
import { claimHash } from "#core/trust/claim";
import { AuthorityToolError, codeOf } from "./error.ts";
import { readBounded } from "./files.ts";

export const REQUEST_SUFFIX = ".enrol";
/** More than any signed request takes. */
const REQUEST_BYTES_MAX = 1024;

/** The request in the file at `path`; its signature is right. @throws AuthorityToolError */
export function readRequest(crypto: Crypto, path: string): Signed<Enrol> {
  const cure = `Give the ${REQUEST_SUFFIX} file from the gateway's identity folder`;
  const opened = openSigned(enrolRecord, crypto, readBounded(path, REQUEST_BYTES_MAX, cure));
  if (!opened.ok)
    throw new AuthorityToolError(
      `${path} is no request (${opened.code}, ${opened.detail}). ${cure}`,
    );
  if (!verifySigned(crypto, opened.value.publicKey, opened))
    throw new AuthorityToolError(
      `${path} is not signed by the key in it: it was changed on its way. ${cure}`,
    );
  return opened;
}

/** Paths of the requests in a folder, in the order of their names. @throws AuthorityToolError */
export function requestsIn(folder: string): string[] {
  try {
    const names = readdirSync(folder).filter((name) => name.endsWith(REQUEST_SUFFIX));
    return names.sort().map((name) => join(folder, name));
  } catch (error) {
    throw new AuthorityToolError(`${folder}: ${codeOf(error)}. Give the folder with requests`);
  }
}

/**
 * `XXXX-XXXX` as the node shows it, however it was typed: Crockford's base 32 takes O for 0, I and L for 1.
 * @throws AuthorityToolError
 */
export function claimCode(typed: string): string {
  const code = typed.toUpperCase().replace(/[- ]/g, "").replace(/O/g, "0").replace(/[IL]/g, "1");
  if (!/^[0-9A-HJKMNP-TV-Z]{8}$/.test(code))
    throw new AuthorityToolError(
      "--claim: not a claim code. Give the eight characters that the node shows, such as 7K2M-9QX4",
    );
  return `${code.slice(0, 4)}-${code.slice(4)}`;
}

/** Whether the request was made by a node that shows this code. */
export function isClaimedBy(crypto: Crypto, { publicKey, claim }: Enrol, code: string): boolean {
  return bytesEqual(claimHash(crypto, publicKey, code), claim);
}
