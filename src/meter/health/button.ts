// SPDX-License-Identifier: Apache-2.0
/**
 * A button that does one thing: held for ten seconds and let go, the settings are forgotten. What counts is a
 * press that began after the start and has ended: a button that is down at power-on, that sticks, or whose
 * pin something else pulls down for good does nothing.
 *
 * The pin is looked at only while something happens there: `changed` begins it.
 */
import {
  BUTTON_DEBOUNCE_MS,
  BUTTON_HELD_MS,
  BUTTON_RESET_MS,
  BUTTON_SAMPLE_MS,
  BUTTON_STUCK_MS,
  BUTTON_UNSEEN_MS,
} from "#core/limits-device";
import type { Timer } from "../time/alarm.ts";

/** `held`: for longer than by chance. `armed`: long enough; letting go does it. */
export type ButtonPhase = "idle" | "held" | "armed";

export interface ButtonPorts {
  timer: Timer;
  /** Whether the contact is closed now. */
  pressed(): boolean;
  onPhase(phase: ButtonPhase): void;
  /** It was held for long enough, and let go. */
  onReset(): void;
}

export class Button {
  private readonly ports: ButtonPorts;
  private phase: ButtonPhase = "idle";
  /** The contact as it was last seen. */
  private closed: boolean;
  /** When it last changed. */
  private sinceMs = 0;
  /** The contact without its bouncing. */
  private down: boolean;
  /** Since when it has been held; undefined: not, or not so that it counts. */
  private heldMs: number | undefined;
  private lastClosedMs = 0;
  private lookedMs = 0;
  private watching = false;

  constructor(ports: ButtonPorts) {
    this.ports = ports;
    this.closed = ports.pressed();
    this.down = this.closed;
  }

  /** The contact has changed, perhaps only for a moment. */
  changed(): void {
    const nowMs = this.ports.timer.uptimeMs();
    this.sinceMs = nowMs;
    if (this.watching) return;
    this.lookedMs = nowMs;
    this.look();
  }

  private look(): void {
    const { timer, pressed } = this.ports;
    const nowMs = timer.uptimeMs();
    const closed = pressed();
    const unseen = nowMs - this.lookedMs > BUTTON_UNSEEN_MS;
    this.lookedMs = nowMs;
    // While the application was busy it may have been let go and pressed again.
    if (unseen && closed && this.heldMs !== undefined) this.heldMs = nowMs;
    if (closed) this.lastClosedMs = nowMs;
    if (closed !== this.closed || unseen) {
      this.closed = closed;
      this.sinceMs = nowMs;
    } else if (closed !== this.down && nowMs - this.sinceMs >= BUTTON_DEBOUNCE_MS) this.settle();
    if (this.heldMs !== undefined && nowMs - this.heldMs > BUTTON_STUCK_MS) this.heldMs = undefined;
    this.tell();
    this.watching = this.closed !== this.down || this.heldMs !== undefined;
    if (this.watching) timer.after(BUTTON_SAMPLE_MS, () => this.look());
  }

  /** The contact has become what it now is. */
  private settle(): void {
    const armed = this.phaseNow() === "armed";
    this.down = this.closed;
    this.heldMs = this.down ? this.sinceMs : undefined;
    if (armed) this.ports.onReset();
  }

  private phaseNow(): ButtonPhase {
    const forMs = this.heldMs === undefined ? 0 : this.lastClosedMs - this.heldMs;
    if (forMs >= BUTTON_RESET_MS) return "armed";
    return forMs >= BUTTON_HELD_MS ? "held" : "idle";
  }

  private tell(): void {
    const phase = this.phaseNow();
    if (phase === this.phase) return;
    this.phase = phase;
    this.ports.onPhase(phase);
  }
}
