// SPDX-License-Identifier: Apache-2.0
/** Which firmware this is, as the manifest says. */
import config from "mc/config";
import { assert } from "#core/errors/assert";
import type { FirmwareVersion } from "#core/records/release";

export function versionText(): string {
  return String(config.version);
}

export function firmwareVersion(): FirmwareVersion {
  const parts = versionText().split(".").map(Number);
  assert(parts.length === 3 && parts.every(Number.isInteger), "VERSION", versionText());
  return { major: parts[0], minor: parts[1], patch: parts[2] };
}
