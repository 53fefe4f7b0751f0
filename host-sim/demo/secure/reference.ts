// SPDX-License-Identifier: Apache-2.0
/**
 * What a secure demo is compared with: the same seed on the simulator's virtual clock and in-process bus, on
 * V8, without TLS, tokens or an authority. A market without some of the members is run without them from its
 * first slot on: their coins apart, no slot depends on the one before.
 */
import type { Crypto } from "#core/crypto/port";
import { audit } from "#gateway/audit/audit";
import type { GatewayOptions } from "#gateway/options";
import { openMemoryStore } from "#node/store/memory";
import { v8Engine } from "../../fleet/v8-engine.ts";
import type { Whole } from "../../report/types.ts";
import { gatewayOptions, nodeSetups, seededKey, tariffOf } from "../../setup.ts";
import { runSim } from "../../sim/run.ts";
import type { World } from "../../worlds/types.ts";
import { firstSlots } from "../../worlds/window.ts";

/** Of one slot. */
export interface SlotTotals {
  settlements: number;
  tradedWh: number;
  paidMicro: number;
}

export interface Market {
  world: World;
  seed: number;
  genesis: number;
  deposit: GatewayOptions["deposit"];
  market: GatewayOptions["market"];
}

const SLOT_TIMEOUT_MS = 30_000;

/** Totals of slots 0 to `slots` - 1, without the homes `out`. */
export async function simulated(
  crypto: Crypto,
  market: Market,
  out: readonly number[],
  slots: number,
): Promise<SlotTotals[]> {
  const { seed, genesis: genesisMicro, deposit } = market;
  const world = firstSlots(market.world, slots);
  const secretKey = seededKey(crypto, seed, "gateway", 0);
  const setups = nodeSetups(crypto, world, seed, crypto.publicKey(secretKey));
  const store = openMemoryStore();
  const choices = { genesisMicro, deposit, market: market.market, slotTimeoutMs: SLOT_TIMEOUT_MS };
  const options = gatewayOptions(world, secretKey, choices);
  await runSim({
    world,
    options: { ...options, expectNodes: world.homes.length - out.length },
    tariff: tariffOf(world),
    setups: setups.filter(({ home }) => !out.includes(home)),
    engine: v8Engine(),
    crypto,
    store,
    log: () => {},
  });
  const settled: Settled[] = [];
  audit(store.read(), { crypto }, { onSettlement: (one) => void settled.push(one) });
  return slotTotals(settled, slots);
}

interface Settled {
  slot: number;
  qtyWh: number;
  ecashMicro: Whole;
}

export function slotTotals(settlements: readonly Settled[], slots: number): SlotTotals[] {
  const totals = Array.from({ length: slots }, () => ({
    settlements: 0,
    tradedWh: 0,
    paidMicro: 0,
  }));
  for (const { slot, qtyWh, ecashMicro } of settlements) {
    const total = totals[slot];
    if (!total) continue;
    total.settlements++;
    total.tradedWh += qtyWh;
    total.paidMicro += Number(ecashMicro);
  }
  return totals;
}

export function sameTotals(a: SlotTotals, b: SlotTotals): boolean {
  return (
    a.settlements === b.settlements && a.tradedWh === b.tradedWh && a.paidMicro === b.paidMicro
  );
}
