// SPDX-License-Identifier: Apache-2.0
/** The P1 meter's clock: winter, summer, the hours of the change, other zones, and what is no time. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { AssertionFailure } from "#core/errors/assert";
import { TimeQuality } from "#core/units/time";
import { CLOCK_ERROR_MS, clockUtcMs, UTC_OFFSET_MIN } from "#drivers/dsmr/clock";
import { Dsmr, type DsmrOptions } from "#drivers/dsmr/dsmr";
import type { MeterTime } from "#drivers/types";
import { TimeKeeper } from "#meter/time/keeper";
import { p1 } from "#test/vectors/drivers/p1";
import { FakeSerial, ManualTimer } from "../../../helpers/driver-io.ts";

const utc = (stamp: string, offsetMin: number = UTC_OFFSET_MIN) => clockUtcMs(stamp, offsetMin);
const two = (value: number) => String(value).padStart(2, "0");

test("winter and summer time", () => {
  assert.equal(utc("240215123456W"), Date.UTC(2024, 1, 15, 11, 34, 56));
  assert.equal(utc("240715123456S"), Date.UTC(2024, 6, 15, 10, 34, 56));
  assert.equal(utc("260101003000W"), Date.UTC(2025, 11, 31, 23, 30, 0), "the year before");
  assert.equal(utc("240229235959W"), Date.UTC(2024, 1, 29, 22, 59, 59), "a leap day");
});

test("the changes: no jump in UTC, and the hour that comes twice is told apart", () => {
  const spring = utc("260329015959W")!;
  assert.equal(utc("260329030000S")! - spring, 1000);
  const autumn = utc("261025025959S")!;
  assert.equal(utc("261025020000W")! - autumn, 1000);
  assert.equal(utc("261025023000W")! - utc("261025023000S")!, 3_600_000);
});

test("another zone by the setting", () => {
  assert.equal(utc("240215123456W", 120), Date.UTC(2024, 1, 15, 10, 34, 56), "Finland");
  assert.equal(utc("240215123456W", 0), Date.UTC(2024, 1, 15, 12, 34, 56));
  assert.equal(
    utc("240215123456S", -60),
    Date.UTC(2024, 1, 15, 12, 34, 56),
    "the Azores in summer",
  );
});

test("every second from 2000 to 2099, in any zone", () => {
  const second = fc.integer({
    min: Date.UTC(2000, 0, 2) / 1000,
    max: Date.UTC(2099, 11, 30) / 1000,
  });
  fc.assert(
    fc.property(
      second,
      fc.integer({ min: -720, max: 840 }),
      fc.boolean(),
      (s, offsetMin, summer) => {
        const local = new Date((s + (offsetMin + (summer ? 60 : 0)) * 60) * 1000);
        const date = [local.getUTCFullYear() - 2000, local.getUTCMonth() + 1, local.getUTCDate()];
        const time = [local.getUTCHours(), local.getUTCMinutes(), local.getUTCSeconds()];
        const stamp = [...date, ...time].map(two).join("") + (summer ? "S" : "W");
        assert.equal(clockUtcMs(stamp, offsetMin), s * 1000);
      },
    ),
  );
});

test("what is no time", () => {
  const wrong = [
    "",
    "240215123456",
    "240215123456X",
    "240230000000W",
    "230229000000W",
    "241301000000W",
  ];
  wrong.push("240015000000W", "240100000000W", "240215240000W", "240215126000W", "240215120060W");
  wrong.push("24021512345W", "0240215123456W", "240431000000W");
  for (const stamp of wrong) assert.equal(utc(stamp), undefined, stamp);
});

function start(options: Partial<DsmrOptions> = {}) {
  const timer = new ManualTimer();
  const line = new FakeSerial();
  const times: MeterTime[] = [];
  const faults: string[] = [];
  const driver = new Dsmr({
    sensor: line.construction,
    timer,
    onTime: (time) => times.push(time),
    onFault: (fault) => faults.push(fault),
    ...options,
  });
  return { timer, line, times, faults, driver };
}

const telegram = (stamp: string, form = {}) =>
  p1([`0-0:1.0.0(${stamp})`, "1-0:1.8.0(000001.000*kWh)"], form);

test("each whole telegram says it, also before its registers are learnt", () => {
  const { timer, line, times, faults, driver } = start();
  timer.advance(5000);
  line.send(telegram("260715120000S"));
  const utcMs = Date.UTC(2026, 6, 15, 10) + 500;
  assert.deepEqual(times, [{ utcMs, uptimeMs: 5000, errorMs: CLOCK_ERROR_MS }]);
  line.send(telegram("260715120001S", { crc: "0000" }));
  assert.equal(times.length, 1, "a wrong checksum");
  line.send(telegram("260715126001S"));
  assert.equal(times.length, 1, "no time");
  assert.deepEqual(faults, ["checksum"], "which is no fault of its registers");
  driver.close();
  line.send(telegram("260715120002S"));
  assert.equal(times.length, 1, "closed");
});

test("not without a checksum, and by the zone that is set", () => {
  const old = start({ version: 3 });
  old.line.send(telegram("260715120000S", { crc: "" }));
  assert.deepEqual(old.times, []);
  const { line, times } = start({ utcOffsetMin: 0 });
  line.send(telegram("260715120000S"));
  assert.equal(times[0]?.utcMs, Date.UTC(2026, 6, 15, 11) + 500);
  for (const utcOffsetMin of [-721, 841, 0.5])
    assert.throws(() => start({ utcOffsetMin }), AssertionFailure);
});

test("a node that hears nobody else has the time by it, as a holdover", () => {
  const { timer, line, times } = start();
  const uptimeMs = () => timer.uptimeMs();
  const keeper = new TimeKeeper({ uptimeMs, onStep: () => {}, log: () => {} });
  timer.advance(3000);
  line.send(telegram("260115120000W"));
  keeper.offer("meter", times[0]!);
  timer.advance(10_000);
  const { utcMs, quality } = keeper.utc();
  assert.equal(utcMs, Date.UTC(2026, 0, 15, 11, 0, 10) + 500);
  assert.equal(quality, TimeQuality.holdover);
});
