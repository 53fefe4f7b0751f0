// SPDX-License-Identifier: Apache-2.0
/**
 * The gateway's configuration: defaults, units, every broken example with its message, and
 * rendering.
 */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { ConfigError, didYouMean } from "#node/config/config-error";
import { HELP, KEYS } from "#node/config/config-schema";
import {
  type GatewayConfig,
  gatewayConfig,
  gatewayOptions,
  loadGatewayConfig,
  tariffOf,
} from "#node/config/gateway-config";
import { renderGatewayConfig } from "#node/config/render-config";

const dir = mkdtempSync(join(tmpdir(), "wattle-config-"));
after(() => rmSync(dir, { recursive: true, force: true }));

const read = (json: unknown) => gatewayConfig(json, { file: "gw.json", dir });
const file = (name: string, text: string) => {
  writeFileSync(join(dir, name), text);
  return join(dir, name);
};

function problems(json: unknown): string[] {
  try {
    read(json);
  } catch (error) {
    assert.ok(error instanceof ConfigError, String(error));
    const [first, ...lines] = error.message.split("\n");
    assert.equal(first, "gw.json cannot be used:");
    return lines.map((line) => line.trim());
  }
  throw new Error(`${JSON.stringify(json)} was taken`);
}

test("an area is enough; everything else has a default", () => {
  const config = read({ area: "street" });
  const expected: GatewayConfig = {
    net: "wattle",
    area: "street",
    keyFile: join(dir, "gateway.key"),
    createKey: true,
    store: join(dir, "gateway.db"),
    sealKeyFile: join(dir, "gateway.seal"),
    bus: { kind: "listen", host: "127.0.0.1", port: 1883 },
    access: "tokens",
    operators: undefined,
    admit: "open",
    expectNodes: 1,
    genesisMicro: 100_000_000,
    deposit: undefined,
    withdraw: undefined,
    slotMs: 900_000,
    worldStart: "next-slot",
    slots: undefined,
    clock: { kind: "running", ratePermille: 1000, wall: true },
    slotTimeoutMs: 30_000,
    tickMs: 30_000,
    ageMaxMs: 120_000,
    proofOfTime: { epochMs: 86_400_000, committee: undefined, epsilonMs: 2000, tauMs: 10_000 },
    market: { timing: "ex-post", mode: "auction", pricing: "uniform", kPermille: 500 },
    feedInMicro: 80_000,
    retail: { kind: "fixed", micro: 300_000 },
    logLevel: "info",
  };
  assert.deepEqual(config, expected);
});

const FULL = {
  net: "n1",
  area: "a.b-c_d",
  keyFile: "/keys/k",
  createKey: false,
  store: "sub/s.db",
  sealKeyFile: "/keys/s",
  broker: { url: "mqtts://host:8883", username: "u", password: "p" },
  admit: {
    members: [
      { name: "m1", publicKey: "11".repeat(32) },
      { name: "m2", publicKey: "22".repeat(32) },
    ],
  },
  expectNodes: 2,
  genesisCoins: "0.000001",
  deposit: { belowCoins: 20, toCoins: "100.5" },
  withdraw: { aboveCoins: 500, toCoins: "200.25" },
  slotSeconds: 60.5,
  worldStart: "2026-01-01T01:00:00+01:00",
  slots: 2,
  clock: { speed: 0.125 },
  slotTimeoutSeconds: 0.5,
  tickSeconds: 0.25,
  ageMaxSeconds: 3,
  market: { timing: "ex-ante", mode: "guided", pricing: "pay-as-bid", kPermille: 0 },
  tariff: { feedInPerKwh: 0.1, retailCsv: "prices.csv", retailColumn: "p" },
  log: { level: "silent" },
};

