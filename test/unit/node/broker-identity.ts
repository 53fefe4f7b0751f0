// SPDX-License-Identifier: Apache-2.0
/** Keys, and a broker that asks for tokens, as the tests of who may do what use them. */
import type { TestContext } from "node:test";
import type { IClientOptions, MqttClient } from "mqtt";
import { toHex } from "#core/codec/bytes";
import { nodeIdOf } from "#core/identity";
import type { Connect } from "#core/records/connect";
import { connectToken } from "#core/trust/connect";
import { areaAcl, type Standing } from "#node/broker/acl";
import { byTokens } from "#node/broker/authenticate";
import { type Broker, startBroker } from "#node/broker/embedded";
import type { BrokerOptions } from "#node/broker/options";
import { sodiumCrypto } from "#node/crypto/sodium";
import { connectClient } from "./mqtt-tools.ts";

export const crypto = sodiumCrypto();
export const ROOT = "wattle/1/a1";

export interface Person {
  secretKey: Uint8Array;
  publicKey: Uint8Array;
  /** Client id of a node with this key. */
  id: string;
}

export function person(name: string): Person {
  const secretKey = crypto.sha256(Buffer.from(name));
  const publicKey = crypto.publicKey(secretKey);
  return { secretKey, publicKey, id: toHex(nodeIdOf(crypto, publicKey)) };
}

export const gateway = person("gateway");
export const operator = person("operator");

/** UTC of the brokers and tokens of a test; it moves by a millisecond with each token. */
export const clock = { nowMs: 1_800_000_000_000 };

export interface TokenBroker extends Broker {
  /** Of a node; absent: a member. */
  standings: Map<string, Standing>;
}

/** A broker of area a1 that ends with the test; its gateway is `of`. */
export async function tokenBroker(
  t: TestContext,
  options: Partial<BrokerOptions> & { of?: Person; seenMax?: number; gateways?: Set<string> } = {},
): Promise<TokenBroker> {
  const { of = gateway, seenMax = 1000, gateways, ...more } = options;
  const standings = new Map<string, Standing>();
  const authenticate = byTokens({
    ...{ crypto, net: "n", gatewayKey: of.publicKey, seenMax },
    operators: new Set([toHex(operator.publicKey)]),
    nowMs: () => clock.nowMs,
    ...(gateways && { gateways }),
  });
  const acl = areaAcl("a1", (id) => standings.get(id) ?? "member", of.id);
  const listen = { host: "127.0.0.1", port: 0, acl, authenticate };
  const broker = await startBroker({ ...listen, ...more });
  t.after(() => broker.close());
  return Object.assign(Object.create(broker) as Broker, { standings });
}

/** A token of `who`, right but for `changes`. */
export function token(who: Person, client: string, changes: Partial<Connect> = {}): Buffer {
  clock.nowMs++;
  const { publicKey, secretKey } = who;
  const said = { net: "n", client, publicKey, atMs: clock.nowMs, ...changes };
  const to = { gateway: nodeIdOf(crypto, gateway.publicKey) };
  return Buffer.from(connectToken(crypto, secretKey, { ...to, ...said }));
}

/** `who` as a node, with a token. */
export function connectNode(
  { port }: Broker,
  who: Person,
  options: IClientOptions = {},
  inbox?: string[],
): Promise<MqttClient> {
  return connectClient(port, who.id, { password: token(who, who.id), ...options }, inbox);
}

/** The operator, by the name `client`. */
export function connectOperator(
  { port }: Broker,
  client = "operator-ann",
  options: IClientOptions = {},
): Promise<MqttClient> {
  return connectClient(port, client, { password: token(operator, client), ...options });
}
