// SPDX-License-Identifier: Apache-2.0
/**
 * The operator's identity folder: `authority.cbor`, `*.cert`, `revoked-*.cbor` come from `wattle authority`,
 * `requests/` has what nodes ask for, and `expected.txt` is the operator's own. Nothing is believed here: the
 * gateway checks what it is given.
 */
import { mkdirSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { bytesEqual, fromHex, toHex } from "#core/codec/bytes";
import { openSigned, type Signed } from "#core/codec/record";
import type { Crypto } from "#core/crypto/port";
import { nodeIdOf } from "#core/identity";
import { authorityRecord, revocationsRecord } from "#core/records/authority";
import { type Enrol, enrolRecord } from "#core/records/certificate";
import { openCertificate, SEALED_BYTES_MAX } from "#core/trust/certificate";
import type { IdentityShelf } from "#gateway/identity/ports";
import type { GatewayLog } from "#gateway/ports";
import { codeOf } from "../authority/error.ts";
import { writeWhole } from "../authority/files.ts";
import { AUTHORITY_FILE, CERTIFICATE_SUFFIX, LIST_FILES } from "../authority/folder.ts";
import { REQUEST_SUFFIX } from "../authority/requests.ts";
import { expectedIn, WaitingRequests } from "./waiting.ts";

/** Where requests wait, below the identity folder. */
export const REQUESTS_FOLDER = "requests";
/** Beside a request: the operator refused it. Holds the id of the request that is meant. */
export const REFUSED_SUFFIX = ".refused";
/** Whom the operator expects: their requests do not make room for others. */
export const EXPECTED_FILE = "expected.txt";
/** So many keys with a remark each. */
const EXPECTED_BYTES_MAX = 256 * 1024;
/** Requests that are written at a look because others made room: each takes some ms of the gateway's turn. */
const LATE_WRITES_MAX = 32;
/** Heads and a signature around a record. */
const ENVELOPE_BYTES = 128;
const REQUEST_BYTES_MAX = enrolRecord.bytesMax + ENVELOPE_BYTES;
/** A record's id in hex, and what an editor adds. */
const REFUSED_BYTES_MAX = 80;
const LISTS: readonly string[] = Object.values(LIST_FILES);

/** The largest file of this name that can be one of the authority's; undefined where the name says nothing. */
function bytesMaxOf(name: string): number | undefined {
  if (name === AUTHORITY_FILE) return authorityRecord.bytesMax + ENVELOPE_BYTES;
  if (name === EXPECTED_FILE) return EXPECTED_BYTES_MAX;
  if (LISTS.includes(name)) return revocationsRecord.bytesMax + ENVELOPE_BYTES;
  return name.endsWith(CERTIFICATE_SUFFIX) ? SEALED_BYTES_MAX : undefined;
}

export class IdentityFolder implements IdentityShelf {
  private readonly folder: string;
  private readonly requests: string;
  private readonly crypto: Crypto;
  private readonly log: GatewayLog;
  private readonly addressOf: (id: string) => string | undefined;
  private authorityBytes: Uint8Array | undefined;
  private held: Uint8Array[] = [];
  private heldLists: Uint8Array[] = [];
  /** By the ids of nodes. */
  private readonly waiting = new WaitingRequests();
  private expected: ReadonlySet<string> = new Set();
  /** Files of requests that made room, to be taken away with the next look. */
  private readonly gone = new Set<string>();
  /** Requests that made room for others since the start, and before the last look. */
  displaced = 0;
  private displacedTold = 0;
  /** Ids of nodes that were refused, with the id of the request that was meant, hex. */
  private refusals = new Map<string, string>();
  /** What the files looked like: none is read again until that changes. */
  private seen: ReadonlyMap<string, string> | undefined;
  /** What keeps the folder from being read; said once. */
  private fault: string | undefined;

  /** Nodes whose request was written since the last look. */
  private readonly written = new Set<string>();

  /** `addressOf`: where a connected node speaks from, undefined where nobody knows. */
  constructor(
    folder: string,
    crypto: Crypto,
    log: GatewayLog,
    addressOf: (id: string) => string | undefined = () => undefined,
  ) {
    this.addressOf = addressOf;
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

  /** Requests that wait for the operator. */
  get requestsWaiting(): number {
    return this.waiting.size;
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
    this.expected = new Set();
    for (const name of looks.keys()) {
      const bytes = readUpTo(join(this.folder, name), bytesMaxOf(name)!);
      if (typeof bytes === "string")
        this.log("warn", "identity-ignored", { what: name, code: bytes, id: "" });
      else if (name === EXPECTED_FILE) this.expect(bytes);
      else if (name === AUTHORITY_FILE) this.authorityBytes = bytes;
      else if (LISTS.includes(name)) this.heldLists.push(bytes);
      else this.held.push(bytes);
    }
  }

  private expect(bytes: Uint8Array): void {
    const idOf = (key: string) => toHex(nodeIdOf(this.crypto, fromHex(key)!));
    const { ids, faults } = expectedIn(Buffer.from(bytes).toString("latin1"), idOf);
    this.expected = ids;
    if (faults > 0)
      this.log("warn", "identity-expected", { file: EXPECTED_FILE, nodes: ids.size, faults });
  }

  private lookAtRequests(): void {
    this.writeLate();
    const found = new Set<string>();
    const refusals = new Map<string, string>();
    for (const name of namesIn(this.requests)) {
      const path = join(this.requests, name);
      if (name.endsWith(REFUSED_SUFFIX)) {
        const bytes = readUpTo(path, REFUSED_BYTES_MAX);
        if (typeof bytes === "string") continue;
        refusals.set(stem(name, REFUSED_SUFFIX), Buffer.from(bytes).toString("latin1").trim());
      } else if (name.endsWith(REQUEST_SUFFIX)) {
        const signed = readUpTo(path, REQUEST_BYTES_MAX);
        if (typeof signed === "string") continue;
        const id = stem(name, REQUEST_SUFFIX);
        found.add(id);
        const before = this.waiting.get(id);
        if (before && bytesEqual(before.signed, signed)) continue;
        const known = { from: before?.from ?? "", certified: before?.certified ?? false };
        this.waiting.set(id, { signed, written: true, ...known });
      }
    }
    for (const id of this.waiting.ids())
      if (this.waiting.get(id)?.written && !found.has(id)) this.waiting.delete(id);
    this.refusals = refusals;
  }

  /** Files of what took another's place, some with each look: so much a flood costs and no more. */
  private writeLate(): void {
    for (const id of this.gone) if (!this.waiting.get(id)) this.remove(id);
    this.gone.clear();
    for (const [id, waiting] of this.waiting.unwritten().slice(0, LATE_WRITES_MAX))
      if (this.write(id, waiting.signed)) waiting.written = true;
      else this.waiting.delete(id); // it asks again
    const count = this.displaced - this.displacedTold;
    if (count > 0) this.log("warn", "requests-displaced", { count, waiting: this.waiting.size });
    this.displacedTold = this.displaced;
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
      const request = asked && this.open(asked.signed)?.value;
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

  request(id: string, signed: Uint8Array, certified: boolean): boolean {
    const before = this.waiting.get(id);
    const from = this.addressOf(id) ?? before?.from ?? "";
    // The same again changes nothing, nor does another time: a node asks every few minutes.
    if (before && this.sameWish(before.signed, signed)) {
      this.waiting.heard(id, from, certified);
      return true;
    }
    // One write for a node between two looks: whoever changes its mind all the time asks again anyway.
    if (this.written.has(id)) return true;
    const room = before !== undefined || this.waiting.roomFor(from, this.expected);
    if (room === false) return false;
    const late = typeof room === "string";
    if (late) this.makeRoom(room);
    else if (!this.write(id, signed)) return false;
    this.waiting.set(id, { signed: signed.slice(), from, certified, written: !late });
    this.written.add(id);
    return true;
  }

  private makeRoom(id: string): void {
    if (this.waiting.get(id)?.written) this.gone.add(id);
    this.waiting.delete(id);
    this.written.delete(id);
    this.displaced++;
  }

  private write(id: string, signed: Uint8Array): boolean {
    try {
      mkdirSync(this.requests, { recursive: true });
      rmSync(join(this.requests, `${id}${REFUSED_SUFFIX}`), { force: true });
      this.refusals.delete(id);
      writeWhole(join(this.requests, `${id}${REQUEST_SUFFIX}`), signed);
      return true;
    } catch (error) {
      this.log("error", "identity-folder", { folder: this.requests, code: codeOf(error) });
      return false;
    }
  }

  /** The operator refused one request; a node asks for the same with a new one each time. */
  refused(id: string, signed: Uint8Array): boolean {
    const meant = this.refusals.get(id);
    if (meant === undefined) return false;
    if (this.idOf(signed) === meant) return true;
    const asked = this.waiting.get(id);
    if (asked === undefined || this.idOf(asked.signed) !== meant) return false;
    return this.sameWish(asked.signed, signed);
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
