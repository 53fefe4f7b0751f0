// SPDX-License-Identifier: Apache-2.0
/**
 * A hook for tests: WATTLE_KILL_AT="durable:3" ends the process with SIGKILL when it passes that
 * stage for the third time, as a power failure would. Without the variable nothing of this exists.
 */
import { writeSync } from "node:fs";
import type { Probe } from "#gateway/ports";

/** In the order in which one batch passes them. */
export const KILL_STAGES = Object.freeze([
  "intake",
  "verified",
  "applied",
  "commit-begin",
  "commit-inside",
  "commit-end",
  "durable",
  "said",
]);

/**
 * The probe for `setting`; one that does nothing where it is undefined or empty.
 * @throws Error for a setting that names no stage, since a test that kills nothing proves nothing
 */
export function killPoints(setting: string | undefined): Probe {
  if (setting === undefined || setting === "") return () => {};
  const match = /^([a-z-]+):([1-9]\d*)$/.exec(setting);
  if (!match || !KILL_STAGES.includes(match[1])) {
    const allowed = `<stage>:<n> with n from 1 and stage one of ${KILL_STAGES.join(", ")}`;
    throw new Error(
      `WATTLE_KILL_AT: found "${setting}"; allowed: ${allowed}. Correct or unset it.`,
    );
  }
  const [, stage, nth] = match;
  let left = Number(nth);
  return (at) => {
    if (at !== stage || --left > 0) return;
    writeSync(2, `WATTLE_KILL_AT: killed at ${setting}\n`);
    process.kill(process.pid, "SIGKILL");
    // The signal is on its way: not one more instruction of the gateway may run.
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
  };
}
