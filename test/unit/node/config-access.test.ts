// SPDX-License-Identifier: Apache-2.0
/** The configuration of who gets at the broker, and how: TLS, tokens, operators. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { gatewayConfig } from "#node/config/gateway-config";
import { renderGatewayConfig } from "#node/config/render-config";

const dir = "/somewhere";
const read = (json: object) => gatewayConfig({ area: "a", ...json }, { file: "gw.json", dir });

test("TLS has a port of its own, and paths beside the file", () => {
  const { bus } = read({ listen: { tls: { cert: "b.pem", key: "/b.key" } } });
  const tls = { cert: `${dir}/b.pem`, key: "/b.key" };
  assert.deepEqual(bus, { kind: "listen", host: "127.0.0.1", port: 8883, tls });
  const other = read({ listen: { port: 9, tls: { cert: "b", key: "k" } } }).bus;
  assert.equal(other.kind === "listen" && other.port, 9);
});

test("what is rendered reads back as the same", () => {
  const tls = { cert: "b.pem", key: "/b.key" };
  const config = read({
    listen: { port: 7, tls },
    access: "claims",
    operators: ["ab".repeat(32)],
  });
  assert.equal(config.access, "claims");
  assert.deepEqual(read(JSON.parse(renderGatewayConfig(config))), config);
});

test("accounts at a Mosquitto: the folder of logins is beside the file", () => {
  const url = "mqtt://127.0.0.1:1884";
  const config = read({ broker: { url, dynamicSecurity: {} } });
  const logins = `${dir}/logins`;
  assert.deepEqual(config.bus, { kind: "broker", url, dynamicSecurity: { logins } });
  assert.deepEqual(read(JSON.parse(renderGatewayConfig(config))), config);
  assert.ok(!("dynamicSecurity" in read({ broker: { url } }).bus));
  assert.throws(
    () => read({ broker: { url, dynamicSecurity: true } }),
    /dynamicSecurity.*\n?.*logins/,
  );
});

const BROKEN: [object, string][] = [
  [
    { broker: { url: "mqtt://h" }, access: "claims" },
    "access: found with broker; allowed: with listen only. " +
      "Leave it out: who may do what is that broker's.",
  ],
  [
    { broker: { url: "mqtt://h" }, operators: [] },
    "operators: found with broker; allowed: with listen only. " +
      "Leave it out: who may do what is that broker's.",
  ],
  [
    { access: "none" },
    'access: found "none"; allowed: "tokens" or "claims". ' +
      "tokens: clients prove who they are; claims: they say so, for closed networks.",
  ],
  [
    { operators: ["ab".repeat(32), "AB"] },
    'operators[1]: found "AB"; allowed: 64 lower-case hex digits. ' +
      "Copy the public key that wattle monitor names when it is refused.",
  ],
  [
    { listen: { tls: { cert: "b.pem" } } },
    "listen.tls.key: found nothing; allowed: a path. Give the certificate's private key, as PEM.",
  ],
  [
    { listen: { tls: { crt: "b.pem", cert: "b", key: "k" } } },
    'listen.tls.crt: found an unknown key; allowed: cert, key. Did you mean "cert"?',
  ],
];

for (const [json, message] of BROKEN)
  test(message.slice(0, message.indexOf(";")), () => {
    assert.throws(() => read(json), { message: `gw.json cannot be used:\n  ${message}` });
  });
