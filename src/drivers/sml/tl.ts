// SPDX-License-Identifier: Apache-2.0
/**
 * SML's binary encoding (SML 1.04: BSI TR-03109-1, annex IV, part b): every element begins with a type and a
 * length. The first byte has a bit that says that more bytes of length follow (0x80), the type (0x70) and
 * four bits of length; each further byte has four more. The length of a list counts elements; any other
 * counts bytes, its own included.
 *
 * The reader works in a loop with a count of what is still to come, never by calling itself: nesting and
 * lengths are the sender's word, and a list of lists costs the stack nothing.
 */

/** `none`: an optional element that is left out (01); `end`: the end of a message (00). */
export type SmlType = "octets" | "boolean" | "integer" | "unsigned" | "list" | "end" | "none";

/** By the three bits of type; the types that are missing are reserved. */
const TYPES: readonly (SmlType | undefined)[] = Object.freeze([
  "octets",
  undefined,
  undefined,
  undefined,
  "boolean",
  "integer",
  "unsigned",
  "list",
]);
/** Three of them reach 4095, more than a file has. */
const LENGTH_BYTES_MAX = 3;
const NUMBER_BYTES_MAX = 8;
/** Elements of one file that are looked at: the fullest known (Holley DTZ541) has 270. */
export const ELEMENTS_MAX = 1024;
/** Lists within lists: message, body, response, values, entry, time, and slack of two. */
export const DEPTH_MAX = 8;

/**
 * Reads elements one after the other. `undefined` or `false` from any of its functions means that the bytes
 * are not SML, and that reading is over.
 */
export class TlReader {
  readonly bytes: Uint8Array;
  /** Where the next element begins. */
  at = 0;
  /** The element read last: where its bytes begin, and how many bytes or elements it has. */
  from = 0;
  length = 0;
  private elements = 0;
  private signed = false;
  /** How many elements each open list still has: only `skip` opens lists that it does not know. */
  private readonly open = new Uint16Array(DEPTH_MAX);

  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
  }

  /** Reads the type and length of the next element, and goes past it, or for a list to its first element. */
  next(): SmlType | undefined {
    const { bytes } = this;
    if (this.at >= bytes.length || ++this.elements > ELEMENTS_MAX) return undefined;
    const first = bytes[this.at++];
    if (first === 0) {
      this.from = this.at;
      this.length = 0;
      return "end";
    }
    const type = TYPES[(first >> 4) & 7];
    let length = first & 15;
    let lengthBytes = 1;
    for (let byte = first; byte & 0x80; lengthBytes++) {
      if (lengthBytes === LENGTH_BYTES_MAX || this.at >= bytes.length) return undefined;
      byte = bytes[this.at++];
      if (byte & 0x70) return undefined;
      length = (length << 4) | (byte & 15);
    }
    if (type !== "list") length -= lengthBytes;
    const left = bytes.length - this.at;
    if (type === undefined || length < 0 || length > left) return undefined;
    this.from = this.at;
    this.length = length;
    if (type === "list") return type;
    this.at += length;
    if (type === "octets") return length === 0 ? "none" : type;
    if (length < 1 || length > (type === "boolean" ? 1 : NUMBER_BYTES_MAX)) return undefined;
    this.signed = type === "integer";
    return type;
  }

  /** Reads a list of `length` elements. */
  list(length: number): boolean {
    return this.next() === "list" && this.length === length;
  }

  /** Goes past the next `count` elements, whatever is in them. */
  skip(count: number): boolean {
    const { open } = this;
    let depth = 0;
    open[0] = count;
    for (;;) {
      while (open[depth] === 0) if (depth-- === 0) return true;
      open[depth]--;
      const type = this.next();
      if (type === undefined || type === "end") return false;
      if (type !== "list") continue;
      if (++depth === DEPTH_MAX) return false;
      open[depth] = this.length;
    }
  }

  /** Reads an unsigned number of at most four bytes. */
  unsigned(): number | undefined {
    return this.next() === "unsigned" && this.length <= 4 ? Number(this.value()) : undefined;
  }

  /** The number that was read last; signed ones of any width keep their sign. */
  value(): bigint {
    let high = 0;
    let low = 0;
    for (let i = 0; i < this.length; i++) {
      high = ((high << 8) | (low >>> 24)) >>> 0;
      low = ((low << 8) | this.bytes[this.from + i]) >>> 0;
    }
    const value = BigInt(high) * 4_294_967_296n + BigInt(low);
    return this.signed ? BigInt.asIntN(8 * this.length, value) : value;
  }
}
