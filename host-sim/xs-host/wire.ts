// SPDX-License-Identifier: Apache-2.0
//
// The frames between the driver and xs-host; c/host.h has the same numbers, README.md the table.

export const op = {
  load: 1,
  preload: 2,
  start: 3,
  create: 4,
  event: 5,
  reply: 6,
  stats: 7,
  destroy: 8,
  version: 9,
} as const;

export const out = {
  version: 65,
  started: 66,
  call: 68,
  post: 69,
  done: 70,
  failed: 71,
  stats: 72,
  created: 73,
  destroyed: 74,
} as const;

const headBytes = 5;

/** One frame with room for `size` payload bytes; write them from offset 5 on. */
export function newFrame(code: number, size: number): Buffer {
  const frame = Buffer.allocUnsafe(headBytes + size);
  frame.writeUInt32LE(1 + size, 0);
  frame[4] = code;
  return frame;
}

/** Cuts a stream of chunks into frames. */
export class FrameReader {
  private rest: Buffer | undefined;
  private readonly onFrame: (code: number, data: Buffer) => void;

  constructor(onFrame: (code: number, data: Buffer) => void) {
    this.onFrame = onFrame;
  }

  push(chunk: Buffer): void {
    let data = chunk;
    if (this.rest) data = Buffer.concat([this.rest, chunk]);
    let at = 0;
    while (data.length - at >= headBytes) {
      const length = data.readUInt32LE(at);
      if (data.length - at - 4 < length) break;
      this.onFrame(data[at + 4]!, data.subarray(at + headBytes, at + 4 + length));
      at += 4 + length;
    }
    this.rest = at < data.length ? data.subarray(at) : undefined;
  }
}
