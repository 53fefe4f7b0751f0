// SPDX-License-Identifier: Apache-2.0
/**
 * Damaged telegrams between sound ones, with and without a checksum. With one, none may give a sample that no
 * sound telegram gave, and the next sound one must give its own. Without one, a sample may not leave what the
 * sound telegrams around it say.
 */
import { Dsmr, type DsmrVersion } from "#drivers/dsmr/dsmr";
import type { EnergySample } from "#drivers/types";
import { dutchLines, oldLines, p1, p1Crc } from "#test/vectors/drivers/p1";
import { corrupt } from "../../../helpers/corrupt.ts";
import { FakeSerial, ManualTimer } from "../../../helpers/driver-io.ts";
import { begun, type Fuzzed, tally } from "../../../helpers/fuzzed.ts";
import { Rng } from "../../../property/rng.ts";

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

/** A driver on a line, and what it said since `samples` was emptied. */
class Port {
  readonly timer = new ManualTimer();
  readonly line = new FakeSerial();
  readonly driver: Dsmr;
  samples: EnergySample[] = [];

  constructor(version: DsmrVersion | undefined, faults: Record<string, number>) {
    this.driver = new Dsmr({
      sensor: this.line.construction,
      version,
      timer: this.timer,
      onSample: (sample) => this.samples.push(sample),
      onFault: (fault) => tally(faults, fault),
    });
  }
}

export interface FuzzedDsmr extends Fuzzed {
  /** Whole telegrams among the damage, which were taken as what they are. */
  unchanged: number;
  /** Damage with a CRC that is right by chance. */
  chance: number;
}

export function fuzzDsmr(seed: number, cases: number): FuzzedDsmr {
  const found: FuzzedDsmr = { ...begun(), unchanged: 0, chance: 0 };
  const rng = new Rng(seed);
  const port = new Port(undefined, found.faults);
  const meter = { import1Wh: 0, import2Wh: 7, export1Wh: 0, export2Wh: 3, importW: 0, exportW: 0 };
  const sound = () => {
    meter.import1Wh += rng.below(1000);
    meter.export1Wh += rng.below(1000);
    meter.importW = rng.below(20_000);
    const bytes = p1(dutchLines(meter));
    port.samples = [];
    port.line.send(bytes);
    port.timer.advance(1000);
    const [sample] = port.samples;
    const counts = [meter.import1Wh, 7, meter.export1Wh, 3];
    if (
      port.samples.length !== 1 ||
      String(sample.counts) !== String(counts) ||
      sample.powerMw !== meter.importW * 1000
    )
      found.stuck.push(`${seed}/${found.damaged}: a sound telegram does not give its sample`);
    return { bytes, said: sample === undefined ? "" : content(sample) };
  };
  port.line.send(p1(dutchLines(meter)));
  for (; found.damaged < cases; found.damaged++) {
    const { bytes, said } = sound();
    const damaged = corrupt(rng, bytes);
    port.samples = [];
    sendInPieces(rng, port.line, damaged.bytes);
    port.timer.advance(1000);
    for (const sample of port.samples)
      if (content(sample) === said) found.unchanged++;
      else found.wrong.push(`${seed}/${found.damaged} ${damaged.kind}: ${content(sample)}`);
    const original = String.fromCharCode(...bytes).trimEnd();
    const passed = rightCrcs(damaged.bytes);
    if (passed.some((telegram) => telegram !== original)) found.chance++;
  }
  sound();
  port.driver.close();
  if (port.timer.pending > 0) found.stuck.push(`${seed}: timers after close`);
  return found;
}

export interface FuzzedOldDsmr extends Fuzzed {
  taken: number;
  /** Of those: with a count that was not sent, between those of the sound neighbours. */
  between: number;
}

/** Telegrams of version 3, which have no checksum. */
export function fuzzOldDsmr(seed: number, cases: number): FuzzedOldDsmr {
  const found: FuzzedOldDsmr = { ...begun(), taken: 0, between: 0 };
  const rng = new Rng(seed);
  const port = new Port(3, found.faults);
  const truth: [number, number] = [1_000_000, 2_000_000];
  const history: { uptimeMs: number; counts: [number, number] }[] = [];
  const next = () => {
    port.timer.advance(10_000);
    truth[0] += rng.below(30);
    truth[1] += rng.below(30);
    history.push({ uptimeMs: port.timer.uptimeMs(), counts: [...truth] });
    return p1(oldLines(...truth, rng.below(10_000)), { crc: "" });
  };
  const check = ({ uptimeMs, counts }: EnergySample) => {
    const at = history.findIndex((sent) => sent.uptimeMs === uptimeMs);
    const [before, sent, after] = [history[at - 1], history[at], history[at + 1]];
    found.taken++;
    if (before === undefined || after === undefined) {
      found.wrong.push(`${seed}/${found.damaged}: without neighbours`);
      return;
    }
    if (counts.some((count, i) => count !== BigInt(sent.counts[i]))) found.between++;
    counts.forEach((count, i) => {
      if (count < before.counts[i] || count > after.counts[i])
        found.wrong.push(
          `${seed}/${found.damaged}: ${count} not in ${before.counts[i]} … ${after.counts[i]}`,
        );
    });
  };
  for (let i = 0; i < 3; i++) port.line.send(next());
  for (; found.damaged < cases; found.damaged++) {
    const { bytes } = corrupt(rng, next());
    port.samples = [];
    sendInPieces(rng, port.line, bytes);
    // After damage: one that agrees with nothing, one to confirm it, one that confirms both.
    for (let clean = 0; clean < 4; clean++) port.line.send(next());
    if (port.samples.at(-1)?.uptimeMs !== history.at(-2)?.uptimeMs)
      found.stuck.push(`${seed}/${found.damaged}: not taken again`);
    port.samples.forEach(check);
    history.splice(0, history.length - 12);
  }
  port.driver.close();
  return found;
}
