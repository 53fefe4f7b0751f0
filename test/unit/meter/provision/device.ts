// SPDX-License-Identifier: Apache-2.0
/** A device for the tests of provisioning: a provisioner with flash, a radio, time and a serial line. */
import type { Crypto, Entropy } from "#core/crypto/port";
import { memoryStore } from "#host-sim/fleet/store";
import type { KeyValueStore } from "#meter/ports";
import type { Changed, WifiNetwork, WifiPort } from "#meter/provision/ports";
import { Provisioner } from "#meter/provision/provisioner";
import type { QrMatrix } from "#meter/provision/qr";
import { ImprovStream } from "#node/cli/improv-client";
import { sodiumCrypto } from "#node/crypto/sodium";
import { certificate, newKey } from "#test/helpers/certificates";
import { Rng } from "#test/property/rng";

export const crypto: Crypto = sodiumCrypto();

export const DEVICE = { firmware: "Wattle", version: "0.1.0", chip: "esp32" };
export const DRIVERS = {
  bl0942: [
    { name: "volt", min: 1, max: 100_000 },
    { name: "phase", min: -500, max: 500 },
  ],
  s0: [{ name: "pulses", min: 1, max: 100_000 }],
};

/** Everything that a set-up node has, as `wattle set` takes it. */
export const GATEWAY_KEY = "ab".repeat(32);
export const FULL = [
  "broker=mqtts://gateway.local",
  "area=street",
  "name=House_7",
  `gateway=${GATEWAY_KEY}`,
  "capacity=4312",
  "driver=bl0942",
];

/** The authority of FULL's broker. */
export const AUTHORITY = certificate({ subject: "street authority", key: newKey(), ca: true });

export function seeded(seed: number): Entropy {
  const rng = new Rng(seed);
  return { bytes: (length) => rng.bytes(length) };
}

/** A radio that answers when the test says so, or at once where `answer` is set. */
export class FakeWifi implements WifiPort {
  readonly tried: [ssid: string, passphrase: string][] = [];
  answer: boolean | undefined;
  networks: WifiNetwork[] | undefined;
  cancelled = 0;
  private pending: ((connected: boolean) => void)[] = [];
  private scans: ((networks: readonly WifiNetwork[]) => void)[] = [];

  tryNetwork(ssid: string, passphrase: string, done: (connected: boolean) => void): () => void {
    this.tried.push([ssid, passphrase]);
    if (this.answer === undefined) this.pending.push(done);
    else done(this.answer);
    return () => void this.cancelled++;
  }

  scan(done: (networks: readonly WifiNetwork[]) => void): void {
    if (this.networks) done(this.networks);
    else this.scans.push(done);
  }

  /** The oldest attempt ends. */
  finish(connected: boolean): void {
    this.pending.shift()?.(connected);
  }

  finishScan(networks: readonly WifiNetwork[]): void {
    this.scans.shift()?.(networks);
  }
}

/** A chess board: not a code that anybody reads, but one whose drawing is known. */
export function chess(size: number): QrMatrix {
  const modules = Uint8Array.from(
    { length: size * size },
    (_, i) => (i + Math.floor(i / size)) % 2,
  );
  return { size, modules };
}

export interface Answer {
  cmd: string;
  ok: boolean;
  errors?: { field: string; cause: string; cure: string }[];
  [fact: string]: unknown;
}

export interface DeviceOptions {
  store?: KeyValueStore;
  entropy?: Entropy;
  wifi?: FakeWifi | null;
  qr?: boolean;
  url?: string;
  waiting?: number;
  /** Hears what the device says. */
  onSay?: (bytes: Uint8Array) => void;
}

export class TestDevice {
  readonly store: KeyValueStore;
  readonly wifi = new FakeWifi();
  readonly provisioner: Provisioner;
  /** What it said: answers, other lines, and packets as [type, …data]. */
  readonly answers: Answer[] = [];
  readonly lines: string[] = [];
  readonly packets: number[][] = [];
  /** Every byte that it said, as Latin-1. */
  said = "";
  readonly changes: Changed[] = [];
  readonly logs: string[] = [];
  nowMs = 0;
  wakeAtMs: number | undefined;

  constructor(options: DeviceOptions = {}) {
    this.store = options.store ?? memoryStore();
    const stream = new ImprovStream();
    stream.onPacket = (type, data) => void this.packets.push([type, ...data]);
    stream.onLine = (line) => {
      if (line.startsWith("wattle: ")) this.answers.push(JSON.parse(line.slice(8)));
      else this.lines.push(line);
    };
    const { url, waiting } = options;
    this.provisioner = new Provisioner(DEVICE, DRIVERS, {
      crypto,
      entropy: options.entropy ?? seeded(1),
      store: this.store,
      time: {
        uptimeMs: () => this.nowMs,
        wakeAfter: (delayMs) => void (this.wakeAtMs = this.nowMs + delayMs),
      },
      log: (level, event, facts) =>
        void this.logs.push(`${level} ${event} ${JSON.stringify(facts ?? {})}`),
      serial: {
        write: (bytes) => {
          this.said += Buffer.from(bytes).toString("latin1");
          stream.push(Buffer.from(bytes));
          options.onSay?.(bytes);
        },
      },
      wifi: options.wifi === null ? undefined : this.wifi,
      changed: (what) => void this.changes.push(what),
      ...(options.qr && { qr: () => chess(33) }),
      ...(url !== undefined && { url: () => url }),
      ...(waiting !== undefined && { waiting: () => waiting }),
    });
  }

  /** Lets time pass, with the wake-ups that were asked for. */
  advance(ms: number): void {
    const endMs = this.nowMs + ms;
    while (this.wakeAtMs !== undefined && this.wakeAtMs <= endMs) {
      this.nowMs = Math.max(this.nowMs, this.wakeAtMs);
      this.wakeAtMs = undefined;
      this.provisioner.onTimer();
    }
    this.nowMs = endMs;
  }

  send(bytes: Uint8Array | string): void {
    this.provisioner.onBytes(typeof bytes === "string" ? Buffer.from(bytes) : bytes);
  }

  /** The answer to one command. */
  command(line: string): Answer {
    const before = this.answers.length;
    this.send(`wattle ${line}\n`);
    const answer = this.answers[before];
    if (!answer) throw new Error(`no answer to wattle ${line}`);
    return answer;
  }

  set(...pairs: string[]): Answer {
    return this.command(`set ${pairs.join(" ")}`);
  }

  /** Sends a certificate as `wattle ca …` takes it; the last answer. */
  trust(authority: Uint8Array, lineBytes = 48): Answer {
    let answer = this.command("ca begin");
    for (let at = 0; at < authority.length && answer.ok; at += lineBytes)
      answer = this.command(
        `ca add ${Buffer.from(authority.subarray(at, at + lineBytes)).toString("base64")}`,
      );
    return answer.ok ? this.command("ca end") : answer;
  }

  /** `field cause` of everything that was wrong. */
  static faults(answer: Answer): string[] {
    return (answer.errors ?? []).map(({ field, cause }) => `${field} ${cause}`);
  }
}

/** A device after a start on the same flash. */
export function restarted(store: KeyValueStore, options: DeviceOptions = {}): TestDevice {
  return new TestDevice({ entropy: seeded(99), ...options, store });
}
