// SPDX-License-Identifier: Apache-2.0
/** When a time server is asked: soon after the start, then hourly, and less and less while it is silent. */
import type { Entropy } from "#core/crypto/port";
import { SNTP_FIRST_MS, SNTP_POLL_MS, SNTP_RETRY_MS, SNTP_TIMEOUT_MS } from "#core/limits-device";
import type { Log } from "../ports.ts";
import { Alarm, type Timer } from "./alarm.ts";
import { ceilingMs, fullJitter } from "./backoff.ts";
import type { TimeFix } from "./keeper.ts";

/** One question to a time server. */
export interface TimeServer {
  /**
   * Calls `done` once: with the answer; with "failed"; or with "denied" where the server says that it is
   * asked too often. Returns what ends the question, harmlessly also when it has ended.
   */
  ask(done: (answer: TimeFix | "failed" | "denied") => void): () => void;
}

export interface SyncPorts {
  timer: Timer;
  entropy: Entropy;
  server: TimeServer;
  /** TimeKeeper's. */
  offer(source: "sntp", fix: TimeFix): void;
  log: Log;
}

export class TimeSync {
  private readonly ports: SyncPorts;
  private readonly alarm: Alarm;
  /** Ends the question that is open. */
  private end: (() => void) | undefined;
  /** Uptime of the next question, or of the end of patience with the open one; undefined: stopped. */
  private dueMs: number | undefined;
  private failures = 0;
  /** Uptime before which the server is left alone also where the network comes and goes. */
  private restUntilMs = 0;
  /** Tells answers of a question that was given up from those of the open one. */
  private question = 0;

  constructor(ports: SyncPorts) {
    this.ports = ports;
    this.alarm = new Alarm(ports.timer, () => this.onAlarm());
  }

  get started(): boolean {
    return this.dueMs !== undefined;
  }

  /** The network is up. Idempotent. */
  start(): void {
    if (this.started) return;
    const { entropy, timer } = this.ports;
    const restMs = this.restUntilMs - timer.uptimeMs();
    this.pause(Math.max(restMs, fullJitter(entropy, SNTP_FIRST_MS)));
  }

  /** The network is gone: an open question is not a failure of the server. Idempotent. */
  stop(): void {
    this.closeQuestion();
    this.dueMs = undefined;
    this.alarm.clear();
  }

  private onAlarm(): void {
    const { dueMs } = this;
    if (dueMs === undefined) return;
    if (this.ports.timer.uptimeMs() < dueMs) this.alarm.at(dueMs);
    else if (this.end) this.answered("failed");
    else this.ask();
  }

  private ask(): void {
    const question = ++this.question;
    this.pause(SNTP_TIMEOUT_MS);
    this.restUntilMs = this.ports.timer.uptimeMs() + SNTP_RETRY_MS;
    const end = this.ports.server.ask((answer) => {
      if (question === this.question) this.answered(answer);
    });
    // It may have answered within the call.
    if (question === this.question) this.end = end;
  }

  private answered(answer: TimeFix | "failed" | "denied"): void {
    const { entropy, log } = this.ports;
    this.closeQuestion();
    if (typeof answer === "object" || answer === "denied") {
      // Half to one and a half of it, so that a street does not ask in step.
      this.pause(SNTP_POLL_MS / 2 + fullJitter(entropy, SNTP_POLL_MS));
      this.restUntilMs = this.dueMs!;
    }
    if (typeof answer === "object") {
      this.failures = 0;
      this.ports.offer("sntp", answer);
      return;
    }
    this.failures++;
    log("info", "time-server", { answer, failures: this.failures });
    if (answer === "denied") return;
    const mostMs = ceilingMs(SNTP_RETRY_MS, SNTP_POLL_MS, this.failures - 1);
    this.pause(SNTP_RETRY_MS + fullJitter(entropy, mostMs));
  }

  private closeQuestion(): void {
    this.question++;
    const { end } = this;
    this.end = undefined;
    end?.();
  }

  private pause(ms: number): void {
    this.dueMs = this.ports.timer.uptimeMs() + ms;
    this.alarm.clear();
    this.alarm.at(this.dueMs);
  }
}
