// SPDX-License-Identifier: Apache-2.0
/**
 * The gateway's configuration: a JSON file, overrides from the command line, defaults, and the
 * rules between the fields. What comes out is complete; docs/operations.md describes every key.
 */
import { readFileSync } from "node:fs";
import { dirname, resolve } from "node:path";
import * as v from "valibot";
import { SECOND_MS } from "#core/units/time";
import type { FeederTerms } from "#gateway/feeder/terms";
import type { GatewayOptions } from "#gateway/options";
import type { Tariff } from "#gateway/ports";
import type { TlsFiles } from "../broker/tls-files.ts";
import { sodiumCrypto } from "../crypto/sodium.ts";
import { ConfigError, type ConfigProblem, didYouMean, shown } from "./config-error.ts";
import { configSchema, HELP, KEYS, type ParsedConfig } from "./config-schema.ts";
import {
  type ConsortiumConfig,
  checkConsortium,
  consortiumOf,
  consortiumOptions,
} from "./consortium.ts";
import { bankOf, type CreditConfig } from "./credit.ts";
import { TXS_PER_SLOT, tickOf } from "./pace.ts";
import { checkProofOfTime, type ProofOfTime, potOf, proofOfTimeOf } from "./proof-of-time.ts";
import { readRetailCsv } from "./tariff.ts";

export interface GatewayConfig {
  net: string;
  area: string;
  /** Absolute paths. */
  keyFile: string;
  createKey: boolean;
  store: string;
  sealKeyFile: string;
  /** The embedded broker, or an external one. */
  bus:
    | { kind: "listen"; host: string; port: number; tls?: TlsFiles }
    | {
        kind: "broker";
        url: string;
        username?: string;
        password?: string;
        /** The gateway keeps a Mosquitto's accounts: an absolute path, who may have one. */
        dynamicSecurity?: { logins: string };
      };
  /** How clients of the embedded broker say who they are: with proof, or without. */
  access: "tokens" | "claims";
  /** Public keys, hex; undefined: that of the key file beside the gateway's. */
  operators: readonly string[] | undefined;
  admit: "open" | { name: string; publicKey: string }[];
  expectNodes: number;
  genesisMicro: number;
  deposit: { belowMicro: number; toMicro: number } | undefined;
  withdraw: { aboveMicro: number; toMicro: number } | undefined;
  slotMs: number;
  /** ms since 1970; `next-slot` is fixed when the store is made. */
  worldStart: number | "next-slot";
  slots: number | undefined;
  clock: GatewayOptions["clock"];
  slotTimeoutMs: number;
  tickMs: number;
  ageMaxMs: number;
  /** Undefined: transactions need no tokens. */
  proofOfTime: ProofOfTime | undefined;
  market: GatewayOptions["market"];
  feedInMicro: number;
  retail:
    | { kind: "fixed"; micro: number }
    | { kind: "csv"; file: string; column: string | undefined; micros: readonly number[] };
  /** What the authority gave out, and what nodes ask for: an absolute path. */
  identity?: { folder: string };
  /** Firmware for the nodes: an absolute path, and the key that must have signed it. */
  firmware?: { folder: string; releaseKey?: string };
  /** The meter before the whole area. */
  feeder?: FeederTerms;
  /** The gateways that agree on one ledger; undefined: this one has its own. */
  consortium?: ConsortiumConfig;
  /** The operator's bank. */
  credit?: CreditConfig;
  logLevel: "debug" | "info" | "warn" | "error" | "silent";
}

