// SPDX-License-Identifier: Apache-2.0
/**
 * A meter that speaks by itself over a serial line and names its registers by OBIS code, as an ECMA-419
 * sensor. A driver adds how its telegrams come out of the bytes.
 */
import type {
  CounterSpec,
  DriverFault,
  DriverOptions,
  EnergySample,
  EnergySensor,
  SerialConstruction,
} from "../types.ts";
import { CounterSet, type Energies } from "./counter-set.ts";
import { type Instants, instantaneousOf } from "./instantaneous.ts";
import { Listener, type ListenerOptions } from "./listener.ts";

export interface TalkingOptions extends DriverOptions {
  sensor: SerialConstruction;
  /** OBIS codes of the registers that count, as "1-0:1.8.1"; learned from the meter where absent. */
  registers?: readonly string[];
  /** Silence after which the meter counts as gone, ms. Default: three telegrams of a slow meter. */
  timeoutMs?: number;
}

export abstract class TalkingMeter implements EnergySensor {
  readonly identification: { model: string; classification: "Energy" };
  private readonly options: TalkingOptions;
  private readonly listener: Listener;
  private readonly set: CounterSet;
  private latest: EnergySample | undefined;

  /** @param timeoutMs what holds where the options say nothing */
  constructor(
    model: string,
    line: ListenerOptions["line"],
    timeoutMs: number,
    options: TalkingOptions,
  ) {
    this.identification = { model, classification: "Energy" };
    this.options = options;
    this.set = new CounterSet(options.registers);
    this.listener = new Listener({
      sensor: options.sensor,
      line,
      timer: options.timer,
      timeoutMs: options.timeoutMs ?? timeoutMs,
      onBytes: (bytes) => this.push(bytes),
      onError: (detail) => this.fault("bus", detail),
      onSilence: (silentMs) => {
        this.interrupt();
        this.fault("timeout", `no telegram in ${silentMs} ms`);
      },
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

  /** Takes bytes off the line. */
  protected abstract push(bytes: Uint8Array): void;

  /** The line was silent for too long: drops what is under way. */
  protected interrupt(): void {
    this.set.interrupt();
  }

  /** What a whole, checked telegram comes to; nothing while counters are learnt or where it is refused. */
  protected candidateOf(energies: Energies, values: Instants): EnergySample | undefined {
    if (this.listener.closed) return undefined;
    this.listener.heard(); // the meter speaks, whether its telegram can be used or not
    const taken = this.set.take(energies);
    if (taken.kind === "refused") this.fault("range", taken.detail);
    if (taken.kind === "refused" || taken.kind === "learning") return undefined;
    const uptimeMs = this.options.timer.uptimeMs();
    return { uptimeMs, counts: taken.counts, ...instantaneousOf(values) };
  }

  protected give(sample: EnergySample): void {
    this.latest = sample;
    this.options.onSample?.(sample);
  }

  /** The meter's clock said, just now, that it is `utcMs`, give or take `errorMs`. */
  protected giveTime(utcMs: number, errorMs: number): void {
    const { timer, onTime } = this.options;
    if (!this.listener.closed) onTime?.({ utcMs, uptimeMs: timer.uptimeMs(), errorMs });
  }

  protected fault(fault: DriverFault, detail: string): void {
    if (!this.listener.closed) this.options.onFault?.(fault, detail);
  }
}
