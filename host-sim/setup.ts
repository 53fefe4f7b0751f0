// SPDX-License-Identifier: Apache-2.0
/**
 * From a world and a handful of options to everything a run needs: keys, node set-ups and the gateway's
 * options. `demo`, `nodes` and `sim` start from the same place, so that their totals can be compared.
 */
import { toHex } from "#core/codec/bytes";
import { domainHash } from "#core/crypto/domain";
import type { Crypto } from "#core/crypto/port";
import { nodeIdOf } from "#core/identity";
import { WALLETS_DEFAULT } from "#core/limits";
import { DEFAULT_EPSILON_MS, DEFAULT_TAU_MS } from "#core/pot/params";
import { HOUR_MS, MINUTE_MS, SECOND_MS } from "#core/units/time";
import { DEFAULT_CAPITAL_MICRO, type PolicyName, termsOf } from "#gateway/credit/terms";
import type { GatewayOptions } from "#gateway/options";
import type { Tariff } from "#gateway/ports";
import {
  type CreditPolicy,
  DEFAULT_POLICY,
  type NodeConfig,
  type VehicleConfig,
} from "#meter/config";
import { claimText } from "#meter/provision/claim";
import type { NodeSetup } from "./fleet/types.ts";
import type { BatterySpec, World } from "./worlds/types.ts";

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
  const keyOf = (index: number) => seededKey(crypto, seed, "node", index);
  const idOf = (index: number) => toHex(nodeIdOf(crypto, crypto.publicKey(keyOf(index))));
  return world.homes.map((home, index) => ({
    home: index,
    seed: (seed * 65_537 + index) >>> 0,
    config: {
      net: names.net,
      area: names.area,
      name: home.name,
      secretKey: keyOf(index),
      gatewayKey,
      capacityWh: home.capacityWh,
      wallets: WALLETS_DEFAULT,
      policy: DEFAULT_POLICY,
      ...(world.battery(index) && { vehicle: vehicleOf(world.battery(index)!, idOf) }),
    },
  }));
}

function vehicleOf(battery: BatterySpec, idOf: (home: number) => string): VehicleConfig {
  const { station, trips: _, startWh: __, ...vehicle } = battery;
  return station === undefined ? vehicle : { ...vehicle, station: idOf(station) };
}

/** The first `count` homes trade by OFFER among each other, and not in the market. */
export function tradingDirectly(setups: NodeSetup[], count: number): NodeSetup[] {
  return setups.map((setup) => {
    if (setup.home >= count) return setup;
    const policy = { ...setup.config.policy, direct: true };
    return { ...setup, config: { ...setup.config, policy } };
  });
}

/**
 * A bank's starter line and a node's cap in a simulated area, µc: a week of a home with a heat pump. By default
 * both are five coins.
 */
export const SIM_STARTER_MICRO = 50_000_000;

/** All of them borrow where they are short of coins. */
export function borrowing(setups: NodeSetup[], credit: CreditPolicy): NodeSetup[] {
  return setups.map((setup) => {
    const policy = { ...setup.config.policy, credit };
    return { ...setup, config: { ...setup.config, policy } };
  });
}

/** The bank of a simulated area; `chosen` in place of the defaults. */
export function bankOf(
  world: World,
  policy: PolicyName,
  chosen: Parameters<typeof termsOf>[2] & { capitalMicro?: number } = {},
): NonNullable<GatewayOptions["credit"]> {
  const { capitalMicro = DEFAULT_CAPITAL_MICRO, ...terms } = chosen;
  let sum = 0;
  for (let slot = 0; slot < world.slots; slot++) sum += world.retailMicroPerKwh(slot);
  const retailMicro = Math.floor(sum / world.slots);
  const prices = { feedInMicro: world.feedInMicroPerKwh, retailMicro };
  const starterMicro = SIM_STARTER_MICRO;
  return { capitalMicro, terms: termsOf(policy, prices, { starterMicro, ...terms }) };
}

/** What simulated nodes ask an authority for; with none of these for nothing. */
export interface EnrolChoices {
  /** Anchor key: only gateways of this authority are trusted. */
  authority?: Uint8Array;
  /** What is written on the meter; absent: nothing. */
  meter?: string;
  /** Rating of the connection, W; absent: as much as the capacity needs. */
  connectionW?: number;
}

/** A claim code that follows from the node's key, so that it is the same after a restart. */
export function claimOf(crypto: Crypto, secretKey: Uint8Array): string {
  return claimText(domainHash(crypto, "wattle/sim-claim/1", secretKey).slice(0, 5));
}

/** The same node, which asks for a certificate where `choices` has anything; `number` is its meter's. */
export function withEnrolment(
  crypto: Crypto,
  config: NodeConfig,
  slotSeconds: number,
  choices: EnrolChoices,
  number?: number,
): NodeConfig {
  const { authority, meter, connectionW } = choices;
  if (!authority && meter === undefined && connectionW === undefined) return config;
  const hourS = HOUR_MS / SECOND_MS;
  const enrolment = {
    meter: meter && number !== undefined ? `${meter}-${number}` : (meter ?? ""),
    connectionW: connectionW ?? Math.ceil((config.capacityWh * hourS) / slotSeconds),
    claim: claimOf(crypto, config.secretKey),
  };
  return { ...config, ...(authority && { authority }), enrolment };
}

/** The world's prices; after its last slot the last price holds. */
export function tariffOf(world: World): Tariff {
  return {
    feedInMicro: world.feedInMicroPerKwh,
    retailMicro: (slot) => world.retailMicroPerKwh(Math.min(slot, world.slots - 1)),
  };
}

/** Proof-of-time as a run has it where nothing is said: an epoch a day of quarter-hours. */
export const PROOF_OF_TIME: NonNullable<GatewayOptions["pot"]> = Object.freeze({
  epochSlots: 96,
  epsilonMs: DEFAULT_EPSILON_MS,
  tauMs: DEFAULT_TAU_MS,
});

export interface RunChoices {
  genesisMicro: number;
  deposit: GatewayOptions["deposit"];
  market: GatewayOptions["market"];
  slotTimeoutMs: number;
  /** Default: as PROOF_OF_TIME. `false`: none. */
  pot?: GatewayOptions["pot"] | false;
  /** The gateway's bank; by default there is none. */
  credit?: GatewayOptions["credit"];
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
    pot: choices.pot === false ? undefined : (choices.pot ?? PROOF_OF_TIME),
    market: choices.market,
    ...(choices.credit && { credit: choices.credit }),
  };
}
