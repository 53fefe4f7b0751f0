// SPDX-License-Identifier: Apache-2.0
/**
 * From a world and a handful of options to everything a run needs: keys, node set-ups and the gateway's
 * options. `demo`, `nodes` and `sim` start from the same place, so that their totals can be compared.
 */
import { domainHash } from "#core/crypto/domain";
import type { Crypto } from "#core/crypto/port";
import { WALLETS_DEFAULT } from "#core/limits";
import { MINUTE_MS, SECOND_MS } from "#core/units/time";
import type { GatewayOptions } from "#gateway/options";
import type { Tariff } from "#gateway/ports";
import { DEFAULT_POLICY } from "#meter/config";
import type { NodeSetup } from "./fleet/types.ts";
import type { World } from "./worlds/types.ts";

/** Network and area of a simulated neighbourhood. */
export const SIM_NET = "demo";
export const SIM_AREA = "street";

/** A key that follows from the run's seed. For simulations only: whoever knows the seed knows the keys. */
export function seededKey(crypto: Crypto, seed: number, label: string, index: number): Uint8Array {
  const text = `${label}:${seed}:${index}`;
  const bytes = Uint8Array.from(text, (letter) => letter.charCodeAt(0));
  return domainHash(crypto, "wattle/sim-key/1", bytes);
}

/** One node per home, with keys from the seed. */
export function nodeSetups(
  crypto: Crypto,
  world: World,
  seed: number,
  gatewayKey: Uint8Array,
  names: { net: string; area: string } = { net: SIM_NET, area: SIM_AREA },
): NodeSetup[] {
  return world.homes.map((home, index) => ({
    home: index,
    seed: (seed * 65_537 + index) >>> 0,
    config: {
      net: names.net,
      area: names.area,
      name: home.name,
      secretKey: seededKey(crypto, seed, "node", index),
      gatewayKey,
      capacityWh: home.capacityWh,
      wallets: WALLETS_DEFAULT,
      policy: DEFAULT_POLICY,
    },
  }));
}

/** The world's prices; after its last slot the last price holds. */
export function tariffOf(world: World): Tariff {
  return {
    feedInMicro: world.feedInMicroPerKwh,
    retailMicro: (slot) => world.retailMicroPerKwh(Math.min(slot, world.slots - 1)),
  };
}

export interface RunChoices {
  genesisMicro: number;
  deposit: GatewayOptions["deposit"];
  market: GatewayOptions["market"];
  slotTimeoutMs: number;
}

/** Δ: 30 s, or an eighth of a short slot, so that a slot's transactions fit into half of it (ledger 4.2). */
export function tickMsFor(slotMs: number): number {
  return Math.max(SECOND_MS / 10, Math.min(MINUTE_MS / 2, Math.floor(slotMs / 8)));
}

/** Gateway options of an accelerated run over all of `world`. */
export function gatewayOptions(
  world: World,
  secretKey: Uint8Array,
  choices: RunChoices,
): GatewayOptions {
  const slotMs = world.slotSeconds * SECOND_MS;
  const tickMs = tickMsFor(slotMs);
  return {
    net: SIM_NET,
    area: SIM_AREA,
    secretKey,
    admit: "open",
    expectNodes: world.homes.length,
    genesisMicro: choices.genesisMicro,
    deposit: choices.deposit,
    slotMs,
    worldStartMs: world.startMs,
    slots: world.slots,
    clock: { kind: "barrier" },
    slotTimeoutMs: choices.slotTimeoutMs,
    tickMs,
    ageMaxMs: 4 * tickMs,
    market: choices.market,
  };
}
