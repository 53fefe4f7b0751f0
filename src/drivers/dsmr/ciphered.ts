// SPDX-License-Identifier: Apache-2.0
/**
 * Encrypted telegrams of Luxembourg's and Austria's meters: 0xDB, the length of the system title (8) and the
 * title, a length, and so many bytes of security header, AES-128-GCM ciphertext and tag (DLMS UA Green Book,
 * general-glo-ciphering). They are recognised, so that a log can say what the matter is, and passed over
 * whole: their ciphertext would look like the beginnings of telegrams. Nothing here decrypts.
 */

export const CIPHERED_START = 0xdb;
const TITLE_BYTES = 8;
/** A telegram with the longest text message (telegram.ts) and 17 bytes around it: longer is no telegram. */
const CIPHERED_BYTES_MAX = 8192;
/** Long form of a BER length: this bit, and how many bytes of length follow. */
const LONG_LENGTH = 0x80;

/** Follows one ciphered frame byte by byte, from the byte after its start. */
export class CipheredFrame {
  private title = -1;
  private lengthBytes = -1;
  private length = 0;
  private left = 0;

  /**
   * `begin`: these bytes are such a frame's header; `more`; `end`: that was its last byte; `none`: no frame.
   */
  take(byte: number): "begin" | "more" | "end" | "none" {
    if (this.left > 0) return --this.left === 0 ? "end" : "more";
    if (this.title < 0) {
      if (byte !== TITLE_BYTES) return "none";
      this.title = TITLE_BYTES;
      return "more";
    }
    if (this.title > 0) {
      this.title--;
      return "more";
    }
    return this.takeLength(byte);
  }

  private takeLength(byte: number): "begin" | "more" | "none" {
    if (this.lengthBytes < 0) {
      if (byte < LONG_LENGTH) {
        this.lengthBytes = 0;
        this.length = byte;
      } else {
        this.lengthBytes = byte - LONG_LENGTH;
        if (this.lengthBytes < 1 || this.lengthBytes > 2) return "none";
        return "more";
      }
    } else {
      this.length = (this.length << 8) | byte;
      this.lengthBytes--;
    }
    if (this.lengthBytes > 0) return "more";
    if (this.length === 0 || this.length > CIPHERED_BYTES_MAX) return "none";
    this.left = this.length;
    return "begin";
  }
}
