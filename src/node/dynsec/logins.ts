// SPDX-License-Identifier: Apache-2.0
/**
 * Logins for a broker that cannot check tokens: a file in a folder for each client that may have an account
 * there, made by `wattle login`. Nothing in it is secret: the password follows from the gateway's key, the name
 * and the number in the file.
 */
import { mkdirSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { ascii, toHex } from "#core/codec/bytes";
import { domainHash } from "#core/crypto/domain";
import { hkdfSha256 } from "#core/crypto/hkdf";
import type { Crypto } from "#core/crypto/port";
import { MEMBERS_MAX } from "#core/limits";
import { writeWhole } from "../authority/files.ts";
import { isNodeClient } from "../broker/acl.ts";

/** Every member, as many who wait to be one, and tools: what the plugin keeps in memory and in one file. */
export const LOGINS_MAX = 2 * MEMBERS_MAX + 256;
/** Beyond guessing, and short enough to type where it must be. */
const PASSWORD_BYTES = 16;
const STAMP_BYTES = 8;
/** A number, and what an editor adds. */
const NUMBER = /^\d{1,6}\s*$/;
const PERSON = /^(operator|outsider)-[0-9A-Za-z._-]{1,32}$/;

export interface Login {
  readonly username: string;
  /** Rises when the password is to be another. */
  readonly number: number;
}

export interface LoginSource {
  crypto: Crypto;
  /** The gateway's. */
  secretKey: Uint8Array;
  net: string;
  area: string;
}

/** What a login's name makes of its holder; a node's class depends on its certificate. */
export function loginKind(username: string): "node" | "operator" | "outsider" | undefined {
  if (isNodeClient(username)) return "node";
  return PERSON.exec(username)?.[1] as "operator" | "outsider" | undefined;
}

/** 32 hex digits, and a stamp that tells two passwords apart. */
export function secretsOf(
  { crypto, secretKey, net, area }: LoginSource,
  { username, number }: Login,
): { password: string; stamp: string } {
  // None of the four has a blank or a slash in it.
  const info = ascii(`wattle/broker-login/1 ${net}/${area}/${username}/${number}`);
  const password = toHex(hkdfSha256(crypto, secretKey, info, PASSWORD_BYTES));
  const hash = domainHash(crypto, "wattle/broker-login-stamp/1", ascii(password));
  return { password, stamp: toHex(hash.subarray(0, STAMP_BYTES)) };
}

/** The folder's logins, at most LOGINS_MAX; what is none is left out. @throws where it cannot be read */
export function readLogins(folder: string): Login[] {
  const logins: Login[] = [];
  for (const username of readdirSync(folder).sort()) {
    if (!loginKind(username) || logins.length >= LOGINS_MAX) continue;
    const number = readNumber(join(folder, username));
    if (number !== undefined) logins.push({ username, number });
  }
  return logins;
}

/** The login of `username`, made where there is none; with `renew` under the next number. */
export function makeLogin(folder: string, username: string, renew: boolean): Login {
  mkdirSync(folder, { recursive: true });
  const path = join(folder, username);
  const before = readNumber(path);
  const number = (before ?? 0) + (renew || before === undefined ? 1 : 0);
  if (number !== before) writeWhole(path, ascii(`${number}\n`));
  return { username, number };
}

function readNumber(path: string): number | undefined {
  let text: string;
  try {
    text = readFileSync(path, "latin1");
  } catch {
    return undefined; // it goes away just now, or is a folder
  }
  return NUMBER.test(text) ? Number(text) : undefined;
}
