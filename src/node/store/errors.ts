// SPDX-License-Identifier: Apache-2.0
/** What can go wrong with a store, said so that an operator knows the cause and the cure. */

export type StoreErrorCode =
  | "STORE_LOCKED"
  | "STORE_FULL"
  | "STORE_READ_ONLY"
  | "STORE_CANNOT_OPEN"
  | "STORE_NOT_A_STORE"
  | "STORE_NEWER"
  | "STORE_CORRUPT"
  | "STORE_UNSEALED"
  | "STORE_SEAL_KEY"
  | "STORE_IO";

/** An operator's problem, never a peer's; `cause` is SQLite's own error where there is one. */
export class StoreError extends Error {
  readonly code: StoreErrorCode;
  constructor(code: StoreErrorCode, message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = "StoreError";
    this.code = code;
  }
}

const RESTORE =
  "Stop the gateway, keep the file for inspection, and restore the store from a backup or resync";

/** By SQLite's primary result code (sqlite.org/rescode.html). */
const MEANINGS: Record<number, [StoreErrorCode, string]> = {
  5: ["STORE_LOCKED", "another gateway has it open. Stop that one, or give this one its own path"],
  6: ["STORE_LOCKED", "this process has it open already. Close the other store first"],
  8: [
    "STORE_READ_ONLY",
    "it cannot be written. Check the owner and mode of the file and its folder",
  ],
  10: [
    "STORE_IO",
    "the disk failed. Nothing after the last append is durable; check the disk, then restart",
  ],
  11: ["STORE_CORRUPT", `the file is damaged. ${RESTORE}`],
  13: [
    "STORE_FULL",
    "the disk or the size limit is full; the batch was refused as a whole. Free space and go on",
  ],
  14: ["STORE_CANNOT_OPEN", "it cannot be opened. Check that its folder exists and is accessible"],
  26: ["STORE_NOT_A_STORE", "the file is no SQLite database. Give the gateway another path"],
};

/** SQLite's error about the store at `path` as a StoreError; anything else comes back as it is. */
export function explain(error: unknown, path: string): unknown {
  const resultCode = (error as { errcode?: unknown }).errcode;
  if (typeof resultCode !== "number") return error;
  const meaning = MEANINGS[resultCode & 0xff]; // the low byte is the primary result code
  if (meaning === undefined) return error;
  return new StoreError(meaning[0], `store ${path}: ${meaning[1]}`, error);
}

/** A row that is not as it was written. */
export function corruptRow(path: string, index: number, what: string): StoreError {
  return new StoreError("STORE_CORRUPT", `store ${path}: entry ${index} ${what}. ${RESTORE}`);
}
