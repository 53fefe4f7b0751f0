// SPDX-License-Identifier: Apache-2.0
/** What every command of `wattle authority` does around its work: files, passphrase, lock, words. */
import { basename, dirname, join } from "node:path";
import { Authority } from "../authority/authority.ts";
import type { Issued } from "../authority/certificates.ts";
import { AuthorityToolError } from "../authority/error.ts";
import { openVault, readKeyStore, type Vault } from "../authority/key-store.ts";
import { whileLocked } from "../authority/lock.ts";
import { Register } from "../authority/register.ts";
import { sodiumCrypto } from "../crypto/sodium.ts";
import { type PassphraseOptions, passphraseFrom } from "./authority-passphrase.ts";
import { timeOf } from "./authority-terms.ts";

export const DEFAULT_KEY_FILE = "authority.key";

export interface AuthorityOptions extends PassphraseOptions {
  /** The key store. */
  key?: string;
  /** The register; beside the key store where absent. */
  register?: string;
  /** Protocol time now, ISO, where that is not UTC. */
  at?: string;
  json?: boolean;
  /** UTC, ms; default the machine's clock. */
  nowMs?: number;
  /** Default: the process's own. */
  say?: (text: string) => void;
}

/** Exit codes: 1 a part was not done, 2 nothing was. */
export const EXIT_PART = 1;
export const EXIT_REFUSED = 2;

/** What a command has to say: a line for people each, and an object for programs. */
export interface Report {
  lines: readonly string[];
  json: Record<string, unknown>;
  exitCode?: number;
}

/** Runs a command and says what it reports; the answer is the exit code. */
export async function runCommand(
  name: string,
  options: AuthorityOptions,
  work: () => Report | Promise<Report>,
  program = "wattle authority",
): Promise<number> {
  const say = options.say ?? ((text) => void process.stdout.write(text));
  const err = options.err ?? ((text) => void process.stderr.write(text));
  try {
    const { lines, json, exitCode = 0 } = await work();
    if (options.json) say(`${JSON.stringify(json)}\n`);
    else for (const line of lines) say(`${line}\n`);
    return exitCode;
  } catch (error) {
    if (!(error instanceof AuthorityToolError)) throw error;
    err(`${program} ${name}: ${error.message}\n`);
    return EXIT_REFUSED;
  }
}

/** Paths of key store and register. */
export function pathsOf({ key = DEFAULT_KEY_FILE, register }: AuthorityOptions) {
  const beside = join(dirname(key), `${basename(key).replace(/\.key$/, "")}.register`);
  return { key, register: register ?? beside };
}

/** Protocol time. */
export function nowOf({ at, nowMs = Date.now() }: AuthorityOptions): number {
  return at === undefined ? nowMs : timeOf("--at", at);
}

export interface Session {
  authority: Authority;
  vault: Vault;
  crypto: ReturnType<typeof sodiumCrypto>;
}

/** Opens key store and register for `work`, alone with them. @throws AuthorityToolError */
export async function withAuthority<T>(
  options: AuthorityOptions,
  work: (session: Session) => T | Promise<T>,
): Promise<T> {
  const { key, register: path } = pathsOf(options);
  const file = readKeyStore(key);
  const passphrase = await passphraseFrom(options, key);
  const crypto = sodiumCrypto();
  const vault = openVault(crypto, file, passphrase, key);
  return await whileLocked(path, () => {
    const register = Register.open(path, crypto, crypto.publicKey(vault.anchorSecret));
    return work({ authority: new Authority(crypto, vault, register), vault, crypto });
  });
}

/** A certificate in one line. */
export function lineOf(issued: Issued): string {
  const { serial, subject, id, name, meter, connectionW, fromMs, untilMs } = issued;
  const what =
    subject === "node"
      ? `${name}, meter ${meter || "not named"}, ${connectionW} W`
      : `area ${name}`;
  return `serial ${serial}: ${subject} ${id} (${what}), ${iso(fromMs)} to ${iso(untilMs)}`;
}

/** A certificate for programs. */
export function jsonOf(issued: Issued): Record<string, unknown> {
  const { serial, subject, id, name, meter, connectionW, renews, claimed, revoked } = issued;
  const validity = { from: iso(issued.fromMs), until: iso(issued.untilMs) };
  const facts = { serial, subject, id, name, meter, connectionW, ...validity, renews, claimed };
  return revoked ? { ...facts, revoked: { reason: revoked.reason, at: iso(revoked.atMs) } } : facts;
}

export function iso(ms: number): string {
  return new Date(ms).toISOString();
}
