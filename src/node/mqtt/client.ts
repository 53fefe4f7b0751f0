// SPDX-License-Identifier: Apache-2.0
/**
 * The gateway's bus on an external MQTT 3.1.1 broker (Mosquitto, EMQX, RabbitMQ, NATS): the same
 * interface as the embedded broker's own side. Reconnects for ever and subscribes again by itself.
 */
import { connect, type IClientOptions, type MqttClient } from "mqtt";
import type { Bus } from "#gateway/ports";
import { isTopic, topicMatches } from "./topic-filter.ts";

type Log = (
  level: "debug" | "info" | "warn" | "error",
  event: string,
  facts?: Record<string, string | number>,
) => void;

/**
 * Publishes that wait for their PUBACK, with the broker away or slow: some seconds of a busy area.
 * Beyond it messages are dropped, and the protocol's own repetition has to bring them.
 */
const PENDING_MAX = 4096;
/** How long close waits for outstanding acknowledgements, ms. */
const CLOSE_MS = 2000;

export interface MqttOptions {
  /** For example "mqtt://127.0.0.1:1883". */
  url: string;
  clientId: string;
  /** Default: the client id. */
  username?: string;
  password?: string;
  /** Published retained, QoS 1, by the broker when the gateway is gone. */
  will?: { topic: string; payload: Uint8Array };
  /** Pause before a reconnection, ms. Default 1000. */
  reconnectMs?: number;
  log?: Log;
}

export interface MqttBus extends Bus {
  readonly connected: boolean;
  /** Messages that were not sent: too many waited, or no broker takes their topic. */
  readonly dropped: number;
  /** Called after every CONNACK, also those of reconnections. */
  onConnect(handler: () => void): void;
  /** Called when a connection that was there is lost or closed. */
  onDisconnect(handler: () => void): void;
}

/** Begins to connect and returns at once; what is published before it is connected waits. */
export function connectMqtt(options: MqttOptions): MqttBus {
  const log = options.log ?? (() => {});
  const client = connect(options.url, clientOptions(options));
  const subscriptions: { filter: string; handler: (topic: string, payload: Uint8Array) => void }[] =
    [];
  let pending = 0;
  let dropped = 0;
  let wasConnected = false;
  let closing: Promise<void> | undefined;
  const disconnectHandlers: (() => void)[] = [];

  client.on("message", (topic, payload) => {
    for (const { filter, handler } of subscriptions) {
      if (topicMatches(filter, topic)) handler(topic, payload);
    }
  });
  client.on("connect", () => {
    wasConnected = true;
    log("info", "mqtt-connected", { url: withoutPassword(options.url) });
  });
  client.on("close", () => {
    if (!wasConnected) return; // one more failed attempt
    wasConnected = false;
    log("warn", "mqtt-disconnected", { url: withoutPassword(options.url) });
    for (const handler of disconnectHandlers) handler();
  });
  client.on("error", (error) => {
    const code = String((error as NodeJS.ErrnoException).code ?? error.name);
    log("warn", "mqtt-error", { url: withoutPassword(options.url), code });
  });

  return {
    get connected() {
      return client.connected;
    },
    get dropped() {
      return dropped;
    },
    onConnect: (handler) => void client.on("connect", handler),
    onDisconnect: (handler) => void disconnectHandlers.push(handler),
    publish(topic, payload, { retain, qos = 1 }) {
      // It would end the connection, and again with each repetition after it: for ever.
      if (!isTopic(topic)) {
        dropped++;
        return log("error", "mqtt-topic", { topic });
      }
      if (pending >= PENDING_MAX) {
        if (dropped++ === 0) log("warn", "mqtt-backlog", { pending });
        return;
      }
      pending++;
      // A copy: it may be sent again after a reconnection, and the caller may reuse his bytes.
      client.publish(topic, Buffer.from(payload), { qos, retain }, (error) => {
        pending--;
        if (error && !closing) log("warn", "mqtt-publish", { topic, error: error.message });
      });
    },
    subscribe(filter, handler) {
      subscriptions.push({ filter, handler });
      client.subscribe(filter, { qos: 1 }, (error, granted) => {
        // aedes and Mosquitto answer a denied filter with 0x80, which mqtt gives as an error.
        const denied = error ?? granted?.find(({ qos }) => qos > 2);
        if (denied && !closing) log("error", "mqtt-subscribe-denied", { filter });
      });
    },
    close: () => (closing ??= closeClient(client)),
  };
}

function clientOptions(options: MqttOptions): IClientOptions {
  const { will } = options;
  return {
    clientId: options.clientId,
    username: options.username ?? options.clientId,
    ...(options.password !== undefined && { password: options.password }),
    protocolVersion: 4,
    // Nodes repeat what has no receipt yet, so no broker needs to keep a queue for the gateway.
    clean: true,
    keepalive: 30,
    reconnectPeriod: options.reconnectMs ?? 1000,
    ...(will && {
      will: { topic: will.topic, payload: Buffer.from(will.payload), qos: 1, retain: true },
    }),
  };
}

/** Waits for acknowledgements for a while, and not at all without a connection. */
async function closeClient(client: MqttClient): Promise<void> {
  if (client.connected) {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<boolean>((resolve) => {
      timer = setTimeout(resolve, CLOSE_MS, true);
    });
    const isLate = await Promise.race([client.endAsync().then(() => false), late]);
    clearTimeout(timer);
    if (!isLate) return;
  }
  await client.endAsync(true);
}

/** For logs: a URL may carry a user's secret. */
function withoutPassword(url: string): string {
  return url.replace(/\/\/[^/@]*@/, "//");
}
