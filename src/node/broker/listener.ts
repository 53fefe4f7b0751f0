// SPDX-License-Identifier: Apache-2.0
/**
 * The broker's sockets, by TCP or TLS, with limits on what begins: a connection costs more than
 * anything that comes over it later, and a handshake more than a connection.
 */
import { once } from "node:events";
import { createServer, type Server, type Socket } from "node:net";
import {
  createServer as createTlsServer,
  type TLSSocket,
  type Server as TlsServer,
} from "node:tls";
import type { BrokerLimits, Log } from "./options.ts";
import { Bucket, Buckets } from "./rate.ts";
import { readTls, stampOf, type TlsFiles } from "./tls-files.ts";

export interface ListenerOptions {
  host: string;
  port: number;
  limits: BrokerLimits;
  tls: TlsFiles | undefined;
  log: Log;
  uptimeMs(): number;
  nowMs(): number;
  /** A connection over which MQTT may begin. */
  accept(socket: Socket): void;
  /** One that was closed before that, and why. */
  refuse(code: string): void;
}

export class Listener {
  port = 0;
  private readonly options: ListenerOptions;
  private readonly sockets = new Set<Socket>();
  private readonly server: Server;
  private readonly secure: Secure | undefined;
  private readonly begun: Bucket;
  private readonly begunBy: Buckets;

  /** @throws ConfigError where certificate and key do not do */
  constructor(options: ListenerOptions) {
    this.options = options;
    const { limits, uptimeMs } = options;
    this.begun = new Bucket(limits.connects, uptimeMs());
    this.begunBy = new Buckets(limits.connectsPerAddress, limits.ratesMax);
    this.secure = options.tls && new Secure(options.tls, options);
    this.server = createServer({ noDelay: true }, (socket) => this.begin(socket));
    this.server.maxConnections = limits.connectionsMax;
    this.server.on("drop", () => options.refuse("TOO_MANY_CONNECTIONS"));
  }

  get connections(): number {
    return this.sockets.size;
  }

  /** End of the certificate's time, ms since 1970; undefined without TLS. */
  get expiresMs(): number | undefined {
    return this.secure?.expiresMs;
  }

  async listen(): Promise<void> {
    const { host, port } = this.options;
    try {
      this.server.listen(port, host);
      await once(this.server, "listening");
    } catch (error) {
      throw explainListen(error, this.options);
    }
    const address = this.server.address();
    this.port = typeof address === "object" && address !== null ? address.port : port;
  }

  /** Takes certificate and key anew where their files have changed. */
  lookForCertificate(): void {
    this.secure?.look();
  }

  /** Takes no more connections, and destroys those that are left after `end`. */
  async close(end: () => Promise<void>): Promise<void> {
    const closed = once(this.server, "close");
    this.server.close();
    await end();
    for (const socket of this.sockets) socket.destroy(); // those that never sent a CONNECT
    await closed;
  }

  private begin(socket: Socket): void {
    const { accept, refuse, uptimeMs } = this.options;
    const address = addressOf(socket);
    const nowMs = uptimeMs();
    // That of the address first: one that says too much must not use up what is there for all.
    if (!this.begunBy.take(address, 1, nowMs) || !this.begun.take(1, nowMs)) {
      refuse("RATE_LIMITED");
      socket.destroy();
      return;
    }
    this.sockets.add(socket);
    socket.on("close", () => this.sockets.delete(socket));
    if (this.secure) this.secure.take(socket, address);
    else accept(socket);
  }
}

/** Whose connections are counted together: an IPv6 network of 64 bits is one customer's. */
export function addressOf({ remoteAddress = "" }: Pick<Socket, "remoteAddress">): string {
  if (!remoteAddress.includes(":")) return remoteAddress;
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/.exec(remoteAddress);
  if (mapped) return mapped[1];
  const [head, tail] = remoteAddress.split("::");
  const groups = head === "" ? [] : head.split(":");
  if (tail !== undefined) {
    const behind = tail === "" ? 0 : tail.split(":").length;
    while (groups.length + behind < 8) groups.push("0");
  }
  return groups.slice(0, 4).join(":");
}

/** What went wrong in a handshake, for the counts. */
const TLS_CODES: Readonly<Record<string, string>> = {
  ERR_TLS_HANDSHAKE_TIMEOUT: "TLS_TIMEOUT",
  ERR_SSL_UNSUPPORTED_PROTOCOL: "TLS_VERSION",
  ERR_SSL_VERSION_TOO_LOW: "TLS_VERSION",
  ERR_SSL_NO_SHARED_CIPHER: "TLS_CIPHER",
  ERR_SSL_WRONG_VERSION_NUMBER: "TLS_PLAIN",
  ERR_SSL_HTTP_REQUEST: "TLS_PLAIN",
  ERR_SSL_PACKET_LENGTH_TOO_LONG: "TLS_PLAIN",
};

