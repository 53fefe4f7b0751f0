// SPDX-License-Identifier: Apache-2.0
/**
 * CSE7766 (also CSE7759B, HLW8032) as an ECMA-419 sensor: it talks all the time, the driver only listens.
 * Frames are checked one by one (frame.ts), by the chip's coefficients, and three in a row against each other
 * (window.ts). README.md says what a pulse is worth and how often the counter must be read.
 */
import { assert } from "#core/errors/assert";
import { checkedInteger, checkedRatio, lowestTerms, type Ratio } from "../chip/exact.ts";
import { ChipLine } from "../chip/line.ts";
import type {
  CounterSpec,
  DriverFault,
  DriverOptions,
  EnergySample,
  EnergySensor,
  PhaseSample,
  SerialConstruction,
} from "../types.ts";
import { type Coefficients, type Cse7766Frame, isState, parseFrame } from "./frame.ts";
import {
  BAUD,
  CHECK,
  Field,
  FRAME_BYTES,
  MICROJOULES_PER_MWH,
  PULSES_MODULUS,
} from "./registers.ts";
import { type BoardRatios, implausible, type Values, valuesOf } from "./values.ts";
import { median, type Triple, Window } from "./window.ts";

/** Half a frame that is followed by this much silence is dropped, ms: ten frame times. */
const SILENCE_MS = 500;
/** No frame for this long is a fault, ms: 36 frame times. */
const MUTE_MS = 2000;
/** Frames in a row with the same coefficients before they are believed: 0.4 s. */
const LEARNING_FRAMES = 8;
/** A frame takes 55 ms on the line; this much time may be between two that arrive at once, ms. */
const JITTER_MS = 120;
/** The chip's current input ends at 43.75 mV, 31 A in 1 mΩ (data sheet, absolute input), at 253 V. */
const POWER_MAX_MW = 8_000_000;
const INTERVAL_MS = 1000;
/** A sample waits this long for a load that is being switched to stand still, ms. */
const UNSTEADY_MAX_MS = 1000;

export interface Cse7766Options extends DriverOptions {
  sensor: SerialConstruction;
  calibration?: {
    /** Of the chip on this board; without it, it is learned from the first frames. */
    powerCoefficient?: number;
    /** See BoardRatios; 1 without. */
    voltageRatio?: Ratio;
    currentRatio?: Ratio;
  };
  /** Where the energy flows; the chip does not know. "import" without. */
  register?: "import" | "export";
  /** Largest power of the board, mW; more is no frame of it. */
  powerMaxMw?: number;
  /** Time between samples, ms. */
  intervalMs?: number;
}

const UNITY: Ratio = Object.freeze({ numerator: 1, denominator: 1 });

export class Cse7766 implements EnergySensor {
  readonly identification = Object.freeze({ model: "CSE7766", classification: "Energy" as const });
  private readonly options: Cse7766Options;
  private readonly ratios: BoardRatios;
  private readonly powerMaxMw: number;
  private readonly line: ChipLine;
  private readonly bytes = new Uint8Array(FRAME_BYTES);
  private length = 0;
  /** Bytes since the last frame that belong to none; undefined where a fault has told of them. */
  private stray: number | undefined = 0;
  private heardMs: number;
  private frameMs: number;
  private sampledMs: number;
  private intervalMs: number;
  private known: Coefficients | undefined;
  private learning: { coefficients: Coefficients; frames: number } | undefined;
  private specs: readonly CounterSpec[] = Object.freeze([]);
  /** Rounded down; only for what is possible at all. */
  private pulseMicrojoules = 1;
  private window: Window | undefined;
  private newest: EnergySample | undefined;
  private cancel: () => void;
  private closed = false;

