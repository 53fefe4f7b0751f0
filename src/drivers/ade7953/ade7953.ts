// SPDX-License-Identifier: Apache-2.0
/**
 * ADE7953 as an ECMA-419 sensor on I2C. Its energy registers are cleared by each read; bus.ts makes sure that
 * what was in them arrives, or that the loss is said, and counters.ts adds it up. The chip is restarted and
 * configured at the start and whenever a register is not as it was written.
 */
import { checkedInteger, type Ratio, scale } from "../chip/exact.ts";
import type {
  CounterSpec,
  DriverFault,
  DriverOptions,
  EnergySample,
  EnergySensor,
  I2cConstruction,
  PhaseSample,
} from "../types.ts";
import { ChipBus } from "./bus.ts";
import {
  type BoardOptions,
  type Channel,
  checkedChannels,
  countersOf,
  type Setting,
  settingsOf,
} from "./config.ts";
import { EnergyCounters } from "./counters.ts";
import { signed24 } from "./frame.ts";
import {
  type ChipRegister,
  CONFIG_LOCKED,
  CONFIG_RESET_VALUE,
  CONFIG_RESTART,
  PERIOD_CLOCK_MHZ,
  REQUIRED_VALUE,
  Register,
  START_MS,
  UNLOCK_KEY,
} from "./registers.ts";

const POLL_MS = 1000;
const POLL_MIN_MS = 100;
/** The register is full after 40.5 s at the worst: three polls may fail on end. */
const POLL_MAX_MS = 10_000;
/** What is no mains frequency is no measurement, mHz. */
const FREQUENCY_MIN_MHZ = 40_000;
const FREQUENCY_MAX_MHZ = 70_000;

export interface Ade7953Options extends DriverOptions, BoardOptions {
  sensor: I2cConstruction;
  /** Largest power of a channel, mW: more is no energy of this board. Without it the chip's limit counts. */
  powerMaxMw?: number;
  pollMs?: number;
}

/** "start": restart the chip; "configure": it has restarted; "run": its registers are as written. */
type Step = "start" | "configure" | "run";

export class Ade7953 implements EnergySensor {
  readonly identification = Object.freeze({ model: "ADE7953", classification: "Energy" as const });
  readonly counters: readonly CounterSpec[];
  private readonly options: Ade7953Options;
  private readonly channels: readonly Channel[];
  private readonly settings: readonly Setting[];
  private readonly energy: EnergyCounters;
  private readonly bus: ChipBus;
  private step: Step = "start";
  /** Which setting is looked at next, beside CONFIG. */
  private checked = 0;
  private pollMs: number;
  private newest: EnergySample | undefined;
  private cancel: () => void;
  private closed = false;

  constructor(options: Ade7953Options) {
    this.options = options;
    const { powerMaxMw, pollMs = POLL_MS } = options;
    if (powerMaxMw !== undefined) checkedInteger("powerMaxMw", powerMaxMw, 1, 1_000_000_000);
    this.pollMs = checkedInteger("pollMs", pollMs, POLL_MIN_MS, POLL_MAX_MS);
    this.channels = checkedChannels(options);
    this.settings = settingsOf(options);
    this.counters = Object.freeze(countersOf(this.channels));
    this.energy = new EnergyCounters(this.channels, powerMaxMw);
    this.bus = new ChipBus(options.sensor, {
      onEnergy: (input, counts) => {
        const nowMs = options.timer.uptimeMs();
        if (this.step !== "run") return this.energy.skip(input, nowMs);
        const why = this.energy.add(input, counts, nowMs);
        if (why !== undefined) this.fault("lost", why);
      },
      onLost: (detail) => {
        // Before, what is in the registers is not counted anyway.
        if (this.step === "run") this.fault("lost", detail);
      },
    });
    this.cancel = options.timer.after(START_MS, () => this.poll());
  }

  sample(): EnergySample | undefined {
    return this.newest;
  }

  /** `pollMs`: time between samples, 100 to 10 000. */
  configure(options: Record<string, unknown>): void {
    if (options.pollMs !== undefined)
      this.pollMs = checkedInteger("pollMs", options.pollMs, POLL_MIN_MS, POLL_MAX_MS);
  }

  close(): void {
    if (this.closed) return;
    this.closed = true;
    this.cancel();
    this.bus.close();
  }

  private poll(): void {
    const { timer } = this.options;
    const startedMs = timer.uptimeMs();
    if (this.step === "start") this.restart();
    else if (this.step === "configure") this.setUp();
    else this.measure();
    if (this.closed) return;
    const waitMs = this.step === "configure" ? START_MS : this.pollMs;
    const spentMs = timer.uptimeMs() - startedMs;
    this.cancel = timer.after(Math.max(POLL_MIN_MS, waitMs - spentMs), () => this.poll());
  }

  private restart(): void {
    this.bus.forget();
    this.energy.begin();
    // Something else than the reset value first: that it is back proves the restart.
    const locked = this.bus.write(Register.config, CONFIG_LOCKED);
    if (locked.kind === "fault") return this.fault(locked.fault, locked.detail);
    const outcome = this.bus.writeBlind(Register.config, CONFIG_RESET_VALUE | CONFIG_RESTART);
    if (outcome.kind === "fault") return this.fault(outcome.fault, outcome.detail);
    this.bus.forget();
    this.step = "configure";
  }

