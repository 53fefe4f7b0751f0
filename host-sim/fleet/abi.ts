// SPDX-License-Identifier: Apache-2.0
/**
 * What a node on XS and its driver say to each other through xs-host: numbers and byte layouts, one file for
 * both sides. Integers and floats are little-endian. `str` and `blob` are a u32 length and the bytes, text is
 * UTF-8; a `blob` at the very end has no length.
 */

/** Calls: the node waits for the answer. */
export const Call = Object.freeze({
  /** → config: see encodeConfig. */
  config: 1,
  /** secret key → public key. */
  publicKey: 3,
  /** blob secret key, message → signature. */
  sign: 4,
  /** blob public key, blob signature, message → 1 byte, 0 or 1. */
  verify: 5,
  /** u32 length → that many random bytes. */
  entropy: 6,
  /** key → value, or nothing. */
  get: 7,
  /** str key, value. */
  set: 8,
  /** key. */
  remove: 9,
  /** prefix → str…, one after the other. */
  keys: 10,
  /** f64 protocol time → f64 uptime, u64 counts…, or nothing where the chip is silent. */
  sample: 11,
  /** → f64 uptime, ms. */
  uptime: 12,
  /** → f64 UTC, ms. */
  utc: 13,
  /** f64 offset, u32 length → bytes of the witness region; nothing where the node has none. */
  flashRead: 14,
  /** f64 offset, bytes → 1 byte, 0 or 1. */
  flashWrite: 15,
  /** u32 sector → 1 byte, 0 or 1. */
  flashErase: 16,
  /** → u32 bytes of a sector, u32 sectors; nothing where the node has no witness region. */
  flashSize: 17,
  /** f64 protocol time, f64 power in W, positive to charge: the battery's command. */
  batteryPower: 18,
  /** f64 protocol time → f64 Wh in the battery. */
  batteryState: 19,
  /** u32 slot → u32 slot of departure, f64 Wh that are needed; nothing where the vehicle is away. */
  batteryPlan: 20,
});

/** Posts: one way. */
export const Post = Object.freeze({
  /** str id, str will topic, str will payload, then str subscriptions. Once, when the node is up. */
  up: 32,
  /** u8 retain, str topic, payload. */
  publish: 33,
  /** f64 delay, ms. */
  wake: 34,
  /** u8 index in LOG_LEVELS, str event, then per fact: str name, u8 type (0 number, 1 text), f64 or str. */
  log: 35,
  /** NodeFace as JSON: the answer to a look. */
  face: 36,
});

/** Events: from the driver to the node. */
export const Event = Object.freeze({
  connected: 1,
  disconnected: 2,
  /** str topic, payload. */
  message: 3,
  timer: 4,
  /** A second has passed for a meter that somebody watches: it polls its chip and posts its face. */
  look: 5,
  /** f64 before, f64 after: the time of day was set, ms. */
  stepped: 6,
});

export const LOG_LEVELS = Object.freeze(["debug", "info", "warn", "error"] as const);

/** Writes the fields of one payload one after the other. */
export class ByteWriter {
  private bytes: Uint8Array;
  private view: DataView;
  private length = 0;

  constructor(capacity = 64) {
    this.bytes = new Uint8Array(capacity);
    this.view = new DataView(this.bytes.buffer);
  }

  u8(value: number): this {
    this.room(1);
    this.bytes[this.length++] = value;
    return this;
  }

  u32(value: number): this {
    this.room(4);
    this.view.setUint32(this.length, value, true);
    this.length += 4;
    return this;
  }

  u64(value: bigint): this {
    this.room(8);
    this.view.setBigUint64(this.length, value, true);
    this.length += 8;
    return this;
  }

  f64(value: number): this {
    this.room(8);
    this.view.setFloat64(this.length, value, true);
    this.length += 8;
    return this;
  }

  blob(value: Uint8Array): this {
    return this.u32(value.length).rest(value);
  }

  str(value: string): this {
    return this.blob(utf8(value));
  }

  /** The last field: no length before it. */
  rest(value: Uint8Array): this {
    this.room(value.length);
    this.bytes.set(value, this.length);
    this.length += value.length;
    return this;
  }

