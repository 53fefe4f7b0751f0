// SPDX-License-Identifier: Apache-2.0
/**
 * TLS 1.2 over TCP as an ECMA-419 socket: the SDK's session, which is shown each record only after meter/tls
 * found it in order. Whatever goes wrong ends the connection; in the SDK's own socket it ends the machine.
 */
import Session, { type SessionOptions, type Wire } from "ssl/session";
import type { Crypto } from "#core/crypto/port";
import { assert } from "#core/errors/assert";
import { TLS_FRAGMENT_BYTES } from "#core/limits-device";
import { TimeQuality } from "#core/units/time";
import type { Log, UtcTime } from "#meter/ports";
import { type FlightFault, ServerFlight, VERSION } from "#meter/tls/flight";
import { judgeServer } from "#meter/tls/trust";
import { deviceTimer } from "#xs/device/timer";
import type { CertificateOptions } from "#xs/tls/cert";
import { sdkKey, verifyP256 } from "#xs/tls/keys";

/** Whom the node trusts, and by what it judges. */
export interface Secure {
  /** The authority's certificate, DER. */
  authority: Uint8Array;
  utc(): UtcTime;
  crypto: Pick<Crypto, "sha256">;
  log: Log;
}

interface TcpOptions {
  address: string;
  port: number;
  onReadable: (count: number) => void;
  onWritable: (count: number) => void;
  onError: () => void;
}

interface Tcp {
  read(target: Uint8Array): unknown;
  write(bytes: ArrayBuffer | Uint8Array): number;
  close(): void;
}

export interface TlsSocketOptions {
  host: string;
  address: string;
  port: number;
  TCP: { io: new (options: TcpOptions) => Tcp };
  secure: Secure;
  onReadable?: (count: number) => void;
  onWritable?: (count: number) => void;
  onError?: () => void;
}

/** Header, explicit nonce and tag of a record (RFC 5288 section 3). */
const OVERHEAD_BYTES = 5 + 8 + 16;

class Refusal extends Error {
  readonly fault: FlightFault;
  constructor(fault: FlightFault) {
    super(fault);
    this.fault = fault;
  }
}

/** The SDK's session behind the flight's checks. */
class GuardedSession extends Session {
  private readonly flight: ServerFlight;

  constructor(options: SessionOptions, flight: ServerFlight) {
    // Its certificate manager gets the session's options.
    const serverKey = () => flight.key && sdkKey(flight.key);
    const all: SessionOptions & CertificateOptions = { ...options, serverKey };
    super(all);
    this.flight = flight;
  }

  override readPacket(wire: Wire): ArrayBuffer | undefined {
    const packet = super.readPacket(wire);
    const fault = packet && this.flight.record(new Uint8Array(packet));
    if (fault) throw new Refusal(fault);
    return packet;
  }
}

export class TlsSocket {
  format: "buffer" | "number" = "buffer";
  private readonly options: TlsSocketOptions;
  private readonly flight: ServerFlight;
  private readonly session: GuardedSession;
  private readonly wire: Wire;
  private tcp: Tcp | undefined;
  /** The record that is being read, and how far. */
  private data: Uint8Array | undefined;
  private at = 0;
  /** Parts of the record that is being written. */
  private parts: Uint8Array[] = [];
  private gathered = 0;
  private greeted = false;
  private pumping = false;
  private cancelPump: (() => void) | undefined;

  /** Throws where the node cannot judge the broker. */
  constructor(options: TlsSocketOptions) {
    this.options = options;
    const { host, address, port, secure } = options;
    if (this.nowMs() === undefined) {
      secure.log("warn", "tls-refused", { fault: "no-time" });
      throw new Error("no-time");
    }
    this.flight = new ServerFlight((chain) =>
      judgeServer(
        chain,
        { authority: secure.authority, host, nowMs: this.nowMs() },
        { sha256: (data) => secure.crypto.sha256(data), verifyP256 },
      ),
    );
    const wanted: SessionOptions = {
      protocolVersion: VERSION,
      // Without it there is nothing that takes the place of certificates.
      cache: false,
      tls_max_fragment_length: TLS_FRAGMENT_BYTES,
      // An address is no server name (RFC 6066 section 3).
      ...(host !== address && { serverName: host }),
    };
    this.session = new GuardedSession(wanted, this.flight);
    this.session.initiateHandshake();
    this.wire = {
      readable: 0,
      writable: 0,
      read: (target) => void this.tcp?.read(target),
      write: (bytes) => this.tcp?.write(bytes) ?? 0,
    };
    this.tcp = new options.TCP.io({
      address,
      port,
      onReadable: (count) => {
        this.wire.readable = count;
        this.pump();
      },
      onWritable: (count) => this.onTcpWritable(count),
      onError: () => this.fail(),
    });
  }

