// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { test } from "node:test";
import { encodeRpc, Rpc } from "#node/cli/improv-client";
import { Rng } from "#test/property/rng";
import { FULL, restarted, seeded, TestDevice } from "./device.ts";

const { faults } = TestDevice;
const PASS = "correct horse battery";
const NO_ERROR = [2, 0];
const state = (value: number) => [1, value];
const error = (value: number) => [2, value];

/** A result packet as the device sends it. */
function result(command: number, ...strings: string[]): number[] {
  const body = strings.flatMap((text) => [Buffer.byteLength(text), ...Buffer.from(text)]);
  return [4, command, body.length, ...body];
}

/** The packets that a command brings about. */
function packets(device: TestDevice, bytes: Uint8Array): number[][] {
  device.packets.length = 0;
  device.send(bytes);
  return device.packets;
}

test("a new device is ready for credentials, and says who it is", () => {
  const device = new TestDevice();
  assert.deepEqual(packets(device, encodeRpc(Rpc.state)), [NO_ERROR, state(2)]);
  const key = String(device.command("show").publicKey);
  const facts = ["Wattle", "0.1.0", "esp32", `wattle-${key.slice(0, 6)}`];
  assert.deepEqual(packets(device, encodeRpc(Rpc.info)), [NO_ERROR, result(3, ...facts)]);
  device.set("name=House_7");
  assert.deepEqual(
    packets(device, encodeRpc(Rpc.info))[1].slice(-8),
    result(3, "House_7").slice(-8),
  );
});

test("authorized, provisioning, provisioned: and the network is stored when it works", () => {
  const device = new TestDevice({ url: "http://gateway.local/" });
  const wifi = encodeRpc(Rpc.wifi, ["Küche", PASS]);
  assert.deepEqual(packets(device, wifi), [NO_ERROR, state(3)]);
  assert.deepEqual(device.wifi.tried, [["Küche", PASS]]);
  assert.equal(restarted(device.store).command("show").ssid, undefined, "not yet");
  device.packets.length = 0;
  device.wifi.finish(true);
  assert.deepEqual(device.packets, [state(4), result(1, "http://gateway.local/")]);
  assert.deepEqual(device.changes, ["network"]);
  assert.deepEqual(restarted(device.store).provisioner.link().wifi, {
    ssid: "Küche",
    passphrase: PASS,
  });
  const asked = packets(device, encodeRpc(Rpc.state));
  assert.deepEqual(asked, [NO_ERROR, state(4), result(2, "http://gateway.local/")]);
});

test("a network that cannot be joined is an error, and the stored one stays", () => {
  const device = new TestDevice();
  device.command(`wifi Home "${PASS}" --untried`);
  packets(device, encodeRpc(Rpc.wifi, ["Other", "wrong-phrase"]));
  device.packets.length = 0;
  device.wifi.finish(false);
  assert.deepEqual(device.packets, [error(3), state(2)]);
  assert.equal(restarted(device.store).provisioner.link().wifi?.ssid, "Home");
  assert.deepEqual(device.changes, ["network"], "of the first command only");
});

test("an attempt has a time limit; what comes after it counts for nothing", () => {
  const device = new TestDevice();
  packets(device, encodeRpc(Rpc.wifi, ["Home", PASS]));
  device.advance(24_999);
  assert.deepEqual(device.packets.at(-1), state(3));
  device.advance(1);
  assert.deepEqual(device.packets.slice(-2), [error(3), state(2)]);
  assert.equal(device.wifi.cancelled, 1);
  packets(device, encodeRpc(Rpc.wifi, ["Second", PASS]));
  device.wifi.finish(true);
  assert.equal(device.provisioner.link().wifi, undefined, "the late answer is the first attempt's");
  device.wifi.finish(true);
  assert.equal(device.provisioner.link().wifi?.ssid, "Second");
});

