// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import fc from "fast-check";
import { thin } from "#host-sim/report/balance-chart";
import { batteryLine } from "#host-sim/report/batteries";
import { binSlots } from "#host-sim/report/bins";
import { duration, escapeXml, grouped, percent, scaled } from "#host-sim/report/format";
import { linearScale, timeScale } from "#host-sim/report/scale";
import type { RunResult, Settlement, SlotRecord } from "#host-sim/report/types";
import { csvField, settlementsCsv, writeReport } from "#host-sim/report/write";
import { parseCsv } from "#host-sim/worlds/csv";

const START_MS = Date.UTC(2016, 6, 31, 23);
const HOUR_MS = 3_600_000;

interface Shape {
  slots: number;
  nodes: string[];
  trade: boolean;
}

function slotRecord(slot: number, trade: boolean): SlotRecord {
  const sun = Math.max(0, 12 - Math.abs((slot % 24) - 13) * 2) * 100;
  const exportBeforeWh = Math.floor(sun / 3);
  return {
    slot,
    startMs: START_MS + slot * HOUR_MS,
    loadWh: 1500,
    generationWh: sun,
    importBeforeWh: 1500 - sun + exportBeforeWh,
    exportBeforeWh,
    tradedWh: trade ? Math.min(exportBeforeWh, 1500 - sun + exportBeforeWh) : 0,
    priceMicroPerKwh: trade ? 150_000 : Number.NaN,
    retailMicroPerKwh: 220_000,
    feedInMicroPerKwh: 80_000,
  };
}

function sample({ slots, nodes, trade }: Shape): RunResult {
  const perSlot = Array.from({ length: slots }, (_, slot) => slotRecord(slot, trade));
  const sum = (pick: (slot: SlotRecord) => number): number =>
    perSlot.reduce((total, slot) => total + pick(slot), 0);
  const tradedWh = sum((slot) => slot.tradedWh);
  const settlements = perSlot
    .filter((slot) => slot.tradedWh > 0)
    .map(({ slot, startMs, tradedWh: qtyWh }): Settlement => {
      const [seller = "", buyer = ""] = [nodes[0], nodes[1]];
      const ids = { soldTx: `s${slot}`, boughtTx: `b${slot}`, block: slot };
      return { slot, startMs, seller, buyer, qtyWh, ecashMicro: 7n, priceMicroPerKwh: 9, ...ids };
    });
  const atMs = perSlot.map((slot) => slot.startMs);
  return {
    summary: {
      engine: "xs",
      crypto: "noble <&> \u0000",
      nodes: nodes.length,
      slots,
      slotSeconds: 3600,
      loadWh: sum((slot) => slot.loadWh),
      generationWh: sum((slot) => slot.generationWh),
      importBeforeWh: sum((slot) => slot.importBeforeWh),
      exportBeforeWh: sum((slot) => slot.exportBeforeWh),
      tradableWh: tradedWh,
      tradedWh,
      slotsWithTrade: settlements.length,
      importAfterWh: sum((slot) => slot.importBeforeWh) - tradedWh,
      exportAfterWh: sum((slot) => slot.exportBeforeWh) - tradedWh,
      coins: {
        genesisMicro: 10n ** 17n,
        mintedMicro: 5,
        walletsMicro: 10n ** 17n,
        lockedMicro: 3,
        reservesMicro: 2n,
        burnedMicro: 0,
      },
      readings: 4711,
      transactions: 815,
      blocks: 99,
      signaturesVerified: 123_456,
      rejected: 1,
      duplicates: 2,
      wallSeconds: 12.5,
      xs: { version: "16.7.0", bytecodes: 10n ** 16n, peakSlots: 1, clones: 2 },
      seed: 42,
      missedSlots: [3, 4],
      lateLoans: 7,
    },
    perSlot,
    settlements,
    balances: {
      atMs,
      nodes: nodes.map((node, i) => ({ node, micro: atMs.map((_, k) => (i - 1) * 1000 * k) })),
    },
  };
}