  /** A byte in format "number"; else all that is there, exactly `count` bytes, or as many as fill a buffer. */
  read(count?: number | ArrayBuffer | Uint8Array): ArrayBuffer | number | undefined {
    const { data } = this;
    if (!data) return undefined;
    if (this.format === "number") return data[this.taken(1)];
    const left = data.length - this.at;
    if (count === undefined || typeof count === "number") {
      const length = count ?? left;
      if (length > left) throw new RangeError("more than is there");
      const start = this.taken(length);
      return data.slice(start, start + length).buffer as ArrayBuffer;
    }
    const target = count instanceof Uint8Array ? count : new Uint8Array(count);
    const length = Math.min(target.length, left);
    const start = this.taken(length);
    target.set(data.subarray(start, start + length));
    return length;
  }

  /** What is written with `more` goes out in one record with what follows. Returns the room that is left. */
  write(bytes: ArrayBuffer | Uint8Array, options?: { more?: boolean }): number {
    // Before, the session would send it as it is.
    assert(this.flight.open, "TLS_OPEN");
    const view = bytes instanceof Uint8Array ? bytes : new Uint8Array(bytes);
    this.parts.push(view.slice());
    this.gathered += view.length;
    if (options?.more) return this.room;
    const record = new Uint8Array(this.gathered);
    let at = 0;
    for (const part of this.parts) {
      record.set(part, at);
      at += part.length;
    }
    this.parts = [];
    this.gathered = 0;
    if (this.tcp) this.attempt(() => void this.session.write(this.wire, record));
    return this.room;
  }

  /** Idempotent. */
  close(): void {
    const { tcp } = this;
    this.tcp = undefined;
    this.data = undefined;
    this.cancelPump?.();
    tcp?.close();
  }

  /** Bytes that the next record can still take: it has to fit what TCP takes now. */
  private get room(): number {
    const most = Math.min(this.wire.writable - OVERHEAD_BYTES, TLS_FRAGMENT_BYTES);
    return Math.max(0, most - this.gathered);
  }

  private nowMs(): number | undefined {
    const { utcMs, quality } = this.options.secure.utc();
    return quality === TimeQuality.unknown ? undefined : utcMs;
  }

  /** Moves on by `count` bytes; where they began. */
  private taken(count: number): number {
    const start = this.at;
    this.at += count;
    if (this.data && this.at >= this.data.length) this.data = undefined;
    if (!this.data && !this.pumping && this.wire.readable > 0)
      this.cancelPump = deviceTimer.after(0, () => this.pump());
    return start;
  }

  private onTcpWritable(count: number): void {
    this.wire.writable = count;
    if (!this.greeted) {
      this.greeted = true;
      this.attempt(() => void this.session.handshake(this.wire));
    } else if (this.flight.open && this.room > 0) this.options.onWritable?.(this.room);
  }

  /** Takes one record after the other, each when the one before has been read. */
  private pump(): void {
    if (this.pumping) return;
    this.pumping = true;
    while (this.tcp && !this.data && this.wire.readable > 0) {
      if (this.flight.open) this.receive();
      else this.shakeHands();
    }
    this.pumping = false;
  }

  private shakeHands(): void {
    const ready = this.attempt(() => {
      const { session, flight, wire } = this;
      session.handshake(wire);
      if (flight.clientsTurn) {
        session.handshake(wire);
        flight.clientFinished();
      }
      // The session has checked the server's Finished when it says that it is through.
      if (flight.open && !session.handshake(wire)) throw new Refusal("order");
      return flight.open;
    });
    if (ready && this.tcp) this.options.onWritable?.(this.room);
  }

  private receive(): void {
    const data = this.attempt(() => this.session.read(this.wire));
    if (data === null) this.fail(); // the broker says goodbye
    if (!data?.length || !this.tcp) return;
    this.data = data;
    this.at = 0;
    this.options.onReadable?.(data.length);
  }

  /** Only the session runs in here: what the application throws has to end the machine. */
  private attempt<T>(run: () => T): T | undefined {
    try {
      return run();
    } catch (error) {
      const { log } = this.options.secure;
      if (error instanceof Refusal) log("error", "tls-refused", { fault: error.fault });
      else log("warn", "tls-failed", { error: String(error) });
      this.fail();
      return undefined;
    }
  }

  private fail(): void {
    if (!this.tcp) return;
    this.close();
    this.options.onError?.();
  }
}
