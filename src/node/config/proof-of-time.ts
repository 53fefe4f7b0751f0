// SPDX-License-Identifier: Apache-2.0
/** `proofOfTime` of the gateway's configuration: its defaults, and what its numbers say about each other. */
import { TOKENS_MAX } from "#core/limits";
import { DEFAULT_EPSILON_MS, DEFAULT_TAU_MS } from "#core/pot/params";
import { DAY_MS, SECOND_MS } from "#core/units/time";
import type { GatewayOptions } from "#gateway/options";
import type { ConfigProblem } from "./config-error.ts";
import type { Help, ParsedConfig } from "./config-schema.ts";

export interface ProofOfTime {
  epochMs: number;
  /** Undefined: the number of members chooses. */
  committee: { k: number; m: number } | undefined;
  /** Protocol ms. */
  epsilonMs: number;
  tauMs: number;
}

/** A leap year: whoever is away for longer than an epoch is no member of the next one. */
export const EPOCH_HOURS_MAX = 8784;

export const PROOF_OF_TIME_HELP: Readonly<Record<string, Help>> = {
  proofOfTime: {
    allowed: "true, false or {epochHours, witnesses, tokens, epsilonSeconds, tauSeconds}",
    cure: "Leave it out: members witness when a transaction was made; false does without them",
  },
  "proofOfTime.epochHours": {
    allowed: `0.001 to ${EPOCH_HOURS_MAX} hours, whole milliseconds`,
    cure: "Say how long the same members witness; 24 is a day",
  },
  "proofOfTime.witnesses": {
    allowed: `a whole number, 1 to ${TOKENS_MAX}`,
    cure: "Leave it out with tokens: the number of members chooses both",
  },
  "proofOfTime.tokens": {
    allowed: `a whole number, 1 to ${TOKENS_MAX}`,
    cure: "Say how many of the witnesses have to sign; 5 of 7, or 10 of 15",
  },
  "proofOfTime.epsilonSeconds": {
    allowed: "0.001 to 86400 seconds, at most three decimals",
    cure: "Leave it out for 2 s of real time in the clock's seconds, or less where slots or timeouts are short",
  },
  "proofOfTime.tauSeconds": {
    allowed: "0.001 to 86400 seconds, at most three decimals",
    cure: "Leave it out for 5 x epsilonSeconds",
  },
};

/** A body that found too few witnesses waits for ε; its slot has to be long enough for another try. */
const EPSILONS_PER_SLOT = 4;
/** Who finds no witnesses is not given up before the gateway stands in, after three tries of 2.5 ε. */
const EPSILONS_PER_TIMEOUT = 10;
/** τ is five times ε (ledger 4.4). */
const EPSILONS_PER_TAU = DEFAULT_TAU_MS / DEFAULT_EPSILON_MS;

type Given = Exclude<ParsedConfig["proofOfTime"], boolean>;
type Timed = Pick<ParsedConfig, "proofOfTime" | "clock" | "slotSeconds" | "slotTimeoutSeconds">;

export function proofOfTimeOf(parsed: Timed): ProofOfTime | undefined {
  const given = givenOf(parsed);
  if (!given) return undefined;
  const { epochHours = DAY_MS, witnesses: k, tokens: m } = given;
  const epsilonMs = epsilonOf(parsed);
  return {
    epochMs: epochHours,
    committee: k === undefined || m === undefined ? undefined : { k, m },
    epsilonMs,
    tauMs: given.tauSeconds ?? Math.min(DAY_MS, EPSILONS_PER_TAU * epsilonMs),
  };
}

/** What the gateway application is given. */
export function potOf(config: ProofOfTime, slotMs: number): NonNullable<GatewayOptions["pot"]> {
  const { epochMs, committee, epsilonMs, tauMs } = config;
  const epochSlots = Math.max(1, Math.floor(epochMs / slotMs));
  return { epochSlots, ...(committee && { committee }), epsilonMs, tauMs };
}

export function checkProofOfTime(parsed: Timed): ConfigProblem[] {
  const problems: ConfigProblem[] = [];
  const say = (key: string, found: string, allowed: string, cure: string) =>
    void problems.push({ path: `proofOfTime.${key}`, found, allowed, cure });
  const given = givenOf(parsed);
  const settled = proofOfTimeOf(parsed);
  if (!given || !settled) return problems;
  const { witnesses: k, tokens: m } = given;
  if ((k === undefined) !== (m === undefined)) {
    const [there, other] = k === undefined ? ["tokens", "witnesses"] : ["witnesses", "tokens"];
    say(there, `no ${other}`, "both or neither", `Add ${other}, or leave both out`);
  } else if (k !== undefined && m !== undefined && (m > k || 2 * m <= k)) {
    // Two sets of tokens have to share a witness.
    const allowed = `more than half of the ${k} witnesses, and at most all`;
    say("tokens", String(m), allowed, "Give for example 5 of 7");
  }
  const { epsilonMs, tauMs } = settled;
  const mostMs = Math.floor(parsed.slotSeconds / EPSILONS_PER_SLOT);
  const s = (ms: number) => `${ms / SECOND_MS} s`;
  if (epsilonMs > mostMs) {
    const allowed = `at most ${s(mostMs)}, a quarter of the slot`;
    say("epsilonSeconds", s(epsilonMs), allowed, "Lower it or raise slotSeconds");
  }
  if (tauMs < epsilonMs) {
    const allowed = `at least ${s(epsilonMs)}, as epsilonSeconds`;
    say("tauSeconds", s(tauMs), allowed, "Raise tauSeconds or lower epsilonSeconds");
  }
  return problems;
}

/** What stands in the file; undefined where there is to be no proof-of-time. */
function givenOf({ proofOfTime }: Timed): Partial<Given> | undefined {
  if (proofOfTime === false) return undefined;
  return proofOfTime === true ? {} : proofOfTime;
}

/**
 * What messages take is real time: a fast clock needs more of its own. Under the barrier clock the gateway's
 * token stands in after 7.5 ε of real time, within the patience with a silent node.
 */
function epsilonOf(parsed: Timed): number {
  const epsilonMs = givenOf(parsed)?.epsilonSeconds;
  if (epsilonMs !== undefined) return epsilonMs;
  const { clock, slotSeconds: slotMs, slotTimeoutSeconds: timeoutMs } = parsed;
  const mostMs =
    clock === "barrier"
      ? Math.min(DEFAULT_EPSILON_MS, Math.floor(timeoutMs / EPSILONS_PER_TIMEOUT))
      : Math.ceil((DEFAULT_EPSILON_MS * clock.speed) / 1000);
  return Math.max(1, Math.min(mostMs, Math.floor(slotMs / EPSILONS_PER_SLOT)));
}
