// SPDX-License-Identifier: Apache-2.0
/**
 * 10 000 damaged telegrams between sound ones, with and without a checksum. With one, none may give a sample
 * that no sound telegram gave, and the next sound one must give its own. Without one, a sample may not leave
 * what the sound telegrams around it say.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { Dsmr } from "#drivers/dsmr/dsmr";
import type { EnergySample } from "#drivers/types";
import { dutchLines, oldLines, p1, p1Crc } from "#test/vectors/drivers/p1";
import { corrupt } from "../../../helpers/corrupt.ts";
import { FakeSerial, ManualTimer } from "../../../helpers/driver-io.ts";
import { Rng } from "../../../property/rng.ts";

const CASES = 10_000;

/** Telegrams in `bytes` whose CRC is right, found with nothing of the driver. */
function rightCrcs(bytes: Uint8Array): string[] {
  const found: string[] = [];
  const text = String.fromCharCode(...bytes);
  for (let start = text.indexOf("/"); start >= 0; start = text.indexOf("/", start + 1)) {
    const end = text.indexOf("!", start);
    const crc = end < 0 ? "" : text.slice(end + 1, end + 5);
    if (!/^[0-9A-Fa-f]{4}$/.test(crc)) continue;
    if (p1Crc(bytes.subarray(start, end + 1)) === Number.parseInt(crc, 16))
      found.push(text.slice(start, end + 5));
  }
  return found;
}

/** Sends `bytes` in pieces of random length. */
function sendInPieces(rng: Rng, line: FakeSerial, bytes: Uint8Array): void {
  for (let at = 0; at < bytes.length; ) {
    const size = 1 + rng.below(rng.below(4) === 0 ? 10 : 1000);
    line.send(bytes.subarray(at, at + size));
    at += size;
  }
}

function content({ counts, powerMw, phases }: EnergySample): string {
  return `${counts} ${powerMw} ${JSON.stringify(phases)}`;
}

test("10 000 damaged telegrams with a checksum", (t) => {
  const rng = new Rng(5050);
  const timer = new ManualTimer();
  const line = new FakeSerial();
  let samples: EnergySample[] = [];
  const faults: Record<string, number> = {};
  const driver = new Dsmr({
    sensor: line.construction,
    timer,
    onSample: (sample) => samples.push(sample),
    onFault: (fault) => {
      faults[fault] = (faults[fault] ?? 0) + 1;
    },
  });
  const meter = { import1Wh: 0, import2Wh: 7, export1Wh: 0, export2Wh: 3, importW: 0, exportW: 0 };
  const sound = () => {
    meter.import1Wh += rng.below(1000);
    meter.export1Wh += rng.below(1000);
    meter.importW = rng.below(20_000);
    const bytes = p1(dutchLines(meter));
    samples = [];
    line.send(bytes);
    timer.advance(1000);
    assert.equal(samples.length, 1, "each sound telegram gives its sample");
    assert.deepEqual(samples[0].counts, [meter.import1Wh, 7, meter.export1Wh, 3].map(BigInt));
    assert.equal(samples[0].powerMw, meter.importW * 1000);
    return { bytes, said: content(samples[0]) };
  };
  line.send(p1(dutchLines(meter)));
  let unchanged = 0;
  let chance = 0;
  for (let i = 0; i < CASES; i++) {
    const { bytes, said } = sound();
    const damaged = corrupt(rng, bytes);
    samples = [];
    sendInPieces(rng, line, damaged.bytes);
    timer.advance(1000);
    for (const sample of samples) assert.equal(content(sample), said, `${i} ${damaged.kind}`);
    unchanged += samples.length;
    const original = String.fromCharCode(...bytes).trimEnd();
    const passed = rightCrcs(damaged.bytes);
    if (passed.some((telegram) => telegram !== original)) chance++;
  }
  sound();
  driver.close();
  assert.equal(timer.pending, 0);
  t.diagnostic(`whole telegrams among the damage: ${unchanged}; a right CRC by chance: ${chance}`);
  t.diagnostic(`faults: ${JSON.stringify(faults)}`);
  assert.ok((faults.checksum ?? 0) > 500 && (faults.framing ?? 0) > 500);
});

test("10 000 damaged telegrams without a checksum", (t) => {
  const rng = new Rng(2200);
  const timer = new ManualTimer();
  const line = new FakeSerial();
  let samples: EnergySample[] = [];
  const driver = new Dsmr({
    sensor: line.construction,
    version: 3,
    timer,
    onSample: (sample) => samples.push(sample),
  });
  const truth: [number, number] = [1_000_000, 2_000_000];
  const history: { uptimeMs: number; counts: [number, number] }[] = [];
  const next = () => {
    timer.advance(10_000);
    truth[0] += rng.below(30);
    truth[1] += rng.below(30);
    history.push({ uptimeMs: timer.uptimeMs(), counts: [...truth] });
    return p1(oldLines(...truth, rng.below(10_000)), { crc: "" });
  };
  let taken = 0;
  let near = 0;
  const check = (sample: EnergySample) => {
    const at = history.findIndex(({ uptimeMs }) => uptimeMs === sample.uptimeMs);
    assert.ok(at > 0 && at + 1 < history.length, "has neighbours");
    const exact = sample.counts.every((count, i) => count === BigInt(history[at].counts[i]));
    taken++;
    if (!exact) near++;
    sample.counts.forEach((count, i) => {
      const low = history[at - 1].counts[i];
      const high = history[at + 1].counts[i];
      assert.ok(count >= low && count <= high, `${count} is not in ${low} … ${high}`);
    });
  };
  for (let i = 0; i < 3; i++) line.send(next());
  for (let i = 0; i < CASES; i++) {
    const { bytes } = corrupt(rng, next());
    samples = [];
    sendInPieces(rng, line, bytes);
    // After damage: one that agrees with nothing, one to confirm it, one that confirms both.
    for (let clean = 0; clean < 4; clean++) line.send(next());
    const last = samples.at(-1);
    assert.equal(last?.uptimeMs, history.at(-2)?.uptimeMs, `${i}: taken again`);
    samples.forEach(check);
    history.splice(0, history.length - 12);
  }
  driver.close();
  t.diagnostic(`samples: ${taken}, of these with a wrong count between its neighbours': ${near}`);
});
