// SPDX-License-Identifier: Apache-2.0
/**
 * BL0942 as an ECMA-419 sensor on a UART. Each poll reads the chip's packet until two answers agree, since one
 * 8-bit sum is not enough to believe a counter. Before the first packet, after failures and once a minute the
 * mode register is checked: a chip that restarted has its reset value there.
 */
import { checkedInteger } from "../chip/exact.ts";
import type {
  CounterSpec,
  DriverFault,
  DriverOptions,
  EnergySample,
  EnergySensor,
  SerialConstruction,
} from "../types.ts";
import {
  agree,
  encodeRead,
  encodeWrite,
  type Packet,
  type Parsed,
  parsePacket,
  parseRegister,
} from "./frame.ts";
import { ChipLink, type Outcome } from "./link.ts";
import {
  Mode,
  PACKET_BYTES,
  PULSES_MODULUS,
  READS_WRITABLE,
  REGISTER_REPLY_BYTES,
  Register,
  WRITABLE,
} from "./registers.ts";
import {
  type Bl0942Calibration,
  type Bl0942Values,
  checkedCalibration,
  counterOf,
  frequencyOf,
  implausible,
  valuesOf,
} from "./values.ts";

const POLL_MS = 1000;
/** At least this much between two polls, ms: a chip that fails must not fill the line. */
const PAUSE_MS = 100;
/**
 * Requests of one poll, the error budget: packets are renewed every 0.2 to 0.8 s and take 0.05 s to read at
 * 4800 baud, so six packets nearly always have two alike in a row.
 */
const REQUESTS_MAX = 6;
/** For the mode register: seven to set it, and as many errors as above. */
const SETUP_REQUESTS_MAX = 12;
/** After so many polls without a sample the chip may be another than before. */
const FAILURES_MAX = 3;
/** Polls until the mode register is looked at again. */
const CHECK_POLLS = 60;
/** A pulse may be this late, ms: the power is renewed each 800 ms. */
const JITTER_MS = 1000;
/** The current input ends at 42 mV, 30 A in 1 mΩ (data sheet, input range), at 253 V. */
const POWER_MAX_MW = 8_000_000;

export interface Bl0942Options extends DriverOptions {
  sensor: SerialConstruction;
  calibration: Bl0942Calibration;
  /** By the chip's address pins, 0 to 3; 0 without. */
  address?: number;
  /** By the chip's strap pin; 4800 without. The rates of the mode register are not used. */
  baud?: 4800 | 9600;
  mainsHz?: 50 | 60;
  /** The board's current input is the other way round. */
  inverted?: boolean;
  /** Largest power of the board, mW; more is no packet of it. */
  powerMaxMw?: number;
  pollMs?: number;
}

export class Bl0942 implements EnergySensor {
  readonly identification = Object.freeze({ model: "BL0942", classification: "Energy" as const });
  readonly counters: readonly CounterSpec[];
  private readonly options: Bl0942Options;
  private readonly address: number;
  private readonly mode: number;
  private readonly powerMaxMw: number;
  private readonly link: ChipLink;
  private pollMs: number;
  private cancel: () => void;
  private closed = false;
  /** The mode register is as wanted, as far as is known. */
  private ready = false;
  /** It was once: from then on another mode means a restart of the chip. */
  private wasReady = false;
  private failures = 0;
  private pollsUntilCheck = 0;
  private startedMs = 0;
  private requestsLeft = 0;
  /** The last packet of this poll. */
  private heard: Packet | undefined;
  private base: { pulses: number; uptimeMs: number } | undefined;
  private newest: EnergySample | undefined;

