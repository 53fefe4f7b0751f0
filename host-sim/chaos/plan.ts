// SPDX-License-Identifier: Apache-2.0
/**
 * What goes wrong in a run, as plain data that follows from a seed: so that a failing run can be shrunk by
 * leaving things out, and printed.
 */
import { type Random, randomStream } from "../worlds/random.ts";

/** Chances in a thousand, and delays in ms. */
export interface Weather {
  dropPermille: number;
  duplicatePermille: number;
  /** Most messages take up to this … */
  delayMs: number;
  /** … and a few up to that. */
  stragglerPermille: number;
  stragglerMs: number;
}

/** What a crash takes with it, beside memory. */
export type Loss =
  /** Nothing: the process was killed. */
  | "nothing"
  /** What was written and not synced: the power failed. */
  | "unsynced"
  /** The last consensus state is damaged: it is noticed, and nothing of it is known. */
  | "state"
  /** The whole disk. */
  | "disk";

export type Fault =
  /** Down at that time, after so many outputs more of its consensus. */
  | {
      kind: "crash";
      atMs: number;
      host: number;
      afterOutputs: number;
      downMs: number;
      loss: Loss;
    }
  /** SIGSTOP: what comes meanwhile is looked at afterwards. */
  | { kind: "pause"; atMs: number; host: number; forMs: number }
  /** Only hosts of one group hear each other. */
  | { kind: "split"; atMs: number; forMs: number; group: number[] }
  /** Everything to and from a host takes so much longer. */
  | { kind: "slow"; atMs: number; forMs: number; host: number; byMs: number }
  /** Of one kind of word nothing comes to these hosts: the schedule of an adversary. */
  | { kind: "deaf"; atMs: number; forMs: number; hosts: number[]; to: DeafTo }
  /** A clock is set. */
  | { kind: "clock"; atMs: number; host: number; byMs: number };

export type DeafTo = "proposed" | "prevote" | "precommit" | "decision" | "status";

/** What a Byzantine gateway does beside, or in place of, what the rules say. */
export type Tactic =
  | "two-proposals"
  | "two-votes"
  | "withhold"
  | "vote-all"
  | "stale"
  | "invalid-block"
  | "lie-status"
  | "forge"
  | "far-rounds"
  | "false-polka"
  /** Everything it says goes to the same few only. */
  | "favour"
  /** Its prevotes go to one gateway, another one each round, and it precommits nothing. */
  | "one-by-one"
  | "silent";

export const TACTICS: readonly Tactic[] = [
  "two-proposals",
  "two-votes",
  "withhold",
  "vote-all",
  "stale",
  "invalid-block",
  "lie-status",
  "forge",
  "far-rounds",
  "false-polka",
  "favour",
  "one-by-one",
  "silent",
];

export interface Plan {
  seed: number;
  gateways: number;
  rule: "quorum" | "unanimous";
  leader: "round-robin" | "proof-of-work";
  /** How long things go wrong, ms. */
  troubleMs: number;
  weather: Weather;
  /** Most that a host waits until it wants the next block, ms. */
  wantMs: number;
  /** Most that an audit takes, ms. */
  auditMs: number;
  /** Most that a message takes after healing, ms: in some runs longer than the first rounds wait. */
  healedDelayMs: number;
  /** How far each clock is off at the start, ms. */
  skewMs: number[];
  byzantine: { host: number; tactics: Tactic[] }[];
  faults: Fault[];
  /** From these heights on these hosts agree, each with its key of that number; the first from height 0. */
  sets: { fromHeight: number; members: { host: number; key: number }[] }[];
}

export interface PlanOptions {
  /** Gateways; by the seed where not given. */
  gateways?: number;
  rule?: Plan["rule"];
  leader?: Plan["leader"];
}

const SIZES = [4, 4, 4, 4, 5, 7, 7] as const;

