// SPDX-License-Identifier: Apache-2.0
/** Logins in a folder, passwords from the gateway's key, `wattle login`, and what the keeper makes of them. */
import assert from "node:assert/strict";
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { test } from "node:test";
import type { Standing } from "#node/broker/acl";
import { loginCommand } from "#node/cli/login";
import { LoginKeeper } from "#node/dynsec/keeper";
import { makeLogin, readLogins, secretsOf } from "#node/dynsec/logins";
import { crypto, idOf, secretOf, tempFolder } from "../authority/tools.ts";

const at = tempFolder();
const source = { crypto, secretKey: secretOf(9), net: "test", area: "a" };
const folder = (name: string) => {
  mkdirSync(at(name));
  return at(name);
};

test("a password is for one gateway, area, client and number", () => {
  const login = { username: idOf(0), number: 1 };
  const { password, stamp } = secretsOf(source, login);
  assert.match(password, /^[0-9a-f]{32}$/);
  assert.deepEqual(secretsOf(source, login), { password, stamp });
  const others = [
    secretsOf({ ...source, secretKey: secretOf(8) }, login),
    secretsOf({ ...source, net: "other" }, login),
    secretsOf({ ...source, area: "b" }, login),
    secretsOf(source, { ...login, username: idOf(1) }),
    secretsOf(source, { ...login, number: 2 }),
  ];
  const all = [{ password, stamp }, ...others];
  assert.equal(new Set(all.map((one) => one.password)).size, all.length);
  assert.equal(new Set(all.map((one) => one.stamp)).size, all.length);
  assert.ok(!password.includes(stamp));
});

test("a login is made once, renewed under the next number, and read again", () => {
  const dir = at("made");
  assert.equal(makeLogin(dir, idOf(0), false).number, 1);
  assert.equal(makeLogin(dir, idOf(0), false).number, 1);
  assert.equal(makeLogin(dir, idOf(0), true).number, 2);
  makeLogin(dir, "operator-ann", true);
  for (const none of ["README", "gateway-a", "operator-", `${idOf(1)}.bak`, idOf(2).toUpperCase()])
    writeFileSync(at("made", none), "1\n");
  writeFileSync(at("made", idOf(3)), "one");
  mkdirSync(at("made", idOf(4)));
  assert.deepEqual(readLogins(dir), [
    ...[
      { username: idOf(0), number: 2 },
      { username: "operator-ann", number: 1 },
    ].sort((a, b) => (a.username < b.username ? -1 : 1)),
  ]);
  assert.throws(() => readLogins(at("nowhere")), { code: "ENOENT" });
});

test("wattle login: for an id, a key, a person; and what it refuses", () => {
  const dir = folder("cli");
  writeFileSync(`${dir}/gateway.key`, Buffer.from(secretOf(9)).toString("hex"));
  const config = `${dir}/gateway.json`;
  const broker = { url: "mqtt://h", dynamicSecurity: { logins: "l" } };
  const write = (json: object) =>
    writeFileSync(config, JSON.stringify({ net: "test", area: "a", ...json }));
  const run = (who: string, more: object = {}) => {
    let [said, failed] = ["", ""];
    const say = (text: string) => void (said += text);
    const err = (text: string) => void (failed += text);
    return { code: loginCommand(who, { config, say, err, ...more }), said, failed };
  };
  write({});
  assert.match(run(idOf(0)).failed, /no broker.dynamicSecurity|has no broker/);
  write({ broker });
  const { password } = secretsOf(source, { username: idOf(0), number: 1 });
  const said = `user      ${idOf(0)}\npassword  ${password}\n`;
  assert.deepEqual(run(idOf(0)), { code: 0, said, failed: "" });
  const key = Buffer.from(crypto.publicKey(secretOf(0))).toString("hex");
  assert.equal(run(key).said, said);
  assert.equal(JSON.parse(run("operator-ann", { json: true }).said).number, 1);
  for (const who of ["", "gateway-a", "operator-a/b", "../x", "ann", key.slice(1)])
    assert.equal(run(who).code, 2, who);
  assert.deepEqual(readdirSync(`${dir}/l`).sort(), [idOf(0), "operator-ann"].sort());
  assert.equal(readFileSync(`${dir}/l/operator-ann`, "latin1"), "1\n");
  rmSync(`${dir}/gateway.key`);
  const none = run(idOf(0));
  assert.deepEqual([none.code, none.said], [2, ""]);
  assert.throws(() => readFileSync(`${dir}/gateway.key`), { code: "ENOENT" });
});

test("nobody loses an account by a folder that is away, nor before the gateway has begun", () => {
  const dir = at("kept");
  makeLogin(dir, idOf(0), false);
  const said: { commands: { command: string; username?: string }[] }[] = [];
  const logs: string[] = [];
  let connected = () => {};
  let hear = (_topic: string, _payload: Uint8Array) => {};
  const keeper = new LoginKeeper({
    ...{ logins: dir, source, gateway: "gateway-a" },
    bus: {
      connected: true,
      onConnect: (handler) => void (connected = handler),
      subscribe: (_, handler) => void (hear = handler),
      publish: (_, payload) => void said.push(JSON.parse(Buffer.from(payload).toString())),
    },
    standing: (): Standing => "guest",
    log: (_, event) => void logs.push(event),
  });
  const answer = () => {
    const { commands } = said.at(-1)!;
    hear("", Buffer.from(JSON.stringify({ responses: commands })));
  };
  connected();
  keeper.look();
  assert.ok(said.length < 1, "it has not begun");
  keeper.begin();
  answer();
  assert.ok(said.at(-1)!.commands.some((one) => one.username === idOf(0)));
  answer();
  const { length } = said;
  rmSync(dir, { recursive: true });
  keeper.look();
  keeper.look();
  assert.deepEqual(logs.filter((event) => event === "logins-folder").length, 1);
  assert.equal(said.length, length);
  mkdirSync(dir);
  keeper.look();
  assert.ok(said.at(-1)!.commands.some((one) => one.command === "deleteClient"));
  keeper.close();
});