test("an adapter that answers at once is as good", () => {
  const device = new TestDevice();
  device.wifi.answer = true;
  const wifi = encodeRpc(Rpc.wifi, ["Home", PASS]);
  assert.deepEqual(packets(device, wifi), [NO_ERROR, state(3), state(4), result(1)]);
  device.wifi.answer = false;
  assert.deepEqual(packets(device, wifi), [NO_ERROR, state(3), error(3), state(2)]);
  assert.equal(device.wakeAtMs, undefined);
});

test("one attempt at a time", () => {
  const device = new TestDevice();
  packets(device, encodeRpc(Rpc.wifi, ["Home", PASS]));
  assert.deepEqual(packets(device, encodeRpc(Rpc.wifi, ["Two", PASS])), [NO_ERROR, error(255)]);
  assert.deepEqual(faults(device.command("wifi Three 12345678")), ["wifi is being tried already"]);
  assert.deepEqual(packets(device, encodeRpc(Rpc.state)), [NO_ERROR, state(3)]);
  assert.equal(device.wifi.tried.length, 1);
});

test("credentials that no network can have, and commands that are none", () => {
  const device = new TestDevice();
  const long = "x".repeat(33);
  for (const strings of [
    ["", PASS],
    [long, PASS],
    ["Home", "short"],
    ["Home", "ü".repeat(9)],
  ])
    assert.deepEqual(packets(device, encodeRpc(Rpc.wifi, strings)), [NO_ERROR, error(3)]);
  for (const strings of [[], ["Home"], ["a", "b", "c"]])
    assert.deepEqual(packets(device, encodeRpc(Rpc.wifi, strings)), [error(1)]);
  assert.deepEqual(packets(device, encodeRpc(9)), [error(2)]);
  assert.equal(device.wifi.tried.length, 0);
  const wired = new TestDevice({ wifi: null });
  assert.deepEqual(packets(wired, encodeRpc(Rpc.wifi, ["Home", PASS])), [error(2)]);
  assert.deepEqual(packets(wired, encodeRpc(Rpc.scan)), [error(2)]);
});

test("packets of a device, echoed by the line, are not answered", () => {
  const device = new TestDevice();
  packets(device, encodeRpc(Rpc.state));
  const echo = Buffer.from(device.said, "latin1");
  assert.deepEqual(packets(device, echo), []);
  device.command("show");
  const { length } = device.answers;
  device.send(Buffer.from(device.said, "latin1"));
  assert.equal(device.answers.length, length);
});

test("networks: each once, the strongest first, then the end of the list", () => {
  const device = new TestDevice();
  const network = (ssid: string, rssi: number, secured = true) => ({ ssid, rssi, secured });
  packets(device, encodeRpc(Rpc.scan));
  assert.deepEqual(device.packets, [NO_ERROR]);
  device.packets.length = 0;
  const seen = [network("A", -80), network("B", -40, false), network("A", -60), network("", -10)];
  device.wifi.finishScan(seen);
  assert.deepEqual(device.packets, [
    result(4, "B", "-40", "NO"),
    result(4, "A", "-60", "YES"),
    result(4),
  ]);
  device.wifi.networks = Array.from({ length: 50 }, (_, i) => network(`net ${i}`, -i));
  assert.equal(packets(device, encodeRpc(Rpc.scan)).length, 1 + 20 + 1);
  device.wifi.networks = undefined;
  packets(device, encodeRpc(Rpc.scan));
  device.advance(10_000);
  assert.deepEqual(device.packets, [NO_ERROR, result(4)], "a radio that says nothing");
});

test("the link that comes and goes is told to who speaks Improv", () => {
  const device = new TestDevice();
  device.provisioner.onLink(true);
  assert.deepEqual(device.packets, []);
  assert.deepEqual(packets(device, encodeRpc(Rpc.state)), [NO_ERROR, state(4), result(2)]);
  device.packets.length = 0;
  device.provisioner.onLink(true);
  device.provisioner.onLink(false);
  assert.deepEqual(device.packets, [state(2)]);
});

