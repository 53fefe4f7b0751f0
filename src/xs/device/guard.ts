// SPDX-License-Identifier: Apache-2.0
/**
 * Whatever the application throws ends the machine, and the device starts again: a state that a bug has
 * reached is not to be signed. A release build of the SDK says nothing of it, so it is said here first.
 */
import { ffi } from "#xs/device/ffi";

/** Runs `run`; says what it throws, and throws it on. */
export function guarded<T>(run: () => T): T {
  try {
    return run();
  } catch (error) {
    ffi().wattle_print(`fatal: ${String(error)}\n${(error as Error).stack ?? ""}`);
    throw error;
  }
}
