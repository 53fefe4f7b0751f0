// SPDX-License-Identifier: Apache-2.0
/**
 * The gateway's append-only log on SQLite (node:sqlite): write-ahead log, synchronous FULL, so that
 * a batch is on the disk when append returns, and after a crash is there whole or not at all.
 *
 * One row per entry: index, kind, bytes, and a CRC-32 over all three, because a page that decays
 * under SQLite's own structures would otherwise be read as a record.
 */
import { backup, DatabaseSync, type StatementSync } from "node:sqlite";
import { crc32 } from "node:zlib";
import { assert } from "#core/errors/assert";
import type { LogEntry, LogStore, Probe } from "#gateway/ports";
import { corruptRow, explain, StoreError } from "./errors.ts";
import { checkDrop } from "./gap.ts";

/** "WATL": marks the file as ours for `file` and for openStore. */
const APPLICATION_ID = 0x5741544c;
const SCHEMA_VERSION = 1;
/**
 * Rows fetched at once: no statement stays open while the reader works, which may be long. The first time it
 * is one, for who wants a single entry, and then more and more.
 */
const READ_ROWS = 256;
const READ_GROWTH = 4;
/**
 * Pages in the write-ahead log before it is copied back, 16 MB at 4 KB a page: a checkpoint's two
 * fsyncs then come about once in 50 000 entries, and the file stays small.
 */
const CHECKPOINT_PAGES = 4096;

/** Pages copied between two looks at the network: 4 MB. */
const COPY_PAGES = 1024;

export interface StoreOptions {
  /** Called at "commit-begin", "commit-inside" (inserted, not committed) and "commit-end". */
  probe?: Probe;
  /** Size at which the store refuses to grow, bytes; default no limit but the disk. */
  maxBytes?: number;
}

/** A store in a file. */
export interface FileStore extends LogStore {
  /**
   * Copies all of it to a new file, as it is when that is done; it can be used meanwhile.
   * @throws StoreError where the copy cannot be written
   */
  copyTo(path: string): Promise<void>;
  /** Forgets what is kept under this name. */
  forget(name: string): void;
}

interface Row {
  idx: number;
  kind: number;
  bytes: Uint8Array;
  crc: number;
}

/**
 * Opens or creates the log at `path` and locks it for this process until `close`.
 * Throws a StoreError that says what to do: locked by another gateway, newer schema, not a store,
 * unreadable, damaged.
 */
export function openStore(path: string, options: StoreOptions = {}): FileStore {
  let db: DatabaseSync | undefined;
  try {
    db = new DatabaseSync(path);
    prepareDatabase(db, path, options);
    return new SqliteStore(db, path, options.probe ?? (() => {}));
  } catch (error) {
    db?.close();
    throw explain(error, path);
  }
}

/** Takes the lock, sets durability, and checks or creates the schema. */
function prepareDatabase(db: DatabaseSync, path: string, options: StoreOptions): void {
  // Before the first access: the lock is then taken with it and held until the file is closed, and
  // the WAL's index lives in our memory instead of in a shared file.
  db.exec("PRAGMA locking_mode = EXCLUSIVE");
  const pragma = (name: string) => Object.values(db.prepare(`PRAGMA ${name}`).get() ?? {})[0];
  const tables = db.prepare("SELECT count(*) AS n FROM sqlite_schema").get()?.n;
  const applicationId = pragma("application_id");
  const version = pragma("user_version");
  const isNew = tables === 0 && applicationId === 0 && version === 0;
  if (!isNew && applicationId !== APPLICATION_ID) {
    const message = `store ${path}: this is another program's database. Give another path`;
    throw new StoreError("STORE_NOT_A_STORE", message);
  }
  if (Number(version) > SCHEMA_VERSION) {
    const message =
      `store ${path}: written by a newer Wattle (schema ${version}, this one knows ` +
      `${SCHEMA_VERSION}). Start the newer version, or give another path`;
    throw new StoreError("STORE_NEWER", message);
  }
  db.exec("PRAGMA journal_mode = WAL");
  db.exec("PRAGMA synchronous = FULL");
  db.exec(`PRAGMA wal_autocheckpoint = ${CHECKPOINT_PAGES}`);
  if (options.maxBytes !== undefined) {
    assert(options.maxBytes > 0, "STORE_MAX_BYTES");
    db.exec(`PRAGMA max_page_count = ${Math.ceil(options.maxBytes / Number(pragma("page_size")))}`);
  }
  // An exclusive transaction in either case: it proves the lock and that the file can be written.
  db.exec("BEGIN EXCLUSIVE");
  if (isNew) {
    db.exec(`PRAGMA application_id = ${APPLICATION_ID}`);
    db.exec(`PRAGMA user_version = ${SCHEMA_VERSION}`);
    db.exec(
      "CREATE TABLE log (idx INTEGER PRIMARY KEY, kind INTEGER NOT NULL, " +
        "bytes BLOB NOT NULL, crc INTEGER NOT NULL) STRICT",
    );
  }
  // A store of before there were consortiums gets it too; it needs nothing in it.
  db.exec(
    "CREATE TABLE IF NOT EXISTS kept (name TEXT PRIMARY KEY, bytes BLOB NOT NULL, " +
      "crc INTEGER NOT NULL) STRICT",
  );
  db.exec("COMMIT");
}

