// SPDX-License-Identifier: Apache-2.0
/**
 * German meters with an optical interface that sends SML by itself every one to four seconds (EDL21 and
 * EDL40, FNN Lastenheft "Basiszähler": 9600 baud, 8N1), as an ECMA-419 sensor. Which registers count, and in
 * which steps: obis/counter-set.ts.
 *
 * Known limit: old DZG DVS74 send powers of 328 to 655 W as negative ones. Their registers are right.
 */
import { assert } from "#core/errors/assert";
import { TalkingMeter, type TalkingOptions } from "../obis/talking-meter.ts";
import type { SmlCrc } from "./crc.ts";
import { readFile } from "./file.ts";
import { FileDecoder } from "./transport.ts";

export interface SmlOptions extends TalkingOptions {
  /** Checksum of the meter: "x25" by default; "kermit" for meters of Holley that compute this one. */
  crc?: SmlCrc;
}

const LINE = Object.freeze({ baud: 9600, data: 8, parity: "none", stop: 1 } as const);
const TIMEOUT_MS = 15_000;

export class Sml extends TalkingMeter {
  private readonly crc: SmlCrc;
  private readonly decoder: FileDecoder;

  constructor(options: SmlOptions) {
    const { crc = "x25" } = options;
    assert(crc === "x25" || crc === "kermit", "SML_CRC", `${crc}`);
    super("SML", LINE, TIMEOUT_MS, options);
    this.crc = crc;
    this.decoder = new FileDecoder(crc, {
      onFile: (bytes) => this.take(bytes),
      onFault: (fault, detail) => this.fault(fault, detail),
    });
  }

  protected push(bytes: Uint8Array): void {
    this.decoder.push(bytes);
  }

  protected override interrupt(): void {
    this.decoder.reset();
    super.interrupt();
  }

  private take(bytes: Uint8Array): void {
    const file = readFile(bytes, this.crc);
    if (!file.ok) {
      this.fault(file.fault, file.detail);
      return;
    }
    const sample = this.candidateOf(file.energies, file.values);
    if (sample) this.give(sample);
  }
}
