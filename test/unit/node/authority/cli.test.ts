// SPDX-License-Identifier: Apache-2.0
/** `wattle authority` by its functions; process.test.ts has it as a process. */
import assert from "node:assert/strict";
import { EventEmitter } from "node:events";
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { test } from "node:test";
import { Command } from "commander";
import { openAuthority, openGatewayCertificate, openRevocations } from "#core/trust/anchor";
import { openCertificate } from "#core/trust/certificate";
import { DAY_MS, HOUR_MS } from "#core/units/time";
import { authorityInitCommand } from "#node/cli/authority";
import { newPassphraseFrom, passphraseFrom } from "#node/cli/authority-passphrase";
import { registerNodeCommands } from "#node/cli/commands";
import { at, authority, hexOf, requestFile } from "./cli-tools.ts";
import { crypto, idOf, LOG2_N, NET, NOW_MS, PASSPHRASE, requestBytes, run } from "./tools.ts";

test("init makes keys, register and record, and never over others", async () => {
  const { key, anchorKey, out, at: own } = await authority();
  assert.equal(statSync(key).mode & 0o777, 0o600);
  const record = openAuthority(
    crypto,
    Uint8Array.from(readFileSync(`${out}/authority.cbor`)),
    anchorKey,
  );
  assert.ok(record.ok);
  assert.deepEqual([record.value.net, record.value.name], [NET, "Test"]);
  const before = readFileSync(key);
  const init = (more: object) =>
    run((output) =>
      authorityInitCommand({
        ...{ key, net: NET, name: "Test", out, log2N: LOG2_N, passphraseFile: at("pass") },
        ...more,
        ...output,
      }),
    );
  const again = await init({});
  assert.equal(again.code, 2);
  assert.match(
    again.failed,
    /^wattle authority init: .*is there already, and a key store is never/,
  );
  const registerLeft = await init({ key: own("b.key"), register: own("authority.register") });
  assert.match(
    registerLeft.failed,
    /authority\.register is there already\. Give back the key store/,
  );
  assert.ok(!existsSync(own("b.key")));
  assert.deepEqual(readFileSync(key), before);
  for (const [more, expected] of [
    [{ net: "a b" }, /--net "a b": give 1 to 40 letters, digits, \. _ -, the first/],
    [{ net: "" }, /--net "": give/],
    [{ name: '"q"' }, /--name .*and blanks/],
    [{ name: "a".repeat(41) }, /--name/],
    [{ passphraseFile: at("none") }, /none: ENOENT\. Give a file whose first line/],
    [{ key: own("no", "c.key") }, /c\.register: ENOENT\. Check that its folder/],
  ] as const) {
    const refused = await init({ key: own("c.key"), ...more });
    assert.equal(refused.code, 2);
    assert.match(refused.failed, expected);
  }
  assert.deepEqual(readdirSync(own()).sort(), [
    ...["authority.key", "authority.register", "authority.register.head", "out"],
  ]);
});

test("every command has help with an example, and offers no cheaper scrypt", () => {
  const program = new Command("wattle").exitOverride();
  registerNodeCommands(program);
  const authority = program.commands.find((command) => command.name() === "authority");
  const names = ["init", "issue", "revoke", "renew", "list", "export", "tls"];
  assert.deepEqual(
    authority?.commands.map((command) => command.name()),
    names,
  );
  for (const command of authority?.commands ?? []) {
    let help = "";
    command.configureOutput({ writeOut: (text) => void (help += text) }).outputHelp();
    assert.match(help, new RegExp(`Examples?:\\n {2}wattle authority ${command.name()} `));
    assert.match(help, /--json/);
    assert.doesNotMatch(help, /log2|scrypt/i);
  }
});

test("the passphrase is typed twice and not shown, or comes from file or environment", async () => {
  let shown = "";
  class Terminal extends EventEmitter {
    isTTY = true;
    raw: boolean[] = [];
    lines: string[];
    constructor(lines: string[]) {
      super();
      this.lines = lines;
    }
    setRawMode(on: boolean) {
      this.raw.push(on);
      return this as never;
    }
    pause = () => this as never;
    resume() {
      queueMicrotask(() => this.emit("data", Buffer.from(`${this.lines.shift()}\r`)));
      return this as never;
    }
  }
  const err = (text: string) => void (shown += text);
  const on = (terminal: Terminal) => ({ input: terminal as never, err });
  const ask = (...lines: string[]) => on(new Terminal(lines));
  const before = process.env.WATTLE_PASSPHRASE;
  delete process.env.WATTLE_PASSPHRASE;
  try {
    const terminal = new Terminal([PASSPHRASE, PASSPHRASE]);
    assert.equal(await newPassphraseFrom(on(terminal)), PASSPHRASE);
    assert.deepEqual(terminal.raw, [true, false, true, false], "no echo");
    assert.doesNotMatch(shown, /battery/);
    await assert.rejects(
      newPassphraseFrom(ask(PASSPHRASE, "other")),
      /another passphrase\. Nothing/,
    );
    await assert.rejects(newPassphraseFrom(ask("short")), /has 5 characters\. Give at least 12/);
    await assert.rejects(newPassphraseFrom(ask("\x03")), /broken off/);
    assert.equal(await passphraseFrom(ask("x"), "a.key"), "x");
    assert.match(shown, /Passphrase of a\.key: /);
    const none = on(Object.assign(new Terminal([]), { isTTY: false }));
    await assert.rejects(
      passphraseFrom(none, "a.key"),
      /no terminal .* Give --passphrase-file, or W/,
    );
    process.env.WATTLE_PASSPHRASE = "from the environment";
    assert.equal(await passphraseFrom({}, "a.key"), "from the environment");
    shown = "";
    const fromFile = { passphraseFile: at("pass"), err };
    assert.equal(await newPassphraseFrom(fromFile), PASSPHRASE, "a file goes first");
    assert.equal(shown, "");
    copyFileSync(at("pass"), at("open"));
    chmodSync(at("open"), 0o644);
    await passphraseFrom({ ...fromFile, passphraseFile: at("open") }, "a.key");
    assert.match(shown, /others can read .*open\. Run chmod 600/);
  } finally {
    if (before === undefined) delete process.env.WATTLE_PASSPHRASE;
    else process.env.WATTLE_PASSPHRASE = before;
  }
});

