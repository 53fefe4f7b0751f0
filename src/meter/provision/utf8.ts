// SPDX-License-Identifier: Apache-2.0
/** UTF-8 (RFC 3629) for the serial line: the device has no TextEncoder. */

/** The UTF-8 bytes of `text`; a lone surrogate becomes U+FFFD. */
export function encodeUtf8(text: string): Uint8Array {
  const bytes: number[] = [];
  // By code points: an engine's strings may count them or UTF-16 units.
  for (const character of text) {
    let code = character.codePointAt(0) ?? 0xfffd;
    if (code >= 0xd800 && code <= 0xdfff) code = 0xfffd;
    if (code < 0x80) bytes.push(code);
    else if (code < 0x800) bytes.push(0xc0 | (code >> 6), tail(code));
    else if (code < 0x10000) bytes.push(0xe0 | (code >> 12), tail(code >> 6), tail(code));
    else bytes.push(0xf0 | (code >> 18), tail(code >> 12), tail(code >> 6), tail(code));
  }
  return Uint8Array.from(bytes);
}

function tail(code: number): number {
  return 0x80 | (code & 0x3f);
}

/** First code point that needs 1, 2 or 3 bytes after the first: anything below is overlong. */
const SMALLEST: readonly number[] = Object.freeze([0, 0x80, 0x800, 0x10000]);

/** The text of `bytes`, or undefined where they are not UTF-8: overlong, cut short or a surrogate. */
export function decodeUtf8(bytes: Uint8Array): string | undefined {
  let text = "";
  for (let i = 0; i < bytes.length; ) {
    const first = bytes[i++];
    let more = 0;
    let code = first;
    if (first >= 0x80) {
      if (first >= 0xc0 && first < 0xe0) more = 1;
      else if (first >= 0xe0 && first < 0xf0) more = 2;
      else if (first >= 0xf0 && first < 0xf8) more = 3;
      else return undefined;
      code = first & (0x3f >> more);
      for (let k = 0; k < more; k++) {
        if (i >= bytes.length || bytes[i] >> 6 !== 2) return undefined;
        code = (code << 6) | (bytes[i++] & 0x3f);
      }
      const surrogate = code >= 0xd800 && code <= 0xdfff;
      if (code < SMALLEST[more] || code > 0x10ffff || surrogate) return undefined;
    }
    text += String.fromCodePoint(code);
  }
  return text;
}
