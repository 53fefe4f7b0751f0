// SPDX-License-Identifier: Apache-2.0
/** A BL0942 with a load at the far end of a fake line: renews its registers, counts energy, answers requests. */
import type { FakeSerial, ManualTimer } from "../../../helpers/driver-io.ts";
import type { Rng } from "../../../property/rng.ts";
import { type PacketFields, packetOf, TYPICAL } from "../../../vectors/drivers/bl0942.ts";

/** mW·ms of a pulse: 1048576/5607 mWh. */
const PULSE_NUMERATOR = 1_048_576n * 3_600_000n;
const PULSE_DENOMINATOR = 5607n;

export class SimulatedBl0942 {
  /** Signed: negative flows out. */
  powerMw = 920_000;
  mode = 0x87;
  protection = 0;
  mute = false;
  /** How long an answer takes on the line, ms. */
  answerMs = 0;
  /** What becomes of an answer on the line; undefined: nothing arrives. */
  spoil: ((answer: Uint8Array) => Uint8Array | undefined) | undefined;
  /** What a write of the mode makes of it. */
  takeMode = (mode: number): number => mode;
  readonly requests: string[] = [];
  readonly answers: Uint8Array[] = [];
  private readonly serial: FakeSerial;
  private readonly timer: ManualTimer;
  private readonly rng: Rng;
  private readonly address: number;
  private energy = 0n;
  private countedMs = 0;
  private pulsesBefore: number;
  private renewedAt = -1;
  private noise: [number, number] = [0, 0];
  private period = 20_000;

  constructor(serial: FakeSerial, timer: ManualTimer, rng: Rng, pulses = 1000, address = 0) {
    this.serial = serial;
    this.timer = timer;
    this.rng = rng;
    this.address = address;
    this.pulsesBefore = pulses;
    serial.onWrite = (request) => this.hear(request);
  }

  /** All pulses since the beginning. */
  get pulses(): number {
    const ms = this.timer.uptimeMs() - this.countedMs;
    this.countedMs = this.timer.uptimeMs();
    this.energy += BigInt(Math.abs(this.powerMw)) * BigInt(ms) * PULSE_DENOMINATOR;
    return this.pulsesBefore + Number(this.energy / PULSE_NUMERATOR);
  }

  /** The chip loses its power for a moment. */
  restart(): void {
    this.energy = 0n;
    this.pulsesBefore = 0;
    this.mode = 0x87;
    this.protection = 0;
  }

  /** The present registers. */
  fields(): PacketFields {
    const renewal = Math.floor(this.timer.uptimeMs() / (this.mode & 8 ? 800 : 400));
    if (renewal !== this.renewedAt) {
      this.renewedAt = renewal;
      this.noise = [this.rng.below(2001) - 1000, this.rng.below(2001) - 1000];
      this.period = 19_990 + this.rng.below(21);
    }
    const amperes = Math.abs(this.powerMw) / 230_000;
    return {
      currentRms: Math.round(amperes * 251_213.46) + Math.abs(this.noise[0]),
      voltageRms: TYPICAL.voltageRms + this.noise[1],
      fastCurrentRms: this.rng.below(0x1000000),
      watt: Math.trunc((this.powerMw * 623) / 1000),
      pulses: this.pulses % 0x1000000,
      period: this.period,
      status: this.powerMw < 0 ? 1 : 0,
    };
  }

  private hear(request: Uint8Array): void {
    const hex = Buffer.from(request).toString("hex");
    this.requests.push(hex);
    if (this.mute) return;
    const [command, register] = request;
    if (command === (0xa8 | this.address)) return this.write(register, request);
    if (command !== (0x58 | this.address)) return;
    if (register === 0xaa) return this.answer(packetOf(this.fields(), this.address));
    if (register === 0x19) return this.answer(this.word(register, this.mode));
    if (register === 0x1d) this.answer(this.word(register, this.protection));
  }

  private write(register: number, request: Uint8Array): void {
    const sum = request.subarray(0, 5).reduce((total, byte) => total + byte, 0);
    if ((~sum & 0xff) !== request[5]) return;
    const value = request[2] | (request[3] << 8) | (request[4] << 16);
    if (register === 0x1d) this.protection = value === 0x55 ? 1 : 0;
    else if (register === 0x19 && this.protection === 1) this.mode = this.takeMode(value);
  }

  private word(register: number, value: number): Uint8Array {
    const bytes = [value & 0xff, (value >> 8) & 0xff, value >> 16];
    const sum = (0x58 | this.address) + register + bytes[0] + bytes[1] + bytes[2];
    return Uint8Array.of(...bytes, ~sum & 0xff);
  }

  private answer(bytes: Uint8Array): void {
    this.answers.push(bytes);
    const arriving = this.spoil ? this.spoil(bytes) : bytes;
    if (!arriving) return;
    if (this.answerMs === 0) this.serial.send(arriving);
    else this.timer.after(this.answerMs, () => this.serial.send(arriving));
  }
}