  constructor(options: Bl0942Options) {
    this.options = options;
    const { address = 0, baud = 4800, mainsHz = 50, powerMaxMw = POWER_MAX_MW } = options;
    this.address = checkedInteger("address", address, 0, 3);
    this.powerMaxMw = checkedInteger("powerMaxMw", powerMaxMw, 1, 1_000_000_000);
    this.pollMs = checkedInteger("pollMs", options.pollMs ?? POLL_MS, PAUSE_MS, 60_000);
    checkedInteger("baud", baud / 4800, 1, 2);
    checkedInteger("mainsHz", mainsHz / 10, 5, 6);
    this.counters = Object.freeze([counterOf(checkedCalibration(options.calibration))]);
    const steady = Mode.reserved | Mode.energy | Mode.slow | Mode.absolute;
    this.mode = mainsHz === 60 ? steady | Mode.mains60Hz : steady;
    this.link = new ChipLink(options.sensor, options.timer, baud);
    this.cancel = options.timer.after(0, () => this.poll());
  }

  sample(): EnergySample | undefined {
    return this.newest;
  }

  /** `pollMs`: time between samples, 100 to 60 000. */
  configure(options: Record<string, unknown>): void {
    if (options.pollMs !== undefined)
      this.pollMs = checkedInteger("pollMs", options.pollMs, PAUSE_MS, 60_000);
  }

  close(): void {
    if (this.closed) return;
    this.closed = true;
    this.cancel();
    this.link.close();
  }

  private poll(): void {
    this.startedMs = this.options.timer.uptimeMs();
    this.heard = undefined;
    const unasked = this.link.takeUnasked();
    if (unasked > 0) this.fault("framing", `${unasked} bytes unasked`);
    if (this.closed) return;
    if (this.ready && --this.pollsUntilCheck > 0) {
      this.requestsLeft = REQUESTS_MAX;
      this.readPacket();
    } else {
      this.requestsLeft = SETUP_REQUESTS_MAX;
      this.readRegister(Register.mode, (mode) => this.checkMode(mode));
    }
  }

  /** Ends the poll. */
  private rest(good: boolean): void {
    if (this.closed) return;
    this.failures = good ? 0 : this.failures + 1;
    if (this.failures >= FAILURES_MAX) this.ready = false;
    const { timer } = this.options;
    const delayMs = this.startedMs + this.pollMs - timer.uptimeMs();
    this.cancel = timer.after(Math.max(PAUSE_MS, delayMs), () => this.poll());
  }

  /** Asks until an answer is sound, within the poll's budget. */
  private ask<T>(
    request: Uint8Array,
    bytes: number,
    parse: (answer: Uint8Array) => Parsed<T>,
    done: (value: T, uptimeMs: number) => void,
  ): void {
    if (this.closed) return;
    if (this.requestsLeft-- <= 0) return this.rest(false);
    this.link.ask(request, bytes, (outcome: Outcome) => {
      const parsed = outcome.kind === "answer" ? parse(outcome.bytes) : outcome;
      if (parsed.kind === "value" && outcome.kind === "answer")
        return done(parsed.value, outcome.uptimeMs);
      if (parsed.kind === "fault") this.fault(parsed.fault, parsed.detail);
      this.ask(request, bytes, parse, done);
    });
  }

  private readRegister(register: number, done: (value: number) => void): void {
    const parse = (answer: Uint8Array) => parseRegister(this.address, register, answer);
    this.ask(encodeRead(this.address, register), REGISTER_REPLY_BYTES, parse, done);
  }

  /** Writes have no answer; who writes reads back. */
  private write(register: number, value: number, done: () => void): void {
    const request = encodeWrite(this.address, register, value);
    this.ask(request, 0, () => ({ kind: "value", value: 0 }), done);
  }

  private checkMode(mode: number): void {
    if (mode === this.mode) return this.isReady();
    this.ready = false;
    this.base = undefined;
    if (this.wasReady) this.fault("device", `mode 0x${mode.toString(16)}: the chip restarted`);
    if (this.closed) return;
    this.write(Register.writeProtection, WRITABLE, () =>
      this.readRegister(Register.writeProtection, (protection) => {
        if (protection !== WRITABLE && protection !== READS_WRITABLE)
          return this.refused(`write protection 0x${protection.toString(16)}`);
        this.write(Register.mode, this.mode, () => this.lock());
      }),
    );
  }

