// SPDX-License-Identifier: Apache-2.0
/**
 * One request at a time to a chip that answers with a known number of bytes. An answer counts when it has
 * just these and the line is silent behind it; a line that says anything else is left to fall silent first.
 * `done` is called from a timer, never from inside the line's own callback.
 */
import { assert } from "#core/errors/assert";
import { ChipLine } from "../chip/line.ts";
import type { DriverFault, DriverTimer, SerialConstruction } from "../types.ts";

export type Outcome =
  | { kind: "answer"; bytes: Uint8Array; uptimeMs: number }
  | { kind: "fault"; fault: DriverFault; detail: string };

/** The longest answer: a packet. */
const ANSWER_BYTES_MAX = 23;
/** The chip answers within a byte time, ours runs at most this much behind, ms. */
const TURNAROUND_MS = 50;
/** Silence that ends an answer, in bytes, one of them for the clock's whole milliseconds. */
const SILENT_BYTES = 3;

interface Exchange {
  request: Uint8Array;
  wanted: number;
  deadlineMs: number;
  done: (outcome: Outcome) => void;
}

export class ChipLink {
  private readonly timer: DriverTimer;
  private readonly line: ChipLine;
  private readonly byteMs: number;
  private readonly bytes = new Uint8Array(ANSWER_BYTES_MAX);
  /** How many came, also beyond those that were wanted. */
  private length = 0;
  private heardMs = 0;
  private restUntilMs = 0;
  private unasked = 0;
  private error: string | undefined;
  private exchange: Exchange | undefined;
  private sent = false;
  private cancel: (() => void) | undefined;

  constructor(sensor: SerialConstruction, timer: DriverTimer, baud: number) {
    this.timer = timer;
    this.byteMs = 10_000 / baud;
    this.line = new ChipLine(
      sensor,
      { baud, data: 8, parity: "none", stop: 1 },
      (bytes) => this.take(bytes),
      (detail) => {
        this.error = detail;
      },
    );
  }

  /** Bytes that nobody had asked for since the last call. */
  takeUnasked(): number {
    const { unasked } = this;
    this.unasked = 0;
    return unasked;
  }

  /** Sends `request` and answers once, with `wanted` bytes (0: there is no answer) or with a fault. */
  ask(request: Uint8Array, wanted: number, done: (outcome: Outcome) => void): void {
    assert(!this.exchange && wanted <= ANSWER_BYTES_MAX, "BL0942_BUSY");
    const exchange = { request, wanted, deadlineMs: 0, done };
    this.exchange = exchange;
    this.sent = false;
    // Always by a timer: an answer may not be waited for from inside the one before.
    this.wake(this.restUntilMs - this.timer.uptimeMs(), () => this.send(exchange));
  }

  /** Idempotent; `done` of a request under way is not called. */
  close(): void {
    this.exchange = undefined;
    this.cancel?.();
    this.line.close();
  }

  private wake(delayMs: number, run: () => void): void {
    this.cancel?.();
    this.cancel = this.timer.after(Math.max(0, Math.ceil(delayMs)), run);
  }

  private send(exchange: Exchange): void {
    this.line.receive();
    const nowMs = this.timer.uptimeMs();
    const { request, wanted } = exchange;
    this.length = 0;
    this.error = undefined;
    const lastsMs = (request.length + wanted) * this.byteMs + TURNAROUND_MS;
    exchange.deadlineMs = nowMs + Math.ceil(lastsMs);
    // Before the write: the answer may come while it runs.
    this.sent = true;
    const waitMs = wanted === 0 ? (request.length + SILENT_BYTES) * this.byteMs : lastsMs;
    this.wake(waitMs, () => this.settle(exchange));
    if (!this.line.write(request)) this.wake(0, () => this.settle(exchange));
  }

  private take(bytes: Uint8Array): void {
    this.heardMs = this.timer.uptimeMs();
    const { exchange } = this;
    if (!exchange || !this.sent) {
      this.unasked += bytes.length;
      return;
    }
    for (let i = 0; i < bytes.length; i++) {
      if (this.length < exchange.wanted) this.bytes[this.length] = bytes[i];
      this.length++;
    }
    if (this.length < exchange.wanted || exchange.wanted === 0) return;
    const leftMs = exchange.deadlineMs - this.heardMs;
    const silentMs = SILENT_BYTES * this.byteMs;
    // A line that never falls silent ends at the deadline; a whole answer always gets its silence.
    const exact = this.length === exchange.wanted;
    this.wake(exact ? silentMs : Math.min(silentMs, leftMs), () => this.settle(exchange));
  }

  private settle(exchange: Exchange): void {
    const { length } = this;
    this.line.receive();
    if (this.exchange !== exchange) return;
    const { wanted, deadlineMs } = exchange;
    const grew = this.length > length && this.length >= wanted && wanted > 0;
    // take() waits for the silence behind what has just come; but not for ever.
    if (grew && (this.length === wanted || this.timer.uptimeMs() < deadlineMs)) return;
    this.exchange = undefined;
    this.cancel?.();
    this.cancel = undefined;
    const outcome = this.outcome(exchange);
    // As long again: what is late must be over before the next request.
    const restMs = (wanted + SILENT_BYTES) * this.byteMs + TURNAROUND_MS;
    if (outcome.kind === "fault") this.restUntilMs = this.timer.uptimeMs() + Math.ceil(restMs);
    exchange.done(outcome);
  }

  private outcome({ wanted }: Exchange): Outcome {
    if (this.error !== undefined) return { kind: "fault", fault: "bus", detail: this.error };
    if (this.length === wanted)
      return { kind: "answer", bytes: this.bytes.slice(0, wanted), uptimeMs: this.heardMs };
    if (this.length === 0) return { kind: "fault", fault: "timeout", detail: "no answer" };
    return { kind: "fault", fault: "framing", detail: `${this.length} bytes, not ${wanted}` };
  }
}