/** A handshake under way. */
interface Handshake {
  address: string;
  socket: Socket;
  beganMs: number;
}

/** The handshakes. */
class Secure {
  expiresMs = 0;
  private readonly files: TlsFiles;
  private readonly options: ListenerOptions;
  private readonly server: TlsServer;
  private stamp: string | undefined;
  /** By the client's end of it, which is all that both sockets of a handshake know; the oldest first. */
  private readonly underWay = new Map<string, Handshake>();

  constructor(files: TlsFiles, options: ListenerOptions) {
    this.files = files;
    this.options = options;
    const { context } = this.read();
    const { handshakeTimeoutMs: handshakeTimeout } = options.limits;
    this.server = createTlsServer({ ...context, handshakeTimeout }, (socket) => {
      this.underWay.delete(endOf(socket));
      options.accept(socket);
    });
    this.server.on("tlsClientError", (error: NodeJS.ErrnoException, socket: TLSSocket) => {
      const code = TLS_CODES[error.code ?? ""] ?? "TLS_FAILED";
      options.refuse(code);
      options.log("debug", "broker-tls-refused", { code, error: error.code ?? error.message });
      socket.destroy();
    });
  }

  take(socket: Socket, address: string): void {
    this.makeRoom(address);
    const end = endOf(socket);
    this.underWay.set(end, { address, socket, beganMs: this.options.uptimeMs() });
    socket.on("close", () => {
      if (this.underWay.get(end)?.socket === socket) this.underWay.delete(end);
    });
    // The documented way to hand a server a socket that another one has accepted.
    this.server.emit("connection", socket);
  }

  /**
   * Ends an earlier handshake where there is no room for one more of `address`. The new one is never refused:
   * whoever begins many and finishes none would keep everybody else behind its address out.
   */
  private makeRoom(address: string): void {
    const { limits } = this.options;
    const counts = new Map<string, number>();
    for (const { address: of } of this.underWay.values()) counts.set(of, (counts.get(of) ?? 0) + 1);
    let crowded: string | undefined;
    if ((counts.get(address) ?? 0) >= limits.handshakesPerAddressMax) crowded = address;
    else if (this.underWay.size >= limits.handshakesMax) {
      let most = 0;
      for (const [of, count] of counts) if (count > most) [crowded, most] = [of, count];
    }
    if (crowded === undefined) return;
    const [end, { socket }] = this.leastLikely(crowded);
    this.underWay.delete(end);
    this.options.refuse("TLS_BUSY");
    socket.destroy();
  }

  /** Of an address: the oldest of those that have had their time and said nothing; else the oldest. */
  private leastLikely(address: string): [string, Handshake] {
    const all = [...this.underWay].filter(([, handshake]) => handshake.address === address);
    const saidBy = this.options.uptimeMs() - this.options.limits.handshakeSilentMs;
    const silent = ({ socket, beganMs }: Handshake) => socket.bytesRead === 0 && beganMs <= saidBy;
    return all.find(([, handshake]) => silent(handshake)) ?? all[0];
  }

  look(): void {
    const stamp = stampOf(this.files);
    if (stamp === undefined || stamp === this.stamp) return;
    const { log } = this.options;
    try {
      this.server.setSecureContext(this.read().context);
      const expires = new Date(this.expiresMs).toISOString();
      log("info", "tls-certificate", { file: this.files.cert, expires });
    } catch (error) {
      // Perhaps one of the two is there and the other is still to come: then it changes again.
      log("warn", "tls-certificate-kept", { cause: (error as Error).message });
    }
  }

  private read() {
    // Before the files, so that what changes while they are read is seen at the next look.
    this.stamp = stampOf(this.files);
    const material = readTls(this.files, this.options.nowMs());
    const { warning, expiresMs } = material;
    this.expiresMs = expiresMs;
    if (warning) this.options.log("warn", "tls-certificate", { file: this.files.cert, warning });
    return material;
  }
}

function endOf({ remoteAddress, remotePort }: Socket): string {
  return `${remoteAddress} ${remotePort}`;
}

function explainListen(error: unknown, { host, port }: ListenerOptions): Error {
  const code = (error as NodeJS.ErrnoException).code;
  const cures: Record<string, string> = {
    EADDRINUSE: "another program listens there. Stop it, or choose another port",
    EADDRNOTAVAIL: "this machine has no such address. Choose one of its own, or 0.0.0.0",
    EACCES: "ports below 1024 need privileges. Choose another port",
  };
  const cure = cures[code ?? ""] ?? String(error);
  return new Error(`broker on ${host}:${port}: ${cure}`, { cause: error });
}