  private lock(): void {
    this.write(Register.writeProtection, 0, () =>
      this.readRegister(Register.writeProtection, (protection) => {
        if (protection !== 0) return this.refused("the registers stay writable");
        this.readRegister(Register.mode, (mode) => {
          if (mode !== this.mode) return this.refused(`mode 0x${mode.toString(16)}`);
          this.isReady();
        });
      }),
    );
  }

  private refused(detail: string): void {
    this.fault("device", `not configured: ${detail}`);
    this.rest(false);
  }

  private isReady(): void {
    this.ready = this.wasReady = true;
    this.pollsUntilCheck = CHECK_POLLS;
    this.requestsLeft = REQUESTS_MAX;
    this.readPacket();
  }

  private readPacket(): void {
    if (this.requestsLeft <= 0 && this.heard) {
      this.fault("range", "no two packets agree");
      return this.rest(false);
    }
    const parse = (answer: Uint8Array) => parsePacket(this.address, answer);
    const request = encodeRead(this.address, Register.packet);
    this.ask(request, PACKET_BYTES, parse, (packet, uptimeMs) => {
      const before = this.heard;
      this.heard = packet;
      if (before && agree(before, packet)) this.accept(before, packet, uptimeMs);
      else this.readPacket();
    });
  }

  private accept(before: Packet, packet: Packet, uptimeMs: number): void {
    const { pulses } = packet;
    const values = valuesOf(packet, this.options.calibration);
    const why = implausible(values, this.powerMaxMw);
    const from = this.base;
    const pulsesMax = from ? this.pulsesMax(uptimeMs - from.uptimeMs) : PULSES_MODULUS;
    const step = from ? (pulses - from.pulses + PULSES_MODULUS) % PULSES_MODULUS : 0;
    if (why !== undefined) {
      this.fault("range", why);
      return this.rest(false);
    }
    if (step > pulsesMax) {
      // Two packets say so: look at the mode, and begin from here.
      this.ready = false;
      this.base = undefined;
      this.fault("range", `pulse counter went on by ${step} of at most ${pulsesMax}`);
      return this.rest(false);
    }
    this.base = { pulses, uptimeMs };
    const periodUs = before.periodUs === packet.periodUs ? packet.periodUs : undefined;
    this.rest(true);
    this.emit(packet, values, periodUs, uptimeMs);
  }

  /** A pulse is 1048576/(9·P) mWh, 3 600 000 mW·ms each. */
  private pulsesMax(elapsedMs: number): number {
    const { numerator, denominator } = this.options.calibration.power;
    const energy = BigInt(this.powerMaxMw) * BigInt(elapsedMs + JITTER_MS) * BigInt(9 * numerator);
    return 2 + Number(energy / (BigInt(denominator) * 1_048_576n * 3_600_000n));
  }

  private emit(
    packet: Packet,
    { voltageMv, currentMa, powerMw: signedMw }: Bl0942Values,
    periodUs: number | undefined,
    uptimeMs: number,
  ): void {
    const { inverted = false } = this.options;
    // Below the creep threshold the register is 0; what was counted came before.
    const out = packet.watt === 0 ? packet.lastPulseOut : packet.watt < 0;
    const powerMw = inverted && signedMw !== 0 ? -signedMw : signedMw;
    const sample: EnergySample = {
      uptimeMs,
      counts: [BigInt(packet.pulses)],
      reverse: out !== inverted,
      powerMw,
      phases: [{ voltageMv, currentMa, powerMw }],
    };
    const frequencyMhz = periodUs === undefined ? undefined : frequencyOf(periodUs);
    if (frequencyMhz !== undefined) sample.frequencyMhz = frequencyMhz;
    this.newest = sample;
    this.options.onSample?.(sample);
  }

  private fault(fault: DriverFault, detail: string): void {
    if (!this.closed) this.options.onFault?.(fault, detail);
  }
}
