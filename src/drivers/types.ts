// SPDX-License-Identifier: Apache-2.0
/**
 * What every driver of a metering chip looks like: an ECMA-419 sensor class (construct with io injected,
 * `configure`, `sample`, `close`) that polls by itself and gives raw integer counters. A driver never turns
 * counts into energy that is kept: first frames, wraps and jumps are judged in one place, the meter layer's
 * register, by what the driver says about its counters here.
 */

/** What a driver needs of time: uptime, which never jumps, and one-shot timers. */
export interface DriverTimer {
  /** Milliseconds since the device started; never goes back, is not the time of day. */
  uptimeMs(): number;
  /** Calls `run` once after `delayMs`; the result cancels it, harmlessly also when it has run. */
  after(delayMs: number, run: () => void): () => void;
}

/** One cumulative counter of a chip, and what its counts mean. */
export interface CounterSpec {
  /** Name in logs and in the chip's own documents: "CF", "1-0:1.8.1". */
  name: string;
  /** Which register it feeds; `signed`: the sample's `reverse` says so each time. */
  register: "import" | "export" | "signed";
  /** Energy of `perCounts` counts, mWh: an exact fraction. */
  mwh: bigint;
  perCounts: bigint;
  /** The counter wraps to 0 after modulus − 1; 0n: it does not wrap within the meter's life. */
  modulus: bigint;
  /**
   * `kept`: the chip keeps it through its own power cuts. `powered`: it survives a restart of the device, and
   * begins anew when the chip loses power. `started`: it counts from 0 since the driver was constructed.
   */
  origin: "kept" | "powered" | "started";
}

/** One whole, checked frame. Everything is an integer; what a chip does not measure is absent. */
export interface EnergySample {
  /** Uptime at which the frame was complete, ms. */
  uptimeMs: number;
  /** Raw counts, in the order of the driver's `counters`. */
  counts: bigint[];
  /** Power flows to the grid: where `signed` counters go. */
  reverse?: boolean;
  /** Instantaneous values, for people: never integrated. Power to the grid is negative. */
  powerMw?: number;
  phases?: PhaseSample[];
  frequencyMhz?: number;
}

export interface PhaseSample {
  voltageMv?: number;
  currentMa?: number;
  powerMw?: number;
  powerFactorPermille?: number;
}

/** Why a frame was not taken. Each is counted; none becomes energy. */
export type DriverFault =
  /** No answer, or no telegram, in time. */
  | "timeout"
  /** A frame with a wrong checksum. */
  | "checksum"
  /** Bytes that are no frame of this chip. */
  | "framing"
  /** A whole frame with a value that the chip cannot have. */
  | "range"
  /** The chip says of itself that something is wrong. */
  | "device"
  /** The bus failed below the frame: an I2C error. */
  | "bus"
  /** A read-clear register was cleared by a read whose answer was lost: energy is missing. */
  | "lost";

/** What every driver is constructed with, beside its own options. */
export interface DriverOptions {
  timer: DriverTimer;
  /** A new sample is there. */
  onSample?: (sample: EnergySample) => void;
  onFault?: (fault: DriverFault, detail: string) => void;
  /** The meter said what time it is, by a clock of its own. */
  onTime?: (time: MeterTime) => void;
}

/** At uptime `uptimeMs` the meter's clock said `utcMs` (since 1970), give or take `errorMs`. */
export interface MeterTime {
  utcMs: number;
  uptimeMs: number;
  errorMs: number;
}

/** An ECMA-419 sensor that meters energy. */
export interface EnergySensor {
  readonly counters: readonly CounterSpec[];
  readonly identification: { model: string; classification: "Energy" };
  /** The newest sample, or undefined before the first. How old it may be is the caller's to judge. */
  sample(): EnergySample | undefined;
  configure(options: Record<string, unknown>): void;
  /** Idempotent: stops polling and closes the io. */
  close(): void;
}

/** ECMA-419 Serial with the "buffer" format, as far as drivers use it. */
export interface SerialIo {
  /** What was received and not read, at most `count` bytes; undefined where there is nothing. */
  read(count?: number): ArrayBuffer | undefined;
  write(bytes: ArrayBuffer | Uint8Array): void;
  close(): void;
}

export interface SerialOptions {
  baud: number;
  format: "buffer";
  data?: 7 | 8;
  parity?: "none" | "even" | "odd";
  stop?: 1 | 2;
  onReadable?: (count: number) => void;
  onWritable?: (count: number) => void;
}

/**
 * `sensor` of the options, as in ECMA-419's sensor class pattern: the io's class and the board's pins for
 * it, which the driver passes on unread.
 */
export type SerialConstruction = {
  io: new (options: SerialOptions & Record<string, unknown>) => SerialIo;
} & Record<string, unknown>;

/** ECMA-419 I2C. Both throw where the bus or the chip does not answer. */
export interface I2cIo {
  read(count: number, stop?: boolean): ArrayBuffer;
  write(bytes: ArrayBuffer | Uint8Array, stop?: boolean): void;
  close(): void;
}

export type I2cConstruction = {
  io: new (options: { address: number; hz: number } & Record<string, unknown>) => I2cIo;
} & Record<string, unknown>;
