// SPDX-License-Identifier: Apache-2.0
/** What the tests of broker and client share: clients that connect or tell why not, and waiting. */
import assert from "node:assert/strict";
import { connect, type IClientOptions, type MqttClient } from "mqtt";
import type { Acl } from "#node/broker/acl";

/** For tests that are about something else. */
export const allowAll: Acl = {
  knows: () => true,
  publish: () => undefined,
  subscribe: () => undefined,
};

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