test("issue answers a request, with the claim code however it is typed", async () => {
  const { issue, out } = await authority();
  const path = requestFile(1);
  const typed = await issue({ request: path, claim: "7k2m9qx4", days: "30" });
  assert.equal(typed.code, 0, typed.failed);
  assert.match(typed.said, /serial 1: node \w{32} \(house-1, meter M-1, 17250 W\)/);
  assert.doesNotMatch(typed.said, /no claim code/);
  const opened = openCertificate(crypto, Uint8Array.from(readFileSync(`${out}/1.cert`)));
  assert.ok(opened.ok);
  const { fromMs, untilMs } = opened.value;
  assert.deepEqual([fromMs, untilMs], [NOW_MS - HOUR_MS, NOW_MS + 30 * DAY_MS]);
  const json = await issue({ request: requestFile(2), json: true, until: "2027-02-01" });
  assert.deepEqual(JSON.parse(json.said), {
    ...{ serial: 2, subject: "node", id: idOf(2), name: "house-2", meter: "M-2" },
    ...{ connectionW: 17250, from: "2026-12-31T23:00:00.000Z", until: "2027-02-01T00:00:00.000Z" },
    ...{ renews: 0, claimed: false, file: `${out}/2.cert` },
  });
  assert.match((await issue({ request: requestFile(3) })).said, /no claim code was given/);
  const given = await issue({ request: requestFile(4), meter: "X 1", connectionW: "5000" });
  assert.match(given.said, /meter X 1, 5000 W/);
});

