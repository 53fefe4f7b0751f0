// SPDX-License-Identifier: Apache-2.0
/**
 * `wattle consortium`: an operator's word on who the gateways of a consortium are. The commands leave a file
 * for the gateway of their configuration and read what it wrote there (consortium/desk.ts): a key or a
 * password is not needed, but the right to write in that folder.
 */
import { setTimeout as delay } from "node:timers/promises";
import * as v from "valibot";
import { ConfigError } from "../config/config-error.ts";
import { object } from "../config/config-fields.ts";
import type { ConsortiumConfig } from "../config/consortium.ts";
import { type GatewayConfig, loadGatewayConfig } from "../config/gateway-config.ts";
import type { ConsortiumStatus, GatewayText, OwnWish } from "../consortium/desk.ts";
import {
  changeOf,
  type EntrantFile,
  entrantEntries,
  entrantFault,
  readJson,
  statusPath,
  WISH_FAULTS,
  type WishFile,
  wishName,
  wishPath,
  writeJson,
} from "../consortium/wish.ts";
import { sodiumCrypto } from "../crypto/sodium.ts";
import { asConfig, showText, wishText } from "./consortium-text.ts";

/** Exit code 1: the gateway refused. 2: nothing was done. */
const EXIT_NO = 1;
const EXIT_REFUSED = 2;
/** How long the running gateway may take to answer: it looks every second. */
const ANSWER_MS = 8_000;

interface Options {
  config: string;
  set?: string[];
  json?: boolean;
  /** How long a running gateway may take to answer. */
  answerMs?: number;
  /** Whether somebody can have this key; default: `isPublicKey`. */
  isKey?(publicKey: Uint8Array): boolean;
  say?: (text: string) => void;
  err?: (text: string) => void;
}

/** The operator's mistake: the message is all that there is to say. */
class Refusal extends Error {}

type Config = GatewayConfig & { consortium: ConsortiumConfig };

/** Runs a command; what the operator did wrong is one line on stderr. */
async function attempt(
  { config: file, set, ...options }: Options,
  run: (config: Config, say: (text: string) => void) => number | Promise<number>,
): Promise<number> {
  const say = options.say ?? ((text) => void process.stdout.write(text));
  const err = options.err ?? ((text) => void process.stderr.write(text));
  try {
    const config = loadGatewayConfig(file, set);
    const { consortium } = config;
    if (!consortium) throw new Refusal(`${file}: has no consortium. See docs/operations.md`);
    return await run({ ...config, consortium }, say);
  } catch (error) {
    if (!(error instanceof ConfigError || error instanceof Refusal)) throw error;
    err(`wattle consortium: ${error.message}\n`);
    return EXIT_REFUSED;
  }
}

/** Prints how the consortium stands. */
export function consortiumShow(options: Options & { asConfig?: boolean }): Promise<number> {
  return attempt(options, ({ consortium, area }, say) => {
    const status = statusOf(consortium);
    const running = isRunning(status.pid);
    if (options.asConfig) say(`${JSON.stringify(asConfig(consortium, status), null, 2)}\n`);
    else if (options.json) say(`${JSON.stringify({ ...status, running })}\n`);
    else say(showText(status, area, running));
    return 0;
  });
}

/** A gateway leaves, joins, or takes another's place. */
export function consortiumWish(
  options: Options & { gateway?: string; file?: string; area?: string; url?: string },
): Promise<number> {
  return attempt(options, (config, say) => {
    const status = statusOf(config.consortium);
    const { gateway, file } = options;
    const leaves = gateway === undefined ? undefined : gatewayOf(status, gateway).id;
    const joins = file === undefined ? undefined : entrantOf(file, options);
    return ask(config, status, { number: status.change + 1, leaves, joins }, options, say);
  });
}