  constructor(options: Cse7766Options) {
    this.options = options;
    const { calibration = {}, timer } = options;
    const { voltageRatio = UNITY, currentRatio = UNITY, powerCoefficient } = calibration;
    this.ratios = {
      voltage: checkedRatio("voltageRatio", voltageRatio),
      current: checkedRatio("currentRatio", currentRatio),
    };
    const { powerMaxMw = POWER_MAX_MW, intervalMs = INTERVAL_MS } = options;
    // At most a megawatt: the products in pulsesMax stay exact.
    this.powerMaxMw = checkedInteger("powerMaxMw", powerMaxMw, 1, 1_000_000_000);
    this.intervalMs = checkedInteger("intervalMs", intervalMs, 0, 60_000);
    if (powerCoefficient !== undefined) {
      checkedInteger("powerCoefficient", powerCoefficient, 1, 0xffffff);
      this.specify(powerCoefficient);
    }
    this.heardMs = this.frameMs = timer.uptimeMs();
    this.sampledMs = this.frameMs - this.intervalMs;
    this.cancel = timer.after(MUTE_MS, () => this.watch());
    const settings = { baud: BAUD, data: 8, parity: "even", stop: 1 } as const;
    this.line = new ChipLine(
      options.sensor,
      settings,
      (bytes) => this.take(bytes),
      (detail) => this.fault("bus", detail),
    );
    this.line.receive(); // what came while the line was constructed
  }

  /**
   * Empty until the chip's power coefficient is known, by calibration or from its first frames; then it never
   * changes. There is no sample before.
   */
  get counters(): readonly CounterSpec[] {
    return this.specs;
  }

  /** The chip's own, for a board's calibration record; undefined until they are known. */
  get coefficients(): Coefficients | undefined {
    return this.known;
  }

  sample(): EnergySample | undefined {
    return this.newest;
  }

  /** `intervalMs`: time between samples, 0 to 60 000. */
  configure(options: Record<string, unknown>): void {
    if (options.intervalMs !== undefined)
      this.intervalMs = checkedInteger("intervalMs", options.intervalMs, 0, 60_000);
  }

  close(): void {
    if (this.closed) return;
    this.closed = true;
    this.cancel();
    this.line.close();
  }

  private watch(): void {
    const nowMs = this.options.timer.uptimeMs();
    const muteMs = nowMs - this.frameMs;
    const waitMs = muteMs < MUTE_MS ? MUTE_MS - muteMs : MUTE_MS;
    // Before the fault: it may close the driver.
    this.cancel = this.options.timer.after(waitMs, () => this.watch());
    if (muteMs >= MUTE_MS) this.fault("timeout", `no frame for ${muteMs} ms`);
  }

  private take(bytes: Uint8Array): void {
    const nowMs = this.options.timer.uptimeMs();
    if (this.length > 0 && nowMs - this.heardMs > SILENCE_MS) {
      const { length } = this;
      this.length = 0;
      this.fault("framing", `cut short after ${length} bytes`);
    }
    this.heardMs = nowMs;
    for (let i = 0; i < bytes.length && !this.closed; i++) this.push(bytes[i], nowMs);
  }

  private push(byte: number, nowMs: number): void {
    this.bytes[this.length++] = byte;
    this.seekStart();
    if (this.length < FRAME_BYTES) return;
    const parsed = parseFrame(this.bytes);
    if (parsed.kind === "fault" && parsed.fault === "checksum") {
      // The real start may be among these bytes.
      this.stray = undefined;
      this.drop(1);
      this.seekStart();
      return this.fault("checksum", parsed.detail);
    }
    const { stray } = this;
    this.length = 0;
    this.stray = 0;
    this.frameMs = nowMs;
    if (stray) this.fault("framing", `${stray} bytes between frames`);
    if (this.closed) return;
    if (parsed.kind === "frame") this.judge(parsed.frame, nowMs);
    else this.fault(parsed.fault, parsed.detail);
  }

  /** Drops bytes until the first ones may begin a frame. */
  private seekStart(): void {
    let at = 0;
    while (at < this.length && !this.mayStart(at)) at++;
    this.drop(at);
    if (this.stray !== undefined) this.stray += at;
  }

  private mayStart(at: number): boolean {
    if (!isState(this.bytes[at + Field.state])) return false;
    return at + Field.check >= this.length || this.bytes[at + Field.check] === CHECK;
  }

  private drop(count: number): void {
    this.bytes.copyWithin(0, count, this.length);
    this.length -= count;
  }

