// SPDX-License-Identifier: Apache-2.0
/** The SDK's MQTT client over TCP or TLS, as the session wants it. */
import TCP from "embedded:io/socket/tcp";
import TLSSocket from "embedded:io/socket/tcp/tls";
import MQTTClient from "embedded:network/mqtt/client";
import { MESSAGE_BYTES_MAX } from "#core/limits";
import { clearingRecord } from "#core/records/clearing";
import type { DnsConstruction, MqttClientClass } from "#meter/link/client";
import { MqttSession, type SessionPorts } from "#meter/link/session";
import type { LinkSettings } from "#meter/provision/settings";
import { SystemResolver } from "#xs/device/resolver";

/** What a signed record has around it: an array, two lengths, a signature. */
const SIGNED_BYTES = 128;
/** TLS 1.2: what the SDK has. */
const TLS_1_2 = 0x303;

export interface Trust {
  /** Certificate of the authority that signed the broker's, DER; undefined: those that the SDK brings. */
  certificate: Uint8Array | undefined;
}

export function openSession(
  broker: LinkSettings["broker"],
  trust: Trust,
  clearingTopic: string,
  ports: SessionPorts,
): MqttSession {
  const { host, port, tls } = broker;
  return new MqttSession(
    {
      client: MQTTClient as unknown as MqttClientClass,
      host,
      port,
      dns: { io: SystemResolver } as unknown as DnsConstruction,
      socket: tls ? secureSocket(trust) : { io: TCP },
      bytesMax: (topic) =>
        topic === clearingTopic ? clearingRecord.bytesMax + SIGNED_BYTES : MESSAGE_BYTES_MAX,
    },
    ports,
  );
}

function secureSocket({ certificate }: Trust): Record<string, unknown> {
  const secure = { protocolVersion: TLS_1_2, ...(certificate && { certificate }) };
  return { io: TLSSocket, TCP: { io: TCP }, secure };
}
