// SPDX-License-Identifier: Apache-2.0
/** The gateway's secret keys: 32 bytes as 64 hex digits in a file that only its owner can read. */
import { randomBytes } from "node:crypto";
import { closeSync, fsyncSync, openSync, readFileSync, writeSync } from "node:fs";
import { ConfigError } from "./config-error.ts";

/** Which key a file holds: the name of its setting, and what is lost with it. */
interface KeyUse {
  path: string;
  restore: string;
  other: string;
}

const GATEWAY_KEY: KeyUse = {
  path: "keyFile",
  restore: "Restore the key from its backup, or set createKey to true for a new gateway",
  other: "Restore the key from its backup; another key is another gateway",
};
const SEAL_KEY: KeyUse = {
  path: "sealKeyFile",
  restore: "Restore the key from its backup, or set createKey to true for a new store",
  other: "Restore the key from its backup; no other key opens the store",
};

/** The key that seals the gateway's store at rest; read and made as the gateway's own. */
export function loadSealKey(path: string, create: boolean) {
  return loadKey(path, create, SEAL_KEY);
}

/**
 * Reads the key; makes one where the file is missing and `create` says so.
 * @throws ConfigError that names the file, but never shows what is in it
 */
export function loadKey(
  path: string,
  create: boolean,
  use: KeyUse = GATEWAY_KEY,
): { secretKey: Uint8Array; made: boolean } {
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ENOENT" && create) return { secretKey: makeKey(use, path), made: true };
    const cure = code === "ENOENT" ? use.restore : "Check the owner and the mode of the file";
    throw keyError(use, path, code === "ENOENT" ? "no such file" : `${code} while reading`, cure);
  }
  const digits = text.trim();
  if (!/^[0-9a-fA-F]{64}$/.test(digits)) {
    throw keyError(use, path, `${digits.length} characters that are no key`, use.other);
  }
  return { secretKey: Uint8Array.from(Buffer.from(digits, "hex")), made: false };
}

/** Written and flushed before it is used: what is signed with a key that is lost is lost too. */
function makeKey(use: KeyUse, path: string): Uint8Array {
  const secretKey = Uint8Array.from(randomBytes(32));
  let file: number;
  try {
    file = openSync(path, "wx", 0o600);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    const cure = "Check that its folder exists and is writable";
    throw keyError(use, path, `${code} while writing`, cure);
  }
  try {
    writeSync(file, `${Buffer.from(secretKey).toString("hex")}\n`);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
  return secretKey;
}

function keyError(use: KeyUse, file: string, found: string, cure: string): ConfigError {
  const allowed = "a file with a 32-byte secret key as 64 hex digits";
  return new ConfigError(file, [{ path: use.path, found, allowed, cure }]);
}
