// SPDX-License-Identifier: Apache-2.0
/** What the tests of broker and client share: clients that connect or tell why not, and waiting. */
import assert from "node:assert/strict";
import { connect, type IClientOptions, type MqttClient } from "mqtt";
import type { NodeConfig } from "#meter/config";
import type { Acl } from "#node/broker/acl";
import { operatorKey } from "#node/config/operator-key";
import { sodiumCrypto } from "#node/crypto/sodium";
import { tokenPasswords } from "#node/mqtt/token";

/** For tests that are about something else. */
export const allowAll: Acl = {
  knows: () => true,
  publish: () => undefined,
  subscribe: () => undefined,
  hears: () => true,
  keeps: () => true,
};

const crypto = sodiumCrypto();
/** Two tokens of one client in a millisecond would be one too many. */
let lastMs = 0;

/** What a node shows its gateway's broker now, or at `atMs`. */
export function tokenPassword(
  { secretKey, net, gatewayKey }: Pick<NodeConfig, "secretKey" | "net" | "gatewayKey">,
  client: string,
  atMs: number = Math.max(Date.now(), lastMs + 1),
): Buffer {
  lastMs = Math.max(lastMs, atMs);
  const nowMs = () => atMs;
  return tokenPasswords({ crypto, secretKey, net, gatewayKey, client, nowMs })();
}

/** A client as the operator whose key file is `keyFile`. */
export function connectOperator(
  { port, gatewayKey }: { port: number; gatewayKey: string },
  keyFile: string,
  inbox?: string[],
  client = "monitor-test",
): Promise<MqttClient> {
  const key = { secretKey: operatorKey(keyFile), gatewayKey: Buffer.from(gatewayKey, "hex") };
  return connectClient(
    port,
    client,
    { password: tokenPassword({ ...key, net: "test" }, client) },
    inbox,
  );
}

/**
 * A connected client with its id as username; rejects with the broker's refusal. What it receives
 * from the first moment on goes to `inbox`, which matters for the queue of an earlier session.
 */
export function connectClient(
  port: number,
  clientId: string,
  options: IClientOptions = {},
  inbox: string[] = [],
): Promise<MqttClient> {
  const client = connect(`mqtt://127.0.0.1:${port}`, {
    clientId,
    username: clientId,
    reconnectPeriod: 0,
    ...options,
  });
  client.on("message", (_, payload) => void inbox.push(payload.toString()));
  return new Promise((resolve, reject) => {
    client.once("connect", () => resolve(client));
    client.on("error", (error) => {
      client.end(true);
      reject(error);
    });
    client.once("close", () => reject(new Error("closed")));
  });
}

/** Waits until `holds` is true, at most `ms`. */
export async function until(holds: () => boolean, what: string, ms = 5000): Promise<void> {
  const deadline = Date.now() + ms;
  while (!holds()) {
    assert.ok(Date.now() < deadline, `waited ${ms} ms in vain: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
