// SPDX-License-Identifier: Apache-2.0
/**
 * What only some towns have: a consortium as paper 1 prints it, rewards, banks, gateways that come and go.
 * Drawn from a stream of its own, so that a seed without them is the run that it was before there were any.
 */
import { faultsOf, type QuorumRule, quorumOf } from "#core/consensus/validators";
import type { RewardTerms } from "#core/ledger/rewards";
import { type Random, randomStream } from "../../worlds/random.ts";
import type { TownFault, TownPlan } from "./plan.ts";
import { SLOT_TIMEOUT_MS } from "./timing.ts";

/** Operators that want a change of the gateways. */
export interface ChangePlan {
  /** Which change it would be, from 1. */
  number: number;
  leaves?: number;
  joins?: number;
  atMs: number;
  /** Gateways whose operators want it: a quorum of those that keep the rules, or too few. */
  by: number[];
  /** They are a quorum, and go on until it holds. */
  agreed: boolean;
  /** Said again though it was taken: a wish counts once. */
  insists: boolean;
}

export interface BankPlan {
  /** Gateways that have one. */
  banks: number[];
  capitalMicro: number;
  /** What members begin with, µc: little, so that they borrow. */
  genesisMicro: number;
  /** Of a token, of the buffer after it, of the bank's patience, and of a period of profit, slots. */
  validSlots: number;
  bufferSlots: number;
  patienceSlots: number;
  periodSlots: number;
  /** Homes that never repay by themselves. */
  slack: number[];
  /** Homes whose owner asks every bank at once, at these times, ms. */
  greedy: { home: number; atMs: number }[];
  /** A gateway that starts again has new terms. */
  changesTerms: boolean;
}

export interface TownFeatures {
  rule: QuorumRule;
  leader: "round-robin" | "proof-of-work";
  rewards?: RewardTerms;
  bank?: BankPlan;
  /** Gateways that are no members at first; their indices follow those of the members. */
  spare: number;
  changes: ChangePlan[];
  /** Gateways hand out states so often, and may keep so few turns. */
  states?: { stateTurns: number; keepTurns?: number };
  /** Some gateways are told to end where others fall: these leave a checkpoint, if they may. */
  stops?: boolean;
}

export const PLAIN: TownFeatures = {
  rule: "quorum",
  leader: "round-robin",
  spare: 0,
  changes: [],
};

/** Most of a seed's runs have one of them or none; all come together in some. */
export function withFeatures(plan: TownPlan): TownPlan {
  const random = randomStream(plan.seed, 36);
  let made: TownPlan = { ...plan };
  const [bank, rewards, work, all, changes] = [4, 5, 20, 12, 3].map((of) => random.below(of) === 0);
  if (work) made.leader = "proof-of-work";
  // Nobody hurries a search: with no time between turns the first target would hold.
  if (work && made.intervalMs === 0) made.intervalMs = 50;
  if (all) made = unanimous(made);
  if (rewards) made.rewards = rewardsOf(random);
  if (bank) made = banking(random, made);
  if (changes) made = changing(random, made);
  return made;
}

/** In one run of four gateways hand out states; half of these keep short logs. A stream of its own again. */
export function withStates(plan: TownPlan, always = false): TownPlan {
  const random = randomStream(plan.seed, 38);
  if (random.below(4) > 0 && !always) return plan;
  const stateTurns = 4 + random.below(6);
  const states = { stateTurns, ...(random.below(2) === 0 && { keepTurns: 2 * stateTurns }) };
  const liars = plan.liars.map((liar) => ({
    ...liar,
    tactics: [...liar.tactics, "false-states" as const],
  }));
  const faults = plan.faults.map((fault) => {
    const to = (["state-wanted", "state-offer", "piece"] as const)[random.below(3)];
    return fault.kind === "deaf" && random.below(3) === 0 ? { ...fault, to } : fault;
  });
  return away(random, { ...plan, states, liars, faults });
}

