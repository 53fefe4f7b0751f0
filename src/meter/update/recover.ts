// SPDX-License-Identifier: Apache-2.0
/** What an update's last start left behind, and what follows from it for this one. */
import { type Code, codeOfWire, WIRE } from "#core/errors/codes";
import { UPDATE_TRIALS_MAX } from "#core/limits-device";
import { compareVersions, type FirmwareVersion } from "#core/records/release";
import { MINUTE_MS } from "#core/units/time";
import type { FirmwareSlots } from "./ports.ts";
import { firstProgress, type Job, type Progress } from "./progress.ts";

/** Pause after the first failure; each further one doubles it. */
const FAILED_PAUSE_MS = 10 * MINUTE_MS;

export interface Recovered {
  progress: Progress;
  /** The image that runs has to prove itself. */
  onTrial: boolean;
  /** How the last release ended, if it did not stay, and the pause before a next try. */
  failed: { code: Code | undefined; version: FirmwareVersion; pauseMs: number } | undefined;
  /** `progress` has to be stored. */
  changed: boolean;
}

/** `stored` becomes the progress of this start. */
export function recover(
  stored: Progress | undefined,
  slots: Pick<FirmwareSlots, "bootState" | "running" | "slot">,
): Recovered {
  const { running, bootState } = slots;
  const progress = stored ?? firstProgress();
  const { bad, job } = progress;
  const recovered: Recovered = { progress, onTrial: false, failed: undefined, changed: false };
  if (bootState === "trial" || (job?.onTrial === 1 && job.slot === slots.slot)) {
    recovered.onTrial = true;
    if (bootState !== "trial" && job) recovered.changed = countStart(progress, job);
    return recovered;
  }
  recovered.changed = stored === undefined || job?.onTrial === 1;
  if (bad && compareVersions(bad.version, running) <= 0) progress.bad = undefined;
  else if (bad) recovered.failed = { code: codeOfWire(bad.code), version: bad.version, pauseMs: 0 };
  // A failed one stays noted as on trial until it has gone: then it had its verdict.
  const judged = bad && job && compareVersions(bad.version, job.version) === 0;
  if (job?.onTrial === 1 && judged) progress.job = undefined;
  else if (job?.onTrial === 1) recovered.failed = trialCut(progress, job);
  if (compareVersions(running, progress.highest) > 0) {
    progress.highest = running;
    recovered.changed = true;
  }
  return recovered;
}

/**
 * The bootloader does not know of the trial: it cannot roll back, a cut fell between its note and ours, or
 * tore the state out of its note, which no CRC covers. Then nobody else ends the starts of an image that
 * crashes.
 */
function countStart(progress: Progress, job: Job): boolean {
  const { version, starts } = job;
  if (starts < UPDATE_TRIALS_MAX) job.starts++;
  else progress.bad ??= { version, code: WIRE.TRIAL_CUT };
  return true;
}

/** The power went on trial, or the image crashed: the bootloader has gone back to this one. */
function trialCut(progress: Progress, job: Job): Recovered["failed"] {
  job.onTrial = 0;
  const { version, trials } = job;
  if (trials >= UPDATE_TRIALS_MAX) {
    progress.bad = { version, code: WIRE.TRIAL_CUT };
    progress.job = undefined;
  }
  return { code: "TRIAL_CUT", version, pauseMs: pauseAfter(trials) };
}

/** Pause after so many failures, ms. */
export function pauseAfter(failures: number): number {
  return FAILED_PAUSE_MS * 2 ** (failures - 1);
}
