// SPDX-License-Identifier: Apache-2.0
/**
 * Polls the meters of one Modbus-RTU line in turn: each a round of reads at its own pace, a silent one ever
 * more seldom.
 *
 * An answer carries no number, so that a late one must not meet a request that it fits. After a request
 * without answer the line rests for one more timeout, and then the device is first asked for another number
 * of registers (`rounds`), which shows in the length of its answer.
 */
import { assert } from "#core/errors/assert";
import type { DriverFault, DriverTimer } from "../types.ts";
import type { Block } from "./frame.ts";
import { type LineOptions, ModbusLine, type Outcome } from "./line.ts";
import { type ReadBlock, Registers } from "./registers.ts";

/** Meters on one line: the unit loads of an RS-485 driver (over serial line, 3.4.1). */
const DEVICES_MAX = 32;
/** Rounds in a row that a device may be silent at its usual pace. */
const SILENT_BUDGET = 3;
/** Slowest pace for a silent device, ms: it is found again this soon, and takes 3 % of the line's time. */
const SILENT_POLL_MAX_MS = 30_000;

/** What the master polls. */
export interface ModbusDevice {
  readonly address: number;
  /** `address` is one that any device answers to: it must be alone on its line. */
  readonly alone: boolean;
  /**
   * Rounds of reads that give the same values. The first is the usual one. After a request without answer it
   * is the first one that begins with another number of registers than that request.
   */
  readonly rounds: readonly (readonly Block[])[];
  /** From the beginning of a round to the next, ms; asked for after each. */
  pollMs(): number;
  /** All reads of one round; `uptimeMs`: when the last answer was whole. */
  onRound(registers: Registers, uptimeMs: number): void;
  /** A round came to nothing, or something that was no answer came before one. */
  onFault(fault: DriverFault, detail: string): void;
}

interface Entry {
  readonly device: ModbusDevice;
  dueMs: number;
  /** Rounds in a row in which nothing was heard. */
  silent: number;
  /** Registers in the last request if it has no answer yet, otherwise 0. */
  unanswered: number;
}

interface Round {
  readonly entry: Entry;
  readonly blocks: readonly Block[];
  readonly startedMs: number;
  readonly read: ReadBlock[];
}

export class ModbusMaster {
  private readonly timer: DriverTimer;
  private readonly line: ModbusLine;
  private entries: Entry[] = [];
  private round: Round | undefined;
  private cancel: (() => void) | undefined;
  private closed = false;

  constructor(options: LineOptions) {
    this.timer = options.timer;
    this.line = new ModbusLine(options);
  }

  /** Polls `device` from now on, until the result is called. */
  attach(device: ModbusDevice): () => void {
    assert(!this.closed, "MODBUS_CLOSED");
    assert(this.entries.length < DEVICES_MAX, "MODBUS_DEVICES", `${DEVICES_MAX} on one line`);
    for (const { device: other } of this.entries) {
      assert(!device.alone && !other.alone, "MODBUS_ALONE", "a general address among several");
      assert(device.address !== other.address, "MODBUS_ADDRESS", `${device.address} is taken`);
    }
    for (const { count } of device.rounds.flat())
      assert(roundAfter(device, count), "MODBUS_ROUNDS", `none after ${count} registers`);
    const entry = { device, dueMs: this.timer.uptimeMs(), silent: 0, unanswered: 0 };
    this.entries.push(entry);
    this.schedule();
    return () => this.detach(entry);
  }

  /** Idempotent: stops polling and closes the line. */
  close(): void {
    if (this.closed) return;
    this.closed = true;
    this.entries = [];
    this.round = undefined;
    this.schedule();
    this.line.close();
  }

  private detach(entry: Entry): void {
    this.entries = this.entries.filter((other) => other !== entry);
    if (this.round?.entry === entry) {
      this.line.abort();
      this.round = undefined;
    }
    this.schedule();
  }

  /** Waits for the device that is due first, unless a round is under way. */
  private schedule(): void {
    if (this.round) return;
    this.cancel?.();
    this.cancel = undefined;
    if (this.entries.length === 0) return;
    const next = this.entries.reduce((first, entry) => (entry.dueMs < first.dueMs ? entry : first));
    const delayMs = Math.max(0, next.dueMs - this.timer.uptimeMs());
    this.cancel = this.timer.after(delayMs, () => this.begin(next));
  }

  private begin(entry: Entry): void {
    const blocks = roundAfter(entry.device, entry.unanswered);
    assert(blocks, "MODBUS_ROUNDS");
    this.round = { entry, blocks, startedMs: this.timer.uptimeMs(), read: [] };
    this.askNext(this.round);
  }

  private askNext(round: Round): void {
    const { entry, blocks, read } = round;
    const block = blocks[read.length];
    entry.unanswered = block.count;
    const request = { address: entry.device.address, ...block };
    this.line.ask(request, (outcome) => this.take(round, block, outcome));
  }

  private take(round: Round, block: Block, outcome: Outcome): void {
    const { entry, blocks, read } = round;
    const { device } = entry;
    if (outcome.kind === "fault") {
      if (outcome.fault === "device") entry.unanswered = 0;
      entry.silent = outcome.fault === "timeout" ? entry.silent + 1 : 0;
      this.finish(round);
      device.onFault(outcome.fault, outcome.detail);
      return;
    }
    entry.unanswered = 0;
    entry.silent = 0;
    read.push({ ...block, data: outcome.data });
    const whole = read.length === blocks.length;
    if (whole) this.finish(round);
    else this.askNext(round);
    const { dropped } = outcome;
    if (dropped) device.onFault(dropped.fault, dropped.detail);
    // Still polled: the fault's listener may have closed the device.
    if (whole && this.entries.includes(entry))
      device.onRound(new Registers(read), outcome.uptimeMs);
  }

  private finish({ entry, startedMs }: Round): void {
    this.round = undefined;
    entry.dueMs = startedMs + paceMs(entry);
    this.schedule();
  }
}

/** The round to begin with after a request for `unanswered` registers that has no answer. */
function roundAfter({ rounds }: ModbusDevice, unanswered: number): readonly Block[] | undefined {
  return rounds.find(([first]) => first.count !== unanswered);
}

function paceMs({ device, silent }: Entry): number {
  const pollMs = device.pollMs();
  if (silent <= SILENT_BUDGET) return pollMs;
  const doublings = Math.min(silent - SILENT_BUDGET, 16);
  return Math.min(pollMs * 2 ** doublings, Math.max(pollMs, SILENT_POLL_MAX_MS));
}
