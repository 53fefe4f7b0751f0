// SPDX-License-Identifier: Apache-2.0
/** Puts incoming publishes together again, each within its bound; what is longer is read and dropped. */
import type { MqttClientIo, MqttPiece } from "./client.ts";

export interface Incoming {
  topic: string;
  payload: Uint8Array;
}

export class Reader {
  /** Messages dropped: longer than their topic may bring. */
  oversize = 0;
  /** Messages dropped: their pieces do not add up. */
  broken = 0;
  private readonly bytesMax: (topic: string) => number;
  private topic = "";
  /** The message that is being put together, and how much of it is there; undefined: none, or one to drop. */
  private payload: Uint8Array | undefined;
  private filled = 0;

  /** @param bytesMax longest payload on a topic */
  constructor(bytesMax: (topic: string) => number) {
    this.bytesMax = bytesMax;
  }

  /** Takes the piece that `client` announces, always: what is not read stops the client. */
  take(client: MqttClientIo, count: number, piece: MqttPiece): Incoming | undefined {
    if (piece.topic !== undefined) this.begin(piece.topic, piece.byteLength ?? 0);
    const { payload, filled } = this;
    if (payload && filled + count <= payload.length) {
      if (count > 0) client.read(payload.subarray(filled, filled + count));
      this.filled += count;
    } else {
      if (payload) this.broken++;
      this.payload = undefined;
      if (count > 0) client.read(count);
    }
    return piece.more ? undefined : this.end();
  }

  private begin(topic: string, byteLength: number): void {
    if (this.payload) this.broken++;
    this.topic = topic;
    this.filled = 0;
    this.payload = undefined;
    if (byteLength > this.bytesMax(topic)) this.oversize++;
    else this.payload = new Uint8Array(byteLength);
  }

  private end(): Incoming | undefined {
    const { topic, payload, filled } = this;
    this.payload = undefined;
    if (!payload) return undefined;
    if (filled === payload.length) return { topic, payload };
    this.broken++;
    return undefined;
  }
}
