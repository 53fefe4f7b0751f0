// SPDX-License-Identifier: Apache-2.0
/**
 * Log lines that others bring about come once in a second of each kind: every line is written before the call
 * returns, and whoever makes mistakes fast must neither fill the disk nor stop the loop. What was left out is
 * counted in the next line of its kind, and all of it in the metrics.
 */
import type { GatewayLog } from "#gateway/ports";

const PAUSE_MS = 1000;

/** What the gateway says about what came from outside; each has a `code`, or is all one. */
const OF_OTHERS: ReadonlySet<string> = new Set(["not-accepted", "intake-full"]);

export class PacedLog {
  private readonly log: GatewayLog;
  private readonly uptimeMs: () => number;
  private readonly kinds = new Map<string, { atMs: number; left: number }>();

  constructor(log: GatewayLog, uptimeMs: () => number = () => performance.now()) {
    this.log = log;
    this.uptimeMs = uptimeMs;
  }

  /** `kind`: lines of one kind stand for each other; there are few kinds, none of a stranger's making. */
  say(
    kind: string,
    level: Parameters<GatewayLog>[0],
    event: string,
    facts: Record<string, string | number>,
  ): void {
    const nowMs = this.uptimeMs();
    const last = this.kinds.get(kind);
    if (last && nowMs - last.atMs < PAUSE_MS) {
      last.left++;
      return;
    }
    this.kinds.set(kind, { atMs: nowMs, left: 0 });
    this.log(level, event, last && last.left > 0 ? { ...facts, leftOut: last.left } : facts);
  }
}

/** The gateway's log: what others bring about paced by its code, all else as it comes. */
export function pacedGatewayLog(log: GatewayLog, uptimeMs?: () => number): GatewayLog {
  const paced = new PacedLog(log, uptimeMs);
  return (level, event, facts) => {
    if (OF_OTHERS.has(event) && facts) paced.say(`${event} ${facts.code}`, level, event, facts);
    else log(level, event, facts);
  };
}
