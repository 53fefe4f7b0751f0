// SPDX-License-Identifier: Apache-2.0
/**
 * A serial line on which one request at a time waits for its answer.
 *
 * Frames are told apart by silence (MODBUS over serial line V1.02, 2.5.1.1): an answer counts when it is
 * whole, its CRC is right and the line is silent behind it. Anything else is dropped up to the next silence,
 * and the right answer may still follow. That is also why a line needs its bias resistors (3.4.6): without
 * them the end of each transmission looks like one more byte.
 */
import { assert } from "#core/errors/assert";
import type { DriverFault, DriverTimer, SerialConstruction, SerialIo } from "../types.ts";
import type { ReadRequest } from "./frame.ts";
import { ADU_BYTES_MAX, type Answer, answerBytes, encodeRead, parseAnswer } from "./frame.ts";

/** How long a device may think before it answers, ms; meters do in 20 to 150 ms. */
const TURNAROUND_MS = 300;
/**
 * Bytes taken in one callback, READS_MAX reads of READ_BYTES: four times the longest frame, so that a
 * babbling line cannot hold up the machine.
 */
const READ_BYTES = 256;
const READS_MAX = 4;

export interface LineOptions {
  sensor: SerialConstruction;
  timer: DriverTimer;
  baud: number;
  parity?: "none" | "even" | "odd";
  stop?: 1 | 2;
}

export interface Fault {
  fault: DriverFault;
  detail: string;
}

/** How a request ended. `dropped`: what was heard before the answer and was none. */
export type Outcome =
  | { kind: "answer"; data: Uint8Array; uptimeMs: number; dropped?: Fault }
  | ({ kind: "fault" } & Fault);

type Verdict = Exclude<Answer, { kind: "need-more" }>;

interface Exchange {
  request: ReadRequest;
  done: (outcome: Outcome) => void;
  /** The request is on its way, and the line is listened to. */
  sent: boolean;
  /** Until when the line must be silent; once sent, until when the answer must be whole. */
  deadlineMs: number;
  /** What the bytes since the last silence are; undefined while they may become an answer. */
  verdict?: Verdict;
  dropped?: Fault;
}

export class ModbusLine {
  private readonly timer: DriverTimer;
  private readonly io: SerialIo;
  private readonly charMs: number;
  private readonly gapMs: number;
  private readonly rx = new Uint8Array(ADU_BYTES_MAX);
  private rxLength = 0;
  private heardMs = Number.NEGATIVE_INFINITY;
  /** Nothing is sent before: an answer that nobody waits for any more may come. */
  private restUntilMs = Number.NEGATIVE_INFINITY;
  private exchange: Exchange | undefined;
  private cancel: (() => void) | undefined;
  /** False while the io is constructed, which may already call, and once closed. */
  private open = false;

  constructor({ sensor, timer, baud, parity = "none", stop = 1 }: LineOptions) {
    assert(Number.isInteger(baud) && baud >= 1200 && baud <= 115_200, "MODBUS_BAUD", String(baud));
    this.timer = timer;
    this.charMs = ((9 + (parity === "none" ? 0 : 1) + stop) * 1000) / baud;
    // 3.5 characters, above 19200 baud 1.75 ms; one more because uptime has whole milliseconds
    this.gapMs = Math.ceil(baud > 19_200 ? 1.75 : 3.5 * this.charMs) + 1;
    const { io: Io, ...pins } = sensor;
    const onReadable = () => this.receive();
    this.io = new Io({ ...pins, baud, format: "buffer", data: 8, parity, stop, onReadable });
    this.open = true;
  }

  /**
   * Sends `request` as soon as the line is silent, and calls `done` once, when its answer is there or the time
   * is over; `done` may ask again. One request at a time.
   */
  ask(request: ReadRequest, done: (outcome: Outcome) => void): void {
    assert(this.open && !this.exchange, "MODBUS_BUSY");
    const deadlineMs = Math.max(this.timer.uptimeMs(), this.restUntilMs) + TURNAROUND_MS;
    this.exchange = { request, done, sent: false, deadlineMs };
    this.sendWhenSilent(this.exchange);
  }

  /** Forgets the request under way; its `done` is not called. */
  abort(): void {
    if (this.exchange?.sent) this.restUntilMs = this.exchange.deadlineMs;
    this.exchange = undefined;
    this.cancel?.();
    this.cancel = undefined;
  }

  /** Idempotent. */
  close(): void {
    if (!this.open) return;
    this.open = false;
    this.abort();
    this.io.close();
  }

  private wake(atMs: number, run: () => void): void {
    this.cancel?.();
    this.cancel = this.timer.after(Math.max(0, atMs - this.timer.uptimeMs()), run);
  }

  private sendWhenSilent(exchange: Exchange): void {
    this.receive();
    const nowMs = this.timer.uptimeMs();
    const readyMs = Math.max(this.heardMs + this.gapMs, this.restUntilMs);
    if (nowMs >= readyMs) this.send(exchange);
    else if (nowMs >= exchange.deadlineMs) this.fault("framing", "the line is never silent");
    else this.wake(readyMs, () => this.sendWhenSilent(exchange));
  }

