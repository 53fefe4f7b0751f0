// SPDX-License-Identifier: Apache-2.0
/** `wattle gateway`: runs a gateway until it is stopped or finished, and says what it is doing. */
import { renameSync, writeFileSync, writeSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { toHex } from "#core/codec/bytes";
import { formatCoins } from "#core/units/money";
import { isoTime } from "#core/units/time";
import { type GatewayConfig, loadGatewayConfig } from "../config/gateway-config.ts";
import { OPERATOR_KEY_FILE } from "../config/operator-key.ts";
import { renderGatewayConfig } from "../config/render-config.ts";
import { type GatewayProcess, startGatewayProcess } from "../gateway-process.ts";
import { EXIT_FATAL, explainFailure } from "../process/failure.ts";
import type { SlotFacts } from "../process/slot-facts.ts";

export interface GatewayCommandOptions {
  /** Path of the configuration file. */
  config: string;
  /** `key=value` with dotted keys, over what the file says. */
  set?: readonly string[];
  /** Folder with signed firmware, over what the file says. */
  firmware?: string;
  /** Folder with broker.pem and broker.key; or the two by path. Over what the file says. */
  tls?: string;
  tlsCert?: string;
  tlsKey?: string;
  /** Serve GET /metrics on this port of 127.0.0.1. */
  metricsPort?: number;
  /** End, with code 0, when all slots are settled. */
  exitWhenFinished?: boolean;
  /** File for `{port, gatewayKey, pid}` once the gateway takes nodes; written in one step. */
  readyFile?: string;
  /** Print the whole configuration with its defaults, and end. */
  printConfig?: boolean;
  /** Say nothing but errors. */
  quiet?: boolean;
  /** Where a terminal is not watching: slots between two lines of progress. Default 96. */
  progressEvery?: number;
}

/** A gateway of a consortium that has finished stays for so long, ms: longer than a round. */
const LINGER_MS = 5_000;
/** When all is closed the process ends by itself; what holds it longer than this is left behind, ms. */
const END_MS = 1_000;

/** Runs the command; the answer is the exit code, and the process ends with it soon. */
export async function gatewayCommand(options: GatewayCommandOptions): Promise<number> {
  const code = await runCommand(options);
  if (!options.printConfig) setTimeout(() => process.exit(code), END_MS).unref();
  return code;
}

async function runCommand(options: GatewayCommandOptions): Promise<number> {
  let config: GatewayConfig | undefined;
  try {
    config = loadGatewayConfig(options.config, [...(options.set ?? []), ...flagSets(options)]);
    if (options.printConfig) {
      process.stdout.write(renderGatewayConfig(config));
      return 0;
    }
    if (options.quiet) config = { ...config, logLevel: "error" };
    return await runGateway(config, options);
  } catch (error) {
    const { message, exitCode } = explainFailure(error, config?.store ?? "");
    process.stderr.write(`wattle gateway: ${message}\n`);
    return exitCode;
  }
}

/** What flags say, as `--set` would. */
function flagSets({ firmware, tls, tlsCert, tlsKey }: GatewayCommandOptions): string[] {
  const sets: string[] = [];
  const path = (key: string, value: string | undefined) =>
    value !== undefined && sets.push(`${key}=${JSON.stringify(resolve(value))}`);
  path("firmware.folder", firmware);
  path("listen.tls.cert", tlsCert ?? (tls && join(tls, "broker.pem")));
  path("listen.tls.key", tlsKey ?? (tls && join(tls, "broker.key")));
  return sets;
}

async function runGateway(config: GatewayConfig, options: GatewayCommandOptions): Promise<number> {
  const ended = Promise.withResolvers<number>();
  const say = (line: string) => void (options.quiet || process.stdout.write(`${line}\n`));
  const progress = progressOf(config, options, say);
  const gateway = await startGatewayProcess(config, {
    metricsPort: options.metricsPort,
    onSlot: progress,
    onFinished: () => {
      say(`finished: all ${config.slots} slots are settled`);
      // Others of a consortium may still need this one's votes for the last turns.
      const lingerMs = config.consortium ? LINGER_MS : 0;
      if (options.exitWhenFinished) setTimeout(() => ended.resolve(0), lingerMs);
    },
    onFatal: ({ message, exitCode }) => {
      process.stderr.write(`wattle gateway: ${message}\n`);
      ended.resolve(exitCode);
    },
  });
  const stop = (signal: string) => {
    say(`${signal}: stopping`);
    ended.resolve(0);
  };
  const backup = () => {
    const path = `${config.store}.backup`;
    gateway.backup(path).then(
      (entries) => say(`backup of ${entries} entries in ${path}`),
      (error) => process.stderr.write(`wattle gateway: backup: ${error.message}\n`),
    );
  };
  const look = () => gateway.look();
  // What nobody caught is a bug: the state is unknown, so nothing more is said.
  const crash = (error: unknown) => {
    const { message } = explainFailure(error, config.store);
    process.stderr.write(`wattle gateway: ${message}\n`);
    if (error instanceof Error) process.stderr.write(`${error.stack}\n`);
    process.exit(EXIT_FATAL);
  };
  process.on("SIGINT", stop).on("SIGTERM", stop).on("SIGUSR2", backup);
  process.on("SIGHUP", look);
  process.on("uncaughtException", crash).on("unhandledRejection", crash);
  try {
    for (const line of greeting(config, gateway)) say(line);
    sayReady(gateway, options);
    const code = await ended.promise;
    await gateway.stop();
    return code;
  } finally {
    process.off("SIGINT", stop).off("SIGTERM", stop).off("SIGUSR2", backup).off("SIGHUP", look);
    process.off("uncaughtException", crash).off("unhandledRejection", crash);
  }
}

/** The folder, and whose certificates count. */
function identityText(folder: string, { gateway }: GatewayProcess): string {
  const { authority } = gateway.area.registry;
  if (!authority) return `${folder} (no authority yet: put authority.cbor there)`;
  return `${folder} (authority ${authority.name}, key ${toHex(authority.anchorKey)})`;
}

function greeting(config: GatewayConfig, running: GatewayProcess): string[] {
  const { bus, market, clock, retail } = config;
  const { area } = running.gateway;
  const url = bus.kind === "broker" ? bus.url.replace(/\/\/[^/@]*@/, "//") : "";
  const scheme = tlsOf(config) ? "mqtts" : "mqtt";
  const where =
    bus.kind === "listen"
      ? `listening on ${scheme}://${bus.host}:${running.port}, ${accessText(config)}`
      : `client of ${url}`;
  const replayed = area.chain.head
    ? `${area.settledSlots} slots settled, block ${area.chain.head.header.height}`
    : `new, waiting for ${config.expectNodes} node${config.expectNodes === 1 ? "" : "s"}`;
  const speed =
    clock.kind === "barrier"
      ? `barrier (waits ${config.slotTimeoutMs / 1000} s for a silent node)`
      : `${clock.ratePermille / 1000} x real time`;
  const coins = (micro: number) => formatCoins(micro).replace(/0{1,4}$/, "");
  const prices = retail.kind === "fixed" ? coins(retail.micro) : `from ${retail.file}`;
  return [
    `wattle gateway: net ${config.net}, area ${config.area}, key ${running.gatewayKey}`,
    `  broker  ${where}`,
    `  store   ${config.store} (${replayed})`,
    `  slots   ${config.slots ?? "until stopped"}, ${config.slotMs / 1000} s each, ` +
      `from ${isoTime(running.worldStartMs)}`,
    `  clock   ${speed}`,
    ...consortiumText(config),
    `  market  ${market.timing} ${market.mode}, ${market.pricing} price, ` +
      `k = ${market.kPermille}/1000`,
    `  grid    feed-in ${coins(config.feedInMicro)}, retail ${prices} a kWh`,
    ...(config.identity ? [`  identity ${identityText(config.identity.folder, running)}`] : []),
    ...(config.firmware ? [`  firmware ${firmwareText(config.firmware.folder, running)}`] : []),
    ...(running.metricsPort === undefined
      ? []
      : [`  metrics http://127.0.0.1:${running.metricsPort}/metrics`]),
  ];
}

function consortiumText({ consortium, area }: GatewayConfig): string[] {
  if (!consortium) return [];
  const { gateways, rule, leader, intervalMs } = consortium;
  const others = gateways.filter((one) => one.area !== area).map((one) => one.area);
  return [
    `  others  ${others.join(", ") || "none"}; ${rule}, ${leader}, a turn every ${intervalMs} ms`,
  ];
}

function tlsOf({ bus }: GatewayConfig): boolean {
  return bus.kind === "listen" && bus.tls !== undefined;
}

function accessText({ access, operators, keyFile }: GatewayConfig): string {
  if (access === "claims") return "clients are who they say (access: claims)";
  const file = join(dirname(keyFile), OPERATOR_KEY_FILE);
  return operators ? `${operators.length} operators' keys` : `operator's key ${file}`;
}

function firmwareText(folder: string, { gateway }: GatewayProcess): string {
  const versions = [...gateway.updates.versions()].map(([board, version]) => `${board} ${version}`);
  return `${folder} (${versions.join(", ") || "nothing to announce"})`;
}

/** For whoever started this process: where it can be reached, once it can be. */
function sayReady(gateway: GatewayProcess, { readyFile }: GatewayCommandOptions): void {
  const { port, gatewayKey } = gateway;
  const text = `${JSON.stringify({ port, gatewayKey, pid: process.pid })}\n`;
  const fd = Number(process.env.WATTLE_READY_FD);
  if (Number.isInteger(fd) && fd > 0) writeSync(fd, text);
  if (readyFile === undefined) return;
  const half = `${readyFile}.${process.pid}`;
  writeFileSync(half, text);
  renameSync(half, readyFile);
}

function progressOf(
  config: GatewayConfig,
  { progressEvery = 96 }: GatewayCommandOptions,
  say: (line: string) => void,
): (slot: SlotFacts) => void {
  const every = process.stdout.isTTY ? 1 : progressEvery;
  let tradedWh = 0;
  return (facts) => {
    tradedWh += facts.tradedWh;
    const { slot, start, contracts, priceMicroPerKwh: price, missed } = facts;
    const last = slot + 1 === config.slots;
    if (missed.length === 0 && !last && (slot + 1) % every !== 0) return;
    const of = config.slots === undefined ? "" : `/${config.slots}`;
    const deal = price === null ? "no trade" : `${contracts} contracts at ${formatCoins(price)}`;
    const gone = missed.length > 0 ? `, missed: ${missed.join(" ")}` : "";
    const kwh = (tradedWh / 1000).toFixed(3);
    say(`slot ${slot + 1}${of} ${start}: ${deal}; ${kwh} kWh traded since start${gone}`);
  };
}
