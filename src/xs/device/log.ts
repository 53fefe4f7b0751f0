// SPDX-License-Identifier: Apache-2.0
/** The log as lines of text on the console: level, event, facts. */
import type { Log, LogLevel } from "#meter/ports";

const RANK: Record<LogLevel, number> = Object.freeze({ debug: 0, info: 1, warn: 2, error: 3 });

/** Writes what is at least as grave as `least`; `write` gets lines without their end. */
export function lineLog(
  least: LogLevel,
  uptimeMs: () => number,
  write: (line: string) => void,
): Log {
  return (level, event, facts) => {
    if (RANK[level] < RANK[least]) return;
    let line = `[${Math.floor(uptimeMs() / 1000)} s] ${level} ${event}`;
    if (facts) for (const name of Object.keys(facts)) line += ` ${name}=${facts[name]}`;
    write(line);
  };
}