test("issue says what is wrong and what to give, and writes nothing", async () => {
  const { issue, out, list } = await authority();
  const request = requestFile(1);
  const forged = requestBytes(1);
  forged[forged.length - 1] ^= 1;
  writeFileSync(at("forged.enrol"), forged);
  writeFileSync(at("long.enrol"), Buffer.alloc(1025));
  writeFileSync(at("ready.json"), JSON.stringify({ port: 1, gatewayKey: "ab" }));
  writeFileSync(at("gateway.key"), `${hexOf(9)}\n`);
  for (const [more, expected] of [
    [{}, /give either --request <file> or --gateway <key>/],
    [{ request, gateway: hexOf(9) }, /give either/],
    [{ request, area: "street" }, /--area is not for a node/],
    [{ gateway: hexOf(9), area: "a", connectionW: "1" }, /--connection-w is not for a gateway/],
    [{ request: at("none.enrol") }, /ENOENT\. Give the \.enrol file/],
    [{ request: at("pass") }, /is no request \(MALFORMED/],
    [{ request: at("long.enrol") }, /has 1025 bytes, more than 1024/],
    [{ request: at("forged.enrol") }, /not signed by the key in it: it was changed/],
    [{ request, claim: "7K2M-9QX" }, /--claim: not a claim code\. Give the eight/],
    [{ request, claim: "7K2M-9QXU" }, /--claim: not a claim code/],
    [{ request, claim: "7K2M-9QX5" }, /claim code is not the one/],
    [{ request, connectionW: "17.5" }, /--connection-w 17\.5: give whole watts/],
    [{ request, days: "0" }, /--days 0: give whole days, 1 to 3660/],
    [{ request, days: "9", until: "2027-02-01" }, /--days and --until say two things/],
    [{ request, until: "tomorrow" }, /--until tomorrow: no time\. Give a day/],
    [{ request, until: "2027-02-01T00:00:00" }, /no time/],
    [{ request, from: "2027-02-01", until: "2027-02-01" }, /ends before it begins/],
    [{ gateway: hexOf(9) }, /--gateway needs --area/],
    [{ gateway: hexOf(9), area: "a/b" }, /--area "a\/b": give/],
    [{ gateway: hexOf(9), area: "a", renews: "x" }, /--renews: give a serial/],
    [{ gateway: at("ready.json"), area: "a" }, /no JSON with gatewayKey\. Give the public key/],
    [{ gateway: at("gateway.key"), area: "a" }, /this is a secret key/],
    [{ gateway: at("none"), area: "a" }, /ENOENT\. Give the public key/],
  ] as const) {
    const { code, failed, said } = await issue(more);
    assert.match(failed, expected);
    assert.deepEqual([code, said], [2, ""], failed);
  }
  assert.deepEqual(readdirSync(out), ["authority.cbor"]);
  assert.match((await list()).said, /0 of 0 certificates/);
});

test("a gateway's certificate by ready file or key is what nodes check by the anchor", async () => {
  const { issue, out, anchorKey, list } = await authority();
  writeFileSync(at("ready2.json"), JSON.stringify({ port: 1, gatewayKey: hexOf(9), pid: 1 }));
  const issued = await issue({ gateway: at("ready2.json"), area: "street" });
  assert.match(issued.said, /serial 1: gateway \w{32} \(area street\)/);
  const read = () => Uint8Array.from(readFileSync(`${out}/gateway.cert`));
  const opened = openGatewayCertificate(crypto, read(), anchorKey);
  assert.ok(opened.ok && opened.value.area === "street");
  assert.match((await issue({ gateway: hexOf(9), area: "street" })).failed, /has serial 1/);
  const renewed = await issue({ gateway: hexOf(9).toUpperCase(), area: "street", renews: "1" });
  assert.equal(renewed.code, 0, renewed.failed);
  const next = openGatewayCertificate(crypto, read(), anchorKey);
  assert.ok(next.ok && next.value.serial === 2);
  const other = await issue({ gateway: hexOf(8), area: "street" });
  assert.match(other.failed, /gateway\.cert is another gateway's\. Give each gateway a folder/);
  assert.match((await list()).said, /2 of 2 certificates/, "nothing was issued");
});

test("revoke writes both lists, by serial or id, and says what still counts", async () => {
  const { issue, revoke, out, anchorKey, list } = await authority();
  await issue({ request: requestFile(1) });
  await issue({ request: requestFile(1, { renews: 1 }) });
  await issue({ request: requestFile(2) });
  const one = await revoke("2", "retired");
  assert.match(one.said, /revoked \(retired\) serial 2: .*\n {2}still counts: serial 1: /);
  const other = await revoke(idOf(2).toUpperCase(), "key", { json: true });
  assert.equal(JSON.parse(other.said).number, 3);
  assert.equal(JSON.parse(other.said).revoked[0].revoked.reason, "key");
  for (const [name, serials] of [
    ["revoked-nodes.cbor", [2, 3]],
    ["revoked-gateways.cbor", []],
  ] as const) {
    const bytes = Uint8Array.from(readFileSync(`${out}/${name}`));
    const opened = openRevocations(crypto, bytes, anchorKey, NET);
    assert.ok(opened.ok);
    assert.deepEqual(
      opened.value.revoked.map(({ serial }) => serial),
      serials,
    );
  }
  assert.match((await revoke("2", "retired")).failed, /serial 2 is revoked/);
  assert.match(
    (await revoke("2", "because")).failed,
    /give one of key, retired, misbehaved, replaced/,
  );
  assert.match((await revoke("x", "key")).failed, /give a serial, or the 32 hex digits/);
  assert.match((await list({ revoked: true })).said, /revoked: retired\n.*revoked: key\n2 of 3/s);
});

test("renew answers what asks for time alone, and says what it left", async () => {
  const { issue, renew, out, at: own } = await authority();
  for (const number of [1, 2, 3]) await issue({ request: requestFile(number) });
  const folder = own("requests");
  mkdirSync(folder);
  requestFile(1, { renews: 1, atMs: NOW_MS + 1 }, folder);
  requestFile(2, { renews: 2, meter: "other" }, folder);
  requestFile(4, {}, folder);
  writeFileSync(own("requests", "z.enrol"), "no request");
  writeFileSync(own("requests", "readme.txt"), "not looked at");
  const at300 = { at: "2027-10-28T00:00:00Z" };
  const mixed = await renew(folder, at300);
  assert.equal(mixed.code, 1);
  assert.match(mixed.said, /serial 4: node .*2028-10-27T00:00:00.000Z, after 1\n/);
  assert.match(mixed.said, /left 2-\d+\.enrol: another meter or connection/);
  assert.match(mixed.said, /left 4-\d+\.enrol: a first request/);
  assert.match(mixed.said, /left z\.enrol: .*is no request/);
  assert.match(mixed.said, /1 renewed, 3 left\n$/);
  rmSync(`${out}/4.cert`);
  const again = await renew(folder, { ...at300, json: true });
  const { renewed } = JSON.parse(again.said);
  assert.deepEqual([renewed.length, renewed[0].serial, renewed[0].again], [1, 4, true]);
  assert.ok(existsSync(`${out}/4.cert`), "written again");
  assert.match((await renew(own("none"))).failed, /none: ENOENT\. Give the folder with requests/);
});
