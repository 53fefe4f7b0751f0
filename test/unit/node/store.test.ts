// SPDX-License-Identifier: Apache-2.0
/** The log store: order, durability under kill -9, torn files, damage, locks and a full disk. */
import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { copyFileSync, mkdtempSync, rmSync, statSync, truncateSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { after, test } from "node:test";
import { fileURLToPath } from "node:url";
import type { LogStore } from "#gateway/ports";
import { explain, StoreError } from "#node/store/errors";
import { openMemoryStore } from "#node/store/memory";
import { openSealedStore } from "#node/store/sealed";
import { openStore } from "#node/store/sqlite";

const dir = mkdtempSync(join(tmpdir(), "wattle-store-"));
after(() => rmSync(dir, { recursive: true, force: true }));
let files = 0;
const newPath = () => join(dir, `${++files}.db`);

const entry = (kind: number, ...bytes: number[]) => ({ kind, bytes: Uint8Array.from(bytes) });
const kinds = (store: LogStore) => Array.from(store.read(), (e) => e.kind);

for (const [name, open] of [
  ["sqlite", () => openStore(newPath())],
  ["sealed", () => openSealedStore(newPath(), { create: true })],
  ["memory", () => openMemoryStore()],
] as [string, () => LogStore][]) {
  test(`${name}: reads back what was appended, in order, from any index`, () => {
    const store = open();
    assert.equal(store.length, 0);
    assert.deepEqual(Array.from(store.read()), []);
    store.append([]);
    store.append([entry(7, 1, 2), entry(0)]);
    store.append(Array.from({ length: 1000 }, (_, i) => entry(i, i & 255, i >> 8)));
    assert.equal(store.length, 1002);
    const all = Array.from(store.read());
    assert.deepEqual(
      all.map((e) => e.index),
      Array.from({ length: 1002 }, (_, i) => i + 1),
    );
    assert.deepEqual(all[0], { index: 1, kind: 7, bytes: Uint8Array.of(1, 2) });
    assert.deepEqual(all[1], { index: 2, kind: 0, bytes: new Uint8Array(0) });
    assert.deepEqual(Array.from(store.read(900)), all.slice(899));
    assert.deepEqual(Array.from(store.read(1003)), []);
    store.close();
    store.close();
  });

  test(`${name}: one thing is kept under a name, the last`, () => {
    const store = open();
    store.append([entry(1, 5)]);
    assert.equal(store.kept("a"), undefined);
    store.keep("a", Uint8Array.of(1));
    store.keep("b", Uint8Array.of(2));
    store.keep("a", Uint8Array.of(3, 4));
    assert.deepEqual(store.kept("a"), Uint8Array.of(3, 4));
    assert.deepEqual(store.kept("b"), Uint8Array.of(2));
    assert.equal(store.length, 1);
    store.close();
  });

  test(`${name}: a reader sees the log as it was when it began`, () => {
    const store = open();
    store.append(Array.from({ length: 600 }, (_, i) => entry(i)));
    let seen = 0;
    for (const _ of store.read()) {
      seen++;
      store.append([entry(9)]);
    }
    assert.equal(seen, 600);
    assert.equal(store.length, 1200);
    store.close();
  });

  test(`${name}: misuse is our own bug`, () => {
    const store = open();
    for (const kind of [-1, 0.5, 65536, Number.NaN]) {
      assert.throws(() => store.append([entry(1), entry(kind)]), { code: "STORE_KIND" });
      assert.equal(store.length, 0, "a batch is refused as a whole");
    }
    store.append([entry(2)]);
    assert.deepEqual(kinds(store), [2]);
    assert.throws(() => Array.from(store.read(0)), { code: "STORE_INDEX" });
    store.close();
    assert.throws(() => store.append([entry(1)]), { code: "STORE_CLOSED" });
    assert.throws(() => Array.from(store.read()), { code: "STORE_CLOSED" });
  });
}

test("entries survive closing and opening", () => {
  const path = newPath();
  const first = openStore(path);
  first.append([entry(1, 1), entry(2, 2)]);
  first.close();
  const second = openStore(path);
  assert.equal(second.length, 2);
  second.append([entry(3, 3)]);
  assert.deepEqual(kinds(second), [1, 2, 3]);
  second.close();
});

/** Runs store-child.ts until it stands at `stage` of its second batch, and kills it there. */
async function killAt(path: string, stage: string): Promise<void> {
  const program = fileURLToPath(new URL("./store-child.ts", import.meta.url));
  const child: ChildProcess = spawn(process.execPath, [program, path, stage], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const exited = once(child, "exit");
  await once(child.stdout as NodeJS.ReadableStream, "data");
  child.kill("SIGKILL");
  const [, signal] = await exited;
  assert.equal(signal, "SIGKILL");
}

for (const [stage, expected] of [
  ["commit-begin", 3],
  ["commit-inside", 3],
  ["commit-end", 53],
] as const) {
  test(`kill -9 at ${stage} leaves all or nothing of the batch`, async () => {
    const path = newPath();
    await killAt(path, stage);
    const store = openStore(path);
    assert.equal(store.length, expected);
    assert.equal(kinds(store).length, expected);
    store.append([entry(3)]);
    assert.equal(Array.from(store.read(expected + 1))[0].kind, 3);
    store.close();
  });
}

test("a write-ahead log torn anywhere gives whole batches only", async () => {
  const path = newPath();
  await killAt(path, "commit-end");
  const whole = statSync(`${path}-wal`).size;
  const lengths = new Set<number>();
  for (let size = 0; size <= whole; size += 997) {
    const torn = newPath();
    copyFileSync(path, torn);
    copyFileSync(`${path}-wal`, `${torn}-wal`);
    truncateSync(`${torn}-wal`, size);
    const store = openStore(torn);
    lengths.add(store.length);
    assert.equal(kinds(store).length, store.length, `torn at ${size}`);
    store.close();
  }
  for (const length of lengths) assert.ok([0, 3, 53].includes(length), `${length} entries`);
  assert.ok(lengths.has(3));
});

test("a changed row is named, and so is the cure", () => {
  const changes: [what: string, sql: string, index: number][] = [
    ["bytes", "UPDATE log SET bytes = x'00' WHERE idx = 3", 3],
    ["kind", "UPDATE log SET kind = 9 WHERE idx = 4", 4],
    ["checksum", "UPDATE log SET crc = crc + 1 WHERE idx = 5", 5],
    ["row gone", "DELETE FROM log WHERE idx = 2", 2],
    ["row moved", "UPDATE log SET idx = 99 WHERE idx = 1", 1],
  ];
  for (const [what, sql, index] of changes) {
    const path = newPath();
    const store = openStore(path);
    store.append([1, 2, 3, 4, 5, 6].map((i) => entry(1, i)));
    store.close();
    const db = new DatabaseSync(path);
    db.exec(sql);
    db.close();
    const reopened = openStore(path);
    const message = new RegExp(`entry ${index} .*restore`, "i");
    assert.throws(() => kinds(reopened), { code: "STORE_CORRUPT", message }, what);
    reopened.close();
  }
});

test("two gateways cannot have one store, and the first is not disturbed", () => {
  const path = newPath();
  const first = openStore(path);
  first.append([entry(1)]);
  const message = /another gateway has it open/;
  assert.throws(() => openStore(path), { code: "STORE_LOCKED", message });
  const source = `import { openStore } from "#node/store/sqlite";
    try { openStore(${JSON.stringify(path)}); } catch (e) { process.stdout.write(e.code); }`;
  const cwd = fileURLToPath(new URL("../../..", import.meta.url));
  const child = spawn(process.execPath, ["--input-type=module-typescript", "-e", source], { cwd });
  let output = "";
  child.stdout.on("data", (data) => (output += data));
  return once(child, "close").then(() => {
    assert.equal(output, "STORE_LOCKED");
    first.append([entry(2)]);
    assert.deepEqual(kinds(first), [1, 2]);
    first.close();
    openStore(path).close();
  });
});

test("a store of a newer version, another program's file and no database at all", () => {
  const newer = newPath();
  openStore(newer).close();
  const db = new DatabaseSync(newer);
  db.exec("PRAGMA user_version = 2");
  db.close();
  assert.throws(() => openStore(newer), { code: "STORE_NEWER", message: /schema 2/ });

  const other = newPath();
  const otherDb = new DatabaseSync(other);
  otherDb.exec("CREATE TABLE mine (x)");
  otherDb.close();
  assert.throws(() => openStore(other), { code: "STORE_NOT_A_STORE" });

  const text = fileURLToPath(import.meta.url);
  assert.throws(() => openStore(text), { code: "STORE_NOT_A_STORE" });
  assert.throws(() => openStore(join(dir, "no", "folder.db")), { code: "STORE_CANNOT_OPEN" });
});

test("a full store refuses the batch as a whole and goes on", () => {
  const path = newPath();
  const store = openStore(path, { maxBytes: 200_000 });
  const big = { kind: 1, bytes: new Uint8Array(10_000) };
  const batch = Array.from({ length: 5 }, () => big);
  let accepted = 0;
  const fill = () => {
    for (;;) {
      store.append(batch);
      accepted += batch.length;
    }
  };
  assert.throws(fill, { code: "STORE_FULL", message: /Free space/ });
  assert.ok(accepted > 0);
  assert.equal(store.length, accepted);
  store.append([entry(2)]); // what still fits is taken
  assert.equal(kinds(store).length, accepted + 1);
  store.close();
  const reopened = openStore(path); // without the limit: space was freed
  reopened.append(batch);
  assert.equal(kinds(reopened).length, accepted + 6);
  reopened.close();
});

test("SQLite's result codes become causes and cures", () => {
  const codes: [number, string][] = [
    [5, "STORE_LOCKED"],
    [8, "STORE_READ_ONLY"],
    [8 | (3 << 8), "STORE_READ_ONLY"], // SQLITE_READONLY_ROLLBACK
    [10 | (4 << 8), "STORE_IO"], // SQLITE_IOERR_FSYNC
    [11, "STORE_CORRUPT"],
    [13, "STORE_FULL"],
  ];
  for (const [errcode, code] of codes) {
    const explained = explain(Object.assign(new Error("sqlite"), { errcode }), "/data/log.db");
    assert.ok(explained instanceof StoreError);
    assert.equal(explained.code, code);
    assert.match(explained.message, /^store \/data\/log\.db: .*\. ?/);
  }
  const other = new Error("a bug of ours");
  assert.equal(explain(other, "/data/log.db"), other);
});

test("the probe is called at each stage, once per batch", () => {
  for (const open of [
    (probe: (stage: string) => void) => openStore(newPath(), { probe }),
    (probe: (stage: string) => void) => openMemoryStore({ probe }),
  ]) {
    const stages: string[] = [];
    const store = open((stage) => stages.push(stage));
    store.append([entry(1), entry(2)]);
    assert.deepEqual(stages, ["commit-begin", "commit-inside", "commit-end"]);
    store.close();
  }
});
