// SPDX-License-Identifier: Apache-2.0
/** Real sockets and timers for a session under test. */
import { connect } from "node:net";
import type { Timer } from "#meter/time/alarm";
import type { Wire, WireEvents } from "./mqtt-client-double.ts";

export function tcpWire(address: string, port: number, events: WireEvents): Wire {
  const socket = connect({ host: address, port, noDelay: true });
  socket.on("connect", () => events.open());
  socket.on("data", (bytes: Buffer) => events.data(Uint8Array.from(bytes)));
  socket.on("error", () => {}); // "close" follows
  socket.on("close", () => events.closed());
  return {
    send: (bytes, sent) => void socket.write(bytes, sent),
    close: () => void socket.destroySoon(),
  };
}

/** The machine's timers, counted. */
export class RealTimer implements Timer {
  readonly waiting = new Set<NodeJS.Timeout>();

  uptimeMs(): number {
    return Math.floor(performance.now());
  }

  after(delayMs: number, run: () => void): () => void {
    const timeout = setTimeout(() => {
      this.waiting.delete(timeout);
      run();
    }, delayMs);
    this.waiting.add(timeout);
    return () => {
      clearTimeout(timeout);
      this.waiting.delete(timeout);
    };
  }
}
