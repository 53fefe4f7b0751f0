// SPDX-License-Identifier: Apache-2.0
/**
 * What goes wrong in a town, as plain data that follows from a seed: so that a failing run can be shrunk by
 * leaving things out, and printed.
 */
import { toleratedOf } from "#core/votes/electorate";
import type { PeerKind } from "#gateway/consortium/ports";
import type { Weather } from "../../smartchain/bus.ts";
import type { PeerWeather } from "../../town/peer-net.ts";
import { type Random, randomStream } from "../../worlds/random.ts";
import { PLAIN, type TownFeatures, withFeatures, withStates, withStops } from "./features.ts";

/** What a gateway's crash takes with it, beside memory. */
export type Loss =
  | "nothing"
  /** What the consensus signed last is damaged: that is noticed, and nothing of it is known. */
  | "state"
  /** The whole disk; its operator says that the key was used. */
  | "disk";

export type TownFault =
  /**
   * Down after so many steps more: commits' stages, writes, words that it sends. `orderly`: it is told to end,
   * and the steps are answers about signatures that it waits for.
   */
  | {
      kind: "crash";
      atMs: number;
      gateway: number;
      steps: number;
      downMs: number;
      loss: Loss;
      orderly?: boolean;
    }
  /** Nothing can be written for a while: the process ends, and is started again until it can. */
  | { kind: "full"; atMs: number; forMs: number; gateway: number }
  /** Only gateways of one group hear each other. */
  | { kind: "split"; atMs: number; forMs: number; group: number[] }
  /** Everything to and from a gateway takes so much longer. */
  | { kind: "slow"; atMs: number; forMs: number; gateway: number; byMs: number }
  /** Of one kind of message nothing comes to these gateways. */
  | { kind: "deaf"; atMs: number; forMs: number; gateways: number[]; to: PeerKind }
  /** A gateway's clock is set. */
  | { kind: "clock"; atMs: number; gateway: number; byMs: number }
  /** A node has no power for a while; its witness log may be gone then. */
  | { kind: "node"; atMs: number; node: number; downMs: number; losesLog: boolean }
  /** These nodes have no connection to their broker. */
  | { kind: "cut"; atMs: number; forMs: number; nodes: number[] };

/** What a Byzantine gateway does beside, or in place of, what the rules say. */
export type Tactic =
  | "two-proposals"
  | "two-votes"
  | "withhold"
  | "silent"
  /** Two segments of one number, to different gateways. */
  | "fork-feed"
  /** Its segments come to a few only. */
  | "withhold-segments"
  /** In its feed is what no node said, or what others said before. */
  | "garbage"
  /** It says of other gateways' nodes that they are gone, or its own. */
  | "false-state"
  /** Segments in other gateways' names. */
  | "forge-segments"
  /** Turns that were not decided, with certificates that are none. */
  | "forge-decisions"
  | "false-ledger"
  | "false-terms"
  | "false-time"
  | "false-reveal"
  /** Turns that go back in feeds, or name segments that do not exist. */
  | "false-cuts"
  | "lie-status"
  /** What was said before. */
  | "stale"
  /** Asks and tokens of nodes get lost. */
  | "pass-nothing"
  /** Changes of the gateways that nobody else wants, again and again another one. */
  | "false-wish"
  /** Once it has left it votes on, and others that lie pass that on. */
  | "ghost"
  /** Tokens that the ledger does not know, and banks in others' names. */
  | "false-bank"
  /** States that turns did not lead to, and pieces that are none of them. */
  | "false-states";

export const TACTICS: readonly Tactic[] = [
  "two-proposals",
  "two-votes",
  "withhold",
  "silent",
  "fork-feed",
  "withhold-segments",
  "garbage",
  "false-state",
  "forge-segments",
  "forge-decisions",
  "false-ledger",
  "false-terms",
  "false-time",
  "false-reveal",
  "false-cuts",
  "lie-status",
  "stale",
  "pass-nothing",
];