/** Tags close in order, attributes are quoted and unique, no stray < or &: well-formed XML 1.0. */
function checkXml(xml: string, name: string): void {
  const open: string[] = [];
  const body = xml.replace(/^<\?xml [^?]*\?>\n/, "");
  const token = /<(\/?)([a-zA-Z][\w-]*)((?: [\w:-]+="[^"<]*")*)(\/?)>|([^<]+)|(<)/g;
  for (const [, end, tag = "", attributes = "", empty, text, stray] of body.matchAll(token)) {
    assert.equal(stray, undefined, `${name}: a stray < after ${open.join(" > ")}`);
    for (const part of [text ?? "", attributes]) {
      assert.doesNotMatch(part, /&(?!(amp|lt|gt|quot|#10);)/, `${name}: a stray & in ${part}`);
    }
    const keys = [...attributes.matchAll(/ ([\w:-]+)=/g)].map((match) => match[1]);
    assert.equal(new Set(keys).size, keys.length, `${name}: an attribute twice in ${attributes}`);
    if (text !== undefined || empty === "/") continue;
    if (end === "/") assert.equal(open.pop(), tag, `${name}: </${tag}>`);
    else open.push(tag);
  }
  assert.deepEqual(open, [], `${name}: tags left open`);
}

function write(t: TestContext, result: RunResult): { dir: string; files: Map<string, string> } {
  const dir = mkdtempSync(join(tmpdir(), "wattle-report-"));
  t.after(() => rmSync(dir, { recursive: true }));
  const target = join(dir, "made", "here");
  writeReport(target, result);
  const names = readdirSync(target);
  return {
    dir: target,
    files: new Map(names.map((n) => [n, readFileSync(join(target, n), "utf8")])),
  };
}

const FILES = [
  "balances.svg",
  "energy.svg",
  "index.html",
  "price.svg",
  "report.json",
  "settlements.csv",
];
const TWO = ["a", "b"];
const MANY = Array.from({ length: 40 }, (_, i) => `n${i}`);

test("every shape of run gives whole files, valid SVG and no NaN", (t) => {
  const shapes: Shape[] = [
    { slots: 168, nodes: TWO, trade: true },
    { slots: 168, nodes: TWO, trade: false },
    { slots: 8760, nodes: MANY, trade: true },
    { slots: 1, nodes: ["<script>&\"'"], trade: false },
    { slots: 0, nodes: [], trade: false },
  ];
  for (const shape of shapes) {
    const { files } = write(t, sample(shape));
    const name = `${shape.slots} slots, ${shape.nodes.length} nodes`;
    assert.deepEqual([...files.keys()].sort(), FILES, name);
    for (const [file, content] of files) {
      if (file.endsWith(".svg")) checkXml(content, `${name}: ${file}`);
      if (file === "report.json") continue;
      assert.doesNotMatch(content, /NaN|Infinity|undefined|\[object/, `${name}: ${file}`);
    }
    const page = files.get("index.html")!;
    assert.doesNotMatch(page, /<script|(src|href)="(https?:)?\/\//, name);
    for (const svg of page.match(/<svg[\s\S]*?<\/svg>/g) ?? []) checkXml(svg, `${name}: inline`);
    assert.equal(page.match(/<svg/g)?.length, 3, name);
    assert.equal(page.match(/<desc id=/g)?.length, 3, name);
    assert.ok(page.length < 1_500_000, `${name}: ${page.length} characters`);
  }
});

test("totals are printed as they were given", (t) => {
  const result = sample({ slots: 168, nodes: TWO, trade: true });
  const { files } = write(t, result);
  const page = files.get("index.html")!;
  const s = result.summary;
  for (const wh of [s.loadWh, s.generationWh, s.importBeforeWh, s.exportAfterWh, s.tradedWh]) {
    assert.ok(page.includes(`<data value="${wh}">${scaled(wh, 3)} kWh</data>`), `${wh} Wh`);
  }
  assert.ok(page.includes(`<data value="${10n ** 17n}">${scaled(10n ** 17n, 6)} coins</data>`));
  for (const n of [s.readings, s.transactions, s.signaturesVerified, 10n ** 16n]) {
    assert.ok(page.includes(`<data value="${n}">${grouped(n)}</data>`), `${n}`);
  }
  assert.equal(page.match(/✓ adds up/g)?.length, 3);
  assert.match(page, /2: 3, 4</);
  assert.match(page, /Late loans/);
  const json = JSON.parse(files.get("report.json")!);
  assert.equal(json.tradedWh, s.tradedWh);
  assert.equal(json.coins.genesisMicro, "100000000000000000");
  assert.equal(json.coins.reservesMicro, 2);
  assert.equal(json.perSlot.length, 168);
  assert.deepEqual(json.balances.nodes[1].node, "b");
});

test("figures that do not add up are marked", (t) => {
  const result = sample({ slots: 24, nodes: TWO, trade: true });
  result.summary.importAfterWh += 5;
  result.summary.coins.burnedMicro = 11n;
  const page = write(t, result).files.get("index.html")!;
  assert.match(page, /✗ off by -5 Wh/);
  assert.match(page, /✗ off by -11 µc/);
});

test("settlements.csv reads back, whatever names are in it", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary" }), fc.string(), (seller, buyer) => {
      const ids = { soldTx: "s", boughtTx: "b", block: 3 };
      const money = { qtyWh: 5, ecashMicro: 2n ** 60n, priceMicroPerKwh: 150_000 };
      const text = settlementsCsv([
        { slot: 1, startMs: START_MS, seller, buyer, ...money, ...ids },
      ]);
      const [row] = parseCsv(text, "settlements.csv").rows;
      const start = new Date(START_MS).toISOString();
      const expected = ["1", start, seller, buyer, "5", `${2n ** 60n}`, "150000", "s", "b", "3"];
      assert.deepEqual([...row!.fields], expected);
    }),
  );
  assert.equal(csvField('a "b", c'), '"a ""b"", c"');
});

test("a report replaces the one before and leaves no temporary file", (t) => {
  const { dir } = write(t, sample({ slots: 24, nodes: TWO, trade: true }));
  writeReport(dir, sample({ slots: 48, nodes: TWO, trade: false }));
  assert.deepEqual(readdirSync(dir).sort(), FILES);
  assert.match(readFileSync(join(dir, "index.html"), "utf8"), /nothing was settled/);
});

test("bins hold all the energy, and no more bins than can be seen", () => {
  for (const slots of [1, 168, 401, 8760, 35_040]) {
    const records = Array.from({ length: slots }, (_, slot) => slotRecord(slot, true));
    const { bins, binSeconds } = binSlots(records, 3600)!;
    assert.ok(bins.length <= 400, `${slots} slots: ${bins.length} bins of ${binSeconds} s`);
    const load = bins.reduce((total, bin) => total + bin.loadWh, 0);
    const parts = bins.reduce((total, b) => total + b.ownWh + b.tradedWh + b.importWh, 0);
    assert.deepEqual([load, parts], [1500 * slots, 1500 * slots], `${slots} slots`);
  }
});

test("scales cover their data with few ticks", () => {
  const value = fc.double({ min: -1e9, max: 1e9, noNaN: true });
  fc.assert(
    fc.property(value, value, (a, b) => {
      const [low, high] = [Math.min(a, b), Math.max(a, b)];
      fc.pre(high === low || high - low > 1e-6);
      const scale = linearScale(low, high, [100, 0]);
      const slack = 1e-6 * (scale.high - scale.low);
      assert.ok(scale.low <= low + slack && scale.high >= high - slack, `${low} … ${high}`);
      assert.ok(scale.ticks.length >= 2 && scale.ticks.length <= 9, `${scale.ticks.length} ticks`);
    }),
  );
  for (const days of [0, 0.01, 1, 7, 60, 365, 4000]) {
    const { ticks } = timeScale(START_MS, START_MS + days * 24 * HOUR_MS, [0, 900]);
    assert.ok(ticks.length >= 1 && ticks.length <= 14, `${days} days: ${ticks.length} ticks`);
  }
});

test("numbers are written for people without losing a digit", () => {
  assert.equal(scaled(254288, 3), "254.288");
  assert.equal(scaled(-1_602_141n, 3), "\u22121\u2009602.141");
  assert.equal(scaled(5, 6), "0.000005");
  assert.equal(grouped(1234567), "1\u2009234\u2009567");
  assert.equal(percent(1, 0), "\u2013");
  assert.equal(percent(159, 1000), "15.9\u2009%");
  const times = [900, 3600, 86_400, 604_800, 61].map(duration);
  assert.deepEqual(times, ["15 min", "1 h", "1 day", "1 week", "61 s"]);
  assert.equal(escapeXml('<a b="c">&\u0001'), "&lt;a b=&quot;c&quot;&gt;&amp;\uFFFD");
});

test("thinning keeps the first and the last instant", () => {
  const atMs = Array.from({ length: 1001 }, (_, i) => i);
  const thinned = thin({ atMs, nodes: [{ node: "a", micro: atMs }] }, 400);
  assert.ok(thinned.atMs.length <= 400);
  assert.deepEqual([thinned.atMs[0], thinned.atMs.at(-1)], [0, 1000]);
  assert.deepEqual(thinned.nodes[0]!.micro, thinned.atMs);
});

test("a run with batteries has their charts, their table and a line of what they did", (t) => {
  const plain = sample({ slots: 24, nodes: TWO, trade: true });
  assert.equal(batteryLine(plain.batteries), undefined);
  const battery = {
    name: "car <1>",
    capacityWh: 40_000,
    stateWh: Array.from({ length: 25 }, (_, slot) => 20_000 + 100 * slot),
    drawnWh: Array.from({ length: 24 }, () => 110),
    fedWh: Array.from({ length: 24 }, (_, slot) => (slot === 5 ? 40 : 0)),
    windowW: Array.from({ length: 24 }, (_, slot) => (slot === 0 ? null : 110)),
    departures: [
      { slot: 3, needWh: 20_000, stateWh: 20_300 },
      { slot: 9, needWh: 30_000, stateWh: 20_900 },
    ],
    usedWh: 0,
    lostWh: 200,
  };
  const run = { ...plain, batteries: [battery] };
  assert.equal(
    batteryLine(run.batteries),
    "1 charged 2640 Wh and fed back 40 Wh; 1 of 2 departures had the energy that they needed",
  );
  const { files } = write(t, run);
  for (const chart of ["batteries.svg", "windows.svg"]) checkXml(files.get(chart)!, chart);
  const page = files.get("index.html")!;
  assert.match(page, /car &lt;1&gt;/);
  assert.match(page, /1 of 2/);
  assert.equal(JSON.parse(files.get("report.json")!).batteries.length, 1);
});