test("a packet begins at the beginning of a line, as Improv's own client wants it", () => {
  const device = new TestDevice();
  device.send(encodeRpc(Rpc.state));
  const at = device.said.indexOf("IMPROV");
  assert.equal(device.said[at - 1], "\n");
  assert.equal(device.said.at(-1), "\n");
});

test("a broken packet is answered, and one that never ends is given up after a second", () => {
  const device = new TestDevice();
  const broken = encodeRpc(Rpc.wifi, ["Home", PASS]);
  broken[20] ^= 1;
  assert.deepEqual(packets(device, broken), [error(1)]);
  device.send(encodeRpc(Rpc.wifi, ["Home", PASS]).subarray(0, 15));
  device.nowMs += 1001;
  assert.equal(device.command("show").ok, true);
});

test("Wi-Fi by the console is tried too, and answered when it is known", () => {
  const device = new TestDevice();
  device.send(`wattle wifi "My Home" "${PASS}"\n`);
  assert.deepEqual(device.answers, []);
  assert.deepEqual(device.wifi.tried, [["My Home", PASS]]);
  device.wifi.finish(true);
  assert.deepEqual(device.answers, [{ cmd: "wifi", ok: true, ssid: "My Home", tried: true }]);
  assert.deepEqual(device.packets, [], "in a terminal packets are rubbish");
  device.send("wattle wifi Open\n");
  assert.deepEqual(device.wifi.tried[1], ["Open", ""]);
  device.wifi.finish(false);
  assert.deepEqual(faults(device.answers[1]), ["wifi cannot be joined"]);
  assert.equal(device.command("show").ssid, "My Home");
  assert.equal(device.command("show").passphrase, "set");
});

test("words, quotes and line ends", () => {
  const device = new TestDevice();
  const good = [
    'wattle set name="A b"\n',
    '\t wattle\tset  "name=A b"\r\n',
    'wattle set name=A" "b\r',
    'waXX\b\bttle set name=Z\x7f"A b"\n',
  ];
  for (const line of good) {
    device.set("name=");
    device.answers.length = 0;
    device.send(line);
    assert.equal(device.answers[0]?.ok, true, line);
    assert.equal((device.command("show").settings as Record<string, string>).name, "A b", line);
  }
  device.command('wifi "a\\"b\\\\c" 12345678 --untried');
  assert.equal(device.command("show").ssid, 'a"b\\c');
  for (const [line, fault] of [
    ["", "command is missing or unknown"],
    ["make coffee", "command is missing or unknown"],
    ["show me", "line has words that the command does not take"],
    ["set", "line sets nothing"],
    ['set name="A', "line has a quote that does not end"],
    ["wifi", "ssid is missing"],
    ["wifi a b c", "line has words that the command does not take"],
    ["wifi a 1234567", "passphrase is too short"],
    [`wifi a ${"1".repeat(65)}`, "passphrase is too long"],
    [`wifi a ${"z".repeat(64)}`, "passphrase is too long"],
    ["reset", "kind is missing or unknown"],
    ["reset all --yes", "kind is missing or unknown"],
    ["reset settings now", "line has words that the command does not take"],
    [`set name=${"x".repeat(600)}`, "line is longer than 512 bytes"],
    [`set ${"a ".repeat(60)}`, "line has more than 48 words"],
  ])
    assert.deepEqual(faults(device.command(line)), [fault], line);
  assert.equal(device.command(`wifi a ${"f".repeat(64)} --untried`).ok, true, "a key in hex");
});

test("lines that are not ours are passed over, also when they are long or no text", () => {
  const device = new TestDevice();
  const lines = [
    "hello",
    "wattles show",
    "xwattle show",
    "x".repeat(10_000),
    "\xff\xfe wattle show",
  ];
  for (const line of lines) device.send(Buffer.from(`${line}\n`, "latin1"));
  device.send(Buffer.from("wattle set name=\xff\n", "latin1"));
  assert.deepEqual(device.answers, []);
  assert.equal(device.command("show").ok, true);
});

