// SPDX-License-Identifier: Apache-2.0
/** Messages between a panel and a simulated meter: what is valid comes through, the rest changes nothing. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import {
  ALARM_CHARS_MAX,
  ALARMS_MAX,
  errorText,
  PANEL_CHARS_MAX,
  type PanelMessage,
  type PanelState,
  POWER_W_MAX,
  panelText,
  parseMeterMessage,
  parsePanelMessage,
  STATE_CHARS_MAX,
  stateText,
} from "#host-sim/panel/protocol";

const DAY_MS = 86_400_000;

const power = fc.integer({ min: 0, max: POWER_W_MAX });
const message: fc.Arbitrary<PanelMessage> = fc.oneof(
  fc.record({
    kind: fc.constant("set" as const),
    set: fc.record(
      { loadW: power, pvW: power, line: fc.boolean() },
      { requiredKeys: [], noNullPrototype: true },
    ),
  }),
  fc.constant<PanelMessage>({ kind: "power-cut" }),
  fc.constant<PanelMessage>({ kind: "ask" }),
  fc.record({
    kind: fc.constant("clock-step" as const),
    byMs: fc.integer({ min: -DAY_MS, max: DAY_MS }),
  }),
  fc.record({
    kind: fc.constant("meter-fault" as const),
    fault: fc.constantFrom("silent" as const, "garbled" as const),
    forMs: fc.integer({ min: 1, max: 3_600_000 }),
  }),
);

const STATE: PanelState = {
  name: "meter-1",
  node: "00112233445566778899aabbccddeeff",
  importMwh: "1234567",
  exportMwh: "0",
  importKwh: "1.234",
  exportKwh: "0.000",
  role: "buyer",
  netWh: 120,
  coinsMicro: 99_000_000,
  lockedMicro: 1,
  trade: {
    slot: 3,
    side: "bought",
    energyWh: 120,
    coinsMicro: 19_200,
    priceMicroPerKwh: 160_000,
    partners: 2,
    state: "accepted",
  },
  link: "online",
  slot: 4,
  timeMs: 1_785_000_000_000,
  ratePermille: 1000,
  quality: "synced",
  tokens: { tokens: 6, needed: 7 },
  waiting: 0,
  boot: 1,
  alarms: [],
  loadW: 3000,
  pvW: 0,
  line: true,
  fault: "none",
  update: "",
};

test("every valid message of a panel is read as it was written", () => {
  fc.assert(
    fc.property(message, (drawn) => {
      const said = { ...drawn };
      const line = panelText(said);
      assert.ok(line.length <= PANEL_CHARS_MAX);
      assert.deepEqual(parsePanelMessage(line), { ok: true, value: said });
    }),
  );
});

test("a press says what it can leave out", () => {
  const read = (line: string) => {
    const parsed = parsePanelMessage(line);
    assert.ok(parsed.ok, line);
    return parsed.value;
  };
  assert.deepEqual(read('{"press":"clock-step"}'), { kind: "clock-step", byMs: 3_600_000 });
  const fault = { kind: "meter-fault", fault: "silent", forMs: 60_000 };
  assert.deepEqual(read('{"press":"meter-fault"}'), fault);
  assert.deepEqual(read('{"set":{}}'), { kind: "set", set: {} });
});

test("what is no message is refused with its reason", () => {
  const bad: [string, RegExp][] = [
    ["", /not JSON/],
    ["{", /not JSON/],
    ["[]", /object/],
    ["null", /object/],
    ["7", /object/],
    ["{}", /"set", "press" or "ask"/],
    ['{"set":3}', /set takes an object/],
    ['{"set":null}', /set takes an object/],
    ['{"set":{"loadW":12001}}', /loadW takes a whole number from 0 to 12000/],
    ['{"set":{"loadW":-1}}', /loadW/],
    ['{"set":{"loadW":1.5}}', /loadW/],
    ['{"set":{"loadW":"100"}}', /loadW/],
    ['{"set":{"loadW":null}}', /loadW/],
    ['{"set":{"line":1}}', /line takes true or false/],
    ['{"set":{"loadw":1}}', /"loadw" is none of loadW, pvW, line/],
    ['{"set":{"__proto__":{"loadW":1}}}', /"__proto__" is none of/],
    ['{"set":{"constructor":1}}', /"constructor" is none of/],
    ['{"set":{},"press":"power-cut"}', /"press" is none of set/],
    ['{"press":"reboot"}', /press takes/],
    ['{"press":["power-cut"]}', /press takes/],
    ['{"press":"power-cut","now":1}', /"now" is none of press/],
    ['{"press":"clock-step","byMs":86400001}', /byMs/],
    ['{"press":"clock-step","byMs":null}', /byMs/],
    ['{"press":"clock-step","toString":1}', /"toString"/],
    ['{"press":"meter-fault","fault":"broken"}', /fault takes "silent" or "garbled"/],
    ['{"press":"meter-fault","forMs":0}', /forMs/],
    ['{"ask":"time"}', /ask takes "state"/],
    [`{"set":{}}${" ".repeat(PANEL_CHARS_MAX)}`, /at most 512 characters/],
  ];
  for (const [line, reason] of bad) {
    const parsed = parsePanelMessage(line);
    assert.ok(!parsed.ok, line);
    assert.match(parsed.reason, reason, line);
    const error = errorText(parsed.reason);
    assert.deepEqual(parseMeterMessage(error), { ok: true, value: JSON.parse(error) });
  }
});

test("no text makes the parsers throw, or lets a value out of bounds through", () => {
  const jsonish = fc.json({ maxDepth: 4 });
  const shaped = fc
    .record(
      {
        set: fc.dictionary(fc.constantFrom("loadW", "pvW", "line", "x"), fc.jsonValue()),
        press: fc.constantFrom("power-cut", "clock-step", "meter-fault", 3),
        byMs: fc.double(),
        fault: fc.string(),
        forMs: fc.double(),
        ask: fc.jsonValue(),
      },
      { requiredKeys: [], noNullPrototype: true },
    )
    .map((value) => JSON.stringify(value));
  fc.assert(
    fc.property(fc.oneof(fc.string(), jsonish, shaped), (line) => {
      const parsed = parsePanelMessage(line);
      if (parsed.ok) {
        assert.deepEqual(parsePanelMessage(panelText(parsed.value)), parsed, "as it was written");
      } else {
        assert.ok(errorText(parsed.reason).length < 250);
      }
      const meter = parseMeterMessage(line);
      assert.ok(!meter.ok || "error" in meter.value);
    }),
    { numRuns: 2000 },
  );
});

test("a state is read as it was written, and every field of it is checked", () => {
  const line = stateText(STATE);
  assert.deepEqual(parseMeterMessage(line), { ok: true, value: { state: STATE } });
  const wrong: Record<keyof PanelState, unknown> = {
    name: "x".repeat(201),
    node: "ü",
    importMwh: "-1",
    exportMwh: 5,
    importKwh: "1.2",
    exportKwh: "1.2345",
    role: "prosumer",
    netWh: 0.5,
    coinsMicro: -1,
    lockedMicro: "1",
    trade: { ...STATE.trade, partners: -1 },
    tokens: { tokens: 1 },
    link: true,
    slot: -1,
    timeMs: 1.5,
    ratePermille: null,
    quality: 2,
    waiting: undefined,
    boot: "1",
    alarms: ["\n"],
    claim: 7,
    loadW: 20_000,
    pvW: -1,
    line: 1,
    fault: "broken",
    update: 3,
  };
  for (const [key, value] of Object.entries(wrong)) {
    const parsed = parseMeterMessage(stateText({ ...STATE, [key]: value }));
    assert.ok(!parsed.ok, key);
    assert.match(parsed.reason, new RegExp(key), key);
  }
  assert.equal(parseMeterMessage('{"state":{}}').ok, false);
  assert.equal(parseMeterMessage(`{"state":${line.slice(9, -1)},"x":1}`).ok, false);
});

test("the longest state fits", () => {
  const alarms = Array.from({ length: ALARMS_MAX }, () => '"'.repeat(ALARM_CHARS_MAX));
  const digits = "9".repeat(20);
  const longest: PanelState = {
    ...STATE,
    name: '"'.repeat(40),
    importMwh: digits,
    exportMwh: digits,
    importKwh: `${digits.slice(3)}.999`,
    exportKwh: `${digits.slice(3)}.999`,
    alarms,
    update: '"'.repeat(200),
  };
  const line = stateText(longest);
  assert.ok(line.length <= STATE_CHARS_MAX, `${line.length}`);
  assert.equal(parseMeterMessage(line).ok, true);
  const more = stateText({ ...longest, alarms: [...alarms, "one too many"] });
  assert.equal(parseMeterMessage(more).ok, false);
});
