// SPDX-License-Identifier: Apache-2.0
/** `wattle verify` and `wattle export` as functions: what they print, and how they end. */
import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { after, before, test } from "node:test";
import { toHex } from "#core/codec/bytes";
import { exportCommand, runExport } from "#node/cli/export";
import { runVerify, verifyCommand } from "#node/cli/verify";
import { openSealedStore, sealKeyBeside } from "#node/store/sealed";
import { AreaRun } from "../../../helpers/area-run.ts";

const dir = mkdtempSync(join(tmpdir(), "wattle-verify-"));
const storePath = join(dir, "gateway.db");
const exportPath = join(dir, "ledger.wattle");
const keyPath = join(dir, "gateway.key");
let gatewayKey = "";
after(() => rmSync(dir, { recursive: true, force: true }));

before(async () => {
  const store = openSealedStore(storePath, { create: true });
  const run = new AreaRun({ nodes: 4, slots: 3, store });
  assert.ok(await run.finish());
  store.close();
  gatewayKey = toHex(run.area.publicKey);
  writeFileSync(keyPath, `${toHex(run.secretKey)}\n`, { mode: 0o600 });
});

interface Options {
  json?: boolean;
  gatewayKey?: string;
  sealKey?: string;
}

async function verify(path: string, options: Options = {}) {
  let out = "";
  let err = "";
  const code = await verifyCommand({
    path,
    ...options,
    out: (text) => {
      out += text;
    },
    err: (text) => {
      err += text;
    },
  });
  return { code, out, err };
}

test("a store in order ends with 0 and says what it holds", async () => {
  const { code, out, err } = await verify(storePath, { gatewayKey });
  assert.equal(code, 0, out + err);
  assert.match(out, /Ledger of net test, area a/);
  assert.match(out, /members {5}4: home_0, home_1, home_2, home_3/);
  assert.match(out, /400\.000000 genesis \+ 0\.000000 minted = \d+\.\d{6} in wallets/);
  assert.match(out, /signatures {2}\d+ verified/);
  assert.match(out, /OK: every signature/);
});

test("an export of it is signed, whole, and in order too", async () => {
  const said: string[] = [];
  const say = (text: string) => void said.push(text);
  const options = { store: storePath, out: exportPath, key: keyPath, say, err: say };
  assert.equal(await exportCommand(options), 0, said.join());
  assert.match(said.join(""), /entries, \d+ bytes, signed/);
  const { code, out } = await verify(exportPath);
  assert.equal(code, 0, out);
  assert.match(out, /export, signed by its gateway/);
  assert.deepEqual(
    readdirSync(dir).filter((name) => name.includes(".tmp-")),
    [],
  );
});

test("without the key the export says that nobody signed it", async () => {
  const path = join(dir, "unsigned.wattle");
  const facts = runExport(storePath, path);
  assert.equal(facts.signed, false);
  const { code, out } = await verify(path);
  assert.equal(code, 0);
  assert.match(out, /NOT SIGNED/);
});

test("a damaged export ends with 1 and names the record", async () => {
  const bytes = readFileSync(exportPath);
  bytes[Math.floor(bytes.length / 2)] ^= 4;
  const path = join(dir, "damaged.wattle");
  writeFileSync(path, bytes);
  const { code, out } = await verify(path);
  assert.equal(code, 1);
  assert.match(out, /FAULT entry \d+ \(\w+\), at byte \d+: EXPORT_CHAIN/);
  const json = JSON.parse((await verify(path, { json: true })).out);
  assert.equal(json.exitCode, 1);
  assert.equal(json.exportFault.code, "EXPORT_CHAIN");
});

test("a store that was changed behind the gateway's back ends with 1", async () => {
  const path = join(dir, "changed.db");
  writeFileSync(path, readFileSync(storePath));
  const db = new DatabaseSync(path);
  db.exec("UPDATE log SET bytes = x'80' WHERE idx = 20");
  db.close();
  const { code, err } = await verify(path);
  assert.equal(code, 1);
  assert.match(err, /entry 20 does not match its checksum/);
});

test("the JSON has the summary, and no fault", async () => {
  const { code, out } = await verify(storePath, { json: true });
  const report = JSON.parse(out);
  assert.equal(code, 0);
  assert.equal(report.audit.ok, true);
  assert.equal(report.audit.summary.slotsSettled, 3);
  assert.equal(report.file.kind, "store");
});

test("what cannot be read ends with 2, a reason and a cure", async () => {
  const text = join(dir, "notes.txt");
  writeFileSync(text, "not a ledger, but long enough to be looked at");
  for (const [path, reason] of [
    [join(dir, "none.db"), /no such file/],
    [dir, /a folder/],
    [text, /neither a store nor an exported ledger/],
  ] as const) {
    const { code, err } = await verify(path);
    assert.equal(code, 2);
    assert.match(err, reason);
  }
  const store = openSealedStore(storePath);
  const locked = await verify(storePath);
  store.close();
  assert.equal(locked.code, 2);
  assert.match(locked.err, /another gateway has it open|this process has it open/);
  assert.equal((await verify(storePath, { gatewayKey: "abc" })).code, 2);
});

test("the log of another gateway ends with 1", async () => {
  const { code, out } = await verify(storePath, { gatewayKey: "00".repeat(32) });
  assert.equal(code, 1);
  assert.match(out, /WORLD_GATEWAY/);
});

test("a store whose key is elsewhere is opened with --seal-key, and says so without", async () => {
  const elsewhere = join(dir, "elsewhere.seal");
  const key = sealKeyBeside(storePath);
  renameSync(key, elsewhere);
  const said: string[] = [];
  const say = (text: string) => void said.push(text);
  const options = { store: storePath, out: join(dir, "again.wattle"), say, err: say };
  const missing = await verify(storePath);
  assert.equal(missing.code, 2);
  assert.match(missing.err, /its key file .*gateway\.seal is not there.*--seal-key/);
  assert.equal(await exportCommand(options), 2);
  assert.match(said.join(""), /--seal-key/);
  assert.equal((await verify(storePath, { sealKey: elsewhere })).code, 0);
  assert.equal(await exportCommand({ ...options, sealKey: elsewhere }), 0);
  assert.equal((await verify(options.out)).code, 0, "an export is in clear");
  renameSync(elsewhere, key);
});

test("an export that cannot be written leaves nothing behind", async () => {
  const said: string[] = [];
  const err = (text: string) => void said.push(text);
  const out = join(dir, "no-folder", "x.wattle");
  assert.equal(await exportCommand({ store: storePath, out, err, say: err }), 2);
  const none = join(dir, "none.db");
  assert.equal(await exportCommand({ store: none, out: exportPath, err, say: err }), 2);
  assert.match(said.join(""), /no such store/);
  const otherKey = join(dir, "other.key");
  writeFileSync(otherKey, `${"11".repeat(32)}\n`);
  const before = readFileSync(exportPath);
  const wrong = { store: storePath, out: exportPath, key: otherKey, err, say: err };
  assert.equal(await exportCommand(wrong), 2);
  assert.ok(before.equals(readFileSync(exportPath)), "the earlier export is untouched");
  assert.ok(runVerify(storePath).exitCode === 0);
});
