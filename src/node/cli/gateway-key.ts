// SPDX-License-Identifier: Apache-2.0
/** Where a node's operator has the gateway's public key from: typed, a file, or the gateway itself. */
import { randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import { connect } from "mqtt";
import { Topics } from "#core/topics";

/** How long the broker may take to say who the gateway is, ms. */
const BROKER_TIMEOUT_MS = 10_000;
const KEY = /^[0-9a-fA-F]{64}$/;

/** The operator's mistake: the message says what to give. */
export class GatewayKeyError extends Error {
  constructor(message: string) {
    super(message);
    this.name = "GatewayKeyError";
  }
}

/** 64 lower-case hex digits, and whether they came over a network and nobody has checked them. */
export interface GatewayKey {
  key: string;
  unchecked: boolean;
}

/**
 * The key from `source`: 64 hex digits, the path of a ready file (`wattle gateway --ready-file`) or of other
 * JSON with `gatewayKey` or `publicKey`, or the URL of the area's broker, whose certificate is of `ca` (PEM)
 * where that is given. @throws GatewayKeyError
 */
export async function gatewayKeyFrom(
  source: string,
  area: string | undefined,
  ca?: string,
): Promise<GatewayKey> {
  if (KEY.test(source)) return { key: source.toLowerCase(), unchecked: false };
  if (!/^(mqtts?|wss?):\/\//.test(source)) return { key: fromFile(source), unchecked: false };
  if (area === undefined) throw new GatewayKeyError("--gateway <url> needs --area");
  return { key: await fromBroker(source, area, ca), unchecked: true };
}

function fromFile(path: string): string {
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    const allowed = "Give 64 hex digits, a ready file, or the broker's URL";
    throw new GatewayKeyError(`--gateway ${path}: ${code}. ${allowed}`);
  }
  // A file of nothing but hex is a gateway's secret key: it must not travel to a node as a public one.
  if (KEY.test(text.trim()))
    throw new GatewayKeyError(
      `--gateway ${path}: this is a secret key. Give the public key that the gateway prints`,
    );
  const key = keyOf(text);
  if (key === undefined)
    throw new GatewayKeyError(`--gateway ${path}: no JSON with gatewayKey. Give a ready file`);
  return key;
}

function keyOf(text: string): string | undefined {
  try {
    const facts = JSON.parse(text) as { gatewayKey?: unknown; publicKey?: unknown } | null;
    const key = facts?.gatewayKey ?? facts?.publicKey;
    return typeof key === "string" && KEY.test(key) ? key.toLowerCase() : undefined;
  } catch {
    return undefined;
  }
}

/** The area's retained `monitor/gateway`. */
async function fromBroker(url: string, area: string, ca: string | undefined): Promise<string> {
  // What the brokers' rules let read, and nothing else.
  const clientId = `monitor-${randomBytes(6).toString("hex")}`;
  const named = (URL.parse(url)?.username ?? "") !== "";
  const trust = ca === undefined ? {} : { ca };
  const options = { clientId, protocolVersion: 4 as const, reconnectPeriod: 0, ...trust };
  const shown = url.replace(/\/\/[^/@]*@/, "//");
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const fail = (why: string) => reject(new GatewayKeyError(`--gateway ${shown}: ${why}`));
  const client = connect(url, { ...options, ...(!named && { username: clientId }) });
  const late = setTimeout(() => fail(`no gateway of area ${area} there`), BROKER_TIMEOUT_MS);
  client.on("connect", () => {
    client.subscribe(new Topics(area).monitor("gateway"), { qos: 1 }, (error) => {
      if (error) fail(error.message);
    });
  });
  client.on("message", (_, payload) => {
    const key = keyOf(payload.toString());
    if (key !== undefined) resolve(key);
  });
  client.on("error", (error) => {
    const { code, message } = error as NodeJS.ErrnoException;
    fail(typeof code === "string" ? code : message); // MQTT's own codes are numbers
  });
  client.on("close", () => fail("the broker closed the connection"));
  try {
    return await promise;
  } finally {
    clearTimeout(late);
    client.end(true);
  }
}
