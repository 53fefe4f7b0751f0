// SPDX-License-Identifier: Apache-2.0
/** Why a board has started. */

/** `external`: its reset line, a debugger or a USB host. `software`: it asked for it, or an engine gave up. */
export type ResetReason =
  | "power-on"
  | "external"
  | "software"
  | "panic"
  | "watchdog"
  | "brownout"
  | "unknown";

/** By the number of ESP-IDF's esp_reset_reason_t (esp_system.h). */
const ESP_REASONS: readonly ResetReason[] = Object.freeze([
  "unknown",
  "power-on",
  "external",
  "software",
  "panic",
  "watchdog", // interrupt
  "watchdog", // task
  "watchdog", // other
  "unknown", // deep sleep, which a meter does not have
  "brownout",
  "unknown", // SDIO
  "external", // USB
  "external", // JTAG
  "unknown", // eFuse error
  "brownout", // power glitch
  "panic", // CPU lock-up
]);

export function espResetReason(number: number): ResetReason {
  return ESP_REASONS[number] ?? "unknown";
}
