// SPDX-License-Identifier: Apache-2.0
/** Files of the authority: written in one step, and read up to a bound. */
import {
  closeSync,
  existsSync,
  fsyncSync,
  linkSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeSync,
} from "node:fs";
import { dirname } from "node:path";
import { AuthorityToolError, codeOf } from "./error.ts";

/** For everybody to read, and for the owner only. */
export const PUBLIC_MODE = 0o644;
export const SECRET_MODE = 0o600;

/** Writes a file in one step, over one that is there: it is there whole, on disk, or as before. */
export function writeWhole(path: string, bytes: Uint8Array, mode = PUBLIC_MODE): void {
  throughHalf(path, bytes, mode, (half) => renameSync(half, path));
}

/** The same for a file that must not be there yet; false where it is. */
export function writeNew(path: string, bytes: Uint8Array, mode = PUBLIC_MODE): boolean {
  let made = true;
  throughHalf(path, bytes, mode, (half) => {
    try {
      linkSync(half, path); // unlike a rename it fails where there is a file
      rmSync(half);
    } catch {
      made = !existsSync(path);
      if (made)
        renameSync(half, path); // a memory stick's file system has no links
      else rmSync(half);
    }
  });
  return made;
}

function throughHalf(
  path: string,
  bytes: Uint8Array,
  mode: number,
  finish: (half: string) => void,
): void {
  const half = `${path}.tmp-${process.pid}`;
  try {
    rmSync(half, { force: true }); // of a process that died: its mode may be another
    const file = openSync(half, "wx", mode);
    try {
      writeAll(file, bytes);
      fsyncSync(file);
    } finally {
      closeSync(file);
    }
    finish(half);
    syncFolder(dirname(path));
  } catch (error) {
    rmSync(half, { force: true });
    throw new AuthorityToolError(`${path}: ${codeOf(error)}. Check that its folder is writable`);
  }
}

/** Writes all of `bytes` to an open file, at its position or at `position`. */
export function writeAll(file: number, bytes: Uint8Array, position?: number): void {
  for (let at = 0; at < bytes.length; ) {
    const to = position === undefined ? null : position + at;
    at += writeSync(file, bytes, at, bytes.length - at, to);
  }
}

/** So that a name in the folder is on disk. */
function syncFolder(path: string): void {
  const folder = openSync(path, "r");
  try {
    fsyncSync(folder);
  } finally {
    closeSync(folder);
  }
}

/** Makes a folder for results, with those above it. @throws AuthorityToolError */
export function makeFolder(path: string): void {
  try {
    mkdirSync(path, { recursive: true });
  } catch (error) {
    throw new AuthorityToolError(`${path}: ${codeOf(error)}. Give a folder that can be written to`);
  }
}

/** The file at `path`, of at most `bytesMax`; `cure` says what to give. @throws AuthorityToolError */
export function readBounded(path: string, bytesMax: number, cure: string): Uint8Array {
  try {
    const { size } = statSync(path);
    if (size <= bytesMax) return Uint8Array.from(readFileSync(path));
    throw new AuthorityToolError(`${path} has ${size} bytes, more than ${bytesMax}. ${cure}`);
  } catch (error) {
    if (error instanceof AuthorityToolError) throw error;
    throw new AuthorityToolError(`${path}: ${codeOf(error)}. ${cure}`);
  }
}
