// SPDX-License-Identifier: Apache-2.0
/**
 * A TLS 1.2 server (RFC 5246, ECDHE with AES-128-GCM) that breaks one rule on purpose. Without a fault it is an
 * honest one, so that a test that it is refused can fail.
 */
import {
  createCipheriv,
  createDecipheriv,
  createECDH,
  createHash,
  createHmac,
  type ECDH,
  type KeyObject,
  randomBytes,
  sign,
} from "node:crypto";
import { createServer, type Server, type Socket } from "node:net";
import { der, sequence } from "./certificates.ts";

export const FAULTS = [
  /** The key exchange names no algorithm, so that there is no signature to check. */
  "unsigned",
  /** r = s = 0. */
  "zeros",
  "other-signature",
  /** The algorithm of the other kind of key. */
  "other-algorithm",
  /** Alerts, data or the change of ciphers before their turn. */
  "warning",
  "fatal",
  "early-data",
  "early-cipher",
  /** Messages that are missing, doubled or in another order. */
  "no-certificate",
  "no-exchange",
  "two-exchanges",
  "swapped",
  "plain-finished",
  /** Broken after the handshake. */
  "bad-finished",
  "bad-record",
  "renegotiation",
  /** Other than asked for. */
  "old-version",
  "other-curve",
  "other-suite",
  /** Lengths that are not so. */
  "long-record",
  "cut-message",
] as const;
export type Fault = (typeof FAULTS)[number];

export interface TlsServerOptions {
  /** DER, the server's own first. */
  chain: Uint8Array[];
  key: KeyObject;
  fault?: Fault;
}

export const record = (type: number, body: Uint8Array, version = 0x0303): Buffer =>
  Buffer.concat([Buffer.from([type, version >> 8, version & 0xff]), uint(body.length, 2), body]);

export const message = (type: number, body: Uint8Array): Buffer =>
  Buffer.concat([Buffer.from([type]), uint(body.length, 3), body]);

function uint(value: number, bytes: number): Buffer {
  const buffer = Buffer.alloc(bytes);
  buffer.writeUIntBE(value, 0, bytes);
  return buffer;
}

/** The messages of a server's first flight, in order; each fault that shows there is in them. */
export function firstFlight(
  { chain, key, fault }: TlsServerOptions,
  clientRandom: Uint8Array,
  serverRandom: Uint8Array,
  point: Uint8Array,
): Buffer[] {
  const version = fault === "old-version" ? 0x0302 : 0x0303;
  const isEc = key.asymmetricKeyType === "ec";
  const suite = fault === "other-suite" ? 0x002f : isEc ? 0xc02b : 0xc02f;
  const hello = Buffer.concat([
    uint(version, 2),
    serverRandom,
    Buffer.from([0]),
    uint(suite, 2),
    Buffer.from([0]),
  ]);
  const listed = Buffer.concat(chain.map((one) => Buffer.concat([uint(one.length, 3), one])));
  const certificates = message(11, Buffer.concat([uint(listed.length, 3), listed]));
  const exchange = keyExchange(key, fault, clientRandom, serverRandom, point);
  const done = message(14, Buffer.alloc(0));
  const first = message(2, hello);
  if (fault === "no-certificate") return [first, exchange, done];
  if (fault === "no-exchange") return [first, certificates, done];
  if (fault === "two-exchanges") return [first, certificates, exchange, exchange, done];
  if (fault === "swapped") return [first, exchange, certificates, done];
  if (fault === "cut-message") return [first, certificates.subarray(0, -1)];
  return [first, certificates, exchange, done];
}

