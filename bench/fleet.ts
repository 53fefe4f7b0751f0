// SPDX-License-Identifier: Apache-2.0
/**
 * Target 7, second half: the memory of nodes on XS that trade. Two fleets of different size, with proof-of-
 * time, on the virtual clock; what one more node takes follows from their difference. A thousand are an
 * extrapolation, and said to be one.
 */
import { stop } from "esbuild";
import type { NodeEngine } from "#host-sim/fleet/types";
import { xsEngine } from "#host-sim/fleet/xs-engine";
import { gatewayOptions, nodeSetups, seededKey, tariffOf } from "#host-sim/setup";
import { runSim } from "#host-sim/sim/run";
import { loadWorld } from "#host-sim/worlds/load";
import { firstSlots } from "#host-sim/worlds/window";
import { sodiumCrypto } from "#node/crypto/sodium";
import { openMemoryStore } from "#node/store/memory";
import { judged, progress, type Target } from "./target.ts";

const NODES = 1000;
const BYTES_MAX = 300e6;
/** Slots of six hours: in the second and the third the sun shines. */
const SLOT_SECONDS = 21_600;
const SLOTS = 3;

interface Fleet {
  nodes: number;
  bytes: number;
  tradedWh: number;
}

export async function fleet(few: number, many: number): Promise<Target> {
  const line = {
    target: "7b",
    what: `${NODES} XS nodes that trade`,
    required: `≤ ${BYTES_MAX / 1e6} MB`,
  };
  let fleets: Fleet[];
  try {
    fleets = [await measure(few), await measure(many)];
  } catch (error) {
    // Without a C compiler there is no XS.
    const note = error instanceof Error ? error.message.split("\n")[0] : String(error);
    return { ...line, measured: "-", result: "NOT RUN", note };
  }
  const [small, large] = fleets;
  const each = (large.bytes - small.bytes) / (large.nodes - small.nodes);
  const all = large.bytes + (NODES - large.nodes) * each;
  const mb = (bytes: number) => `${(bytes / 1e6).toFixed(1)} MB`;
  return {
    ...line,
    measured: `${mb(all)} extrapolated (${large.nodes} nodes: ${mb(large.bytes)}, ${mb(each)} each)`,
    result: judged(all <= BYTES_MAX),
    note:
      `proportional set size of the process with all machines, 64-bit XS: slots have 32 bytes there and 16 on ` +
      `a device; ${large.tradedWh} Wh were traded, with proof-of-time`,
  };
}

async function measure(nodes: number): Promise<Fleet> {
  const crypto = sodiumCrypto();
  const world = firstSlots(
    loadWorld({ from: 0, days: 1, nodes, seed: 1, slotSeconds: SLOT_SECONDS }),
    SLOTS,
  );
  const gatewayKey = seededKey(crypto, 1, "gateway", 0);
  const engine = await xsEngine({});
  await stop(); // the bundler's process would go on
  let bytes = 0;
  const look = async (from: NodeEngine) => {
    bytes = Math.max(bytes, (await from.memory()).pssBytes);
  };
  try {
    const { gateway, failed } = await runSim({
      world,
      options: gatewayOptions(world, gatewayKey, {
        genesisMicro: 100_000_000,
        deposit: undefined,
        market: { timing: "ex-post", mode: "auction", pricing: "uniform", kPermille: 500 },
        slotTimeoutMs: 30_000,
      }),
      tariff: tariffOf(world),
      setups: nodeSetups(crypto, world, 1, crypto.publicKey(gatewayKey)),
      ...{ engine, crypto, store: openMemoryStore(), log: () => {} },
      onSlot: () => void look(engine),
    });
    await look(engine);
    if (failed.length > 0) throw new Error(`${failed.length} of ${nodes} nodes failed`);
    const { tradedWh } = gateway.area;
    if (tradedWh === 0) throw new Error(`${nodes} nodes traded nothing`);
    progress(`${nodes} XS nodes: ${(bytes / 1e6).toFixed(1)} MB, ${tradedWh} Wh traded`);
    return { nodes, bytes, tradedWh };
  } finally {
    await engine.close();
  }
}
