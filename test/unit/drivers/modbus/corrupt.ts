// SPDX-License-Identifier: Apache-2.0
/** Damage to frames, and a judge of frames that shares no code with the driver. */

/** Numbers 0 to 2³²−1 from a seed (xorshift, Marsaglia 2003); the same ones each time. */
export class Seeded {
  private state: number;

  constructor(seed: number) {
    this.state = seed >>> 0 || 1;
  }

  next(): number {
    let x = this.state;
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    this.state = x >>> 0;
    return this.state;
  }

  /** 0 to `end` − 1. */
  below(end: number): number {
    return this.next() % end;
  }
}

/** CRC-16 with polynomial 0xA001, one bit after the other. */
export function slowCrc16(bytes: Uint8Array, init: number): number {
  let crc = init;
  for (const byte of bytes)
    for (let bit = 0; bit < 8; bit++) {
      const low = (crc ^ (byte >> bit)) & 1;
      crc = (crc >>> 1) ^ (low ? 0xa001 : 0);
    }
  return crc;
}

/** `body` with its CRC behind it. */
export function withCrc(body: Iterable<number>): Uint8Array {
  const bytes = Uint8Array.from(body);
  const crc = slowCrc16(bytes, 0xffff);
  return Uint8Array.from([...bytes, crc & 0xff, crc >> 8]);
}

/** Whether `frame` has the form of an answer to a read of `count` registers of `address`, CRC and all. */
export function isAnswer(frame: Uint8Array, address: number, count: number): boolean {
  if (frame.length !== 2 * count + 5) return false;
  if (frame[0] !== address || frame[1] !== 4 || frame[2] !== 2 * count) return false;
  return slowCrc16(frame, 0xffff) === 0; // a frame with its own CRC behind it leaves nothing
}

/** Ways to damage a frame. The last three have a right CRC: it is a frame, but no answer. */
const DAMAGES: Record<string, (frame: number[], random: Seeded) => number[]> = {
  "one bit": (frame, random) => flip(frame, random, 1),
  "some bits": (frame, random) => flip(frame, random, 2 + random.below(15)),
  "a burst": (frame, random) => {
    const at = random.below(frame.length);
    const length = 1 + random.below(8);
    return frame.map((byte, i) => (i >= at && i < at + length ? random.below(256) : byte));
  },
  truncated: (frame, random) => frame.slice(0, random.below(frame.length)),
  "beginning lost": (frame, random) => frame.slice(1 + random.below(frame.length - 1)),
  "middle lost": (frame, random) => {
    const at = random.below(frame.length);
    return [...frame.slice(0, at), ...frame.slice(at + 1 + random.below(4))];
  },
  "bytes in it": (frame, random) => {
    const at = random.below(frame.length + 1);
    const more = Array.from({ length: 1 + random.below(6) }, () => random.below(256));
    return [...frame.slice(0, at), ...more, ...frame.slice(at)];
  },
  "a part twice": (frame, random) => {
    const at = random.below(frame.length);
    const part = frame.slice(at, at + 1 + random.below(frame.length));
    return [...frame.slice(0, at), ...part, ...frame.slice(at)];
  },
  twice: (frame) => [...frame, ...frame],
  swapped: (frame, random) => {
    const bent = frame.slice();
    const at = random.below(frame.length);
    const other = random.below(frame.length);
    [bent[at], bent[other]] = [bent[other], bent[at]];
    return bent;
  },
  "words swapped": (frame, random) => {
    const at = 3 + 2 * random.below((frame.length - 5) / 2 - 1);
    const words = [...frame.slice(at + 2, at + 4), ...frame.slice(at, at + 2)];
    return [...frame.slice(0, at), ...words, ...frame.slice(at + 4)];
  },
  noise: (_, random) => Array.from({ length: random.below(600) }, () => random.below(256)),
  "another address": (frame, random) => sealed(frame, 0, random.below(256)),
  "another function": (frame, random) => sealed(frame, 1, random.below(128)),
  "another length": (frame, random) => sealed(frame, 2, random.below(256)),
};
export const DAMAGE_NAMES = Object.keys(DAMAGES);

/** `frame` damaged in a way that `random` picks. The result may by chance be the same, or right. */
export function damage(frame: Uint8Array, random: Seeded): { name: string; bytes: Uint8Array } {
  const name = DAMAGE_NAMES[random.below(DAMAGE_NAMES.length)];
  return { name, bytes: Uint8Array.from(DAMAGES[name]([...frame], random)) };
}

function flip(frame: number[], random: Seeded, bits: number): number[] {
  const bent = frame.slice();
  for (let i = 0; i < bits; i++) bent[random.below(bent.length)] ^= 1 << random.below(8);
  return bent;
}

function sealed(frame: number[], at: number, byte: number): number[] {
  const body = frame.slice(0, -2);
  body[at] = byte;
  return [...withCrc(body)];
}