/** In one run of four gateways are stopped, and started again. A stream of its own again. */
export function withStops(plan: TownPlan): TownPlan {
  const random = randomStream(plan.seed, 39);
  if (random.below(4) > 0) return plan;
  const faults = plan.faults.map((fault) => {
    const stops = fault.kind === "crash" && fault.loss === "nothing" && random.below(2) === 0;
    return stops ? { ...fault, orderly: true } : fault;
  });
  const liars = new Set(plan.liars.map(({ gateway }) => gateway));
  for (let i = 1 + random.below(4); i > 0; i--) {
    const gateway = random.below(plan.gateways);
    const [atMs, steps, downMs] = [plan.troubleMs, 8, 200].map((most) => random.below(most));
    if (liars.has(gateway)) continue;
    const loss = "nothing" as const;
    faults.push({ kind: "crash", atMs, gateway, steps, downMs, loss, orderly: true });
  }
  faults.sort((a, b) => a.atMs - b.atMs);
  // They are stopped while signatures are checked: that has to take its time.
  return { ...plan, faults, stops: true, verifyMs: plan.verifyMs > 0 ? plan.verifyMs : 15 };
}

/** One gateway is away for so long that the others go on without its nodes: it has to take a state. */
function away(random: Random, plan: TownPlan): TownPlan {
  if (plan.running || random.below(4) === 0) return plan;
  const gateway = random.below(plan.gateways);
  const atMs = random.below(plan.troubleMs);
  // Its nodes are waited for, and then turns go on.
  const leastMs = 2 * SLOT_TIMEOUT_MS;
  const forMs = leastMs + random.below(leastMs);
  const crash = { kind: "crash" as const, steps: 1 + random.below(20), loss: "nothing" as const };
  const fault: TownFault =
    random.below(2) === 0
      ? { kind: "split", atMs, forMs, group: [gateway] }
      : { ...crash, atMs, gateway, downMs: forMs };
  const faults = [...plan.faults, fault].sort((a, b) => a.atMs - b.atMs);
  return { ...plan, faults, troubleMs: atMs + forMs };
}

/** Where all have to agree nobody may lie, forget, or stay away for good: everything heals. */
function unanimous(plan: TownPlan): TownPlan {
  return {
    ...plan,
    rule: "unanimous",
    liars: [],
    clocks: plan.clocks.map((clock) => (isFar(clock.skewMs) ? { skewMs: 0, driftPpm: 0 } : clock)),
    faults: plan.faults
      .filter((fault) => fault.kind !== "clock" || !isFar(fault.byMs))
      .map((fault) => (fault.kind === "crash" ? { ...fault, loss: "nothing" as const } : fault)),
  };
}

function isFar(ms: number): boolean {
  return Math.abs(ms) > 20_000;
}

function rewardsOf(random: Random): RewardTerms {
  const halveEvery = 1 + random.below(3);
  return {
    block: {
      schedule: { firstMicro: 1_000_000 + random.below(1000), halveEvery },
      everyMs: 1000 + random.below(60_000),
    },
    flow: {
      schedule: { firstMicro: 500 + random.below(5000), halveEvery: 1 + random.below(2) },
      microPerKwh: 20_000,
      transportMicroPerKwh: 50_000,
    },
    periodSlots: 1 + random.below(2),
  };
}

function banking(random: Random, plan: TownPlan): TownPlan {
  const { gateways, homes, troubleMs, running } = plan;
  const slots = plan.slots + random.below(3);
  const all = Array.from({ length: gateways }, (_, i) => i);
  const banks = random.below(2) === 0 ? all : all.filter(() => random.below(2) === 0);
  const homesOf = (share: number) =>
    Array.from({ length: homes }, (_, i) => i).filter(() => random.below(share) === 0);
  const slot = (): number => 1 + random.below(2);
  const bank: BankPlan = {
    banks: banks.length > 0 ? banks : [0],
    // Sometimes so little that a neighbour has to lend.
    capitalMicro: random.below(3) === 0 ? 1000 + random.below(60_000) : 50_000_000,
    genesisMicro: random.below(2) * random.below(40_000),
    validSlots: slot(),
    bufferSlots: slot(),
    patienceSlots: slot(),
    periodSlots: slot() + 1,
    slack: homesOf(4),
    greedy: homesOf(3).map((home) => ({ home, atMs: random.below(troubleMs) })),
    changesTerms: random.below(3) === 0,
  };
  const liars = plan.liars.map((liar) =>
    random.below(2) === 0 ? { ...liar, tactics: [...liar.tactics, "false-bank" as const] } : liar,
  );
  return { ...plan, bank, slots, liars, troubleMs: running ? troubleMs : troubleMs + 600 };
}

