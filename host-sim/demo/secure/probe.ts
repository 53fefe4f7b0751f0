// SPDX-License-Identifier: Apache-2.0
/** Connections that a broker has to refuse, tried once each. */
import { randomBytes } from "node:crypto";
import mqtt from "mqtt";
import type { Crypto } from "#core/crypto/port";
import { CONNECT_AGE_MS } from "#core/limits";
import { tokenPasswords } from "#node/mqtt/token";
import { SIM_NET } from "../../setup.ts";

export interface Target {
  url: string;
  /** PEM. */
  ca: string;
  gatewayKey: Uint8Array;
}

export interface Tried {
  what: string;
  refused: boolean;
}

/** How long an answer may take, ms. */
const ANSWER_MS = 10_000;

/** Somebody who reaches the broker and has not the key of the node `id`, and once one who has: too late. */
export async function tryStrangers(
  crypto: Crypto,
  target: Target,
  { id, secretKey }: { id: string; secretKey: Uint8Array },
): Promise<Tried[]> {
  const { gatewayKey } = target;
  const tokenOf = (key: Uint8Array, gateway: Uint8Array, nowMs: () => number) =>
    tokenPasswords({
      crypto,
      secretKey: key,
      net: SIM_NET,
      gatewayKey: gateway,
      client: id,
      nowMs,
    })();
  const other = () => Uint8Array.from(randomBytes(32));
  const late = () => Date.now() - 2 * CONNECT_AGE_MS;
  const tries: [string, Buffer | undefined][] = [
    ["a member's name without a token", undefined],
    ["a member's name with another key's token", tokenOf(other(), gatewayKey, Date.now)],
    ["a member's token for another gateway", tokenOf(secretKey, other(), Date.now)],
    ["a member's token that is too old", tokenOf(secretKey, gatewayKey, late)],
  ];
  const tried: Tried[] = [];
  for (const [what, password] of tries)
    tried.push({ what, refused: await isRefused(target, id, password) });
  return tried;
}

/** False where the connection was accepted. */
async function isRefused({ url, ca }: Target, id: string, password?: Buffer): Promise<boolean> {
  const client = mqtt.connect(url, {
    clientId: id,
    username: id,
    ca,
    protocolVersion: 4,
    reconnectPeriod: 0,
    connectTimeout: ANSWER_MS,
    ...(password && { password }),
  });
  try {
    const answer = await Promise.race([
      new Promise<undefined>((resolve) => client.once("connect", () => resolve(undefined))),
      new Promise<Error>((resolve) => client.once("error", resolve)),
    ]);
    return answer instanceof Error && "code" in answer && typeof answer.code === "number";
  } finally {
    client.on("error", () => {}); // what comes while it ends
    await client.endAsync(true);
  }
}
