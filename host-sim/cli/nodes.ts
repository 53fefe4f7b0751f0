// SPDX-License-Identifier: Apache-2.0
/** `wattle nodes`: a fleet of nodes against a running gateway, each with its own MQTT connection. */
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { type Command, InvalidArgumentError, Option } from "commander";
import { fromHex } from "#core/codec/bytes";
import { CREDIT_NEED, type CreditPolicy } from "#meter/config";
import type { KeyValueStore } from "#meter/ports";
import { authorityFrom, pemOf } from "#node/cli/authority-file";
import { sodiumCrypto } from "#node/crypto/sodium";
import { type Fleet, startFleet } from "../fleet/fleet.ts";
import { readPlaces } from "../fleet/places.ts";
import { fileStores, memoryStore } from "../fleet/store.ts";
import type { NodeSetup } from "../fleet/types.ts";
import { borrowing, nodeSetups, withEnrolment } from "../setup.ts";
import type { World } from "../worlds/types.ts";
import { openEngine } from "./engine.ts";
import { addEnrolmentOptions, type EnrolmentOptions } from "./enrolment.ts";
import { type GatewayFacts, readGatewayFacts } from "./gateway-facts.ts";
import {
  addEngineOptions,
  addWorldOptions,
  coins,
  type EngineOptions,
  type WorldOptions,
  worldFrom,
} from "./options.ts";
import { Progress } from "./progress.ts";

type NodesOptions = WorldOptions &
  EngineOptions &
  EnrolmentOptions & {
    url: string;
    area: string;
    ca?: string;
    gatewayKey?: Uint8Array;
    gateways?: string;
    borrow: "never" | CreditPolicy["borrow"];
    borrowCap: number;
    state?: string;
    verbose?: boolean;
  };

export function nodesCommand(program: Command): void {
  const command = program
    .command("nodes")
    .description("run a fleet of nodes against a running gateway")
    .requiredOption("--url <mqtt>", "the gateway's broker, e.g. mqtt://127.0.0.1:1883")
    .option("--area <name>", "the gateway's area", "street")
    .option("--ca <file>", "PEM or DER: the authority that the mqtts broker's certificate is of")
    .option("--gateway-key <hex>", "trust this gateway only (default: the one that answers)", key)
    .addOption(
      new Option("--borrow <when>", "from the gateway's bank: when short of coins, or always")
        .choices(["never", "need", "always"])
        .default("never"),
    )
    .addOption(
      new Option("--borrow-cap <coins>", "most in one loan")
        .argParser(coins)
        .default(CREDIT_NEED.capMicro, "5"),
    )
    .option("--gateways <file>", "JSON list of {url, area, gatewayKey}: gateways of one ledger")
    .option("--state <dir>", "keep what the nodes must not forget in this folder")
    .option("--verbose", "print what the nodes log");
  addEngineOptions(addWorldOptions(addEnrolmentOptions(command, true)), "xs");
  command
    .addHelpText(
      "after",
      "\nExamples:\n  wattle nodes --url mqtt://127.0.0.1:1883 --area street --nodes 5 --days 1" +
        "\n  wattle nodes --url mqtt://127.0.0.1:1883 --authority identity/authority.cbor --meter M",
    )
    .action(async (options: NodesOptions) => {
      process.exitCode = await runNodes(options);
    });
}

export function key(text: string): Uint8Array {
  const bytes = fromHex(text);
  if (bytes?.length !== 32)
    throw new InvalidArgumentError("It takes an Ed25519 public key: 64 hex digits.");
  return bytes;
}

/** What `--ca` names, as PEM. */
export function authorityPem(path: string | undefined): string | undefined {
  return path === undefined ? undefined : pemOf(authorityFrom(path));
}

