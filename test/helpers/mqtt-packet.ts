// SPDX-License-Identifier: Apache-2.0
/** The packet codec of the `mqtt` package, for tests that play a client or a broker. */
import type { EventEmitter } from "node:events";
import { createRequire } from "node:module";

export interface MqttPacket {
  cmd: string;
  topic?: string;
  payload?: Uint8Array;
  qos?: number;
  retain?: boolean;
  dup?: boolean;
  messageId?: number;
  returnCode?: number;
  granted?: number[];
  sessionPresent?: boolean;
  clientId?: string;
  keepalive?: number;
  clean?: boolean;
  username?: string;
  password?: Buffer;
  protocolId?: string;
  protocolVersion?: number;
  subscriptions?: { topic: string; qos: number }[];
  will?: { topic: string; payload: Buffer; qos: number; retain: boolean };
}

interface Codec {
  generate(packet: MqttPacket): Buffer;
  parser(): EventEmitter & { parse(bytes: Uint8Array): number };
}

// By way of `mqtt`, whose dependency it is: it has no entry of its own in package.json.
const codec = createRequire(createRequire(import.meta.url).resolve("mqtt"))("mqtt-packet") as Codec;

export function encodePacket(packet: MqttPacket): Uint8Array {
  return Uint8Array.from(codec.generate(packet));
}

/** Calls `take` for each whole packet in the bytes that are fed to the result, in whatever pieces. */
export function packetReader(take: (packet: MqttPacket) => void): (bytes: Uint8Array) => void {
  const parser = codec.parser();
  parser.on("packet", take);
  parser.on("error", (error: Error) => {
    throw error;
  });
  return (bytes) => void parser.parse(Buffer.from(bytes));
}
