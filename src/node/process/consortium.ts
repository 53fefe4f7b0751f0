// SPDX-License-Identifier: Apache-2.0
/** A gateway process among others: the way to them, who may connect as one, and what it does when apart. */
import type { Crypto } from "#core/crypto/port";
import { nodeIdOf } from "#core/identity";
import type { Gateway } from "#gateway/gateway";
import type { Bus, GatewayLog } from "#gateway/ports";
import type { Authenticate } from "../broker/authenticate.ts";
import type { Broker } from "../broker/embedded.ts";
import type { Addresses } from "../config/addresses.ts";
import type { GatewayConfig } from "../config/gateway-config.ts";
import { Desk } from "../consortium/desk.ts";
import { tellConsortium } from "../consortium/monitor.ts";
import { Peers } from "../consortium/peers.ts";
import { accessOf } from "./access.ts";

interface Joining {
  secretKey: Uint8Array;
  crypto: Crypto;
  bus: Bus;
  log: GatewayLog;
  /** The store has nothing. */
  isNew: boolean;
  /** Another gateway (hex) may connect now, or may not any more. */
  onChange(id: string): void;
  fail(error: unknown): void;
}

/** Looks for the other gateways, where there is a consortium. */
export function joinConsortium(
  { consortium, net, area }: GatewayConfig,
  addresses: Addresses | undefined,
  { secretKey, crypto, bus, log, isNew, onChange, fail }: Joining,
): Peers | undefined {
  if (!consortium || !addresses) return undefined;
  const id = nodeIdOf(crypto, crypto.publicKey(secretKey));
  return new Peers(
    { ...consortium, isNew },
    {
      ...{ net, area, id, secretKey, crypto, peers: addresses.others, bus, log, onChange, fail },
      addressOf: (partner) => addresses.of(partner),
      nowMs: () => Date.now(),
    },
  );
}

/** How clients prove who they are, by what this gateway is and whom it has looked for just now. */
export function accessAmong(
  config: GatewayConfig,
  secretKey: Uint8Array,
  log: GatewayLog,
  now: () => { peers: Peers | undefined; gateway: Gateway | undefined },
): Authenticate {
  const fellows = { has: (id: string) => now().peers?.link.has(id) ?? false };
  const apart = () => isApart(now().peers, now().gateway);
  return accessOf(config, secretKey, fellows, log, apart);
}

/** Whether a gateway has no part in what its consortium decides: nodes do better elsewhere. */
function isApart(peers: Peers | undefined, gateway: Gateway | undefined): boolean {
  if (!peers) return false;
  const halted = gateway?.seat?.replica.halted !== undefined;
  return peers.learning || halted || !peers.standing().member;
}

interface Running {
  gateway: Gateway;
  peers: Peers;
  bus: Pick<Bus, "publish">;
  /** The embedded one. */
  broker: Broker | undefined;
  crypto: Crypto;
  log: GatewayLog;
}

/** Says every second how the consortium stands, and sends nodes away while that goes on without this one. */
export function watchConsortium(
  { consortium, net, area }: GatewayConfig,
  addresses: Addresses,
  { gateway, peers, bus, broker, crypto, log }: Running,
): void {
  if (!consortium) return;
  const { folder, gateways } = consortium;
  const publicKey = Buffer.from(gateway.area.publicKey).toString("hex");
  const own = { area, url: gateways.find((one) => one.publicKey === publicKey)?.url };
  const desk = new Desk({
    ...{ folder, net, crypto, gateway, addresses, own, log },
    silent: () => peers.view().silent,
  });
  tellConsortium(gateway, peers, desk, bus);
  const tell = peers.onLook;
  let apart = false;
  peers.onLook = () => {
    tell();
    const now = isApart(peers, gateway);
    if (now !== apart) gateway.sayState(now ? "offline" : "online");
    apart = now;
    if (apart) broker?.dropNodes(); // nobody comes back, but one may just have been on its way
  };
}
