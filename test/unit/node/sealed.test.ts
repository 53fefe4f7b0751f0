// SPDX-License-Identifier: Apache-2.0
/** The log sealed at rest: what the file shows, and what happens without the key or with another. */
import assert from "node:assert/strict";
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after, test } from "node:test";
import { fromHex } from "#core/codec/bytes";
import type { LogEntry, LogStore } from "#gateway/ports";
import { backupStore } from "#node/process/backup";
import { openSealedStore, sealKeyBeside } from "#node/store/sealed";
import { openStore } from "#node/store/sqlite";
import { AreaRun } from "../../helpers/area-run.ts";

const root = mkdtempSync(join(tmpdir(), "wattle-sealed-"));
after(() => rmSync(root, { recursive: true, force: true }));
let folders = 0;
/** A path of a store in a folder of its own. */
function newPath(): string {
  const dir = join(root, String(++folders));
  mkdirSync(dir);
  return join(dir, "gateway.db");
}

const entry = (kind: number, text: string) => ({ kind, bytes: Uint8Array.from(Buffer.from(text)) });
const ENTRIES = [entry(1, "the world"), entry(3, "one"), entry(3, "another"), entry(7, "")];

function filled(path: string): void {
  const store = openSealedStore(path, { create: true });
  store.append(ENTRIES.slice(0, 2));
  store.append(ENTRIES.slice(2));
  store.close();
}

/** What is in `path`, as SQLite has it. */
function rawOf(path: string): LogEntry[] {
  const store = openStore(path);
  const entries = [...store.read()];
  store.close();
  return entries;
}

const read = (store: LogStore): { kind: number; bytes: Uint8Array }[] => {
  const entries = [...store.read()].map(({ kind, bytes }) => ({ kind, bytes }));
  store.close();
  return entries;
};

test("what is kept beside the log is sealed too, for its name", () => {
  const path = newPath();
  filled(path);
  const store = openSealedStore(path);
  const secret = Uint8Array.from(Buffer.from("whose wallets are whose"));
  store.keep("checkpoint", secret);
  store.close();
  const raw = openStore(path);
  const bytes = raw.kept("checkpoint")!;
  assert.ok(!Buffer.from(bytes).includes(Buffer.from("wallets")));
  raw.keep("consensus", bytes);
  raw.close();
  const again = openSealedStore(path);
  assert.deepEqual(again.kept("checkpoint"), secret);
  assert.equal(again.kept("consensus"), undefined);
  again.close();
});

test("what was appended is there again, with the key that was made for it", () => {
  const path = newPath();
  filled(path);
  const key = sealKeyBeside(path);
  assert.equal(statSync(key).mode & 0o777, 0o600, "for its owner only");
  assert.deepEqual(read(openSealedStore(path)), ENTRIES);
  const store = openSealedStore(path);
  store.append([entry(8, "later")]);
  assert.deepEqual(
    [...store.read(5)].map(({ index }) => index),
    [5],
  );
  store.close();
  const elsewhere = `${path}.key`;
  copyFileSync(key, elsewhere);
  rmSync(key);
  assert.equal(read(openSealedStore(path, { keyFile: elsewhere })).length, 5);
  const raw = rawOf(path).map(({ bytes }) => Buffer.from(bytes));
  const nonces = new Set(raw.map((bytes) => bytes.subarray(1, 25).toString("hex")));
  assert.equal(nonces.size, 5, "no nonce twice");
  assert.deepEqual(
    raw.map(({ length }) => length),
    [...ENTRIES, entry(8, "later")].map(({ bytes }) => bytes.length + 41),
  );
});

test("without its key, or with another, the store says what is missing", () => {
  const path = newPath();
  filled(path);
  const key = sealKeyBeside(path);
  const right = readFileSync(key);
  writeFileSync(key, `${"00".repeat(32)}\n`);
  assert.throws(() => openSealedStore(path), { code: "STORE_SEAL_KEY", message: /another key/ });
  writeFileSync(key, "no key");
  assert.throws(() => openSealedStore(path), /sealKeyFile: found 6 characters that are no key/);
  rmSync(key);
  for (const create of [false, true]) {
    const expected = { code: "STORE_SEAL_KEY", message: /gateway\.seal is not there.*--seal-key/ };
    assert.throws(() => openSealedStore(path, { create }), expected);
    assert.ok(!existsSync(key), "no new key is made for a store that has one");
  }
  writeFileSync(key, right);
  assert.equal(read(openSealedStore(path)).length, 4, "and nothing is lost");
  const fresh = newPath();
  assert.throws(() => openSealedStore(fresh), /sealKeyFile: found no such file/);
});

test("a store in clear is refused with the cure", () => {
  const path = newPath();
  const store = openStore(path);
  store.append([{ kind: 1, bytes: Uint8Array.of(0x87, 1) }]);
  store.close();
  const expected = { code: "STORE_UNSEALED", message: /an older Wattle made it.*new store/ };
  assert.throws(() => openSealedStore(path, { create: true }), expected);
});

