// SPDX-License-Identifier: Apache-2.0
/**
 * Counts starts that failed, and after some in a row lets the node only meter: whatever makes it crash
 * (what a peer sends, a market rule, a full outbox), readings go on, and it can be reached.
 *
 * A start failed where the next one comes from a panic, a watchdog, or a restart that nobody announced (on
 * the ESP32 an engine that gives up, on an exception or without memory, restarts by software). A brownout is
 * the supply's fault and counts neither way. A power cycle, or a hand on the reset line, clears the count:
 * somebody is there and wants to see it work. So do another image, and a start that went on for
 * BOOT_GOOD_MS.
 *
 * In safe mode:
 *   on:  metering, storage, readings and what else the outbox has, provisioning, the console
 *   on:  updates, which by their own rule are newer than what runs: the cure may be one
 *   off: trading (no RESERVE, orders, SOLD or BOUGHT): the caller sets `policy.trade` to false
 * After BOOT_RETRY_MS without a failure it restarts and tries everything: one more failure and it is back.
 */
import { type Infer, struct, text, uint } from "#core/codec/schema";
import { NAME_CHARS_MAX } from "#core/limits";
import { BOOT_FAILURES_MAX, BOOT_GOOD_MS, BOOT_RETRY_MS } from "#core/limits-device";
import type { KeyValueStore, Log } from "../ports.ts";
import { TwoSlots } from "../provision/two-slots.ts";
import { Alarm, type Timer } from "../time/alarm.ts";
import type { ResetReason } from "./reset-reason.ts";

/** Keys in the store, at most 15 characters as the ESP32's asks. */
const KEYS: readonly [string, string] = Object.freeze(["b0", "b1"]) as [string, string];
/** More failures than this are not told apart. */
const FAILED_MAX = 255;

const bootRecord = struct({
  failed: uint(FAILED_MAX),
  /** 1: the next restart by software is wanted. */
  announced: uint(1),
  /** Version of the image that ran. */
  image: text(NAME_CHARS_MAX),
});
type BootRecord = Infer<typeof bootRecord>;

export interface BootPorts {
  store: KeyValueStore;
  timer: Timer;
  log: Log;
  /** Why this start happened. */
  reset: ResetReason;
  /** Version of the running image. */
  image: string;
  /** Whether all goes on: the watchdog is fed. */
  healthy(): boolean;
  /** Restarts the board: safe mode has lasted its time. `announce` was called. */
  restart(): void;
}

export class BootGuard {
  /** Failed starts in a row before this one. */
  readonly failed: number;
  /** Whether this start only meters; it stays so to its end. */
  readonly safe: boolean;
  readonly reset: ResetReason;
  private readonly ports: BootPorts;
  private readonly slots: TwoSlots;
  private readonly alarm: Alarm;
  private kept: BootRecord;

  /** Counts this start, durably: construct it before anything that may crash. */
  constructor(ports: BootPorts) {
    this.ports = ports;
    this.slots = new TwoSlots(ports.store, KEYS);
    this.alarm = new Alarm(ports.timer, () => this.onAlarm());
    this.reset = ports.reset;
    const before = this.load();
    this.failed = before ? failuresNow(before, ports) : 0;
    this.safe = this.failed >= BOOT_FAILURES_MAX;
    this.kept = before ?? { failed: 0, announced: 0, image: "" };
    this.keep({ failed: this.failed, announced: 0, image: ports.image });
    const { reset, image } = ports;
    const { failed } = this;
    ports.log(failed > 0 ? "warn" : "info", "boot", {
      reset,
      failed,
      image,
      safe: this.safe ? 1 : 0,
    });
  }

  /** The node is up: from now on the start can become a good one. */
  start(): void {
    this.wait();
  }

  /** A restart by software follows that is wanted: an update, new settings. */
  announce(): void {
    this.keep({ ...this.kept, announced: 1 });
  }

  private wait(): void {
    const { timer } = this.ports;
    this.alarm.at(timer.uptimeMs() + (this.safe ? BOOT_RETRY_MS : BOOT_GOOD_MS));
  }

  private onAlarm(): void {
    if (!this.ports.healthy()) return this.wait();
    if (!this.safe) return this.keep({ ...this.kept, failed: 0 });
    this.ports.log("info", "boot-retry", { failed: this.failed });
    this.keep({ ...this.kept, failed: BOOT_FAILURES_MAX - 1, announced: 1 });
    this.ports.restart();
  }

  private load(): BootRecord | undefined {
    const { value } = this.slots;
    if (value === undefined) return undefined;
    try {
      return bootRecord.decode(value, "boot");
    } catch {
      return undefined; // of a version that kept it otherwise
    }
  }

  private keep(next: BootRecord): void {
    const { failed, announced, image } = this.kept;
    if (next.failed === failed && next.announced === announced && next.image === image) return;
    this.kept = next;
    this.slots.save(bootRecord.encode(next, "boot"));
  }
}

function failuresNow(before: BootRecord, { reset, image }: BootPorts): number {
  if (before.image !== image) return 0;
  if (reset === "power-on" || reset === "external") return 0;
  const crashed =
    reset === "panic" || reset === "watchdog" || (reset === "software" && before.announced === 0);
  return crashed ? Math.min(FAILED_MAX, before.failed + 1) : before.failed;
}
