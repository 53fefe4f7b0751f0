// SPDX-License-Identifier: Apache-2.0
/** Whether a release may be installed here. The signature is checked apart: it costs a second of a board. */
import type { Code } from "#core/errors/codes";
import { compareVersions, type FirmwareVersion, type Release } from "#core/records/release";

export interface Installed {
  board: string;
  running: FirmwareVersion;
  /** The newest version ever confirmed. */
  highest: FirmwareVersion;
  /** The newest version that failed here. */
  bad: FirmwareVersion | undefined;
  idleBytes: number;
}

/** Why `release` may not be installed, or undefined where it may. */
export function objection(release: Release, installed: Installed): Code | undefined {
  const { firmware, minimum, sizeBytes } = release;
  const { running, highest, bad } = installed;
  if (release.board !== installed.board) return "RELEASE_BOARD";
  if (compareVersions(firmware, running) <= 0) return "RELEASE_OLD";
  // The highest one itself may come again: where it runs no longer, its slot has decayed.
  if (compareVersions(firmware, highest) < 0) return "RELEASE_OLD";
  if (compareVersions(running, minimum) < 0) return "RELEASE_FLOOR";
  if (sizeBytes > installed.idleBytes) return "RELEASE_SIZE";
  if (bad && compareVersions(firmware, bad) <= 0) return "RELEASE_BAD";
  return undefined;
}
