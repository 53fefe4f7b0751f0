// SPDX-License-Identifier: Apache-2.0
/** The town of a plan, before anything goes wrong in it. */
import { deserialize, serialize } from "node:v8";
import type { Crypto } from "#core/crypto/port";
import { AreaChecks } from "../../smartchain/area-checks.ts";
import { MintCheck } from "../../smartchain/check-mint.ts";
import { Rogue } from "../../smartchain/rogue.ts";
import { smallWorld } from "../../smartchain/small-world.ts";
import { Town, type TownSetup } from "../../town/town.ts";
import type { TownNode } from "../../town/town-node.ts";
import { randomStream } from "../../worlds/random.ts";
import type { World } from "../../worlds/types.ts";
import type { TownArena } from "./arena.ts";
import { borrower, creditOf } from "./banks.ts";
import { SLOT_SECONDS, type TownPlan } from "./plan.ts";
import { SLOT_TIMEOUT_MS, TIMEOUTS } from "./timing.ts";

/** Up to so long some thousand tries of proof-of-work take, ms. */
const WORK_MS = 25;

/** What a plan does not say. */
export interface Given {
  /** In place of the small one that follows from the seed. */
  world?: World;
  /** Settings of the gateways that are not the towns'. */
  options?: TownSetup["options"];
}

export function townOf(
  plan: TownPlan,
  crypto: Crypto,
  log: TownSetup["log"],
  given: Given = {},
): Town {
  const { seed, gateways, bank, rule, leader, intervalMs } = plan;
  const liars = new Set(plan.liars.map(({ gateway }) => gateway));
  const world = given.world ?? smallWorld(seed, plan.homes, plan.slots, SLOT_SECONDS);
  const lost = world.homes.filter((_, home) => liars.has(home % gateways)).length;
  const town = new Town({
    seed,
    gateways,
    spare: plan.spare,
    world,
    crypto,
    weather: { area: plan.area, peers: plan.peers },
    consortium: { intervalMs, timeouts: TIMEOUTS, rule, leader, ...plan.states },
    direct: plan.direct,
    ...(bank && { nodes: (setup) => borrower(setup, bank) }),
    ...((plan.checkpointTurns > 0 || plan.stops) && {
      packer: { build: "chaos", pack: serialize, unpack: deserialize },
    }),
    options: {
      slotTimeoutMs: SLOT_TIMEOUT_MS,
      // A liar may keep its nodes from taking part.
      expectNodes: plan.homes - lost,
      pot: { epochSlots: plan.epochSlots, epsilonMs: 2000, tauMs: 10_000 },
      ...(plan.rewards && { rewards: plan.rewards }),
      ...(bank && { genesisMicro: bank.genesisMicro }),
      ...(plan.running && { clock: { kind: "running", ratePermille: 1000 } }),
      ...given.options,
    },
    log,
  });
  town.verifyMs = plan.verifyMs;
  if (leader === "proof-of-work") town.workMs = WORK_MS;
  for (const index of bank?.banks ?? []) {
    const one = town.gateways[index];
    one.options = { ...one.options, credit: creditOf(bank!) };
  }
  return town;
}

/** The checkers of streets, for all areas of a town. */
export function areaChecksOf(town: Town, { rogues, rewards }: TownPlan): AreaChecks {
  const { ageMaxMs, slotMs, genesisMicro } = town.gateways[0].options;
  const broken = new Set(rogues);
  return new AreaChecks({
    crypto: town.crypto,
    ageMaxMs,
    slotMs,
    world: town.world,
    watcher: new MintCheck(town.crypto, genesisMicro, rewards),
    homeOf: (id) => {
      const home = town.nodes.findIndex(({ node }) => node?.id === id);
      return home < 0 ? undefined : home;
    },
    *honest() {
      for (const { node, setup } of town.nodes)
        if (node && !broken.has(setup.home)) yield [node.id, setup.config.name] as const;
    },
  });
}

/** What breaks the rules in a node's name, wherever the node goes. */
export function rogueOf(arena: TownArena, node: TownNode): Rogue {
  const { town, plan, area } = arena;
  const scene = {
    crypto: town.crypto,
    random: randomStream(plan.seed, 34, node.setup.home),
    get bus() {
      return node.at.bus;
    },
    get gateway() {
      return node.at.latest!;
    },
    get gatewayClient() {
      return node.at.client;
    },
    get members() {
      return town.nodes.filter(({ at }) => at === node.at);
    },
    checks: area,
    count: (fault: string) => arena.count(fault),
    openly: true,
  };
  return new Rogue(scene, node);
}