export interface TownPlan extends TownFeatures {
  seed: number;
  gateways: number;
  homes: number;
  slots: number;
  /** Protocol time runs like real time, instead of from one step to the next. */
  running: boolean;
  /** The homes trade by OFFER among each other. */
  direct: boolean;
  epochSlots: number;
  intervalMs: number;
  /** Longest that the check of a batch of signatures takes, ms; meanwhile other messages come. */
  verifyMs: number;
  /** Gateways keep a checkpoint after one turn of so many; 0: none. */
  checkpointTurns: number;
  /** How long things go wrong, ms. */
  troubleMs: number;
  peers: PeerWeather;
  area: Weather;
  /** Of each gateway. */
  clocks: { skewMs: number; driftPpm: number }[];
  /** Of each node. */
  nodeSkewMs: number[];
  liars: { gateway: number; tactics: Tactic[] }[];
  /** Nodes that break the rules. */
  rogues: number[];
  faults: TownFault[];
}

export interface TownChoices {
  /** 4 or 7 by seed where not given. */
  gateways?: number;
  /** Gateways hand out states, whatever the seed says. */
  states?: boolean;
}

/** A slot of a running clock, s. */
export const SLOT_SECONDS = 48;

/** The run of a seed. */
export function townPlan(seed: number, choices: TownChoices = {}): TownPlan {
  const random = randomStream(seed, 31);
  const gateways = choices.gateways ?? (random.below(4) === 0 ? 7 : 4);
  const f = Math.floor((gateways - 1) / 3);
  const homes = gateways === 4 ? 4 + random.below(2) : 7;
  const running = random.below(6) === 0;
  const direct = random.below(6) === 0;
  const slots = direct ? 3 : 2;
  const troubleMs = running ? (slots + 1) * SLOT_SECONDS * 1000 : 400 + random.below(2000);
  // Liars, those that forget what they signed, and those whose clocks are far off are faulty together.
  const faulty = some(random, gateways, random.below(f + 1));
  const kinds = faulty.map(() => random.below(5));
  const skewed = new Set(faulty.filter((_, i) => kinds[i] === 4));
  const plan: TownPlan = {
    seed,
    gateways,
    homes,
    slots,
    running,
    direct,
    epochSlots: 1 + random.below(2),
    intervalMs: pick(random, [0, 0, 50, 250]),
    verifyMs: pick(random, [0, 0, 15]),
    checkpointTurns: pick(random, [0, 0, 3]),
    troubleMs,
    peers: peersOf(random),
    area: areaOf(random),
    clocks: Array.from({ length: gateways }, (_, i) => clockOf(random, skewed.has(i))),
    nodeSkewMs: Array.from({ length: homes }, () => random.below(2001) - 1000),
    liars: faulty
      .filter((_, i) => kinds[i] < 3)
      .map((gateway) => ({ gateway, tactics: tacticsOf(random) })),
    rogues: some(random, homes, random.below(toleratedOf(homes) + 1)),
    faults: [],
    ...PLAIN,
  };
  const liars = new Set(plan.liars.map(({ gateway }) => gateway));
  for (let i = random.below(7); i > 0; i--) plan.faults.push(faultOf(random, plan, liars));
  for (const gateway of skewed) {
    const atMs = random.below(troubleMs);
    const byMs = -plan.clocks[gateway].skewMs;
    if (random.below(2) === 0) plan.faults.push({ kind: "clock", atMs, gateway, byMs });
  }
  faulty.forEach((gateway, i) => {
    if (kinds[i] !== 3) return;
    const loss = pick(random, ["state", "disk"] as const);
    plan.faults.push(crashOf(random, plan, gateway, loss));
  });
  plan.faults.sort((a, b) => a.atMs - b.atMs);
  return withStops(withStates(withFeatures(plan), choices.states));
}

function pick<T>(random: Random, choices: readonly T[]): T {
  return choices[random.below(choices.length)];
}

