// SPDX-License-Identifier: Apache-2.0
/** Time and buses for driver tests: a timer that is moved by hand, a serial line that a test speaks on. */
import type { DriverTimer, SerialConstruction, SerialIo, SerialOptions } from "#drivers/types";

/** Uptime that stands still until `advance`. */
export class ManualTimer implements DriverTimer {
  private nowMs = 0;
  private nextId = 0;
  private readonly waiting = new Map<number, { atMs: number; run: () => void }>();

  uptimeMs(): number {
    return this.nowMs;
  }

  after(delayMs: number, run: () => void): () => void {
    const id = this.nextId++;
    this.waiting.set(id, { atMs: this.nowMs + delayMs, run });
    return () => void this.waiting.delete(id);
  }

  /** How many timers wait: a closed driver must leave none. */
  get pending(): number {
    return this.waiting.size;
  }

  /** Runs what falls due in the next `ms`, in order of time. */
  advance(ms: number): void {
    const endMs = this.nowMs + ms;
    for (;;) {
      let next: [number, { atMs: number; run: () => void }] | undefined;
      for (const entry of this.waiting)
        if (entry[1].atMs <= endMs && (!next || entry[1].atMs < next[1].atMs)) next = entry;
      if (!next) break;
      this.waiting.delete(next[0]);
      this.nowMs = Math.max(this.nowMs, next[1].atMs);
      next[1].run();
    }
    this.nowMs = endMs;
  }

  /** `ms` pass in which the application is busy; `meanwhile` happens, and callbacks come late. */
  hold(ms: number, meanwhile: () => void = () => {}): void {
    this.nowMs += ms;
    meanwhile();
  }
}

/** The far end of a serial line. `construction` goes into a driver's `sensor` option. */
export class FakeSerial {
  /** What the driver wrote, one entry a write. */
  readonly written: Uint8Array[] = [];
  options: (SerialOptions & Record<string, unknown>) | undefined;
  closed = 0;
  /** Called at each write of the driver: where a simulated chip answers. */
  onWrite: ((bytes: Uint8Array) => void) | undefined;
  private received: number[] = [];

  get construction(): SerialConstruction {
    const line = this;
    class Io implements SerialIo {
      constructor(options: SerialOptions & Record<string, unknown>) {
        line.options = options;
      }
      read(count?: number): ArrayBuffer | undefined {
        if (line.received.length === 0) return undefined;
        const part = line.received.splice(0, count ?? line.received.length);
        return Uint8Array.from(part).buffer;
      }
      write(bytes: ArrayBuffer | Uint8Array): void {
        const copy = Uint8Array.from(bytes instanceof Uint8Array ? bytes : new Uint8Array(bytes));
        line.written.push(copy);
        line.onWrite?.(copy);
      }
      close(): void {
        line.closed++;
      }
    }
    return { io: Io };
  }

  /** The chip sends: the driver is told, as by the UART's interrupt. */
  send(bytes: Iterable<number>): void {
    this.received.push(...bytes);
    this.options?.onReadable?.(this.received.length);
  }
}
