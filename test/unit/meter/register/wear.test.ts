// SPDX-License-Identifier: Apache-2.0
/** How long the flash lasts: the figures of the README are those of the function. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { OUTBOX_MAX } from "#core/limits";
import { SAVE_MAX_MS, SAVE_MIN_MS } from "#core/limits-device";
import { type FlashLoad, flashYears, saveDue, saveEveryMs } from "#meter/register/cadence";
import { firstRegisters, packRegisters } from "#meter/register/registers";
import { sealed } from "#meter/sealed";

const readme = readFileSync(
  new URL("../../../../src/meter/register/README.md", import.meta.url),
  "utf8",
);

/** The registers of a meter after years: two counters in thousands of a mWh, a GWh on each register. */
function oldRegisters(): Uint8Array {
  const counter = { counts: 10n ** 15n, importRest: 999n, exportRest: 0n };
  return sealed(
    packRegisters({
      ...firstRegisters(),
      seq: 10 ** 9,
      writes: 10 ** 8,
      importMwh: 10n ** 12n,
      exportMwh: 10n ** 12n,
      chip: new Uint8Array(4),
      counters: [counter, counter],
      slotMs: 900_000,
    }),
  );
}

const REGISTERS_BYTES = oldRegisters().length;
const MESSAGES: FlashLoad = { bytes: 790, everyMs: 900_000 / 4 };
const atPower = (watts: number): FlashLoad => ({
  bytes: REGISTERS_BYTES,
  everyMs: saveEveryMs(watts * 1000),
});

test("the README's table is what the function gives", () => {
  for (const kilobytes of [24, 128, 252]) {
    const years = (...loads: FlashLoad[]) =>
      `${Math.floor(flashYears(kilobytes * 1024, loads) + 0.5)} years`;
    const row = [
      `${kilobytes} KB`,
      years(atPower(1000)),
      years(atPower(10_000)),
      years(MESSAGES),
      years(atPower(10_000), MESSAGES),
    ];
    assert.ok(
      readme.includes(`| ${row.join(" | ")} |`),
      `${REGISTERS_BYTES}: | ${row.join(" | ")} |`,
    );
  }
});

test("one entry a second lasts two years in 24 KB, as ESP-IDF's page arithmetic has it", () => {
  // An integer takes one entry: less than the index and the chunk's header of an empty blob.
  const seconds = 5 * 126 * 100_000;
  const years = flashYears(24 * 1024, [{ bytes: 0, everyMs: 1000 }]);
  assert.equal(Math.round(years * 2 * 365 * 86_400), seconds);
});

test("a quantum takes the longer, the less power flows, within both bounds", () => {
  assert.equal(saveEveryMs(1_000_000), 36_000);
  assert.equal(saveEveryMs(10_000_000), SAVE_MIN_MS);
  assert.equal(saveEveryMs(1000), SAVE_MAX_MS);
  assert.equal(saveEveryMs(0), Number.POSITIVE_INFINITY);
  for (const powerMw of [5000, 77_000, 1_234_567, 9_000_000]) {
    const ms = saveEveryMs(powerMw);
    const mwh = (after: number) => (BigInt(powerMw) * BigInt(after)) / 3_600_000n;
    assert.ok(saveDue(mwh(ms), ms), `${powerMw} mW: due after ${ms} ms`);
    assert.ok(!saveDue(mwh(ms - 1), ms - 1), `${powerMw} mW: and not before`);
  }
});

test("a full outbox fits where the README says", () => {
  assert.ok(OUTBOX_MAX * (2 + Math.ceil(MESSAGES.bytes / 32)) <= (252 / 4 - 1) * 126);
});
