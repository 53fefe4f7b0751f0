// SPDX-License-Identifier: Apache-2.0
/**
 * The gateway's bus with counters on it, and a memory of retained messages for brokers that lose
 * theirs.
 */
import type { Bus } from "#gateway/ports";

export interface BusCounts {
  messagesIn: number;
  bytesIn: number;
  messagesOut: number;
  bytesOut: number;
}

export class BusTap implements Bus {
  readonly counts: BusCounts = { messagesIn: 0, bytesIn: 0, messagesOut: 0, bytesOut: 0 };
  /** Called with everything that the gateway publishes, after it went out. */
  onPublish: (topic: string, payload: Uint8Array) => void = () => {};
  private readonly bus: Bus;
  private readonly retained = new Map<string, Uint8Array>();
  private readonly remember: boolean;

  /** `remember`: keep the latest retained message of each topic for `repeat`. */
  constructor(bus: Bus, remember: boolean) {
    this.bus = bus;
    this.remember = remember;
  }

  publish(topic: string, payload: Uint8Array, options: { retain: boolean; qos?: 0 | 1 }): void {
    this.counts.messagesOut++;
    this.counts.bytesOut += payload.length;
    if (options.retain && this.remember) this.retained.set(topic, payload);
    this.bus.publish(topic, payload, options);
    this.onPublish(topic, payload);
  }

  /** Says again what is retained: the broker may have no disk, and it published our last will. */
  repeat(): void {
    for (const [topic, payload] of this.retained)
      this.bus.publish(topic, payload, { retain: true });
  }

  subscribe(filter: string, handler: (topic: string, payload: Uint8Array) => void): void {
    this.bus.subscribe(filter, (topic, payload) => {
      this.counts.messagesIn++;
      this.counts.bytesIn += payload.length;
      handler(topic, payload);
    });
  }

  close(): Promise<void> {
    return this.bus.close();
  }
}
