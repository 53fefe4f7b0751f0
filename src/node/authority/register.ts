// SPDX-License-Identifier: Apache-2.0
/**
 * What the authority did, one JSON line for each act, never changed: `{"entry", "hash", "signature"}`. A
 * line's hash covers the one before, and its signature, by the anchor, the hash. `<register>.head` has the
 * number of lines and the last hash, signed too, so that lines cut off at the end are missed. README.md says
 * what is found.
 */
import { closeSync, fsyncSync, ftruncateSync, openSync } from "node:fs";
import { bytesEqual, fromHex, toHex } from "#core/codec/bytes";
import { domainHash } from "#core/crypto/domain";
import type { Crypto } from "#core/crypto/port";
import { assert } from "#core/errors/assert";
import type { Entry, InitEntry } from "./entries.ts";
import { AuthorityToolError, codeOf } from "./error.ts";
import { readBounded, SECRET_MODE, writeAll, writeNew, writeWhole } from "./files.ts";

const LINE_DOMAIN = "wattle/authority-register/1";
const HEAD_DOMAIN = "wattle/authority-register-head/1";
const GENESIS = new Uint8Array(32);
/** Fifty thousand certificates. */
const REGISTER_BYTES_MAX = 64 * 1024 * 1024;
const HEAD_BYTES_MAX = 1024;
const RESTORE = "Take the copy that you keep of the register, with its .head";

export class Register {
  readonly path: string;
  private readonly crypto: Crypto;
  private readonly list: Entry[] = [];
  private last: Uint8Array = GENESIS;
  /** Bytes of whole lines. What stands behind them was being written when the machine stopped. */
  private wholeBytes = 0;

  private constructor(path: string, crypto: Crypto) {
    this.path = path;
    this.crypto = crypto;
  }

  /** Makes a register with its first line; the second file is its head. @throws AuthorityToolError */
  static create(path: string, crypto: Crypto, anchorSecret: Uint8Array, first: InitEntry): void {
    const register = new Register(path, crypto);
    const { line, hash } = register.lineOf(first, anchorSecret);
    if (!writeNew(path, line, SECRET_MODE))
      throw new AuthorityToolError(
        `${path} is there already. Give back the key store that it belongs to, or move it away ` +
          "where init was broken off",
      );
    register.take(first, hash, line.length);
    register.writeHead(anchorSecret);
  }

  /** Reads a register and checks every line. @throws AuthorityToolError */
  static open(path: string, crypto: Crypto, anchorKey: Uint8Array): Register {
    const register = new Register(path, crypto);
    const head = register.readHead(anchorKey); // first: another process may append meanwhile
    const cure = "Give the authority's register (--register)";
    const bytes = readBounded(path, REGISTER_BYTES_MAX, cure);
    for (let end = bytes.indexOf(NEWLINE); end >= 0; end = bytes.indexOf(NEWLINE, end + 1)) {
      const line = Buffer.from(bytes.subarray(register.wholeBytes, end)).toString("utf8");
      const { entry, hash } = register.parse(line, anchorKey);
      register.take(entry, hash, end + 1 - register.wholeBytes);
      // One line more than the head says was written when the machine stopped between the two.
      if (register.list.length === head.lines && !bytesEqual(hash, head.hash))
        throw register.broken(`line ${head.lines} is not the one that its head names`);
    }
    if (register.list.length < head.lines)
      throw register.broken(
        `${head.lines - register.list.length} of ${head.lines} lines are missing`,
      );
    return register;
  }

  get entries(): readonly Entry[] {
    return this.list;
  }

  /** Puts a line at the end, on disk when this returns. @throws AuthorityToolError */
  append(entry: Entry, anchorSecret: Uint8Array): void {
    const { line, hash } = this.lineOf(entry, anchorSecret);
    try {
      const file = openSync(this.path, "r+");
      try {
        ftruncateSync(file, this.wholeBytes); // a line that was cut by a crash: nobody was told of it
        writeAll(file, line, this.wholeBytes);
        fsyncSync(file);
      } finally {
        closeSync(file);
      }
    } catch (error) {
      throw new AuthorityToolError(`${this.path}: ${codeOf(error)}. Check that it is writable`);
    }
    this.take(entry, hash, line.length);
    this.writeHead(anchorSecret);
  }

  private take(entry: Entry, hash: Uint8Array, bytes: number): void {
    this.list.push(entry);
    this.last = hash;
    this.wholeBytes += bytes;
  }

  private hashOf(entry: Entry): Uint8Array {
    const text = Buffer.from(JSON.stringify(entry), "utf8");
    return domainHash(this.crypto, LINE_DOMAIN, this.last, Uint8Array.from(text));
  }

  private lineOf(entry: Entry, secret: Uint8Array): { line: Uint8Array; hash: Uint8Array } {
    const hash = this.hashOf(entry);
    const signature = this.crypto.sign(secret, hash);
    const text = JSON.stringify({ entry, hash: toHex(hash), signature: toHex(signature) });
    return { line: Buffer.from(`${text}\n`, "utf8"), hash };
  }

  private parse(line: string, anchorKey: Uint8Array): { entry: Entry; hash: Uint8Array } {
    const read = readJson(line) as { entry?: Entry; signature?: unknown } | null | undefined;
    const signature = typeof read?.signature === "string" ? fromHex(read.signature) : undefined;
    const entry = read?.entry;
    if (entry && signature) {
      const hash = this.hashOf(entry);
      const same = JSON.stringify({ entry, hash: toHex(hash), signature: toHex(signature) });
      // What is signed was made here, so its form needs no other check.
      if (same === line && this.crypto.verify(anchorKey, hash, signature)) return { entry, hash };
    }
    throw this.broken(`line ${this.list.length + 1} is not as the authority wrote it`);
  }

  private headHash(lines: number, hash: Uint8Array): Uint8Array {
    const count = Buffer.alloc(8);
    count.writeBigUInt64BE(BigInt(lines));
    return domainHash(this.crypto, HEAD_DOMAIN, Uint8Array.from(count), hash);
  }

  private writeHead(anchorSecret: Uint8Array): void {
    const { length: lines } = this.list;
    assert(lines > 0, "REGISTER_EMPTY");
    const signature = this.crypto.sign(anchorSecret, this.headHash(lines, this.last));
    const head = { lines, hash: toHex(this.last), signature: toHex(signature) };
    writeWhole(`${this.path}.head`, Buffer.from(`${JSON.stringify(head)}\n`), SECRET_MODE);
  }

  private readHead(anchorKey: Uint8Array): { lines: number; hash: Uint8Array } {
    const path = `${this.path}.head`;
    const bytes = readBounded(path, HEAD_BYTES_MAX, RESTORE);
    const head = readJson(Buffer.from(bytes).toString("utf8")) as Record<string, unknown> | null;
    const [hash, signature] = [head?.hash, head?.signature].map((value) =>
      typeof value === "string" ? fromHex(value) : undefined,
    );
    const lines = head?.lines;
    const form = hash?.length === 32 && signature && Number.isSafeInteger(lines);
    if (form && (lines as number) > 0) {
      const signed = this.headHash(lines as number, hash);
      if (this.crypto.verify(anchorKey, signed, signature)) return { lines: lines as number, hash };
    }
    throw new AuthorityToolError(`${path} is not as the authority wrote it. ${RESTORE}`);
  }

  private broken(what: string): AuthorityToolError {
    return new AuthorityToolError(`${this.path}: ${what}. ${RESTORE}`);
  }
}

const NEWLINE = 0x0a;

function readJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