/** The run of a seed. */
export function planOf(seed: number, options: PlanOptions = {}): Plan {
  const random = randomStream(seed, 1);
  const pick = <T>(choices: readonly T[]): T => choices[random.below(choices.length)];
  const gateways = options.gateways ?? pick(SIZES);
  const f = Math.floor((gateways - 1) / 3);
  const leader = options.leader ?? (random.below(6) === 0 ? "proof-of-work" : "round-robin");
  const rule = options.rule ?? (random.below(12) === 0 ? "unanimous" : "quorum");
  const troubleMs = 500 + random.below(2500);
  // Byzantine ones and those that forget what they signed are faulty together.
  const faulty =
    f === 0 || rule === "unanimous" ? [] : hostsOf(random, gateways, random.below(f + 1));
  const forgetful = new Set(faulty.filter(() => random.below(4) === 0));
  if (faulty.length > 1 && random.below(3) === 0) forgetful.clear();
  if (faulty.length > 1 && forgetful.size === 0 && random.below(2) === 0) forgetful.add(faulty[0]);
  const byzantine = faulty
    .filter((host) => !forgetful.has(host))
    .map((host) => ({ host, tactics: tacticsOf(random) }));
  // Whoever asks what it may have signed is told lies.
  if (forgetful.size > 0)
    for (const { tactics } of byzantine)
      if (!tactics.includes("lie-status")) tactics.push("lie-status");
  const plan: Plan = {
    seed,
    gateways,
    rule,
    leader,
    troubleMs,
    weather: weatherOf(random),
    wantMs: pick([1, 20, 200]),
    auditMs: pick([0, 0, 10, 60]),
    healedDelayMs: pick([40, 40, 40, 500]),
    skewMs: Array.from({ length: gateways + 1 }, () => random.below(2001) - 1000),
    byzantine,
    faults: [],
    sets: setsOf(random, gateways, new Set(faulty)),
  };
  const byzantineHosts = new Set(byzantine.map(({ host }) => host));
  const count = random.below(9);
  for (let i = 0; i < count; i++) {
    const fault = faultOf(random, plan, byzantineHosts);
    if (fault) plan.faults.push(fault);
  }
  for (const host of forgetful) {
    const atMs = random.below(troubleMs);
    const loss = pick(["state", "disk"] as const);
    const downMs = random.below(pick([60, 1500]));
    plan.faults.push({ kind: "crash", atMs, host, afterOutputs: random.below(8), downMs, loss });
    // Its height goes on while it comes back.
    if (random.below(2) === 0) plan.faults.push(deafAt(random, plan, atMs - 20, "precommit"));
  }
  if (random.below(3) === 0) storm(random, plan);
  plan.faults.sort((a, b) => a.atMs - b.atMs);
  return plan;
}

function hostsOf(random: Random, gateways: number, count: number): number[] {
  const hosts = Array.from({ length: gateways }, (_, host) => host);
  while (hosts.length > count) hosts.splice(random.below(hosts.length), 1);
  return hosts;
}

function tacticsOf(random: Random): Tactic[] {
  const chosen = TACTICS.filter((tactic) => random.below(tactic === "silent" ? 12 : 3) === 0);
  // Alone it does most: whatever else is said helps those that it keeps apart.
  if (random.below(8) === 0) return ["one-by-one"];
  if (random.below(4) === 0) return ["vote-all", "false-polka"];
  return chosen.length > 0 ? chosen : ["two-votes", "vote-all"];
}

function weatherOf(random: Random): Weather {
  const storm = random.below(4);
  return {
    dropPermille: storm === 0 ? 0 : storm * random.below(80),
    duplicatePermille: random.below(100),
    delayMs: 5 + random.below(40),
    stragglerPermille: storm * random.below(30),
    stragglerMs: 100 + random.below(700),
  };
}

