// SPDX-License-Identifier: Apache-2.0
/**
 * The operator's identity folder: `authority.cbor`, `*.cert`, `revoked-*.cbor` come from `wattle authority`, and
 * `requests/` has what nodes ask for. Nothing is believed here: the gateway checks what it is given.
 */
import { mkdirSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { bytesEqual, toHex } from "#core/codec/bytes";
import { openSigned, type Signed } from "#core/codec/record";
import type { Crypto } from "#core/crypto/port";
import { REQUESTS_MAX } from "#core/limits";
import { authorityRecord, revocationsRecord } from "#core/records/authority";
import { type Enrol, enrolRecord } from "#core/records/certificate";
import { openCertificate, SEALED_BYTES_MAX } from "#core/trust/certificate";
import type { IdentityShelf } from "#gateway/identity/ports";
import type { GatewayLog } from "#gateway/ports";
import { codeOf } from "../authority/error.ts";
import { writeWhole } from "../authority/files.ts";
import { AUTHORITY_FILE, CERTIFICATE_SUFFIX, LIST_FILES } from "../authority/folder.ts";
import { REQUEST_SUFFIX } from "../authority/requests.ts";

/** Where requests wait, below the identity folder. */
export const REQUESTS_FOLDER = "requests";
/** Beside a request: the operator refused it. Holds the id of the request that is meant. */
export const REFUSED_SUFFIX = ".refused";
/** Heads and a signature around a record. */
const ENVELOPE_BYTES = 128;
const REQUEST_BYTES_MAX = enrolRecord.bytesMax + ENVELOPE_BYTES;
/** A record's id in hex, and what an editor adds. */
const REFUSED_BYTES_MAX = 80;
const LISTS: readonly string[] = Object.values(LIST_FILES);

/** The largest file of this name that can be one of the authority's; undefined where the name says nothing. */
function bytesMaxOf(name: string): number | undefined {
  if (name === AUTHORITY_FILE) return authorityRecord.bytesMax + ENVELOPE_BYTES;
  if (LISTS.includes(name)) return revocationsRecord.bytesMax + ENVELOPE_BYTES;
  return name.endsWith(CERTIFICATE_SUFFIX) ? SEALED_BYTES_MAX : undefined;
}

export class IdentityFolder implements IdentityShelf {
  private readonly folder: string;
  private readonly requests: string;
  private readonly crypto: Crypto;
  private readonly log: GatewayLog;
  private authorityBytes: Uint8Array | undefined;
  private held: Uint8Array[] = [];
  private heldLists: Uint8Array[] = [];
  /** Ids of nodes whose requests wait, with the bytes. */
  private waiting = new Map<string, Uint8Array>();
  /** Ids of nodes that were refused, with the id of the request that was meant, hex. */
  private refusals = new Map<string, string>();
  /** What the files looked like: none is read again until that changes. */
  private seen: ReadonlyMap<string, string> | undefined;
  /** What keeps the folder from being read; said once. */
  private fault: string | undefined;

  /** Nodes whose request was written since the last look. */
  private readonly written = new Set<string>();

  constructor(folder: string, crypto: Crypto, log: GatewayLog) {
    this.folder = folder;
    this.requests = join(folder, REQUESTS_FOLDER);
    this.crypto = crypto;
    this.log = log;
    try {
      mkdirSync(this.requests, { recursive: true });
    } catch (error) {
      this.unusable(codeOf(error));
    }
  }

  /** Looks at the folder. True where something is other than before that the gateway has to examine. */
  scan(): boolean {
    this.written.clear();
    let looks: ReadonlyMap<string, string>;
    try {
      looks = this.looks();
      this.lookAtRequests();
    } catch (error) {
      // What was there may come back: nobody loses a certificate by a disk that is away.
      this.unusable(codeOf(error));
      return false;
    }
    this.fault = undefined;
    const before = this.seen;
    if (before && sameLooks(before, looks)) return false;
    this.seen = looks;
    this.readAll(looks);
    this.clearAnswered();
    return true;
  }

  private unusable(code: string): void {
    if (this.fault !== code) this.log("error", "identity-folder", { folder: this.folder, code });
    this.fault = code;
  }

  private looks(): Map<string, string> {
    const looks = new Map<string, string>();
    for (const name of readdirSync(this.folder).sort())
      if (bytesMaxOf(name) !== undefined) looks.set(name, lookOf(join(this.folder, name)));
    return looks;
  }

  private readAll(looks: ReadonlyMap<string, string>): void {
    this.authorityBytes = undefined;
    this.held = [];
    this.heldLists = [];
    for (const name of looks.keys()) {
      const bytes = readUpTo(join(this.folder, name), bytesMaxOf(name)!);
      if (typeof bytes === "string")
        this.log("warn", "identity-ignored", { what: name, code: bytes, id: "" });
      else if (name === AUTHORITY_FILE) this.authorityBytes = bytes;
      else if (LISTS.includes(name)) this.heldLists.push(bytes);
      else this.held.push(bytes);
    }
  }

  private lookAtRequests(): void {
    const waiting = new Map<string, Uint8Array>();
    const refusals = new Map<string, string>();
    for (const name of namesIn(this.requests)) {
      const path = join(this.requests, name);
      if (name.endsWith(REFUSED_SUFFIX)) {
        const bytes = readUpTo(path, REFUSED_BYTES_MAX);
        if (typeof bytes === "string") continue;
        refusals.set(stem(name, REFUSED_SUFFIX), Buffer.from(bytes).toString("latin1").trim());
      } else if (name.endsWith(REQUEST_SUFFIX)) {
        const bytes = readUpTo(path, REQUEST_BYTES_MAX);
        if (typeof bytes !== "string") waiting.set(stem(name, REQUEST_SUFFIX), bytes);
      }
    }
    this.waiting = waiting;
    this.refusals = refusals;
  }

  /** Takes away requests that a certificate has answered: `wattle authority` leaves them where they are. */
  private clearAnswered(): void {
    if (this.waiting.size === 0) return;
    for (const encoded of this.held) {
      const opened = openCertificate(this.crypto, encoded);
      if (!opened.ok) continue;
      const { id: idBytes, serial, wallets } = opened.value;
      const id = toHex(idBytes);
      const asked = this.waiting.get(id);
      const request = asked && this.open(asked)?.value;
      if (!request || request.renews >= serial || !bytesEqual(request.wallets, wallets)) continue;
      this.remove(id);
    }
  }

  private remove(id: string): void {
    try {
      rmSync(join(this.requests, `${id}${REFUSED_SUFFIX}`), { force: true });
      rmSync(join(this.requests, `${id}${REQUEST_SUFFIX}`), { force: true });
    } catch (error) {
      return this.unusable(codeOf(error));
    }
    this.waiting.delete(id);
    this.refusals.delete(id);
  }

  authority(): Uint8Array | undefined {
    return this.authorityBytes;
  }

  certificates(): readonly Uint8Array[] {
    return this.held;
  }

  lists(): readonly Uint8Array[] {
    return this.heldLists;
  }

  request(id: string, signed: Uint8Array): boolean {
    const before = this.waiting.get(id);
    if (before === undefined && this.waiting.size >= REQUESTS_MAX) return false;
    // The same again changes nothing, nor does another time: a node asks every few minutes.
    if (before !== undefined && this.sameWish(before, signed)) return true;
    // One write for a node between two looks: whoever changes its mind all the time asks again anyway.
    if (this.written.has(id)) return true;
    try {
      mkdirSync(this.requests, { recursive: true });
      rmSync(join(this.requests, `${id}${REFUSED_SUFFIX}`), { force: true });
      this.refusals.delete(id);
      writeWhole(join(this.requests, `${id}${REQUEST_SUFFIX}`), signed);
    } catch (error) {
      this.log("error", "identity-folder", { folder: this.requests, code: codeOf(error) });
      return false;
    }
    this.waiting.set(id, signed.slice());
    this.written.add(id);
    return true;
  }

  /** The operator refused one request; a node asks for the same with a new one each time. */
  refused(id: string, signed: Uint8Array): boolean {
    const meant = this.refusals.get(id);
    if (meant === undefined) return false;
    if (this.idOf(signed) === meant) return true;
    const asked = this.waiting.get(id);
    return asked !== undefined && this.idOf(asked) === meant && this.sameWish(asked, signed);
  }

  private open(signed: Uint8Array): Signed<Enrol> | undefined {
    const opened = openSigned(enrolRecord, this.crypto, signed);
    return opened.ok ? opened : undefined;
  }

  private idOf(signed: Uint8Array): string | undefined {
    const opened = this.open(signed);
    return opened && toHex(opened.id);
  }

  private sameWish(a: Uint8Array, b: Uint8Array): boolean {
    return bytesEqual(a, b) || this.wish(a) === this.wish(b);
  }

  /** A request without its time. */
  private wish(signed: Uint8Array): string {
    const opened = this.open(signed);
    return opened ? JSON.stringify({ ...opened.value, atMs: 0 }) : toHex(signed);
  }
}

function stem(name: string, suffix: string): string {
  return name.slice(0, -suffix.length);
}

/** None where somebody took the folder away: it is made again for the next request. */
function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder).sort();
  } catch (error) {
    if (codeOf(error) === "ENOENT") return [];
    throw error;
  }
}

/** Other rights change it too: what could not be read may be readable now. */
function lookOf(path: string): string {
  try {
    const { size, mtimeMs, ctimeMs, ino } = statSync(path);
    return `${size} ${mtimeMs} ${ctimeMs} ${ino}`;
  } catch (error) {
    return codeOf(error);
  }
}

function sameLooks(a: ReadonlyMap<string, string>, b: ReadonlyMap<string, string>): boolean {
  if (a.size !== b.size) return false;
  for (const [name, look] of b) if (a.get(name) !== look) return false;
  return true;
}

/** A file's bytes; where it is none, cannot be read or is too large, the reason. */
function readUpTo(path: string, bytesMax: number): Uint8Array | string {
  try {
    const stat = statSync(path);
    if (!stat.isFile()) return "NO_FILE";
    if (stat.size > bytesMax) return "OVERSIZED";
    const bytes = Uint8Array.from(readFileSync(path));
    return bytes.length > bytesMax ? "OVERSIZED" : bytes; // it grew meanwhile
  } catch (error) {
    return codeOf(error);
  }
}
