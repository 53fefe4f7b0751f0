// SPDX-License-Identifier: Apache-2.0
/** The log as lines of text on the console: uptime, level, event, facts. */
import type { LogLevel } from "#meter/ports";

export const LOG_RANK: Readonly<Record<LogLevel, number>> = Object.freeze({
  debug: 0,
  info: 1,
  warn: 2,
  error: 3,
});

/** One entry, without the line's end. */
export function logLine(
  level: LogLevel,
  event: string,
  facts: Record<string, string | number> | undefined,
  uptimeMs: number,
): string {
  let line = `[${Math.floor(uptimeMs / 1000)} s] ${level} ${event}`;
  if (facts) for (const name of Object.keys(facts)) line += ` ${name}=${facts[name]}`;
  return line;
}

export function asciiBytes(text: string): Uint8Array {
  const bytes = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i++) bytes[i] = text.charCodeAt(i) & 0x7f;
  return bytes;
}
