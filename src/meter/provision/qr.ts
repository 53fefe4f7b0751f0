// SPDX-License-Identifier: Apache-2.0
/**
 * What an owner scans to claim a node. The text uses only the characters of QR's alphanumeric mode (ISO/IEC
 * 18004, section 7.4.4): 82 of the 90 that a code of version 4, level M holds. The code itself is made by a
 * port: the device's SDK brings an encoder in C, so that none in JavaScript takes flash and heap.
 */
import { toHex } from "#core/codec/bytes";
import { assert } from "#core/errors/assert";

/** A QR code: `size` rows of `size` modules from the top left, each 1 where it is dark. */
export interface QrMatrix {
  size: number;
  modules: Uint8Array;
}

/** The largest code: version 40. */
const SIZE_MAX = 177;
/** Light modules around the code (ISO/IEC 18004, section 6.3.8). */
const QUIET = 4;

/** `WATTLE1:<public key, 64 hex digits>:<claim code>`, in capitals. */
export function qrText(publicKey: Uint8Array, claimCode: string): string {
  return `WATTLE1:${toHex(publicKey).toUpperCase()}:${claimCode}`;
}

/** Black on bright white whatever the terminal's colours, and back. */
const PAINT = "\x1b[30;107m";
const RESTORE = "\x1b[0m";

/** The code as lines of text for a terminal, two rows of modules in each. */
export function drawQr({ size, modules }: QrMatrix): string[] {
  assert(size > 0 && size <= SIZE_MAX && modules.length === size * size, "QR_MATRIX", String(size));
  const dark = (row: number, column: number): boolean =>
    row >= 0 && row < size && column >= 0 && column < size && modules[row * size + column] === 1;
  const lines: string[] = [];
  for (let row = -QUIET; row < size + QUIET; row += 2) {
    let line = PAINT;
    for (let column = -QUIET; column < size + QUIET; column++) {
      const upper = dark(row, column);
      const lower = dark(row + 1, column);
      line += upper ? (lower ? "█" : "▀") : lower ? "▄" : " ";
    }
    lines.push(line + RESTORE);
  }
  return lines;
}
