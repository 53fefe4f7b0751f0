// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { DataError } from "#host-sim/worlds/errors";
import { loadWorld } from "#host-sim/worlds/load";
import type { World } from "#host-sim/worlds/types";
import { requireData } from "../../../data.ts";

function file(t: TestContext, ...texts: string[]): string {
  const dir = mkdtempSync(join(tmpdir(), "wattle-plain-"));
  t.after(() => rmSync(dir, { recursive: true }));
  for (const [i, text] of texts.entries()) writeFileSync(join(dir, `part-${i}.csv`), text);
  return texts.length === 1 ? join(dir, "part-0.csv") : dir;
}

function nets(world: World, home: number): number[] {
  return Array.from({ length: world.slots }, (_, slot) => world.netWh(home, slot));
}

const LOAD = "time,node,load_wh,pv_wh";
const REGISTERS = "time,node,import_wh,export_wh";
const [T0, T1, T2, T3] = ["00:00", "00:15", "00:30", "00:45"].map((c) => `2024-06-01T${c}:00Z`);

test("load and generation by slot, in any order of rows and columns", (t) => {
  const text = `retail_per_kwh,pv_wh,load_wh,node,time\r
0.31,0,12.5,b,${T1}\r\n0.3,100,400,a,${T0}\r\n0.31,13.5,0,a,${T1}\r\n0.3,0,50,b,${T0}\r\n`;
  const world = loadWorld({ data: file(t, text), seed: 1 });
  assert.deepEqual(
    world.homes.map((home) => home.name),
    ["b", "a"],
  );
  assert.equal(world.slotSeconds, 900);
  assert.equal(world.startMs, Date.parse(T0!));
  assert.deepEqual(nets(world, 0), [50, 12]);
  assert.deepEqual(nets(world, 1), [300, -14]);
  assert.deepEqual([world.retailMicroPerKwh(0), world.retailMicroPerKwh(1)], [300_000, 310_000]);
});

test("cumulative registers make one slot fewer than times; files of a folder are joined", (t) => {
  const a = `${REGISTERS}\n${T0},a,1000.4,7\n${T1},a,1100.6,7\n${T2},a,1100.6,20.5\n`;
  const b = `${REGISTERS}\n${T0},b,0,0\n${T1},b,5,0\n${T2},b,9,2\n`;
  const world = loadWorld({ data: file(t, a, b), seed: 1, retailMicroPerKwh: 250_000 });
  assert.equal(world.slots, 2);
  assert.deepEqual(nets(world, 0), [101, -13]);
  assert.deepEqual(nets(world, 1), [5, 2]);
  assert.equal(world.retailMicroPerKwh(1), 250_000);
});

test("times with an offset are converted, times without one are UTC", (t) => {
  const text = `${LOAD}\n2024-06-01T02:00+02:00,a,1,0\n2024-06-01 00:15,a,2,0\n`;
  const world = loadWorld({ data: file(t, text), seed: 1 });
  assert.equal(world.startMs, Date.parse(T0!));
  assert.deepEqual(nets(world, 0), [1, 2]);
});

test("each fault has its code and its line", (t) => {
  const two = `${LOAD}\n${T0},a,1,0\n`;
  const cases: [string, number, string][] = [
    ["column-unknown", 1, `${LOAD},temperature\n${T0},a,1,0,20\n`],
    ["column-missing", 1, `time,node,load_wh\n${T0},a,1\n`],
    ["layout-unknown", 1, "when,who,wh\n1,2,3\n"],
    ["value-missing", 3, `${two}${T1},a,,0\n`],
    ["value-missing", 3, `${two}${T1},a,nan,0\n`],
    ["value-missing", 3, `${two},a,1,0\n`],
    ["value-missing", 3, `${two}${T1},,1,0\n`],
    ["value-negative", 3, `${two}${T1},a,1,-0.1\n`],
    ["value-invalid", 3, `${two}${T1},a,1 kWh,0\n`],
    ["value-invalid", 3, `${two}2024-02-30T00:00Z,a,1,0\n`],
    ["value-invalid", 3, `${two}01.06.2024,a,1,0\n`],
    ["value-invalid", 3, `${two}${T1},a/+/#,1,0\n`],
    ["value-too-large", 3, `${two}${T1},a,1e12,0\n`],
    ["row-duplicate", 4, `${two}${T1},a,1,0\n${T1},a,1,0\n`],
    ["row-duplicate", 3, `${two}${T0},a,1,0\n${T1},a,1,0\n`],
    ["row-gap", 4, `${two}${T1},a,1,0\n${T3},a,1,0\n`],
    ["row-gap", 2, `${two}${T1},b,1,0\n`],
    ["slot-uneven", 4, `${two}${T1},a,1,0\n2024-06-01T00:35:00Z,a,1,0\n`],
    ["rows-none", 0, two],
    ["rows-none", 0, `${LOAD}\n`],
    ["register-decreased", 4, `${REGISTERS}\n${T0},a,5,0\n${T1},a,6,0\n${T2},a,5.4,0\n`],
    [
      "price-differs",
      3,
      `${LOAD},retail_per_kwh\n${T0},a,1,0,0.3\n${T0},b,1,0,0.4
${T1},a,1,0,0.3\n${T1},b,1,0,0.3\n`,
    ],
  ];
  for (const [code, line, text] of cases) {
    assert.throws(
      () => loadWorld({ data: file(t, text), seed: 1 }),
      (error) => {
        assert.ok(error instanceof DataError, String(error));
        assert.deepEqual([error.code, error.line], [code, line], `${error.message}\n${text}`);
        assert.match(error.message, /; .+\. \[/, "has a cause and a cure");
        return true;
      },
    );
  }
});

test("a real meter's registers are read, and its gaps are refused", (t) => {
  const source = requireData(t, "opsd/household4_60min.csv");
  if (source === undefined) return;
  const [head = "", ...lines] = readFileSync(source, "utf8").trimEnd().split("\n");
  const columns = head.split(",");
  const importAt = columns.indexOf("DE_KN_residential4_grid_import");
  const exportAt = columns.indexOf("DE_KN_residential4_grid_export");
  // kWh with three decimals become Wh by an exponent, not by arithmetic.
  const rows = lines
    .map((line) => line.split(","))
    .filter((cells) => cells[importAt] !== "" && cells[exportAt] !== "")
    .map((cells) => `${cells[0]},h4,${cells[importAt]}e3,${cells[exportAt]}e3`);
  const week = rows.slice(0, 169);
  const world = loadWorld({ data: file(t, [REGISTERS, ...week].join("\n")), seed: 1 });
  assert.equal(world.slots, 168);
  const end = world.counters(0, 168 * 3_600_000);
  const wh = (row: string, at: number): number => Math.round(Number(row.split(",")[at]));
  const importedWh = wh(week[168]!, 2) - wh(week[0]!, 2);
  const exportedWh = wh(week[168]!, 3) - wh(week[0]!, 3);
  assert.equal(end.importMwh - end.exportMwh, BigInt(importedWh - exportedWh) * 1000n);
  const gap = [...week.slice(0, 50), ...week.slice(51)];
  const broken = file(t, [REGISTERS, ...gap].join("\n"));
  assert.throws(() => loadWorld({ data: broken, seed: 1 }), { code: "row-gap", line: 52 });
});
