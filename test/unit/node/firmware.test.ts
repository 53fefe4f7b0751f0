// SPDX-License-Identifier: Apache-2.0
/** The operator's side of firmware: keys, signing, publishing, the folder, and what goes wrong in them. */
import assert from "node:assert/strict";
import {
  appendFileSync,
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { Command } from "commander";
import { toHex } from "#core/codec/bytes";
import { openRelease } from "#core/records/release";
import { registerNodeCommands } from "#node/cli/commands";
import { keygenCommand, publishCommand, showCommand, signCommand } from "#node/cli/firmware";
import { loadGatewayConfig } from "#node/config/gateway-config";
import { sodiumCrypto } from "#node/crypto/sodium";
import { FolderShelf } from "#node/firmware/shelf";
import { startGatewayProcess } from "#node/gateway-process";

const crypto = sodiumCrypto();
const dir = mkdtempSync(join(tmpdir(), "wattle-firmware-"));
after(() => rmSync(dir, { recursive: true, force: true }));
const at = (...names: string[]) => join(dir, ...names);

/** Runs a command; its exit code and what it said. */
function run(command: (output: { say: (t: string) => void; err: (t: string) => void }) => number) {
  let said = "";
  let failed = "";
  const code = command({ say: (text) => (said += text), err: (text) => (failed += text) });
  return { code, said, failed };
}

function image(name: string, size: number, fill = 1): string {
  writeFileSync(at(name), Buffer.alloc(size, fill));
  return at(name);
}

const KEY = at("release.key");
const made = run((output) => keygenCommand(KEY, output));
const publicKey = /public key: ([0-9a-f]{64})/.exec(made.said)?.[1] ?? "";

const sign = (path: string, release: string, more: Record<string, unknown> = {}) =>
  run((output) =>
    signCommand(path, { key: KEY, board: "c3", release, chunkBytes: "1024", ...more, ...output }),
  );
const show = (path: string, releaseKey?: string) =>
  run((output) => showCommand(path, { releaseKey, ...output }));
const publish = (path: string, folder: string, releaseKey?: string) =>
  run((output) => publishCommand(path, folder, { releaseKey, ...output }));

test("a key is made for its owner only, says its public key, and is never overwritten", () => {
  assert.equal(made.code, 0);
  assert.equal(statSync(KEY).mode & 0o777, 0o600);
  const secret = Uint8Array.from(Buffer.from(readFileSync(KEY, "utf8").trim(), "hex"));
  assert.equal(publicKey, toHex(crypto.publicKey(secret)));
  const before = readFileSync(KEY, "utf8");
  const again = run((output) => keygenCommand(KEY, output));
  assert.equal(again.code, 2);
  assert.match(again.failed, /is there already, and a key is never overwritten/);
  assert.equal(readFileSync(KEY, "utf8"), before);
  const nowhere = run((output) => keygenCommand(at("no", "key"), output));
  assert.match(nowhere.failed, /ENOENT. Check that its folder exists/);
});

test("an image is signed, shown and checked", () => {
  const path = image("a.bin", 5000);
  const { code, said } = sign(path, "1.4.0", { minimum: "1.2.0" });
  assert.equal(code, 0, said);
  const opened = openRelease(
    crypto,
    Uint8Array.from(Buffer.from(publicKey, "hex")),
    Uint8Array.from(readFileSync(at("a.release"))),
  );
  assert.ok(opened.ok);
  assert.equal(opened.value.sizeBytes, 5000);
  assert.deepEqual(opened.value.sha256, crypto.sha256(Uint8Array.from(readFileSync(path))));
  const good = show(at("a.release"), publicKey);
  assert.equal(good.code, 0);
  assert.match(good.said, /signed by this key/);
  assert.match(good.said, /release {2}1\.4\.0, for meters that run 1\.2\.0 or later/);
  assert.match(good.said, /image .* is the one that was signed/);
  assert.match(show(at("a.release")).said, /NOT CHECKED/);
  assert.match(show(at("a.release"), "ab".repeat(32)).failed, /not signed by this release key/);
  assert.match(show(at("a.release"), "xyz").failed, /64 hex digits that keygen printed/);
  appendFileSync(path, "x");
  assert.match(show(at("a.release"), publicKey).said, /is not the image that was signed/);
  rmSync(path);
  assert.match(show(at("a.release"), publicKey).said, /a\.bin: ENOENT/);
});

test("what is wrong with an order to sign is said with its cure, and nothing is written", () => {
  const path = image("b.bin", 100);
  writeFileSync(at("no.key"), "not a key");
  const cases: [() => { code: number; failed: string }, RegExp][] = [
    [() => sign(path, "1.4"), /--release 1\.4: give three numbers/],
    [() => sign(path, "1.4.0", { minimum: "x" }), /--minimum x: give three numbers/],
    [
      () => sign(path, "1.4.0", { minimum: "1.4.0" }),
      /no version from 1\.4\.0 on .* Correct --board/,
    ],
    [() => sign(path, "1.4.0", { board: "a/b" }), /board "a\/b" is no level of a topic/],
    [() => sign(path, "1.4.0", { chunkBytes: "100" }), /--chunk-bytes 100: give a power of two/],
    [() => sign(path, "1.4.0", { chunkBytes: "3000" }), /chunks of 3000 bytes/],
    [() => sign(path, "1.4.0", { key: at("none") }), /none: ENOENT. Give the file that keygen/],
    [() => sign(path, "1.4.0", { key: at("no.key") }), /holds 9 characters that are no key/],
    [() => sign(at("none.bin"), "1.4.0"), /none\.bin: ENOENT. Give a firmware image/],
    [() => sign(image("b.elf", 10), "1.4.0"), /ends with \.bin/],
    [() => sign(image("empty.bin", 0), "1.4.0"), /has 0 bytes/],
    [() => sign(image("huge.bin", 16 * 1024 * 1024 + 1), "1.4.0"), /more than 16777216 bytes/],
  ];
  for (const [order, expected] of cases) {
    const { code, failed } = order();
    assert.equal(code, 2, String(expected));
    assert.match(failed, expected);
    assert.doesNotMatch(failed, /not a key/, "no secret is shown");
  }
  assert.deepEqual(
    readdirSync(dir).filter((name) => name.endsWith(".release") && name !== "a.release"),
    [],
  );
});

test("a key that others can read is warned of", () => {
  copyFileSync(KEY, at("open.key"));
  chmodSync(at("open.key"), 0o644);
  const { said } = sign(image("w.bin", 10), "1.0.0", { key: at("open.key") });
  assert.match(said, /warning: others can read .*open\.key. Run chmod 600/);
});

test("publishing copies image and release whole, and refuses what nodes would not take", () => {
  mkdirSync(at("f"));
  sign(image("p.bin", 4000, 1), "2.0.0");
  const done = publish(at("p.release"), at("f"), publicKey);
  assert.equal(done.code, 0, done.failed);
  assert.deepEqual(readdirSync(at("f")), ["c3-2.0.0.bin", "c3-2.0.0.release"]);
  assert.equal(publish(at("p.release"), at("f")).code, 0, "again is no fault");
  sign(image("q.bin", 4000, 2), "1.9.0");
  assert.match(publish(at("q.release"), at("f")).said, /not announced: the folder holds 2\.0\.0/);
  sign(image("q.bin", 4000, 3), "2.0.0");
  const twice = publish(at("q.release"), at("f"));
  assert.match(twice.failed, /no meter installs a version twice. Raise the version/);
  assert.match(publish(at("q.release"), at("f"), "cd".repeat(32)).failed, /not signed by this/);
  writeFileSync(at("q.bin"), "other");
  assert.match(publish(at("q.release"), at("f")).failed, /not the image that was signed/);
  assert.match(publish(at("p.release"), at("none")).failed, /none: ENOENT. Give the gateway's/);
  assert.match(publish(at("p.release"), at("p.bin")).failed, /is no folder/);
  assert.match(publish(at("p.bin"), at("f")).failed, /Give the file that ends with \.release/);
  writeFileSync(at("junk.release"), Buffer.alloc(5000));
  assert.match(publish(at("junk.release"), at("f")).failed, /is no signed release/);
});

function shelfOn(folder: string, releaseKey?: string) {
  const logs: string[] = [];
  const shelf = new FolderShelf({
    folder,
    releaseKey: releaseKey ? Uint8Array.from(Buffer.from(releaseKey, "hex")) : undefined,
    crypto,
    log: (level, event, facts) => logs.push(`${level} ${event} ${facts?.cause ?? facts?.code}`),
  });
  return { shelf, logs };
}

test("the folder: nothing counts before it is whole, and changes are seen", () => {
  const folder = at("shelf");
  mkdirSync(folder);
  const { shelf, logs } = shelfOn(folder);
  assert.equal(shelf.scan(), true);
  assert.equal(shelf.scan(), false, "nothing has changed");
  sign(image("s.bin", 4000, 7), "3.0.0");
  copyFileSync(at("s.release"), join(folder, "s.release"));
  assert.equal(shelf.scan(), true);
  assert.deepEqual(shelf.releases(), []);
  assert.match(logs.join(), /s\.bin is missing. Copy it beside the release/);
  writeFileSync(join(folder, "s.bin"), readFileSync(at("s.bin")).subarray(0, 2000));
  shelf.scan();
  assert.deepEqual(shelf.releases(), [], "half an image");
  copyFileSync(at("s.bin"), join(folder, "s.bin"));
  assert.equal(shelf.scan(), true);
  assert.equal(shelf.releases().length, 1);
  const sha256 = toHex(crypto.sha256(Uint8Array.from(readFileSync(at("s.bin")))));
  assert.deepEqual(shelf.read(sha256, 3990, 10), Uint8Array.from(Buffer.alloc(10, 7)));
  assert.equal(shelf.read(sha256, 3990, 11), undefined, "beyond the end");
  assert.equal(shelf.read("00", 0, 1), undefined);
  renameSync(join(folder, "s.bin"), at("away.bin"));
  assert.equal(shelf.read(sha256, 0, 1), undefined, "taken away");
  renameSync(folder, at("moved"));
  assert.equal(shelf.scan(), false, "a folder that is away withdraws nothing");
  assert.equal(shelf.releases().length, 1);
  assert.match(logs.join(), /error firmware-folder ENOENT/);
});

test("with a release key only its releases count", () => {
  const { shelf, logs } = shelfOn(at("f"), "12".repeat(32));
  shelf.scan();
  assert.deepEqual(shelf.releases(), []);
  assert.match(logs[0], /warn firmware-ignored .*not signed by this release key/);
  const { shelf: good } = shelfOn(at("f"), publicKey);
  good.scan();
  assert.equal(good.releases().length, 2, "2.0.0 and 1.9.0");
});

test("a running gateway announces what is put into its folder, and keeps the option's path", async () => {
  mkdirSync(at("live"));
  const config = at("gateway.json");
  writeFileSync(
    config,
    JSON.stringify({ area: "a", listen: { port: 0 }, log: { level: "error" } }),
  );
  const folder = `firmware.folder=${JSON.stringify(at("live"))}`;
  const loaded = loadGatewayConfig(config, [folder, `firmware.releaseKey="${publicKey}"`]);
  assert.deepEqual(loaded.firmware, { folder: at("live"), releaseKey: publicKey });
  const running = await startGatewayProcess(loaded);
  try {
    assert.deepEqual([...running.gateway.updates.versions()], []);
    publish(at("p.release"), at("live"));
    assert.deepEqual([...running.gateway.updates.versions()], [], "it has not looked yet");
    sign(image("live.bin", 3000, 9), "5.0.0");
    assert.equal(publish(at("live.release"), at("live")).code, 0);
    running.look();
    assert.deepEqual([...running.gateway.updates.versions()], [["c3", "5.0.0"]]);
    assert.match(await running.metrics(), /^wattle_firmware_bytes_total 0$/m);
  } finally {
    await running.stop();
  }
});

test("a relative folder is beside the configuration file, and mistakes in it are explained", () => {
  const config = at("relative.json");
  writeFileSync(config, JSON.stringify({ area: "a", firmware: { folder: "here" } }));
  assert.equal(loadGatewayConfig(config).firmware?.folder, at("here"));
  writeFileSync(config, JSON.stringify({ area: "a", firmware: { folder: "x", releaseKey: "no" } }));
  assert.throws(() => loadGatewayConfig(config), /firmware\.releaseKey: found "no"; allowed: 64/);
});

test("every command has its help with an example", () => {
  const program = new Command().exitOverride().configureOutput({ writeOut: () => {} });
  registerNodeCommands(program);
  const firmware = program.commands.find((command) => command.name() === "firmware");
  const names = firmware?.commands.map((command) => command.name());
  assert.deepEqual(names, ["keygen", "sign", "show", "publish"]);
  for (const command of firmware?.commands ?? []) {
    let help = "";
    command.configureOutput({ writeOut: (text) => (help += text) }).outputHelp();
    assert.match(help, /Example:\n {2}wattle firmware /, command.name());
  }
  assert.ok(existsSync(KEY));
});
