// SPDX-License-Identifier: Apache-2.0
/** The gateway's secret key: 32 bytes as 64 hex digits in a file that only its owner can read. */
import { randomBytes } from "node:crypto";
import { closeSync, fsyncSync, openSync, readFileSync, writeSync } from "node:fs";
import { ConfigError } from "./config-error.ts";

/**
 * Reads the key; makes one where the file is missing and `create` says so.
 * @throws ConfigError that names the file, but never shows what is in it
 */
export function loadKey(path: string, create: boolean): { secretKey: Uint8Array; made: boolean } {
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ENOENT" && create) return { secretKey: makeKey(path), made: true };
    const cure =
      code === "ENOENT"
        ? "Restore the key from its backup, or set createKey to true for a new gateway"
        : "Check the owner and the mode of the file";
    throw keyError(path, code === "ENOENT" ? "no such file" : `${code} while reading`, cure);
  }
  const digits = text.trim();
  if (!/^[0-9a-fA-F]{64}$/.test(digits)) {
    const cure = "Restore the key from its backup; another key is another gateway";
    throw keyError(path, `${digits.length} characters that are no key`, cure);
  }
  return { secretKey: Uint8Array.from(Buffer.from(digits, "hex")), made: false };
}

/** Written and flushed before it is used: what is signed with a key that is lost is lost too. */
function makeKey(path: string): Uint8Array {
  const secretKey = Uint8Array.from(randomBytes(32));
  let file: number;
  try {
    file = openSync(path, "wx", 0o600);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw keyError(path, `${code} while writing`, "Check that its folder exists and is writable");
  }
  try {
    writeSync(file, `${Buffer.from(secretKey).toString("hex")}\n`);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
  return secretKey;
}

function keyError(file: string, found: string, cure: string): ConfigError {
  const allowed = "a file with a 32-byte secret key as 64 hex digits";
  return new ConfigError(file, [{ path: "keyFile", found, allowed, cure }]);
}