function keyExchange(
  key: KeyObject,
  fault: Fault | undefined,
  clientRandom: Uint8Array,
  serverRandom: Uint8Array,
  point: Uint8Array,
): Buffer {
  const curve = fault === "other-curve" ? 24 : 23;
  const params = Buffer.concat([Buffer.from([3, 0, curve, point.length]), point]);
  const signed = Buffer.concat([clientRandom, serverRandom, params]);
  const isEc = key.asymmetricKeyType === "ec";
  let algorithm = [4, isEc ? 3 : 1];
  let signature: Uint8Array = sign("sha256", signed, key);
  if (fault === "other-signature") signature = sign("sha256", params, key);
  if (fault === "other-algorithm") algorithm = [4, isEc ? 1 : 3];
  if (fault === "zeros") signature = sequence(der(2, Buffer.from([0])), der(2, Buffer.from([0])));
  if (fault === "unsigned") {
    algorithm = [0, 0];
    signature = Buffer.alloc(0);
  }
  return message(
    12,
    Buffer.concat([params, Buffer.from(algorithm), uint(signature.length, 2), signature]),
  );
}

/** HMAC-SHA-256's P_hash (RFC 5246 section 5). */
function prf(secret: Uint8Array, label: string, seed: Uint8Array, length: number): Buffer {
  const all = Buffer.concat([Buffer.from(label), seed]);
  const mac = (...parts: Uint8Array[]) =>
    createHmac("sha256", secret).update(Buffer.concat(parts)).digest();
  let made = Buffer.alloc(0);
  for (let a = mac(all); made.length < length; a = mac(a))
    made = Buffer.concat([made, mac(a, all)]);
  return made.subarray(0, length);
}

/** One direction of AES-128-GCM (RFC 5288). */
class Gcm {
  private readonly key: Buffer;
  private readonly salt: Buffer;
  private count = 0n;

  constructor(key: Buffer, salt: Buffer) {
    this.key = key;
    this.salt = salt;
  }

  private extra(type: number, length: number): Buffer {
    const extra = Buffer.alloc(13);
    extra.writeBigUInt64BE(this.count++);
    extra.set([type, 3, 3, length >> 8, length & 0xff], 8);
    return extra;
  }

  seal(type: number, data: Uint8Array): Buffer {
    const nonce = randomBytes(8);
    const cipher = createCipheriv("aes-128-gcm", this.key, Buffer.concat([this.salt, nonce]));
    cipher.setAAD(this.extra(type, data.length));
    const sealed = Buffer.concat([cipher.update(data), cipher.final()]);
    return Buffer.concat([nonce, sealed, cipher.getAuthTag()]);
  }

  open(type: number, body: Buffer): Buffer {
    const iv = Buffer.concat([this.salt, body.subarray(0, 8)]);
    const cipher = createDecipheriv("aes-128-gcm", this.key, iv);
    cipher.setAAD(this.extra(type, body.length - 24)).setAuthTag(body.subarray(-16));
    return Buffer.concat([cipher.update(body.subarray(8, -16)), cipher.final()]);
  }
}

/** One connection. */
class Peer {
  private readonly socket: Socket;
  private readonly options: TlsServerOptions;
  private readonly heard: (data: Buffer, secret: boolean) => void;
  private readonly ecdh: ECDH = createECDH("prime256v1");
  private readonly random = randomBytes(32);
  private clientRandom: Buffer = Buffer.alloc(32);
  private transcript: Buffer[] = [];
  private master: Buffer = Buffer.alloc(48);
  private reader: Gcm | undefined;
  private writer: Gcm | undefined;

  constructor(
    socket: Socket,
    options: TlsServerOptions,
    heard: (data: Buffer, secret: boolean) => void,
  ) {
    this.socket = socket;
    this.options = options;
    this.heard = heard;
    let waiting = Buffer.alloc(0);
    socket.on("error", () => {});
    socket.on("data", (bytes: Buffer) => {
      waiting = Buffer.concat([waiting, bytes]);
      while (waiting.length >= 5) {
        const end = 5 + waiting.readUInt16BE(3);
        if (waiting.length < end) return;
        this.take(waiting[0], waiting.subarray(5, end));
        waiting = waiting.subarray(end);
      }
    });
  }

  private take(type: number, body: Buffer): void {
    const sealed = this.reader !== undefined;
    const plain = this.reader?.open(type, body) ?? body;
    if (type === 23) return this.onData(plain, sealed);
    if (type === 20) return this.deriveKeys();
    if (type !== 22) return;
    if (plain[0] === 1) this.onHello(plain);
    else if (plain[0] === 16) this.onKey(plain);
    else if (plain[0] === 20) this.onFinished(plain);
  }