async function runNodes(options: NodesOptions): Promise<number> {
  const progress = new Progress();
  const world = worldFrom(options);
  const ca = authorityPem(options.ca);
  progress.say(`looking for the gateway of area ${options.area} at ${options.url}`);
  const facts = await readGatewayFacts(options.url, options.area, ca);
  warnAbout(facts, world.slotSeconds, options.gatewayKey !== undefined, progress);
  const setups = setupsFrom(options, world, facts);
  for (const { config } of setups)
    if (config.enrolment) progress.say(`${config.name}: claim code ${config.enrolment.claim}`);
  const stores = openStores(options.state);
  const engine = await openEngine(options, progress);
  const fleet = await startFleet({
    engine,
    setups,
    world,
    worldStartMs: facts.worldStartMs,
    mqttUrl: options.url,
    places: options.gateways === undefined ? undefined : readPlaces(options.gateways),
    ca,
    storeFor: (index) => stores.of(index),
    log: (level, event, more) => {
      if (options.verbose || level === "error")
        progress.say(`${level} ${event} ${JSON.stringify(more ?? {})}`);
    },
    onFailed: (index, reason) =>
      progress.say(`node ${setups[index].config.name} failed: ${reason}`),
  });
  progress.say(`${setups.length} nodes on ${engine.version} are connected; Ctrl-C ends them`);
  process.send?.({ type: "connected", nodes: setups.length });
  return untilTold(fleet, () => stores.close());
}

function setupsFrom(options: NodesOptions, world: World, facts: GatewayFacts): NodeSetup[] {
  const crypto = sodiumCrypto();
  const key = options.gatewayKey ?? facts.publicKey;
  const names = { net: facts.net, area: options.area };
  const plain = nodeSetups(crypto, world, options.seed, key, names);
  const { borrow, borrowCap: capMicro } = options;
  const setups =
    borrow === "never" ? plain : borrowing(plain, { ...CREDIT_NEED, borrow, capMicro });
  return setups.map((setup) => ({
    ...setup,
    config: withEnrolment(crypto, setup.config, world.slotSeconds, options, setup.home + 1),
  }));
}

/** Does what the demo that started this process asks of one node. */
async function doAsked(fleet: Fleet, message: { type?: string; index?: number }): Promise<void> {
  const { type, index } = message;
  if (index === undefined || (type !== "restart" && type !== "look")) return;
  const shown = type === "look" ? await fleet.look(index) : void (await fleet.restart(index));
  process.send?.({ type: `${type}-done`, index, shown });
}

/** Until Ctrl-C, or until the demo that started this process asks for the summary. */
function untilTold(fleet: Fleet, closeStores: () => void): Promise<number> {
  return new Promise((resolve) => {
    let ending = false;
    const end = async () => {
      if (ending) return;
      ending = true;
      const summary = await fleet.summary();
      await fleet.close();
      closeStores();
      if (process.send) process.send({ type: "summary", summary }, () => process.disconnect());
      resolve(summary.failed.length > 0 ? 1 : 0);
    };
    process.once("SIGINT", () => void end());
    process.once("SIGTERM", () => void end());
    process.on("message", (message) => {
      if ((message as { type?: string }).type === "finish") void end();
      else void doAsked(fleet, message as { type?: string; index?: number });
    });
    process.on("disconnect", () => void end()); // whoever started us is gone
  });
}

interface Stores {
  of(index: number): KeyValueStore;
  close(): void;
}

/** In memory, or in one file of the folder `dir`. */
function openStores(dir: string | undefined): Stores {
  if (dir === undefined) {
    const kept = new Map<number, KeyValueStore>();
    const of = (index: number) => {
      const store = kept.get(index) ?? memoryStore();
      kept.set(index, store);
      return store;
    };
    return { of, close: () => {} };
  }
  mkdirSync(dir, { recursive: true });
  const files = fileStores(join(dir, "nodes.db"));
  return { of: (index: number) => files.of(String(index)), close: () => files.close() };
}

function warnAbout(
  facts: GatewayFacts,
  slotSeconds: number,
  keyGiven: boolean,
  progress: Progress,
): void {
  if (!keyGiven)
    progress.say("trusting the gateway that answers; --gateway-key pins the one you mean");
  if (facts.slotSeconds !== slotSeconds)
    throw new Error(
      `the data has slots of ${slotSeconds} s, the gateway of ${facts.slotSeconds} s: ` +
        `give --slot-seconds ${facts.slotSeconds} (without --data), ` +
        "or set slotSeconds in the gateway's config",
    );
}
