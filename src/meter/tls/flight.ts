// SPDX-License-Identifier: Apache-2.0
/**
 * What a TLS 1.2 server may say until its Finished has been checked (RFC 5246 section 7.3), record by record,
 * before the SDK's session sees it. That session takes messages in any order, leaves the signature out where
 * the server names no algorithm, and takes alerts and data before the keys are there.
 */
import type { PublicKey } from "./certificate.ts";
import { ecdsaNumbers } from "./signature.ts";
import type { TrustFault, Verdict } from "./trust.ts";

/** `order`: not what comes next; `message`: not as it has to be; `alert`: the server said no. */
export type FlightFault = TrustFault | "order" | "message" | "alert" | "algorithm";

/** Content types (RFC 5246 section 6.2.1). */
export const Content = Object.freeze({
  changeCipherSpec: 20,
  alert: 21,
  handshake: 22,
  data: 23,
});

/** Handshake types (RFC 5246 section 7.4). */
const Message = Object.freeze({
  serverHello: 2,
  certificate: 11,
  keyExchange: 12,
  certificateRequest: 13,
  helloDone: 14,
});

export const VERSION = 0x0303;
export const RECORD_HEADER = 5;
const MESSAGE_HEADER = 4;
/** Version, random, no session id, cipher suite, compression (section 7.4.1.3). */
const HELLO_BYTES_MIN = 38;
/** Named curve (3) secp256r1 (23), and a point of 65 bytes (RFC 8422 section 5.4). */
const POINT_START: readonly number[] = Object.freeze([3, 0, 23, 65, 4]);
const PARAMETERS_BYTES = 69;
/** SHA-256, with ECDSA or with RSA (RFC 5246 section 7.4.1.4.1). */
const SHA_256 = 4;
const SIGNATURE: Readonly<Record<PublicKey["kind"], number>> = Object.freeze({ ec: 3, rsa: 1 });

/** `client`: the client's turn; `sealed`: the Finished comes, encrypted; `open`: the session's own checks hold. */
type Next =
  | "serverHello"
  | "certificate"
  | "keyExchange"
  | "helloDone"
  | "client"
  | "changeCipherSpec"
  | "sealed"
  | "open";

export class ServerFlight {
  /** The server's key, once its certificates were found good. */
  key: PublicKey | undefined;
  private readonly judge: (chain: readonly Uint8Array[]) => Verdict;
  private next: Next = "serverHello";
  /** A certificate of the node. */
  private asked = false;

  constructor(judge: (chain: readonly Uint8Array[]) => Verdict) {
    this.judge = judge;
  }

  /** A whole record with its header. Undefined: the session may have it. */
  record(bytes: Uint8Array): FlightFault | undefined {
    const type = bytes[0];
    if (bytes.length <= RECORD_HEADER || ((bytes[1] << 8) | bytes[2]) !== VERSION) return "message";
    if (this.next === "open")
      return type === Content.data || type === Content.alert ? undefined : "order";
    if (type === Content.alert) return "alert";
    if (this.next === "sealed") return this.take(type === Content.handshake, "open");
    if (this.next === "changeCipherSpec")
      return this.take(type === Content.changeCipherSpec && bytes.length === 6, "sealed");
    if (type !== Content.handshake) return "order";
    return this.messages(bytes.subarray(RECORD_HEADER));
  }

  /** The client has sent its Finished. */
  clientFinished(): void {
    if (this.next === "client") this.next = "changeCipherSpec";
  }

  /** The server has said all that the client's answer needs. */
  get clientsTurn(): boolean {
    return this.next === "client";
  }

  /** Data may come and go once the session has taken the server's Finished, too. */
  get open(): boolean {
    return this.next === "open";
  }

  private take(fits: boolean, next: Next): FlightFault | undefined {
    if (!fits) return "order";
    this.next = next;
    return undefined;
  }

  /** The session does not put messages together from several records; so neither does this. */
  private messages(bytes: Uint8Array): FlightFault | undefined {
    for (let at = 0; at < bytes.length; ) {
      if (at + MESSAGE_HEADER > bytes.length) return "message";
      const end = at + MESSAGE_HEADER + number(bytes, at + 1, 3);
      if (end > bytes.length) return "message";
      const fault = this.message(bytes[at], bytes.subarray(at + MESSAGE_HEADER, end));
      if (fault) return fault;
      at = end;
    }
    return undefined;
  }

  private message(type: number, body: Uint8Array): FlightFault | undefined {
    switch (this.next) {
      case "serverHello":
        if (type !== Message.serverHello) return "order";
        if (body.length < HELLO_BYTES_MIN || number(body, 0, 2) !== VERSION) return "message";
        return this.take(true, "certificate");
      case "certificate":
        return type === Message.certificate ? this.certificate(body) : "order";
      case "keyExchange":
        return type === Message.keyExchange ? this.keyExchange(body) : "order";
      case "helloDone":
        // A server may ask for a certificate, once; the answer is that there is none.
        if (type === Message.certificateRequest && !this.asked) {
          this.asked = true;
          return undefined;
        }
        return this.take(type === Message.helloDone && body.length === 0, "client");
      default:
        return "order";
    }
  }

  private certificate(body: Uint8Array): FlightFault | undefined {
    const chain: Uint8Array[] = [];
    if (body.length < 3 || number(body, 0, 3) !== body.length - 3) return "message";
    for (let at = 3; at < body.length; ) {
      if (at + 3 > body.length) return "message";
      const end = at + 3 + number(body, at, 3);
      if (end > body.length) return "message";
      chain.push(body.subarray(at + 3, end));
      at = end;
    }
    const verdict = this.judge(chain);
    if (!verdict.ok) return verdict.fault;
    this.key = verdict.key;
    this.next = "keyExchange";
    return undefined;
  }

  /** The session checks the signature itself, with `key`, where it is one that it has to check. */
  private keyExchange(body: Uint8Array): FlightFault | undefined {
    const { key } = this;
    if (!key || body.length < PARAMETERS_BYTES + 4) return "message";
    if (POINT_START.some((byte, i) => body[i] !== byte)) return "algorithm";
    const [hash, algorithm] = body.subarray(PARAMETERS_BYTES);
    if (hash !== SHA_256 || algorithm !== SIGNATURE[key.kind]) return "algorithm";
    const signature = body.subarray(PARAMETERS_BYTES + 4);
    if (number(body, PARAMETERS_BYTES + 2, 2) !== signature.length) return "message";
    const fits =
      key.kind === "ec" ? ecdsaNumbers(signature) : signature.length === key.modulus.length;
    if (!fits) return "message";
    this.next = "helloDone";
    return undefined;
  }
}

/** A number of `count` bytes, most significant first. */
function number(bytes: Uint8Array, at: number, count: number): number {
  let value = 0;
  for (let i = 0; i < count; i++) value = value * 256 + bytes[at + i];
  return value;
}
