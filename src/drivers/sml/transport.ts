// SPDX-License-Identifier: Apache-2.0
/**
 * SML's transport protocol, version 1, out of a stream of bytes (SML 1.04: BSI TR-03109-1, annex IV, part
 * b): four 0x1B are an escape, and what follows says of what:
 *
 *     1B1B1B1B 01010101  messages  padding  1B1B1B1B 1A pp cc cc
 *
 * 01010101 begins a file, also in the middle of another; 1B1B1B1B stands for four bytes 0x1B of the data; 1A
 * ends the file, after `pp` bytes of padding to a multiple of four, with the CRC of everything before it from
 * the first 0x1B on.
 *
 * A file that is broken in any way costs itself only: the next whole one is found.
 */
import type { DriverFault } from "../types.ts";
import { crcInit, crcOnWire, crcStep, type SmlCrc } from "./crc.ts";

/**
 * The longest file of the meters known has 528 bytes (Holley DTZ541 with all its values): four times that.
 */
export const FILE_BYTES_MAX = 2048;

const ESCAPE = 0x1b;
const START = 0x01;
const END = 0x1a;
/** Of an escape, and of what follows it. */
const SEQUENCE_BYTES = 4;
const PADDING_MAX = 3;

export interface FileHandler {
  /** The messages of one file whose checksum is right; a view that is only good until the call returns. */
  onFile(bytes: Uint8Array): void;
  onFault(fault: DriverFault, detail: string): void;
}

export class FileDecoder {
  private readonly kind: SmlCrc;
  private readonly handler: FileHandler;
  private readonly file = new Uint8Array(FILE_BYTES_MAX);
  private fileBytes = 0;
  private crc = 0;
  /** Within a file. */
  private open = false;
  /** 0x1B in a row, up to four; within a file then the bytes of the sequence that they announce. */
  private escapes = 0;
  private readonly sequence = new Uint8Array(SEQUENCE_BYTES);
  private sequenceBytes = 0;
  /** On the line as it is: 0x1B in a row, and behind four and more of them 0x01 in a row. */
  private lineEscapes = 0;
  private lineStarts = 0;
  /**
   * A file that is cut off behind the four 0x1B of its end makes the next one's beginning look like data.
   * Where the data could be such a beginning, the file that it would begin is followed too: from where, and
   * its CRC.
   */
  private otherFrom = 0;
  private otherCrc = 0;
  /** The rest of a file that was under way at the start is no fault. */
  private strayReported = true;

  constructor(kind: SmlCrc, handler: FileHandler) {
    this.kind = kind;
    this.handler = handler;
  }

  push(bytes: Uint8Array): void {
    for (let i = 0; i < bytes.length; i++) {
      this.follow(bytes[i]);
      if (!this.open) this.seek(bytes[i]);
      else if (this.escapes === SEQUENCE_BYTES) this.takeSequence(bytes[i]);
      else this.takeData(bytes[i]);
    }
  }

  /** Drops what is under way: the line was silent for too long. */
  reset(): void {
    this.close();
    this.strayReported = false;
  }

  private close(): void {
    this.open = false;
    this.escapes = 0;
    this.sequenceBytes = 0;
  }

  /** Watches the line for what could begin a file, whatever the byte is taken for. */
  private follow(byte: number): void {
    if (byte === START && this.lineEscapes >= SEQUENCE_BYTES) {
      this.lineStarts++;
      return;
    }
    if (byte !== ESCAPE || this.lineStarts > 0) this.lineEscapes = 0;
    if (byte === ESCAPE) this.lineEscapes++;
    this.lineStarts = 0;
  }

  /** A byte between files. */
  private seek(byte: number): void {
    if (this.lineStarts === SEQUENCE_BYTES) this.begin();
    else if (byte !== ESCAPE && byte !== START && byte !== 0) this.stray(); // lamps look like zeros
  }

  private begin(): void {
    this.close();
    this.open = true;
    this.fileBytes = 0;
    this.otherFrom = 0;
    this.crc = this.crcOfStart();
  }

  private crcOfStart(): number {
    let crc = crcInit(this.kind);
    for (let i = 0; i < SEQUENCE_BYTES; i++) crc = crcStep(crc, ESCAPE);
    for (let i = 0; i < SEQUENCE_BYTES; i++) crc = crcStep(crc, START);
    return crc;
  }

  private step(byte: number): void {
    this.crc = crcStep(this.crc, byte);
    if (this.otherFrom > 0) this.otherCrc = crcStep(this.otherCrc, byte);
  }

  private takeData(byte: number): void {
    this.step(byte);
    if (byte === ESCAPE) {
      this.escapes++;
      return;
    }
    for (; this.escapes > 0; this.escapes--) this.store(ESCAPE);
    this.store(byte);
    if (this.lineStarts !== SEQUENCE_BYTES) return;
    this.otherFrom = this.fileBytes;
    this.otherCrc = this.crcOfStart();
  }

  /** One of the four bytes behind an escape. */
  private takeSequence(byte: number): void {
    const { sequence } = this;
    sequence[this.sequenceBytes++] = byte;
    // The checksum covers the first two bytes of the end, and the whole of a literal.
    if (sequence[0] !== END || this.sequenceBytes <= 2) this.step(byte);
    if (this.sequenceBytes < SEQUENCE_BYTES) return;
    this.escapes = 0;
    this.sequenceBytes = 0;
    if (sequence[0] === END) {
      this.end(sequence[1], (sequence[2] << 8) | sequence[3]);
    } else if (sequence.every((each) => each === ESCAPE)) {
      for (const each of sequence) this.store(each);
    } else if (sequence.every((each) => each === START)) {
      this.handler.onFault("framing", "a file begins within another");
      this.begin();
    } else {
      this.abandon("framing", "an escape that SML does not have");
    }
  }

  private store(byte: number): void {
    if (!this.open) return;
    if (this.fileBytes === FILE_BYTES_MAX) this.abandon("framing", "the file is too long");
    else this.file[this.fileBytes++] = byte;
  }

  private end(padding: number, checksum: number): void {
    const length = this.fileBytes - padding;
    const computed = crcOnWire(this.kind, this.crc);
    let from = 0;
    if (checksum !== computed) {
      const both = `${checksum.toString(16)}, computed ${computed.toString(16)}`;
      this.abandon("checksum", both);
      from = this.otherFrom;
      if (from === 0 || checksum !== crcOnWire(this.kind, this.otherCrc)) return;
    }
    this.close();
    this.strayReported = false;
    const fill = this.file.subarray(length, this.fileBytes);
    if (padding > PADDING_MAX || length < from || fill.some((byte) => byte !== 0))
      this.handler.onFault("framing", "wrong padding");
    else this.handler.onFile(this.file.subarray(from, length));
  }

  private abandon(fault: DriverFault, detail: string): void {
    this.close();
    this.strayReported = true;
    this.handler.onFault(fault, detail);
  }

  /** Once for all that is between two files. */
  private stray(): void {
    if (this.strayReported) return;
    this.strayReported = true;
    this.handler.onFault("framing", "bytes outside a file");
  }
}
