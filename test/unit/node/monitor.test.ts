// SPDX-License-Identifier: Apache-2.0
/** `wattle monitor`: the picture from a scripted sequence of topics, and one from a real broker. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { test } from "node:test";
import { areaAcl } from "#node/broker/acl";
import { startBroker } from "#node/broker/embedded";
import { MonitorView } from "#node/cli/monitor-view";

const ID = ["aa".repeat(16), "bb".repeat(16)];
const ROOT = "wattle/1/street/";
const bytes = (value: unknown) => Buffer.from(JSON.stringify(value));

const GATEWAY = {
  state: "online",
  net: "demo",
  area: "street",
  members: 2,
  expectNodes: 2,
  slotSeconds: 900,
  slots: 96,
  clock: "barrier",
  market: { timing: "ex-post", mode: "auction", pricing: "uniform", kPermille: 500 },
};

const NODE = (i: number, more: Record<string, unknown> = {}) => ({
  name: `Building_${i === 0 ? 2 : 10}`,
  node: ID[i],
  online: true,
  role: i === 0 ? "buyer" : "seller",
  boundary: 1,
  "1-0:1.8.0 import Wh": 12_345 * (1 - i),
  "1-0:2.8.0 export Wh": 678 * i,
  slotNetWh: i === 0 ? 500 : -678,
  freeMicro: 99_123_456,
  lockedMicro: 1_500_000,
  alarm: null,
  ...more,
});

const SLOT = {
  slot: 4,
  start: "2026-01-01T01:00:00Z",
  slotSeconds: 900,
  members: 2,
  missed: [],
  tradedWh: 500,
  contracts: 2,
  priceMicroPerKwh: 190_000,
  retailMicroPerKwh: 300_000,
  feedInMicroPerKwh: 80_000,
};
const CHAIN = {
  height: 9,
  block: "c0ffee".repeat(10),
  at: "2026-01-01T01:22:30Z",
  transactions: 2,
};
const TOTALS = {
  slotsSettled: 5,
  slotsWithTrade: 3,
  tradedWh: 2500,
  finished: false,
  coins: { walletsMicro: 198_246_912, lockedMicro: 3_000_000, mintedMicro: 0 },
};

function connected(): MonitorView {
  const view = new MonitorView("street", "mqtt://h:1883");
  view.link = "connected";
  return view;
}

function filled(): MonitorView {
  const view = connected();
  const apply = (topic: string, value: unknown) => view.apply(ROOT + topic, bytes(value));
  for (const id of ID) apply(`node/${id}/state`, { state: "online", boot: 1 });
  apply("monitor/gateway", GATEWAY);
  assert.equal(apply("monitor/slot", SLOT), false);
  apply("monitor/node/Building_10", NODE(1));
  apply("monitor/node/Building_2", NODE(0));
  apply("monitor/chain", CHAIN);
  assert.equal(apply("monitor/totals", TOTALS), true, "the totals end a slot");
  return view;
}

test("without a broker and without a gateway it says what it waits for", () => {
  const view = new MonitorView("street", "mqtt://h:1883");
  view.linkError = "ECONNREFUSED";
  assert.deepEqual(view.render(100, 20), [
    "Wattle area street  mqtt://h:1883  connecting (ECONNREFUSED)",
    "waiting for the broker; this view fills itself when there is one",
  ]);
  assert.deepEqual(connected().render(120, 20), [
    "Wattle area street  mqtt://h:1883",
    'no gateway of area "street" has spoken on this broker yet; ' +
      "this view fills itself when there is one",
  ]);
});

test("before the first slot it says who is awaited", () => {
  const view = connected();
  view.apply(`${ROOT}monitor/gateway`, bytes(GATEWAY));
  view.apply(`${ROOT}node/${ID[0]}/state`, bytes({ state: "online", boot: 1 }));
  assert.deepEqual(view.render(120, 20).slice(1), [
    "gateway online  net demo  clock barrier  market ex-post auction uniform",
    "before the first slot: waiting for 2 members, online 1",
  ]);
});

test("the latest event of a meter stands above the table", () => {
  const view = filled();
  const latest = [
    { event: "gap", at: null, boot: 1, register: null, valueMwh: "0" },
    { event: "off-counted", at: "2026-01-01T01:07:00Z", register: "import", valueMwh: "12345" },
  ];
  const member = { name: "Building_2", node: ID[0], events: 7, latest };
  view.apply(`${ROOT}monitor/event/Building_2`, bytes(member));
  view.apply(`${ROOT}monitor/event/odd`, bytes({ name: "\u001b[2J", latest: "none" }));
  const lines = view.render(120, 20).filter((line) => line.startsWith("meter event"));
  assert.deepEqual(lines, [
    "meter event: ?[2J (- in all) -, time unknown",
    "meter event: Building_2 (7 in all) off-counted import 12345 mWh, 2026-01-01T01:07:00Z",
  ]);
});

test("the whole picture", () => {
  assert.deepEqual(filled().render(120, 20), [
    "Wattle area street  mqtt://h:1883",
    "gateway online  net demo  clock barrier  market ex-post auction uniform",
    "slot 5/96  2026-01-01T01:00:00Z  900 s  members 2, online 2",
    "last clearing: price 0.1900, 0.500 kWh in 2 contracts (feed-in 0.0800, retail 0.3000)",
    "chain: block 9 c0ffeec0ffeec0ff at 2026-01-01T01:22:30Z, 2 transactions",
    "totals: 2.500 kWh in 3 of 5 slots, coins 198.24 in wallets, 3.00 locked, 0.00 minted",
    "",
    "name         role     import kWh   export kWh      slot Wh        coins       locked" +
      "  online  alarm",
    "Building_2   buyer        12.345        0.000          500        99.12         1.50  yes",
    "Building_10  seller        0.000        0.678         -678        99.12         1.50  yes",
  ]);
});

test("a node that goes, an alarm and a missed slot are seen", () => {
  const view = filled();
  view.apply(`${ROOT}node/${ID[1]}/state`, bytes({ state: "offline", boot: 1 }));
  view.apply(`${ROOT}monitor/node/Building_2`, bytes(NODE(0, { alarm: "FILL_WRONG" })));
  view.apply(`${ROOT}monitor/slot`, bytes({ ...SLOT, missed: ["Building_10"] }));
  const lines = view.render(120, 20);
  assert.ok(lines.includes("missed in this slot: Building_10"));
  assert.match(lines.find((line) => line.startsWith("Building_2 "))!, / {2}yes {5}FILL_WRONG$/);
  assert.match(lines.find((line) => line.startsWith("Building_10 "))!, / {2}NO$/);
  assert.match(view.line(), /^slot 4 {2}2026-01-01T01:00:00Z {2}0\.500 kWh .* missed Building_10$/);
});

test("a lost connection, a last will and a finished run are seen", () => {
  const view = filled();
  view.link = "lost";
  assert.match(view.render(120, 20)[0], / {2}CONNECTION LOST, trying again$/);
  view.link = "connected";
  view.apply(`${ROOT}monitor/gateway`, bytes({ state: "offline", reason: "lost" }));
  assert.equal(
    view.render(120, 20)[1],
    "gateway offline (connection lost)  net demo  clock barrier  market ex-post auction uniform",
  );
  view.apply(`${ROOT}monitor/gateway`, bytes({ ...GATEWAY, state: "online" }));
  view.apply(`${ROOT}monitor/totals`, bytes({ ...TOTALS, finished: true }));
  assert.match(view.render(120, 20)[1], /^gateway online, finished /);
  assert.match(view.status(), /gateway online, finished$/);
});

test("it fits the terminal, and counts the nodes that do not", () => {
  const view = filled();
  for (let i = 0; i < 50; i++)
    view.apply(`${ROOT}monitor/node/n${i}`, bytes(NODE(0, { name: `n${i}` })));
  const lines = view.render(60, 20);
  assert.equal(lines.length, 20);
  for (const line of lines) assert.ok(line.length <= 60, line);
  assert.equal(lines[19], "... and 41 more nodes");
  for (let height = 1; height < 20; height++) assert.ok(view.render(60, height).length <= height);
});

test("what is broken, foreign or meant for the terminal changes nothing", () => {
  const view = filled();
  const before = view.render(120, 20);
  view.apply("wattle/1/other/monitor/slot", bytes({ ...SLOT, slot: 7 }));
  view.apply(`${ROOT}monitor/slot`, Buffer.from("{"));
  view.apply(`${ROOT}monitor/slot`, Buffer.from("7"));
  view.apply(`${ROOT}monitor/slot`, Buffer.alloc(20_000, "1"));
  view.apply(`${ROOT}dag/caps`, bytes({}));
  assert.deepEqual(view.render(120, 20), before);
  view.apply(`${ROOT}monitor/node/x`, bytes(NODE(0, { name: "\x1b[2Jx\n", freeMicro: "rich" })));
  const text = view.render(120, 30).join("");
  assert.match(text, /\?\[2Jx\?/);
  for (const letter of text) assert.ok(letter >= " " && letter <= "~", JSON.stringify(letter));
});

test("--once prints the picture from a broker, or ends with code 1", async () => {
  const broker = await startBroker({ host: "127.0.0.1", port: 0, acl: areaAcl("street") });
  const url = `mqtt://127.0.0.1:${broker.port}`;
  const run = async (waitMs: number) => {
    const program =
      'const { monitorCommand } = await import("#node/cli/monitor");' +
      `process.exitCode = await monitorCommand({ url: "${url}", area: "street", once: true, ` +
      `onceTimeoutMs: ${waitMs} });`;
    const child = spawn(process.execPath, ["--input-type=module", "-e", program]);
    let out = "";
    child.stdout.on("data", (data) => (out += data));
    const code = await new Promise((resolve) => child.once("close", resolve));
    return { code, lines: out.trimEnd().split("\n") };
  };
  const none = await run(500);
  assert.equal(none.code, 1);
  assert.match(none.lines[1], /^(no gateway|waiting for the broker)/);
  for (const [topic, value] of [
    ["gateway", GATEWAY],
    ["slot", SLOT],
    ["node/Building_2", NODE(0)],
  ] as const)
    broker.publish(`${ROOT}monitor/${topic}`, bytes(value), { retain: true });
  const { code, lines } = await run(20_000);
  assert.equal(code, 0, lines.join("\n"));
  assert.equal(lines[0], `Wattle area street  ${url}`);
  assert.match(lines[2], /^slot 5\/96/);
  assert.match(lines[lines.length - 1], /^Building_2 /);
  await broker.close();
});
