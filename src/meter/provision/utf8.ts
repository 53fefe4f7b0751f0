// SPDX-License-Identifier: Apache-2.0
/** UTF-8 (RFC 3629) for the serial line: the device has no TextEncoder. */

/** The UTF-8 bytes of `text`; a lone surrogate becomes U+FFFD. */
export function encodeUtf8(text: string): Uint8Array {
  // Two passes: a list that grows takes 16 bytes for each on a chip.
  let size = 0;
  for (const character of text) {
    const code = codeOf(character);
    size += code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
  }
  const bytes = new Uint8Array(size);
  let at = 0;
  // By code points: an engine's strings may count them or UTF-16 units.
  for (const character of text) at = put(bytes, at, codeOf(character));
  return bytes;
}

function codeOf(character: string): number {
  const code = character.codePointAt(0) ?? 0xfffd;
  return code >= 0xd800 && code <= 0xdfff ? 0xfffd : code;
}

function put(bytes: Uint8Array, at: number, code: number): number {
  if (code < 0x80) {
    bytes[at] = code;
    return at + 1;
  }
  const tails = code < 0x800 ? 1 : code < 0x10000 ? 2 : 3;
  bytes[at] = FIRST[tails] | (code >> (6 * tails));
  for (let i = 1; i <= tails; i++) bytes[at + i] = 0x80 | ((code >> (6 * (tails - i))) & 0x3f);
  return at + tails + 1;
}

/** First byte of a character with that many tails. */
const FIRST: readonly number[] = Object.freeze([0, 0xc0, 0xe0, 0xf0]);

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
