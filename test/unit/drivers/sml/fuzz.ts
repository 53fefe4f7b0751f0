// SPDX-License-Identifier: Apache-2.0
/**
 * Damaged files between sound ones: none may give a sample that no sound file gave, and the next sound one must
 * give its own. `repaired` repairs the transport's checksum, which leaves those of the messages.
 */
import { Sml } from "#drivers/sml/sml";
import type { EnergySample } from "#drivers/types";
import { messages, smlChecksum, smlFile, transport, twoWay } from "#test/vectors/drivers/sml-file";
import { corrupt } from "../../../helpers/corrupt.ts";
import { FakeSerial, ManualTimer } from "../../../helpers/driver-io.ts";
import { begun, type Fuzzed, tally } from "../../../helpers/fuzzed.ts";
import { Rng } from "../../../property/rng.ts";

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
  readonly seed: number;
  readonly rng: Rng;
  readonly timer = new ManualTimer();
  readonly line = new FakeSerial();
  readonly found: Fuzzed = begun();
  samples: EnergySample[] = [];
  private readonly driver: Sml;
  private readonly registers: [number, number] = [0, 0];
  /** What the last sound file says. */
  private said = "";

  constructor(seed: number) {
    this.seed = seed;
    this.rng = new Rng(seed);
    this.driver = new Sml({
      sensor: this.line.construction,
      timer: this.timer,
      onSample: (sample) => this.samples.push(sample),
      onFault: (fault) => tally(this.found.faults, fault),
    });
    this.line.send(smlFile(twoWay(0, 0, 0)));
  }

  get at(): string {
    return `${this.seed}/${this.found.damaged}`;
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
    const said = content({ counts: this.registers.map(BigInt), powerMw: powerW * 1000 });
    const heard = this.samples.map(content);
    if (heard.pop() !== said)
      this.found.stuck.push(`${this.at}: a sound file does not give its sample`);
    // A file that lost its last byte, 0x1B, is completed by the first one of this file.
    for (const late of heard) if (late !== this.said) this.found.wrong.push(`${this.at}: ${late}`);
    this.said = said;
    return { entries, bytes, said };
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
    if (this.timer.pending > 0) this.found.stuck.push(`${this.at}: timers after close`);
  }
}

function content({ counts, powerMw }: Pick<EnergySample, "counts" | "powerMw">): string {
  return `${counts} ${powerMw}`;
}

export interface FuzzedSml extends Fuzzed {
  /** Whole files among the damage, which were taken as what they are. */
  unchanged: number;
  /** Damage with a checksum that is right by chance. */
  chance: number;
}

export function fuzzSml(seed: number, cases: number, repaired = false): FuzzedSml {
  const meter = new Meter(seed);
  const { found } = meter;
  let unchanged = 0;
  let chance = 0;
  for (; found.damaged < cases; found.damaged++) {
    const { entries, bytes, said } = meter.sound();
    const sent = repaired ? Uint8Array.from(messages(entries)) : bytes;
    const damage = corrupt(meter.rng, sent);
    const samples = meter.damaged(repaired ? transport([...damage.bytes]) : damage.bytes);
    for (const sample of samples)
      if (content(sample) === said) unchanged++;
      else found.wrong.push(`${meter.at} ${damage.kind}: ${content(sample)}`);
    if (!repaired && rightByChance(damage.bytes, bytes)) chance++;
  }
  meter.sound();
  meter.close();
  return { ...found, unchanged, chance };
}
