// SPDX-License-Identifier: Apache-2.0
import type { ResetReason } from "#meter/health/reset-reason";

/** What the application asks of the machine that it runs on. */
export interface System {
  /** Why the machine started. */
  readonly resetReason: ResetReason;
  /** Does not return on a chip. */
  restart(): void;
  /** The machine restarts where `feedWatchdog` was not called for this long. False where there is none. */
  startWatchdog(timeoutMs: number): boolean;
  feedWatchdog(): void;
  /** A line of the log, where there is a terminal beside the serial line. */
  print?(line: string): void;
  /** Free memory beside the XS machine; undefined on a desktop. */
  heap(): { freeBytes: number; leastBytes: number } | undefined;
}
