// SPDX-License-Identifier: Apache-2.0
/** What one turn of the gateway wants to make durable, and what it may say only after that. */

export interface Send {
  topic: string;
  payload: Uint8Array;
  retain: boolean;
}

export class Batch {
  readonly entries: { kind: number; bytes: Uint8Array }[] = [];
  readonly sends: Send[] = [];

  log(kind: number, bytes: Uint8Array): void {
    this.entries.push({ kind, bytes });
  }

  send(topic: string, payload: Uint8Array, retain = false): void {
    this.sends.push({ topic, payload, retain });
  }
}
