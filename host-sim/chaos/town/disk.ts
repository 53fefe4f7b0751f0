// SPDX-License-Identifier: Apache-2.0
/**
 * A gateway's disk. What was appended or kept is durable when that returns; a crash comes before or after
 * it, and what was being written is then there whole or not at all, as the database makes sure. Writes that
 * the disk said were durable and were not are excluded: nothing survives them.
 */
import type { LogEntry, LogStore } from "#gateway/ports";
import { openMemoryStore } from "#node/store/memory";

/** The name under which the consensus keeps what it signed last. */
const STATE = "consensus";

/** Nothing can be written. */
export class DiskFull extends Error {
  override readonly name = "DiskFull";
}

export interface DiskEvents {
  /** Before and after each write; may end the process. */
  step(stage: string): void;
  appended(entries: readonly { kind: number; bytes: Uint8Array }[]): void;
}

export class Disk implements LogStore {
  full = false;
  /** What the consensus kept last. */
  latest: Uint8Array | undefined;
  private store = openMemoryStore();
  private readonly events: DiskEvents;

  constructor(events: DiskEvents) {
    this.events = events;
  }

  get length(): number {
    return this.store.length;
  }

  append(entries: readonly { kind: number; bytes: Uint8Array }[]): void {
    this.events.step("append");
    if (this.full) throw new DiskFull();
    this.store.append(entries);
    this.events.appended(entries);
    this.events.step("appended");
  }

  read(from?: number): Iterable<LogEntry> {
    return this.store.read(from);
  }

  get gap(): LogStore["gap"] {
    return this.store.gap;
  }

  drop(head: number, before: number): void {
    this.events.step("drop");
    this.store.drop(head, before);
    this.events.step("dropped");
  }

  keep(name: string, bytes: Uint8Array): void {
    this.events.step("keep");
    if (this.full) throw new DiskFull();
    this.store.keep(name, bytes);
    if (name === STATE) this.latest = bytes.slice();
    this.events.step("kept");
  }

  kept(name: string): Uint8Array | undefined {
    return name === STATE && !this.latest ? undefined : this.store.kept(name);
  }

  /** What the consensus kept is found to be damaged. */
  damage(): void {
    this.latest = undefined;
  }

  replace(): void {
    this.store = openMemoryStore();
    this.latest = undefined;
  }

  close(): void {}
}
