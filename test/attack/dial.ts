// SPDX-License-Identifier: Apache-2.0
/** Connections to the broker that somebody tries to have. */
import { connect, type IClientOptions, type MqttClient } from "mqtt";
import { type Person, tokenOf } from "./people.ts";
import type { Stage } from "./stage.ts";

/** A connection, or CONNACK's return code; 0 where it was closed before one. */
export type Dialled = { client: MqttClient } | { code: number };

export interface DialOptions extends Pick<IClientOptions, "will" | "keepalive" | "clean"> {
  password?: Uint8Array;
  username?: string;
  /** Address to come from: rates are kept for each. Default 127.0.0.2. */
  from?: string;
}

export function dial(stage: Stage, clientId: string, options: DialOptions = {}): Promise<Dialled> {
  const { password, username = clientId, from = "127.0.0.2", ...more } = options;
  const all = {
    clientId,
    username,
    ...(password && { password: Buffer.from(password) }),
    ca: stage.ca,
    localAddress: from,
    protocolVersion: 4 as const,
    reconnectPeriod: 0,
    keepalive: 60,
    ...more,
  };
  const client = connect(`mqtts://127.0.0.1:${stage.port}`, all);
  return new Promise((resolve) => {
    let code = 0;
    client.once("connect", () => resolve({ client }));
    client.on("error", (error) => {
      code = "code" in error && typeof error.code === "number" ? error.code : 0;
      client.end(true);
    });
    client.once("close", () => resolve({ code }));
  });
}

/** `who` as a node with a good token. */
export async function dialAs(
  stage: Stage,
  who: Person,
  options: DialOptions = {},
): Promise<MqttClient> {
  const password = tokenOf(who, stage.gatewayKey);
  const dialled = await dial(stage, who.id, { password, ...options });
  if (!("client" in dialled)) throw new Error(`${who.name}: refused with ${dialled.code}`);
  return dialled.client;
}

export async function hangUp(client: MqttClient): Promise<void> {
  await client.endAsync(true);
}

/** Says all of `messages`; resolves when each is acknowledged, or the broker has hung up. */
export async function sayAll(
  client: MqttClient,
  messages: readonly { topic: string; payload: Uint8Array; retain?: boolean }[],
): Promise<void> {
  const closed = new Promise<void>((resolve) => client.once("close", () => resolve()));
  const said = messages.map(({ topic, payload, retain = false }) =>
    client.publishAsync(topic, Buffer.from(payload), { qos: 1, retain }).catch(() => {}),
  );
  await Promise.race([Promise.all(said), closed]);
}
