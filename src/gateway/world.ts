// SPDX-License-Identifier: Apache-2.0
/** Protocol time of an area: slots, epoch, Δ, and what "now" is under the two clocks. */
import type { GatewayOptions } from "./options.ts";
import type { GatewayTime } from "./ports.ts";

export class World {
  readonly slotMs: number;
  readonly tickMs: number;
  readonly ageMaxMs: number;
  /** The epoch of proof-of-time that is in force (smartchain/epochs.ts); 0: there is none. */
  epoch = 0;
  readonly epochStartMs: number;
  /** The slot of the latest notice. */
  openSlot: number | undefined;
  private readonly worldStartMs: number;
  private readonly running: { ratePermille: number; wall?: boolean } | undefined;
  private readonly time: GatewayTime;
  private barrierMs: number;
  /** Real time at the epoch's start; undefined until the running clock is set going. */
  private anchorRealMs: number | undefined;
  private readonly closedToOrders = new Set<number>();
  private closedUpTo = -1;

  constructor(options: GatewayOptions, time: GatewayTime) {
    this.slotMs = options.slotMs;
    this.tickMs = options.tickMs;
    this.ageMaxMs = options.ageMaxMs;
    this.worldStartMs = options.worldStartMs;
    // Half a slot before slot 0: room for the first RESERVEs.
    this.epochStartMs = options.worldStartMs - Math.floor(options.slotMs / 2);
    this.barrierMs = this.epochStartMs;
    this.running = options.clock.kind === "running" ? options.clock : undefined;
    this.time = time;
    if (this.running?.wall) this.anchorRealMs = this.epochStartMs; // protocol time is real time
  }

  get isRunning(): boolean {
    return this.running !== undefined;
  }

  get ratePermille(): number {
    return this.running?.ratePermille ?? 0;
  }

  /** The running clock showed protocol time `atMs` at real time `realMs`. */
  anchor(atMs: number, realMs: number): void {
    if (!this.running || this.running.wall) return;
    this.anchorRealMs = realMs - Math.floor((atMs - this.epochStartMs) * this.realRate());
  }

  startMs(slot: number): number {
    return this.worldStartMs + slot * this.slotMs;
  }

  /** The slot that protocol time `ms` lies in; negative before slot 0. */
  slotAt(ms: number): number {
    return Math.floor((ms - this.worldStartMs) / this.slotMs);
  }

  endMs(slot: number): number {
    return this.startMs(slot + 1);
  }

  /** Protocol time now. */
  nowMs(): number {
    if (!this.running) return this.barrierMs;
    // Before the genesis block it stands still: what a node hears then must not be in its future.
    if (this.anchorRealMs === undefined) return this.epochStartMs;
    const elapsedMs = this.time.nowMs() - this.anchorRealMs;
    return this.epochStartMs + Math.floor((elapsedMs * this.running.ratePermille) / 1000);
  }

  /** Real time until protocol time `ms` under the running clock. */
  realDelayMs(ms: number): number {
    return Math.max(0, Math.ceil((ms - this.nowMs()) * this.realRate()));
  }

  /** The barrier clock moves forward to `ms`. */
  atLeast(ms: number): void {
    if (ms > this.barrierMs) this.barrierMs = ms;
  }

  /** The latest stamp that a transaction may bear: under the barrier clock nodes space theirs by Δ ahead. */
  latestMs(): number {
    return this.nowMs() + (this.running ? 2 * this.tickMs : this.slotMs);
  }

  takesOrders(slot: number): boolean {
    return slot > this.closedUpTo && !this.closedToOrders.has(slot);
  }

  /** The slot's market was cleared: no more orders for it. */
  closeOrders(slot: number): void {
    this.closedToOrders.add(slot);
  }

  /** The slot is settled. */
  closeSlot(slot: number): void {
    this.closedUpTo = Math.max(this.closedUpTo, slot);
    for (const closed of this.closedToOrders)
      if (closed <= this.closedUpTo) this.closedToOrders.delete(closed);
  }

  private realRate(): number {
    return 1000 / this.running!.ratePermille;
  }
}
