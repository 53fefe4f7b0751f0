// SPDX-License-Identifier: Apache-2.0
/**
 * A simulated house and its metering chip. Load less photovoltaic power is integrated over uptime into an
 * import and an export counter, exactly: what is less than a mWh is carried. The chip keeps its counters
 * through power cuts; it can fall silent or talk nonsense for a while.
 */
import type { CounterSpec, EnergySample } from "#drivers/types";
import type { EnergyMeter } from "#meter/ports";
import { CHIP_COUNTERS } from "../fleet/chip.ts";
import type { HomeFace, HomeSettings, MeterFault } from "./protocol.ts";

/** W × ms × thousandths of the rate in one mWh: 3.6 J, 3600 mJ. */
const UNITS_PER_MWH = 3_600_000n;
/**
 * What garbled frames show in turn: more than any meter counts. Small nonsense would be no test, for nobody
 * can tell it from energy.
 */
const NONSENSE_MWH = 0x7fff_ffff_ffff_ffffn;
const LESS_NONSENSE_MWH = 0x4000_0000_0000_0000n;

/** One counter and what it lacks to the next mWh. */
interface Counter {
  mwh: bigint;
  /** Less than UNITS_PER_MWH. */
  rest: bigint;
}

export class SimHome implements EnergyMeter {
  readonly counters: readonly CounterSpec[] = CHIP_COUNTERS;
  private readonly uptimeMs: () => number;
  private readonly settings: HomeSettings = { loadW: 0, pvW: 0, line: true };
  private import: Counter = { mwh: 0n, rest: 0n };
  private export: Counter = { mwh: 0n, rest: 0n };
  private atMs: number;
  private ratePermille = 1000;
  /** Thousandths of a ms by which the house's time is ahead of uptime. */
  private aheadUs = 0;
  private fault: MeterFault | undefined;
  private faultUntilMs = 0;
  private frames = 0;

  /** @param uptimeMs real time since the start, ms; never goes back */
  constructor(uptimeMs: () => number) {
    this.uptimeMs = uptimeMs;
    this.atMs = Math.floor(uptimeMs());
  }

  /** From now on the house takes and gives this. Checked by the protocol. */
  set(settings: Partial<HomeSettings>): void {
    this.advance();
    if (settings.loadW !== undefined) this.settings.loadW = settings.loadW;
    if (settings.pvW !== undefined) this.settings.pvW = settings.pvW;
    if (settings.line !== undefined) this.settings.line = settings.line;
  }

  /**
   * From now on the house lives this fast, thousandths of real time: as fast as the gateway's protocol
   * time, so that 3 kW are 750 Wh in a quarter-hour of an accelerated area too.
   */
  setRate(ratePermille: number): void {
    this.advance();
    this.ratePermille = ratePermille;
  }

  /** The chip answers nothing, or nonsense, for `forMs` of uptime. */
  fail(fault: MeterFault, forMs: number): void {
    this.fault = fault;
    this.faultUntilMs = Math.floor(this.uptimeMs()) + forMs;
  }

  /** What the chip shows now, whatever protocol time is asked for. */
  sample(_atMs: number): EnergySample | undefined {
    this.advance();
    const fault = this.faultNow();
    if (fault === "silent") return undefined;
    // What a line can carry is judged by the time between samples: here the house's own.
    const uptimeMs = this.atMs + Math.floor(this.aheadUs / 1000);
    if (fault === "garbled") {
      const nonsense = this.frames++ % 2 === 0 ? NONSENSE_MWH : LESS_NONSENSE_MWH;
      return { uptimeMs, counts: [nonsense, nonsense] };
    }
    const counts = [this.import.mwh, this.export.mwh];
    return { uptimeMs, counts, powerMw: this.netW() * 1000 };
  }

  face(): HomeFace {
    return { ...this.settings, fault: this.faultNow() ?? "none" };
  }

  /** What the chip keeps when its power goes: text for a file; `restore` reads it. */
  kept(): string {
    this.advance();
    const { import: taken, export: given } = this;
    return `${taken.mwh} ${taken.rest} ${given.mwh} ${given.rest}`;
  }

  /** @returns false, with nothing changed, where `text` is not of `kept` */
  restore(text: string): boolean {
    const match = /^(\d{1,19}) (\d{1,7}) (\d{1,19}) (\d{1,7})$/.exec(text);
    if (!match) return false;
    const [importMwh, importRest, exportMwh, exportRest] = match.slice(1).map(BigInt);
    if (importRest >= UNITS_PER_MWH || exportRest >= UNITS_PER_MWH) return false;
    this.advance();
    this.import = { mwh: importMwh, rest: importRest };
    this.export = { mwh: exportMwh, rest: exportRest };
    return true;
  }

  private netW(): number {
    const { loadW, pvW, line } = this.settings;
    return line ? loadW - pvW : 0;
  }

  private faultNow(): MeterFault | undefined {
    if (this.uptimeMs() >= this.faultUntilMs) this.fault = undefined;
    return this.fault;
  }

  private advance(): void {
    const nowMs = Math.floor(this.uptimeMs());
    const netW = this.netW();
    const passedMs = nowMs - this.atMs;
    this.atMs = nowMs;
    this.aheadUs += passedMs * Math.max(0, this.ratePermille - 1000);
    const units = BigInt(Math.abs(netW)) * BigInt(passedMs) * BigInt(this.ratePermille);
    const counter = netW > 0 ? this.import : this.export;
    const sum = counter.rest + units;
    counter.mwh += sum / UNITS_PER_MWH;
    counter.rest = sum % UNITS_PER_MWH;
  }
}
