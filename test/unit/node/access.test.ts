// SPDX-License-Identifier: Apache-2.0
/** Who looks on at a whole gateway: its operator by the key that it made, everybody else as an outsider. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, type TestContext, test } from "node:test";
import { fileURLToPath } from "node:url";
import { toHex } from "#core/codec/bytes";
import { readGatewayFacts } from "#host-sim/cli/gateway-facts";
import { MonitorLink, type MonitorLinkOptions } from "#node/cli/monitor-link";
import { gatewayConfig } from "#node/config/gateway-config";
import { operatorKey } from "#node/config/operator-key";
import { sodiumCrypto } from "#node/crypto/sodium";
import { type GatewayHooks, type GatewayProcess, startGatewayProcess } from "#node/gateway-process";
import { certificate, newKey, pem } from "../../helpers/certificates.ts";
import { connectOperator, until } from "./mqtt-tools.ts";

const program = fileURLToPath(new URL("../../../bin/wattle.js", import.meta.url));
const dir = mkdtempSync(join(tmpdir(), "wattle-access-"));
after(() => rmSync(dir, { recursive: true, force: true }));
let runs = 0;

interface Run {
  gateway: GatewayProcess;
  folder: string;
  keyFile: string;
  url: string;
}

async function run(t: TestContext, json: object = {}, hooks: GatewayHooks = {}): Promise<Run> {
  const folder = join(dir, String(++runs));
  mkdirSync(folder);
  const { listen = {}, ...rest } = json as { listen?: object };
  const all = { net: "test", area: "a", log: { level: "silent" }, listen: { port: 0, ...listen } };
  const config = gatewayConfig({ ...all, ...rest }, { file: "gateway.json", dir: folder });
  const gateway = await startGatewayProcess(config, hooks);
  t.after(() => gateway.stop());
  const url = `mqtt://127.0.0.1:${gateway.port}`;
  return { gateway, folder, keyFile: join(folder, "operator.key"), url };
}

const keyOf = (file: string) => ({ file, secretKey: operatorKey(file) });

/** A monitor's connection, and what it hears and complains about. */
function look(t: TestContext, options: Omit<MonitorLinkOptions, "area" | "filters">) {
  const heard = new Set<string>();
  const troubles = new Set<string>();
  const filters = ["wattle/1/a/monitor/#", "wattle/1/a/node/+/state"];
  const link = new MonitorLink(
    { area: "a", filters, ...options },
    {
      connected: () => {},
      closed: () => {},
      trouble: (text) => troubles.add(text),
      outsider: (text) => troubles.add(text),
      message: (topic) => heard.add(topic.slice("wattle/1/a/".length)),
    },
  );
  t.after(() => link.end());
  return { heard, troubles };
}

/** The gateway's own words about something that is not for everybody. */
function saySlot({ gateway }: Run): void {
  gateway.broker!.publish("wattle/1/a/monitor/slot", Buffer.from("{}"), { retain: true });
}

test("the gateway makes an operator's key, and its holder sees everything", async (t) => {
  const area = await run(t);
  assert.equal(statSync(area.keyFile).mode & 0o777, 0o600);
  assert.match(readFileSync(area.keyFile, "utf8"), /^[0-9a-f]{64}\n$/);
  assert.notEqual(
    readFileSync(area.keyFile, "utf8"),
    readFileSync(join(area.folder, "gateway.key"), "utf8"),
  );
  saySlot(area);
  const { heard, troubles } = look(t, { url: area.url, key: keyOf(area.keyFile) });
  await until(() => heard.has("monitor/slot") && heard.has("monitor/gateway"), "everything");
  assert.deepEqual([...troubles], []);
  const { connectRefused, subscribeDenied } = area.gateway.broker!.counts;
  assert.deepEqual([connectRefused, subscribeDenied], [{}, {}]);
});

test("without a key one is an outsider, who learns the gateway and how to see more", async (t) => {
  const area = await run(t);
  saySlot(area);
  const { heard, troubles } = look(t, { url: area.url });
  await until(() => heard.has("monitor/gateway") && troubles.size > 0, "what is for all");
  assert.match([...troubles][0], /^seen as an outsider.*Give --key the operator\.key/);
  assert.deepEqual([...heard], ["monitor/gateway"]);
  const facts = await readGatewayFacts(area.url, "a");
  assert.equal(toHex(facts.publicKey), area.gateway.gatewayKey);
});

test("another's key makes an outsider, who is told which key it was", async (t) => {
  const area = await run(t);
  const other = await run(t);
  saySlot(area);
  const { heard, troubles } = look(t, { url: area.url, key: keyOf(other.keyFile) });
  await until(() => heard.has("monitor/gateway"), "what is for all");
  const publicKey = toHex(sodiumCrypto().publicKey(operatorKey(other.keyFile)));
  await until(() => [...troubles].some((text) => text.includes(publicKey)), "why");
  assert.deepEqual([...heard], ["monitor/gateway"]);
  assert.equal(area.gateway.broker!.counts.connectRefused.NOT_OPERATOR, 1);
});

