// SPDX-License-Identifier: Apache-2.0
/** Options that several commands share, parsed strictly: a bad value names the option and what it takes. */
import { type Command, InvalidArgumentError, Option } from "commander";
import { LENDING_POLICIES } from "#core/records/bank";
import { parseCoins } from "#core/units/money";
import type { PolicyName } from "#gateway/credit/terms";
import type { GatewayOptions } from "#gateway/options";
import { CREDIT_NEED, type CreditPolicy } from "#meter/config";
import type { NodeCrypto } from "../fleet/types.ts";
import { SCENARIO_NAMES, scenarioWorld } from "../scenarios/index.ts";
import { bankOf, SIM_STARTER_MICRO } from "../setup.ts";
import { loadWorld } from "../worlds/load.ts";
import type { World } from "../worlds/types.ts";
import { firstSlots } from "../worlds/window.ts";

/** Where the households come from. */
export interface WorldOptions {
  data?: string;
  from: number;
  days?: number;
  slots?: number;
  nodes?: number;
  seed: number;
  slotSeconds?: number;
  latitude?: number;
  scenario?: string;
}

export interface MarketOptions {
  timing: GatewayOptions["market"]["timing"];
  market: GatewayOptions["market"]["mode"];
  pricing: GatewayOptions["market"]["pricing"];
  genesis: number;
  deposit: boolean;
}

export interface CreditOptions {
  credit?: boolean;
  policy: PolicyName;
}

/** Commander's way with `--no-…`: true where nothing is said. */
export interface PotOptions {
  proofOfTime: boolean;
}

export interface EngineOptions {
  engine: "xs" | "v8";
  crypto: NodeCrypto;
}

/** Homes, days and slot of the synthetic neighbourhood where no data is given. */
const SYNTHETIC = Object.freeze({ homes: 12, days: 1, slotSeconds: 900 });

/** A parser for whole numbers in a range, for commander. */
export function whole(min: number, max: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (!/^\d+$/.test(text) || value < min || value > max)
      throw new InvalidArgumentError(`It takes a whole number from ${min} to ${max}.`);
    return value;
  };
}

export function coins(text: string): number {
  const micro = parseCoins(text);
  if (micro === undefined)
    throw new InvalidArgumentError(
      "It takes coins as a decimal with at most six places, e.g. 12.5.",
    );
  return micro;
}

function degrees(text: string): number {
  const value = Number(text);
  if (text.trim() === "" || !(value >= -90 && value <= 90))
    throw new InvalidArgumentError("It takes degrees from -90 to 90.");
  return value;
}

export function addPotOption(command: Command): Command {
  return command.option(
    "--no-proof-of-time",
    "without witnesses and votes, to compare with: the gateway's word is enough",
  );
}

export function addWorldOptions(command: Command): Command {
  return command
    .option("--data <path>", "households: a CityLearn 2022 folder or a CSV (see docs/data.md)")
    .option("--from <days>", "skip this many days of the data", whole(0, 100_000), 0)
    .option(
      "--days <days>",
      "how many days to run (default: all of the data, or 1)",
      whole(1, 3660),
    )
    .option("--slots <n>", "run no more than this many market slots", whole(1, 1_000_000))
    .option("--nodes <n>", "how many homes; more than the data has repeats them", whole(2, 4096))
    .option("--seed <n>", "everything random follows from it", whole(0, 0xffffffff), 1)
    .option("--slot-seconds <s>", "length of a market slot without --data", whole(1, 86_400))
    .option("--latitude <deg>", "where the synthetic neighbourhood lies", degrees)
    .addOption(
      new Option("--scenario <name>", "a scenario of the papers (docs/scenarios.md)")
        .choices(SCENARIO_NAMES)
        .conflicts(["data", "nodes", "latitude"]),
    );
}

export function addMarketOptions(command: Command): Command {
  const choice = (flags: string, text: string, values: string[]) =>
    new Option(flags, text).choices(values).default(values[0]);
  return command
    .addOption(
      choice("--timing <t>", "ex-post: metered net; ex-ante: forecasts", ["ex-post", "ex-ante"]),
    )
    .addOption(
      choice("--market <m>", "guided: sellers answer the gateway's demand and price guidance", [
        "auction",
        "guided",
      ]),
    )
    .addOption(choice("--pricing <p>", "how matched orders are priced", ["uniform", "pay-as-bid"]))
    .addOption(
      new Option("--genesis <coins>", "what each node starts with")
        .argParser(coins)
        .default(100_000_000, "100"),
    )
    .option("--no-deposit", "no automatic top-up of accounts through the operator's on-ramp");
}

export function addCreditOptions(command: Command): Command {
  return command
    .option("--credit", "the gateway has a bank, and nodes that are short of coins borrow")
    .addOption(
      new Option("--policy <p>", "whom the bank lends to (docs/credit.md)")
        .choices([...LENDING_POLICIES].reverse())
        .default("meter-backed"),
    );
}

/** What a run's credit comes to; undefined: without a bank, nothing is borrowed. */
export function creditFrom(
  options: CreditOptions,
  world: World,
): { bank: NonNullable<GatewayOptions["credit"]>; node: CreditPolicy } | undefined {
  if (!options.credit) return undefined;
  return {
    bank: bankOf(world, options.policy),
    node: { ...CREDIT_NEED, capMicro: SIM_STARTER_MICRO },
  };
}

export function addEngineOptions(command: Command, engine: "xs" | "v8"): Command {
  return command
    .addOption(
      new Option("--engine <e>", "JavaScript engine of the nodes")
        .choices(["xs", "v8"])
        .default(engine),
    )
    .addOption(
      new Option("--crypto <c>", "native: as a board with C crypto; noble: JavaScript on the node")
        .choices(["native", "noble"])
        .default("native"),
    );
}

/** The world that the options describe. Throws DataError with cause and cure. */
export function worldFrom(options: WorldOptions): World {
  const { data, from, days, nodes, seed, slotSeconds, latitude, slots, scenario } = options;
  if (scenario !== undefined) {
    const world = scenarioWorld(scenario, { days, seed, slotSeconds });
    return slots === undefined ? world : firstSlots(world, slots);
  }
  const world =
    data !== undefined
      ? loadWorld({ data, from, days, nodes, seed })
      : loadWorld({
          from,
          days: days ?? SYNTHETIC.days,
          nodes: nodes ?? SYNTHETIC.homes,
          seed,
          slotSeconds: slotSeconds ?? SYNTHETIC.slotSeconds,
          latitude,
        });
  return slots === undefined ? world : firstSlots(world, slots);
}

/**
 * An account below a fifth of what it started with (at least 20 coins) is topped up to that (at
 * least 100).
 */
export function depositPolicy(
  options: MarketOptions & Partial<CreditOptions>,
): GatewayOptions["deposit"] {
  if (!options.deposit || options.credit) return undefined; // coins are borrowed, not given
  return {
    belowMicro: Math.max(20_000_000, Math.floor(options.genesis / 5)),
    toMicro: Math.max(100_000_000, options.genesis),
  };
}

export function marketFrom(options: MarketOptions): GatewayOptions["market"] {
  const { timing, market: mode, pricing } = options;
  return { timing, mode, pricing, kPermille: 500 };
}
