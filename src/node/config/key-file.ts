// SPDX-License-Identifier: Apache-2.0
/**
 * A secret key, the gateway's or an operator's: 32 bytes as 64 hex digits in a file that only its
 * owner can read.
 */
import { randomBytes } from "node:crypto";
import { closeSync, fsyncSync, openSync, readFileSync, writeSync } from "node:fs";
import { ConfigError } from "./config-error.ts";

/** What is said of a key file that cannot be used. */
export interface KeyFileHelp {
  /** Key of the configuration, or flag, that names the file. */
  path: string;
  missing: string;
  broken: string;
}

const GATEWAY: KeyFileHelp = {
  path: "keyFile",
  missing: "Restore the key from its backup, or set createKey to true for a new gateway",
  broken: "Restore the key from its backup; another key is another gateway",
};
const SEAL: KeyFileHelp = {
  path: "sealKeyFile",
  missing: "Restore the key from its backup, or set createKey to true for a new store",
  broken: "Restore the key from its backup; no other key opens the store",
};

/** The key that seals the gateway's store at rest; read and made as the gateway's own. */
export function loadSealKey(path: string, create: boolean) {
  return loadKey(path, create, SEAL);
}

/**
 * Reads the key; makes one where the file is missing and `create` says so.
 * @throws ConfigError that names the file, but never shows what is in it
 */
export function loadKey(
  path: string,
  create: boolean,
  help: KeyFileHelp = GATEWAY,
): { secretKey: Uint8Array; made: boolean } {
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ENOENT" && create) return { secretKey: makeKey(path, help), made: true };
    const cure = code === "ENOENT" ? help.missing : "Check the owner and the mode of the file";
    const found = code === "ENOENT" ? "no such file" : `${code} while reading`;
    throw keyError(path, found, cure, help);
  }
  const digits = text.trim();
  if (!/^[0-9a-fA-F]{64}$/.test(digits)) {
    throw keyError(path, `${digits.length} characters that are no key`, help.broken, help);
  }
  return { secretKey: Uint8Array.from(Buffer.from(digits, "hex")), made: false };
}

/** Written and flushed before it is used: what is signed with a key that is lost is lost too. */
function makeKey(path: string, help: KeyFileHelp): Uint8Array {
  const secretKey = Uint8Array.from(randomBytes(32));
  let file: number;
  try {
    file = openSync(path, "wx", 0o600);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    const cure = "Check that its folder exists and is writable";
    throw keyError(path, `${code} while writing`, cure, help);
  }
  try {
    writeSync(file, `${Buffer.from(secretKey).toString("hex")}\n`);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
  return secretKey;
}

function keyError(file: string, found: string, cure: string, { path }: KeyFileHelp): ConfigError {
  const allowed = "a file with a 32-byte secret key as 64 hex digits";
  return new ConfigError(file, [{ path, found, allowed, cure }]);
}