test("every key is read, in integers of the smallest unit", () => {
  file("prices.csv", "slot,p\n0,0.22\n1,1\n2,0.000001\n");
  const config = read(FULL);
  assert.equal(config.genesisMicro, 1);
  assert.deepEqual(config.deposit, { belowMicro: 20_000_000, toMicro: 100_500_000 });
  assert.deepEqual(config.withdraw, { aboveMicro: 500_000_000, toMicro: 200_250_000 });
  assert.equal(config.slotMs, 60_500);
  assert.equal(config.worldStart, Date.UTC(2026, 0, 1));
  assert.deepEqual(config.clock, { kind: "running", ratePermille: 125 });
  assert.deepEqual([config.slotTimeoutMs, config.tickMs, config.ageMaxMs], [500, 250, 3000]);
  assert.equal(config.keyFile, "/keys/k");
  assert.equal(config.sealKeyFile, "/keys/s");
  assert.equal(config.store, join(dir, "sub/s.db"));
  const options = gatewayOptions(config, new Uint8Array(32), 7);
  assert.deepEqual(options.admit, new Set(["11".repeat(32), "22".repeat(32)]));
  assert.equal(options.worldStartMs, 7);
  const tariff = tariffOf(config);
  assert.equal(tariff.feedInMicro, 100_000);
  assert.deepEqual(
    [-1, 0, 1, 2, 3, 1000].map((slot) => tariff.retailMicro(slot)),
    [220_000, 220_000, 1_000_000, 1, 1, 1],
  );
});

test("what is rendered reads back as the same, but for a password, which is not shown", () => {
  file("prices.csv", "slot,p\n0,0.22\n1,1\n");
  const { broker, ...rest } = FULL;
  for (const json of [{ area: "street" }, { ...rest, broker: { url: broker.url } }, rest]) {
    const config = read(json);
    assert.deepEqual(read(JSON.parse(renderGatewayConfig(config))), config);
  }
  const text = renderGatewayConfig(read({ ...FULL, broker: { ...broker, password: "hush" } }));
  assert.doesNotMatch(text, /hush/);
  const url = "mqtt://user:hush@host";
  assert.doesNotMatch(renderGatewayConfig(read({ area: "a", broker: { url } })), /hush/);
});

const NAME = "1 to 40 of the characters A-Z a-z 0-9 . _ -";
const COINS = 'coins as decimal text with at most six places, such as "100" or "0.25"';