test("an entry opens only in its place, under its kind, and in its store", () => {
  const [path, other] = [newPath(), newPath()];
  filled(path);
  copyFileSync(sealKeyBeside(path), sealKeyBeside(other));
  filled(other);
  const [entries, others] = [rawOf(path), rawOf(other)];
  const bent = entries[2].bytes.slice();
  bent[bent.length - 1] ^= 1;
  const [first, second, third, fourth] = entries;
  const changes: [number, LogEntry[]][] = [
    [2, [first, third, second, fourth]],
    [2, [first, { ...second, kind: 4 }, third, fourth]],
    [3, [first, second, { ...third, bytes: bent }, fourth]],
    [3, [first, second, { ...third, bytes: Uint8Array.of(1, 2, 3) }, fourth]],
    [4, [first, second, third, others[3]]],
    [2, [others[0], second, third, fourth]],
  ];
  for (const [at, changed] of changes) {
    const copy = newPath();
    copyFileSync(sealKeyBeside(path), sealKeyBeside(copy));
    const raw = openStore(copy);
    raw.append(changed);
    raw.close();
    const store = openSealedStore(copy);
    const expected = { code: "STORE_CORRUPT", message: new RegExp(`entry ${at} was not sealed`) };
    assert.throws(() => [...store.read()], expected);
    store.close();
  }
});

test("a backup is sealed with the same key, as a store of its own", async () => {
  const [path, copy] = [newPath(), newPath()];
  filled(path);
  const store = openSealedStore(path);
  assert.equal(await backupStore(store, copy, sealKeyBeside(path)), 4);
  store.append([entry(3, "later")]);
  store.close();
  assert.deepEqual(read(openSealedStore(copy, { keyFile: sealKeyBeside(path) })), ENTRIES);
  assert.equal(readdirSync(dirname(copy)).join(), "gateway.db");
});

test("a backup has a short log's numbers and its gap, and not what the consensus signed last", async () => {
  const [path, copy] = [newPath(), newPath()];
  const store = openSealedStore(path, { create: true });
  store.append(Array.from({ length: 900 }, (_, i) => entry(3, `entry ${i + 1}`)));
  store.drop(3, 500);
  for (const name of ["base", "checkpoint", "consensus"])
    store.keep(name, Uint8Array.from(Buffer.from(`${name} of it`)));
  const keyFile = sealKeyBeside(path);
  const copying = backupStore(store, copy, keyFile);
  store.drop(3, 700);
  store.append([entry(3, "entry 901")]);
  const copied = await copying;
  assert.ok([404, 204, 205].includes(copied), `${copied}: what there was before or after`);
  const again = openSealedStore(copy, { keyFile });
  const [head, before] = [again.gap!.head, again.gap!.before];
  assert.equal(head, 3);
  const indices = [...again.read()].map(({ index, bytes }) => {
    assert.equal(Buffer.from(bytes).toString(), `entry ${index}`);
    return index;
  });
  assert.deepEqual(indices.slice(0, 4), [1, 2, 3, before]);
  assert.equal(indices.at(-1), again.length);
  for (const name of ["base", "checkpoint"])
    assert.equal(Buffer.from(again.kept(name)!).toString(), `${name} of it`);
  assert.equal(again.kept("consensus"), undefined);
  assert.ok(store.kept("consensus"), "the store itself still has it");
  again.append([entry(3, "it goes on")]);
  again.close();
  store.close();
});

/** What of `secrets` stands in the files of the store at `path`. */
function shownBy(path: string, secrets: ReadonlyMap<string, Buffer>): string[] {
  const files = ["", "-wal", "-journal"].map((end) => path + end).filter(existsSync);
  const all = Buffer.concat(files.map((file) => readFileSync(file)));
  assert.ok(all.length > 20_000, String(all.length));
  return [...secrets].filter(([, bytes]) => all.includes(bytes)).map(([what]) => what);
}

test("the file of a gateway shows no node, wallet, key or name of its area", async () => {
  const shown: string[][] = [];
  for (const open of [openSealedStore, openStore]) {
    const path = newPath();
    const store = open(path, { create: true });
    const run = new AreaRun({ nodes: 4, slots: 4, store });
    assert.ok(await run.finish());
    const secrets = new Map<string, Buffer>([["gateway key", Buffer.from(run.area.publicKey)]]);
    for (const { id, idBytes, member } of run.area.sessions.values()) {
      const add = (what: string, bytes: Uint8Array) =>
        secrets.set(`${what} of ${id}`, Buffer.from(bytes));
      add("id", idBytes);
      add("key", member.publicKey);
      add("wallet key", member.walletKey);
      add("name", Buffer.from(member.name));
    }
    let used = 0;
    for (const effect of run.area.chain.head!.block.effects)
      for (const wallet of [effect.from, effect.to])
        if (wallet) secrets.set(`wallet ${used++}`, Buffer.from(wallet));
    for (const wallet of run.area.chain.state.owners.keys())
      secrets.set(`address ${wallet}`, Buffer.from(fromHex(wallet)!));
    assert.ok(used > 4);
    shown.push(shownBy(path, secrets)); // also while it is open, with its write-ahead log
    store.close();
    shown.push(shownBy(path, secrets));
  }
  assert.deepEqual(shown.slice(0, 2), [[], []]);
  for (const what of shown.slice(2))
    for (const part of ["gateway key", "id of", "key of", "wallet key", "name of", "wallet 0"])
      assert.ok(
        what.some((name) => name.startsWith(part)),
        `${part} is found in a store in clear`,
      );
});
