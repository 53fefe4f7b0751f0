// SPDX-License-Identifier: Apache-2.0
/**
 * `wattle provision`: sets a node up over its serial port. Settings go by the device's console, Wi-Fi by
 * Improv; then the node's public key and claim code are shown.
 */
import { readFileSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";
import { askSecret } from "./ask-secret.ts";
import { AuthorityError, authorityFrom, pemOf } from "./authority-file.ts";
import { type Answer, DeviceError, DeviceLink, printable } from "./device-link.ts";
import { GatewayKeyError, gatewayKeyFrom } from "./gateway-key.ts";
import { Rpc } from "./improv-client.ts";
import { isTcpPort, openPort, PortError } from "./serial-port.ts";

export interface ProvisionCommandOptions {
  /** A serial port, a pseudo-terminal, a Unix socket or `host:port`. */
  port: string;
  baud?: number;
  /** Name of the network to join; its passphrase is asked for, or in `wifiPassFile`. */
  wifi?: string;
  wifiPassFile?: string;
  broker?: string;
  /** File with the certificate of the authority that an `mqtts` broker's is of. */
  ca?: string;
  area?: string;
  name?: string;
  /** Public key, ready file or the broker's URL. */
  gateway?: string;
  /** More settings, `key=value`. */
  set?: readonly string[];
  /** List the networks that the device sees. */
  scan?: boolean;
  json?: boolean;
  /** How long the device may take to start, s. Default 15. */
  timeout?: number;
  /** Pause between two questions to a device that is still starting, ms. Default 1000. */
  retryMs?: number;
  say?: (text: string) => void;
  err?: (text: string) => void;
  /** Where the passphrase is typed; a terminal. */
  input?: Parameters<typeof askSecret>[1] & { isTTY?: boolean };
  /** Draw for a terminal. Default: whether stdout is one. */
  colour?: boolean;
}

/** Exit codes: 1 the device refused something, 2 it could not be talked to or the call was wrong. */
const EXIT_REFUSED = 1;
const EXIT_UNUSABLE = 2;

const ANSWER_MS = 5000;
/** Bytes of a certificate in one command: as base64 they fit a line of the device's console. */
const CA_PART_BYTES = 360;
const RETRY_MS = 1000;
/** The device itself gives up after 25 s. */
const WIFI_MS = 30_000;
const SCAN_MS = 15_000;
const START_S = 15;

/** The call was wrong, or the device said no: the message is all that there is to say. */
class ProvisionError extends Error {
  readonly exitCode: number;
  constructor(message: string, exitCode: number) {
    super(message);
    this.name = "ProvisionError";
    this.exitCode = exitCode;
  }
}

type Say = (text: string) => void;

/** Runs the command; the answer is the exit code. */
export async function provisionCommand(options: ProvisionCommandOptions): Promise<number> {
  const say: Say = options.say ?? ((text) => void process.stdout.write(text));
  const err: Say = options.err ?? ((text) => void process.stderr.write(text));
  const progress: Say = options.json ? () => {} : (text) => say(`${text}\n`);
  let link: DeviceLink | undefined;
  try {
    // Everything that can be wrong with the call is found before the device is touched.
    const passphrase = await passphraseFor(options, err);
    const authority = options.ca === undefined ? undefined : authorityFrom(options.ca);
    const settings = await settingsOf(options, authority && pemOf(authority), err);
    const met = await greet(options);
    link = met.link;
    progress(greeting(met.shown));
    if (options.scan) progress(networkTable(await link.rpcList(Rpc.scan, SCAN_MS)));
    if (authority) progress(`  ca          ${await sendAuthority(link, authority)}`);
    if (settings.length > 0) {
      const { facts } = done(await link.command(["set", ...settings], ANSWER_MS));
      progress(`  set         ${settings.map((pair) => pair.split("=")[0]).join(", ")}`);
      if (facts.note !== undefined) progress(`  note        ${printable(facts.note)}`);
    }
    if (options.wifi !== undefined) {
      progress(`  wifi        joining ${printable(options.wifi)} ...`);
      const [url] = await link.rpc(Rpc.wifi, [options.wifi, passphrase ?? ""], WIFI_MS);
      progress(`  wifi        joined${url ? `; go on at ${printable(url)}` : ""}`);
    }
    await report(link, options, say);
    return 0;
  } catch (error) {
    return failed(error, options.port, err);
  } finally {
    link?.close();
  }
}

function failed(error: unknown, port: string, err: Say): number {
  const usage =
    error instanceof PortError ||
    error instanceof GatewayKeyError ||
    error instanceof AuthorityError;
  if (error instanceof ProvisionError || usage) {
    err(`wattle provision: ${error.message}\n`);
    return error instanceof ProvisionError ? error.exitCode : EXIT_UNUSABLE;
  }
  if (!(error instanceof DeviceError)) throw error;
  const cure = "Does it run Wattle's firmware at this speed, and is no other program on the port?";
  err(`wattle provision: ${port}: ${error.message}.${error.silent ? ` ${cure}` : ""}\n`);
  return error.silent ? EXIT_UNUSABLE : EXIT_REFUSED;
}

/** Never from the command line, where every user of the machine can read it. */
async function passphraseFor(
  { wifi, wifiPassFile, input = process.stdin }: ProvisionCommandOptions,
  err: Say,
): Promise<string | undefined> {
  if (wifi === undefined) return undefined;
  if (wifiPassFile !== undefined) {
    try {
      return readFileSync(wifiPassFile, "utf8").replace(/\r?\n$/, "");
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      throw new ProvisionError(`--wifi-pass-file ${wifiPassFile}: ${code}`, EXIT_UNUSABLE);
    }
  }
  if (!input.isTTY)
    throw new ProvisionError(
      "no terminal to ask for the passphrase on. Give --wifi-pass-file",
      EXIT_UNUSABLE,
    );
  const typed = await askSecret(`Passphrase of ${printable(wifi)} (none: open): `, input, err);
  if (typed === undefined) throw new ProvisionError("broken off", EXIT_UNUSABLE);
  return typed;
}

async function settingsOf(
  options: ProvisionCommandOptions,
  ca: string | undefined,
  err: Say,
): Promise<string[]> {
  const { broker, area, name, gateway, set = [] } = options;
  const settings: string[] = [];
  if (broker !== undefined) settings.push(`broker=${broker}`);
  if (area !== undefined) settings.push(`area=${area}`);
  if (name !== undefined) settings.push(`name=${name}`);
  if (gateway !== undefined) {
    const { key, unchecked } = await gatewayKeyFrom(gateway, area, ca);
    if (unchecked) err(`The broker says that its gateway is ${key}: compare it before you go on\n`);
    settings.push(`gateway=${key}`);
  }
  for (const pair of [...settings, ...set])
    if (!/^[^=\s]+=/.test(pair) || /\p{Cc}/u.test(pair))
      throw new ProvisionError("--set takes key=value on one line", EXIT_UNUSABLE);
  return [...settings, ...set];
}

/** Opening the port starts many boards again, and so do settings: the device gets time. */
async function greet(
  options: ProvisionCommandOptions,
): Promise<{ link: DeviceLink; shown: Answer }> {
  const retryMs = options.retryMs ?? RETRY_MS;
  let link: DeviceLink | undefined;
  for (let leftMs = (options.timeout ?? START_S) * 1000; ; leftMs -= retryMs) {
    try {
      link ??= new DeviceLink(await openPort(options.port, options.baud));
      const shown = done(await link.command(["show"], Math.min(retryMs, leftMs)));
      return { link, shown };
    } catch (error) {
      const silent = error instanceof DeviceError && error.silent;
      const gone =
        (error instanceof DeviceError && error.gone && isTcpPort(options.port)) ||
        (error instanceof PortError && error.passing);
      const last = leftMs <= retryMs || !(silent || gone);
      if (last || !silent) link?.close(); // an open one would keep the process alive
      if (last) throw error;
      if (!gone) continue;
      link = undefined;
      await delay(retryMs);
    }
  }
}

/** Sends the certificate in pieces; its fingerprint, as the device has it. */
async function sendAuthority(link: DeviceLink, certificate: Buffer): Promise<string> {
  const send = async (...words: string[]) =>
    done(await link.command(["ca", ...words], ANSWER_MS)).facts;
  await send("begin");
  for (let at = 0; at < certificate.length; at += CA_PART_BYTES)
    await send("add", certificate.subarray(at, at + CA_PART_BYTES).toString("base64"));
  const { ca } = await send("end");
  return printable(ca);
}

/** An answer that says yes; else everything that the device found wrong. */
function done(answer: Answer): Answer {
  if (answer.ok) return answer;
  const faults = answer.errors.map(({ field, cause, cure }) => `  ${field} ${cause}: ${cure}`);
  const what = `the device refused ${answer.cmd || "the command"}:\n${faults.join("\n")}`;
  throw new ProvisionError(what, EXIT_REFUSED);
}

function greeting({ facts }: Answer): string {
  const { firmware, version, chip, node } = facts;
  const which = node === undefined ? "without an identity" : `node ${printable(node)}`;
  return `${printable(firmware)} ${printable(version)} on ${printable(chip)}, ${which}`;
}

function networkTable(networks: readonly string[][]): string {
  if (networks.length === 0) return "  networks    none";
  const rows = networks.map(
    ([ssid, rssi, secured]) =>
      `  ${printable(rssi).padStart(4)} dBm  ${secured === "NO" ? "open  " : "secure"}  ${printable(ssid)}`,
  );
  return rows.join("\n");
}

async function report(
  link: DeviceLink,
  { json, colour = process.stdout.isTTY }: ProvisionCommandOptions,
  say: Say,
): Promise<void> {
  const { facts: shown } = done(await link.command(["show"], ANSWER_MS));
  const { facts: claim } = done(await link.command(["claim"], ANSWER_MS));
  const missing = Array.isArray(shown.missing) ? shown.missing.map(printable) : [];
  if (json) {
    const { node, publicKey, state, settings, ca } = shown;
    const facts = { node, publicKey, state, missing, settings, ca };
    const { claimed, claim: code, qr } = claim;
    say(`${JSON.stringify({ ...facts, claimed, claim: code, qr })}\n`);
    return;
  }
  say(`  public key  ${printable(claim.publicKey)}\n`);
  if (claim.claimed === true) say("  claimed     yes\n");
  else {
    say(`  claim code  ${printable(claim.claim)}\n  to scan     ${printable(claim.qr)}\n`);
    const drawn = await link.command(["qr"], ANSWER_MS);
    if (drawn.ok) say(drawing(drawn.lines, colour));
  }
  if (missing.length > 0)
    say(`  missing     ${missing.join(", ")}: give them with --set, a ca with --ca\n`);
}

const PAINT = "\x1b[30;107m";
const RESTORE = "\x1b[0m";

/** The device's drawing, and nothing else that it may have said. */
function drawing(lines: readonly string[], colour: boolean): string {
  const plain = lines.map((line) => line.replaceAll(PAINT, "").replaceAll(RESTORE, ""));
  const rows = plain.filter((line) => /^[ █▀▄]+$/u.test(line));
  return rows.map((row) => `${colour ? PAINT + row + RESTORE : row}\n`).join("");
}
