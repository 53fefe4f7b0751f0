// SPDX-License-Identifier: Apache-2.0
/**
 * P1 telegrams out of a stream of bytes (P1 companion standard 5.0.2, chapter 6; data lines: IEC 62056-21):
 *
 *     /XXX5 identification CR LF CR LF  data lines, each with CR LF  ! CRC CR LF
 *
 * The CRC-16 covers "/" to "!". Versions 2 and 3 have no CRC. "/" and "!" stand nowhere else, so that a "/"
 * is a new telegram wherever it comes. Only one line is kept, and of it what the registers' table knows; a
 * telegram is given on after its checksum, or not at all.
 */
import type { Energy } from "../obis/counter-set.ts";
import { INSTANT_MAX } from "../obis/instantaneous.ts";
import { quantityOf } from "../obis/registers.ts";
import type { DriverFault } from "../types.ts";
import { crc16 } from "../wire/crc16.ts";
import { CIPHERED_START, CipheredFrame } from "./ciphered.ts";
import { CLOCK_CODE } from "./clock.ts";
import { decimalOf } from "./units.ts";

/** The longest line: a text message of 1024 characters in hex (0-0:96.13.0), its code and brackets. */
export const LINE_BYTES_MAX = 2080;
/** Twice a telegram with every line of the standard, four other meters and the longest text message. */
export const TELEGRAM_BYTES_MAX = 8192;
/** The longest line with a value that counts has 28 bytes; a longer one cannot be read as one. */
const VALUE_BYTES_MAX = 40;
/** Identifications have at most 16 characters (IEC 62056-21, 6.3.2); some meters' have 17. */
const HEADER_BYTES_MAX = 64;
const HEADER = /^\/[A-Za-z]{3}[ "-.0-~]+$/;

const LF = 0x0a;
const CR = 0x0d;
const BANG = 0x21;
const OPEN = 0x28;
const CLOSE = 0x29;
const SLASH = 0x2f;

/** A whole telegram that was checked: registers, and the rest in thousandths of W, V, A and Hz. */
export interface Telegram {
  energies: Map<string, Energy>;
  values: Map<string, number>;
  /** Date and time as they stand there (clock.ts). */
  clock?: string;
}

export interface TelegramHandler {
  onTelegram(telegram: Telegram): void;
  onFault(fault: DriverFault, detail: string): void;
}

export class TelegramDecoder {
  private readonly checksum: boolean;
  private readonly handler: TelegramHandler;
  private readonly line = new Uint8Array(LINE_BYTES_MAX);
  private lineBytes = 0;
  private telegramBytes = 0;
  private crc = 0;
  /** Within a telegram; its content so far, and the first thing that is wrong with it. */
  private open = false;
  private telegram: Telegram = emptyTelegram();
  private problem: string | undefined;
  private ciphered: CipheredFrame | undefined;
  /**
   * What is between telegrams was reported. The rest of a telegram that was under way at the start is no
   * fault.
   */
  private strayReported = true;

  constructor(checksum: boolean, handler: TelegramHandler) {
    this.checksum = checksum;
    this.handler = handler;
  }

  push(bytes: Uint8Array): void {
    let at = 0;
    while (at < bytes.length) {
      if (this.ciphered) at = this.passOver(this.ciphered, bytes, at);
      else if (this.open) at = this.collect(bytes, at);
      else at = this.seek(bytes, at);
    }
  }

  /** Drops what is under way: the line was silent for too long. */
  reset(): void {
    this.open = false;
    this.ciphered = undefined;
    this.strayReported = false;
  }

  private begin(): number {
    this.open = true;
    this.line[0] = SLASH;
    this.lineBytes = 1;
    this.telegramBytes = 1;
    this.crc = 0;
    this.telegram = emptyTelegram();
    this.problem = undefined;
    return 1;
  }

  private abandon(fault: DriverFault, detail: string): void {
    this.open = false;
    this.strayReported = true;
    this.handler.onFault(fault, detail);
  }

  /** Looks for the start of a telegram from `at` on; where to go on. */
  private seek(bytes: Uint8Array, at: number): number {
    for (; at < bytes.length; at++) {
      const byte = bytes[at];
      if (byte === SLASH) return at + this.begin();
      if (byte === CIPHERED_START) {
        this.ciphered = new CipheredFrame();
        return at + 1;
      }
      if (byte !== CR && byte !== LF) this.stray();
    }
    return at;
  }

  /** Once for all that is between two telegrams. */
  private stray(): void {
    if (this.strayReported) return;
    this.strayReported = true;
    this.handler.onFault("framing", "bytes outside a telegram");
  }

  private passOver(frame: CipheredFrame, bytes: Uint8Array, at: number): number {
    const step = frame.take(bytes[at]);
    if (step === "begin")
      this.handler.onFault("device", "encrypted telegram (starts with 0xDB): not supported");
    if (step === "end") this.ciphered = undefined;
    if (step !== "none") return at + 1;
    this.ciphered = undefined;
    this.stray();
    return at; // what was no such frame may begin a telegram
  }

  /** Takes bytes up to the end of a line; where to go on. */
  private collect(bytes: Uint8Array, at: number): number {
    const feed = bytes.indexOf(LF, at);
    const end = feed < 0 ? bytes.length : feed + 1;
    const part = bytes.subarray(at, end);
    const slash = part.indexOf(SLASH);
    if (slash >= 0) {
      this.abandon("framing", "a telegram begins within another");
      return at + slash + this.begin();
    }
    this.telegramBytes += end - at;
    if (this.lineBytes + end - at > LINE_BYTES_MAX || this.telegramBytes > TELEGRAM_BYTES_MAX) {
      this.abandon("framing", "a line or a telegram is too long");
      return end;
    }
    this.line.set(part, this.lineBytes);
    this.lineBytes += end - at;
    if (feed >= 0) {
      this.takeLine();
      this.lineBytes = 0;
    }
    return end;
  }

  private takeLine(): void {
    const { line } = this;
    const length = this.lineBytes - 2;
    if (length < 0 || line[length] !== CR) {
      this.abandon("framing", "a line without CR LF");
    } else if (line[0] === SLASH) {
      if (length > HEADER_BYTES_MAX || !HEADER.test(textOf(line, 0, length)))
        this.abandon("framing", "no identification");
    } else if (line[0] === BANG) {
      this.finish(length);
      return;
    } else if (length > 0) {
      if (!isDataLine(line, length)) this.abandon("framing", "no data line");
      else this.takeData(length);
    }
    this.crc = crc16(line.subarray(0, this.lineBytes), this.crc);
  }

  /** A register that the table knows; all others are ignored. */
  private takeData(length: number): void {
    const { telegram, line } = this;
    const open = line.indexOf(OPEN);
    if (open >= VALUE_BYTES_MAX) return;
    const code = textOf(line, 0, open);
    if (code === CLOCK_CODE && length <= VALUE_BYTES_MAX)
      telegram.clock = textOf(line, open + 1, length - 1);
    const quantity = quantityOf(code);
    if (quantity === undefined) return;
    const known = telegram.energies.has(code) || telegram.values.has(code);
    const fits = length <= VALUE_BYTES_MAX;
    const value = fits ? decimalOf(textOf(line, open + 1, length - 1), quantity) : undefined;
    if (known || !value) {
      this.problem ??= known ? `${code} comes twice` : `${code} has no ${quantity}`;
    } else if (quantity === "energy") {
      const { milli, stepMilli } = value;
      telegram.energies.set(code, { mwh: BigInt(milli), stepMwh: BigInt(stepMilli) });
    } else if (value.milli > INSTANT_MAX) {
      this.problem ??= `${code} is ${value.milli} thousandths`;
    } else {
      telegram.values.set(code, value.milli);
    }
  }

  private finish(length: number): void {
    this.open = false;
    this.strayReported = false;
    const tail = textOf(this.line, 1, Math.min(length, VALUE_BYTES_MAX));
    const crc = crc16(this.line.subarray(0, 1), this.crc);
    if (!(this.checksum ? /^[0-9A-Fa-f]{4}$/ : /^$/).test(tail)) {
      const version = this.checksum ? "no CRC: DSMR 2 or 3?" : "a CRC: DSMR 4 or 5?";
      this.handler.onFault("framing", `the telegram has ${version}`);
    } else if (this.checksum && Number.parseInt(tail, 16) !== crc) {
      this.handler.onFault("checksum", `${tail}, computed ${crc.toString(16)}`);
    } else if (this.problem !== undefined) {
      this.handler.onFault("range", this.problem);
    } else {
      this.handler.onTelegram(this.telegram);
    }
  }
}

function emptyTelegram(): Telegram {
  return { energies: new Map(), values: new Map() };
}

/** ASCII as a string: short pieces only, every character is an argument on the stack. */
function textOf(bytes: Uint8Array, from: number, to: number): string {
  return String.fromCharCode(...bytes.subarray(from, to));
}

/** A code, or none where the line before goes on, then values in brackets that are not nested; printable. */
function isDataLine(line: Uint8Array, length: number): boolean {
  let values = 0;
  let inside = false;
  for (let i = 0; i < length; i++) {
    const byte = line[i];
    if (byte === OPEN || byte === CLOSE) {
      if (inside !== (byte === CLOSE)) return false;
      inside = !inside;
      values++;
    } else if (inside) {
      if (byte < 0x20 || byte > 0x7e || byte === BANG) return false;
    } else if (values > 0 || !isCodeByte(byte)) {
      return false;
    }
  }
  return values > 0 && !inside;
}

/** Digits and capitals, and what separates the parts of a code: A-B:C.D.E*F. */
function isCodeByte(byte: number): boolean {
  if (byte >= 0x30 && byte <= 0x3a) return true;
  return (byte >= 0x41 && byte <= 0x5a) || byte === 0x2a || byte === 0x2d || byte === 0x2e;
}
