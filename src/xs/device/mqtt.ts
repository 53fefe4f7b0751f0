// SPDX-License-Identifier: Apache-2.0
/** The SDK's MQTT client over TCP or TLS, as the session wants it. */
import TCP from "embedded:io/socket/tcp";
import MQTTClient from "embedded:network/mqtt/client";
import { assert } from "#core/errors/assert";
import { MESSAGE_BYTES_MAX } from "#core/limits";
import { clearingRecord } from "#core/records/clearing";
import type { DnsConstruction, MqttClientClass } from "#meter/link/client";
import { MqttSession, type SessionPorts } from "#meter/link/session";
import type { Broker } from "#meter/provision/settings";
import { SystemResolver } from "#xs/device/resolver";
import { type Secure, TlsSocket } from "#xs/tls/socket";

/** What a signed record has around it: an array, two lengths, a signature. */
const SIGNED_BYTES = 128;

export function openSession(
  broker: Broker,
  /** What a TLS broker is judged by. */
  judge: Omit<Secure, "authority">,
  clearingTopic: string,
  ports: SessionPorts,
): MqttSession {
  const { host, port } = broker;
  return new MqttSession(
    {
      client: MQTTClient as unknown as MqttClientClass,
      host,
      port,
      dns: { io: SystemResolver } as unknown as DnsConstruction,
      socket: socketOf(broker, judge),
      bytesMax: (topic) =>
        topic === clearingTopic ? clearingRecord.bytesMax + SIGNED_BYTES : MESSAGE_BYTES_MAX,
    },
    ports,
  );
}

function socketOf(
  { tls, authority }: Broker,
  judge: Omit<Secure, "authority">,
): Record<string, unknown> {
  if (!tls) return { io: TCP };
  assert(authority, "TLS_AUTHORITY", "a node that lacks it is not provisioned");
  const { crypto, log } = judge;
  const secure: Secure = { authority, crypto, log, utc: () => judge.utc() };
  return { io: TlsSocket, TCP: { io: TCP }, secure };
}
