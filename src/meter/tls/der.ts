// SPDX-License-Identifier: Apache-2.0
/** Reads DER (ITU-T X.690 section 10) as far as certificates need it, and takes nothing that is not DER. */

/** The bytes are not what was to be read; caught where a whole certificate is read. */
export class DerFault extends Error {
  override get name(): string {
    return "DerFault";
  }
}

/** Universal tags (ITU-T X.680 section 8.4), constructed where the type is. */
export const Tag = Object.freeze({
  boolean: 0x01,
  integer: 0x02,
  bitString: 0x03,
  octetString: 0x04,
  null: 0x05,
  oid: 0x06,
  utcTime: 0x17,
  generalizedTime: 0x18,
  sequence: 0x30,
});

export interface Element {
  tag: number;
  /** The contents, and the element with tag and length; views of what is read. */
  body: Uint8Array;
  whole: Uint8Array;
}

/** One element after the other. Throws DerFault. */
export class DerReader {
  private readonly bytes: Uint8Array;
  private at = 0;

  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
  }

  get done(): boolean {
    return this.at >= this.bytes.length;
  }

  /** The next element, which has to have this tag. */
  next(tag: number): Element {
    const element = this.any();
    if (element.tag !== tag) throw new DerFault(`tag ${element.tag} in place of ${tag}`);
    return element;
  }

  /** The next element where it has this tag. */
  optional(tag: number): Element | undefined {
    return this.bytes[this.at] === tag ? this.any() : undefined;
  }

  any(): Element {
    const { bytes, at: start } = this;
    if (start + 2 > bytes.length) throw new DerFault("cut short");
    const tag = bytes[start];
    if ((tag & 0x1f) === 0x1f) throw new DerFault("a tag of several bytes");
    let at = start + 1;
    let length = bytes[at++];
    if (length >= 0x80) {
      // Certificates here have less than 64 KB, and the shortest form is the only one.
      const count = length & 0x7f;
      if (count < 1 || count > 2 || at + count > bytes.length) throw new DerFault("length");
      length = 0;
      for (let i = 0; i < count; i++) length = (length << 8) | bytes[at++];
      if (length < (count === 1 ? 0x80 : 0x100)) throw new DerFault("length is not the shortest");
    }
    const end = at + length;
    if (end > bytes.length) throw new DerFault("cut short");
    this.at = end;
    return { tag, body: bytes.subarray(at, end), whole: bytes.subarray(start, end) };
  }

  /** Nothing may follow. */
  end(): void {
    if (!this.done) throw new DerFault("something follows");
  }
}

/** The elements of a SEQUENCE that is all of `bytes`. */
export function sequenceOf(bytes: Uint8Array): DerReader {
  const outer = new DerReader(bytes);
  const { body } = outer.next(Tag.sequence);
  outer.end();
  return new DerReader(body);
}

/** A positive INTEGER: its bytes, most significant first, without the zero that keeps it positive. */
export function positive({ body }: Element): Uint8Array {
  if (body.length === 0 || body[0] >= 0x80) throw new DerFault("an integer that is not positive");
  if (body[0] !== 0) return body;
  if (body.length < 2 || body[1] < 0x80) throw new DerFault("an integer that is not the shortest");
  return body.subarray(1);
}

/** The bytes of a BIT STRING of whole bytes. */
export function bitString({ body }: Element): Uint8Array {
  if (body.length === 0 || body[0] !== 0) throw new DerFault("a bit string of part of a byte");
  return body.subarray(1);
}