  private judge(frame: Cse7766Frame, uptimeMs: number): void {
    if (!this.isOfThisChip(frame.coefficients)) return;
    const values = valuesOf(frame, this.ratios);
    const why = implausible(values, this.powerMaxMw);
    if (why !== undefined) return this.fault("range", why);
    assert(this.window, "CSE7766_STATE");
    const { agreed, steady, odd } = this.window.take({ uptimeMs, pulses: frame.pulses, values });
    if (odd) this.fault("range", `pulse counter ${frame.pulses} is out of line`);
    const waitMs = this.intervalMs + (steady ? 0 : UNSTEADY_MAX_MS);
    if (!agreed || this.closed || uptimeMs - this.sampledMs < waitMs) return;
    this.sampledMs = uptimeMs;
    this.emit(agreed);
  }

  /** Whether the frame has the known coefficients. Learns them, and says no meanwhile. */
  private isOfThisChip(coefficients: Coefficients): boolean {
    if (this.known) {
      if (same(this.known, coefficients)) return true;
      this.fault("range", "coefficients of another chip");
      return false;
    }
    const wanted = this.options.calibration?.powerCoefficient ?? coefficients.power;
    if (wanted !== coefficients.power) {
      this.learning = undefined;
      this.fault("range", `power coefficient ${coefficients.power}, not ${wanted}`);
    } else if (this.learning && same(this.learning.coefficients, coefficients)) {
      if (++this.learning.frames >= LEARNING_FRAMES) this.learned(coefficients);
    } else {
      this.learning = { coefficients, frames: 1 };
    }
    return false;
  }

  private learned(coefficients: Coefficients): void {
    this.known = Object.freeze(coefficients);
    this.learning = undefined;
    if (this.specs.length === 0) this.specify(coefficients.power);
    this.window = new Window((elapsedMs) => this.pulsesMax(elapsedMs));
  }

  private specify(powerCoefficient: number): void {
    const { voltage, current } = this.ratios;
    const microjoules =
      BigInt(powerCoefficient) * BigInt(voltage.numerator) * BigInt(current.numerator);
    const divisor = BigInt(voltage.denominator) * BigInt(current.denominator);
    this.pulseMicrojoules = Math.max(1, Number(microjoules / divisor));
    const pulse = lowestTerms(microjoules, divisor * MICROJOULES_PER_MWH);
    const spec: CounterSpec = {
      name: "CF",
      register: this.options.register ?? "import",
      mwh: pulse.numerator,
      perCounts: pulse.denominator,
      modulus: BigInt(PULSES_MODULUS),
      origin: "powered",
    };
    this.specs = Object.freeze([Object.freeze(spec)]);
  }

  /** mW·ms are µJ; JITTER_MS and two pulses more, since both ends of the time are cut somewhere. */
  private pulsesMax(elapsedMs: number): number {
    const microjoules = this.powerMaxMw * (elapsedMs + JITTER_MS);
    return 2 + Math.floor(microjoules / this.pulseMicrojoules);
  }

  private emit([first, middle, last]: Triple): void {
    const of = (name: keyof Values) =>
      median(first.values[name], middle.values[name], last.values[name]);
    const phase: PhaseSample = {};
    const voltageMv = of("voltageMv");
    const currentMa = of("currentMa");
    const magnitudeMw = of("powerMw");
    if (voltageMv !== undefined) phase.voltageMv = voltageMv;
    if (currentMa !== undefined) phase.currentMa = currentMa;
    const sample: EnergySample = {
      uptimeMs: middle.uptimeMs,
      counts: [BigInt(middle.pulses)],
      phases: [phase],
    };
    if (magnitudeMw !== undefined) {
      const out = this.options.register === "export" && magnitudeMw > 0;
      sample.powerMw = phase.powerMw = out ? -magnitudeMw : magnitudeMw;
    }
    this.newest = sample;
    this.options.onSample?.(sample);
  }

  private fault(fault: DriverFault, detail: string): void {
    if (!this.closed) this.options.onFault?.(fault, detail);
  }
}

function same(a: Coefficients, b: Coefficients): boolean {
  return a.voltage === b.voltage && a.current === b.current && a.power === b.power;
}