/** Gateways that lie, forget or have a wrong clock; a new one in the place of one that left is none. */
export function faultyOf({ liars, faults, clocks }: TownPlan): Set<number> {
  const faulty = new Set(liars.map(({ gateway }) => gateway));
  for (const fault of faults)
    if (fault.kind === "crash" && fault.loss !== "nothing") faulty.add(fault.gateway);
  clocks.forEach(({ skewMs }, i) => {
    if (isFar(skewMs)) faulty.add(i);
  });
  return faulty;
}

/** Sets of gateways that there may be, one after the other. */
export function setsOf({ gateways, changes }: TownPlan): number[][] {
  const first = Array.from({ length: gateways }, (_, i) => i);
  const sets = [first];
  const go = (set: readonly number[], number: number): void => {
    for (const { leaves, joins, ...change } of changes) {
      if (change.number !== number) continue;
      const next = set.filter((one) => one !== leaves);
      if (joins !== undefined) next.push(joins);
      sets.push(next);
      go(next, number + 1);
    }
  };
  go(first, 1);
  return sets;
}

/** Of no set that there may be more than f are faulty; where all have to agree nobody is. */
export function tolerable(plan: TownPlan): boolean {
  const faulty = faultyOf(plan);
  return setsOf(plan).every((set) => {
    const bad = set.filter((one) => faulty.has(one)).length;
    return bad <= (plan.rule === "unanimous" ? 0 : faultsOf(set.length));
  });
}

type Kind = "join" | "leave" | "replace" | "few" | "rivals" | "two" | "replace-lost";
const KINDS: readonly Kind[] = [
  "join",
  "leave",
  "replace",
  "replace",
  "replace-lost",
  "few",
  "rivals",
  "two",
];

function changing(random: Random, plan: TownPlan): TownPlan {
  for (let tries = 0; tries < 5; tries++) {
    const kind = KINDS[random.below(KINDS.length)];
    const made = changedBy(random, plan, kind);
    const counts = made.changes.every(({ by }) => by.length > 0);
    if (counts && tolerable(made)) return withLiars(random, made);
  }
  return plan;
}

