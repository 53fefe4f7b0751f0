// SPDX-License-Identifier: Apache-2.0
/** Who takes part in an attack: keys, the tokens that they can make, and what a node of theirs would say. */
import { toHex } from "#core/codec/bytes";
import { nodeIdOf } from "#core/identity";
import type { Connect } from "#core/records/connect";
import { connectToken } from "#core/trust/connect";
import { CHIP_COUNTERS } from "#host-sim/fleet/chip";
import { memoryStore } from "#host-sim/fleet/store";
import type { NodeConfig } from "#meter/config";
import { MeterNode } from "#meter/node";
import { crypto, named } from "../helpers/local-area.ts";

export const NET = "attack";
export const AREA = "street";
export const ROOT = `wattle/1/${AREA}`;
/** Largest energy of a member in a slot, and the connection that carries it. */
export const CAPACITY_WH = 2500;
export const CONNECTION_W = 10_000;

export interface Person {
  name: string;
  secretKey: Uint8Array;
  publicKey: Uint8Array;
  idBytes: Uint8Array;
  /** Client id of a node with this key. */
  id: string;
}

export function person(name: string): Person {
  const secretKey = named(`attack ${name}`);
  const publicKey = crypto.publicKey(secretKey);
  const idBytes = nodeIdOf(crypto, publicKey);
  return { name, secretKey, publicKey, idBytes, id: toHex(idBytes) };
}

/** Time of the last token: each is later than the one before, so that none is refused by chance. */
let lastMs = 0;

/** A CONNECT token of `who` for the gateway with `gatewayKey`, right but for `changes`. */
export function tokenOf(
  who: Person,
  gatewayKey: Uint8Array,
  changes: Partial<Connect> = {},
): Buffer {
  lastMs = Math.max(lastMs + 1, Date.now());
  const gateway = nodeIdOf(crypto, gatewayKey);
  const { publicKey, id } = who;
  const token = { net: NET, gateway, client: id, publicKey, atMs: lastMs, ...changes };
  return Buffer.from(connectToken(crypto, who.secretKey, token));
}

export function configOf(who: Person, gatewayKey: Uint8Array): NodeConfig {
  return {
    net: NET,
    area: AREA,
    name: who.name,
    secretKey: who.secretKey,
    gatewayKey,
    capacityWh: CAPACITY_WH,
    wallets: 2,
    policy: { trade: true },
  };
}

/** What the node application of `who` says to become a member. */
export function helloOf(who: Person, gatewayKey: Uint8Array): Uint8Array {
  let hello: Uint8Array | undefined;
  const node = new MeterNode(configOf(who, gatewayKey), {
    crypto,
    entropy: { bytes: (count) => named(`entropy of ${who.name}`, count) },
    store: memoryStore(),
    meter: { counters: CHIP_COUNTERS, sample: () => undefined },
    transport: {
      publish: (topic, payload) => {
        if (topic.endsWith("/up/enrol")) hello ??= payload;
      },
    },
    time: {
      uptimeMs: () => 0,
      utc: () => ({ utcMs: 0, quality: 0, errorMs: 0 }),
      wakeAfter: () => {},
    },
    log: () => {},
  });
  node.onConnect();
  if (!hello) throw new Error("the node said no hello");
  return hello;
}
