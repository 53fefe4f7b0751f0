// SPDX-License-Identifier: Apache-2.0
/** `wattle meter`: one meter with a simulated house, driven and watched by JSON lines. */
import { randomBytes, randomInt } from "node:crypto";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { type Command, InvalidArgumentError } from "commander";
import { NAME_CHARS_MAX, WALLETS_DEFAULT } from "#core/limits";
import { DEFAULT_POLICY, type NodeConfig } from "#meter/config";
import type { KeyValueStore } from "#meter/ports";
import { loadKey } from "#node/config/key-file";
import { sodiumCrypto } from "#node/crypto/sodium";
import { fileStores, memoryStore } from "../fleet/store.ts";
import { HeadlessMeter } from "../panel/headless.ts";
import { Lines } from "../panel/lines.ts";
import { POWER_W_MAX } from "../panel/protocol.ts";
import { withEnrolment } from "../setup.ts";
import { openEngine } from "./engine.ts";
import { addEnrolmentOptions, type EnrolmentOptions } from "./enrolment.ts";
import { type GatewayFacts, readGatewayFacts } from "./gateway-facts.ts";
import { authorityPem, key } from "./nodes.ts";
import { addEngineOptions, type EngineOptions } from "./options.ts";
import { Progress } from "./progress.ts";

type MeterOptions = EngineOptions &
  EnrolmentOptions & {
    url: string;
    area: string;
    ca?: string;
    name: string;
    gatewayKey?: Uint8Array;
    store?: string;
    verbose?: boolean;
  };

/** The most of a house, and a quarter more: boundaries are read a little late, and the next one is not. */
const CAPACITY_W = POWER_W_MAX * 1.25;

export function meterCommand(program: Command): void {
  const command = program
    .command("meter")
    .description("run one meter with a simulated house: JSON lines in, its state as JSON lines out")
    .requiredOption("--url <mqtt>", "the gateway's broker, e.g. mqtt://127.0.0.1:1883")
    .option("--area <name>", "the gateway's area", "street")
    .option("--ca <file>", "PEM or DER: the authority that the mqtts broker's certificate is of")
    .option("--name <name>", "the meter's name, unique in the area", name, "meter-1")
    .option("--gateway-key <hex>", "trust this gateway only (default: the one that answers)", key)
    .option("--store <dir>", "keep key, flash and chip in this folder, and go on from there")
    .option("--verbose", "print what the node logs on standard error");
  addEngineOptions(addEnrolmentOptions(command, false), "xs");
  command
    .addHelpText(
      "after",
      "\nA line on standard input is one of" +
        '\n  {"set":{"loadW":3000,"pvW":0,"line":true}}   what the house takes and gives, its switch' +
        '\n  {"press":"power-cut"}                        the machine dies and starts again' +
        '\n  {"press":"clock-step","byMs":3600000}        its time of day is wrong by that much more' +
        '\n  {"press":"meter-fault","fault":"silent","forMs":60000}   or "garbled"' +
        '\n  {"ask":"state"}' +
        "\nIts state comes out once a second and after each line. It ends with its input." +
        "\nOne that asks for a certificate shows its claim code in its state until it has one.\n" +
        "\nExamples:\n  wattle meter --url mqtt://127.0.0.1:1883 --store runs/meter-1" +
        '\n  (echo \'{"set":{"pvW":5000}}\'; sleep 3600) | wattle meter --url mqtt://127.0.0.1:1883' +
        " --name roof | jq -c '.state | {role, exportKwh, trade}'",
    )
    .action(async (options: MeterOptions) => {
      process.exitCode = await runMeter(options);
    });
}

function name(text: string): string {
  if (!/^[A-Za-z0-9._-]+$/.test(text) || text.length > NAME_CHARS_MAX)
    throw new InvalidArgumentError(
      `It takes 1 to ${NAME_CHARS_MAX} of the characters A-Z a-z 0-9 . _ -`,
    );
  return text;
}

async function runMeter(options: MeterOptions): Promise<number> {
  const progress = new Progress();
  const { url, area } = options;
  const ca = authorityPem(options.ca);
  progress.say(`looking for the gateway of area ${area} at ${url}`);
  const facts = await readGatewayFacts(url, area, ca);
  if (!options.gatewayKey)
    progress.say("trusting the gateway that answers; --gateway-key pins the one you mean");
  const kept = openKept(options.store);
  const engine = await openEngine(options, progress);
  const failed = Promise.withResolvers<number>();
  const meter = new HeadlessMeter({
    engine,
    config: configOf(options, facts, kept.secretKey),
    seed: randomInt(2 ** 32),
    mqttUrl: url,
    ca,
    flash: kept.flash,
    chip: kept.chip,
    tell: (line) => void process.stdout.write(`${line}\n`),
    log: (level, event, more) => {
      if (options.verbose || level === "error")
        progress.say(`${level} ${event} ${JSON.stringify(more ?? {})}`);
    },
    onFailed: (reason) => {
      progress.say(`the node died: ${reason}`);
      failed.resolve(1);
    },
  });
  try {
    await meter.start();
    progress.say(`meter ${options.name} on ${engine.version} runs; Ctrl-D ends it`);
    return await Promise.race([failed.promise, untilTold(meter)]);
  } finally {
    await meter.close();
    await engine.close();
    kept.close();
  }
}

/** Until the input ends, Ctrl-C, or the reader of the states is gone. */
function untilTold(meter: HeadlessMeter): Promise<number> {
  const lines = new Lines();
  const ended = Promise.withResolvers<number>();
  let last = Promise.resolve();
  const say = (texts: string[]) => {
    for (const text of texts) last = meter.line(text);
  };
  process.stdin.setEncoding("utf8").on("data", (chunk: string) => say(lines.take(chunk)));
  process.stdin.once("end", () => {
    say(lines.end());
    void last.then(() => ended.resolve(0));
  });
  process.once("SIGINT", () => ended.resolve(0));
  process.once("SIGTERM", () => ended.resolve(0));
  process.stdout.once("error", () => ended.resolve(0));
  return ended.promise.finally(() => process.stdin.destroy());
}

function configOf(options: MeterOptions, facts: GatewayFacts, secretKey: Uint8Array): NodeConfig {
  const config: NodeConfig = {
    net: facts.net,
    area: options.area,
    name: options.name,
    secretKey,
    gatewayKey: options.gatewayKey ?? facts.publicKey,
    capacityWh: Math.ceil((CAPACITY_W * facts.slotSeconds) / 3600),
    wallets: WALLETS_DEFAULT,
    policy: DEFAULT_POLICY,
  };
  return withEnrolment(sodiumCrypto(), config, facts.slotSeconds, options);
}

interface Kept {
  secretKey: Uint8Array;
  flash: KeyValueStore;
  chip: KeyValueStore;
  close(): void;
}

function openKept(dir: string | undefined): Kept {
  if (dir === undefined) {
    const secretKey = Uint8Array.from(randomBytes(32));
    return { secretKey, flash: memoryStore(), chip: memoryStore(), close: () => {} };
  }
  mkdirSync(dir, { recursive: true });
  const { secretKey } = loadKey(join(dir, "meter.key"), true);
  const files = fileStores(join(dir, "meter.db"));
  return {
    secretKey,
    flash: files.of("flash"),
    chip: files.of("chip"),
    close: () => files.close(),
  };
}
