// SPDX-License-Identifier: Apache-2.0
/**
 * The trial of a new image: it stays only if it has reached its gateway, its meter and its storage within a
 * deadline, which is counted in uptime.
 */
import { MINUTE_MS, SECOND_MS } from "#core/units/time";
import type { UpdatePorts } from "./ports.ts";

/** Long enough for a slow network after a power cut in the whole street. */
export const TRIAL_MS = 30 * MINUTE_MS;
const STEP_MS = 5 * SECOND_MS;

export class Trial {
  private readonly ports: Pick<UpdatePorts, "health" | "time">;
  private readonly stores: () => boolean;
  private network = false;
  private meter = false;
  private storage = false;
  private readonly endMs: number;

  /** `stores`: whether something that is stored just now can be read back. */
  constructor(
    ports: Pick<UpdatePorts, "health" | "time">,
    lengthMs: number,
    stores: () => boolean,
  ) {
    this.ports = ports;
    this.stores = stores;
    this.endMs = ports.time.uptimeMs() + lengthMs;
  }

  /** Uptime that is left, ms; 0 where the time is over. */
  leftMs(): number {
    return Math.max(0, this.endMs - this.ports.time.uptimeMs());
  }

  delayMs(): number {
    return Math.min(STEP_MS, this.leftMs());
  }

  /** Looks at what has not worked yet; true once each has worked, not all at the same time. */
  look(): boolean {
    const { health } = this.ports;
    this.network ||= health.network();
    this.meter ||= health.meter();
    this.storage ||= this.stores();
    return this.network && this.meter && this.storage;
  }

  /** What has not worked yet, for the log. */
  missing(): string {
    const parts: string[] = [];
    if (!this.network) parts.push("network");
    if (!this.meter) parts.push("meter");
    if (!this.storage) parts.push("storage");
    return parts.join(" ");
  }
}
