// SPDX-License-Identifier: Apache-2.0
/** The end of a process' parts, one after the other. */
import type { GatewayLog } from "#gateway/ports";

/** Longest that one part may take to end, ms; a broker of others is waited for less. */
const STEP_MS = 5000;

/** A part by its name, and how it ends. */
export type Closing = readonly [part: string, close: () => unknown];

/**
 * Ends each part whatever became of those before it, so that nothing holds on to a port, a store or the
 * process; what fails, or takes too long, is in the log. Does not reject.
 */
export async function closeAll(
  parts: readonly Closing[],
  log: GatewayLog,
  stepMs = STEP_MS,
): Promise<void> {
  for (const [part, close] of parts)
    try {
      await within(stepMs, close());
    } catch (error) {
      log("error", "not-closed", { part, cause: String(error) });
    }
}

async function within(ms: number, work: unknown): Promise<void> {
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(() => late.reject(new Error(`not within ${ms} ms`)), ms);
  try {
    await Promise.race([work, late.promise]);
  } finally {
    clearTimeout(timer);
  }
}