function some(random: Random, of: number, count: number): number[] {
  const all = Array.from({ length: of }, (_, i) => i);
  while (all.length > count) all.splice(random.below(all.length), 1);
  return all;
}

function peersOf(random: Random): PeerWeather {
  const storm = random.below(4);
  return {
    dropPermille: storm * random.below(60),
    duplicatePermille: random.below(100),
    delayMs: 1 + random.below(10),
    jitterMs: 5 + random.below(40),
    stragglerPermille: storm * random.below(25),
    stragglerMs: 100 + random.below(700),
  };
}

function areaOf(random: Random): Weather {
  const storm = random.below(3);
  return {
    dropPermille: storm * random.below(20),
    duplicatePermille: random.below(60),
    // A connection keeps its order; what is out of it is said again after ten seconds.
    delayMs: pick(random, [1, 1, 1, 20]),
    stragglerPermille: storm * random.below(15),
    stragglerMs: 500,
  };
}

/** Clocks of gateways may be 30 s apart (docs/consensus.md, "Time"). */
function clockOf(random: Random, beyond: boolean): { skewMs: number; driftPpm: number } {
  const sign = random.below(2) === 0 ? 1 : -1;
  if (beyond) return { skewMs: sign * (40_000 + random.below(500_000)), driftPpm: 0 };
  const skewMs = pick(random, [0, random.below(500), random.below(10_000)]);
  return { skewMs: sign * skewMs, driftPpm: random.below(401) - 200 };
}

function tacticsOf(random: Random): Tactic[] {
  const chosen = TACTICS.filter((tactic) => random.below(tactic === "silent" ? 20 : 4) === 0);
  return chosen.length > 0 ? chosen : [pick(random, TACTICS)];
}

function crashOf(random: Random, plan: TownPlan, gateway: number, loss: Loss): TownFault {
  const atMs = random.below(plan.troubleMs);
  const downMs = random.below(random.below(3) === 0 ? 1500 : 200) * (plan.running ? 8 : 1);
  return { kind: "crash", atMs, gateway, steps: 1 + random.below(40), downMs, loss };
}

const DEAF_TO: readonly PeerKind[] = [
  "segment",
  "segment",
  "proposed",
  "vote",
  "quorum",
  "decision",
  "fetch",
  "ask",
  "down",
];

function faultOf(random: Random, plan: TownPlan, liars: ReadonlySet<number>): TownFault {
  const { gateways, homes, troubleMs, running } = plan;
  const honest = some(random, gateways, gateways).filter((one) => !liars.has(one));
  const gateway = pick(random, honest);
  const scale = running ? 15 : 1;
  const atMs = random.below(troubleMs);
  const forMs = (50 + random.below(1200)) * scale;
  const kind = random.below(12);
  if (kind < 4) return crashOf(random, plan, gateway, "nothing");
  if (kind === 4) return { kind: "full", atMs, forMs, gateway };
  if (kind === 5) {
    const group = some(random, gateways, 1 + random.below(gateways - 1));
    return { kind: "split", atMs, forMs, group };
  }
  if (kind === 6) return { kind: "slow", atMs, forMs, gateway, byMs: 50 + random.below(400) };
  // Forwards and back within what clocks may differ.
  if (kind === 7) return { kind: "clock", atMs, gateway, byMs: random.below(12_001) - 6000 };
  if (kind === 8) {
    const downMs = (100 + random.below(1000)) * scale;
    return {
      kind: "node",
      atMs,
      node: random.below(homes),
      downMs,
      losesLog: random.below(4) === 0,
    };
  }
  if (kind === 9) {
    const nodes = some(random, homes, 1 + random.below(homes));
    return { kind: "cut", atMs, forMs, nodes };
  }
  const deaf = some(random, gateways, 1 + random.below(gateways));
  return { kind: "deaf", atMs, forMs, gateways: deaf, to: pick(random, DEAF_TO) };
}