test("help names every command and every setting", () => {
  const device = new TestDevice();
  device.command("help");
  const text = device.lines.join("\n");
  for (const word of ["show", "set", "wifi", "claim", "qr", "reset", ...FULL])
    assert.ok(text.includes(word.split("=")[0]), word);
  assert.ok(device.lines.every((line) => line.length <= 110));
});

test("secrets are never said, shown or logged", () => {
  const device = new TestDevice({ qr: true });
  device.send(encodeRpc(Rpc.wifi, ["Home", "hunter22secret"]));
  device.wifi.finish(true);
  for (const line of [
    "wifi Home hunter22secret --untried",
    "wifi Home hunter22secret oops",
    "wifi Home hunter22secret",
    "wfi Home hunter22secret",
    "set passphrase=hunter22secret",
    "set broker=mqtt://me:hunter22secret@h",
    "set name=hunter22secret!",
    "set hunter22secret",
    "set driver=hunter22secret direction=hunter22secret cal.hunter22secret=1",
    "reset identity --yes --confirm hunter22secret",
    "reset hunter22secret",
    'set name="hunter22secret',
    "show",
    "claim",
    "qr",
    "help",
  ])
    device.send(`wattle ${line}\n`);
  device.wifi.finish(false);
  device.send(encodeRpc(Rpc.wifi, ["Home", "hunter22secret\xff"]).subarray(0, 30));
  device.nowMs += 5000;
  device.send(encodeRpc(Rpc.info));
  const all = device.said + device.logs.join("\n");
  assert.ok(all.length > 1000);
  assert.equal(all.includes("hunter22secret"), false);
  const { identity } = device.provisioner;
  assert.ok(identity.ok);
  const secret = Buffer.from(identity.secretKey);
  for (const form of ["hex", "base64", "latin1"] as const)
    assert.equal(all.includes(secret.toString(form)), false, form);
});

const LINES = [
  "wattle show",
  "wattle set area=street name=House capacity=4312Wh cal.volt=5",
  'wattle wifi "My Home" secret-phrase --untried',
  "wattle claim new",
  "wattle qr",
  "wattle reset settings --yes",
  "wattle reset identity --yes --confirm 00000000",
  "wattle reset registers --yes",
  "wattle help",
];

function corruptedLine(rng: Rng): Uint8Array {
  const bytes = [...Buffer.from(`${rng.pick(LINES)}\n`)];
  for (let i = rng.below(4); i > 0; i--) {
    const at = rng.below(bytes.length);
    if (rng.below(3) === 0) bytes.splice(at, 1);
    else if (rng.below(2) === 0) bytes.splice(at, 0, ...rng.bytes(1 + rng.below(4)));
    else bytes[at] = rng.below(256);
  }
  if (rng.below(50) === 0) bytes.splice(rng.below(bytes.length), 0, ...new Array(600).fill(0x41));
  if (rng.below(10) === 0) bytes.splice(0, 0, ...encodeRpc(rng.below(6), ["Home", "12345678"]));
  return Uint8Array.from(bytes);
}

test("10 000 corrupted commands: every answer is JSON, and the identity stays", () => {
  const seed = 4_711;
  const rng = new Rng(seed);
  const device = new TestDevice({ qr: true, entropy: seeded(8) });
  device.wifi.answer = false;
  const key = device.command("show").publicKey;
  for (let i = 0; i < 10_000; i++) {
    device.answers.length = 0;
    device.packets.length = 0;
    device.lines.length = 0;
    device.send(corruptedLine(rng));
    for (const { cmd, ok, errors } of device.answers) {
      assert.equal(typeof cmd, "string", `seed ${seed}, line ${i}`);
      assert.equal(ok, errors === undefined, `seed ${seed}, line ${i}`);
    }
    if (i % 100 === 0) {
      device.nowMs += 2000;
      device.send("\n");
      assert.equal(device.command("show").publicKey, key, `seed ${seed}, line ${i}`);
    }
  }
  assert.equal(device.store.get("k2"), undefined, "no reset of the identity was planned");
  assert.equal(restarted(device.store).command("show").publicKey, key);
});
