// SPDX-License-Identifier: Apache-2.0
/** Stands in for the SDK's "embedded:network/interface/wifi". */
import { ascii, Post } from "../abi.ts";
import { machine, say } from "./machine.ts";

const CONNECTED = 500;
const DISCONNECTED = 0;

interface Point {
  SSID: string;
  RSSI: number;
  security: string;
}

export default class WiFi {
  static readonly disconnected = DISCONNECTED;
  readonly MAC = "020000000001";
  readonly RSSI = -60;
  connection = DISCONNECTED;

  constructor(options: { onChanged?: (property: string) => void }) {
    machine().onWifi = (up) => {
      this.connection = up ? CONNECTED : DISCONNECTED;
      options.onChanged?.("connection");
    };
  }

  get address(): string | undefined {
    return this.connection === CONNECTED ? "192.0.2.2" : undefined;
  }

  connect({ SSID }: { SSID: string; password?: string }): void {
    say(Post.wifi, 1, ascii(SSID));
  }

  disconnect(): void {
    this.connection = DISCONNECTED;
    say(Post.wifi, 0);
  }

  scan({ onComplete }: { onFound: (point: Point) => void; onComplete: () => void }): void {
    onComplete();
  }

  close(): void {
    machine().onWifi = undefined;
  }
}