function changedBy(random: Random, plan: TownPlan, kind: Kind): TownPlan {
  const { gateways, troubleMs, running } = plan;
  const spareAt = (i: number) => gateways + i;
  const anyOf = (set: readonly number[]) => set[random.below(set.length)];
  const all = Array.from({ length: gateways }, (_, i) => i);
  const honest = (set: readonly number[]) => {
    const liars = new Set(plan.liars.map(({ gateway }) => gateway));
    return set.filter((one) => !liars.has(one));
  };
  /** Enough of those that keep the rules, in any order. */
  const enough = (set: readonly number[]): number[] => {
    const able = honest(set);
    const least = quorumOf(set.length, plan.rule);
    while (able.length > least && random.below(2) === 0) able.splice(random.below(able.length), 1);
    return able;
  };
  // Who leaves is often one that does not keep the rules.
  const faulty = [...faultyOf(plan)];
  const out = faulty.length > 0 && random.below(2) === 0 ? anyOf(faulty) : anyOf(all);
  const change = (number: number, who: Pick<ChangePlan, "leaves" | "joins">, by: number[]) => {
    // So early that there is trouble, or in the midst of it.
    const atMs = random.below(running ? troubleMs >> 1 : Math.max(1, troubleMs - 100));
    const insists = random.below(3) === 0;
    // Those who are none yet, and who is none any more, are for it too.
    const strangers = [
      ...(who.joins === undefined ? [] : [who.joins]),
      ...(number > 1 ? [out] : []),
    ];
    const all = [...by, ...strangers.filter((one) => !by.includes(one) && random.below(3) === 0)];
    return { number, ...who, atMs, by: all, agreed: true, insists };
  };
  const joins = spareAt(0);
  if (kind === "join") return grown(plan, 1, [change(1, { joins }, enough(all))]);
  if (kind === "leave") return grown(plan, 0, [change(1, { leaves: out }, enough(all))]);
  if (kind === "replace") return grown(plan, 1, [change(1, { leaves: out, joins }, enough(all))]);
  if (kind === "replace-lost") return replaceLost(plan, (who) => change(1, who, enough(all)), out);
  if (kind === "few") {
    const f = plan.rule === "unanimous" ? 0 : faultsOf(gateways);
    const most = quorumOf(gateways, plan.rule) - f - 1;
    const by = honest(all).slice(0, 1 + random.below(Math.max(1, most)));
    const who = random.below(2) === 0 ? { leaves: out, joins } : { joins };
    if (most < 1) return plan;
    return grown(plan, 1, [{ ...change(1, who, by), agreed: false, insists: true }]);
  }
  const next = [...all.filter((one) => one !== out), joins];
  if (kind === "rivals") {
    const either = honest(all);
    const one = change(1, { leaves: out, joins }, either);
    const other = change(1, { joins: spareAt(1) }, either);
    return grown(plan, 2, [one, other]);
  }
  const then = random.below(2) === 0 ? { joins: spareAt(1) } : { leaves: anyOf(next) };
  const first = change(1, { leaves: out, joins }, enough(all));
  return grown(plan, 2, [first, change(2, then, enough(next))]);
}

/** A gateway's disk is gone, and a new one takes its place. */
function replaceLost(
  plan: TownPlan,
  change: (who: { leaves: number; joins: number }) => ChangePlan,
  lost: number,
): TownPlan {
  if (plan.rule === "unanimous" || plan.liars.some(({ gateway }) => gateway === lost)) return plan;
  const made = change({ leaves: lost, joins: plan.gateways });
  const by = made.by.filter((one) => one !== lost);
  const members = by.filter((one) => one < plan.gateways);
  if (members.length < quorumOf(plan.gateways)) return plan;
  const crash = {
    kind: "crash" as const,
    gateway: lost,
    atMs: made.atMs >> 1,
    steps: 3,
    downMs: 100,
    loss: "disk" as const,
  };
  const faults = [...plan.faults, crash].sort((a, b) => a.atMs - b.atMs);
  return grown({ ...plan, faults }, 1, [{ ...made, by }]);
}

function grown(plan: TownPlan, spare: number, changes: ChangePlan[]): TownPlan {
  const fresh = Array.from({ length: spare }, () => ({ skewMs: 0, driftPpm: 0 }));
  const { bank, gateways } = plan;
  // A new gateway may come with a bank.
  if (bank && spare > 0 && plan.seed % 2 === 0) bank.banks = [...bank.banks, gateways];
  return { ...plan, spare, clocks: [...plan.clocks, ...fresh], changes };
}

/** How many changes there have to be in the end. */
export function changesDue({ changes }: TownPlan): number {
  let due = 0;
  while (changes.some(({ number, agreed }) => agreed && number === due + 1)) due++;
  return due;
}

/** Liars have wishes of their own, and use the keys of gateways that left. */
function withLiars(random: Random, plan: TownPlan): TownPlan {
  const liars = plan.liars.map((liar) => {
    const more = (["false-wish", "ghost"] as const).filter(() => random.below(2) === 0);
    return { ...liar, tactics: [...liar.tactics, ...more] };
  });
  return { ...plan, liars };
}
