// SPDX-License-Identifier: Apache-2.0
/**
 * Protocol time on a node (architecture: time and money). The area's gateway is its source: every signed
 * message moves it forward, never back. A running clock advances by itself from the notice's anchor; the
 * barrier clock stands still between messages, so that nothing depends on the machine's speed.
 */
import { ClockKind, type Notice } from "#core/records/notice";
import { TimeQuality } from "#core/units/time";
import type { RealTime } from "./ports.ts";

export class ProtocolClock {
  private readonly time: RealTime;
  private notice: Notice | undefined;
  private latestMs = 0;

  constructor(time: RealTime) {
    this.time = time;
  }

  get running(): boolean {
    return this.notice?.clock === ClockKind.running;
  }

  get quality(): number {
    return this.notice ? TimeQuality.synced : TimeQuality.unknown;
  }

  /** A notice that the gateway signed: its rate and anchor hold from now on. */
  follow(notice: Notice): void {
    this.notice = notice;
    this.atLeast(notice.nowMs);
  }

  /** Protocol time is at least `ms`: a signed message says so, or the barrier clock jumps to a boundary. */
  atLeast(ms: number): void {
    if (ms > this.latestMs) this.latestMs = ms;
  }

  nowMs(): number {
    const notice = this.notice;
    if (notice && this.running) {
      const elapsedMs = this.time.nowMs() - notice.realMs;
      // Rounded down: never ahead of the gateway.
      this.atLeast(notice.nowMs + Math.floor((elapsedMs * notice.ratePermille) / 1000));
    }
    return this.latestMs;
  }

  /** Real time until protocol time `ms`, rounded up; 0 where it has come. Running clock only. */
  realDelayMs(ms: number): number {
    const rate = this.notice?.ratePermille ?? 0;
    if (rate === 0) return 0;
    return Math.max(0, Math.ceil(((ms - this.nowMs()) * 1000) / rate));
  }
}