/** What is broken, and all that is said about it. */
const BROKEN: [string, Record<string, unknown>, string][] = [
  [
    "a missing area",
    { area: undefined },
    `area: found nothing; allowed: ${NAME}. Name the area: it is one level of every MQTT topic.`,
  ],
  [
    "an area that is no topic level",
    { area: "a/b" },
    `area: found "a/b"; allowed: ${NAME}. Name the area: it is one level of every MQTT topic.`,
  ],
  [
    "a misspelt key",
    { slotSecond: 900 },
    `slotSecond: found an unknown key; allowed: ${KEYS[""].join(", ")}. ` +
      'Did you mean "slotSeconds"?',
  ],
  [
    "a misspelt key below another",
    { market: { priceing: "uniform" } },
    "market.priceing: found an unknown key; allowed: timing, mode, pricing, kPermille. " +
      'Did you mean "pricing"?',
  ],
  [
    "an unknown key like no other",
    { log: { xyzzy: 1 } },
    "log.xyzzy: found an unknown key; allowed: level. Remove it.",
  ],
  [
    "a length in text",
    { slotSeconds: "900" },
    'slotSeconds: found "900"; allowed: 1 to 86400 seconds, at most three decimals. ' +
      "Use 900 for quarter-hours.",
  ],
  [
    "a length with too many decimals",
    { slotSeconds: 1.0005 },
    "slotSeconds: found 1.0005; allowed: 1 to 86400 seconds, at most three decimals. " +
      "Use 900 for quarter-hours.",
  ],
  [
    "money that is not exact",
    { genesisCoins: "0.0000001" },
    `genesisCoins: found "0.0000001"; allowed: ${COINS}. ` +
      "Quote the number to be sure that it is exact.",
  ],
  [
    "negative money",
    { genesisCoins: -1 },
    `genesisCoins: found -1; allowed: ${COINS}. Quote the number to be sure that it is exact.`,
  ],
  [
    "a price beyond the limit",
    { tariff: { retailPerKwh: "1000.1" } },
    `tariff.retailPerKwh: found "1000.1"; allowed: a price per kWh in ${COINS}, at most 1000. ` +
      "Give what the grid charges.",
  ],
  [
    "a time without a zone",
    { worldStart: "2026-01-01T00:00:00" },
    'worldStart: found "2026-01-01T00:00:00"; allowed: "next-slot" or a time with its zone, ' +
      "such as 2026-01-01T00:00:00Z. Add Z for UTC, or an offset such as +01:00.",
  ],
  [
    "a day that does not exist",
    { worldStart: "2026-13-01T00:00:00Z" },
    'worldStart: found "2026-13-01T00:00:00Z"; allowed: "next-slot" or a time with its zone, ' +
      "such as 2026-01-01T00:00:00Z. Add Z for UTC, or an offset such as +01:00.",
  ],
  [
    "a tick that is too long for the slot",
    { slotSeconds: 60, tickSeconds: 10 },
    "tickSeconds: found 10 s; allowed: at most 7.5 s, as 4 transactions fit in half a slot. " +
      "Lower tickSeconds or raise slotSeconds.",
  ],
  [
    "no tick",
    { tickSeconds: 0 },
    "tickSeconds: found 0; allowed: 0.001 s to an eighth of the slot. " +
      "Leave it out for 30 s (half a real second where that is more), at most an eighth of the slot.",
  ],
  [
    "an age below the tick",
    { tickSeconds: 10, ageMaxSeconds: 5 },
    "ageMaxSeconds: found 5 s; allowed: at least 10 s. Raise it.",
  ],
  [
    "two brokers",
    { listen: { port: 1 }, broker: { url: "mqtt://h" } },
    "broker: found listen and broker; allowed: one of them. Leave out listen to use that broker.",
  ],
  [
    "a broker that is no URL",
    { broker: { url: "localhost:1883" } },
    'broker.url: found "localhost:1883"; allowed: a URL such as mqtt://host:1883. ' +
      "Name the external broker.",
  ],
  [
    "a port that is none",
    { listen: { port: 65536 } },
    "listen.port: found 65536; allowed: a whole number, 0 to 65535. Use 0 for any free port.",
  ],
  [
    "a clock of another kind",
    { clock: "fast" },
    'clock: found "fast"; allowed: "barrier" or {speed}. Use {speed: 1} for the wall clock.',
  ],
  [
    "a clock that stands",
    { clock: { speed: 0 } },
    "clock.speed: found 0; allowed: 0.001 to 10000, at most three decimals. " +
      "Give protocol seconds in one real second; 1 is real time.",
  ],
  [
    "members with a short key",
    { admit: { members: [{ name: "m", publicKey: "abc" }] } },
    'admit.members[0].publicKey: found "abc"; allowed: 64 lower-case hex digits. ' +
      "Copy the meter's Ed25519 public key.",
  ],
  [
    "a member twice",
    {
      admit: {
        members: [
          { name: "m", publicKey: "11".repeat(32) },
          { name: "m", publicKey: "22".repeat(32) },
        ],
      },
    },
    "admit.members: found m twice; allowed: each once. Remove one.",
  ],
  [
    "more nodes than may come",
    { expectNodes: 2, admit: { members: [{ name: "m", publicKey: "11".repeat(32) }] } },
    "expectNodes: found 2; allowed: at most the 1 members that are admitted. " +
      "Lower it or admit more.",
  ],
  [
    "a deposit that never ends",
    { deposit: { belowCoins: 100, toCoins: 100 } },
    "deposit.toCoins: found no more than belowCoins; allowed: more than belowCoins. Raise toCoins.",
  ],
  [
    "two retail prices",
    { tariff: { retailPerKwh: 1, retailCsv: "x.csv" } },
    "tariff: found retailPerKwh and retailCsv; allowed: one of them. Leave one out.",
  ],
  [
    "a column of no file",
    { tariff: { retailColumn: "p" } },
    "tariff.retailColumn: found no retailCsv; allowed: a column of that file. Add retailCsv.",
  ],
  [
    "another market",
    { market: { mode: "auktion" } },
    'market.mode: found "auktion"; allowed: "auction" or "guided". ' +
      "guided lets sellers answer the announced demand.",
  ],
];

for (const [what, changes, message] of BROKEN)
  test(`refused: ${what}`, () => {
    assert.deepEqual(problems({ area: "street", ...changes }), [message]);
  });

