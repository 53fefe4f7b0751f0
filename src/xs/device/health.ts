// SPDX-License-Identifier: Apache-2.0
/** The watchdog over a running node: what counts as a step of each of its parts. */
import { Watchdog, type WatchedSteps } from "#meter/health/watchdog";
import type { MeterNode } from "#meter/node";
import type { Log } from "#meter/ports";
import type { System } from "#xs/device/system";
import { deviceTimer } from "#xs/device/timer";

/**
 * Without feeding for this long the chip restarts, ms: a signature by noble takes seconds, an erased firmware
 * slot as many (docs/firmware.md).
 */
const HARDWARE_TIMEOUT_MS = 60_000;

export interface Watched {
  /** Polls of the chip so far. */
  polls(): number;
  /** Undefined until the meter has told what it counts. */
  node(): MeterNode | undefined;
  link: WatchedSteps;
}

/** Starts the hardware's watchdog, and what feeds it. Undefined where the machine has none. */
export function watch(watched: Watched, system: System, log: Log): Watchdog | undefined {
  if (!system.startWatchdog(HARDWARE_TIMEOUT_MS)) return undefined;
  const watchdog = new Watchdog(
    {
      sampling: { progress: watched.polls, idle: () => false },
      storage: storageOf(watched),
      link: watched.link,
    },
    { timer: deviceTimer, feed: () => system.feedWatchdog(), log },
  );
  watchdog.start();
  return watchdog;
}

/** A step is a write; there is nothing to do while the registers are those of the last one. */
function storageOf({ node }: Watched): WatchedSteps {
  let writes = -1;
  let storedSeq = -1;
  return {
    progress() {
      const state = node()?.state;
      if (!state) return 0;
      const now = state.version + state.registers.writes;
      if (now !== writes) storedSeq = state.registers.seq;
      writes = now;
      return now;
    },
    idle: () => (node()?.state.registers.seq ?? storedSeq) === storedSeq,
  };
}