  /** What was written; exact, so that it can be handed over as it is. */
  done(): Uint8Array {
    return this.length === this.bytes.length ? this.bytes : this.bytes.slice(0, this.length);
  }

  private room(size: number): void {
    const needed = this.length + size;
    if (needed <= this.bytes.length) return;
    const grown = new Uint8Array(Math.max(needed, 2 * this.bytes.length));
    grown.set(this.bytes);
    this.bytes = grown;
    this.view = new DataView(grown.buffer);
  }
}

/** Reads them back; throws a RangeError at the end of the bytes. Blobs are copies. */
export class ByteReader {
  private readonly bytes: Uint8Array;
  private readonly view: DataView;
  private offset = 0;

  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  }

  get more(): boolean {
    return this.offset < this.bytes.length;
  }

  u8(): number {
    return this.view.getUint8(this.take(1));
  }

  u32(): number {
    return this.view.getUint32(this.take(4), true);
  }

  u64(): bigint {
    return this.view.getBigUint64(this.take(8), true);
  }

  f64(): number {
    return this.view.getFloat64(this.take(8), true);
  }

  blob(): Uint8Array {
    const length = this.u32();
    return copyOf(this.bytes, this.take(length), length);
  }

  str(): string {
    return fromUtf8(this.blob());
  }

  rest(): Uint8Array {
    const length = this.bytes.length - this.offset;
    return copyOf(this.bytes, this.take(length), length);
  }

  private take(size: number): number {
    const at = this.offset;
    if (at + size > this.bytes.length)
      throw new RangeError(`abi: ${size} bytes at ${at} are missing`);
    this.offset = at + size;
    return at;
  }
}

/** Never a Buffer, whatever the driver gave: what the application sees is the same on both engines. */
function copyOf(bytes: Uint8Array, start: number, length: number): Uint8Array {
  const copy = new Uint8Array(length);
  copy.set(bytes.subarray(start, start + length));
  return copy;
}

/** UTF-8, for engines without TextEncoder. Keys, topics and events are ASCII, which is the fast path. */
export function utf8(text: string): Uint8Array {
  const ascii = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code > 0x7f) return wideUtf8(text);
    ascii[i] = code;
  }
  return ascii;
}

function wideUtf8(text: string): Uint8Array {
  const bytes: number[] = [];
  const tail = (code: number) => 0x80 | (code & 0x3f);
  for (const char of text) {
    const code = char.codePointAt(0)!;
    if (code < 0x80) bytes.push(code);
    else if (code < 0x800) bytes.push(0xc0 | (code >> 6), tail(code));
    else if (code < 0x10000) bytes.push(0xe0 | (code >> 12), tail(code >> 6), tail(code));
    else bytes.push(0xf0 | (code >> 18), tail(code >> 12), tail(code >> 6), tail(code));
  }
  return new Uint8Array(bytes);
}

/** Characters of one call of fromCharCode: each takes a slot of the stack on XS. */
const TEXT_PART = 128;

/** The text of well-formed UTF-8: it comes from `utf8` or from an MQTT library that checked it. */
export function fromUtf8(bytes: Uint8Array): string {
  if (bytes.some((byte) => byte > 0x7f)) return fromWideUtf8(bytes);
  // Adding up single characters would make as many strings on XS.
  let text = "";
  for (let at = 0; at < bytes.length; at += TEXT_PART)
    text += String.fromCharCode(...bytes.subarray(at, at + TEXT_PART));
  return text;
}

function fromWideUtf8(bytes: Uint8Array): string {
  let text = "";
  for (let i = 0; i < bytes.length; ) {
    const first = bytes[i++];
    const tails = first < 0x80 ? 0 : first < 0xe0 ? 1 : first < 0xf0 ? 2 : 3;
    let code = tails === 0 ? first : first & (0x3f >> tails);
    for (let k = 0; k < tails; k++) code = code * 64 + (bytes[i++] & 0x3f);
    text += String.fromCodePoint(code);
  }
  return text;
}