/** Reads `file`; `sets` are `key=value` with dotted keys, which win over what the file says. */
export function loadGatewayConfig(file: string, sets: readonly string[] = []): GatewayConfig {
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    const cure = 'Give --config a file; {"area": "my-area"} is enough to begin with';
    throw new ConfigError(file, [{ path: "", found: String(code), allowed: "a JSON file", cure }]);
  }
  let json: unknown;
  try {
    json = JSON.parse(text.replace(/^\uFEFF/, ""));
  } catch (error) {
    const found = `no JSON (${(error as Error).message})`;
    const cure = "Check quotes and commas there; JSON has no comments";
    throw new ConfigError(file, [{ path: "", found, allowed: HELP[""].allowed, cure }]);
  }
  for (const set of sets) override(json, set, file);
  return gatewayConfig(json, { file, dir: dirname(resolve(file)) });
}

/** Checks `json` as the contents of `file`; relative paths in it are relative to `dir`. */
export function gatewayConfig(json: unknown, where: { file: string; dir: string }): GatewayConfig {
  const result = v.safeParse(configSchema, json);
  if (!result.success) throw new ConfigError(where.file, result.issues.map(problemOf));
  const problems = checkTogether(result.output);
  if (problems.length > 0) throw new ConfigError(where.file, problems);
  const config = complete(result.output, where.dir);
  const { retail, slots } = config;
  if (retail.kind === "csv" && slots !== undefined && retail.micros.length < slots) {
    const found = `${retail.micros.length} prices`;
    const allowed = `one for each of the ${slots} slots`;
    const cure = "Add prices, or run fewer slots";
    throw new ConfigError(where.file, [{ path: "tariff.retailCsv", found, allowed, cure }]);
  }
  return config;
}

function override(json: unknown, set: string, file: string): void {
  const at = set.indexOf("=");
  const keys = set.slice(0, Math.max(0, at)).split(".");
  const isObject = (value: unknown) => typeof value === "object" && value !== null;
  // No __proto__ either: the keys of the file are letters.
  if (!isObject(json) || !keys.every((key) => /^[A-Za-z]+$/.test(key))) {
    const cure = "Write for example --set market.mode=guided";
    const problem = { path: "--set", found: shown(set), allowed: "key=value", cure };
    throw new ConfigError(file, [problem]);
  }
  const text = set.slice(at + 1);
  let value: unknown = text;
  try {
    value = JSON.parse(text);
  } catch {} // plain text needs no quotes
  let object = json as Record<string, unknown>;
  for (const key of keys.slice(0, -1)) {
    if (!isObject(object[key])) object[key] = {};
    object = object[key] as Record<string, unknown>;
  }
  object[keys[keys.length - 1]] = value;
}

function problemOf(issue: v.BaseIssue<unknown>): ConfigProblem {
  const keys = (issue.path ?? []).map((item) => item.key as string | number);
  const path = pathText(keys);
  if (issue.type === "strict_object" && issue.expected === "never") {
    const known = KEYS[pathText(keys.slice(0, -1), true)] ?? [];
    const guess = didYouMean(String(keys[keys.length - 1]), known);
    const cure = guess ? `Did you mean "${guess}"?` : "Remove it";
    return { path, found: "an unknown key", allowed: known.join(", "), cure };
  }
  return { path, found: shown(issue.input), ...HELP[pathText(keys, true)] };
}

/** `admit.members[2].name`, or with `any` the same for every position: `admit.members[].name`. */
function pathText(keys: readonly (string | number)[], any = false): string {
  let text = "";
  for (const key of keys) {
    if (typeof key === "number") text += any ? "[]" : `[${key}]`;
    else text += text === "" ? key : `.${key}`;
  }
  return text;
}