test("operators of the configuration take the place of the file, which is not made", async (t) => {
  const ann = await run(t);
  const publicKey = toHex(sodiumCrypto().publicKey(operatorKey(ann.keyFile)));
  const area = await run(t, { operators: [publicKey] });
  assert.throws(() => statSync(area.keyFile), { code: "ENOENT" });
  const client = await connectOperator(area.gateway, ann.keyFile);
  await client.subscribeAsync("wattle/1/a/monitor/#", { qos: 1 });
  client.end(true);
});

test("by claims a monitor needs no key, and the log says what that means", async (t) => {
  const warned: string[] = [];
  const log: GatewayHooks["log"] = (level, event) => void (level === "warn" && warned.push(event));
  const area = await run(t, { access: "claims" }, { log });
  assert.deepEqual(warned, ["access-claims"]);
  saySlot(area);
  const { heard, troubles } = look(t, { url: area.url });
  await until(() => heard.has("monitor/slot"), "everything");
  assert.deepEqual([...troubles], []);
});

test("over TLS by the authority's certificate, and not by another's", async (t) => {
  const caKey = newKey();
  const brokerKey = newKey();
  const authority = { subject: "street", key: caKey };
  const ca = pem(certificate({ ...authority, ca: true }));
  const cert = certificate({
    subject: "b",
    key: brokerKey,
    issuer: authority,
    ip: [[127, 0, 0, 1]],
  });
  writeFileSync(join(dir, "broker.pem"), pem(cert));
  writeFileSync(join(dir, "broker.key"), brokerKey.export({ type: "pkcs8", format: "pem" }));
  writeFileSync(join(dir, "ca.pem"), ca);
  const tls = { cert: join(dir, "broker.pem"), key: join(dir, "broker.key") };
  const area = await run(t, { listen: { tls } });
  const url = `mqtts://127.0.0.1:${area.gateway.port}`;
  saySlot(area);
  const { heard } = look(t, { url, ca, key: keyOf(area.keyFile) });
  await until(() => heard.has("monitor/slot"), "everything");
  const astray = look(t, { url, key: keyOf(area.keyFile) });
  await until(() => astray.troubles.size > 0, "a certificate that is not trusted");
  assert.deepEqual([...astray.heard], []);
  assert.match(
    await area.gateway.metrics(),
    /^wattle_broker_certificate_expiry_seconds 2208988800$/m,
  );
  const args = ["--url", url, "--ca", join(dir, "ca.pem")];
  const { lines, code } = await wattle(["monitor", "--area", "a", "--once", ...args], area.folder);
  assert.equal(code, 0);
  assert.match(lines[0], new RegExp(`^Wattle area a {2}${url}$`), "without complaint");
});

/** The command in `cwd`. */
async function wattle(args: string[], cwd: string) {
  const child = spawn(process.execPath, [program, ...args], { cwd });
  let out = "";
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (data) => (out += data));
  const code = await new Promise((resolve) => child.once("close", resolve));
  return { code, lines: out.trimEnd().split("\n") };
}

test("wattle monitor finds the key in its folder, and says what is wrong with a file", async (t) => {
  const area = await run(t);
  const { url } = area;
  const once = ["monitor", "--area", "a", "--once", "--url", url];
  const own = await wattle(once, area.folder);
  assert.equal(own.lines[0], `Wattle area a  ${url}`);
  const outsider = await wattle(once, dir);
  assert.match(outsider.lines[0], /seen as an outsider/);
  assert.match(outsider.lines[1], /^gateway online {2}net test/);
  assert.equal(outsider.lines.length, 2, "and nothing that it cannot know");
  const none = await wattle([...once, "--key", "none.key"], dir);
  assert.equal(none.code, 78);
  assert.match(none.lines.join("\n"), /no such file.*Give --key the file that the gateway made/s);
});

test("wattle gateway takes a folder or two files, and says what is wrong with them", async () => {
  const folder = join(dir, "tls");
  mkdirSync(folder);
  writeFileSync(
    join(folder, "gateway.json"),
    JSON.stringify({ area: "a", log: { level: "silent" } }),
  );
  const start = ["gateway", "--config", "gateway.json", "--tls", "sub"];
  const listenOf = async (...more: string[]) => {
    const { lines } = await wattle([...start, ...more, "--print-config"], folder);
    return JSON.parse(lines.join("\n")).listen;
  };
  const tls = { cert: join(folder, "sub/broker.pem"), key: join(folder, "sub/broker.key") };
  assert.deepEqual(await listenOf(), { host: "127.0.0.1", port: 8883, tls });
  const other = await listenOf("--tls-cert", "c.pem", "--tls-key", "k.pem");
  assert.deepEqual(other.tls, { cert: join(folder, "c.pem"), key: join(folder, "k.pem") });
  const { code, lines } = await wattle(start, folder);
  assert.equal(code, 78);
  const text = lines.join("\n");
  assert.match(
    text,
    /sub\/broker\.pem cannot be used:\n {2}listen\.tls\.cert: found no such file;/,
  );
});