/** Half of the runs keep their set; in the others somebody joins, leaves or changes its key. */
function setsOf(random: Random, gateways: number, faulty: ReadonlySet<number>): Plan["sets"] {
  const first = Array.from({ length: gateways }, (_, host) => ({ host, key: 0 }));
  const sets: Plan["sets"] = [{ fromHeight: 0, members: first }];
  if (random.below(2) === 0 || gateways < 2) return sets;
  const fromHeight = 2 + random.below(12);
  const change = random.below(3);
  if (change === 0) {
    sets.push({ fromHeight, members: [...first, { host: gateways, key: 0 }] });
    return sets;
  }
  // Those that are faulty stay, so that no set has more of them than it can stand.
  const honest = first.filter(({ host }) => !faulty.has(host));
  const { host } = honest[random.below(honest.length)];
  if (change === 1) {
    const members = first.map((one) => (one.host === host ? { host, key: 1 } : one));
    sets.push({ fromHeight, members });
  } else if (Math.floor((gateways - 2) / 3) >= faulty.size && gateways > 1)
    sets.push({ fromHeight, members: first.filter((one) => one.host !== host) });
  return sets;
}

function faultOf(random: Random, plan: Plan, byzantine: ReadonlySet<number>): Fault | undefined {
  const { gateways, troubleMs } = plan;
  const host = random.below(gateways);
  const atMs = random.below(troubleMs);
  const forMs = 50 + random.below(1500);
  const kind = random.below(10);
  if (kind < 4) {
    if (byzantine.has(host)) return undefined;
    const loss = random.below(2) === 0 ? "nothing" : "unsynced";
    const downMs = random.below(random.below(3) === 0 ? 1500 : 80);
    return { kind: "crash", atMs, host, afterOutputs: random.below(12), downMs, loss };
  }
  if (kind === 4) return { kind: "pause", atMs, host, forMs };
  if (kind === 5) {
    const group = hostsOf(random, gateways, 1 + random.below(Math.max(1, gateways - 1)));
    return { kind: "split", atMs, forMs, group };
  }
  if (kind === 6) return { kind: "slow", atMs, forMs, host, byMs: 50 + random.below(400) };
  if (kind === 7) return { kind: "clock", atMs, host, byMs: random.below(4001) - 2000 };
  const to = DEAF_TO[random.below(DEAF_TO.length)];
  const hosts = hostsOf(random, gateways, 1 + random.below(gateways));
  return { kind: "deaf", atMs, forMs, hosts, to };
}

/** Everybody is deaf to a kind of word for a moment. */
function deafAt(random: Random, { gateways }: Plan, atMs: number, to: DeafTo): Fault {
  const hosts = Array.from({ length: gateways + 1 }, (_, host) => host);
  return { kind: "deaf", atMs: Math.max(0, atMs), forMs: 50 + random.below(500), hosts, to };
}

/**
 * One moment after the other in which these or those do not hear votes: quorums that only some know of,
 * blocks that only some are bound to, and rounds apart from each other.
 */
function storm(random: Random, plan: Plan): void {
  const { gateways, troubleMs } = plan;
  const moments = 4 + random.below(12);
  let atMs = random.below(troubleMs);
  for (let i = 0; i < moments && atMs < troubleMs; i++) {
    const to = (["prevote", "prevote", "precommit"] as const)[random.below(3)];
    const forMs = 40 + random.below(400);
    const hosts = hostsOf(random, gateways, 1 + random.below(gateways));
    plan.faults.push({ kind: "deaf", atMs, forMs, hosts, to });
    if (random.below(2) === 0) plan.faults.push(deafAt(random, plan, atMs, "precommit"));
    atMs += random.below(forMs + 100);
  }
  // One misses a proposal, so that only a liar has a quorum of prevotes for it; then nobody sees precommits.
  for (let i = random.below(3); i > 0; i--) {
    const missing = random.below(troubleMs);
    const hosts = [random.below(gateways)];
    const forMs = 250 + random.below(200);
    plan.faults.push({ kind: "deaf", atMs: missing, forMs, hosts, to: "proposed" });
    plan.faults.push(deafAt(random, plan, missing + 150 + random.below(300), "precommit"));
  }
}

const DEAF_TO: readonly DeafTo[] = [
  "proposed",
  "prevote",
  "precommit",
  "precommit",
  "decision",
  "status",
];