/** A change that others are for. */
export function consortiumAgree(options: Options & { wish?: string }): Promise<number> {
  return attempt(options, (config, say) => {
    const status = statusOf(config.consortium);
    const { wish = "" } = options;
    const found = status.open.filter(({ name }) => name.startsWith(wish));
    if (found.length !== 1) {
      const names = status.open.map(({ name }) => name).join(", ") || "none";
      throw new Refusal(`${wish || "no name"}: ${found.length} wishes; there are: ${names}`);
    }
    const [{ number, leaves, joins }] = found;
    return ask(config, status, { number, leaves, joins }, options, say);
  });
}

/** Leaves the wish for the gateway, and waits for what it says where it runs. */
async function ask(
  { consortium: { folder }, net }: Config,
  before: ConsortiumStatus,
  wish: Omit<WishFile, "askedMs">,
  { json, answerMs = ANSWER_MS, isKey }: Options,
  say: (text: string) => void,
): Promise<number> {
  const change = changeOf(net, wish);
  const fault = entrantFault(change, isKey);
  if (fault) {
    const { cause, cure } = WISH_FAULTS[fault];
    throw new Refusal(`${wish.joins?.[fault === "key" ? "publicKey" : "url"]}: ${cause}. ${cure}`);
  }
  const name = wishName(sodiumCrypto(), change);
  const askedMs = Date.now();
  writeJson(wishPath(folder), { ...wish, askedMs });
  const running = isRunning(before.pid);
  const until = performance.now() + answerMs;
  let answer: OwnWish | undefined;
  let status = before;
  while (running && !isAnswer(answer, askedMs) && performance.now() < until) {
    await delay(100);
    const found = readJson(statusPath(folder));
    if (!("json" in found)) continue;
    status = found.json as ConsortiumStatus;
    answer = status.wish ?? undefined;
  }
  const settled = isAnswer(answer, askedMs) ? answer : undefined;
  if (json) say(`${JSON.stringify({ name, ...wish, running, answer: settled ?? null })}\n`);
  else say(wishText(name, running, settled, status));
  return settled?.state === "refused" ? EXIT_NO : 0;
}

function isAnswer(answer: OwnWish | undefined, askedMs: number): boolean {
  return answer?.askedMs === askedMs;
}

/** What the gateway wrote last. */
function statusOf({ folder }: ConsortiumConfig): ConsortiumStatus {
  const found = readJson(statusPath(folder));
  if ("json" in found) return found.json as ConsortiumStatus;
  const why = "missing" in found ? "is not there" : found.fault;
  throw new Refusal(
    `${statusPath(folder)}: ${why}. The gateway writes it: start it once with this configuration`,
  );
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}

function gatewayOf({ gateways }: ConsortiumStatus, word: string): GatewayText {
  const named = gateways.filter(({ area }) => area === word);
  const begins = ({ id, publicKey }: GatewayText) =>
    id.startsWith(word) || publicKey.startsWith(word);
  const found = named.length > 0 ? named : word.length >= 4 ? gateways.filter(begins) : [];
  if (found.length === 1) return found[0];
  const names = gateways.map(({ area, id }) => area ?? id.slice(0, 8)).join(", ");
  const many = found.length > 1 ? "more than one gateway" : "no gateway of the consortium";
  throw new Refusal(
    `${word}: ${many}. Give one of: ${names}; or the begin of an id, 4 digits at least`,
  );
}

/** From the file that `wattle keys --json` made. */
function entrantOf(path: string, { area, url }: { area?: string; url?: string }): EntrantFile {
  const cure = "Give a file with what wattle keys --json prints at that gateway";
  const found = readJson(path);
  if (!("json" in found))
    throw new Refusal(`${path}: ${"fault" in found ? found.fault : "no such file"}. ${cure}`);
  const { id: _, ...keys } = (found.json ?? {}) as Record<string, unknown>;
  const parsed = v.safeParse(object(entrantEntries), {
    ...keys,
    ...(area !== undefined && { area }),
    ...(url !== undefined && { url }),
  });
  if (parsed.success) return parsed.output;
  const at = (parsed.issues[0].path ?? []).map((item) => String(item.key)).join(".");
  throw new Refusal(`${path}: ${at || "the file"} cannot be used. ${cure}, --area and --url`);
}