/** What was dropped is kept under this name, with the same transaction that drops it. */
const GAP = "gap";

function encodeGap({ head, before }: NonNullable<LogStore["gap"]>): Uint8Array {
  return Buffer.from(JSON.stringify([head, before]));
}

function gapIn(kept: Uint8Array | undefined): LogStore["gap"] {
  if (!kept) return undefined;
  const [head, before] = JSON.parse(Buffer.from(kept).toString()) as [number, number];
  return { head, before };
}

class SqliteStore implements FileStore {
  readonly #db: DatabaseSync;
  readonly #path: string;
  readonly #probe: Probe;
  readonly #insert: StatementSync;
  readonly #select: StatementSync;
  readonly #replace: StatementSync;
  readonly #find: StatementSync;
  readonly #head = Buffer.alloc(10);
  readonly #delete: StatementSync;
  #length: number;
  #gap: LogStore["gap"];
  /** After a failed fsync nobody knows what the disk has: the next open must find out. */
  #failed: unknown;
  #closed = false;

  constructor(db: DatabaseSync, path: string, probe: Probe) {
    this.#db = db;
    this.#path = path;
    this.#probe = probe;
    this.#insert = db.prepare("INSERT INTO log (idx, kind, bytes, crc) VALUES (?, ?, ?, ?)");
    this.#select = db.prepare(
      "SELECT idx, kind, bytes, crc FROM log WHERE idx >= ? AND idx <= ? ORDER BY idx LIMIT ?",
    );
    this.#replace = db.prepare("INSERT OR REPLACE INTO kept (name, bytes, crc) VALUES (?, ?, ?)");
    this.#find = db.prepare("SELECT bytes, crc FROM kept WHERE name = ?");
    this.#delete = db.prepare("DELETE FROM log WHERE idx > ? AND idx < ?");
    this.#gap = gapIn(this.kept(GAP));
    this.#length = Number(db.prepare("SELECT max(idx) AS n FROM log").get()?.n ?? 0);
  }

  get length(): number {
    return this.#length;
  }

  /**
   * Throws a StoreError with nothing appended. After STORE_FULL the store goes on once there is
   * space; after any other failure it refuses every append until it is opened again.
   */
  append(entries: readonly { kind: number; bytes: Uint8Array }[]): void {
    assert(!this.#closed, "STORE_CLOSED");
    if (this.#failed !== undefined) throw this.#failed;
    if (entries.length === 0) return;
    this.#probe("commit-begin");
    let index = this.#length;
    try {
      this.#db.exec("BEGIN");
      for (const { kind, bytes } of entries) {
        index++;
        this.#insert.run(index, kind, bytes, this.#crc(index, kind, bytes));
      }
      this.#probe("commit-inside");
      this.#db.exec("COMMIT");
    } catch (error) {
      throw this.#rolledBack(error);
    }
    this.#length = index;
    this.#probe("commit-end");
  }

  *read(from = 1): Iterable<LogEntry> {
    assert(Number.isInteger(from) && from >= 1, "STORE_INDEX");
    const end = this.#length; // what is appended meanwhile is for the next reader
    let rows = 1;
    for (let next = this.#behindGap(from); next <= end; next = this.#behindGap(next)) {
      const fetched = this.#fetch(next, this.#endBefore(next, end), rows);
      rows = Math.min(rows * READ_GROWTH, READ_ROWS);
      for (const row of fetched) {
        if (row.idx !== next) throw corruptRow(this.#path, next, "is missing");
        if (row.crc !== this.#crc(row.idx, row.kind, row.bytes)) {
          throw corruptRow(this.#path, next, "does not match its checksum");
        }
        yield { index: row.idx, kind: row.kind, bytes: row.bytes };
        next++;
      }
    }
  }

  get gap(): LogStore["gap"] {
    return this.#gap;
  }

  drop(head: number, before: number): void {
    assert(!this.#closed, "STORE_CLOSED");
    if (this.#failed !== undefined) throw this.#failed;
    const gap = checkDrop(this, head, before);
    try {
      this.#db.exec("BEGIN");
      this.#delete.run(head, before);
      this.#put(GAP, encodeGap(gap));
      this.#db.exec("COMMIT");
    } catch (error) {
      throw this.#rolledBack(error);
    }
    this.#gap = gap;
  }

  keep(name: string, bytes: Uint8Array): void {
    assert(!this.#closed, "STORE_CLOSED");
    if (this.#failed !== undefined) throw this.#failed;
    try {
      this.#put(name, bytes);
    } catch (error) {
      throw this.#rolledBack(error);
    }
  }

  kept(name: string): Uint8Array | undefined {
    assert(!this.#closed, "STORE_CLOSED");
    const row = this.#find.get(name) as Pick<Row, "bytes" | "crc"> | undefined;
    return row && row.crc === crc32(row.bytes, crc32(name)) ? row.bytes : undefined;
  }

  forget(name: string): void {
    assert(!this.#closed, "STORE_CLOSED");
    this.#db.prepare("DELETE FROM kept WHERE name = ?").run(name);
  }

  async copyTo(path: string): Promise<void> {
    assert(!this.#closed, "STORE_CLOSED");
    try {
      await backup(this.#db, path, { rate: COPY_PAGES });
    } catch (error) {
      throw explain(error, path);
    }
  }

  /** Idempotent. Copies the write-ahead log back and gives up the lock. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#db.close();
  }

  #put(name: string, bytes: Uint8Array): void {
    this.#replace.run(name, bytes, crc32(bytes, crc32(name)));
  }

  #behindGap(index: number): number {
    const { head, before } = this.#gap ?? { head: index, before: index };
    return index > head && index < before ? before : index;
  }

  #endBefore(index: number, end: number): number {
    return this.#gap && index <= this.#gap.head ? Math.min(end, this.#gap.head) : end;
  }

  #fetch(from: number, end: number, count: number): Row[] {
    assert(!this.#closed, "STORE_CLOSED");
    let rows: Row[];
    try {
      rows = this.#select.all(from, end, count) as unknown as Row[];
    } catch (error) {
      throw explain(error, this.#path);
    }
    if (rows.length === 0) throw corruptRow(this.#path, from, "is missing");
    return rows;
  }

  /** CRC-32 over index (u64), kind (u16) and bytes: a row that changed places is noticed too. */
  #crc(index: number, kind: number, bytes: Uint8Array): number {
    assert(Number.isInteger(kind) && kind >= 0 && kind <= 0xffff, "STORE_KIND");
    this.#head.writeUInt32LE(Math.floor(index / 0x100000000), 0);
    this.#head.writeUInt32LE(index % 0x100000000, 4);
    this.#head.writeUInt16LE(kind, 8);
    return crc32(bytes, crc32(this.#head));
  }

  /** The error to throw for `error` inside a transaction, after undoing that. */
  #rolledBack(error: unknown): unknown {
    try {
      // SQLite has rolled back by itself after some errors, such as a full disk.
      if (this.#db.isTransaction) this.#db.exec("ROLLBACK");
    } catch (again) {
      this.#failed = explain(again, this.#path);
    }
    const explained = explain(error, this.#path);
    const full = explained instanceof StoreError && explained.code === "STORE_FULL";
    if (explained instanceof StoreError && !full) this.#failed ??= explained;
    return explained;
  }
}
