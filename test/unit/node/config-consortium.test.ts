// SPDX-License-Identifier: Apache-2.0
/** The consortium in the gateway's configuration, and `wattle keys`. */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { toHex } from "#core/codec/bytes";
import { nodeIdOf } from "#core/identity";
import { keysCommand } from "#node/cli/keys";
import { Addresses } from "#node/config/addresses";
import { gatewayConfig, gatewayOptions } from "#node/config/gateway-config";
import { renderGatewayConfig } from "#node/config/render-config";
import { beaconKeyOf } from "#node/consortium/beacon";
import { sodiumCrypto } from "#node/crypto/sodium";
import { tokenPasswords } from "#node/mqtt/token";
import { accessOf } from "#node/process/access";

const crypto = sodiumCrypto();
const secretOf = (index: number) => new Uint8Array(32).fill(index + 1);
const entry = (index: number) => ({
  publicKey: toHex(crypto.publicKey(secretOf(index))),
  beaconKey: toHex(beaconKeyOf(secretOf(index))),
  area: `a${index}`,
  url: `mqtt://host-${index}:1883`,
});
const worldStart = "2026-01-01T00:00:00.000Z";
const read = (consortium: unknown, more: Record<string, unknown> = {}) =>
  gatewayConfig({ area: "a0", worldStart, consortium, ...more }, { file: "gw.json", dir: "/" });
const three = { gateways: [entry(0), entry(1), entry(2)] };

test("defaults, and what the gateway is given: by id, whatever the order of the file", () => {
  const config = read(three);
  const { rule, leader, intervalMs } = config.consortium!;
  assert.deepEqual([rule, leader, intervalMs], ["quorum", "round-robin", 250]);
  assert.equal(read(three, { clock: "barrier" }).consortium!.intervalMs, 0);
  assert.deepEqual(config.clock, { kind: "running", ratePermille: 1000, wall: true });
  const ids = (of: typeof config) =>
    gatewayOptions(of, secretOf(0), 0).consortium!.gateways.map(({ id }) => toHex(id));
  assert.deepEqual(ids(config), ids(read({ gateways: three.gateways.toReversed() })));
  assert.deepEqual(ids(config), [...ids(config)].sort());
  const again = JSON.parse(renderGatewayConfig(config));
  assert.deepEqual(read(again.consortium).consortium, config.consortium);
});

test("a configuration that is shown has no logins in its URLs", () => {
  const url = "mqtts://street-2:secret@host-2:8883";
  const gateways = [entry(0), { ...entry(1), url }, entry(2)];
  const config = read({ gateways, addresses: [{ publicKey: entry(3).publicKey, url }] });
  assert.equal(config.consortium!.gateways[1].url, url);
  const shown = renderGatewayConfig(config);
  assert.ok(!shown.includes("secret"));
  assert.equal(shown.split("mqtts://host-2:8883").length, 3);
});

test("states and short logs: how often, and how much is kept", () => {
  const config = read({ ...three, stateTurns: 128, keepTurns: 256 });
  const { stateTurns, keepTurns } = gatewayOptions(config, secretOf(0), 0).consortium!;
  assert.deepEqual([stateTurns, keepTurns], [128, 256]);
  const again = JSON.parse(renderGatewayConfig(config));
  assert.deepEqual(read(again.consortium).consortium, config.consortium);
});

