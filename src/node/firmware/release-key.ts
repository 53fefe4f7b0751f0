// SPDX-License-Identifier: Apache-2.0
/**
 * The operator's release key: 32 bytes as 64 hex digits in a file that only its owner can read. Whoever has
 * it can put firmware on every meter: it belongs on no gateway.
 */
import { randomBytes } from "node:crypto";
import { closeSync, fsyncSync, openSync, readFileSync, statSync, writeSync } from "node:fs";
import { codeOf, FirmwareError } from "./error.ts";

/** Makes a key at `path`, and never in place of another one. @throws FirmwareError */
export function makeReleaseKey(path: string): Uint8Array {
  const secretKey = Uint8Array.from(randomBytes(32));
  let file: number;
  try {
    file = openSync(path, "wx", 0o600);
  } catch (error) {
    const code = codeOf(error);
    if (code !== "EEXIST")
      throw new FirmwareError(`${path}: ${code}. Check that its folder exists and is writable`);
    throw new FirmwareError(
      `${path} is there already, and a key is never overwritten: meters that trust it take no firmware ` +
        "that is signed with another one. Choose another name",
    );
  }
  try {
    writeSync(file, `${Buffer.from(secretKey).toString("hex")}\n`);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
  return secretKey;
}

/** The key in the file at `path`. @throws FirmwareError, which never shows what is in the file */
export function readReleaseKey(path: string): Uint8Array {
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (error) {
    throw new FirmwareError(`${path}: ${codeOf(error)}. Give the file that keygen has made`);
  }
  const digits = text.trim();
  if (!/^[0-9a-fA-F]{64}$/.test(digits))
    throw new FirmwareError(
      `${path} holds ${digits.length} characters that are no key. Give the file that keygen has made`,
    );
  return Uint8Array.from(Buffer.from(digits, "hex"));
}

/** Whether others than the owner may read the file. */
export function othersMayRead(path: string): boolean {
  return (statSync(path).mode & 0o077) !== 0;
}