  private send(exchange: Exchange): void {
    // Before the write: the answer may come while it runs.
    exchange.sent = true;
    exchange.deadlineMs = this.timer.uptimeMs() + this.timeoutMs(exchange.request.count);
    this.rxLength = 0;
    this.listenOn(exchange);
    try {
      this.io.write(encodeRead(exchange.request));
    } catch (error) {
      if (this.exchange === exchange) this.fault("bus", String(error));
    }
  }

  /** From the first bit of the request to the last of the answer, at the latest. */
  private timeoutMs(count: number): number {
    return TURNAROUND_MS + Math.ceil((8 + answerBytes(count)) * this.charMs) + this.gapMs;
  }

  /** Takes what the line has; what nobody waits for is dropped. */
  private receive(): void {
    if (!this.open) return;
    for (let i = 0; i < READS_MAX; i++) {
      let part: ArrayBuffer | undefined;
      try {
        part = this.io.read(READ_BYTES);
      } catch (error) {
        // With no request under way nothing is lost; the next one will say it.
        if (this.exchange?.sent) this.fault("bus", String(error));
        return;
      }
      if (part === undefined || part.byteLength === 0) return;
      this.heardMs = this.timer.uptimeMs();
      if (this.exchange?.sent) this.take(this.exchange, new Uint8Array(part));
    }
  }

  private take(exchange: Exchange, bytes: Uint8Array): void {
    const { verdict } = exchange;
    if (verdict?.kind === "fault" && verdict.fault !== "device") return this.listenOn(exchange);
    if (verdict !== undefined || this.rxLength + bytes.length > ADU_BYTES_MAX) {
      exchange.verdict = { kind: "fault", fault: "framing", detail: "more than an answer" };
    } else {
      this.rx.set(bytes, this.rxLength);
      this.rxLength += bytes.length;
      const answer = parseAnswer(this.rx.subarray(0, this.rxLength), exchange.request);
      if (answer.kind === "need-more") return;
      exchange.verdict = answer;
    }
    this.listenOn(exchange);
  }

  /** Listens until the line is silent behind what came, or the time is over. */
  private listenOn(exchange: Exchange): void {
    const { verdict, deadlineMs } = exchange;
    const silentMs = this.heardMs + this.gapMs;
    let atMs = deadlineMs;
    // A whole answer waits for its silence even beyond the deadline: more bytes would make it none.
    if (isAnswer(verdict)) atMs = silentMs;
    else if (verdict !== undefined) atMs = Math.min(silentMs, deadlineMs);
    this.wake(atMs, () => this.listen(exchange));
  }

  private listen(exchange: Exchange): void {
    this.receive();
    if (this.exchange !== exchange) return; // the bus failed
    const { verdict } = exchange;
    const nowMs = this.timer.uptimeMs();
    if (verdict !== undefined && nowMs >= this.heardMs + this.gapMs) this.settle(exchange, verdict);
    else if (nowMs >= exchange.deadlineMs && !isAnswer(verdict)) this.expire(exchange);
    else this.listenOn(exchange);
  }

  /** The line is silent behind something that is no beginning of an answer. */
  private settle(exchange: Exchange, verdict: Verdict): void {
    if (verdict.kind === "frame") {
      const uptimeMs = this.heardMs;
      this.finish({ kind: "answer", data: verdict.data, uptimeMs, dropped: exchange.dropped });
    } else if (verdict.fault === "device") {
      this.finish(verdict);
    } else {
      this.drop(exchange, verdict);
      this.listenOn(exchange);
    }
  }

  private drop(exchange: Exchange, { fault, detail }: Fault): void {
    exchange.dropped ??= { fault, detail };
    exchange.verdict = undefined;
    this.rxLength = 0;
  }

  private expire(exchange: Exchange): void {
    if (exchange.verdict?.kind === "fault") this.drop(exchange, exchange.verdict);
    const cut: Fault = { fault: "framing", detail: `cut short after ${this.rxLength} bytes` };
    const silence: Fault = { fault: "timeout", detail: "no answer" };
    const { fault, detail } = exchange.dropped ?? (this.rxLength > 0 ? cut : silence);
    // As long again: a late answer must be over before the next request.
    this.restUntilMs = this.timer.uptimeMs() + this.timeoutMs(exchange.request.count);
    this.fault(fault, detail);
  }

  private fault(fault: DriverFault, detail: string): void {
    this.finish({ kind: "fault", fault, detail });
  }

  private finish(outcome: Outcome): void {
    const { exchange } = this;
    assert(exchange, "MODBUS_STATE");
    this.exchange = undefined;
    this.cancel?.();
    this.cancel = undefined;
    exchange.done(outcome);
  }
}

/** Whether the device has answered, be it with a no. */
function isAnswer(verdict: Verdict | undefined): boolean {
  return verdict?.kind === "frame" || verdict?.fault === "device";
}
