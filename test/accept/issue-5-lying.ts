// SPDX-License-Identifier: Apache-2.0
/** The demo's homes over four areas, with one gateway that lies in each way that there is. */
import { toHex } from "#core/codec/bytes";
import { audit } from "#gateway/audit/audit";
import { TownArena } from "#host-sim/chaos/town/arena";
import { TACTICS, type Tactic, type TownPlan } from "#host-sim/chaos/town/plan";
import { PROOF_OF_TIME } from "#host-sim/setup";
import { keyedCrypto } from "#host-sim/smartchain/crypto";
import { Town } from "#host-sim/town/town";
import type { TownGateway } from "#host-sim/town/town-gateway";
import { loadWorld } from "#host-sim/worlds/load";
import type { World } from "#host-sim/worlds/types";
import { firstSlots } from "#host-sim/worlds/window";
import type { Find, Line } from "./harness.ts";

const HOMES = 12;
const GATEWAYS = 4;
/** Until the afternoon: most of a day's trade. */
const SLOTS = 64;
/** A slot's patience with a silent node, of real time, and the longest run. */
const WAIT_MS = 60_000;
const HOUR_MS = 3_600_000;
/**
 * What only takes from the liar's own nodes, or away from those who need them as witnesses: their gateway
 * keeps their words back, or says that they are gone. They lose slots until they go to another one.
 */
const OWN_NODES: readonly Tactic[] = [
  "silent",
  "fork-feed",
  "withhold-segments",
  "false-state",
  "pass-nothing",
];

interface Totals {
  tradedWh: number;
  slots: number;
  missed: number;
  coins: string;
}

function planOf(world: World, tactics: Tactic[]): TownPlan {
  return {
    ...{ seed: 1, gateways: GATEWAYS, homes: HOMES, slots: world.slots },
    ...{ running: false, direct: false, epochSlots: PROOF_OF_TIME.epochSlots, intervalMs: 0 },
    ...{ rule: "quorum", leader: "round-robin", spare: 0, changes: [] },
    ...{ verifyMs: 0, checkpointTurns: 0, troubleMs: 1000 },
    peers: { dropPermille: 0, duplicatePermille: 0, delayMs: 5, jitterMs: 5 },
    // One after the other, as a broker brings them.
    area: {
      ...{ dropPermille: 0, duplicatePermille: 0, delayMs: 1 },
      ...{ stragglerPermille: 0, stragglerMs: 1 },
    },
    clocks: Array.from({ length: GATEWAYS }, () => ({ skewMs: 0, driftPpm: 0 })),
    nodeSkewMs: Array.from({ length: HOMES }, () => 0),
    ...{ liars: [{ gateway: GATEWAYS - 1, tactics }], rogues: [], faults: [] },
  };
}

/** What the honest gateways have in the end; a text where they do not agree. */
function totalsOf(town: Town, honest: readonly TownGateway[]): Totals | string {
  const heads = new Set(honest.map(headOf));
  if (heads.size !== 1) return `${heads.size} chains`;
  const { store, gateway, options } = honest[0];
  const gatewayKey = town.crypto.publicKey(options.secretKey);
  const { ok, summary } = audit(store.read(), { crypto: town.crypto }, { gatewayKey });
  if (!ok) return `${summary.faults} faults in its log`;
  const { area } = gateway!;
  const coins = [...area.chain.state.accounts.entries()]
    .map(([, { name, balanceMicro }]) => `${name} ${balanceMicro}`)
    .sort();
  const missed = area.missedSlots.reduce((sum, { nodes }) => sum + nodes.length, 0);
  return { tradedWh: area.tradedWh, slots: area.settledSlots, missed, coins: coins.join("\n") };
}

function headOf({ gateway }: TownGateway): string {
  const head = gateway?.area.chain.head;
  return head ? toHex(head.id) : "none";
}

async function alone(world: World): Promise<Totals | string> {
  const options = { slotTimeoutMs: WAIT_MS };
  const town = new Town({ seed: 1, gateways: 1, world, crypto: keyedCrypto(), options });
  await town.start();
  await town.run(world.startMs + HOUR_MS);
  return totalsOf(town, town.gateways);
}

async function lying(world: World, tactic: Tactic): Promise<Totals | string> {
  const kept = OWN_NODES.includes(tactic) ? HOMES / GATEWAYS : 0;
  const options = { pot: PROOF_OF_TIME, slotTimeoutMs: WAIT_MS, expectNodes: HOMES - kept };
  const arena = new TownArena(planOf(world, [tactic]), { world, options });
  const { violation } = await arena.run();
  return violation ? violation.message : totalsOf(arena.town, arena.honest);
}

function compare(tactic: Tactic, one: Totals, found: Totals | string, find: Find): void {
  if (typeof found === "string") return find(tactic, "one chain", found, false);
  const { tradedWh, missed } = found;
  const text = `${tradedWh} Wh in ${found.slots} slots, ${missed} times without a node`;
  if (OWN_NODES.includes(tactic))
    return find(`${tactic}: takes from its own nodes`, "one chain", text, true);
  const same = tradedWh === one.tradedWh && missed === 0 && found.coins === one.coins;
  find(
    tactic,
    "one chain; energy and coins of one gateway",
    text,
    same && one.slots === found.slots,
  );
}

export const gatewaysLying: Line = {
  name: "gateways-lying",
  title: "twelve homes over four areas, one gateway of which lies in each way there is",
  takes: "6 min",
  ci: false,
  async run(find, say) {
    const world = firstSlots(loadWorld({ seed: 1, days: 1, nodes: HOMES }), SLOTS);
    const one = await alone(world);
    if (typeof one === "string") return find("one gateway", "totals", one, false);
    find(
      "one gateway alone",
      "trades",
      `${one.tradedWh} Wh in ${one.slots} slots`,
      one.tradedWh > 0,
    );
    for (const tactic of TACTICS) {
      say(tactic);
      compare(tactic, one, await lying(world, tactic), find);
    }
  },
};
