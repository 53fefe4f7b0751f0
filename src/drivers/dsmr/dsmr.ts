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
import { TalkingMeter, type TalkingOptions } from "../obis/talking-meter.ts";
import { Agreement } from "./agreement.ts";
import { CLOCK_ERROR_MS, clockUtcMs, UTC_OFFSET_MIN, UTC_OFFSET_RANGE } from "./clock.ts";
import { type Telegram, TelegramDecoder } from "./telegram.ts";

/** 5: versions 4 and 5, with a CRC. 3: versions 2 and 3, without (agreement.ts). */
export type DsmrVersion = 3 | 5;

export interface DsmrOptions extends TalkingOptions {
  /** Default 5. */
  version?: DsmrVersion;
  /**
   * Version 3 only: what the connection can carry, W. Default: three phases of 80 A, and the reserve of a
   * fuse.
   */
  powerMaxW?: number;
  /** Winter time of the meter's clock, minutes after UTC. Default 60: CET. */
  utcOffsetMin?: number;
}

const LINES = Object.freeze({
  3: Object.freeze({ baud: 9600, data: 7, parity: "even", stop: 1 } as const),
  5: Object.freeze({ baud: 115_200, data: 8, parity: "none", stop: 1 } as const),
});
const TIMEOUT_MS = 35_000;
const POWER_MAX_W = 60_000;

export class Dsmr extends TalkingMeter {
  private readonly decoder: TelegramDecoder;
  private readonly agreement: Agreement | undefined;
  private readonly utcOffsetMin: number;

  constructor(options: DsmrOptions) {
    const { version = 5, powerMaxW = POWER_MAX_W, utcOffsetMin = UTC_OFFSET_MIN } = options;
    const { min, max } = UTC_OFFSET_RANGE;
    assert(version === 3 || version === 5, "DSMR_VERSION", `${version}`);
    assert(Number.isInteger(powerMaxW) && powerMaxW > 0, "DSMR_POWER", `${powerMaxW}`);
    const isOffset = Number.isInteger(utcOffsetMin) && utcOffsetMin >= min && utcOffsetMin <= max;
    assert(isOffset, "DSMR_UTC", `${utcOffsetMin}`);
    super("DSMR P1", LINES[version], TIMEOUT_MS, options);
    this.utcOffsetMin = utcOffsetMin;
    if (version === 3) this.agreement = new Agreement(powerMaxW);
    this.decoder = new TelegramDecoder(version === 5, {
      onTelegram: (telegram) => this.take(telegram),
      onFault: (fault, detail) => this.fault(fault, detail),
    });
  }

  protected push(bytes: Uint8Array): void {
    this.decoder.push(bytes);
  }

  protected override interrupt(): void {
    this.decoder.reset();
    super.interrupt();
    this.agreement?.interrupt();
  }

  private take({ energies, values, clock }: Telegram): void {
    // Without a checksum there is nothing that a wrong digit would show in.
    if (clock !== undefined && !this.agreement) this.tell(clock);
    const candidate = this.candidateOf(energies, values);
    if (!candidate) return;
    if (!this.agreement) {
      this.give(candidate);
      return;
    }
    const { agreed, fault } = this.agreement.take(candidate, this.counters);
    if (fault !== undefined) this.fault("range", fault);
    if (agreed) this.give(agreed);
  }

  /** The stamp is of when the telegram was made, cut off to a second: half a second later on the average. */
  private tell(clock: string): void {
    const utcMs = clockUtcMs(clock, this.utcOffsetMin);
    if (utcMs !== undefined) this.giveTime(utcMs + 500, CLOCK_ERROR_MS);
  }
}
