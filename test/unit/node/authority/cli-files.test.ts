// SPDX-License-Identifier: Apache-2.0
/** `wattle authority` list, export and tls by their functions. */
import assert from "node:assert/strict";
import { readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { test } from "node:test";
import { authorityFrom } from "#node/cli/authority-file";
import { at, authority, hexOf, requestFile } from "./cli-tools.ts";
import { idOf, NOW_MS } from "./tools.ts";

test("list shows a table, or those that need something, and checks the register", async () => {
  const { issue, list, key } = await authority();
  await issue({ request: requestFile(1), days: "20" });
  await issue({ request: requestFile(2), days: "90" });
  await issue({ gateway: hexOf(9), area: "street" });
  await issue({ request: requestFile(3), from: "2026-01-01", until: "2026-02-01" });
  const { said } = await list();
  const [head, first] = said.split("\n");
  assert.match(head, /^serial {2}subject {2}id +name or area {2}meter {2}until +state$/);
  assert.match(first, /^1 {7}node {5}\w{32} {2}house-1 +M-1 {4}2027-01-21T00:00 {2}valid$/);
  assert.match(said, /gateway {2}\w{32} {2}street/);
  assert.match(said, /expired\n4 of 4 certificates\n$/);
  assert.match((await list({ expired: true })).said, /\n4 .*\n1 of 4/);
  assert.match((await list({ expiring: "30" })).said, /\n1 .*\n1 of 4/);
  await issue({ request: requestFile(1, { renews: 1 }) });
  assert.match((await list({ expiring: "30" })).said, /0 of 5/);
  const json = JSON.parse((await list({ json: true, at: "2027-03-01" })).said);
  assert.deepEqual(
    json.certificates.map(({ state }: { state: string }) => state),
    ["expired", "valid", "valid", "expired", "valid"],
  );
  assert.match((await list({ expired: true, revoked: true })).failed, /give one of --expired/);
  assert.match((await list({ expiring: "x" })).failed, /--expiring x: give whole days/);
  const register = key.replace(".key", ".register");
  writeFileSync(register, readFileSync(register, "utf8").replace("house-1", "house-7"));
  assert.match((await list()).failed, /line 2 is not as the authority wrote it/);
});

test("export makes a gateway's folder from the register alone", async () => {
  const { issue, revoke, export: exported, at: own } = await authority();
  for (const number of [1, 2]) await issue({ request: requestFile(number) });
  await revoke("2", "retired");
  await issue({ request: requestFile(3), from: "2026-01-01", until: "2026-02-01" });
  const before = await exported({ out: own("a") });
  assert.match(before.said, /4 files in .*, certificates of 1 nodes\n {2}no gateway has/);
  await issue({ gateway: hexOf(9), area: "street" });
  const after = await exported({ out: own("b"), json: true });
  assert.equal(JSON.parse(after.said).gateway, 4);
  const names = [
    "1.cert",
    "authority.cbor",
    "gateway.cert",
    "revoked-gateways.cbor",
    "revoked-nodes.cbor",
  ];
  assert.deepEqual(readdirSync(own("b")).sort(), names);
  await issue({ gateway: hexOf(8), area: "square", out: own("c") });
  assert.match(
    (await exported({ out: own("d") })).failed,
    /2 gateways have certificates\. Give the id/,
  );
  assert.equal((await exported({ out: own("d"), gateway: idOf(8) })).code, 0);
  assert.equal((await exported({ out: own("b"), gateway: "4" })).code, 0);
  assert.match(
    (await exported({ out: own("d"), gateway: "1" })).failed,
    /--gateway 1: no gateway with/,
  );
  assert.match((await exported({ out: own("d"), gateway: "4" })).failed, /is another gateway's/);
});

test("tls notes what it makes, and never writes over a key", async () => {
  const { tls, key, at: own } = await authority();
  const out = own("tls");
  const made = await tls("gateway.local,192.168.1.5", { out, days: "30" });
  assert.match(
    made.said,
    /gateway\.local, 192\.168\.1\.5, 2026-12-31T23:00:00.000Z to 2027-01-31T00/,
  );
  assert.equal(statSync(`${out}/broker.key`).mode & 0o777, 0o600);
  const entry = readFileSync(key.replace(".key", ".register"), "utf8").split("\n")[1];
  assert.deepEqual(JSON.parse(entry).entry.hosts, ["gateway.local", "192.168.1.5"]);
  const before = readFileSync(`${out}/broker.key`);
  assert.match((await tls("a", { out })).failed, /broker\.key is there already.*another folder/);
  assert.deepEqual(readFileSync(`${out}/broker.key`), before);
  const ca = readFileSync(`${out}/ca.pem`);
  assert.ok(authorityFrom(`${out}/ca.pem`, NOW_MS).length > 0, "what provision --ca takes");
  await tls("a", { out: own("tls2") });
  assert.deepEqual(readFileSync(own("tls2", "ca.pem")), ca, "nodes are given it once");
  assert.match((await tls("a b", { out })).failed, /--host "a b": neither/);
  assert.match(
    (await tls("a", { out: own("tls3"), days: "x" })).failed,
    /--days x: give whole days/,
  );
});

test("a wrong passphrase, a damaged key store and an older register are told apart", async () => {
  const { issue, export: exported, key, at: own } = await authority();
  writeFileSync(at("wrong"), "another passphrase\n", { mode: 0o600 });
  const wrong = await exported({ passphraseFile: at("wrong") });
  assert.match(wrong.failed, /^wattle authority export: .*authority\.key: the passphrase is wrong/);
  const register = key.replace(".key", ".register");
  const older = [register, `${register}.head`].map((path) => readFileSync(path));
  await issue({ request: requestFile(1) });
  [register, `${register}.head`].map((path, i) => writeFileSync(path, older[i]));
  const rolled = await issue({ request: requestFile(2) });
  assert.match(rolled.failed, /1\.cert: serial 1 is not in the register, so that .* older copy/);
  const bytes = readFileSync(key);
  bytes[100] ^= 1;
  writeFileSync(own("damaged.key"), bytes);
  const damaged = await exported({ key: own("damaged.key"), register });
  assert.match(damaged.failed, /damaged\.key is damaged\. Take the copy/);
});