/** What one field says about another. */
function checkTogether(parsed: ParsedConfig): ConfigProblem[] {
  const problems: ConfigProblem[] = [];
  const say = (path: string, found: string, allowed: string, cure: string) =>
    void problems.push({ path, found, allowed, cure });
  const { tariff, deposit, withdraw, slotSeconds: slotMs, admit } = parsed;
  const tickMs = tickOf(parsed);
  const s = (ms: number) => `${ms / SECOND_MS} s`;
  if (2 * TXS_PER_SLOT * tickMs > slotMs) {
    const most = Math.floor(slotMs / (2 * TXS_PER_SLOT));
    const allowed = `at most ${s(most)}, as ${TXS_PER_SLOT} transactions fit in half a slot`;
    say("tickSeconds", s(tickMs), allowed, "Lower tickSeconds or raise slotSeconds");
  }
  if (parsed.ageMaxSeconds !== undefined && parsed.ageMaxSeconds < tickMs)
    say("ageMaxSeconds", s(parsed.ageMaxSeconds), `at least ${s(tickMs)}`, "Raise it");
  problems.push(...checkProofOfTime(parsed), ...checkConsortium(parsed));
  if (parsed.listen && parsed.broker)
    say("broker", "listen and broker", "one of them", "Leave out listen to use that broker");
  if (parsed.broker)
    for (const key of ["access", "operators"] as const)
      if (parsed[key] !== undefined)
        say(
          key,
          "with broker",
          "with listen only",
          "Leave it out: who may do what is that broker's",
        );
  if (tariff.retailPerKwh !== undefined && tariff.retailCsv !== undefined)
    say("tariff", "retailPerKwh and retailCsv", "one of them", "Leave one out");
  if (tariff.retailColumn !== undefined && tariff.retailCsv === undefined)
    say("tariff.retailColumn", "no retailCsv", "a column of that file", "Add retailCsv");
  if (deposit && deposit.toCoins <= deposit.belowCoins)
    say("deposit.toCoins", "no more than belowCoins", "more than belowCoins", "Raise toCoins");
  if (withdraw && withdraw.toCoins >= withdraw.aboveCoins)
    say("withdraw.toCoins", "no less than aboveCoins", "less than aboveCoins", "Lower toCoins");
  if (withdraw && deposit && withdraw.toCoins < deposit.toCoins)
    say("withdraw.toCoins", "less than deposit.toCoins", "at least that", "Raise toCoins");
  if (admit === "open") return problems;
  for (const key of ["name", "publicKey"] as const) {
    const values = admit.members.map((member) => member[key]);
    const twice = values.find((value, i) => values.indexOf(value) < i);
    if (twice) say("admit.members", `${twice} twice`, "each once", "Remove one");
  }
  if ((parsed.expectNodes ?? 1) > admit.members.length) {
    const allowed = `at most the ${admit.members.length} members that are admitted`;
    say("expectNodes", String(parsed.expectNodes), allowed, "Lower it or admit more");
  }
  return problems;
}

function complete(parsed: ParsedConfig, dir: string): GatewayConfig {
  const { net, area, createKey, broker, admit, deposit, clock, market, tariff } = parsed;
  const { host = "127.0.0.1", tls, port = tls ? 8883 : 1883 } = parsed.listen ?? {};
  const files = tls && { cert: resolve(dir, tls.cert), key: resolve(dir, tls.key) };
  const members = admit === "open" ? undefined : admit.members;
  const tickMs = tickOf(parsed);
  const { retailCsv, retailColumn: column } = tariff;
  const csv = retailCsv === undefined ? undefined : resolve(dir, retailCsv);
  const consortium = consortiumOf(parsed.consortium, clock, dir);
  return {
    net,
    area,
    keyFile: resolve(dir, parsed.keyFile),
    createKey,
    store: resolve(dir, parsed.store),
    sealKeyFile: resolve(dir, parsed.sealKeyFile),
    bus: broker
      ? brokerOf(broker, dir)
      : { kind: "listen", host, port, ...(files && { tls: files }) },
    access: parsed.access ?? "tokens",
    operators: parsed.operators,
    admit: members ?? "open",
    expectNodes: parsed.expectNodes ?? members?.length ?? 1,
    genesisMicro: parsed.genesisCoins,
    deposit: deposit ? { belowMicro: deposit.belowCoins, toMicro: deposit.toCoins } : undefined,
    withdraw: parsed.withdraw
      ? { aboveMicro: parsed.withdraw.aboveCoins, toMicro: parsed.withdraw.toCoins }
      : undefined,
    slotMs: parsed.slotSeconds,
    worldStart: parsed.worldStart,
    slots: parsed.slots ?? undefined,
    clock:
      clock === "barrier"
        ? { kind: "barrier" }
        : {
            kind: "running",
            ratePermille: clock.speed,
            // At real time's own rate, slots that begin on the clock stay on it.
            ...(clock.speed === 1000 &&
              (parsed.worldStart === "next-slot" || parsed.consortium) && { wall: true }),
          },
    slotTimeoutMs: parsed.slotTimeoutSeconds,
    tickMs,
    ageMaxMs: parsed.ageMaxSeconds ?? 4 * tickMs,
    proofOfTime: proofOfTimeOf(parsed),
    market,
    feedInMicro: tariff.feedInPerKwh,
    retail: csv
      ? { kind: "csv", file: csv, column, micros: readRetailCsv(csv, column) }
      : { kind: "fixed", micro: tariff.retailPerKwh ?? RETAIL_MICRO },
    ...(parsed.identity && { identity: { folder: resolve(dir, parsed.identity.folder) } }),
    ...(parsed.firmware && {
      firmware: { ...parsed.firmware, folder: resolve(dir, parsed.firmware.folder) },
    }),
    ...(parsed.feeder && { feeder: parsed.feeder }),
    ...(consortium && { consortium }),
    ...(parsed.credit && { credit: parsed.credit }),
    logLevel: parsed.log.level,
  };
}

