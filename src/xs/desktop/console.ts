// SPDX-License-Identifier: Apache-2.0
/**
 * In the simulator the serial line is a TCP port of this computer, so that `wattle provision` sets up a
 * simulated node as it does a real one. WATTLE_CONSOLE gives the port; without it there is no line.
 */
import Listener from "embedded:io/socket/listener";
import TCP from "embedded:io/socket/tcp";
import type { Console } from "#xs/device/console";
import { ffi } from "#xs/device/ffi";

export function openConsole(onBytes: (bytes: Uint8Array) => void): Console | undefined {
  const port = Number(ffi().wattle_env("WATTLE_CONSOLE"));
  if (!(port > 0 && port < 65_536)) return undefined;
  return new TcpLine(port, onBytes);
}

/** One client at a time; the newest takes the line over. */
class TcpLine implements Console {
  private client: TCP | undefined;
  private readonly listener: Listener;
  private waiting: Uint8Array[] = [];
  private writable = 0;

  constructor(port: number, onBytes: (bytes: Uint8Array) => void) {
    this.listener = new Listener({
      port,
      address: "127.0.0.1",
      onReadable: () => this.accept(onBytes),
    });
  }

  write(bytes: Uint8Array): void {
    if (!this.client) return;
    this.waiting.push(bytes.slice());
    this.flush();
  }

  close(): void {
    this.client?.close();
    this.client = undefined;
    this.listener.close();
  }

  private accept(onBytes: (bytes: Uint8Array) => void): void {
    const from = this.listener.read();
    if (!from) return;
    this.client?.close();
    this.waiting = [];
    this.writable = 0;
    const client: TCP = new TCP({
      from,
      format: "buffer",
      onReadable: () => {
        const bytes = client.read() as ArrayBuffer | undefined;
        if (bytes) onBytes(new Uint8Array(bytes));
      },
      onWritable: (count) => {
        this.writable = count;
        this.flush();
      },
      onError: () => {
        client.close();
        if (this.client === client) this.client = undefined;
      },
    });
    this.client = client;
  }

  private flush(): void {
    while (this.client && this.writable > 0 && this.waiting.length > 0) {
      const [next] = this.waiting;
      const part = next.subarray(0, this.writable);
      this.writable = this.client.write(part.slice());
      if (part.length === next.length) this.waiting.shift();
      else this.waiting[0] = next.subarray(part.length);
    }
  }
}
