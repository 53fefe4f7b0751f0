// SPDX-License-Identifier: Apache-2.0
/** A day of the node application alone, all nodes of an area on the 32-bit XS host with the same memory. */
import { sodiumCrypto } from "#node/crypto/sodium";
import { openMemoryStore } from "#node/store/memory";
import type { NodeSetup } from "../fleet/types.ts";
import { xsEngine } from "../fleet/xs-engine.ts";
import { gatewayOptions, nodeSetups, seededKey, tariffOf } from "../setup.ts";
import { runSim } from "../sim/run.ts";
import type { World } from "../worlds/types.ts";
import type { XsCreation } from "../xs-host/host.ts";

const SEED = 1;
const CHOICES = Object.freeze({
  genesisMicro: 100_000_000,
  deposit: { belowMicro: 20_000_000, toMicro: 100_000_000 },
  market: { timing: "ex-post", mode: "auction", pricing: "uniform", kPermille: 500 },
  slotTimeoutMs: 30_000,
} as const);

export interface AloneFigures {
  /** Of the first node that failed. */
  failure: string | undefined;
  tradedWh: number;
  /** The most that any node took. */
  slots: number;
  chunkBytes: number;
  stackSlots: number;
  arenaBytes: number;
}

/** The crypto is the driver's, as on a board that has it in C. */
export async function runAlone(world: World, creation: XsCreation): Promise<AloneFigures> {
  const crypto = sodiumCrypto();
  const secret = seededKey(crypto, SEED, "gateway", 0);
  const engine = await xsEngine({ bits: 32, creation });
  try {
    const { failed, hosts, gateway } = await runSim({
      world,
      options: gatewayOptions(world, secret, CHOICES),
      tariff: tariffOf(world),
      setups: nodeSetups(crypto, world, SEED, crypto.publicKey(secret)).map(ownOnly),
      engine,
      crypto,
      store: openMemoryStore(),
      log: () => {},
    });
    const stats = await Promise.all(hosts.map((host) => host.stats()));
    const most = (key: "slotsPeak" | "chunkBytesPeak" | "stackPeak" | "arenaBytes") =>
      Math.max(...stats.map((some) => some?.[key] ?? 0));
    return {
      failure: failed[0]?.reason,
      tradedWh: gateway.area.tradedWh,
      slots: most("slotsPeak"),
      chunkBytes: most("chunkBytesPeak"),
      stackSlots: most("stackPeak"),
      arenaBytes: most("arenaBytes"),
    };
  } finally {
    await engine.close();
  }
}

/** As a device follows the DAG. */
function ownOnly(setup: NodeSetup): NodeSetup {
  const policy = { ...setup.config.policy, follow: "own" as const };
  return { ...setup, config: { ...setup.config, policy } };
}