test("what cannot be is refused with its place", () => {
  const [a, b] = three.gateways;
  const refused: [unknown, Record<string, unknown>, RegExp][] = [
    [{}, {}, /consortium\.gateways: found nothing/],
    [{ gateways: [] }, {}, /consortium\.gateways: found/],
    [{ gateways: [a, b, b] }, {}, /consortium\.gateways: found publicKey \w+ twice/],
    [{ gateways: [b] }, {}, /found none of area a0; allowed: this gateway among them/],
    [{ gateways: [a, { ...b, url: undefined }] }, {}, /gateways\[1\]\.url: found none/],
    [{ gateways: [a, { ...b, url: "mqtt://host:99999" }] }, {}, /gateways\[1\]\.url: found "mqtt/],
    [{ gateways: [a, { ...b, beaconKey: "00" }] }, {}, /gateways\[1\]\.beaconKey: found "00"/],
    [three, { worldStart: "next-slot" }, /worldStart: found next-slot; .* the same at all/],
    [{ ...three, rule: "most" }, {}, /consortium\.rule: found "most"/],
    [{ ...three, intervalMs: -1 }, {}, /consortium\.intervalMs: found -1/],
    [{ ...three, stateTurns: 63 }, {}, /consortium\.stateTurns: found 63/],
    [
      { ...three, keepTurns: 1000 },
      {},
      /keepTurns: found 1000; allowed: at least stateTurns, 1024/,
    ],
    [{ ...three, quorum: 3 }, {}, /consortium\.quorum: found an unknown key/],
  ];
  for (const [consortium, more, message] of refused)
    assert.throws(() => read(consortium, more), message);
  const shared = { gateways: three.gateways.map(({ url: _, ...one }) => one) };
  const broker = { broker: { url: "mqtt://one:1883" } };
  assert.equal(read(shared, broker).consortium!.gateways[1].url, undefined);
});

test("the others are all but the one whose key it is", () => {
  const { consortium } = read(three);
  const at = { consortium: consortium!, keyFile: "gateway.key" };
  const { others } = new Addresses(crypto, at, secretOf(1));
  assert.deepEqual(
    others.map(({ area }) => area),
    ["a0", "a2"],
  );
  assert.throws(() => new Addresses(crypto, at, secretOf(7)), /found none with the key/);
  const [a, b, c] = three.gateways;
  const wrong = read({ gateways: [a, { ...b, beaconKey: `${c.beaconKey.slice(0, -1)}0` }, c] });
  const mine = { consortium: wrong.consortium!, keyFile: "gateway.key" };
  assert.throws(() => new Addresses(crypto, mine, secretOf(1)), /gateways\[1\]\.beaconKey/);
});

test("wattle keys prints what others need, and makes a key only where it is told to", (t) => {
  const dir = mkdtempSync(join(tmpdir(), "wattle-keys-"));
  t.after(() => rmSync(dir, { recursive: true }));
  const key = join(dir, "gateway.key");
  const said: string[] = [];
  const say = (text: string) => void said.push(text);
  assert.equal(keysCommand({ key, say, err: say }), 2);
  assert.match(said.join(""), /no such file/);
  assert.equal(keysCommand({ key, make: true, json: true, area: "a9", say }), 0);
  const first = JSON.parse(said.at(-1)!);
  assert.equal(first.beaconKey.length, 192);
  assert.equal(keysCommand({ key, say }), 0);
  assert.ok(said.at(-1)!.includes(first.publicKey));
  assert.ok(!said.join("").includes(toHex(secretOf(0))));
});

test("a gateway that is apart from the others takes in them, and no nodes", async () => {
  const config = read(three, { operators: [] });
  const idOf = (index: number) => toHex(nodeIdOf(crypto, crypto.publicKey(secretOf(index))));
  const gatewayKey = crypto.publicKey(secretOf(0));
  let apart = true;
  const access = accessOf(
    config,
    secretOf(0),
    new Set([idOf(1)]),
    () => {},
    () => apart,
  );
  const passwordOf = (index: number) => {
    const client = idOf(index);
    const source = { crypto, secretKey: secretOf(index), net: config.net, gatewayKey, client };
    return tokenPasswords({ ...source, nowMs: () => Date.now() + 5 })();
  };
  const classOf = async (index: number) => {
    const who = await access(idOf(index), undefined, passwordOf(index));
    return "fault" in who ? who.fault : who.class;
  };
  assert.equal(await classOf(1), "gateway");
  assert.equal(await classOf(5), "GATEWAY_APART");
  apart = false;
  assert.equal(await classOf(6), "node");
});
