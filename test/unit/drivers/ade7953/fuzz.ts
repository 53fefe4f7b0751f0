// SPDX-License-Identifier: Apache-2.0
/**
 * A bus that fails at random against a chip that clears what is read: what the driver counts is what the chip
 * had in its registers, each time once, and what is missing was reported as lost.
 */
import type { I2cTarget } from "../../../helpers/driver-i2c.ts";
import { type Fuzzed, tally } from "../../../helpers/fuzzed.ts";
import { Rng } from "../../../property/rng.ts";
import { Bench } from "./bench.ts";

/** One energy that the chip had in a register when it was cleared. */
interface Cleared {
  input: "A" | "B";
  counts: number;
}

/** Ways for a transfer to go wrong. */
export type Disturbance =
  | "silent"
  | "late"
  | "damaged"
  | "short"
  | "broken-off"
  | "astray"
  | "restart";

export interface Trial {
  seed: number;
  /** Transfers in a thousand that are disturbed. */
  share: number;
  kinds: readonly Disturbance[];
  /** Stops after so many disturbances. */
  disturbances: number;
}

class Machine {
  readonly bench = new Bench();
  readonly disturbed: Record<string, number> = {};
  /** Cleared, and neither counted nor said to be lost so far. */
  readonly missing: Cleared[] = [];
  /** Said to be lost; the chip's record may still bring it. */
  private givenUp: Cleared[] = [];
  readonly wrong: string[] = [];
  readonly stuck: string[] = [];
  total = 0;
  counted = 0;
  lost = 0;
  private readonly rng: Rng;
  private readonly trial: Trial;
  private quiet = false;
  private lostBefore = 0;
  private before = [0, 0, 0, 0];

  constructor(trial: Trial) {
    this.trial = trial;
    this.rng = new Rng(trial.seed);
    const { bench } = this;
    bench.chip.clearsWithoutRecord = trial.seed % 2 === 0;
    bench.chip.onCleared = (input, counts) => {
      if (bench.running && counts !== 0) this.missing.push({ input, counts });
    };
    bench.wire.onWrite = (bytes, chip) => this.write(bytes, chip);
    bench.wire.onRead = (count, chip) => this.read(count, chip);
  }

  run(): void {
    const { bench } = this;
    for (let poll = 1; this.total < this.trial.disturbances; poll++) {
      for (const input of ["A", "B"] as const) {
        const counts = 1 + this.rng.below(70_000);
        bench.chip.count(input, this.rng.below(2) ? counts : -counts);
      }
      bench.timer.advance(1000);
      this.compare(poll);
    }
    this.quiet = true;
    bench.timer.advance(10_000);
    this.compare(-1);
    if (!bench.running) this.stuck.push("the driver is not back");
    bench.driver.close();
    if (bench.timer.pending > 0) this.stuck.push("timers after close");
  }

  /** What the counters went on by must be what was cleared. */
  private compare(poll: number): void {
    const { counts } = (this.bench.driver as unknown as { energy: { counts: bigint[] } }).energy;
    const now = counts.map(Number);
    const steps = now.map((count, i) => count - this.before[i]);
    this.before = now;
    steps.forEach((step, i) => {
      const input = i < 2 ? "A" : "B";
      // B is inverted, and is negative.
      const sign = (i % 2 === 0 ? 1 : -1) * (input === "A" ? 1 : -1);
      if (step < 0) this.wrong.push(`poll ${poll}: counter ${i} went back by ${-step}`);
      if (step > 0) this.counted++;
      if (step > 0 && !this.explain(input, sign * step))
        this.wrong.push(`poll ${poll}: ${input} made up ${sign * step}`);
    });
    // What may still be recovered is not missing yet.
    const { begun } = (this.bench.driver as unknown as { bus: { begun: unknown } }).bus;
    if (begun !== undefined) return;
    const { lost } = this.bench;
    if (this.missing.length > lost - this.lostBefore)
      this.wrong.push(`poll ${poll}: ${this.missing.length} lost in silence`);
    this.lostBefore = lost;
    this.lost += this.missing.length;
    this.givenUp = [...this.givenUp, ...this.missing].slice(-2);
    this.missing.length = 0;
  }

  /** Takes one or two of what is missing that add up to `counts`, all of one sign. */
  private explain(input: "A" | "B", counts: number): boolean {
    const mine = [...this.missing, ...this.givenUp].filter(
      (cleared) => cleared.input === input && cleared.counts > 0 === counts > 0,
    );
    for (const first of mine)
      for (const second of [undefined, ...mine]) {
        if (second === first || first.counts + (second?.counts ?? 0) !== counts) continue;
        for (const taken of [first, second]) this.strike(taken);
        return true;
      }
    return false;
  }

  private strike(taken: Cleared | undefined): void {
    const at = taken ? this.missing.indexOf(taken) : -1;
    if (at >= 0) this.missing.splice(at, 1);
    const late = taken ? this.givenUp.indexOf(taken) : -1;
    if (late >= 0) this.lost -= this.givenUp.splice(late, 1).length;
  }

  private disturb(unlike: Disturbance): Disturbance | undefined {
    if (this.quiet || this.rng.below(1000) >= this.trial.share) return undefined;
    const kind = this.rng.pick(this.trial.kinds);
    if (kind === unlike) return undefined;
    tally(this.disturbed, kind);
    this.total++;
    return kind;
  }

  private write(bytes: Uint8Array, chip: I2cTarget): void {
    const kind = this.disturb("damaged"); // that is for answers
    if (kind === "silent" || kind === "broken-off") throw new Error(kind);
    if (kind === "restart") this.bench.chip.restart();
    if (kind === "astray") this.flip(bytes);
    chip.write(kind === "short" ? bytes.subarray(0, bytes.length - 1) : bytes);
    if (kind === "late") throw new Error(kind);
  }

  private read(count: number, chip: I2cTarget): Uint8Array {
    const kind = this.disturb("astray"); // that is for addresses and what is written
    if (kind === "silent") throw new Error(kind);
    if (kind === "restart") this.bench.chip.restart();
    if (kind === "broken-off") this.bench.chip.breakOff();
    if (kind === "broken-off") throw new Error(kind);
    const bytes = chip.read(count);
    if (kind === "late") throw new Error(kind);
    if (kind === "damaged") this.flip(bytes);
    return kind === "short" ? bytes.subarray(1) : bytes;
  }

  private flip(bytes: Uint8Array): void {
    for (let i = 1 + this.rng.below(4); i > 0; i--)
      bytes[this.rng.below(bytes.length)] ^= 1 << this.rng.below(8);
  }
}

export const ALL: readonly Disturbance[] = [
  "silent",
  "late",
  "damaged",
  "short",
  "broken-off",
  "astray",
  "restart",
];

export interface FuzzedAde7953 extends Fuzzed {
  /** Transfers by what went wrong. */
  disturbed: Record<string, number>;
  /** Energies that the driver counted. */
  counted: number;
  /** Energies that are in no counter, each said to be lost. */
  lost: number;
  /** How often the driver said so. */
  said: number;
}

export function fuzzAde7953(trial: Trial): FuzzedAde7953 {
  const machine = new Machine(trial);
  machine.run();
  const { total: damaged, wrong, stuck, disturbed, counted, lost } = machine;
  const { lost: said, kinds } = machine.bench;
  const faults: Record<string, number> = {};
  for (const kind of kinds) tally(faults, kind);
  return { damaged, wrong, stuck, faults, disturbed, counted, lost, said };
}