function brokerOf(
  { dynamicSecurity, ...broker }: NonNullable<ParsedConfig["broker"]>,
  dir: string,
): GatewayConfig["bus"] {
  const logins = dynamicSecurity && { logins: resolve(dir, dynamicSecurity.logins) };
  return { kind: "broker", ...broker, ...(logins && { dynamicSecurity: logins }) };
}

/** 0.30 coins a kWh, as where data have no retail price. */
const RETAIL_MICRO = 300_000;

/** What the gateway application is given. */
export function gatewayOptions(
  config: GatewayConfig,
  secretKey: Uint8Array,
  worldStartMs: number,
): GatewayOptions {
  const { net, area, admit, expectNodes, genesisMicro, deposit, slotMs, slots, clock } = config;
  const { slotTimeoutMs, tickMs, ageMaxMs, market } = config;
  return {
    net,
    area,
    secretKey,
    admit: admit === "open" ? "open" : new Set(admit.map(({ publicKey }) => publicKey)),
    expectNodes,
    genesisMicro,
    deposit,
    withdraw: config.withdraw,
    slotMs,
    worldStartMs,
    slots,
    clock,
    slotTimeoutMs,
    tickMs,
    ageMaxMs,
    ...(config.proofOfTime && { pot: potOf(config.proofOfTime, slotMs) }),
    market,
    ...(config.feeder && { feeder: config.feeder }),
    ...(config.consortium && { consortium: consortiumOptions(sodiumCrypto(), config.consortium) }),
    ...(config.credit && { credit: bankOf(config.credit, pricesOf(config)) }),
  };
}

/** Feed-in, and retail in the mean of all slots that a file has. */
function pricesOf({ feedInMicro, retail }: GatewayConfig) {
  if (retail.kind === "fixed") return { feedInMicro, retailMicro: retail.micro };
  const sum = retail.micros.reduce((total, micro) => total + micro, 0);
  return { feedInMicro, retailMicro: Math.floor(sum / Math.max(1, retail.micros.length)) };
}

/**
 * The last price holds beyond the end of a file: the notice of the last slot names the next one's.
 */
export function tariffOf({ feedInMicro, retail }: GatewayConfig): Tariff {
  return {
    feedInMicro,
    retailMicro: (slot) =>
      retail.kind === "fixed"
        ? retail.micro
        : retail.micros[Math.max(0, Math.min(slot, retail.micros.length - 1))],
  };
}
