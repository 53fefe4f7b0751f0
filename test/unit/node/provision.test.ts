// SPDX-License-Identifier: Apache-2.0
/** `wattle provision` against simulated devices that run the pure provisioner. */
import assert from "node:assert/strict";
import { EventEmitter } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { type AddressInfo, connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { createServer as createTlsServer } from "node:tls";
import { areaAcl } from "#node/broker/acl";
import { startBroker } from "#node/broker/embedded";
import { askSecret } from "#node/cli/ask-secret";
import { GatewayKeyError, gatewayKeyFrom } from "#node/cli/gateway-key";
import { certificate, newKey, pem } from "#test/helpers/certificates";
import { AUTHORITY, GATEWAY_KEY } from "../meter/provision/device.ts";
import { deviceOnPty, deviceOnSocket, type PortedDevice, provision } from "./provision-device.ts";

const folder = mkdtempSync(join(tmpdir(), "wattle-provision-"));
after(() => rmSync(folder, { recursive: true, force: true }));

function file(name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}

const PASS_FILE = file("pass", "hunter22secret\n");
const SETUP = {
  broker: "mqtts://gateway.local:8883",
  ca: file("ca.pem", pem(AUTHORITY)),
  area: "street",
  name: "House 7",
  gateway: GATEWAY_KEY,
  set: ["capacity=4312", "driver=bl0942", "cal.phase=-3"],
};

/** Runs `run` with a device, and closes it. */
async function withDevice(
  ported: PortedDevice,
  run: (ported: PortedDevice) => Promise<void>,
): Promise<void> {
  try {
    await run(ported);
  } finally {
    ported.close();
  }
}

function checkSetUp({ device, heard }: PortedDevice, out: string): void {
  const ready = device.provisioner.provisioned();
  assert.ok(ready);
  assert.equal(ready.node.name, "House 7");
  assert.equal(ready.node.capacityWh, 4312);
  assert.deepEqual(ready.link.broker.authority, Uint8Array.from(AUTHORITY));
  assert.deepEqual(ready.link.wifi, { ssid: "Küche 2", passphrase: "hunter22secret" });
  const { publicKey, claim, qr } = device.command("claim");
  assert.ok(out.includes(`public key  ${publicKey}\n`));
  assert.ok(out.includes(`claim code  ${claim}\n`));
  assert.ok(out.includes(String(qr)));
  assert.ok(out.includes("joined; go on at http://gateway.local/"));
  assert.equal(out.includes("missing"), false);
  assert.equal(out.includes("hunter22secret"), false);
  assert.ok(heard().includes("hunter22secret"), "it went by Improv");
  assert.equal(/wattle wifi/.test(heard()), false);
}

for (const chatty of [false, true])
  test(`a node is set up over a socket${chatty ? ", between lines of log" : ""}`, async () => {
    const options = { chatty, qr: true, url: "http://gateway.local/" };
    await withDevice(await deviceOnSocket(options), async (ported) => {
      ported.device.wifi.answer = true;
      const { port } = ported;
      const wifi = { wifi: "Küche 2", wifiPassFile: PASS_FILE };
      const { code, out, err } = await provision({ port, ...SETUP, ...wifi });
      assert.deepEqual([code, err], [0, ""]);
      checkSetUp(ported, out);
      const drawn = out.split("\n").filter((line) => /^[ █▀▄]{41}$/u.test(line));
      assert.equal(drawn.length, 21);
    });
  });

test("a node is set up over a pseudo-terminal", async (t) => {
  const ported = await deviceOnPty({ qr: true, url: "http://gateway.local/" });
  if (!ported) return t.skip("no script(1) here that makes pseudo-terminals");
  await withDevice(ported, async () => {
    ported.device.wifi.answer = true;
    const wifi = { wifi: "Küche 2", wifiPassFile: PASS_FILE };
    const { code, out, err } = await provision({ port: ported.port, ...SETUP, ...wifi });
    assert.deepEqual([code, err], [0, ""]);
    checkSetUp(ported, out);
  });
});

test("an authority's file that cannot serve is found before the device is touched", async () => {
  await withDevice(await deviceOnSocket(), async ({ port, heard }) => {
    const key = newKey();
    const own = { subject: "x", key };
    const files: [ca: string, why: RegExp][] = [
      [join(folder, "nowhere.pem"), /--ca .*nowhere\.pem: ENOENT/],
      [file("text.pem", "hello"), /no certificate/],
      [file("leaf.pem", pem(certificate(own))), /not an authority's certificate/],
      [file("two.pem", pem(AUTHORITY).repeat(2)), /2 certificates/],
      [
        file("old.pem", pem(certificate({ ...own, ca: true, to: "20250201000000Z" }))),
        /expired on Feb {2}1 00:00:00 2025/,
      ],
    ];
    for (const [ca, why] of files) {
      const { code, err } = await provision({ port, ca });
      assert.equal(code, 2);
      assert.match(err, why);
    }
    assert.equal(heard(), "");
    const weak = newKey("ec", { namedCurve: "secp384r1" });
    const ca = file("weak.pem", pem(certificate({ ...own, key: weak, ca: true })));
    const { code, err } = await provision({ port, ca });
    assert.equal(code, 1, "the device says which keys it takes");
    assert.match(err, /ca cannot be used: a curve other than P-256/);
  });
});

test("a device on a TCP port, which closes it while it starts again", async () => {
  const ported = await deviceOnSocket({ wifi: null });
  const server = createServer((socket) => {
    // The first connection meets the old start, which is over at once.
    if (asked++ === 0) return void socket.destroy();
    const inner = connect(ported.port);
    inner.pipe(socket).pipe(inner);
    inner.on("error", () => {});
    socket.on("error", () => {}).on("close", () => inner.destroy());
  });
  let asked = 0;
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  await withDevice(ported, async ({ device }) => {
    const { port } = server.address() as AddressInfo;
    const ca = file("ca.der.pem", pem(AUTHORITY));
    const tcp = `127.0.0.1:${port}`;
    const { code, out, err } = await provision({ port: tcp, ...SETUP, ca, retryMs: 20 });
    assert.deepEqual([code, err], [0, ""]);
    assert.equal(asked, 2);
    const ready = device.provisioner.provisioned();
    assert.deepEqual(ready?.link.broker.authority, Uint8Array.from(AUTHORITY));
    assert.match(out, /^ {2}ca {10}[0-9a-f]{16}$/m);
  });
  server.close();
  const nobody = await provision({ port: "127.0.0.1:1", timeout: 1, retryMs: 300 });
  assert.equal(nobody.code, 2);
  assert.match(nobody.err, /nobody listens/);
});

test("nothing but the port: the node is shown with what is missing", async () => {
  await withDevice(await deviceOnSocket(), async ({ port }) => {
    const { code, out } = await provision({ port });
    assert.equal(code, 0);
    assert.match(out, /^Wattle 0\.1\.0 on esp32, node [0-9a-f]{32}\n/);
    assert.match(out, /missing {5}wifi, broker, area, name, gateway, capacity, driver: give them/);
    assert.equal(/[█▀▄]/u.test(out), false, "this device cannot draw");
  });
});

test("--json is one object", async () => {
  await withDevice(await deviceOnSocket({ qr: true }), async ({ port, device }) => {
    const { code, out } = await provision({ port, area: "street", json: true });
    assert.equal(code, 0);
    const facts = JSON.parse(out);
    const { claim, qr, publicKey } = device.command("claim");
    assert.deepEqual([facts.claim, facts.qr, facts.publicKey], [claim, qr, publicKey]);
    assert.deepEqual([facts.claimed, facts.state], [false, "authorized"]);
    assert.equal(facts.settings.area, "street");
  });
});

test("a device that is still starting is asked again", async () => {
  await withDevice(await deviceOnSocket({ deaf: 2 }), async ({ port }) => {
    assert.equal((await provision({ port, retryMs: 20 })).code, 0);
  });
});

test("what the device refuses is said with cause and cure, and ends with 1", async () => {
  await withDevice(await deviceOnSocket(), async ({ port, device }) => {
    const refused = await provision({ port, area: "a/b", set: ["capacity=11kW"] });
    assert.equal(refused.code, 1);
    assert.match(refused.err, /the device refused set:\n {2}area has other characters: give /);
    assert.match(refused.err, /\n {2}capacity is a power, not an energy: give whole Wh/);
    device.wifi.answer = false;
    const wifi = await provision({ port, wifi: "Home", wifiPassFile: PASS_FILE });
    assert.equal(wifi.code, 1);
    assert.match(wifi.err, /cannot join this network: check name, passphrase and distance/);
  });
});

test("an identity that is damaged is said", async () => {
  const entropy = { bytes: (length: number) => new Uint8Array(length) };
  await withDevice(await deviceOnSocket({ entropy }), async ({ port }) => {
    const { code, out, err } = await provision({ port });
    assert.equal(code, 1);
    assert.match(out, /without an identity/);
    assert.match(err, /refused claim:\n {2}identity the source of random numbers is stuck/);
  });
});

test("networks are listed", async () => {
  await withDevice(await deviceOnSocket(), async ({ port, device }) => {
    device.wifi.networks = [
      { ssid: "Home", rssi: -50, secured: true },
      { ssid: "\x1b[2JCafé", rssi: -70, secured: false },
    ];
    const { out } = await provision({ port, scan: true });
    assert.ok(out.includes("   -50 dBm  secure  Home\n   -70 dBm  open    ?[2JCafé\n"), out);
  });
});

test("calls that cannot work end with 2, before the device is touched", async () => {
  await withDevice(await deviceOnSocket(), async ({ port, heard }) => {
    const noTerminal = new EventEmitter() as never;
    const cases: [options: object, text: RegExp][] = [
      [{ port: join(folder, "none") }, /no such port/],
      [{ port: PASS_FILE }, /no serial port/],
      [{ wifi: "Home", input: noTerminal }, /Give --wifi-pass-file/],
      [{ wifi: "Home", wifiPassFile: join(folder, "none") }, /ENOENT/],
      [{ gateway: join(folder, "none") }, /ENOENT/],
      [{ gateway: "mqtt://127.0.0.1:1" }, /needs --area/],
      [{ set: ["area=a\nwattle reset settings --yes"] }, /on one line/],
      [{ set: ["area"] }, /key=value/],
    ];
    for (const [options, text] of cases) {
      const { code, err } = await provision({ port, ...options });
      assert.equal(code, 2, err);
      assert.match(err, text);
    }
    assert.equal(heard(), "");
  });
});

test("a port where nobody answers ends with 2", async () => {
  await withDevice(await deviceOnSocket({ deaf: 1000 }), async ({ port, connections }) => {
    const { code, err } = await provision({ port, timeout: 0.05 });
    assert.equal(code, 2);
    assert.match(err, /no answer within 0\.05 s\. Does it run Wattle's firmware/);
    // An open one would keep the process alive. Its end takes a turn to arrive here.
    while (connections!() > 0) await new Promise(setImmediate);
  });
});

test("a device that goes away is said at once", async () => {
  const ported = await deviceOnSocket({ deaf: 1000 });
  const ran = provision({ port: ported.port, timeout: 60 });
  setImmediate(function soon() {
    if (ported.heard() === "") setImmediate(soon);
    else ported.close();
  });
  const { code, err } = await ran;
  assert.deepEqual([code, /closed the connection/.test(err)], [1, true]);
});

/** A terminal without one. */
class FakeTerminal extends EventEmitter {
  readonly isTTY = true;
  raw: boolean[] = [];
  setRawMode(on: boolean): this {
    this.raw.push(on);
    return this;
  }
  pause(): this {
    return this;
  }
  resume(): this {
    return this;
  }
}

async function typed(
  ...keys: string[]
): Promise<{ secret: string | undefined; said: string; raw: boolean[] }> {
  const terminal = new FakeTerminal();
  let said = "";
  const asked = askSecret("Secret: ", terminal as never, (text) => void (said += text));
  for (const key of keys) terminal.emit("data", Buffer.from(key));
  return { secret: await asked, said, raw: terminal.raw };
}

test("the passphrase is asked for without echo", async () => {
  const plain = await typed("hunterX\x7f22", "secret", "\r");
  assert.deepEqual(plain, { secret: "hunter22secret", said: "Secret: \n", raw: [true, false] });
  assert.equal((await typed("\r")).secret, "");
  const broken = await typed("hunt\x03");
  assert.deepEqual([broken.secret, broken.raw], [undefined, [true, false]]);
  await withDevice(await deviceOnSocket(), async ({ port, device }) => {
    device.wifi.answer = true;
    const terminal = new FakeTerminal();
    const ran = provision({ port, wifi: "Home", input: terminal as never });
    terminal.emit("data", Buffer.from("hunter22secret\r"));
    const { code, out, err } = await ran;
    assert.equal(code, 0, err);
    assert.equal(err, "Passphrase of Home (none: open): \n");
    assert.equal(out.includes("hunter22"), false);
    assert.deepEqual(device.wifi.tried, [["Home", "hunter22secret"]]);
  });
});

test("the gateway's key: typed, from its ready file, never from its secret key file", async () => {
  const upper = GATEWAY_KEY.toUpperCase();
  assert.deepEqual(await gatewayKeyFrom(upper, undefined), { key: GATEWAY_KEY, unchecked: false });
  const ready = file("ready.json", JSON.stringify({ port: 1, gatewayKey: GATEWAY_KEY, pid: 2 }));
  assert.equal((await gatewayKeyFrom(ready, undefined)).key, GATEWAY_KEY);
  const secret = file("gateway.key", `${"12".repeat(32)}\n`);
  const refused = gatewayKeyFrom(secret, undefined);
  await assert.rejects(refused, (error: Error) => {
    assert.ok(error instanceof GatewayKeyError);
    assert.match(error.message, /this is a secret key/);
    assert.equal(error.message.includes("1212"), false);
    return true;
  });
  for (const text of ["{}", "null", "[1", '{"gatewayKey":"12"}'])
    await assert.rejects(gatewayKeyFrom(file("other.json", text), undefined), GatewayKeyError);
});

test("the gateway's key from its broker, to be compared by the operator", async () => {
  const broker = await startBroker({ host: "127.0.0.1", port: 0, acl: areaAcl("street") });
  const url = `mqtt://127.0.0.1:${broker.port}`;
  try {
    const facts = Buffer.from(JSON.stringify({ state: "online", publicKey: GATEWAY_KEY }));
    broker.publish("wattle/1/street/monitor/gateway", facts, { retain: true });
    assert.deepEqual(await gatewayKeyFrom(url, "street"), { key: GATEWAY_KEY, unchecked: true });
    await withDevice(await deviceOnSocket(), async ({ port, device }) => {
      const { code, err } = await provision({ port, area: "street", gateway: url });
      assert.equal(code, 0);
      assert.match(err, new RegExp(`says that its gateway is ${GATEWAY_KEY}: compare it`));
      const { settings } = device.command("show");
      assert.equal((settings as Record<string, string>).gateway, GATEWAY_KEY);
    });
    await keyOverTls(broker.port);
  } finally {
    await broker.close();
  }
  await assert.rejects(gatewayKeyFrom(url, "street"), /ECONNREFUSED/);
});

/** The same broker behind TLS: its certificate is judged by the authority that the node gets. */
async function keyOverTls(port: number): Promise<void> {
  const authority = { subject: "street authority", key: newKey() };
  const key = newKey();
  const named = { subject: "broker", key, issuer: authority, ca: false, ip: [[127, 0, 0, 1]] };
  const cert = pem(certificate(named));
  const secret = key.export({ type: "pkcs8", format: "pem" });
  const proxy = createTlsServer({ key: secret, cert }, (socket) => {
    const inner = connect(port, "127.0.0.1");
    inner.pipe(socket).pipe(inner);
    inner.on("error", () => {});
    socket.on("error", () => {}).on("close", () => inner.destroy());
  });
  proxy.on("tlsClientError", () => {});
  await new Promise<void>((resolve) => proxy.listen(0, "127.0.0.1", resolve));
  try {
    const url = `mqtts://127.0.0.1:${(proxy.address() as AddressInfo).port}`;
    const trusted = pem(certificate({ ...authority, ca: true }));
    const found = await gatewayKeyFrom(url, "street", trusted);
    assert.deepEqual(found, { key: GATEWAY_KEY, unchecked: true });
    await assert.rejects(gatewayKeyFrom(url, "street", pem(AUTHORITY)), /--gateway mqtts/);
  } finally {
    proxy.close();
  }
}
