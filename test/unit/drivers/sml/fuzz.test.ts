// SPDX-License-Identifier: Apache-2.0
/**
 * 10 000 damaged files between sound ones: none may give a sample that no sound file gave, and the next sound
 * one must give its own. A second run repairs the transport's checksum, which leaves those of the messages.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { Sml } from "#drivers/sml/sml";
import type { EnergySample } from "#drivers/types";
import { messages, smlChecksum, smlFile, transport, twoWay } from "#test/vectors/drivers/sml-file";
import { corrupt } from "../../../helpers/corrupt.ts";
import { FakeSerial, ManualTimer } from "../../../helpers/driver-io.ts";
import { Rng } from "../../../property/rng.ts";

const CASES = 10_000;
const START = "1b1b1b1b01010101";
const END = "1b1b1b1b1a";

/** Whether other files than `sound` are among `bytes` whose checksum is right; with nothing of the driver. */
function rightByChance(bytes: Uint8Array, sound: Uint8Array): boolean {
  const hex = Buffer.from(bytes).toString("hex");
  const original = Buffer.from(sound).toString("hex");
  for (let from = hex.indexOf(START); from >= 0; from = hex.indexOf(START, from + 2)) {
    for (let end = hex.indexOf(END, from + 16); end >= 0; end = hex.indexOf(END, end + 2)) {
      if ((end - from) % 2 !== 0 || hex.length < end + 16 || from % 2 !== 0) continue;
      const file = hex.slice(from, end + 16);
      const [low, high] = smlChecksum("x25", Buffer.from(file.slice(0, -4), "hex"));
      const right = Buffer.from([low, high]).toString("hex") === file.slice(-4);
      if (right && file !== original) return true;
    }
  }
  return false;
}

class Meter {
  readonly rng: Rng;
  readonly timer = new ManualTimer();
  readonly line = new FakeSerial();
  readonly faults: Record<string, number> = {};
  samples: EnergySample[] = [];
  private readonly driver: Sml;
  private readonly registers: [number, number] = [0, 0];

  constructor(seed: number) {
    this.rng = new Rng(seed);
    this.driver = new Sml({
      sensor: this.line.construction,
      timer: this.timer,
      onSample: (sample) => this.samples.push(sample),
      onFault: (fault) => {
        this.faults[fault] = (this.faults[fault] ?? 0) + 1;
      },
    });
    this.line.send(smlFile(twoWay(0, 0, 0)));
  }

  /** Sends a sound file, which must be taken. */
  sound(): { entries: number[][]; bytes: Uint8Array; said: string } {
    this.registers[0] += this.rng.below(1000);
    this.registers[1] += this.rng.below(1000);
    const powerW = this.rng.below(20_000) - 10_000;
    const entries = twoWay(...this.registers, powerW);
    const bytes = smlFile(entries);
    this.samples = [];
    this.line.send(bytes);
    this.timer.advance(1000);
    const expected = { counts: this.registers.map(BigInt), powerMw: powerW * 1000 };
    assert.deepEqual(
      this.samples.map(({ uptimeMs, ...sample }) => sample),
      [expected],
    );
    return { entries, bytes, said: content(this.samples[0]) };
  }

  /** Sends bytes in pieces of random length; the samples that they gave. */
  damaged(bytes: Uint8Array): EnergySample[] {
    this.samples = [];
    for (let at = 0; at < bytes.length; ) {
      const size = 1 + this.rng.below(this.rng.below(4) === 0 ? 10 : 400);
      this.line.send(bytes.subarray(at, at + size));
      at += size;
    }
    this.timer.advance(1000);
    return this.samples;
  }

  close(): void {
    this.driver.close();
    assert.equal(this.timer.pending, 0);
  }
}

function content({ counts, powerMw }: EnergySample): string {
  return `${counts} ${powerMw}`;
}

test("10 000 damaged files", (t) => {
  const meter = new Meter(62056);
  let unchanged = 0;
  let chance = 0;
  for (let i = 0; i < CASES; i++) {
    const { bytes, said } = meter.sound();
    const damage = corrupt(meter.rng, bytes);
    const samples = meter.damaged(damage.bytes);
    for (const sample of samples) assert.equal(content(sample), said, `${i} ${damage.kind}`);
    unchanged += samples.length;
    if (rightByChance(damage.bytes, bytes)) chance++;
  }
  meter.sound();
  meter.close();
  t.diagnostic(`whole files among the damage: ${unchanged}; a right checksum by chance: ${chance}`);
  t.diagnostic(`faults: ${JSON.stringify(meter.faults)}`);
  assert.ok((meter.faults.checksum ?? 0) > 500 && (meter.faults.framing ?? 0) > 500);
});

test("10 000 damaged files in a transport that is right", (t) => {
  const meter = new Meter(1041);
  let unchanged = 0;
  let otherwise = 0;
  for (let i = 0; i < CASES; i++) {
    const { entries, said } = meter.sound();
    const damage = corrupt(meter.rng, Uint8Array.from(messages(entries)));
    const samples = meter.damaged(transport([...damage.bytes]));
    for (const sample of samples) {
      unchanged++;
      if (content(sample) !== said) otherwise++;
    }
  }
  meter.sound();
  meter.close();
  t.diagnostic(`taken: ${unchanged}, of these other than sent: ${otherwise}`);
  t.diagnostic(`faults: ${JSON.stringify(meter.faults)}`);
  assert.equal(otherwise, 0);
});
