// SPDX-License-Identifier: Apache-2.0
/**
 * Smart meters with a P1 port (Netherlands, Belgium, Luxembourg, Sweden, Hungary, …), as an ECMA-419 sensor.
 * The meter sends by itself: once a second (DSMR 5) or every ten (2 to 4), where the request line of the port
 * is high, which the board's wiring sees to; the data line is inverted and open-collector (P1 companion
 * standard 5.0.2, chapter 5). Which registers count: obis/counter-set.ts.
 *
 * Not supported: encrypted telegrams (Luxembourg, Austria); they are told as a `device` fault.
 */
import { assert } from "#core/errors/assert";
import { CounterSet } from "../obis/counter-set.ts";
import { instantaneousOf } from "../obis/instantaneous.ts";
import { Listener } from "../obis/listener.ts";
import type {
  CounterSpec,
  DriverFault,
  DriverOptions,
  EnergySample,
  EnergySensor,
  SerialConstruction,
} from "../types.ts";
import { Agreement } from "./agreement.ts";
import { type Telegram, TelegramDecoder } from "./telegram.ts";

/** 5: versions 4 and 5, with a CRC. 3: versions 2 and 3, without (agreement.ts). */
export type DsmrVersion = 3 | 5;

export interface DsmrOptions extends DriverOptions {
  sensor: SerialConstruction;
  /** Default 5. */
  version?: DsmrVersion;
  /** OBIS codes of the registers that count, as "1-0:1.8.1"; learned from the meter where absent. */
  registers?: readonly string[];
  /** Silence after which the meter counts as gone, ms. Default: three telegrams of a slow meter. */
  timeoutMs?: number;
  /**
   * Version 3 only: what the connection can carry, W. Default: three phases of 80 A, and the reserve of a
   * fuse.
   */
  powerMaxW?: number;
}

const LINES = Object.freeze({
  3: Object.freeze({ baud: 9600, data: 7, parity: "even", stop: 1 } as const),
  5: Object.freeze({ baud: 115_200, data: 8, parity: "none", stop: 1 } as const),
});
const TIMEOUT_MS = 35_000;
const POWER_MAX_W = 60_000;

export class Dsmr implements EnergySensor {
  readonly identification: { model: string; classification: "Energy" } = {
    model: "DSMR P1",
    classification: "Energy",
  };
  private readonly options: DsmrOptions;
  private readonly listener: Listener;
  private readonly decoder: TelegramDecoder;
  private readonly set: CounterSet;
  private readonly agreement: Agreement | undefined;
  private latest: EnergySample | undefined;

  constructor(options: DsmrOptions) {
    const { sensor, version = 5, registers, powerMaxW = POWER_MAX_W } = options;
    assert(version === 3 || version === 5, "DSMR_VERSION", `${version}`);
    assert(Number.isInteger(powerMaxW) && powerMaxW > 0, "DSMR_POWER", `${powerMaxW}`);
    this.options = options;
    this.set = new CounterSet(registers);
    if (version === 3) this.agreement = new Agreement(powerMaxW);
    this.decoder = new TelegramDecoder(version === 5, {
      onTelegram: (telegram) => this.take(telegram),
      onFault: (fault, detail) => this.fault(fault, detail),
    });
    this.listener = new Listener({
      sensor,
      line: LINES[version],
      timer: options.timer,
      timeoutMs: options.timeoutMs ?? TIMEOUT_MS,
      onBytes: (bytes) => this.decoder.push(bytes),
      onError: (detail) => this.fault("bus", detail),
      onSilence: (timeoutMs) => this.silence(timeoutMs),
    });
  }

  get counters(): readonly CounterSpec[] {
    return this.set.counters;
  }

  sample(): EnergySample | undefined {
    return this.latest;
  }

  /** `timeoutMs` can change while the driver runs. */
  configure(options: Record<string, unknown>): void {
    this.listener.configure(options);
  }

  close(): void {
    this.listener.close();
  }

  private take(telegram: Telegram): void {
    if (this.listener.closed) return;
    const taken = this.set.take(telegram.energies);
    this.listener.heard(); // the meter speaks, whether its telegram can be used or not
    if (taken.kind === "learning") return;
    if (taken.kind === "refused") {
      this.fault("range", taken.detail);
      return;
    }
    const uptimeMs = this.options.timer.uptimeMs();
    const candidate = { uptimeMs, counts: taken.counts, ...instantaneousOf(telegram.values) };
    if (!this.agreement) {
      this.give(candidate);
      return;
    }
    const { agreed, fault } = this.agreement.take(candidate, this.set.counters);
    if (fault !== undefined) this.fault("range", fault);
    if (agreed) this.give(agreed);
  }

  private give(sample: EnergySample): void {
    this.latest = sample;
    this.options.onSample?.(sample);
  }

  private fault(fault: DriverFault, detail: string): void {
    if (this.listener.closed) return;
    this.options.onFault?.(fault, detail);
  }

  private silence(timeoutMs: number): void {
    this.decoder.reset();
    this.set.interrupt();
    this.agreement?.interrupt();
    this.fault("timeout", `no telegram in ${timeoutMs} ms`);
  }
}
