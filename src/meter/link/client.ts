// SPDX-License-Identifier: Apache-2.0
/**
 * The MQTT client class of ECMA-419 (2nd edition, clause 25) as the Moddable SDK 8.2 implements it, as far as
 * a session uses it. What the class pattern leaves open, and what the SDK's client does:
 *
 *  - `onControl` gets one argument. `onError` comes once, and the client closes itself right after it.
 *  - Nothing repeats a publish; PUBACK only comes as a control message. PUBACKs for what arrives, and pings,
 *    are sent by the client, but not while a publish is written in fragments.
 *  - A write that does not fit throws "overflow" and has written nothing.
 *  - It must not be closed within its callbacks: the parser and the socket go on after them and throw.
 *  - Closed before its name look-up has ended, it throws when the answer comes (dns-guard.ts).
 *  - A look-up and a CONNACK that never come are waited for without end.
 *  - An incoming publish without payload stops its parser for good: nothing more is heard until keep-alive.
 *  - Its own packet ids do not wrap at 16 bits: every write gives one.
 */

/** MQTT control packet types (MQTT 3.1.1 section 2.2.1). */
export const Packet = Object.freeze({
  connack: 2,
  publish: 3,
  puback: 4,
  subscribe: 8,
  suback: 9,
  disconnect: 14,
});

export type MqttWriteOptions =
  | {
      operation: typeof Packet.publish;
      topic: string;
      id: number;
      QoS: 0 | 1;
      retain: boolean;
      /** Length of the whole payload; the writes that follow have no options, until it is complete. */
      byteLength: number;
    }
  | {
      operation: typeof Packet.subscribe;
      id: number;
      items: readonly { topic: string; QoS: 0 | 1 }[];
    }
  | { operation: typeof Packet.disconnect };

/** A packet other than a publish. */
export interface MqttControl {
  operation: number;
  id?: number;
  /** Of a SUBACK: a return code for each item. */
  payload?: ArrayLike<number>;
  /** Of a CONNACK. */
  returnCode?: number;
}

/** A piece of an incoming publish. The first has topic and length; `more`: others follow. */
export interface MqttPiece {
  more: boolean;
  topic?: string;
  byteLength?: number;
  QoS?: number;
}

export interface MqttClientIo {
  /** Exactly `count` bytes, or as many as `target` takes, of the piece just announced. */
  read(count: number): ArrayBuffer;
  read(target: Uint8Array): number;
  /** Returns how many bytes of a message can be written now. */
  write(data: Uint8Array | null, options?: MqttWriteOptions): number;
  /** Idempotent; without DISCONNECT, so that the broker publishes the will. */
  close(): void;
}

/** What a look-up of a name is asked with (ECMA-419 clause 21). */
export interface DnsQuery {
  host: string;
  onResolved(host: string, address: string): void;
  onError(...reason: unknown[]): void;
}
export interface DnsIo {
  resolve(query: DnsQuery): void;
  close?(): void;
}
/** A resolver's class, with options that are passed to it unread. */
export type DnsConstruction = { io: new (options: never) => DnsIo } & Record<string, unknown>;

export interface MqttClientOptions {
  host: string;
  port: number;
  id: string;
  clean: boolean;
  /** Milliseconds; 0 for none. */
  keepAlive: number;
  user?: string;
  /** Bytes are an ArrayBuffer: the SDK takes no view. */
  password?: string | ArrayBuffer;
  /** `message` is text: the SDK takes that or an ArrayBuffer, and no view. */
  will: { topic: string; message: string; QoS: 0 | 1; retain: boolean };
  dns: DnsConstruction;
  /** The socket's class and options for it (TCP, or TLS over TCP); passed on unread. */
  socket: Record<string, unknown>;
  onReadable(count: number, piece: MqttPiece): void;
  onWritable(count: number): void;
  onControl(message: MqttControl): void;
  onError(...reason: unknown[]): void;
}

export type MqttClientClass = new (options: MqttClientOptions) => MqttClientIo;
