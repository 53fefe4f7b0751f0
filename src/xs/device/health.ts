// SPDX-License-Identifier: Apache-2.0
/** The watchdog over a running node: what counts as a step of each of its parts. */
import { Watchdog, type WatchedSteps } from "#meter/health/watchdog";
import type { MeterNode } from "#meter/node";
import type { Log } from "#meter/ports";
import type { Network } from "#xs/device/network";
import type { System } from "#xs/device/system";
import { deviceTimer } from "#xs/device/timer";

/**
 * Without feeding for this long the chip restarts, ms: a signature by noble takes seconds, an erased firmware
 * slot as many (docs/firmware.md).
 */
const HARDWARE_TIMEOUT_MS = 60_000;

/** What is watched of a running node. */
export interface Watched {
  /** Polls of the chip so far. */
  readonly polls: number;
  /** Undefined until the meter has told what it counts. */
  readonly node: MeterNode | undefined;
  readonly session: { readonly progress: number };
}

/** Starts the hardware's watchdog, and what feeds it. Undefined where the machine has none. */
export function watch(
  watched: Watched,
  network: Network,
  system: System,
  log: Log,
): Watchdog | undefined {
  if (!system.startWatchdog(HARDWARE_TIMEOUT_MS)) return undefined;
  const parts = {
    sampling: new Sampling(watched),
    storage: new Storage(watched),
    link: new Link(watched, network),
  };
  const feed = () => system.feedWatchdog();
  const watchdog = new Watchdog(parts, { timer: deviceTimer, feed, log });
  watchdog.start();
  return watchdog;
}

class Sampling implements WatchedSteps {
  private readonly watched: Watched;

  constructor(watched: Watched) {
    this.watched = watched;
  }

  progress(): number {
    return this.watched.polls;
  }

  idle(): boolean {
    return false;
  }
}

/** A step is a write; there is nothing to do while the registers are those of the last one. */
class Storage implements WatchedSteps {
  private readonly watched: Watched;
  private writes = -1;
  private storedSeq = -1;

  constructor(watched: Watched) {
    this.watched = watched;
  }

  progress(): number {
    const state = this.watched.node?.state;
    if (!state) return 0;
    const now = state.version + state.registers.writes;
    if (now !== this.writes) this.storedSeq = state.registers.seq;
    this.writes = now;
    return now;
  }

  idle(): boolean {
    return (this.watched.node?.state.registers.seq ?? this.storedSeq) === this.storedSeq;
  }
}

class Link implements WatchedSteps {
  private readonly watched: Watched;
  private readonly network: Network;

  constructor(watched: Watched, network: Network) {
    this.watched = watched;
    this.network = network;
  }

  progress(): number {
    return this.watched.session.progress;
  }

  idle(): boolean {
    return !this.network.up();
  }
}