  private setUp(): void {
    // Until all is as it should be: whatever fails, the chip is restarted.
    this.step = "start";
    const config = this.read(Register.config);
    if (config === undefined) return;
    if (config !== CONFIG_RESET_VALUE)
      return this.fault("device", `did not restart: CONFIG 0x${config.toString(16)}`);
    if (!this.unlock()) return;
    for (const { register, value, mask } of this.settings) {
      const outcome = this.bus.write(register, value);
      if (outcome.kind === "fault") return this.fault(outcome.fault, outcome.detail);
      const taken = this.read(register);
      if (taken === undefined) return;
      if ((taken & mask) !== value)
        return this.fault("device", `${register.name} stays 0x${taken.toString(16)}`);
    }
    // What is in the energy registers was counted before the gains were right.
    for (const { input } of this.channels)
      if (this.read(energyOf(input)) === undefined || this.closed) return;
    this.step = "run";
  }

  /** 0x120 is written right after the key (data sheet, power-up); that it can be read is not said. */
  private unlock(): boolean {
    let key = { kind: "value" } as ReturnType<ChipBus["writeBlind"]>;
    const outcome = this.bus.write(Register.required, REQUIRED_VALUE, () => {
      key = this.bus.writeBlind(Register.unlock, UNLOCK_KEY);
    });
    for (const some of [key, outcome])
      if (some.kind === "fault") {
        this.fault(some.fault, some.detail);
        return false;
      }
    return true;
  }

  private measure(): void {
    if (!this.isAsWritten(this.settings[0])) return;
    for (const { input } of this.channels)
      if (this.read(energyOf(input)) === undefined || this.closed) return;
    const uptimeMs = this.options.timer.uptimeMs();
    // One more each time: a register that was disturbed is found within as many polls as there are settings.
    this.checked = (this.checked % (this.settings.length - 1)) + 1;
    if (!this.isAsWritten(this.settings[this.checked]) || this.closed) return;
    const sample = this.sampleOf(uptimeMs);
    if (this.closed) return;
    this.newest = sample;
    this.options.onSample?.(sample);
  }

  private isAsWritten({ register, value, mask }: Setting): boolean {
    const read = this.read(register);
    if (read === undefined || this.closed) return false;
    if ((read & mask) === value) return true;
    this.step = "start";
    this.fault("device", `${register.name} is 0x${read.toString(16)}: the chip restarted`);
    this.fault("lost", "what the chip counted before it is configured again");
    return false;
  }

  /** The counters, and of the other values those that can be read. */
  private sampleOf(uptimeMs: number): EnergySample {
    const phases: PhaseSample[] = [];
    const sample: EnergySample = { uptimeMs, counts: this.energy.counts, phases };
    const voltageMv = this.value(Register.voltage, this.options.voltage, 1);
    let totalMw: number | undefined = 0;
    for (const channel of this.channels) {
      const isA = channel.input === "A";
      const current = isA ? Register.currentA : Register.currentB;
      const power = isA ? Register.powerA : Register.powerB;
      const currentMa = this.value(current, channel.current, 1);
      const powerMw = this.value(power, channel.power, channel.sign);
      const phase: PhaseSample = {};
      if (voltageMv !== undefined) phase.voltageMv = voltageMv;
      if (currentMa !== undefined) phase.currentMa = currentMa;
      if (powerMw !== undefined) phase.powerMw = powerMw;
      phases.push(phase);
      totalMw = totalMw === undefined || powerMw === undefined ? undefined : totalMw + powerMw;
    }
    if (totalMw !== undefined) sample.powerMw = totalMw;
    const period = this.read(Register.period);
    const frequencyMhz = period === undefined ? 0 : scale(1, PERIOD_CLOCK_MHZ, period + 1);
    if (frequencyMhz >= FREQUENCY_MIN_MHZ && frequencyMhz <= FREQUENCY_MAX_MHZ)
      sample.frequencyMhz = frequencyMhz;
    return sample;
  }

  /** The signed register in thousandths of the ratio's unit. */
  private value(register: ChipRegister, ratio: Ratio, sign: 1 | -1): number | undefined {
    const read = this.read(register);
    if (read === undefined) return undefined;
    const counts = signed24(read, 4);
    if (counts === undefined) {
      this.fault("range", `${register.name} is 0x${read.toString(16)}`);
      return undefined;
    }
    const value = scale(counts, 1000 * ratio.denominator, ratio.numerator);
    return sign < 0 && value !== 0 ? -value : value;
  }

  private read(register: ChipRegister): number | undefined {
    if (this.closed) return undefined;
    const outcome = this.bus.read(register);
    if (outcome.kind === "value") return outcome.value;
    this.fault(outcome.fault, outcome.detail);
    return undefined;
  }

  private fault(fault: DriverFault, detail: string): void {
    if (!this.closed) this.options.onFault?.(fault, detail);
  }
}

function energyOf(input: "A" | "B"): ChipRegister {
  return input === "A" ? Register.energyA : Register.energyB;
}