  private onHello(hello: Buffer): void {
    const { fault } = this.options;
    this.clientRandom = Buffer.from(hello.subarray(6, 38));
    const point = this.ecdh.generateKeys();
    const messages = firstFlight(this.options, this.clientRandom, this.random, point);
    this.transcript = [Buffer.from(hello), ...messages];
    const flight = Buffer.concat(messages);
    if (fault === "warning") this.socket.write(record(21, Buffer.from([1, 90])));
    if (fault === "fatal") this.socket.write(record(21, Buffer.from([2, 40])));
    if (fault === "early-data") this.socket.write(record(23, Buffer.from([0x20, 2, 0, 0])));
    if (fault === "early-cipher") {
      this.socket.write(Buffer.concat([record(22, flight), record(20, Buffer.from([1]))]));
    } else if (fault === "long-record") {
      const cut = record(22, flight);
      cut.writeUInt16BE(0xffff, 3);
      this.socket.write(cut);
    } else this.socket.write(record(22, flight, fault === "old-version" ? 0x0302 : 0x0303));
  }

  private onKey(exchange: Buffer): void {
    this.transcript.push(Buffer.from(exchange));
    const secret = this.ecdh.computeSecret(exchange.subarray(5));
    const seed = Buffer.concat([this.clientRandom, this.random]);
    this.master = prf(secret, "master secret", seed, 48);
  }

  private deriveKeys(): void {
    const seed = Buffer.concat([this.random, this.clientRandom]);
    const block = prf(this.master, "key expansion", seed, 40);
    this.reader = new Gcm(block.subarray(0, 16), block.subarray(32, 36));
    this.writer = new Gcm(block.subarray(16, 32), block.subarray(36, 40));
  }

  private onFinished(finished: Buffer): void {
    const { fault } = this.options;
    this.transcript.push(Buffer.from(finished));
    const digest = createHash("sha256").update(Buffer.concat(this.transcript)).digest();
    const verify = prf(this.master, "server finished", digest, 12);
    if (fault === "bad-finished") verify[0] ^= 1;
    const answer = message(20, verify);
    if (fault === "plain-finished") return void this.socket.write(record(22, answer));
    const change = record(20, Buffer.from([1]));
    this.socket.write(Buffer.concat([change, record(22, this.writer!.seal(22, answer))]));
    if (fault === "renegotiation") this.say(22, message(0, Buffer.alloc(0)));
  }

  private onData(data: Buffer, secret: boolean): void {
    this.heard(data, secret);
    // The beginning of MQTT is answered, so that there is more to hear.
    if (data[0] !== 0x10) return;
    this.say(23, Buffer.from([0x20, 2, 0, 0]));
  }

  private say(type: number, data: Buffer): void {
    const sealed = this.writer?.seal(type, data) ?? data;
    if (this.options.fault === "bad-record") sealed[sealed.length - 1] ^= 1;
    this.socket.write(record(type, sealed));
  }
}

export interface TlsServer {
  port: number;
  /** Data that clients sent, and whether it came encrypted. */
  heard: { data: Buffer; secret: boolean }[];
  connections: number;
  /** Ends the connections that there are. */
  drop(): void;
  close(): void;
}

/** Listens on 127.0.0.1. */
export async function startTlsServer(options: TlsServerOptions): Promise<TlsServer> {
  const sockets = new Set<Socket>();
  const server: Server = createServer((socket) => {
    sockets.add(socket);
    made.connections++;
    new Peer(socket, options, (data, secret) => void made.heard.push({ data, secret }));
  });
  const made: TlsServer = {
    port: 0,
    heard: [],
    connections: 0,
    drop() {
      for (const socket of sockets) socket.destroy();
      sockets.clear();
    },
    close() {
      made.drop();
      server.close();
    },
  };
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  made.port = (server.address() as { port: number }).port;
  return made;
}
