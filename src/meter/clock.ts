// SPDX-License-Identifier: Apache-2.0
/**
 * Protocol time on a node (architecture: time and money). The area's gateway is its source: every signed
 * message moves it forward, never back. A running clock advances by itself from the notice's anchor; the
 * barrier clock stands still between messages, so that nothing depends on the machine's speed.
 */
import { ClockKind, type Notice } from "#core/records/notice";
import { TimeQuality } from "#core/units/time";
import type { RealTime } from "./ports.ts";
import { qualityOf } from "./time/quality.ts";

/** Boundaries are read up to one tick late, so a clock that may run two ticks past one sees "too late". */
const TICKS_PAST_END = 2;

export class ProtocolClock {
  private readonly time: RealTime;
  private notice: Notice | undefined;
  /** Uptime at which `notice` was first heard. */
  private heardMs = 0;
  /** Whether this connection has brought a notice: the first one may be retained, and old. */
  private listening = false;
  private latestMs = 0;

  constructor(time: RealTime) {
    this.time = time;
  }

  get running(): boolean {
    return this.notice?.clock === ClockKind.running;
  }

  /** Protocol milliseconds in 1000 ms of real time, by the last notice; 0 where it stands. */
  get ratePermille(): number {
    return this.notice?.ratePermille ?? 0;
  }

  /** TimeQuality of `nowMs`. Under the barrier clock protocol time is what the gateway signs. */
  get quality(): number {
    const { notice } = this;
    if (!notice) return TimeQuality.unknown;
    if (!this.running) return TimeQuality.synced;
    const { quality, errorMs } = this.time.utc();
    // A fast clock makes more of the same error.
    const scaled = notice.ratePermille > 1000 ? (errorMs * notice.ratePermille) / 1000 : errorMs;
    return Math.min(quality, qualityOf(scaled));
  }

  /** The connection is new or gone: the next notice may be one that the broker kept. */
  reconnected(): void {
    this.listening = false;
  }

  /** A notice that the gateway signed: its rate and anchor hold from now on. */
  follow(notice: Notice): void {
    const newer = !this.notice || notice.nowMs > this.notice.nowMs;
    const live = newer && this.listening;
    this.listening = true;
    // The same one again says nothing new of when it was written.
    if (newer) this.heardMs = this.time.uptimeMs();
    this.notice = notice;
    if (live && this.running) this.time.gatewayTime?.(notice.realMs);
    this.atLeast(notice.nowMs);
  }

  /** Protocol time is at least `ms`: a signed message says so, or the barrier clock jumps to a boundary. */
  atLeast(ms: number): void {
    if (ms > this.latestMs) this.latestMs = ms;
  }

  nowMs(): number {
    const { notice } = this;
    if (notice && this.running) {
      // Rounded down: never ahead of the gateway.
      const ranMs = Math.floor((this.elapsedMs(notice) * notice.ratePermille) / 1000);
      // By one notice a node does nothing later than this, so a wrong time of day leads no further.
      const endMs = notice.endMs + TICKS_PAST_END * notice.tickMs;
      this.atLeast(Math.min(notice.nowMs + ranMs, endMs));
    }
    return this.latestMs;
  }

  /** Real time until protocol time `ms`, rounded up; 0 where it has come. Running clock only. */
  realDelayMs(ms: number): number {
    const rate = this.notice?.ratePermille ?? 0;
    if (rate === 0) return 0;
    return Math.max(0, Math.ceil(((ms - this.nowMs()) * 1000) / rate));
  }

  /**
   * Real time since the gateway wrote the notice: by UTC where that is known. What passed since the notice
   * came is a lower bound of it in any case, and all there is without UTC.
   */
  private elapsedMs(notice: Notice): number {
    const sinceHeardMs = this.time.uptimeMs() - this.heardMs;
    const { utcMs, quality } = this.time.utc();
    if (quality === TimeQuality.unknown) return sinceHeardMs;
    return Math.max(sinceHeardMs, utcMs - notice.realMs);
  }
}
