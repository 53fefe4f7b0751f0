// SPDX-License-Identifier: Apache-2.0
/**
 * German meters with an optical interface that sends SML by itself every one to four seconds (EDL21 and
 * EDL40, FNN Lastenheft "Basiszähler": 9600 baud, 8N1), as an ECMA-419 sensor. Which registers count, and in
 * which steps: obis/counter-set.ts.
 *
 * Known limit: old DZG DVS74 send powers of 328 to 655 W as negative ones. Their registers are right.
 */
import { assert } from "#core/errors/assert";
import { CounterSet } from "../obis/counter-set.ts";
import { instantaneousOf } from "../obis/instantaneous.ts";
import { Listener } from "../obis/listener.ts";
import type {
  CounterSpec,
  DriverFault,
  DriverOptions,
  EnergySample,
  EnergySensor,
  SerialConstruction,
} from "../types.ts";
import type { SmlCrc } from "./crc.ts";
import { readFile } from "./file.ts";
import { FileDecoder } from "./transport.ts";

export interface SmlOptions extends DriverOptions {
  sensor: SerialConstruction;
  /** Checksum of the meter: "x25" by default; "kermit" for meters of Holley that compute this one. */
  crc?: SmlCrc;
  /** OBIS codes of the registers that count, as "1-0:1.8.0"; learned from the meter where absent. */
  registers?: readonly string[];
  /** Silence after which the meter counts as gone, ms. Default: three telegrams of a slow meter. */
  timeoutMs?: number;
}

const LINE = Object.freeze({ baud: 9600, data: 8, parity: "none", stop: 1 } as const);
const TIMEOUT_MS = 15_000;

export class Sml implements EnergySensor {
  readonly identification: { model: string; classification: "Energy" } = {
    model: "SML",
    classification: "Energy",
  };
  private readonly options: SmlOptions;
  private readonly crc: SmlCrc;
  private readonly listener: Listener;
  private readonly decoder: FileDecoder;
  private readonly set: CounterSet;
  private latest: EnergySample | undefined;

  constructor(options: SmlOptions) {
    const { sensor, crc = "x25", registers } = options;
    assert(crc === "x25" || crc === "kermit", "SML_CRC", `${crc}`);
    this.options = options;
    this.crc = crc;
    this.set = new CounterSet(registers);
    this.decoder = new FileDecoder(crc, {
      onFile: (bytes) => this.take(bytes),
      onFault: (fault, detail) => this.fault(fault, detail),
    });
    this.listener = new Listener({
      sensor,
      line: LINE,
      timer: options.timer,
      timeoutMs: options.timeoutMs ?? TIMEOUT_MS,
      onBytes: (bytes) => this.decoder.push(bytes),
      onError: (detail) => this.fault("bus", detail),
      onSilence: (timeoutMs) => this.silence(timeoutMs),
    });
  }

  get counters(): readonly CounterSpec[] {
    return this.set.counters;
  }

  sample(): EnergySample | undefined {
    return this.latest;
  }

  /** `timeoutMs` can change while the driver runs. */
  configure(options: Record<string, unknown>): void {
    this.listener.configure(options);
  }

  close(): void {
    this.listener.close();
  }

  private take(bytes: Uint8Array): void {
    if (this.listener.closed) return;
    const file = readFile(bytes, this.crc);
    if (!file.ok) {
      this.fault(file.fault, file.detail);
      return;
    }
    this.listener.heard(); // the meter speaks, whether its telegram can be used or not
    const taken = this.set.take(file.energies);
    if (taken.kind === "learning") return;
    if (taken.kind === "refused") {
      this.fault("range", taken.detail);
      return;
    }
    const uptimeMs = this.options.timer.uptimeMs();
    const sample = { uptimeMs, counts: taken.counts, ...instantaneousOf(file.values) };
    this.latest = sample;
    this.options.onSample?.(sample);
  }

  private fault(fault: DriverFault, detail: string): void {
    if (!this.listener.closed) this.options.onFault?.(fault, detail);
  }

  private silence(timeoutMs: number): void {
    this.decoder.reset();
    this.set.interrupt();
    this.fault("timeout", `no telegram in ${timeoutMs} ms`);
  }
}
