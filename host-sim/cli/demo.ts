// SPDX-License-Identifier: Apache-2.0
/** `wattle demo`: the main job. Gateway, broker and a fleet of nodes in one go, and a report at the end. */
import { resolve } from "node:path";
import { type Command, InvalidArgumentError } from "commander";
import { formatCoins } from "#core/units/money";
import { runDemo } from "../demo/run.ts";
import { SIM_STARTER_MICRO } from "../setup.ts";
import {
  addCreditOptions,
  addEngineOptions,
  addMarketOptions,
  addPotOption,
  addWorldOptions,
  type CreditOptions,
  depositPolicy,
  type EngineOptions,
  type MarketOptions,
  marketFrom,
  type PotOptions,
  type WorldOptions,
  whole,
  worldFrom,
} from "./options.ts";

export type DemoOptions = WorldOptions &
  MarketOptions &
  PotOptions &
  CreditOptions &
  EngineOptions & {
    speed?: number;
    slotTimeout: number;
    report: string;
    broker?: string;
    port: number;
    killGateway: number;
    gateways: number;
    gatewayFaults?: boolean;
    gatewayChanges?: boolean;
    secure?: boolean;
    json?: boolean;
  };

export function demoCommand(program: Command): void {
  const command = program
    .command("demo")
    .description("run a neighbourhood: gateway, broker and nodes on XS over MQTT, and a report")
    .option("--report <dir>", "where the report and the run's files go", "runs/demo")
    .option(
      "--speed <n>",
      "protocol seconds in one real second (1: wall time); default: as fast as it goes",
      speed,
    )
    .option(
      "--slot-timeout <s>",
      "real seconds that a slot waits for a silent node",
      whole(1, 3600),
      30,
    )
    .option("--broker <mqtt>", "use this MQTT broker instead of the embedded one")
    .option("--port <n>", "port of the embedded broker, 0 for any free one", whole(0, 65_535), 0)
    .option("--kill-gateway <n>", "kill the gateway n times at random moments", whole(0, 1000), 0)
    .option("--gateways <n>", "so many gateways that agree on one ledger", whole(1, 16), 1)
    .option("--gateway-faults", "with several: kill, stop, cut off and lose some while they trade")
    .option("--gateway-changes", "with several: one more joins while they trade, and one leaves")
    .option(
      "--secure",
      "with an authority, TLS and certificates; one member is revoked and one expires " +
        `(default: ${SECURE_SLOTS} slots)`,
    )
    .option("--json", "print the summary as JSON on standard output");
  addCreditOptions(addPotOption(addMarketOptions(addWorldOptions(command))));
  addEngineOptions(command, "xs");
  command
    .addHelpText(
      "after",
      "\nExamples:\n  npm run demo" +
        "\n  npm run demo -- --data citylearn2022 --days 7 --report runs/week" +
        "\n  npm run demo -- --speed 1 --slot-seconds 60 --days 1" +
        "\n  npm run demo -- --credit --genesis 0" +
        "\n  npm run demo -- --secure" +
        "\n\nWhile it runs, look on with (see the port that it prints):" +
        "\n  wattle monitor --url mqtt://127.0.0.1:<port> --key runs/demo/operator.key",
    )
    .action(async (options: DemoOptions) => {
      if (options.secure) prepareSecure(options);
      checkGateways(options);
      const world = worldFrom(options);
      process.exitCode = await runDemo({
        ...options,
        world,
        report: resolve(options.report),
        deposit: depositPolicy(options),
        market: marketFrom(options),
        credit: options.credit
          ? { policy: options.policy, starterCoins: formatCoins(SIM_STARTER_MICRO) }
          : undefined,
        nodeArgs: nodeArgs(options),
      });
    });
}

/** The first three quarters of a day: the sun shines when one member is revoked and when one expires. */
const SECURE_SLOTS = 72;

/** @throws Error for what several gateways do not go with */
function checkGateways({
  gateways,
  gatewayFaults,
  gatewayChanges,
  secure,
  broker,
  killGateway,
}: DemoOptions): void {
  if (gateways > 1 && (secure || broker !== undefined || killGateway > 0))
    throw new Error(
      "--gateways has brokers and faults of its own: leave out --secure, --broker and --kill-gateway",
    );
  if (gatewayFaults && gateways < 4)
    throw new Error("--gateway-faults takes --gateways 4 or more: fewer cannot lose one");
  if (gatewayChanges && (gatewayFaults || gateways < 4))
    throw new Error("--gateway-changes takes --gateways 4 or more, and no --gateway-faults");
}

/** @throws Error for what a secure demo has its own of */
function prepareSecure(options: DemoOptions): void {
  const { broker, killGateway, speed, timing, data, days, slotSeconds } = options;
  if (broker !== undefined || killGateway > 0 || speed !== undefined || timing !== "ex-post")
    throw new Error(
      "--secure has a gateway and a clock of its own: leave out --broker, --kill-gateway, --speed and --timing",
    );
  if (options.credit) throw new Error("--secure compares with a run without a bank: no --credit");
  if (data === undefined && days === undefined && slotSeconds === undefined)
    options.slots ??= SECURE_SLOTS;
}

function speed(text: string): number {
  const value = Number(text);
  if (text.trim() === "" || !(value >= 0.001 && value <= 10_000))
    throw new InvalidArgumentError("It takes a number from 0.001 to 10000.");
  return value;
}

/** The same world in the fleet's process. */
function nodeArgs(options: DemoOptions): string[] {
  const args = ["--engine", options.engine, "--crypto", options.crypto];
  args.push("--from", String(options.from), "--seed", String(options.seed));
  if (options.data !== undefined) args.push("--data", resolve(options.data));
  if (options.days !== undefined) args.push("--days", String(options.days));
  if (options.slots !== undefined) args.push("--slots", String(options.slots));
  if (options.nodes !== undefined) args.push("--nodes", String(options.nodes));
  if (options.slotSeconds !== undefined) args.push("--slot-seconds", String(options.slotSeconds));
  if (options.scenario !== undefined) args.push("--scenario", options.scenario);
  if (options.credit) args.push("--borrow", "need", "--borrow-cap", formatCoins(SIM_STARTER_MICRO));
  if (options.latitude !== undefined) args.push("--latitude", String(options.latitude));
  return args;
}