test("all faults are said at once", () => {
  assert.equal(problems({ area: "", slots: 0, log: { level: "loud" } }).length, 3);
  assert.match(problems([])[0], /^the file: found \[\]; allowed: one JSON object\. See docs\//);
  assert.match(problems(null)[0], /^the file: found null/);
  assert.match(problems({ area: "a", market: [] })[0], /^market: found \[\]; allowed: \{timing/);
});

test("price files are read exactly, and faults name file, line and cure", () => {
  const csv = (text: string, column?: string) => {
    const retailCsv = file("p.csv", text);
    return { area: "a", slots: 2, tariff: { retailCsv, ...(column && { retailColumn: column }) } };
  };
  const { retail } = read(csv("price\r\n0.22\r\n0.54\r\n\r\n"));
  assert.ok(retail.kind === "csv");
  assert.deepEqual(retail.micros, [220_000, 540_000]);
  const fault = (json: unknown) => {
    let text = "";
    assert.throws(
      () => read(json),
      (error: Error) => {
        text = error.message.split("\n")[1].trim().replaceAll(dir, "");
        return error instanceof ConfigError;
      },
    );
    return text;
  };
  assert.equal(
    fault(csv("price\n0.22\n-0.5\n")),
    'tariff.retailCsv: found "-0.5"; allowed: 1 fields with a price of at most six decimals. ' +
      "Correct line 3 of /p.csv.",
  );
  assert.equal(
    fault(csv("a,b\n1,2\n1,2\n")),
    "tariff.retailColumn: found 2 columns; allowed: one of a, b. " +
      "Set tariff.retailColumn to one of them.",
  );
  assert.equal(
    fault(csv("time,price\n1,2\n1,2\n", "prise")),
    'tariff.retailColumn: found no column "prise"; allowed: one of time, price. ' +
      'Did you mean "price"?',
  );
  assert.equal(
    fault(csv("price\n1\n")),
    "tariff.retailCsv: found 1 prices; allowed: one for each of the 2 slots. " +
      "Add prices, or run fewer slots.",
  );
  assert.match(
    fault({ area: "a", tariff: { retailCsv: "none.csv" } }),
    /found ENOENT for \/none\.csv; allowed: a CSV file .* Check the path\.$/,
  );
});

test("overrides win over the file, and relative paths start at the file", () => {
  const path = file("gw.json", '{"area": "street", "market": {"mode": "guided"}}');
  const sets = ["slots=4", "market.pricing=pay-as-bid", "clock.speed=60", 'net="quoted"'];
  const config = loadGatewayConfig(path, [...sets, "genesisCoins=12.5", "deposit=null"]);
  assert.equal(config.slots, 4);
  assert.equal(config.net, "quoted");
  assert.equal(config.genesisMicro, 12_500_000);
  assert.deepEqual(config.clock, { kind: "running", ratePermille: 60_000 });
  assert.equal(config.market.mode, "guided");
  assert.equal(config.market.pricing, "pay-as-bid");
  assert.equal(config.store, join(dir, "gateway.db"));
  const faulty = (sets: string[], message: RegExp) =>
    assert.throws(() => loadGatewayConfig(path, sets), message);
  faulty(["slots"], /--set: found "slots"; allowed: key=value\. Write for example --set market/);
  faulty(["market.mod=guided"], /market\.mod: found an unknown key.*Did you mean "mode"\?/);
  faulty(["__proto__.x=1"], /--set: found/);
  faulty(["=1"], /--set: found/);
});

test("files that are missing or no JSON are refused with the place", () => {
  const absent = join(dir, "absent.json");
  assert.throws(() => loadGatewayConfig(absent), /absent\.json cannot be used:\n.*found ENOENT/);
  const broken = file("broken.json", '{"area": "a",}');
  assert.throws(() => loadGatewayConfig(broken), /found no JSON \(.*line 1 column 14.*\); allowed/);
});

test("every key of the file has its help, and the nearest word is found", () => {
  for (const [path, keys] of Object.entries(KEYS))
    for (const key of keys) {
      const full = path === "" ? key : `${path}.${key}`;
      assert.ok(HELP[full], full);
      assert.doesNotMatch(HELP[full].cure, /[.?]$/, full);
    }
  assert.equal(didYouMean("slot", ["net", "slotSeconds"]), "slotSeconds");
  assert.equal(didYouMean("keyfile", KEYS[""]), "keyFile");
  assert.equal(didYouMean("zzzzzz", KEYS[""]), undefined);
});
